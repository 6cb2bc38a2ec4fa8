"""The planted activity as a concentration, and the PET and SPECT that a camera takes of it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.images import Image, resample
from hepadose.phantom.fields import stream
from hepadose.sirt.decay import decayed_gbq
from hepadose.sirt_patient.anatomy import TreatedAnatomy
from hepadose.sirt_patient.settings import ActivityScan, SirtPatientSettings
from hepadose.sirt_patient.truth import PlantedSirt

FWHM_TO_SIGMA = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))
NOISE_SIGMA_MM = 2.5
"""Grain of the noise of a reconstruction."""
COUNTS = 4.0e6
"""Of the whole SPECT."""
BACKGROUND_NOISE = 0.03
"""Variance where there is no activity, relative to normal liver of the territory."""


def planted_concentration(anatomy: TreatedAnatomy, truth: PlantedSirt) -> Image:
    """Concentration at injection in Bq/ml: uniform in each tumor, in the rest of the territory, and in the lungs.

    Parameters
    ----------
    anatomy : TreatedAnatomy
    truth : PlantedSirt

    Returns
    -------
    Image
        64-bit floats on the CT's grid.
    """
    regions = {"normal liver in the territory": anatomy.normal_territory, "lungs": anatomy.lungs, **anatomy.tumors}
    concentration = np.zeros(anatomy.ct.shape)
    for name, region in regions.items():
        planted = truth.regions[name]
        concentration[region.array] = 1e9 * planted.activity_gbq / planted.volume_ml
    return anatomy.ct.with_array(concentration)


def take_pet(concentration: Image, truth: PlantedSirt, settings: SirtPatientSettings) -> Image:
    """The Y-90 PET in Bq/ml at the time of the scan.

    Parameters
    ----------
    concentration : Image
        From :func:`planted_concentration`.
    truth : PlantedSirt
    settings : SirtPatientSettings

    Returns
    -------
    Image
        32-bit floats.
    """
    scan = settings.pet
    factor = scan.calibration * decayed_gbq(1.0, settings.hours_after_injection, truth.half_life_h)
    seen = _seen(concentration, scan, truth.normal_bq_per_ml, stream(settings.seed, "PET"))
    return seen.with_array((factor * seen.array).astype(np.float32))


def take_spect(concentration: Image, truth: PlantedSirt, settings: SirtPatientSettings) -> Image:
    """The Tc-99m MAA SPECT in counts: the same distribution in another unit.

    Returns
    -------
    Image
        32-bit floats; the counts of the noiseless image add up to :data:`COUNTS`.
    """
    factor = COUNTS / (float(concentration.array.sum()) * concentration.voxel_volume_ml)
    seen = _seen(concentration, settings.spect, truth.normal_bq_per_ml, stream(settings.seed, "SPECT"))
    return seen.with_array((factor * seen.voxel_volume_ml * seen.array).astype(np.float32))


def _seen(concentration: Image, scan: ActivityScan, normal: float, random: np.random.Generator) -> Image:
    """What a camera shows: resolution, voxels, noise. The activity of the whole image stays what it is."""
    spacing_mm = scan.spacing_mm or concentration.spacing_mm[0]
    sigma_mm = np.hypot(scan.fwhm_mm * FWHM_TO_SIGMA, 0.0 if scan.spacing_mm is None else spacing_mm / np.sqrt(12.0))
    seen = concentration
    if sigma_mm > 0.0:
        sigma = [sigma_mm / step for step in concentration.spacing_kji_mm]
        seen = concentration.with_array(ndimage.gaussian_filter(concentration.array, sigma, mode="constant"))
    if scan.spacing_mm is not None:
        seen = resample(seen, _grid_of(concentration, spacing_mm))
    values = np.asarray(seen.array, float)
    # The field of view and the sampling lose or gain a little at the edges.
    values = values * (_total(concentration) / (values.sum() * seen.voxel_volume_ml))
    if scan.noise > 0.0:
        values = values + scan.noise * np.sqrt(normal * (values + BACKGROUND_NOISE * normal)) * _grain(seen, random)
    return seen.with_array(values)


def _total(concentration: Image) -> float:
    return float(concentration.array.sum()) * concentration.voxel_volume_ml


def _grid_of(image: Image, spacing_mm: float) -> Image:
    """A grid of cubic voxels over the same field of view; its values are not meant."""
    extent_mm = np.array(image.shape[::-1]) * image.spacing_mm
    counts = np.ceil(extent_mm / spacing_mm).astype(int)
    corner = np.asarray(image.origin_lps) - np.array(image.spacing_mm) / 2.0
    origin = corner + extent_mm / 2.0 - (counts - 1) * spacing_mm / 2.0
    empty = np.broadcast_to(np.float32(0.0), tuple(counts[::-1]))
    return Image(empty, (spacing_mm,) * 3, tuple(origin))


def _grain(grid: Image, random: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and standard deviation 1 with the grain of a reconstruction."""
    sigma = [NOISE_SIGMA_MM / step for step in grid.spacing_kji_mm]
    noise = ndimage.gaussian_filter(random.standard_normal(grid.shape), sigma, mode="wrap")
    return (noise - noise.mean()) / noise.std()
