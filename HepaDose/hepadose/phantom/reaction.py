"""The planted reaction: liver above a dose, with an irregular edge, at the follow-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, bounding_box, resample
from hepadose.phantom.anatomy import Anatomy
from hepadose.phantom.canvas import Box
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.settings import DigitalPatientSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

BUMP_MM = 4.0
"""Correlation length of the edge's irregularity."""
BALANCE_MM = 10.0
"""Over parts of the surface of this size (standard deviation of a Gaussian window) the irregularity cancels."""
SHELL_MM = 1.5
"""Thickness of the shell about the isodose surface on which it cancels."""
SMALLEST_ML = 5.0
EDGE_SEARCH_GY = 5.0
"""The constant that centers the edge is sought within this."""


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

    The edge is displaced by a random field that is balanced over every small part of the isodose surface; then a
    constant gives the reaction's intrahepatic edge the same median dose as the isodose surface has on this grid. So
    the irregularity redistributes the edge and does not shift it. The reference is the dose as exported,
    interpolated linearly.

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
    box = _liver_box(anatomy, grid, transform)
    part = grid.cropped(box)
    liver = resample(anatomy.liver_distance, part, transform, outside=60.0).array < 0.0
    change = _irregularity(anatomy, dose, settings)
    smooth_gy = resample(dose, part, transform)
    rough_gy = smooth_gy.array + resample(change, part, transform).array
    planted_gy = settings.planted_physical_gy
    _require_size(np.count_nonzero(smooth_gy.array[liver] >= planted_gy) * grid.voxel_volume_ml, settings)
    edge_gy = planted_gy
    if settings.edge_irregularity_mm > 0:
        edge_gy = _central_edge(smooth_gy, rough_gy, liver, planted_gy, float(np.abs(change.array).max()))
    mask = liver & (rough_gy >= edge_gy)
    share = _share(anatomy, dose, change, edge_gy, settings)
    return PlantedReaction(_pasted(mask, box, grid), _pasted(liver, box, grid), share)


def _liver_box(anatomy: Anatomy, grid: Image, transform: sitk.Transform) -> Box:
    """Where on the follow-up grid the liver can be, found on every fourth voxel."""
    spacing_mm = tuple(4.0 * value for value in grid.spacing_mm)
    shape = tuple(-(-count // 4) for count in grid.shape)
    coarse = Image(np.broadcast_to(np.float32(0.0), shape), spacing_mm, grid.origin_lps, grid.direction)
    near = resample(anatomy.liver_distance, coarse, transform, outside=60.0).array < max(spacing_mm)
    box = bounding_box(near, (1, 1, 1))
    return tuple(slice(4 * one.start, min(4 * one.stop, count)) for one, count in zip(box, grid.shape, strict=True))


def _pasted(mask: np.ndarray, box: Box, grid: Image) -> Image:
    whole = np.zeros(grid.shape, bool)
    whole[box] = mask
    return grid.with_array(whole)


def _require_size(volume_ml: float, settings: DigitalPatientSettings) -> None:
    if volume_ml < SMALLEST_ML:
        raise EmptyRegionError(
            f"Only {volume_ml:.1f} ml of liver receive {settings.planted_physical_gy:.1f} Gy; plant a lower dose."
        )


def _central_edge(
    dose: Image, rough_gy: np.ndarray, liver: np.ndarray, planted_gy: float, largest_change_gy: float
) -> float:
    """Level of the roughened dose whose edge has the same median dose as the smooth isodose's, by bisection to 1 mGy.

    The smooth surface on the same voxels is the reference, not the planted dose itself, so that the coarseness of
    the grid cancels.
    """
    # Outside this box no level that is tried below can have an edge.
    box = bounding_box(liver & (dose.array >= planted_gy - EDGE_SEARCH_GY - largest_change_gy), (1, 1, 1))
    dose, rough_gy, liver = dose.cropped(box), rough_gy[box], liver[box]
    wanted_gy = edge_median(dose, liver & (dose.array >= planted_gy), liver)
    low, high = planted_gy - EDGE_SEARCH_GY, planted_gy + EDGE_SEARCH_GY
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        if edge_median(dose, liver & (rough_gy >= middle), liver) < wanted_gy:
            low = middle
        else:
            high = middle
    return high


def edge_median(dose: Image, region: np.ndarray, liver: np.ndarray) -> float:
    """Median dose in Gy on the surface between a region and the rest of the liver, weighted by area; NaN if none."""
    values, weights = [], []
    for axis, spacing_mm in enumerate(dose.spacing_kji_mm):
        inside, domain, gy = (np.moveaxis(array, axis, 0) for array in (region, liver, dose.array))
        faces = (inside[1:] != inside[:-1]) & domain[1:] & domain[:-1]
        values.append((gy[1:][faces] + gy[:-1][faces]) / 2.0)
        weights.append(np.full(len(values[-1]), 1.0 / spacing_mm))
    gy, area = np.concatenate(values), np.concatenate(weights)
    if not gy.size:
        return float("nan")
    order = np.argsort(gy)
    cumulative = np.cumsum(area[order])
    return float(gy[order][np.searchsorted(cumulative, cumulative[-1] / 2.0)])


def _irregularity(anatomy: Anatomy, dose: Image, settings: DigitalPatientSettings) -> Image:
    """Change of the effective dose in Gy that displaces the edge, on a fine grid around the liver."""
    from scipy import ndimage

    region = _around_liver(anatomy)
    dose_gy = resample(dose, region).array
    slopes = np.gradient(ndimage.gaussian_filter(dose.array, 1.0), *dose.spacing_kji_mm)
    steepness = dose.with_array(np.sqrt(sum(slope**2 for slope in slopes)).astype(np.float32))
    steep = resample(steepness, region).array
    offset_mm = (dose_gy - settings.planted_physical_gy) / np.maximum(steep, 0.2)
    shell = np.exp(-0.5 * (offset_mm / SHELL_MM) ** 2) * (region.array < 0.0)
    field = smooth_field(region.shape, region.spacing_kji_mm, BUMP_MM, stream(settings.seed, "edge"))
    field = _balanced(field, shell.astype(np.float32), BALANCE_MM / region.spacing_mm[0])
    return region.with_array(settings.edge_irregularity_mm * field * steep)


def _balanced(field: np.ndarray, shell: np.ndarray, sigma: float) -> np.ndarray:
    """A field whose positive and negative parts have equal weight on every small part of a shell.

    The hyperbolic tangent counts sides rather than sizes, so that the median is balanced, not only the mean.
    """
    from scipy import ndimage

    weight = ndimage.gaussian_filter(shell, sigma) + 1e-4
    for _ in range(3):
        field = field - ndimage.gaussian_filter(shell * np.tanh(1.5 * field), sigma) / weight
    field = np.tanh(field / (1.2 * field.std())).astype(np.float32)
    field -= ndimage.gaussian_filter(shell * np.tanh(1.5 * field), sigma) / weight
    return field / max(float(np.sqrt(np.average(field**2, weights=shell + 1e-9))), 1e-6)


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
