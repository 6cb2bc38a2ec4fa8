"""Dose from images of activity where it stays: local deposition, absolute or scaled to a known activity.

All energy of a decay is taken to stay in its voxel, which holds for images as blurred as PET and SPECT are. Kernels are
in :mod:`hepadose.sirt.kernels`.
"""

from __future__ import annotations

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import EmptyRegionError, SettingsError
from hepadose.images import Image, require_same_grid
from hepadose.sirt.inputs import DENSITY_G_PER_ML
from hepadose.sirt.mird import Delivery
from hepadose.sirt.physics import DosePreset


def local_dose(concentration: Image, density_g_per_ml: float, preset: DosePreset) -> Image:
    """Dose of all decays from the time of injection on, from the concentration at that time.

    Parameters
    ----------
    concentration : Image
        MBq/ml at the time of injection; negative voxels (noise of the reconstruction) count as they are, so that means
        stay unbiased.
    density_g_per_ml : float
    preset : DosePreset

    Returns
    -------
    Image
        In Gy, 32-bit floats on the same grid.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> one = Image(np.full((1, 1, 1), 1.0), (4.0, 4.0, 4.0))
    >>> round(float(local_dose(one, 1.03, PARTITION).array[0, 0, 0]), 4)
    48.2233
    """
    require_range("density of liver", density_g_per_ml, *DENSITY_G_PER_ML, "g/ml")
    # 1 Gy·kg/GBq = 1 Gy·g/MBq.
    dose_gy = np.asarray(concentration.array, float) * (preset.gy_kg_per_gbq / density_g_per_ml)
    return concentration.with_array(dose_gy.astype(np.float32))


def concentration_of_known_activity(
    counts: Image, perfused: Image, activity_gbq: float, delivery: Delivery
) -> tuple[Image, float]:
    """Counts scaled so that the perfused volume holds what was, or will be, given to it.

    Preferred for MAA SPECT, bremsstrahlung and noisy PET, whose numbers are no concentrations.

    Parameters
    ----------
    counts : Image
        In any unit that is proportional to activity.
    perfused : Image
        Boolean, on the same grid: everything in the liver that takes up activity. Counts outside are left out.
    activity_gbq : float
        In the vial.
    delivery : Delivery
        Takes off what goes to the lungs and what stays in the vial.

    Returns
    -------
    concentration : Image
        MBq/ml, zero outside the perfused volume.
    scale : float
        MBq/ml per count.

    Raises
    ------
    GeometryMismatchError
    EmptyRegionError
        If the perfused volume is empty or has no counts.
    SettingsError
        If the activity is not positive.
    """
    require_same_grid(counts=counts, perfused=perfused)
    if not activity_gbq > 0.0:
        raise SettingsError(f"The activity must be positive, got {activity_gbq:g} GBq.")
    inside = np.asarray(perfused.array, bool)
    values = np.where(inside, np.asarray(counts.array, float), 0.0)
    total = float(values.sum())
    if not total > 0.0:
        raise EmptyRegionError("The perfused volume has no counts; check its outline and the registration.")
    scale = 1000.0 * activity_gbq * delivery.to_liver / (total * counts.voxel_volume_ml)
    return counts.with_array((values * scale).astype(np.float32)), scale


def uptake_ratio(concentration: Image, tumor: Image, normal: Image) -> float:
    """T/N: mean concentration in a tumor over that in normal liver.

    Raises
    ------
    GeometryMismatchError
    EmptyRegionError
        If a region is empty or normal liver has no activity.
    """
    require_same_grid(activity=concentration, tumor=tumor, normal=normal)
    means = [_mean(concentration, region) for region in (tumor, normal)]
    if not means[1] > 0.0:
        raise EmptyRegionError("Normal liver shows no activity; the T/N ratio is undefined.")
    return means[0] / means[1]


def _mean(image: Image, region: Image) -> float:
    values = image.array[np.asarray(region.array, bool)]
    if not values.size:
        raise EmptyRegionError("A T/N ratio needs voxels in tumor and normal liver; one of them is empty.")
    return float(np.mean(values, dtype=float))
