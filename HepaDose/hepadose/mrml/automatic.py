"""What a segmenter found, kept beside what a person made of it.

A segment carries its origin and a fingerprint of the automatic mask as tags: whether it was edited is never guessed but
compared. The mask itself lies in a segmentation node that module and data tree hide and that the scene saves.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import MissingInputError
from hepadose.images import Image, bounding_box
from hepadose.mrml.labelmaps import stored_voxels
from hepadose.mrml.nodes import ROLE, new_node
from hepadose.mrml.segmentation import (
    ORIGIN_TAG,
    SegmentMask,
    add_segment,
    labelmap_mask,
    require_segment,
    set_segment_mask,
)
from hepadose.provenance import SegmentationOrigin
from hepadose.report.text import number

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkSegment

RECORD_TAG = "HepaDose.OriginRecord"
FINGERPRINT_TAG = "HepaDose.AutomaticMask"
KEPT_ROLE = "AutomaticResults"
KEPT_REFERENCE = "HepaDose.AutomaticResults"
POSITION_TOLERANCE_MM = 0.1
EMPTY = "empty"
KNOWN_FINGERPRINTS = 32
_FINGERPRINTS: dict[tuple[int, int, bytes], str] = {}
"""Of labelmaps and labels, by modification time; a panel asks for the same ones again and again."""


def keep_automatic(segmentation: vtkMRMLSegmentationNode, segment_id: str, origin: SegmentationOrigin) -> None:
    """Remember a segment as it is now as the automatic result, with its origin; replaces an earlier one.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        In a scene.
    segment_id : str
        Id or name of the segment.
    origin : SegmentationOrigin
        Who or what drew it.

    Raises
    ------
    MissingInputError
        If the segment is missing.
    """
    identifier = require_segment(segmentation, segment_id)
    state_origin(segmentation, identifier, origin)
    mask = labelmap_mask(segmentation, identifier)
    kept = _kept_node(segmentation)
    if kept is None:
        kept = _new_kept_node(segmentation)
    if kept.GetSegmentation().GetSegment(identifier) is not None:
        kept.GetSegmentation().RemoveSegment(identifier)
    name = segmentation.GetSegmentation().GetSegment(identifier).GetName()
    add_segment(kept, SegmentMask(name, mask, (0.5, 0.5, 0.5), str(origin)), identifier)


def state_origin(segmentation: vtkMRMLSegmentationNode, segment_id: str, origin: SegmentationOrigin) -> None:
    """Write on a segment where it came from and what it looks like now, so that later edits are noticed.

    Enough where the automatic mask itself need not be restored.
    """
    identifier = require_segment(segmentation, segment_id)
    segment = segmentation.GetSegmentation().GetSegment(identifier)
    segment.SetTag(RECORD_TAG, origin.to_text())
    segment.SetTag(ORIGIN_TAG, str(origin))
    segment.SetTag(FINGERPRINT_TAG, mask_fingerprint(segmentation, identifier))


def has_automatic(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> bool:
    """Whether an automatic result is kept for a segment."""
    kept = _kept_node(segmentation)
    return kept is not None and kept.GetSegmentation().GetSegment(segment_id) is not None


def automatic_mask(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> Image:
    """The automatic result of a segment, cut to its voxels.

    Raises
    ------
    MissingInputError
        If none is kept.
    """
    if not has_automatic(segmentation, segment_id):
        raise MissingInputError("No automatic result is kept for this segment; run the segmenter again.")
    return labelmap_mask(_kept_node(segmentation), segment_id)


def restore_automatic(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> None:
    """Give a segment the voxels of its automatic result again; name, color and other segments stay.

    Raises
    ------
    MissingInputError
        If none is kept.
    """
    set_segment_mask(segmentation, segment_id, automatic_mask(segmentation, segment_id))


def segment_origin_now(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> SegmentationOrigin:
    """Where a segment came from, edited by hand exactly when its mask differs from the automatic one.

    A segment whose automatic state nobody noted counts as edited: whatever lies in a scene may have been drawn there.

    Raises
    ------
    MissingInputError
        If the segment is missing.
    """
    identifier = require_segment(segmentation, segment_id)
    segment = segmentation.GetSegmentation().GetSegment(identifier)
    record, noted = tag_of(segment, RECORD_TAG), tag_of(segment, FINGERPRINT_TAG)
    if not record or not noted:
        first = tag_of(segment, ORIGIN_TAG)
        known = f"; first from {first}" if first else ""
        return SegmentationOrigin("Segment in 3D Slicer", edited=True, detail=f'"{segment.GetName()}"{known}')
    origin = SegmentationOrigin.from_text(record)
    is_same = same_fingerprint(mask_fingerprint(segmentation, identifier), noted)
    # What was drawn or edited before it was noted stays so.
    return origin if is_same else origin.as_edited()


def start_kind(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> str:
    """What editing a segment begins with: "automatic", "imported", or "empty" where nothing was noted of it."""
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    if segment is None or not tag_of(segment, RECORD_TAG):
        return "empty"
    return "automatic" if has_automatic(segmentation, segment_id) else "imported"


def volume_and_origin(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> str:
    """Volume of a segment and where it came from: "1432.5 ml: RTSTRUCT, not edited"."""
    volume = number(labelmap_mask(segmentation, segment_id).volume_ml(), 1, "ml")
    return f"{volume}: {segment_origin_now(segmentation, segment_id)}"


def noted_origin(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> SegmentationOrigin | None:
    """The origin noted with a segment that looks as it did then; None where it was edited since or none was noted."""
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    record, noted = tag_of(segment, RECORD_TAG), tag_of(segment, FINGERPRINT_TAG)
    if not record or not noted or not same_fingerprint(mask_fingerprint(segmentation, segment_id), noted):
        return None
    return SegmentationOrigin.from_text(record)


def mask_fingerprint(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> str:
    """The :func:`fingerprint` of a segment as it is now, computed only where its labelmap changed."""
    stored = stored_voxels(segmentation, segment_id)
    if stored is None:
        return fingerprint(labelmap_mask(segmentation, segment_id))
    # No two objects of VTK are ever modified at the same time; copies share their voxels, but not always their place.
    key = stored.modified, stored.label, stored.ijk_to_ras.tobytes()
    if key not in _FINGERPRINTS:
        while len(_FINGERPRINTS) >= KNOWN_FINGERPRINTS:
            del _FINGERPRINTS[next(iter(_FINGERPRINTS))]
        _FINGERPRINTS[key] = fingerprint(stored.mask())
    return _FINGERPRINTS[key]


def tag_of(segment: vtkSegment, name: str) -> str:
    """A segment's tag; empty where it has none."""
    from vtkmodules.vtkCommonCore import reference

    text = reference("")
    # GetTag fills its second argument, so it has to run before the text is used.
    return str(text) if segment.GetTag(name, text) else ""


