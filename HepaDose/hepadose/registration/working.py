"""Common ground for images of different scanners: isotropic grids along LPS, signed distances, what the scan covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, bounding_box, resample

if TYPE_CHECKING:
    import SimpleITK as sitk

AIR_HU = -1000.0
SOFT_TISSUE_HU = (-100.0, 220.0)
"""Fat to well-enhanced vessels; bone, gas and lung beyond it carry no information about the liver."""
FAR_MM = 30.0
"""Signed distances are exact up to here."""


def working_grid(mask: Image, margin_mm: float, spacing_mm: float) -> Image:
    """An empty isotropic grid with axes along LPS around a mask.

    Parameters
    ----------
    mask : Image
        Boolean; any orientation.
    margin_mm : float
        How far the grid reaches beyond the mask.
    spacing_mm : float
        Voxel size.

    Raises
    ------
    EmptyRegionError
        If the mask is empty.
    """
    box = bounding_box(mask.array)
    if box is None:
        raise EmptyRegionError("The liver contour contains no voxel; check the structure and its planes.")
    corners = np.array([[box[2 - axis].start, box[2 - axis].stop - 1] for axis in range(3)], dtype=float)
    points = mask.ijk_to_points(np.stack(np.meshgrid(*corners, indexing="ij"), -1).reshape(-1, 3))
    return _grid_between(points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm, spacing_mm)


def whole_grid(image: Image, spacing_mm: float) -> Image:
    """An empty isotropic grid with axes along LPS around a whole image."""
    last = np.asarray(image.shape[::-1]) - 1.0
    points = image.ijk_to_points(np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * last)
    return _grid_between(points.min(axis=0), points.max(axis=0), spacing_mm)


def onto_working_grid(image: Image, grid: Image, transform: sitk.Transform | None = None) -> Image:
    """Clipped HU on a working grid, smoothed to its voxel size first so that noise is averaged, not aliased.

    Parameters
    ----------
    image : Image
        CT in HU.
    grid : Image
        The working grid.
    transform : SimpleITK.Transform, optional
        Takes points of ``grid`` to points of ``image``.
    """
    clipped = image.with_array(np.clip(image.array, *SOFT_TISSUE_HU).astype(np.float32))
    return resample(_smoothed(clipped, grid.spacing_mm[0]), grid, transform, outside=SOFT_TISSUE_HU[0])


def covered(image: Image, grid: Image, transform: sitk.Transform | None = None, rim_mm: float = 6.0) -> np.ndarray:
    """Which voxels of a working grid the scan covers, a rim at its border excluded; boolean, shape of ``grid``."""
    inside = np.zeros(image.shape, dtype=np.float32)
    rim = [min(int(np.ceil(rim_mm / s)), (n - 1) // 2) for n, s in zip(image.shape, image.spacing_kji_mm, strict=True)]
    inside[tuple(slice(r, n - r) for r, n in zip(rim, image.shape, strict=True))] = 1.0
    return resample(image.with_array(inside), grid, transform).array > 0.5


def signed_distance(mask: Image, reach_mm: float = FAR_MM) -> Image:
    """Distance to the surface of a mask in mm, negative inside, on the mask's grid cropped around it.

    The surface lies halfway between inner and outer voxel centers. Where the mask touches the border of the image it
    is taken to go on beyond it: a scan that ends in the liver does not make a capsule there.

    Parameters
    ----------
    mask : Image
        Boolean.
    reach_mm : float
        Margin of the crop around the mask.

    Raises
    ------
    EmptyRegionError
        If the mask is empty.
    """
    margin = tuple(int(np.ceil(reach_mm / s)) for s in mask.spacing_kji_mm)
    box = bounding_box(mask.array, margin)
    if box is None:
        raise EmptyRegionError("The liver contour contains no voxel; check the structure and its planes.")
    tight = bounding_box(mask.array)
    before = [m - (t.start - b.start) for m, t, b in zip(margin, tight, box, strict=True)]
    after = [m - (b.stop - t.stop) for m, t, b in zip(margin, tight, box, strict=True)]
    cropped = mask.cropped(box)
    padded = np.pad(cropped.array, list(zip(before, after, strict=True)), mode="edge")
    origin = cropped.ijk_to_points([-before[2], -before[1], -before[0]])
    grid = Image(padded, mask.spacing_mm, tuple(origin), mask.direction)
    return grid.with_array((_maurer(grid) - _maurer(grid.with_array(~padded))) / 2.0)


def _maurer(mask: Image) -> np.ndarray:
    """Signed distance to the centers of the boundary voxels of a mask."""
    import SimpleITK as sitk

    if mask.array.all():
        return np.full(mask.shape, -FAR_MM, dtype=np.float32)
    distance = sitk.SignedMaurerDistanceMap(mask.to_sitk(), False, False, True)
    return np.nan_to_num(sitk.GetArrayFromImage(distance), posinf=FAR_MM, neginf=-FAR_MM)


def distance_onto(distance: Image, grid: Image, transform: sitk.Transform | None = None) -> np.ndarray:
    """A signed distance on another grid; far outside it is :data:`FAR_MM`."""
    return resample(distance, grid, transform, outside=FAR_MM).array


def _grid_between(low_lps: np.ndarray, high_lps: np.ndarray, spacing_mm: float) -> Image:
    size_ijk = np.ceil((high_lps - low_lps) / spacing_mm).astype(int) + 1
    return Image(np.zeros(size_ijk[::-1], dtype=np.float32), (spacing_mm,) * 3, tuple(low_lps))


def _smoothed(image: Image, spacing_mm: float) -> Image:
    from scipy import ndimage

    # A voxel that is already as large as the target needs no smoothing; a small one about half the target's size.
    sigmas = [0.5 * np.sqrt(max(spacing_mm**2 - s**2, 0.0)) / s for s in image.spacing_kji_mm]
    return image.with_array(ndimage.gaussian_filter(image.array, sigmas, mode="nearest", truncate=3.0))


def crop_around(image: Image, points_lps: np.ndarray, margin_mm: float) -> Image:
    """The part of an image around some points; the whole image where none of it lies near them."""
    ijk = image.lps_to_ijk(points_lps)
    margin = margin_mm / np.asarray(image.spacing_mm)
    low = np.maximum(np.floor(ijk.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(ijk.max(axis=0) + margin) + 1, image.shape[::-1]).astype(int)
    if np.any(high - low < 2):
        return image
    return image.cropped(tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True)))


def corner_points(grid: Image, transform: sitk.Transform | None = None) -> np.ndarray:
    """The eight corners of a grid in LPS mm, seen through a transform; shape (8, 3)."""
    last = np.asarray(grid.shape[::-1]) - 1.0
    corners = grid.ijk_to_points(np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * last)
    if transform is None:
        return corners
    return np.array([transform.TransformPoint([float(v) for v in point]) for point in corners])
