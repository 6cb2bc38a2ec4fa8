"""Masks from and to segmentation nodes; segments may overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import AmbiguousInputError, EmptyRegionError, MissingInputError
from hepadose.images import Image, bounding_box, require_same_grid
from hepadose.mrml.images import (
    from_vtk_image,
    image_on_matrix,
    require_hardened,
    swap_lps_ras,
    to_vtk_image,
    vtk_matrix,
)
from hepadose.mrml.labelmaps import BINARY_LABELMAP, ijk_to_ras, stored_voxels
from hepadose.mrml.nodes import new_node

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLSegmentationNode, vtkMRMLVolumeNode, vtkOrientedImageData

ORIGIN_TAG = "HepaDose.Origin"
VOLUME_TAG = "HepaDose.VolumeMl"


@dataclass(frozen=True, eq=False)
class SegmentMask:
    """A mask as it becomes a segment.

    Parameters
    ----------
    name : str
        What the user sees.
    mask : Image
        Boolean.
    color : tuple of 3 float
        Red, green, blue from 0 to 1.
    origin : str
        Where the mask came from, kept with the segment.
    terminology : str
        Slicer's terminology entry; empty keeps Slicer's default.
    outline_only : bool
        Show no filling in slice views.
    outline_opacity : float
        Opacity of the outline in slice views, 0 to 1.
    visible : bool
        Whether it is shown at first.
    """

    name: str
    mask: Image
    color: tuple[float, float, float]
    origin: str = ""
    terminology: str = ""
    outline_only: bool = False
    outline_opacity: float = 1.0
    visible: bool = True


def masks_to_segmentation_node(
    scene: vtkMRMLScene, masks: Sequence[SegmentMask], reference: vtkMRMLVolumeNode, name: str
) -> vtkMRMLSegmentationNode:
    """A new segmentation node with one binary-labelmap segment per mask, in the given order.

    Parameters
    ----------
    scene : vtkMRMLScene
        Where the node is added.
    masks : sequence of SegmentMask
        On one grid; an empty mask gives an empty segment.
    reference : vtkMRMLVolumeNode
        The volume whose grid the segmentation refers to.
    name : str
        Name of the node.

    Raises
    ------
    GeometryMismatchError
        If the masks are on different grids.
    """
    require_same_grid(**{segment.name: segment.mask for segment in masks})
    node = new_node(scene, "vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(reference)
    for segment in masks:
        add_segment(node, segment)
    return node


def add_segment(node: vtkMRMLSegmentationNode, segment: SegmentMask, identifier: str = "") -> str:
    """Add one mask to a segmentation node and return the new segment's id; other segments stay as they are.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        Its display is set where it has one.
    segment : SegmentMask
        What is added.
    identifier : str
        Wanted id, which no segment of the node has; made by Slicer if omitted.
    """
    box = bounding_box(segment.mask.array)
    if box is None:
        identifier = node.GetSegmentation().AddEmptySegment(identifier, segment.name, segment.color)
    else:
        labelmap = to_oriented_image(segment.mask.cropped(box))
        identifier = _add_labelmap(node, labelmap, segment, identifier)
    stored = node.GetSegmentation().GetSegment(identifier)
    stored.SetTag(VOLUME_TAG, repr(segment.mask.volume_ml()))
    if segment.origin:
        stored.SetTag(ORIGIN_TAG, segment.origin)
    if segment.terminology:
        stored.SetTag("TerminologyEntry", segment.terminology)
    display = node.GetDisplayNode()
    if display is None:
        return identifier
    display.SetSegmentVisibility(identifier, segment.visible)
    display.SetSegmentVisibility2DFill(identifier, not segment.outline_only)
    display.SetSegmentOpacity2DOutline(identifier, segment.outline_opacity)
    return identifier


def _add_labelmap(
    node: vtkMRMLSegmentationNode, labelmap: vtkOrientedImageData, segment: SegmentMask, identifier: str
) -> str:
    from slicer import vtkSegment

    stored = vtkSegment()
    stored.SetName(segment.name)
    stored.SetColor(*segment.color)
    stored.AddRepresentation(BINARY_LABELMAP, labelmap)
    node.GetSegmentation().AddSegment(stored, identifier)
    return node.GetSegmentation().GetSegmentIdBySegment(stored)


def labelmap_mask(node: vtkMRMLSegmentationNode, segment_id: str) -> Image:
    """A segment on its own grid, cut to its voxels; a single False voxel where it is empty.

    Raises
    ------
    MissingInputError
        If the node or the segment is missing.
    EmptyRegionError
        If the segment cannot be converted to voxels.
    """
    identifier = require_segment(node, segment_id)
    stored = stored_voxels(node, identifier)
    if stored is not None:
        return stored.mask()
    labelmap = _labelmap_of(node, identifier)
    if labelmap is None:
        return Image(np.zeros((1, 1, 1), dtype=bool))
    whole = image_on_matrix(from_vtk_image(labelmap) > 0, ijk_to_ras(labelmap))
    return whole.cropped(bounding_box(whole.array) or (slice(0, 1),) * 3)


def segment_names(node: vtkMRMLSegmentationNode) -> dict[str, str]:
    """Names of the segments by their id, in the node's order."""
    segmentation = node.GetSegmentation()
    identifiers = [segmentation.GetNthSegmentID(place) for place in range(segmentation.GetNumberOfSegments())]
    return {identifier: segmentation.GetSegment(identifier).GetName() for identifier in identifiers}


