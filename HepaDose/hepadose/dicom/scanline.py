"""Fill closed polygons on a pixel grid by the even-odd rule, exactly at pixel centers.

A pixel belongs to the polygons' inside when its center lies inside an odd number of them, or on any of their paths
("points on the path are inside", PS3.3 C.8.8.6.3). Knows nothing of DICOM or millimetres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SNAP = 1e-6
"""Coordinates are rounded to this part of a pixel, so that centers on a path are recognized in spite of rounding."""


def fill_even_odd(polygons: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The pixels inside an odd number of polygons or on a path.

    Parameters
    ----------
    polygons : sequence of numpy.ndarray, shape (n, 2)
        Vertices (i, j) in pixels, pixel centers at whole numbers; closed from the last vertex to the first.
    shape : tuple of 2 int
        Rows and columns (j, i) of the result; parts outside are cut off.

    Returns
    -------
    numpy.ndarray of bool, shape (j, i)
        All false without polygons.

    Notes
    -----
    Every path that crosses a row toggles the pixels from the crossing on; a running exclusive-or along the row then
    gives the inside. A channel that is run through twice (keyhole) cancels.

    Examples
    --------
    >>> square = np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]])
    >>> int(fill_even_odd([square], (4, 4)).sum())
    4
    """
    whole = np.zeros(shape, bool)
    if not len(polygons):
        return whole
    snapped = [_snapped(polygon) for polygon in polygons]
    starts = np.concatenate(snapped)
    ends = np.concatenate([part for points in snapped for part in (points[1:], points[:1])])
    # Most polygons are far smaller than their slice: only the box around them is filled.
    first_ij = np.clip(np.floor(starts.min(axis=0)).astype(np.intp), 0, shape[::-1])
    last_ij = np.clip(np.floor(starts.max(axis=0)).astype(np.intp) + 2, first_ij, shape[::-1])
    box = tuple(slice(first, last) for first, last in zip(first_ij[::-1], last_ij[::-1], strict=True))
    whole[box] = _filled(starts - first_ij, ends - first_ij, whole[box].shape)
    return whole


def _filled(starts: np.ndarray, ends: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pixels inside edges from ``starts`` to ``ends``, both of shape (n, 2)."""
    if not all(shape):
        return np.zeros(shape, bool)
    rows, columns = _crossings(starts, ends, shape[0])
    toggles = np.zeros((shape[0], shape[1] + 1), np.uint8)
    first = np.clip(np.ceil(columns), 0, shape[1]).astype(np.intp)
    np.bitwise_xor.at(toggles, (rows, first), 1)
    inside = np.bitwise_xor.accumulate(toggles, axis=1)[:, : shape[1]].astype(bool)
    _add_path(inside, starts, ends, rows, columns)
    return inside


def _snapped(polygon: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(polygon, dtype=float) / SNAP) * SNAP


def _crossings(starts: np.ndarray, ends: np.ndarray, row_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every place where an edge crosses a row of pixel centers.

    An edge owns the rows from its lower end up to, but without, its upper end: every vertex counts once.
    """
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    first = np.clip(_ceil(low), 0, row_count)
    last = np.clip(_ceil(high), 0, row_count)
    counts = last - first
    edge = np.repeat(np.arange(len(starts)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    begin, step = starts[edge], ends[edge] - starts[edge]
    columns = begin[:, 0] + (rows - begin[:, 1]) / step[:, 1] * step[:, 0]
    return rows, np.round(columns / SNAP) * SNAP


def _ceil(values: np.ndarray) -> np.ndarray:
    return np.ceil(np.round(values, 9)).astype(np.intp)


def _add_path(inside: np.ndarray, starts: np.ndarray, ends: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    """Add the pixel centers that lie on a path: on crossed rows, at vertices and along horizontal edges."""
    on_rows = np.concatenate([rows, starts[:, 1]])
    on_columns = np.concatenate([columns, starts[:, 0]])
    whole = (np.abs(on_rows - np.rint(on_rows)) < SNAP) & (np.abs(on_columns - np.rint(on_columns)) < SNAP)
    j, i = np.rint(on_rows[whole]).astype(np.intp), np.rint(on_columns[whole]).astype(np.intp)
    there = (j >= 0) & (j < inside.shape[0]) & (i >= 0) & (i < inside.shape[1])
    inside[j[there], i[there]] = True
    level = (np.abs(starts[:, 1] - ends[:, 1]) < SNAP) & (np.abs(starts[:, 1] - np.rint(starts[:, 1])) < SNAP)
    for begin, end in zip(starts[level], ends[level], strict=True):
        row = int(np.rint(begin[1]))
        left, right = sorted((begin[0], end[0]))
        if 0 <= row < inside.shape[0] and right >= 0:
            inside[row, max(int(np.ceil(left - SNAP)), 0) : int(np.floor(right + SNAP)) + 1] = True