def fingerprint(mask: Image) -> str:
    """A short text that two masks share exactly when the same voxels are set at the same place.

    It survives saving: neither the extent of the array nor the last digits of its geometry enter.
    """
    box = bounding_box(mask.array)
    if box is None:
        return EMPTY
    part = mask.cropped(box)
    bits = hashlib.sha256(np.packbits(part.array).tobytes())
    bits.update(repr(part.shape).encode())
    last = part.ijk_to_points(np.array(part.shape[::-1]) - 1.0)
    return " ".join([bits.hexdigest(), *(f"{value:.3f}" for value in (*part.origin_lps, *last))])


def same_fingerprint(first: str, second: str) -> bool:
    """Whether two fingerprints belong to the same mask, place included to 0.1 mm."""
    if EMPTY in (first, second):
        return first == second
    (first_bits, *here), (second_bits, *there) = first.split(), second.split()
    gaps = np.abs(np.array(here, dtype=float) - np.array(there, dtype=float))
    return first_bits == second_bits and bool(gaps.max() <= POSITION_TOLERANCE_MM)


def _kept_node(segmentation: vtkMRMLSegmentationNode) -> vtkMRMLSegmentationNode | None:
    return segmentation.GetNodeReference(KEPT_REFERENCE)


def _new_kept_node(segmentation: vtkMRMLSegmentationNode) -> vtkMRMLSegmentationNode:
    """A segmentation node that no list, no tree and no view of the application shows."""
    from slicer import vtkMRMLSubjectHierarchyConstants as Constants

    scene = segmentation.GetScene()
    kept = new_node(scene, "vtkMRMLSegmentationNode", f"{segmentation.GetName()} (automatic)")
    kept.SetAttribute(ROLE, KEPT_ROLE)
    kept.SetHideFromEditors(True)
    # Reading a saved scene makes a visible display where there is none.
    kept.CreateDefaultDisplayNodes()
    kept.SetDisplayVisibility(False)
    excluded = Constants.GetSubjectHierarchyExcludeFromTreeAttributeName()
    kept.SetAttribute(excluded, "1")
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = hierarchy.GetItemByDataNode(kept) if hierarchy is not None else 0
    if item:
        hierarchy.SetItemAttribute(item, excluded, "1")
    segmentation.SetNodeReferenceID(KEPT_REFERENCE, kept.GetID())
    return kept
