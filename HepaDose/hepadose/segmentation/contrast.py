"""Filters in millimeters that see only trusted voxels, and the edge of a region at half its contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_SHELL_MM = (3.0, 10.0)
"""Tissue on both sides of an edge is measured this far from it: beyond the blur, before other anatomy."""
_LEAST_SHELL_VOXELS = 30


@dataclass(frozen=True)
class HalfContrast:
    """Levels on both sides of a region's edge, in HU."""

    inside_hu: float
    outside_hu: float

    @property
    def threshold_hu(self) -> float:
        """Where a blurred straight edge lies: halfway between both sides.

        Returns
        -------
        float
        """
        return (self.inside_hu + self.outside_hu) / 2.0

    @property
    def contrast_hu(self) -> float:
        """Inside minus outside; negative for a darker region.

        Returns
        -------
        float
        """
        return self.inside_hu - self.outside_hu


def smooth(
    values: np.ndarray, trusted: np.ndarray, sigma_mm: float, spacing_kji_mm: tuple[float, float, float]
) -> np.ndarray:
    """Gaussian mean of the trusted voxels around every voxel.

    Parameters
    ----------
    values : numpy.ndarray, shape (k, j, i)
        May hold anything, NaN included, where not trusted.
    trusted : numpy.ndarray of bool, same shape
        Voxels that count.
    sigma_mm : float
        Standard deviation in mm, the same along all axes whatever the slice thickness.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.

    Returns
    -------
    numpy.ndarray
        NaN where no trusted voxel is within reach.
    """
    sigmas = [sigma_mm / s for s in spacing_kji_mm]
    known = np.where(trusted, values, 0.0).astype(np.float32)
    weight = ndimage.gaussian_filter(trusted.astype(np.float32), sigmas, mode="constant", truncate=3.5)
    total = ndimage.gaussian_filter(known, sigmas, mode="constant", truncate=3.5)
    return np.divide(total, weight, out=np.full(values.shape, np.nan, np.float32), where=weight > 1e-4)


def smooth_keeping_edges(
    values: np.ndarray, trusted: np.ndarray, sigma_mm: float, spacing_kji_mm: tuple[float, float, float]
) -> np.ndarray:
    """Smoothing that does not pull curved edges inward.

    A Gaussian moves the half-contrast surface of a ball of radius R inward by about σ²/R. Twice the narrow minus
    the wide mean (of √2 σ) has no second moment, so this shift vanishes to first order; noise is slightly larger.

    Parameters
    ----------
    values, trusted, sigma_mm, spacing_kji_mm
        As for :func:`smooth`.

    Returns
    -------
    numpy.ndarray
        NaN where no trusted voxel is within reach.
    """
    narrow = smooth(values, trusted, sigma_mm, spacing_kji_mm)
    return 2.0 * narrow - smooth(values, trusted, np.sqrt(2.0) * sigma_mm, spacing_kji_mm)


def mode_and_width(values: np.ndarray, tail_sign: int) -> tuple[float, float]:
    """Mode of a distribution and its standard deviation, from the side without the tail.

    Parameters
    ----------
    values : numpy.ndarray
        Finite values.
    tail_sign : int
        Side on which something else may add to the distribution: -1 lower, +1 higher.

    Returns
    -------
    tuple of float
        Mode and standard deviation.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    # The half-sample mode: the densest half of the densest half of … is where most of the normal tissue lies.
    part = ordered
    while part.size > 50:
        half = (part.size + 1) // 2
        start = int(np.argmin(part[half - 1 :] - part[: part.size - half + 1]))
        part = part[start : start + half]
    mode = float(part.mean())
    clean = (ordered - mode)[(ordered - mode) * tail_sign <= 0]
    return mode, float(np.sqrt(np.median(np.square(clean)))) / 0.6745 if clean.size else 0.0


def half_contrast(
    values: np.ndarray, region: np.ndarray, domain: np.ndarray, spacing_kji_mm: tuple[float, float, float]
) -> HalfContrast | None:
    """Levels of the tissue on both sides of a region's edge.

    Parameters
    ----------
    values : numpy.ndarray, shape (k, j, i)
        In HU.
    region, domain : numpy.ndarray of bool, same shape
        The region, and the voxels that may be measured (liver without vessels).
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.

    Returns
    -------
    HalfContrast or None
        None where one side has too few voxels to measure.
    """
    low, high = _SHELL_MM
    outward = ndimage.distance_transform_edt(~region, sampling=spacing_kji_mm)
    # The region's own depth must not count the capsule as its edge, so depth is measured to the rest of the liver.
    inward = ndimage.distance_transform_edt(~(domain & ~region), sampling=spacing_kji_mm)
    outside = values[domain & ~region & (outward > low) & (outward <= high)]
    inside = values[domain & region & (inward > low) & (inward <= high)]
    if min(inside.size, outside.size) < _LEAST_SHELL_VOXELS:
        return None
    return HalfContrast(float(np.median(inside)), float(np.median(outside)))
