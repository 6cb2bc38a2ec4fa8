"""From a mask slice to closed outlines: marching squares at 0.5, holes joined to their surroundings by keyholes.

Coordinates are (column, row) = (i, j) in pixels, pixel centers at whole numbers. Rasterizing the outlines by pixel
center gives the mask back exactly. Knows nothing of DICOM or millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVEL = 0.5
CLOSEST_TO_CENTER = 0.05
"""Outlines of soft masks stay this far (in pixels along a grid line) from pixel centers, so that coordinates rounded
to 0.001 mm leave every center on its side."""

# The sides of a cell between four pixel centers: top, right, bottom, left.
_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)

# Directed steps (from side, to side) by cell code: top left 1, top right 2, bottom right 4, bottom left 8. The inside
# lies on the same hand of every step, so that outer outlines and holes turn in opposite directions. In the two
# saddles (5 and 10) the inside pixels stay apart.
_STEPS = {
    1: ((_TOP, _LEFT),),
    2: ((_RIGHT, _TOP),),
    3: ((_RIGHT, _LEFT),),
    4: ((_BOTTOM, _RIGHT),),
    5: ((_TOP, _LEFT), (_BOTTOM, _RIGHT)),
    6: ((_BOTTOM, _TOP),),
    7: ((_BOTTOM, _LEFT),),
    8: ((_LEFT, _BOTTOM),),
    9: ((_TOP, _BOTTOM),),
    10: ((_RIGHT, _TOP), (_LEFT, _BOTTOM)),
    11: ((_RIGHT, _BOTTOM),),
    12: ((_LEFT, _RIGHT),),
    13: ((_TOP, _RIGHT),),
    14: ((_LEFT, _TOP),),
}


def trace_outlines(mask: np.ndarray) -> list[np.ndarray]:
    """All closed outlines of a mask slice.

    Parameters
    ----------
    mask : numpy.ndarray, shape (j, i)
        Boolean, or a soft mask in 0..1 whose 0.5 level is followed between pixel centers.

    Returns
    -------
    list of numpy.ndarray, shape (n, 2)
        Vertices (i, j), the first not repeated; :func:`signed_area` is positive for outer outlines and negative for
        holes. Empty for an empty mask.

    Examples
    --------
    >>> (outline,) = trace_outlines(np.ones((2, 3), bool))
    >>> float(signed_area(outline))
    5.5
    """
    corner, padded = _cropped_and_padded(mask)
    starts, ends = _directed_steps(padded >= LEVEL)
    if not starts.size:
        return []
    order = np.argsort(starts)
    follower = order[np.searchsorted(starts[order], ends)]
    points = _crossings(padded, starts)
    return [_without_collinear(points[loop] + corner) for loop in _loops(follower)]


def signed_area(outline: np.ndarray) -> float:
    """Area enclosed by a polygon (shoelace formula), negative where it turns the other way; shape (n, 2) in."""
    x1, y1 = outline.T
    x2, y2 = _following(outline).T
    return float(0.5 * np.sum(x1 * y2 - x2 * y1))


def join_holes(outlines: list[np.ndarray]) -> list[np.ndarray]:
    """One polygon per outer outline, its holes joined by zero-width channels (keyholes, PS3.3 C.8.8.6.3).

    Parameters
    ----------
    outlines : list of numpy.ndarray, shape (n, 2)
        From :func:`trace_outlines`.

    Returns
    -------
    list of numpy.ndarray, shape (n, 2)
        Enclosing the same region under the even-odd rule.
    """
    outers = [outline for outline in outlines if signed_area(outline) > 0]
    holes = [outline for outline in outlines if signed_area(outline) < 0]
    if not holes:
        return outers
    owners = [_owner(hole, outers) for hole in holes]
    return [
        _joined(outer, [hole for hole, owner in zip(holes, owners, strict=True) if owner == number])
        for number, outer in enumerate(outers)
    ]


def contains(outline: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point lies inside a polygon (even-odd rule); ``outline`` of shape (n, 2), ``point`` of shape (2,)."""
    x1, y1 = outline.T
    x2, y2 = _following(outline).T
    crossed = (y1 <= point[1]) != (y2 <= point[1])
    x = x1[crossed] + (point[1] - y1[crossed]) / (y2[crossed] - y1[crossed]) * (x2[crossed] - x1[crossed])
    return bool(np.count_nonzero(x > point[0]) % 2)


def _following(points: np.ndarray) -> np.ndarray:
    """Every vertex's next one; several times as fast as numpy's roll for outlines."""
    return np.concatenate([points[1:], points[:1]])


