"""Which voxels of the liver can be compared between two CTs, and how much of one CT the other repeats."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.segmentation.contrast import smooth

LIVER_HU = (-50.0, 250.0)
"""Values outside are gas, fat or metal that partial volume brought into the contour."""
_SCANNED_HU = -200.0
_LOCAL_MEAN_MM = 8.0
_LEAST_VESSEL_HU = 18.0


def trusted_voxels(
    follow_up: np.ndarray,
    planning: np.ndarray,
    liver: np.ndarray,
    spacing_kji_mm: tuple[float, float, float],
    margin_mm: float,
) -> np.ndarray:
    """Parenchyma that both CTs show: no rim at the capsule, no vessels, no gaps of the planning scan.

    Parameters
    ----------
    follow_up, planning : numpy.ndarray, shape (k, j, i)
        HU on one grid; NaN where unknown.
    liver : numpy.ndarray of bool, same shape
        Where it reaches the border of the array it is taken to go on, so there is no rim.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    margin_mm : float
        Thickness of the rim, in which a registration error shows first.

    Returns
    -------
    numpy.ndarray of bool, same shape
        Empty where the liver is.
    """
    # The border of the image is no capsule: beyond it the liver is taken to go on.
    padded = np.pad(liver, 1, mode="edge")
    depth = ndimage.distance_transform_edt(padded, sampling=spacing_kji_mm)[1:-1, 1:-1, 1:-1]
    inner = liver & (depth > margin_mm) & np.isfinite(follow_up) & np.isfinite(planning)
    inner &= planning > _SCANNED_HU
    for image in (follow_up, planning):
        inner &= ~_thin_structures(image, inner, spacing_kji_mm)
    return inner


def _thin_structures(image: np.ndarray, inner: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """Vessels and the like: what stands out from the mean of its surroundings within a few mm."""
    fine = smooth(image, inner, 1.5, spacing_kji_mm)
    coarse = smooth(image, inner, _LOCAL_MEAN_MM, spacing_kji_mm)
    excess = np.where(inner, fine - coarse, 0.0)
    spread = 1.4826 * float(np.median(np.abs(excess[inner]))) if inner.any() else 0.0
    return np.abs(excess) > max(4.0 * spread, _LEAST_VESSEL_HU)


def common_slope(
    follow_up: np.ndarray, planning: np.ndarray, trusted: np.ndarray, spacing_kji_mm: tuple[float, float, float]
) -> float:
    """How much of the planning CT's structure the follow-up CT repeats (0 to 1), new lesions left aside.

    Parameters
    ----------
    follow_up, planning : numpy.ndarray, shape (k, j, i)
        HU on one grid.
    trusted : numpy.ndarray of bool, same shape
        Voxels that count.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.

    Returns
    -------
    float
        0 where fewer than two voxels count.
    """
    first, second = (smooth(image, trusted, 3.0, spacing_kji_mm)[trusted] for image in (planning, follow_up))
    if first.size < 2:
        return 0.0
    first, second = first - np.median(first), second - np.median(second)
    normal = np.abs(second) <= 2.0 * 1.4826 * np.median(np.abs(second))
    return float(
        np.clip(np.vdot(first[normal], second[normal]) / max(np.vdot(first[normal], first[normal]), 1e-6), 0, 1)
    )
