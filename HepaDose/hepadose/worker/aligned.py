"""Planning CT, dose and liver brought onto the whole follow-up CT, exact where the analysis looks.

A B-spline costs time for every voxel, a displacement field next to none. Around the liver each voxel goes through the
transform itself, so that the numbers are those of every other door; the rest, which is only looked at, goes through
the transform's displacements at every few millimeters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image, bounding_box, resample
from hepadose.registration import propagate_mask

if TYPE_CHECKING:
    import SimpleITK as sitk

EXACT_MARGIN_MM = 30.0
"""How far around the liver the transform itself is used; the unattended run keeps as much."""

AIR_HU = -1000.0
_FIELD_SPACING_MM = 4.0
_SEARCH_MARGIN_MM = 12.0

Box = tuple[slice, slice, slice]


class AlignedGrid:
    """The follow-up CT's grid, seen through a registration.

    Parameters
    ----------
    grid : Image
        The follow-up CT.
    transform : SimpleITK.Transform
        Takes its points (LPS mm) to points of the planning CT.
    """

    def __init__(self, grid: Image, transform: sitk.Transform) -> None:
        self._grid, self._transform = grid, transform
        self._linear = transform.IsLinear()
        self._field = None if self._linear else _displacements(grid, transform)
        self.box: Box = tuple(slice(0, size) for size in grid.shape)
        """Where the transform itself is used."""

    def liver(self, planning_liver: Image) -> Image:
        """The planning liver on the whole grid, through the transform itself."""
        if self._linear:
            return propagate_mask(planning_liver, self._grid, self._transform)
        # Where it lies is looked for first: far from it nothing needs to be computed.
        coarse = _coarse(self._grid, _FIELD_SPACING_MM)
        rough = propagate_mask(planning_liver, coarse, self._field)
        found = self._box_around(rough, _SEARCH_MARGIN_MM)
        array = np.zeros(self._grid.shape, bool)
        if found is not None:
            array[found] = propagate_mask(planning_liver, self._grid.cropped(found), self._transform).array
        return self._grid.with_array(array)

    def look_around(self, liver: Image) -> None:
        """Use the transform itself around a liver only."""
        self.box = self._box_around(liver, EXACT_MARGIN_MM) or self.box

    def resampled(self, image: Image, outside: float) -> Image:
        """An image of the planning CT's space on the whole grid."""
        if self._linear:
            return resample(image, self._grid, self._transform, outside=outside)
        whole = resample(image, self._grid, self._field, outside=outside)
        whole.array[self.box] = resample(image, self._grid.cropped(self.box), self._transform, outside=outside).array
        return whole

    def _box_around(self, mask: Image, margin_mm: float) -> Box | None:
        """The box of this grid around a mask that lies on any grid with the same axes."""
        margin = tuple(int(np.ceil(margin_mm / spacing)) for spacing in mask.spacing_kji_mm)
        found = bounding_box(mask.array, margin)
        if found is None or mask.same_grid_as(self._grid):
            return found
        ends_ijk = np.array([[axis.start, axis.stop - 1] for axis in found[::-1]], dtype=float).T
        here = self._grid.lps_to_ijk(mask.ijk_to_points(ends_ijk))
        low = np.maximum(np.floor(here[0]), 0).astype(int)
        high = np.minimum(np.ceil(here[1]) + 1, self._grid.shape[::-1]).astype(int)
        if (high <= low).any():
            return None
        return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))


def _coarse(grid: Image, spacing_mm: float) -> Image:
    """A grid with the same axes and first voxel that reaches over the whole of it, with wider spacing."""
    steps = [max(spacing_mm / s, 1.0) for s in grid.spacing_kji_mm]
    shape = tuple(int(np.ceil((n - 1) / step)) + 1 for n, step in zip(grid.shape, steps, strict=True))
    spacing = tuple(s * step for s, step in zip(grid.spacing_kji_mm, steps, strict=True))[::-1]
    return Image(np.zeros(shape, np.uint8), spacing, grid.origin_lps, grid.direction)


def _displacements(grid: Image, transform: sitk.Transform) -> sitk.Transform:
    """The transform as displacements at every few millimeters of a grid."""
    import SimpleITK as sitk

    coarse = _coarse(grid, _FIELD_SPACING_MM)
    field = sitk.TransformToDisplacementField(
        transform,
        sitk.sitkVectorFloat64,
        coarse.shape[::-1],
        coarse.origin_lps,
        coarse.spacing_mm,
        coarse.direction.ravel().tolist(),
    )
    return sitk.DisplacementFieldTransform(field)
