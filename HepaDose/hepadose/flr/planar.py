"""Two published Boundary IoU definitions in two dimensions, to compare with published numbers.

Cheng's reference definition measures an inner band in pixels. The published focal-liver-reaction script measures an
outer band with a square kernel in 8-bit arithmetic; its quirks are reproduced here on purpose and nowhere else.
Neither is a good default: bands depend on the pixel count, and the liver's capsule counts as boundary.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.errors import GeometryMismatchError
from hepadose.flr.settings import PlanarDefinition

BAND_RATIO = 0.02
"""Band width as a part of the image diagonal, in both definitions."""


def cheng_distance_px(shape: tuple[int, int], ratio: float = BAND_RATIO) -> int:
    """Width of Cheng's band in pixels: the rounded part of the image diagonal, at least 1."""
    return max(1, round(ratio * float(np.hypot(*shape))))


def cheng_band(mask: np.ndarray, ratio: float = BAND_RATIO) -> np.ndarray:
    """Pixels of a 2-D mask within Cheng's distance of its contour; the image border is background.

    References
    ----------
    Cheng B et al., Boundary IoU, CVPR 2021, arXiv:2103.16562.
    """
    padded = np.pad(mask.astype(bool), 1)
    eroded = ndimage.binary_erosion(padded, np.ones((3, 3)), iterations=cheng_distance_px(mask.shape, ratio))
    return (padded & ~eroded)[1:-1, 1:-1]


def cheng_boundary_iou(first: np.ndarray, second: np.ndarray, ratio: float = BAND_RATIO) -> float:
    """Cheng's Boundary IoU of two 2-D masks: 0 where one is empty, NaN where both are.

    Raises
    ------
    GeometryMismatchError
        If the masks differ in shape.
    """
    _require_same_shape(first, second)
    one, other = cheng_band(first, ratio), cheng_band(second, ratio)
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else float("nan")


def published_script_band(mask: np.ndarray) -> np.ndarray:
    """The published script's outer band of an 8-bit 2-D mask: dilated by a d×d kernel, minus the mask (8-bit).

    d is truncated, and a kernel side of 0 means 3×3. For an even side the band is one pixel wider towards larger
    row and column numbers; it is cut at the image border.
    """
    side = int(BAND_RATIO * np.sqrt(mask.shape[0] ** 2 + mask.shape[1] ** 2)) or 3
    return ndimage.maximum_filter(mask, size=side, mode="constant", cval=0) - mask


def published_script_counts(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """Intersection, union and score of two 8-bit 2-D masks exactly as the published script counts them.

    Products and sums wrap at 256, so that masks stored with different values can score above 1; two empty masks
    score 0.

    Parameters
    ----------
    first, second : numpy.ndarray of uint8, shape (rows, columns)
        Masks as stored, usually 0 and 255.

    References
    ----------
    XieXueyi/FLR-boundary-definition, Boundary_IoU.py.
    """
    _require_same_shape(first, second)
    one, other = published_script_band(first.astype(np.uint8)), published_script_band(second.astype(np.uint8))
    intersection = int(np.count_nonzero(one * other))
    union = int(np.count_nonzero(one + other))
    return intersection, union, intersection / union if union else 0.0


def planar_curve(
    definition: PlanarDefinition, reaction: np.ndarray, dose: np.ndarray, liver: np.ndarray, levels_gy: np.ndarray
) -> np.ndarray:
    """Mean over slices of a published 2-D Boundary IoU between reaction and isodose region, per level.

    Parameters
    ----------
    definition : PlanarDefinition
        Whose definition.
    reaction, liver : numpy.ndarray of bool, shape (k, j, i)
        Masks on the CT grid; both regions are clipped to the liver, as published.
    dose : numpy.ndarray, same shape
        Dose in Gy of the levels' quantity.
    levels_gy : numpy.ndarray, shape (levels,)

    Returns
    -------
    numpy.ndarray, shape (levels,)
        Mean over the slices that contain reaction (the published script names no rule); NaN where there is none.
    """
    slices = np.flatnonzero((reaction & liver).any(axis=(1, 2)))
    if not slices.size:
        return np.full(len(levels_gy), np.nan)
    scores = np.empty((slices.size, len(levels_gy)))
    for row, k in enumerate(slices):
        own = reaction[k] & liver[k]
        for column, level in enumerate(levels_gy):
            scores[row, column] = _planar_score(definition, own, (dose[k] >= level) & liver[k])
    return np.nanmean(scores, axis=0)


def _planar_score(definition: PlanarDefinition, first: np.ndarray, second: np.ndarray) -> float:
    if definition is PlanarDefinition.CHENG:
        return cheng_boundary_iou(first, second)
    return published_script_counts(first.astype(np.uint8) * 255, second.astype(np.uint8) * 255)[2]


def _require_same_shape(first: np.ndarray, second: np.ndarray) -> None:
    if first.shape != second.shape or first.ndim != 2:
        raise GeometryMismatchError(f"Two 2-D masks of one shape are needed, got {first.shape} and {second.shape}.")
