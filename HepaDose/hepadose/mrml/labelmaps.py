"""A segment's stored voxels without copying or resampling, for code that runs at every brush stroke.

Segments may share one labelmap, lie anywhere in it and reach beyond the volume they were drawn on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image, bounding_box
from hepadose.mrml.images import image_on_matrix, numpy_matrix, swap_lps_ras, voxel_view, vtk_matrix

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkOrientedImageData

BINARY_LABELMAP = "Binary labelmap"
"""Slicer's name of the representation as voxels."""
ALIGNMENT_TOLERANCE_VOXELS = 0.05
"""Below this the nearest voxel is the same one, whatever digits a file format dropped."""


@dataclass(frozen=True, eq=False)
class StoredVoxels:
    """Where a segment's voxels lie in memory.

    ``labels`` is a view of the labelmap, shared with VTK and perhaps with other segments: never write to it.
    """

    labels: np.ndarray
    """Labels [k, j, i]; the segment's voxels hold ``label``."""
    label: int
    ijk_to_ras: np.ndarray
    """4×4 matrix of the view's indices to RAS mm."""
    modified: int
    """VTK's modification time of the labelmap; changes also where another segment shares it."""

    def mask(self) -> Image:
        """The segment on the labelmap's own grid, cut to its bounding box; one voxel, False, where it is empty."""
        whole = image_on_matrix(self.labels == self.label, self.ijk_to_ras)
        box = bounding_box(whole.array) or (slice(0, 1),) * 3
        return whole.cropped(box)

    def voxel_count(self) -> int:
        """Number of the segment's voxels."""
        return int(np.count_nonzero(self.labels == self.label))

    def on_grid(self, grid: Image) -> np.ndarray | None:
        """The segment on a grid whose voxel centers are the labelmap's own; None where they are not."""
        offset = self._offset_ijk(grid)
        if offset is None:
            return None
        mask = np.zeros(grid.shape, dtype=bool)
        here, there = _common_part(offset[::-1], self.labels.shape, grid.shape)
        np.equal(self.labels[here], self.label, out=mask[there])
        return mask

    def _offset_ijk(self, grid: Image) -> np.ndarray | None:
        """Index in the grid of the view's first voxel, where both grids have the same voxels."""
        to_grid = np.linalg.inv(swap_lps_ras(grid.ijk_to_lps)) @ self.ijk_to_ras
        last = np.array(self.labels.shape[::-1]) - 1.0
        corners = np.array([[i, j, k] for i in (0.0, 1.0) for j in (0.0, 1.0) for k in (0.0, 1.0)]) * last
        placed = corners @ to_grid[:3, :3].T + to_grid[:3, 3]
        offset = np.round(to_grid[:3, 3])
        if np.abs(placed - corners - offset).max() > ALIGNMENT_TOLERANCE_VOXELS:
            return None
        return offset.astype(int)


def _common_part(
    offset_kji: np.ndarray, shape: tuple[int, ...], grid_shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where an array at an offset in a grid overlaps it: slices of the array and of the grid."""
    here, there = [], []
    for offset, size, available in zip(offset_kji.tolist(), shape, grid_shape, strict=True):
        start, stop = max(offset, 0), max(min(offset + size, available), max(offset, 0))
        there.append(slice(start, stop))
        here.append(slice(start - offset, stop - offset))
    return tuple(here), tuple(there)


def stored_voxels(node: vtkMRMLSegmentationNode, segment_id: str) -> StoredVoxels | None:
    """The voxels of a segment that is stored as a labelmap; None where it is empty or stored otherwise."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    image = segment.GetRepresentation(BINARY_LABELMAP)
    if image is None or image.IsEmpty() or image.GetPointData().GetScalars() is None:
        return None
    return StoredVoxels(voxel_view(image), int(segment.GetLabelValue()), ijk_to_ras(image), image.GetMTime())


def ijk_to_ras(image: vtkOrientedImageData) -> np.ndarray:
    """4×4 matrix from the indices of a labelmap's array to RAS mm; its extent need not start at 0."""
    matrix = vtk_matrix()
    image.GetImageToWorldMatrix(matrix)
    to_ras = numpy_matrix(matrix)
    to_ras[:3, 3] += to_ras[:3, :3] @ np.array(image.GetExtent()[::2], dtype=float)
    return to_ras
