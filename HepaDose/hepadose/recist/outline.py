"""Pixels of a mask as runs, connected regions within slices, and the outline of a region as line segments.

Works in voxel indices and millimeters of the slice; knows nothing of criteria or of the patient's frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Convention(StrEnum):
    """Where the border of a mask is taken to lie."""

    CONTOUR = "contour"
    """Halfway between centers inside and outside, as a closed surface is drawn."""
    EDGE = "edge"
    """At the edges of the voxels."""
    CENTER = "center"
    """At the centers of the outermost voxels, as ITK measures a Feret diameter."""


# Sides of a cell between four voxel centers, as (row, column) offsets of the side's two centers.
_SIDES = {"top": ((0, 0), (0, 1)), "left": ((0, 0), (1, 0)), "right": ((0, 1), (1, 1)), "bottom": ((1, 0), (1, 1))}
_AROUND = {(0, 0): ("top", "left"), (0, 1): ("top", "right"), (1, 0): ("left", "bottom"), (1, 1): ("right", "bottom")}


@dataclass(frozen=True, eq=False)
class Runs:
    """Uninterrupted rows of voxels of a mask, ordered by slice, row and column.

    Parameters
    ----------
    k, j : numpy.ndarray of int, shape (n,)
        Slice and row.
    start, stop : numpy.ndarray of int, shape (n,)
        First column, and the first one behind the run.
    region : numpy.ndarray of int, shape (n,)
        Connected region within the slice, numbered from 0 by slice and first voxel.
    """

    k: np.ndarray
    j: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    region: np.ndarray


def find_runs(mask: np.ndarray, *, corners_connect: bool = True, link: bool = False) -> Runs:
    """Runs of a mask with the connected region of its slice that each belongs to.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    corners_connect : bool
        Voxels that share only a corner belong together (8 neighbors), else only those that share an edge (4).
    link : bool
        Everything in a slice is one region: the reader says that it is one lesion.

    Returns
    -------
    Runs
        Empty for an empty mask.
    """
    slices, rows, columns = mask.shape
    # One empty row and column behind each keep neighbors in memory from counting as neighbors in the image.
    width, height = columns + 1, rows + 1
    flat = np.zeros(slices * height * width + 1, bool)
    flat[1:].reshape(slices, height, width)[:, :rows, :columns] = mask
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    first, behind = changes[::2], changes[1::2]
    line, start = np.divmod(first, width)
    k, j = np.divmod(line, height)
    region = _numbered(k) if link else _connected(first, behind, width, corners_connect)
    return Runs(k, j, start, start + (behind - first), region)


def _connected(first: np.ndarray, behind: np.ndarray, width: int, corners_connect: bool) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # Runs of the next row that touch: with corners where they begin or end diagonally beside.
    low = np.searchsorted(behind, first + width, "left" if corners_connect else "right")
    high = np.searchsorted(first, behind + width, "right" if corners_connect else "left")
    count = np.maximum(high - low, 0)
    upper = np.repeat(np.arange(first.size), count)
    lower = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
    graph = coo_array((np.ones(upper.size, bool), (upper, lower)), shape=(first.size, first.size))
    return _numbered(connected_components(graph, directed=False)[1])


def _numbered(labels: np.ndarray) -> np.ndarray:
    """The same groups, numbered by their first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(first.size, int)
    order[np.argsort(first)] = np.arange(first.size)
    return order[inverse]


def region_pixels(runs: Runs, region: int) -> tuple[np.ndarray, int, int]:
    """The voxels of one region as a small mask with one empty voxel around.

    Parameters
    ----------
    runs : Runs
    region : int

    Returns
    -------
    pixels : numpy.ndarray of bool, shape (rows, columns)
    row, column : int
        Index in the slice of the mask's first voxel (which is empty).
    """
    chosen = runs.region == region
    j, start, stop = runs.j[chosen], runs.start[chosen], runs.stop[chosen]
    row, column = int(j.min()) - 1, int(start.min()) - 1
    pixels = np.zeros((int(j.max()) - row + 2, int(stop.max()) - column + 1), bool)
    for line, begin, end in zip(j - row, start - column, stop - column, strict=True):
        pixels[line, begin:end] = True
    return pixels, row, column


def outline_segments(
    pixels: np.ndarray, convention: Convention = Convention.CONTOUR, *, corners_connect: bool = True
) -> np.ndarray:
    """The closed outline of a region as line segments in no order.

    Parameters
    ----------
    pixels : numpy.ndarray of bool, shape (rows, columns)
        Empty along its border.
    convention : Convention
    corners_connect : bool
        Whether voxels that share only a corner are joined.

    Returns
    -------
    numpy.ndarray of float, shape (n, 2, 2)
        Both ends of each segment as (row, column) indices; voxel centers are whole numbers. A part one voxel wide has
        no inside with :attr:`Convention.CENTER`.

    References
    ----------
    Lorensen and Cline, Computer Graphics 21 (1987) 163, doi:10.1145/37402.37422; in two dimensions, at level 0.5.
    """
    if convention is Convention.EDGE:
        return _edge_segments(pixels)
    code = pixels[:-1, :-1] + 2 * pixels[:-1, 1:] + 4 * pixels[1:, :-1] + 8 * pixels[1:, 1:]
    outward = 0.5 if convention is Convention.CONTOUR else 0.0
    parts = []
    crossed = np.argwhere((code > 0) & (code < 15))
    values = code[crossed[:, 0], crossed[:, 1]]
    for value in np.unique(values).tolist():
        cells = crossed[values == value]
        inside = {corner: bool(value >> bit & 1) for bit, corner in enumerate(_AROUND)}
        for one, other in _cell_segments(inside, corners_connect):
            ends = np.array([_side_point(_SIDES[side], inside, outward) for side in (one, other)])
            parts.append(cells[:, None, :] + ends[None])
    return np.concatenate(parts)


def _cell_segments(inside: dict[tuple[int, int], bool], corners_connect: bool) -> list[tuple[str, str]]:
    """Which sides of a cell its outline joins."""
    within = [corner for corner, value in inside.items() if value]
    without = [corner for corner in inside if corner not in within]
    if len(within) == 2:
        if sum(within[0]) % 2 == sum(within[1]) % 2:  # diagonal corners
            return [_AROUND[corner] for corner in (without if corners_connect else within)]
        crossed = [side for side, (one, other) in _SIDES.items() if inside[one] != inside[other]]
        return [(crossed[0], crossed[1])]
    return [_AROUND[(within if len(within) == 1 else without)[0]]]


def _side_point(side: tuple[tuple[int, int], tuple[int, int]], inside: dict, outward: float) -> np.ndarray:
    inner, outer = side if inside[side[0]] else side[::-1]
    return np.asarray(inner, float) + outward * (np.asarray(outer, float) - np.asarray(inner, float))


def _edge_segments(pixels: np.ndarray) -> np.ndarray:
    below = np.argwhere(pixels[1:] != pixels[:-1])
    beside = np.argwhere(pixels[:, 1:] != pixels[:, :-1])
    horizontal = below[:, None, :] + np.array([[0.5, -0.5], [0.5, 0.5]])
    vertical = beside[:, None, :] + np.array([[-0.5, 0.5], [0.5, 0.5]])
    return np.concatenate([horizontal, vertical])
