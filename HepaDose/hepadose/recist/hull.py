"""Convex hulls of many regions at once, and the largest distance across a convex hull by rotating calipers.

Points are (row, column); hulls are found in whole numbers, so that nothing depends on rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.recist.outline import Convention, Runs

SAME_LENGTH = 1e-9
"""Relative difference below which two lengths are equal."""
_DIRECTIONS = np.linspace(0.0, np.pi, 32, endpoint=False)
# In half voxels, so that every corner is a whole number.
_OFFSETS = {
    Convention.CENTER: np.array([[0, 0]]),
    Convention.CONTOUR: np.array([[-1, 0], [1, 0], [0, -1], [0, 1]]),
    Convention.EDGE: np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]),
}


@dataclass(frozen=True, eq=False)
class Hulls:
    """Convex hulls of all regions of a mask, each in order around it and without points between two corners.

    Parameters
    ----------
    points : numpy.ndarray of int, shape (n, 2)
        (row, column), ordered by region.
    region : numpy.ndarray of int, shape (n,)
    """

    points: np.ndarray
    region: np.ndarray

    def of(self, region: int) -> np.ndarray:
        """That of one region, shape (h, 2)."""
        low, high = np.searchsorted(self.region, [region, region + 1])
        return self.points[low:high]

    def grown(self, regions: np.ndarray, convention: Convention) -> Hulls:
        """Hulls of some regions with their voxels' extent, in half voxels.

        Parameters
        ----------
        regions : numpy.ndarray of int
        convention : Convention

        Returns
        -------
        Hulls
        """
        chosen = np.isin(self.region, regions)
        offsets = _OFFSETS[convention]
        points = (2 * self.points[chosen][:, None, :] + offsets[None]).reshape(-1, 2)
        region = np.repeat(self.region[chosen], len(offsets))
        order = np.lexsort((points[:, 1], points[:, 0], region))
        (rows, columns), region = points[order].T, region[order]
        return _hulls_of_rows(region, rows, columns, columns)


def center_hulls(runs: Runs) -> Hulls:
    """Hulls of the voxel centers of every region.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    Hulls
    """
    order = np.argsort(runs.region, kind="stable")
    return _hulls_of_rows(runs.region[order], runs.j[order], runs.start[order], runs.stop[order] - 1)


def _hulls_of_rows(region: np.ndarray, rows: np.ndarray, left: np.ndarray, right: np.ndarray) -> Hulls:
    """Hulls of horizontal pieces that are ordered by region, row and column."""
    opens = np.r_[True, (region[1:] != region[:-1]) | (rows[1:] != rows[:-1])]
    closes = np.r_[opens[1:], True]
    region, rows, left, right = region[opens], rows[opens], left[opens], right[closes]
    down_region, down, down_column = _without_hollows(region, rows, left)
    # Mirrored, the right side bulges toward small columns as well.
    up_region, up, up_column = _without_hollows(region, rows, -right)
    side = np.r_[np.zeros(down.size, int), np.ones(up.size, int)]
    points = np.stack([np.r_[down, up], np.r_[down_column, -up_column]], axis=1)
    regions = np.r_[down_region, up_region]
    # Down along the left side, then up along the right one.
    order = np.lexsort((np.where(side, -points[:, 0], points[:, 0]), side, regions))
    points, regions = points[order], regions[order]
    return _without_twins(points, regions)


def _without_twins(points: np.ndarray, regions: np.ndarray) -> Hulls:
    """Drop the corners that both sides share: a region's topmost and lowest row of one point."""
    first = np.flatnonzero(np.r_[True, regions[1:] != regions[:-1]])
    last = np.r_[first[1:], regions.size] - 1
    keep = np.r_[True, (regions[1:] != regions[:-1]) | (points[1:] != points[:-1]).any(axis=1)]
    keep[last[(points[first] == points[last]).all(axis=1) & (first != last)]] = False
    return Hulls(points[keep], regions[keep])


def _without_hollows(region: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Drop points on or behind the line between their neighbors until none is left: no corner of a hull is one."""
    while True:
        inner = np.flatnonzero(region[2:] == region[:-2]) + 1
        before, after = inner - 1, inner + 1
        ahead = (columns[inner] - columns[before]) * (rows[after] - rows[before])
        hollow = ahead >= (columns[after] - columns[before]) * (rows[inner] - rows[before])
        if not hollow.any():
            return region, rows, columns
        keep = np.ones(rows.size, bool)
        keep[inner[hollow]] = False
        region, rows, columns = region[keep], rows[keep], columns[keep]


def diameter_bounds(
    centers: Hulls, spacing_mm: tuple[float, float], convention: Convention
) -> tuple[np.ndarray, np.ndarray]:
    """Between which lengths the longest diameter of each region lies.

    Parameters
    ----------
    centers : Hulls
        As :func:`center_hulls` gives them.
    spacing_mm : tuple of float
        Between rows and between columns.
    convention : Convention

    Returns
    -------
    low, high : numpy.ndarray, shape (regions,)
        In mm. The width in one of 32 directions is at most the diameter, and the widest at least its cosine of 2.8°.
    """
    steps = np.stack([np.sin(_DIRECTIONS) * spacing_mm[0], np.cos(_DIRECTIONS) * spacing_mm[1]])
    along = centers.points @ steps
    starts = np.flatnonzero(np.r_[True, centers.region[1:] != centers.region[:-1]])
    extents = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts)
    # A region is its centers' hull grown by half a voxel's corner on either side.
    extents += (_OFFSETS[convention] @ steps).max(axis=0)
    low = extents.max(axis=1)
    return low, low / np.cos(np.pi / (2 * _DIRECTIONS.size))


def longest_axis(hull: np.ndarray, spacing_mm: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, float]:
    """The two corners of a hull that are farthest apart; of equal pairs the lexicographically smallest.

    Parameters
    ----------
    hull : numpy.ndarray of int, shape (h, 2)
        In order around it, in half voxels, as :meth:`Hulls.grown` gives it.
    spacing_mm : tuple of float
        Between rows and between columns.

    Returns
    -------
    start, end : numpy.ndarray of int, shape (2,)
        In half voxels, the smaller (row, column) first.
    length_mm : float
        0 for a single point.

    References
    ----------
    Toussaint, Solving geometric problems with the rotating calipers, Proc. IEEE MELECON 1983.
    """
    one, other = _antipodal_pairs(hull * np.asarray(spacing_mm))
    lengths_mm = np.linalg.norm((hull[one] - hull[other]) * np.asarray(spacing_mm), axis=1) / 2.0
    longest_mm = float(lengths_mm.max())
    equal = np.flatnonzero(lengths_mm >= longest_mm * (1.0 - SAME_LENGTH))
    start, end = min(sorted((tuple(hull[one[n]]), tuple(hull[other[n]]))) for n in equal)
    return np.array(start), np.array(end), longest_mm


def _antipodal_pairs(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners through which two parallel lines touch a hull from both sides: for each edge the opposite corners."""
    count = len(points)
    if count < 3:
        return np.array([0]), np.array([count - 1])
    edges = np.roll(points, -1, axis=0) - points
    angles = np.arctan2(edges[:, 1], edges[:, 0])
    angles = (angles - angles[0]) % (2.0 * np.pi)
    around = np.r_[angles, angles + 2.0 * np.pi]
    corner = np.arange(count)
    # Both corners of an edge that is parallel to this one are opposite.
    opposite = [np.searchsorted(around, angles + np.pi + turn) % count for turn in (-1e-9, 1e-9)]
    pairs = [(edge_end % count, each) for edge_end in (corner, corner + 1) for each in opposite]
    return np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])
