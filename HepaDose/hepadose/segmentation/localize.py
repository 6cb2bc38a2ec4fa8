"""Where to look: the body on a coarse grid by its density, then the box around what a quick pass has found."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.errors import EmptyRegionError
from hepadose.images import bounding_box
from hepadose.segmentation.morphology import largest_component

Box = tuple[slice, slice, slice]

_BODY_HU = -300.0
_COARSE_MM = 6.0
_TABLE_MM = 12.0
"""Thinner things, such as the table, are no body."""
_LEAST_BODY_ML = 50.0


def body_box(values_hu: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> Box:
    """The box around the patient.

    Parameters
    ----------
    values_hu : numpy.ndarray, shape (k, j, i)
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.

    Returns
    -------
    tuple of 3 slice

    Raises
    ------
    EmptyRegionError
        If nothing is as dense and large as a body.
    """
    steps = [max(int(_COARSE_MM / spacing), 1) for spacing in spacing_kji_mm]
    dense = values_hu[:: steps[0], :: steps[1], :: steps[2]] > _BODY_HU
    coarse_mm = [step * spacing for step, spacing in zip(steps, spacing_kji_mm, strict=True)]
    # Opened within slices only: an image of a few slices is no thin thing.
    size = [max(int(_TABLE_MM / spacing), 1) for spacing in coarse_mm]
    opened = ndimage.binary_opening(dense, np.ones((1, size[1], size[2]), bool))
    body = largest_component(opened if opened.any() else dense)
    if np.count_nonzero(body) * np.prod(coarse_mm) / 1000.0 < _LEAST_BODY_ML:
        raise EmptyRegionError("The CT shows no body: nothing in it is as dense and large; choose another image.")
    box = bounding_box(body, (1, 1, 1))
    return tuple(
        slice(axis.start * step, min(axis.stop * step, size))
        for axis, step, size in zip(box, steps, values_hu.shape, strict=True)
    )


def box_around(mask: np.ndarray, margin_mm: float, spacing_kji_mm: tuple[float, float, float]) -> Box | None:
    """The box around a mask with a margin; None where the mask is empty.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    margin_mm : float
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.

    Returns
    -------
    tuple of 3 slice or None
        Along k, j, i, within the array.
    """
    return bounding_box(mask, tuple(int(np.ceil(margin_mm / spacing)) for spacing in spacing_kji_mm))


def grown_to(box: Box, least: tuple[int, int, int], shape: tuple[int, int, int]) -> Box:
    """The box, grown evenly to at least a size as far as the image reaches: surroundings help and cost nothing.

    Parameters
    ----------
    box : tuple of 3 slice
        Along k, j, i.
    least, shape : tuple of 3 int
        Wanted size, and size of the image.

    Returns
    -------
    tuple of 3 slice

    Examples
    --------
    >>> grown_to((slice(0, 4), slice(5, 7), slice(2, 3)), (3, 6, 4), (9, 9, 3))
    (slice(0, 4, None), slice(3, 9, None), slice(0, 3, None))
    """
    grown = []
    for axis, wanted, size in zip(box, least, shape, strict=True):
        wanted = min(max(wanted, axis.stop - axis.start), size)
        start = axis.start - (wanted - (axis.stop - axis.start)) // 2
        start = min(max(start, 0), size - wanted)
        grown.append(slice(start, start + wanted))
    return tuple(grown)
