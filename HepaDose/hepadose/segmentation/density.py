"""What an organ's own CT numbers say about voxels of which the network is not sure.

A network that learned from synthetic patients knows shapes better than it knows one patient's contrast: on a native CT
it may take a part of the kidney for liver, and it stops short of the capsule. The patient's liver itself, where the
network is certain, tells which CT numbers its liver has here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose.images import bounding_box

CERTAIN, POSSIBLE = 0.9, 0.02
"""Probability from which a voxel serves as an example, and below which it is left alone."""
_CLIPPED = 0.005
_DEPTH_MM, _BLUR_MM = 6.0, 1.5
"""Examples lie deeper than this; CT numbers are smoothed by this against noise."""
_LEAST_EXAMPLES_ML = 15.0
_LEAST_SPREAD_HU = 8.0
_SPREAD_OF_MAD = 1.4826


@dataclass(frozen=True)
class DensitySettings:
    """How much the CT numbers count.

    Parameters
    ----------
    raised, lowered : float
        Largest changes of a voxel's log odds.
    width : float
        Distance from the organ's median, in its robust standard deviations, at which a CT number tells nothing.
    """

    raised: float
    lowered: float
    width: float


def weighed_by_density(
    probability: np.ndarray, hu: np.ndarray, spacing_kji_mm: tuple[float, float, float], settings: DensitySettings
) -> np.ndarray:
    """The network's probability, raised where the CT number is the organ's own and lowered where it is not.

    With ``likeness = clip(1 - (z / width)², -1, 1)``, where z is the distance of the smoothed CT number from the
    organ's median in robust standard deviations (at least 8 HU), the log odds change by ``raised * likeness`` where it
    is positive, else by ``lowered * likeness``. What the network is certain of, as of a dark tumor amid the liver,
    outweighs it.

    Parameters
    ----------
    probability : numpy.ndarray, shape (k, j, i)
        0 to 1.
    hu : numpy.ndarray, same shape
        CT numbers.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    settings : DensitySettings

    Returns
    -------
    numpy.ndarray
        0 to 1, 32-bit floats; unchanged where the network sees less than 2 % of a chance, and everywhere if less than
        15 ml lie so deep in the organ that they can serve as examples.
    """
    box = bounding_box(probability > POSSIBLE, tuple(int(np.ceil(3 * _BLUR_MM / mm)) for mm in spacing_kji_mm))
    if box is None:
        return probability
    inside = probability[box]
    smooth = ndimage.gaussian_filter(hu[box].astype(np.float32), [_BLUR_MM / mm for mm in spacing_kji_mm])
    examples = smooth[_deep(inside > CERTAIN, spacing_kji_mm)]
    if examples.size * np.prod(spacing_kji_mm) < _LEAST_EXAMPLES_ML * 1000.0:
        return probability
    median = np.median(examples)
    spread_hu = max(_SPREAD_OF_MAD * float(np.median(np.abs(examples - median))), _LEAST_SPREAD_HU)
    likeness = np.clip(1.0 - ((smooth - median) / (spread_hu * settings.width)) ** 2, -1.0, 1.0)
    told = likeness * np.where(likeness > 0.0, settings.raised, settings.lowered)
    clipped = np.clip(inside, _CLIPPED, 1.0 - _CLIPPED)
    weighed = 1.0 / (1.0 + (1.0 / clipped - 1.0) * np.exp(-told))
    result = probability.astype(np.float32)
    result[box] = np.where(inside > POSSIBLE, weighed, inside)
    return result


def _deep(mask: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    return ndimage.distance_transform_edt(mask, sampling=spacing_kji_mm) > _DEPTH_MM