def _cropped_and_padded(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part around the inside with one more pixel on every side, and the (i, j) of its first pixel."""
    inside = np.asarray(mask) >= LEVEL
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return np.zeros(2), np.zeros((1, 1))
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    # Neighbors of the inside keep their values: between them and it a soft mask's outline is found.
    box = np.asarray(mask)[top : rows[-1] + 2, left : columns[-1] + 2]
    padded = np.zeros((rows[-1] - rows[0] + 3, columns[-1] - columns[0] + 3))
    down, right = top - rows[0] + 1, left - columns[0] + 1
    padded[down : down + box.shape[0], right : right + box.shape[1]] = box
    return np.array([columns[0] - 1.0, rows[0] - 1.0]), padded


def _directed_steps(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of every step across a cell, as numbers of grid edges (see ``_edge_numbers``)."""
    bits = inside.astype(np.uint8)
    codes = bits[:-1, :-1] + 2 * bits[:-1, 1:] + 4 * bits[1:, 1:] + 8 * bits[1:, :-1]
    rows, columns = np.nonzero((codes > 0) & (codes < 15))
    codes = codes[rows, columns]
    sides = _edge_numbers(rows, columns, inside.shape)
    starts, ends = [], []
    for code, steps in _STEPS.items():
        here = codes == code
        for begin, end in steps:
            starts.append(sides[begin][here])
            ends.append(sides[end][here])
    return np.concatenate(starts), np.concatenate(ends)


def _edge_numbers(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Numbers of a cell's four sides: even for horizontal grid edges, odd for vertical ones."""
    pixel = rows * shape[1] + columns
    return 2 * pixel, 2 * (pixel + 1) + 1, 2 * (pixel + shape[1]), 2 * pixel + 1


def _crossings(padded: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Where the 0.5 level crosses the grid edges; (i, j) in padded pixels."""
    rows, columns = np.divmod(edges // 2, padded.shape[1])
    down = edges % 2
    here, there = padded[rows, columns], padded[rows + down, columns + 1 - down]
    part = np.clip((LEVEL - here) / (there - here), CLOSEST_TO_CENTER, 1 - CLOSEST_TO_CENTER)
    return np.column_stack([columns + part * (1 - down), rows + part * down])


def _loops(follower: np.ndarray) -> list[np.ndarray]:
    """The cycles of the permutation ``follower``, each as an array of step numbers."""
    following = follower.tolist()
    visited = bytearray(len(following))
    loops = []
    for first in range(len(following)):
        if visited[first]:
            continue
        loop, step = [], first
        while not visited[step]:
            visited[step] = 1
            loop.append(step)
            step = following[step]
        loops.append(np.array(loop))
    return loops


def _without_collinear(outline: np.ndarray) -> np.ndarray:
    """Drop vertices on the straight line between their neighbors."""
    after = _following(outline) - outline
    before = np.concatenate([after[-1:], after[:-1]])
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return outline[np.abs(turn) > 1e-9]


def _owner(hole: np.ndarray, outers: list[np.ndarray]) -> int:
    """Number of the smallest outer outline around a hole."""
    around = [number for number, outer in enumerate(outers) if contains(outer, hole[0])]
    return min(around, key=lambda number: signed_area(outers[number]))


@dataclass(frozen=True)
class _Channel:
    squared_length: float
    hole: int
    at_polygon: int
    at_hole: int


def _joined(polygon: np.ndarray, holes: list[np.ndarray]) -> np.ndarray:
    """Cut a zero-width channel to every hole, the nearest one first so that no channel crosses another hole."""
    remaining = list(holes)
    while remaining:
        channel = min((_shortest(polygon, hole, n) for n, hole in enumerate(remaining)), key=lambda c: c.squared_length)
        hole = np.roll(remaining.pop(channel.hole), -channel.at_hole, axis=0)
        before, after = polygon[: channel.at_polygon + 1], polygon[channel.at_polygon :]
        polygon = np.concatenate([before, hole, hole[:1], after])
    return polygon


def _shortest(polygon: np.ndarray, hole: np.ndarray, number: int) -> _Channel:
    across, along = polygon[:, None, 0] - hole[None, :, 0], polygon[:, None, 1] - hole[None, :, 1]
    squares = across * across + along * along
    at_polygon, at_hole = np.unravel_index(int(squares.argmin()), squares.shape)
    return _Channel(float(squares[at_polygon, at_hole]), number, int(at_polygon), int(at_hole))
