"""Distances between the surfaces of two masks in mm.

A surface is the set of boundary voxel centers: voxels of the mask with a face neighbor outside it, where everything
beyond the image counts as outside. Distances run from each voxel center of one surface to the nearest center of the
other. Three conventions of the symmetric mean and of the 95th percentile are in use; all are kept, by name. This file
knows nothing of doses: whoever needs part of a surface only (the liver capsule excluded) passes its own voxel set to
:func:`distances_between`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import GeometryMismatchError
from hepadose.images import bounding_box

_NAN = float("nan")


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between two surfaces in mm; all NaN where a surface is empty.

    Percentiles follow numpy's "linear" definition.
    """

    mean_mm: float
    """Average symmetric surface distance (ASSD), pooled over the points of both surfaces."""
    a_to_b_mm: float
    """Mean distance from surface A to surface B."""
    b_to_a_mm: float
    """Mean distance from surface B to surface A."""
    hd_mm: float
    """Hausdorff distance: the larger of both directed maxima."""
    hd95_mm: float
    """The larger of both directed 95th percentiles (the default convention)."""
    hd95_pooled_mm: float
    """95th percentile of the distances of both directions together."""
    hd95_mean_mm: float
    """Mean of both directed 95th percentiles."""
    points_a: int
    """Number of boundary voxels of A."""
    points_b: int
    """Number of boundary voxels of B."""

    @property
    def mean_of_means_mm(self) -> float:
        """The other convention of the symmetric mean: the average of both directed means."""
        return (self.a_to_b_mm + self.b_to_a_mm) / 2.0


def boundary_voxels(mask: np.ndarray) -> np.ndarray:
    """The inner boundary of a mask: its voxels with at least one of six face neighbors outside.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
        Voxels beyond the image border count as outside.

    Returns
    -------
    numpy.ndarray of bool, same shape
        Empty where the mask is.

    Examples
    --------
    >>> int(boundary_voxels(np.ones((3, 3, 3), bool)).sum())
    26
    """
    mask = np.asarray(mask, dtype=bool)
    boundary = np.zeros_like(mask)
    box = bounding_box(mask)
    if box is None:
        return boundary
    padded = np.pad(mask[box], 1)
    interior = padded[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        inner = [slice(1, -1)] * 3
        for side in (slice(0, -2), slice(2, None)):
            interior &= padded[(*inner[:axis], side, *inner[axis + 1 :])]
    boundary[box] = mask[box] & ~interior
    return boundary


def surface_distances(a: np.ndarray, b: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> SurfaceDistances:
    """Distances between the surfaces of two masks.

    Parameters
    ----------
    a, b : numpy.ndarray of bool, shape (k, j, i)
        Test and reference mask on one grid.
    spacing_kji_mm : tuple of 3 float
        Distance between voxel centers along k, j, i in mm.

    Returns
    -------
    SurfaceDistances
        All NaN where a mask is empty.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.

    References
    ----------
    Heimann et al., IEEE Trans Med Imaging 28 (2009) 1251–1265, doi:10.1109/TMI.2009.2013851.

    Examples
    --------
    >>> a = np.zeros((4, 4, 9), bool); a[:, :, 2:5] = True
    >>> b = np.zeros((4, 4, 9), bool); b[:, :, 2:8] = True
    >>> surface_distances(a, b, (1.0, 1.0, 0.5)).hd_mm
    1.5
    """
    return distances_between(boundary_voxels(a), boundary_voxels(b), spacing_kji_mm)


def distances_between(
    points_a: np.ndarray, points_b: np.ndarray, spacing_kji_mm: tuple[float, float, float]
) -> SurfaceDistances:
    """Distances between two sets of voxels, for surfaces of which only a part is of interest.

    Parameters
    ----------
    points_a, points_b : numpy.ndarray of bool, shape (k, j, i)
        True at the voxels whose centers form the surface, as from :func:`boundary_voxels`.
    spacing_kji_mm : tuple of 3 float
        Distance between voxel centers along k, j, i in mm.

    Returns
    -------
    SurfaceDistances
        All NaN where a set is empty.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.
    """
    if np.shape(points_a) != np.shape(points_b):
        raise GeometryMismatchError(
            f"Surfaces of one grid are compared, got shapes {np.shape(points_a)} and {np.shape(points_b)}."
        )
    centers_a = np.argwhere(points_a) * np.asarray(spacing_kji_mm, dtype=float)
    centers_b = np.argwhere(points_b) * np.asarray(spacing_kji_mm, dtype=float)
    if not len(centers_a) or not len(centers_b):
        return SurfaceDistances(*[_NAN] * 7, points_a=len(centers_a), points_b=len(centers_b))
    return summarize_distances(_nearest_mm(centers_a, centers_b), _nearest_mm(centers_b, centers_a))


def _nearest_mm(centers: np.ndarray, others: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    # A tree over surface points is several times faster than a distance transform of the whole box.
    return cKDTree(others, balanced_tree=False, compact_nodes=False).query(centers)[0]


def summarize_distances(a_to_b: np.ndarray, b_to_a: np.ndarray) -> SurfaceDistances:
    """All conventions of mean and maximum from the directed nearest distances in mm; neither may be empty.

    Parameters
    ----------
    a_to_b, b_to_a : numpy.ndarray, shape (n,)
        Distances in mm from each point of one surface to the nearest of the other.

    Returns
    -------
    SurfaceDistances
    """
    pooled = np.concatenate([a_to_b, b_to_a])
    p95_a, p95_b = float(np.percentile(a_to_b, 95)), float(np.percentile(b_to_a, 95))
    return SurfaceDistances(
        mean_mm=float(pooled.mean()),
        a_to_b_mm=float(a_to_b.mean()),
        b_to_a_mm=float(b_to_a.mean()),
        hd_mm=float(pooled.max()),
        hd95_mm=max(p95_a, p95_b),
        hd95_pooled_mm=float(np.percentile(pooled, 95)),
        hd95_mean_mm=(p95_a + p95_b) / 2.0,
        points_a=len(a_to_b),
        points_b=len(b_to_a),
    )