def find_segment(node: vtkMRMLSegmentationNode, name_or_id: str) -> str:
    """The id of a segment given by id or by name (whatever its case).

    Raises
    ------
    MissingInputError
        If there is none; the message lists what there is.
    AmbiguousInputError
        If several segments have the name.
    """
    names = segment_names(node)
    if name_or_id in names:
        return name_or_id
    found = [identifier for identifier, name in names.items() if name.casefold() == name_or_id.casefold()]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(names.values()) or "no segment at all"
    if not found:
        raise MissingInputError(f'The segmentation has no segment "{name_or_id}"; it has {listed}.')
    raise AmbiguousInputError(f'{len(found)} segments are called "{name_or_id}"; rename all but one.')


def reference_grid(node: vtkMRMLSegmentationNode) -> Image | None:
    """The grid that a segmentation refers to, all zero and without memory of its own; None where it states none."""
    from slicer import vtkOrientedImageData, vtkSegmentationConverter

    stated = node.GetSegmentation().GetConversionParameter(
        vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    )
    geometry = vtkOrientedImageData()
    if not stated or not vtkSegmentationConverter.DeserializeImageGeometry(stated, geometry, False):
        return None
    zeros = np.broadcast_to(np.uint8(0), geometry.GetDimensions()[::-1])
    return image_on_matrix(zeros, ijk_to_ras(geometry))


def set_segment_mask(node: vtkMRMLSegmentationNode, segment_id: str, mask: Image) -> None:
    """Replace a segment's voxels; name, color, tags and all other segments stay as they are.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        Holds the segment, which may share its labelmap with others.
    segment_id : str
        Id or name.
    mask : Image
        Boolean; empties the segment where it is empty.

    Raises
    ------
    MissingInputError
        If the segment is missing.
    """
    from slicer import vtkSlicerSegmentationsModuleLogic as Logic

    identifier = require_segment(node, segment_id)
    smallest = mask.cropped(bounding_box(mask.array) or (slice(0, 1),) * 3)
    labelmap = to_oriented_image(smallest.with_array(smallest.array.astype(np.uint8)))
    Logic.SetBinaryLabelmapToSegment(labelmap, node, identifier, Logic.MODE_REPLACE)
    node.GetSegmentation().GetSegment(identifier).SetTag(VOLUME_TAG, repr(mask.volume_ml()))


def require_segment(node: vtkMRMLSegmentationNode | None, name_or_id: str) -> str:
    """The id of a segment of a node that may not have been chosen yet.

    Raises
    ------
    MissingInputError, AmbiguousInputError
        If there is no node, or as :func:`find_segment`.
    """
    if node is None:
        raise MissingInputError("No segmentation was given; choose one.")
    return find_segment(node, name_or_id)


def segment_to_mask(node: vtkMRMLSegmentationNode, segment_id: str, grid: Image) -> Image:
    """A segment as a boolean mask on a grid, by nearest neighbor; exact where the grid is the segment's own.

    Parameters
    ----------
    node : vtkMRMLSegmentationNode
        Labelmap, closed-surface or (with the rules of SlicerRT) planar-contour segments.
    segment_id : str
        Id or name of the segment.
    grid : Image
        Where the mask is wanted.

    Returns
    -------
    Image
        All False where the segment is empty or outside the grid.

    Raises
    ------
    MissingInputError
        If the node or the segment is missing.
    GeometryMismatchError
        If the node lies under a transform.
    EmptyRegionError
        If the segment cannot be converted to voxels.
    """
    identifier = require_segment(node, segment_id)
    require_hardened(node, "segmentation")
    stored = stored_voxels(node, identifier)
    aligned = None if stored is None else stored.on_grid(grid)
    if aligned is not None:
        return grid.with_array(aligned)
    labelmap = _labelmap_of(node, identifier)
    if labelmap is None:
        return grid.with_array(np.zeros(grid.shape, dtype=bool))
    return grid.with_array(_on_grid(labelmap, grid))


def _labelmap_of(node: vtkMRMLSegmentationNode, segment_id: str) -> vtkOrientedImageData | None:
    """The segment's voxels with value 1, or None for an empty segment."""
    from slicer import vtkOrientedImageData, vtkSegmentationConverter

    representation = vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    segment = node.GetSegmentation().GetSegment(segment_id)
    if not segment.GetRepresentation(representation) and not _is_empty(node, segment):
        node.CreateBinaryLabelmapRepresentation()
    if not segment.GetRepresentation(representation):
        if _is_empty(node, segment):
            return None
        raise EmptyRegionError(
            f'Segment "{segment.GetName()}" cannot be converted to voxels; '
            "planar contours need the SlicerRT extension, and the segmentation needs a reference volume."
        )
    labelmap = vtkOrientedImageData()
    if not node.GetBinaryLabelmapRepresentation(segment_id, labelmap) or labelmap.IsEmpty():
        return None
    return labelmap


def _is_empty(node: vtkMRMLSegmentationNode, segment: object) -> bool:
    source = segment.GetRepresentation(node.GetSegmentation().GetSourceRepresentationName())
    return source is None or not source.GetNumberOfPoints()


def _on_grid(labelmap: vtkOrientedImageData, grid: Image) -> np.ndarray:
    from slicer import vtkOrientedImageData, vtkOrientedImageDataResample

    reference = to_oriented_image(grid.with_array(np.zeros(grid.shape, dtype=np.uint8)))
    result = vtkOrientedImageData()
    vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(labelmap, reference, result, False)
    return from_vtk_image(result) > 0


def to_oriented_image(image: Image) -> vtkOrientedImageData:
    """A VTK image that carries its geometry, as segments store it."""
    from slicer import vtkOrientedImageData

    result = vtkOrientedImageData()
    result.ShallowCopy(to_vtk_image(image.array))
    result.SetGeometryFromImageToWorldMatrix(vtk_matrix(swap_lps_ras(image.ijk_to_lps)))
    return result
