"""One image type for the whole library: an array with its place in the patient.

Arrays are indexed ``[k, j, i]``: ``k`` runs over slices, ``j`` over rows (column direction), ``i`` over columns
(row direction). Spacing, origin and direction are given in the order ``(i, j, k)`` as SimpleITK and DICOM give
them, in millimetres and in DICOM's LPS patient frame (x to the patient's Left, y Posterior, z Superior).
RAS exists only in :mod:`hepadose.mrml`. This module knows nothing of DICOM, dose or viewers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import GeometryMismatchError

if TYPE_CHECKING:
    import SimpleITK as sitk

GEOMETRY_TOLERANCE_MM = 1e-3
"""Two grids count as the same when no voxel center differs by more than this."""


@dataclass(frozen=True, eq=False)
class Image:
    """A 3-D image or mask on a regular grid.

    Parameters
    ----------
    array : numpy.ndarray, shape (k, j, i)
        Voxel values; masks are boolean.
    spacing_mm : tuple of 3 float
        Distance between voxel centers along i, j, k in mm; positive.
    origin_lps : tuple of 3 float
        Position of the center of voxel ``[0, 0, 0]`` in mm, LPS.
    direction : numpy.ndarray, shape (3, 3)
        Columns are the unit vectors of i, j and k in LPS.

    Raises
    ------
    GeometryMismatchError
        If the array is not 3-D, a spacing is not positive or the direction is not orthonormal.
    """

    array: np.ndarray
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        spacing_mm = tuple(float(value) for value in self.spacing_mm)
        direction = np.asarray(self.direction, dtype=float).reshape(3, 3)
        if array.ndim != 3:
            raise GeometryMismatchError(f"An image needs 3 dimensions [k, j, i], got shape {array.shape}.")
        if min(spacing_mm) <= 0 or not np.all(np.isfinite(spacing_mm)):
            raise GeometryMismatchError(f"Voxel spacing must be positive, got {spacing_mm} mm.")
        if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
            raise GeometryMismatchError(
                f"Image axes must be orthogonal unit vectors, got {direction.tolist()}; "
                "a sheared (gantry-tilted) series must be resampled first."
            )
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "spacing_mm", spacing_mm)
        object.__setattr__(self, "origin_lps", tuple(float(value) for value in self.origin_lps))
        object.__setattr__(self, "direction", direction)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along k, j, i."""
        return self.array.shape

    @property
    def spacing_kji_mm(self) -> tuple[float, float, float]:
        """Spacing in array order (k, j, i), as scipy's ``sampling`` arguments want it."""
        return self.spacing_mm[::-1]

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in ml (cm³)."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    @property
    def ijk_to_lps(self) -> np.ndarray:
        """The 4×4 matrix that takes ``(i, j, k, 1)`` to LPS millimetres."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing_mm)
        matrix[:3, 3] = self.origin_lps
        return matrix

    def lps_to_ijk(self, points_lps: np.ndarray) -> np.ndarray:
        """Continuous voxel indices (i, j, k) of points in LPS mm; shape (..., 3) in and out."""
        offsets = np.asarray(points_lps, dtype=float) - np.asarray(self.origin_lps)
        return (offsets @ self.direction) / np.asarray(self.spacing_mm)

    def ijk_to_points(self, indices_ijk: np.ndarray) -> np.ndarray:
        """LPS millimetres of (continuous) voxel indices (i, j, k); shape (..., 3) in and out."""
        return (np.asarray(indices_ijk, dtype=float) * np.asarray(self.spacing_mm)) @ self.direction.T + np.asarray(
            self.origin_lps
        )

    def with_array(self, array: np.ndarray) -> Image:
        """The same grid with other voxel values.

        Raises
        ------
        GeometryMismatchError
            If the new array has another shape.
        """
        if np.shape(array) != self.shape:
            raise GeometryMismatchError(f"The grid has shape {self.shape} [k, j, i], the new array {np.shape(array)}.")
        return replace(self, array=array)

    def volume_ml(self) -> float:
        """Volume of the non-zero voxels in ml; 0 for an empty mask."""
        return int(np.count_nonzero(self.array)) * self.voxel_volume_ml

    def same_grid_as(self, other: Image, tolerance_mm: float = GEOMETRY_TOLERANCE_MM) -> bool:
        """Whether every voxel center of both images lies at the same place (within ``tolerance_mm``)."""
        if self.shape != other.shape:
            return False
        last = np.asarray(self.shape[::-1]) - 1.0
        corners = np.array([[i, j, k] for i in (0.0, 1.0) for j in (0.0, 1.0) for k in (0.0, 1.0)]) * last
        gap_mm = np.abs(self.ijk_to_points(corners) - other.ijk_to_points(corners)).max()
        return bool(gap_mm <= tolerance_mm)

    def cropped(self, box: tuple[slice, slice, slice]) -> Image:
        """The part inside a ``[k, j, i]`` box of slices with explicit, non-negative starts."""
        start_ijk = [box[2].start, box[1].start, box[0].start]
        return replace(self, array=self.array[box], origin_lps=tuple(self.ijk_to_points(start_ijk)))

    def describe_grid(self) -> str:
        """The grid in words, for messages and reports."""
        spacing = " × ".join(f"{value:.3g}" for value in self.spacing_mm)
        size = " × ".join(str(value) for value in self.shape[::-1])
        return f"{size} voxels of {spacing} mm"

    def to_sitk(self) -> sitk.Image:
        """The same image for SimpleITK; masks become 8-bit."""
        import SimpleITK as sitk

        array = self.array.astype(np.uint8) if self.array.dtype == bool else np.ascontiguousarray(self.array)
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.spacing_mm)
        image.SetOrigin(self.origin_lps)
        image.SetDirection(self.direction.ravel().tolist())
        return image

    @classmethod
    def from_sitk(cls, image: sitk.Image) -> Image:
        """An :class:`Image` from a 3-D SimpleITK image (which is LPS as well)."""
        import SimpleITK as sitk

        return cls(
            array=sitk.GetArrayFromImage(image),
            spacing_mm=image.GetSpacing(),
            origin_lps=image.GetOrigin(),
            direction=np.array(image.GetDirection()).reshape(3, 3),
        )


def require_same_grid(**images: Image) -> None:
    """Refuse images that do not share one grid.

    Parameters
    ----------
    **images : Image
        The images by the name the user knows them by; the first one is the reference.

    Raises
    ------
    GeometryMismatchError
        Naming both images and both grids.
    """
    (first_name, first), *others = images.items()
    for name, image in others:
        if not first.same_grid_as(image):
            raise GeometryMismatchError(
                f"{first_name} and {name} are on different grids: {first.describe_grid()} at "
                f"{_rounded(first.origin_lps)} mm against {image.describe_grid()} at {_rounded(image.origin_lps)} mm; "
                "resample one onto the other."
            )


def _rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(value, 2) for value in values)


def resample(
    image: Image,
    onto: Image,
    transform: sitk.Transform | None = None,
    *,
    outside: float = 0.0,
    nearest: bool = False,
) -> Image:
    """Sample an image at the voxel centers of another grid.

    Parameters
    ----------
    image : Image
        What is sampled; boolean masks stay boolean and are always sampled by nearest neighbor.
    onto : Image
        The grid of the result.
    transform : SimpleITK.Transform, optional
        Takes points of ``onto`` (LPS mm) to points of ``image``; identity if omitted.
    outside : float
        Value where ``image`` has no voxel.
    nearest : bool
        Nearest neighbor instead of linear interpolation.

    Returns
    -------
    Image
        On the grid of ``onto``; floating-point input gives 32-bit floats.
    """
    import SimpleITK as sitk

    is_mask = image.array.dtype == bool
    source = image.to_sitk() if is_mask else sitk.Cast(image.to_sitk(), sitk.sitkFloat32)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(onto.shape[::-1])
    resampler.SetOutputSpacing(onto.spacing_mm)
    resampler.SetOutputOrigin(onto.origin_lps)
    resampler.SetOutputDirection(onto.direction.ravel().tolist())
    resampler.SetInterpolator(sitk.sitkNearestNeighbor if nearest or is_mask else sitk.sitkLinear)
    resampler.SetDefaultPixelValue(float(outside))
    if transform is not None:
        resampler.SetTransform(transform)
    array = sitk.GetArrayFromImage(resampler.Execute(source))
    return onto.with_array(array.astype(bool) if is_mask else array)


def bounding_box(mask: np.ndarray, margin: tuple[int, int, int] = (0, 0, 0)) -> tuple[slice, slice, slice] | None:
    """The smallest ``[k, j, i]`` box around the non-zero voxels, grown by a margin and clipped to the array.

    Returns
    -------
    tuple of slice or None
        None where the mask is empty.

    Examples
    --------
    >>> mask = np.zeros((4, 5, 6), bool); mask[1, 2, 3] = True
    >>> bounding_box(mask, (0, 1, 1))
    (slice(1, 2, None), slice(1, 4, None), slice(2, 5, None))
    """
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(mask.any(axis=others))
        if not hits.size:
            return None
        start = max(int(hits[0]) - margin[axis], 0)
        box.append(slice(start, min(int(hits[-1]) + 1 + margin[axis], mask.shape[axis])))
    return tuple(box)
