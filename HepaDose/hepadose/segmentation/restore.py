"""From the model's grid back onto the CT's: one probability map whose threshold is the cleaned mask's surface."""

from __future__ import annotations

import numpy as np

from hepadose.images import Image, bounding_box, resample

Box = tuple[slice, slice, slice]

_EXACTLY_AT_THRESHOLD = 1e-3


def settled(probability: np.ndarray, mask: np.ndarray, threshold: float) -> np.ndarray:
    """The probability where it agrees with the cleaned mask, mirrored at the threshold where it does not.

    A filled hole becomes as likely as it was unlikely, a removed part as unlikely. So the threshold of the map is the
    surface of the mask, also between voxels, and thresholding it anywhere else stays meaningful.

    Parameters
    ----------
    probability : numpy.ndarray, shape (k, j, i)
        0 to 1.
    mask : numpy.ndarray of bool, same shape
        The cleaned mask.
    threshold : float

    Returns
    -------
    numpy.ndarray
        0 to 1, 32-bit floats; above the threshold exactly where the mask is.

    Examples
    --------
    >>> settled(np.float32([[[0.75, 0.75, 0.25]]]), np.array([[[True, False, True]]]), 0.5).tolist()
    [[[0.75, 0.25, 0.75]]]
    """
    mirrored = np.clip(2.0 * threshold - probability, 0.0, 1.0)
    above = np.maximum(np.where(probability > threshold, probability, mirrored), threshold + _EXACTLY_AT_THRESHOLD)
    below = np.minimum(np.where(probability > threshold, mirrored, probability), threshold - _EXACTLY_AT_THRESHOLD)
    return np.where(mask, above, below).astype(np.float32)


def carry_back(probability: Image, onto: Image, threshold: float) -> tuple[Image, Image]:
    """Mask and probability on the CT's grid.

    Parameters
    ----------
    probability : Image
        On the model's grid.
    onto : Image
        The CT.
    threshold : float

    Returns
    -------
    tuple of Image
        Boolean mask, and probability as 32-bit floats. Computed only around what is above zero; 0 elsewhere.
    """
    mask, restored = np.zeros(onto.shape, bool), np.zeros(onto.shape, np.float32)
    box = _box_on(probability, onto)
    if box is not None:
        inside = resample(probability, onto.cropped(box)).array
        restored[box] = inside
        np.greater(inside, threshold, out=mask[box])
    return onto.with_array(mask), onto.with_array(restored)


def _box_on(probability: Image, onto: Image) -> Box | None:
    """The box of one grid around what is above zero on another, whatever its orientation."""
    found = bounding_box(probability.array > 0.0, (1, 1, 1))
    if found is None:
        return None
    ends = [(axis.start - 0.5, axis.stop - 0.5) for axis in found[::-1]]
    corners = np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
    here = onto.lps_to_ijk(probability.ijk_to_points(corners))
    low = np.maximum(np.floor(here.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(here.max(axis=0)) + 1, onto.shape[::-1]).astype(int)
    if (high <= low).any():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
