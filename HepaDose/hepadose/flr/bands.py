"""Minima and maxima over a ball in millimeters, and the boundary band that follows from them.

A voxel lies in the band of half width d around the boundary between a region A and the rest R of the liver when its
d-ball reaches the other side: within A at a distance of at most d from R (inner), within R at a distance of at most
d from A (outer), or either (symmetric). Distances run between voxel centers, as an exact Euclidean distance transform
measures them. Voxels at the liver capsule are no boundary, because only liver counts as the other side.

The ball is cut into runs along i, so that a filter costs about thirty passes over the image instead of one pass per
voxel of the ball, and works plane by plane, so that each pass stays in the processor's cache.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hepadose.flr.settings import BandMode

DISTANCE_TOLERANCE = 1e-9
"""Relative slack with which a voxel exactly at distance d counts as within d."""


def ball_runs(spacing_kji_mm: tuple[float, float, float], distance_mm: float, in_plane: bool = False) -> np.ndarray:
    """The voxels of a ball as runs along i.

    Parameters
    ----------
    spacing_kji_mm : tuple of 3 float
        Voxel spacing along k, j, i in mm.
    distance_mm : float
        Radius of the ball in mm; centers exactly at this distance belong to it.
    in_plane : bool
        Only the disc within the slice.

    Returns
    -------
    numpy.ndarray of int, shape (n, 3)
        Rows (dk, dj, half length of the run along i), without empty runs.

    Examples
    --------
    >>> ball_runs((5.0, 1.0, 1.0), 1.0).tolist()
    [[0, -1, 0], [0, 0, 1], [0, 1, 0]]
    """
    limit = (distance_mm * (1.0 + DISTANCE_TOLERANCE)) ** 2
    step_k, step_j, step_i = spacing_kji_mm
    reach_k = 0 if in_plane else int(np.sqrt(limit) / step_k)
    reach_j = int(np.sqrt(limit) / step_j)
    runs = []
    for dk in range(-reach_k, reach_k + 1):
        for dj in range(-reach_j, reach_j + 1):
            rest = limit - (dk * step_k) ** 2 - (dj * step_j) ** 2
            if rest >= 0:
                runs.append((dk, dj, int(np.sqrt(rest) / step_i)))
    return np.array(runs)


def extremes_over_ball(values: np.ndarray, domain: np.ndarray, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value over the part of each voxel's ball that lies in a domain.

    Parameters
    ----------
    values : numpy.ndarray of an unsigned integer type, shape (k, j, i)
        Must stay below the largest value of its type.
    domain : numpy.ndarray of bool, same shape
        Voxels that count.
    runs : numpy.ndarray
        From :func:`ball_runs`.

    Returns
    -------
    tuple of numpy.ndarray
        Minimum and maximum, same shape and type; meaningful inside the domain only.
    """
    top = np.iinfo(values.dtype).max
    below, above = np.where(domain, values, top), np.where(domain, values, 0).astype(values.dtype, copy=False)
    with ThreadPoolExecutor(2) as pool:  # NumPy releases the interpreter lock: both filters run at once
        smallest = pool.submit(_filter_planes, below, runs, np.minimum, top)
        largest = pool.submit(_filter_planes, above, runs, np.maximum, 0)
        return smallest.result(), largest.result()


def _filter_planes(values: np.ndarray, runs: np.ndarray, extreme: np.ufunc, neutral: int) -> np.ndarray:
    """One extreme over the ball, plane by plane; outside the array nothing counts."""
    reach_k, reach_j, reach_i = (int(np.abs(runs[:, axis]).max()) for axis in range(3))
    depth, height, _ = values.shape
    result = np.full_like(values, neutral)
    recent: dict[int, list[np.ndarray]] = {}
    for k in range(depth):
        for plane in range(max(k - reach_k, 0), min(k + reach_k, depth - 1) + 1):
            if plane not in recent:
                recent[plane] = _run_extremes(values[plane], reach_j, reach_i, extreme, neutral)
        recent.pop(k - reach_k - 1, None)
        for dk, dj, half in runs:
            if 0 <= k + dk < depth:
                source = recent[k + dk][half][reach_j + dj : reach_j + dj + height]
                extreme(result[k], source, out=result[k])
    return result


def _run_extremes(plane: np.ndarray, reach_j: int, reach_i: int, extreme: np.ufunc, neutral: int) -> list[np.ndarray]:
    """Extremes of a plane over runs of half length 0, 1, …, ``reach_i`` along i; rows padded by ``reach_j``."""
    height, width = plane.shape
    padded = np.full((height + 2 * reach_j, width + 2 * reach_i), neutral, dtype=plane.dtype)
    padded[reach_j : reach_j + height, reach_i : reach_i + width] = plane
    runs = [padded]
    for half in range(1, reach_i + 1):
        last, wider = runs[-1], np.full_like(padded, neutral)
        extreme(last[:, :-2], last[:, 2:], out=wider[:, 1:-1])
        if half == 1:  # from half length 2 on, the two shifted runs overlap in the middle
            extreme(wider, padded, out=wider)
        runs.append(wider)
    return [run[:, reach_i : reach_i + width] for run in runs]


def band_limits(
    values: np.ndarray, domain: np.ndarray, runs: np.ndarray, mode: BandMode
) -> tuple[np.ndarray, np.ndarray]:
    """For every voxel the half-open range of thresholds in whose band it lies.

    A voxel belongs to the band of the region ``values > t`` exactly when ``low <= t < high``.

    Parameters
    ----------
    values, domain, runs
        As for :func:`extremes_over_ball`.
    mode : BandMode
        Symmetric: from the ball's minimum to its maximum; inner: from the minimum to the voxel's own value;
        outer: from its own value to the maximum.

    Returns
    -------
    tuple of numpy.ndarray
        ``low`` and ``high``, same shape and type as ``values``.
    """
    smallest, largest = extremes_over_ball(values, domain, runs)
    if mode is BandMode.INNER:
        return smallest, values
    if mode is BandMode.OUTER:
        return values, largest
    return smallest, largest


def boundary_band(region: np.ndarray, liver: np.ndarray, runs: np.ndarray, mode: BandMode) -> np.ndarray:
    """Voxels of the liver in the band along the region's boundary with the rest of the liver.

    Parameters
    ----------
    region, liver : numpy.ndarray of bool, shape (k, j, i)
        Only the part of the region inside the liver counts.
    runs : numpy.ndarray
        From :func:`ball_runs`.
    mode : BandMode
        Which side of the boundary.

    Returns
    -------
    numpy.ndarray of bool
        Empty where the region is empty or fills the liver.

    References
    ----------
    Cheng B et al., Boundary IoU, CVPR 2021, arXiv:2103.16562 (the inner band, in pixels).
    """
    low, high = band_limits((region & liver).astype(np.uint8), liver, runs, mode)
    return (low == 0) & (high == 1) & liver
