"""Fill contours on a grid whose slices cut across the contours' planes (other orientation, tilted CT).

Every voxel takes the plane of contours nearest to its center and asks whether its center, projected onto that plane,
lies inside: the same rule as for parallel slices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hepadose.dicom.contour_planes import group_planes, plane_spacing
from hepadose.dicom.rtstruct import Contour
from hepadose.dicom.scanline import fill_even_odd
from hepadose.errors import GeometryMismatchError
from hepadose.findings import Finding, warning
from hepadose.images import Image

FINE_PART = 0.125
"""Planes are filled on pixels of this part of the grid's smallest spacing, then looked up: at most 1/16 voxel off."""
FLAT_MM = 0.5
"""Contours may leave their common plane by this much, as files round coordinates."""


def fill_across(contours: Sequence[Contour], grid: Image, subject: str) -> tuple[Image, list[Finding]]:
    """Fill parallel contours of any orientation on a grid.

    Parameters
    ----------
    contours : sequence of Contour
        Closed; parallel to each other.
    grid : Image
        The grid of the result.
    subject : str
        What the user calls the structure.

    Returns
    -------
    tuple of Image and list of Finding
        A boolean mask, and that the contours are not parallel to the slices.

    Raises
    ------
    GeometryMismatchError
        If the contours are not parallel to each other.
    """
    axes = _contour_axes(contours, grid)
    local_mm = [contour.points_lps @ axes for contour in contours]
    if max(np.ptp(points[:, 2]) for points in local_mm) > FLAT_MM:
        raise GeometryMismatchError(
            f"{subject}: its contours are parallel neither to the slices nor to each other; "
            "export it again drawn on one image series."
        )
    thickness_mm = float(np.abs(axes[:, 2] @ grid.direction) @ np.asarray(grid.spacing_mm))
    planes_mm, members = group_planes(np.array([np.median(points[:, 2]) for points in local_mm]), thickness_mm)
    half_mm = 0.5 * plane_spacing(planes_mm, thickness_mm)
    array = np.zeros(grid.shape, bool)
    box = _box(local_mm, axes, grid, half_mm)
    if box is not None:
        voxels_mm = _voxel_centers(grid, box) @ axes
        numbers = _nearest_plane(voxels_mm[..., 2], planes_mm, half_mm)
        for plane in range(len(planes_mm)):
            polygons = [local_mm[contour][:, :2] for contour in np.flatnonzero(members == plane)]
            here = numbers == plane
            array[box][here] = _inside(polygons, voxels_mm[here][:, :2], FINE_PART * min(grid.spacing_mm))
    text = "Its contours are not parallel to the slices: every voxel takes the contours of the nearest plane."
    return grid.with_array(array), [warning(subject, text)]


def _contour_axes(contours: Sequence[Contour], grid: Image) -> np.ndarray:
    """Row, column and normal direction of the plane of the longest contour."""
    points = max((contour.points_lps for contour in contours), key=len)
    normal = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][2]
    axis = grid.direction[:, np.argmin(np.abs(grid.direction.T @ normal))]
    row = axis - (axis @ normal) * normal
    row /= np.linalg.norm(row)
    return np.column_stack([row, np.cross(normal, row), normal])


def _box(
    local_mm: Sequence[np.ndarray], axes: np.ndarray, grid: Image, half_mm: float
) -> tuple[slice, slice, slice] | None:
    """The part of the grid that the contours and their half planes reach, or None."""
    points, half = np.concatenate(local_mm), np.array([0.0, 0.0, half_mm])
    reach = np.concatenate([points + half, points - half]) @ axes.T
    indices = grid.lps_to_ijk(reach)[:, ::-1]
    low = np.maximum(np.floor(indices.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(indices.max(axis=0)) + 1, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)) if (low < high).all() else None


def _voxel_centers(grid: Image, box: tuple[slice, slice, slice]) -> np.ndarray:
    """Centers of the voxels of a box in LPS mm, shape (k, j, i, 3)."""
    k, j, i = np.meshgrid(*(np.arange(part.start, part.stop) for part in box), indexing="ij")
    return grid.ijk_to_points(np.stack([i, j, k], axis=-1))


def _nearest_plane(along_mm: np.ndarray, planes_mm: np.ndarray, half_mm: float) -> np.ndarray:
    """Number of the plane nearest to each position, -1 where none is within half a plane spacing."""
    upper = np.clip(np.searchsorted(planes_mm, along_mm), 1, max(len(planes_mm) - 1, 1))
    upper = np.minimum(upper, len(planes_mm) - 1)
    lower = np.maximum(upper - 1, 0)
    nearest = np.where(planes_mm[upper] - along_mm <= along_mm - planes_mm[lower], upper, lower)
    offset_mm = np.round(along_mm - planes_mm[nearest], 3)
    return np.where((offset_mm >= -half_mm) & (offset_mm < half_mm), nearest, -1)


def _inside(polygons: Sequence[np.ndarray], points_mm: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Whether points of a plane lie inside an odd number of polygons, looked up on fine pixels."""
    corners = np.concatenate(polygons)
    first_mm = corners.min(axis=0) - 0.5 * pixel_mm
    size = np.ceil((corners.max(axis=0) - first_mm) / pixel_mm).astype(int) + 1
    fine = fill_even_odd([(polygon - first_mm) / pixel_mm for polygon in polygons], (size[1], size[0]))
    i, j = np.rint((points_mm - first_mm) / pixel_mm).astype(int).T
    there = (i >= 0) & (i < size[0]) & (j >= 0) & (j < size[1])
    return there & fine[np.clip(j, 0, size[1] - 1), np.clip(i, 0, size[0] - 1)]
