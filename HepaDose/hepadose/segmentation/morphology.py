"""Parts, holes, shrinking and growing of masks, in voxels and in mm; knows of no model and no CT."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy import ndimage

ROUNDING_MM = 1e-6
"""Added to distances, so that a radius of whole voxels reaches them whatever the rounding."""
_EVERY_NEIGHBOR = np.ones((3, 3, 3), bool)


class Element(StrEnum):
    """Shape of the structuring element; at a radius of one voxel the ball is the cross of six neighbors."""

    BALL = "ball"
    BOX = "box"


def largest_component(mask: np.ndarray, probability: np.ndarray | None = None) -> np.ndarray:
    """The largest part whose voxels touch at faces, edges or corners.

    Of parts of equal size the one with the larger mean probability stays, then the first. Empty stays empty.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    probability : numpy.ndarray, same shape, optional
        0 to 1.

    Returns
    -------
    numpy.ndarray of bool, same shape
        A new array.

    Examples
    --------
    >>> mask = np.zeros((1, 1, 6), bool); mask[0, 0, [0, 1, 4]] = True
    >>> largest_component(mask).astype(int).ravel()
    array([1, 1, 0, 0, 0, 0])
    """
    labels, count = ndimage.label(mask, structure=_EVERY_NEIGHBOR)
    if count < 2:
        return mask.copy()
    sizes = np.bincount(labels.ravel())[1:]
    best = np.flatnonzero(sizes == sizes.max()) + 1
    if best.size > 1 and probability is not None:
        means = ndimage.mean(probability, labels, best)
        best = best[means == means.max()]
    return labels == best[0]


def remove_small(mask: np.ndarray, least_voxels: float) -> np.ndarray:
    """Without the parts of fewer voxels than that; empty stays empty.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    least_voxels : float

    Returns
    -------
    numpy.ndarray of bool, same shape
        A new array.
    """
    labels, count = ndimage.label(mask, structure=_EVERY_NEIGHBOR)
    keep = np.bincount(labels.ravel(), minlength=count + 1) >= least_voxels
    keep[0] = False
    return keep[labels]


def fill_holes(mask: np.ndarray, most_voxels: float = np.inf) -> np.ndarray:
    """With the holes of at most so many voxels filled; a hole touches nothing outside through faces.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    most_voxels : float

    Returns
    -------
    numpy.ndarray of bool, same shape
        A new array.
    """
    filled = ndimage.binary_fill_holes(mask)
    holes, count = ndimage.label(filled & ~mask)
    small = np.bincount(holes.ravel(), minlength=count + 1) <= most_voxels
    small[0] = False
    return mask | small[holes]


def close_gaps(mask: np.ndarray, radius_mm: float, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """With gaps, notches and holes narrower than twice the radius closed; the outside of the array is empty.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    radius_mm : float
    spacing_kji_mm : tuple of 3 float

    Returns
    -------
    numpy.ndarray of bool, same shape
        A new array.

    Examples
    --------
    >>> plates = np.zeros((5, 5, 7), bool); plates[..., [0, 2, 6]] = True
    >>> close_gaps(plates, 1.0, (1.0, 1.0, 1.0))[2, 2].astype(int)
    array([1, 1, 1, 0, 0, 0, 1])
    """
    widths = [int(np.ceil(radius_mm / step)) + 1 for step in spacing_kji_mm]
    padded = np.pad(mask, [(width, width) for width in widths])
    grown = ndimage.distance_transform_edt(~padded, sampling=spacing_kji_mm) <= radius_mm + ROUNDING_MM
    closed = ndimage.distance_transform_edt(grown, sampling=spacing_kji_mm) > radius_mm + ROUNDING_MM
    inner = tuple(slice(width, -width) for width in widths)
    return mask | closed[inner]


def erode(
    mask: np.ndarray, radius_mm: float, spacing_kji_mm: tuple[float, float, float], element: Element
) -> np.ndarray:
    """The voxels whose whole neighborhood lies in the mask; outside of the array there is nothing.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    radius_mm : float
        Of the neighborhood.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    element : Element
        Shape of the neighborhood.

    Returns
    -------
    numpy.ndarray of bool, same shape
        A new array.
    """
    padded = np.pad(mask, 1)
    reach = radius_mm + ROUNDING_MM
    if element is Element.BALL:
        inside = ndimage.distance_transform_edt(padded, sampling=spacing_kji_mm) > reach
        return inside[1:-1, 1:-1, 1:-1]
    size = [2 * int(reach // step) + 1 for step in spacing_kji_mm]
    return ndimage.minimum_filter(mask, size=size, mode="constant", cval=False)


def dilate(
    mask: np.ndarray, radius_mm: float, spacing_kji_mm: tuple[float, float, float], element: Element
) -> np.ndarray:
    """The voxels within reach of the mask.

    Parameters
    ----------
    mask, radius_mm, spacing_kji_mm, element
        As for :func:`erode`.

    Returns
    -------
    numpy.ndarray of bool, same shape
        Empty where the mask is.
    """
    reach = radius_mm + ROUNDING_MM
    if not mask.any():
        return mask.copy()
    if element is Element.BALL:
        return ndimage.distance_transform_edt(~mask, sampling=spacing_kji_mm) <= reach
    size = [2 * int(reach // step) + 1 for step in spacing_kji_mm]
    return ndimage.maximum_filter(mask, size=size, mode="constant", cval=False)
