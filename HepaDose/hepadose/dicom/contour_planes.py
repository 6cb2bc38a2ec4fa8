"""Which contour stands for which slice: grouping contours by plane and giving every slice its plane.

Works on positions along the slice normal, in mm; knows neither files nor pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAME_PLANE_MM = 0.1
SAME_PLANE_PART = 0.25
THICKEST_SLAB_MM = 10.0
"""Contours further apart than this do not stand for the slices between them."""
OFF_SLICE_PART = 0.1
"""Contours further from their slice's center than this part of the spacing are told."""
_ROUND_MM = 3


@dataclass(frozen=True, eq=False)
class PlaneAssignment:
    """Which plane of contours every slice takes.

    Parameters
    ----------
    plane_of_slice : numpy.ndarray of int, shape (slices,)
        Number of the plane, -1 where none.
    plane_spacing_mm : float
        Distance of neighboring contour planes; that of the slices where there are too few planes to tell.
    gaps : tuple of tuple of float
        Pairs of plane positions between which planes are missing.
    unmatched : int
        Planes with no slice within half a slice spacing.
    off_slice_mm : float
        Largest distance of a used plane from the center of its slice where both spacings agree, else 0.
    """

    plane_of_slice: np.ndarray
    plane_spacing_mm: float
    gaps: tuple[tuple[float, float], ...]
    unmatched: int
    off_slice_mm: float


def group_planes(positions_mm: np.ndarray, spacing_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Group contours that lie in the same plane.

    Parameters
    ----------
    positions_mm : numpy.ndarray, shape (n,)
        Position of every contour along the normal.
    spacing_mm : float
        Slice spacing; contours closer than min(0.1 mm, a quarter of it) to a neighbor share its plane.

    Returns
    -------
    tuple of numpy.ndarray
        Ascending plane positions, and the plane number of every contour.

    Examples
    --------
    >>> planes, members = group_planes(np.array([3.0, 0.0, 3.02]), 3.0)
    >>> planes.tolist(), members.tolist()
    ([0.0, 3.01], [1, 0, 1])
    """
    tolerance_mm = min(SAME_PLANE_MM, SAME_PLANE_PART * spacing_mm)
    order = np.argsort(positions_mm, kind="stable")
    sorted_mm = positions_mm[order]
    numbers = np.concatenate([[0], np.cumsum(np.diff(sorted_mm) > tolerance_mm)])
    members = np.empty(len(positions_mm), int)
    members[order] = numbers
    planes_mm = np.bincount(members, positions_mm) / np.bincount(members)
    return planes_mm, members


def assign_planes(planes_mm: np.ndarray, slices_mm: np.ndarray, spacing_mm: float) -> PlaneAssignment:
    """Give every slice the nearest plane of contours, if one is near enough.

    Parameters
    ----------
    planes_mm : numpy.ndarray, shape (n,)
        Ascending positions of the contour planes, n ≥ 1.
    slices_mm : numpy.ndarray, shape (slices,)
        Ascending positions of the slice centers.
    spacing_mm : float
        Slice spacing.

    Returns
    -------
    PlaneAssignment

    Notes
    -----
    A plane stands for the slab of half a spacing to both sides: half the slice spacing, or half the spacing of the
    contours where they are drawn evenly on coarser planes than the slices (three or more planes, at most 10 mm
    apart). So a volume does not depend on the slice spacing it is filled on. A slice exactly between two planes takes
    the upper one.
    """
    plane_spacing_mm = plane_spacing(planes_mm, spacing_mm)
    half_mm = 0.5 * max(plane_spacing_mm, spacing_mm)
    offsets_mm = np.round(slices_mm[:, None] - planes_mm[None, :], _ROUND_MM)
    near = (offsets_mm >= -round(half_mm, _ROUND_MM)) & (offsets_mm < round(half_mm, _ROUND_MM))
    distances_mm = np.where(near, np.abs(offsets_mm), np.inf)
    # From the last plane backwards, so that of two equally near planes the upper one is taken.
    nearest = distances_mm.shape[1] - 1 - np.argmin(distances_mm[:, ::-1], axis=1)
    plane_of_slice = np.where(near.any(axis=1), nearest, -1)
    lost = np.abs(offsets_mm).min(axis=0) > round(0.5 * spacing_mm, _ROUND_MM)
    gaps_mm = np.diff(planes_mm)
    holes = np.flatnonzero(gaps_mm > 1.5 * max(plane_spacing_mm, spacing_mm))
    return PlaneAssignment(
        plane_of_slice=plane_of_slice,
        plane_spacing_mm=plane_spacing_mm,
        gaps=tuple((float(planes_mm[hole]), float(planes_mm[hole + 1])) for hole in holes),
        unmatched=int(lost.sum()),
        off_slice_mm=_off_slice(offsets_mm, plane_of_slice, plane_spacing_mm, spacing_mm),
    )


def plane_spacing(planes_mm: np.ndarray, spacing_mm: float) -> float:
    """The spacing that contours were drawn at: where they tell none, that of the slices.

    Parameters
    ----------
    planes_mm : numpy.ndarray, shape (n,)
        Ascending plane positions.
    spacing_mm : float
        Slice spacing.

    Returns
    -------
    float
        In mm; ``spacing_mm`` for fewer than 3 planes, or planes without at least two equal smallest gaps, or planes
        more than 10 mm apart.
    """
    gaps_mm = np.diff(planes_mm)
    if len(gaps_mm) < 2:
        return spacing_mm
    smallest = gaps_mm[gaps_mm < 1.1 * gaps_mm.min()]
    nominal_mm = float(np.median(smallest))
    regular = len(smallest) >= 2 and nominal_mm <= THICKEST_SLAB_MM
    return nominal_mm if regular else spacing_mm


def _off_slice(offsets_mm: np.ndarray, plane_of_slice: np.ndarray, plane_spacing_mm: float, spacing_mm: float) -> float:
    if abs(plane_spacing_mm - spacing_mm) > 0.02 * spacing_mm:
        return 0.0
    used = np.flatnonzero(plane_of_slice >= 0)
    if not used.size:
        return 0.0
    return float(np.abs(offsets_mm[used, plane_of_slice[used]]).max())
