"""The planted reaction: liver above a dose, with an irregular edge, at the follow-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, bounding_box, resample
from hepadose.phantom.anatomy import Anatomy
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.settings import DigitalPatientSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

BUMP_MM = 4.0
"""Correlation length of the edge's irregularity."""
BALANCE_MM = 10.0
"""Over regions of this size the irregularity cancels."""
SMALLEST_ML = 5.0


@dataclass(frozen=True, eq=False)
class PlantedReaction:
    """The reaction as planted.

    Parameters
    ----------
    mask : Image
        Boolean, on the follow-up grid, inside the liver.
    liver : Image
        Boolean, the true liver on the follow-up grid.
    share : Image
        Soft reaction (0–1) in the planning frame, blurred as it shows in the CT, before it is limited to the liver.
    """

    mask: Image
    liver: Image
    share: Image


def plant_reaction(
    anatomy: Anatomy, dose: Image, settings: DigitalPatientSettings, grid: Image, transform: sitk.Transform
) -> PlantedReaction:
    """Let the liver above the planted dose react.

    The edge is displaced by a random field that averages to zero over every small region; a constant is added so
    that the reaction has exactly the volume of the isodose region. So the planted dose remains the central value of
    the edge: the irregularity redistributes it.

    Parameters
    ----------
    anatomy : Anatomy
        In the planning frame.
    dose : Image
        Physical dose in Gy on the exported grid.
    settings : DigitalPatientSettings
        Planted dose, irregularity, blur and seed.
    grid : Image
        Follow-up CT grid.
    transform : SimpleITK.Transform
        Follow-up points to planning points.

    Raises
    ------
    EmptyRegionError
        If less than 5 ml of liver would react.
    """
    liver_mm = resample(anatomy.liver_distance, grid, transform, outside=60.0)
    liver = liver_mm.array < 0.0
    change = _irregularity(anatomy, dose, settings)
    smooth_gy = resample(dose, grid, transform).array
    rough_gy = smooth_gy + resample(change, grid, transform).array
    planted_gy = settings.planted_physical_gy
    voxels = int(np.count_nonzero(smooth_gy[liver] >= planted_gy))
    if voxels * grid.voxel_volume_ml < SMALLEST_ML:
        raise EmptyRegionError(
            f"Only {voxels * grid.voxel_volume_ml:.1f} ml of liver receive {planted_gy:.1f} Gy; plant a lower dose."
        )
    edge_gy = float(np.partition(rough_gy[liver], -voxels)[-voxels])
    mask = liver & (rough_gy >= edge_gy)
    share = _share(anatomy, dose, change, edge_gy, settings)
    return PlantedReaction(grid.with_array(mask), grid.with_array(liver), share)


def _irregularity(anatomy: Anatomy, dose: Image, settings: DigitalPatientSettings) -> Image:
    """Change of the effective dose in Gy that displaces the edge, on a fine grid around the liver."""
    from scipy import ndimage

    region = _around_liver(anatomy)
    field = smooth_field(region.shape, region.spacing_kji_mm, BUMP_MM, stream(settings.seed, "edge"))
    field -= ndimage.gaussian_filter(field, BALANCE_MM / region.spacing_mm[0], mode="nearest")
    field *= settings.edge_irregularity_mm / field.std()
    slopes = np.gradient(ndimage.gaussian_filter(dose.array, 1.0), *dose.spacing_kji_mm)
    steepness = dose.with_array(np.sqrt(sum(slope**2 for slope in slopes)).astype(np.float32))
    return region.with_array(field * resample(steepness, region).array)


def _around_liver(anatomy: Anatomy) -> Image:
    distance = anatomy.liver_distance
    return distance.cropped(bounding_box(distance.array < 10.0))


def _share(anatomy: Anatomy, dose: Image, change: Image, edge_gy: float, settings: DigitalPatientSettings) -> Image:
    from scipy import ndimage

    rough_gy = resample(dose, change).array + change.array
    inside = (rough_gy >= edge_gy).astype(np.float32)
    sigma = max(settings.edge_blur_mm, 0.5) / change.spacing_mm[0]
    soft = change.with_array(ndimage.gaussian_filter(inside, sigma))
    return resample(soft, anatomy.liver_distance)


def reaction_hu(anatomy: Anatomy, share: Image, settings: DigitalPatientSettings) -> np.ndarray:
    """Change of CT numbers by the reaction on the anatomy's grid, limited by the capsule, a little uneven."""
    capsule = np.clip(0.5 - anatomy.liver_distance.array / (1.3 * anatomy.liver_distance.spacing_mm[0]), 0.0, 1.0)
    uneven = 1.0 + 0.12 * anatomy.textures[True]
    return settings.reaction_contrast_hu * share.array * capsule * uneven
