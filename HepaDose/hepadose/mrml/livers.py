"""Livers as segments: found by a network, copied from a structure set or carried over by a registration.

What a person drew or edited, and what came from a structure set, is never written over: a new segment is added beside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hepadose.dicom.roles import find_structure
from hepadose.dicom.rtstruct import Structure
from hepadose.errors import AmbiguousInputError, MissingInputError
from hepadose.findings import Finding, Level
from hepadose.images import Image
from hepadose.mrml.automatic import EMPTY, keep_automatic, mask_fingerprint, noted_origin, segment_origin_now, tag_of
from hepadose.mrml.labelmaps import BINARY_LABELMAP
from hepadose.mrml.scene import LIVER_COLOR, LIVER_TERMINOLOGY
from hepadose.mrml.segmentation import SegmentMask, add_segment, segment_names, set_segment_mask
from hepadose.provenance import SegmentationOrigin

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLTransformNode

    from hepadose.segmentation.protocol import Segmentation

LIVER_NAME = "Liver"
NETWORK_LIVER_COLOR = (0.93, 0.79, 0.26)
"""Another one than that of drawn livers, so that a second opinion is told from the first."""
CARRIED_OVER = "liver of the planning CT, carried over by registration"
COPIED = "liver of the follow-up CT"
PLANNING_MARK, FOLLOW_UP_MARK = "HepaDose.PlanningLiverMask", "HepaDose.FollowUpLiverMask"
FINDINGS_TAG = "HepaDose.Findings"


@dataclass(frozen=True)
class GuidingLivers:
    """Where the livers came from that guide a registration.

    Parameters
    ----------
    planning : SegmentationOrigin or None
        Of the liver on the planning CT; None where it is not known.
    follow_up : SegmentationOrigin or None
        Of the liver on the follow-up CT; None where there is none, so that the planning liver is carried over.
    segment_id : str
        The follow-up liver's segment in the segmentation that gets the result; empty where it lies elsewhere.
    planning_mark, follow_up_mark : str
        Fingerprints of both masks; empty where unknown or where there is none.
    """

    planning: SegmentationOrigin | None = None
    follow_up: SegmentationOrigin | None = None
    segment_id: str = ""
    planning_mark: str = ""
    follow_up_mark: str = ""


def take_guided_liver(
    segmentation: vtkMRMLSegmentationNode, mask: Image, livers: GuidingLivers, carried_over: bool
) -> str:
    """Put the liver of a registration into the working segmentation and return its segment's id.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        On the follow-up CT.
    mask : Image
        Boolean; the liver on the follow-up CT.
    livers : GuidingLivers
        What guided the registration. A follow-up liver that lies in the segmentation stays as it is.
    carried_over : bool
        Whether the mask is the planning liver, carried over.
    """
    if livers.segment_id:
        return livers.segment_id
    return put_aligned_liver(segmentation, mask, livers.planning if carried_over else livers.follow_up, carried_over)


def put_aligned_liver(
    segmentation: vtkMRMLSegmentationNode, mask: Image, drawn: SegmentationOrigin | None, carried_over: bool
) -> str:
    """Put a copied or carried-over liver into a segmentation, in place of an earlier one that nobody edited."""
    origin = _with_detail(drawn or SegmentationOrigin("RTSTRUCT"), CARRIED_OVER if carried_over else COPIED)
    found = [one for one in segment_names(segmentation) if is_made_by_alignment(segmentation, one)]
    if found:
        set_segment_mask(segmentation, found[0], mask)
    else:
        name = unused_name(segmentation, LIVER_NAME)
        liver = SegmentMask(name, mask, LIVER_COLOR, str(origin), LIVER_TERMINOLOGY, outline_only=True)
        found = [add_segment(segmentation, liver)]
    keep_automatic(segmentation, found[0], origin)
    return found[0]


def state_guiding_livers(transform: vtkMRMLTransformNode, livers: GuidingLivers) -> None:
    """Write on a registration's transform which livers guided it, so that another choice is noticed."""
    transform.SetAttribute(PLANNING_MARK, livers.planning_mark or None)
    transform.SetAttribute(FOLLOW_UP_MARK, livers.follow_up_mark or None)


def guided_by(transform: vtkMRMLTransformNode) -> tuple[str, str]:
    """Fingerprints of the planning liver and of the follow-up liver that guided a registration; empty where unknown."""
    return transform.GetAttribute(PLANNING_MARK) or "", transform.GetAttribute(FOLLOW_UP_MARK) or ""


def _with_detail(origin: SegmentationOrigin, words: str) -> SegmentationOrigin:
    return replace(origin, detail="; ".join(part for part in (origin.detail, words) if part))


def is_made_by_alignment(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> bool:
    """Whether a segment is a copied or carried-over liver that is as the alignment left it."""
    origin = noted_origin(segmentation, segment_id)
    return origin is not None and origin.detail.endswith((CARRIED_OVER, COPIED))


def put_found_liver(segmentation: vtkMRMLSegmentationNode, found: Segmentation) -> str:
    """Add a liver that a network found as a new segment and return its id.

    Only an earlier result of the same version of the same model, edited by nobody, is written over.
    """
    name = f"{LIVER_NAME} ({found.origin.source.removeprefix('liver ')} {found.origin.version})"
    noted = {one: noted_origin(segmentation, one) for one in segment_names(segmentation)}
    wanted = found.origin.to_text()
    earlier = [one for one, origin in noted.items() if origin is not None and origin.to_text() == wanted]
    if earlier:
        set_segment_mask(segmentation, earlier[0], found.mask)
    else:
        origin, name = str(found.origin), unused_name(segmentation, name)
        liver = SegmentMask(name, found.mask, NETWORK_LIVER_COLOR, origin, LIVER_TERMINOLOGY, outline_only=True)
        earlier = [add_segment(segmentation, liver)]
    keep_automatic(segmentation, earlier[0], found.origin)
    _state_findings(segmentation, earlier[0], found.findings)
    return earlier[0]


def unused_name(segmentation: vtkMRMLSegmentationNode, name: str) -> str:
    """A name that no segment has: the wanted one, else with a number behind it."""
    taken = set(segment_names(segmentation).values())
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def takes_segments(segmentation: vtkMRMLSegmentationNode) -> bool:
    """Whether a mask can be added without giving up how the other segments are stored (contours of a structure set)."""
    stored = segmentation.GetSegmentation()
    return not stored.GetNumberOfSegments() or stored.GetSourceRepresentationName() == BINARY_LABELMAP


def is_drawn(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> bool:
    """Whether a segment holds anything."""
    return mask_fingerprint(segmentation, segment_id) != EMPTY


def _state_findings(segmentation: vtkMRMLSegmentationNode, segment_id: str, findings: Sequence[Finding]) -> None:
    text = json.dumps([[one.level.value, one.subject, one.text] for one in findings]).replace("|", "\\u007c")
    segmentation.GetSegmentation().GetSegment(segment_id).SetTag(FINDINGS_TAG, text)


def liver_findings(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> tuple[Finding, ...]:
    """What was noticed while a network found a liver; empty where nothing was or where a person has edited it."""
    segment = segmentation.GetSegmentation().GetSegment(segment_id)
    text = "" if segment is None else tag_of(segment, FINDINGS_TAG)
    if not text or segment_origin_now(segmentation, segment_id).edited:
        return ()
    return tuple(Finding(Level(level), subject, words) for level, subject, words in json.loads(text))


def liver_segment(segmentation: vtkMRMLSegmentationNode | None) -> str:
    """Id of the segment that is the liver by its name; empty where there is none or more than one."""
    if segmentation is None:
        return ""
    ids = list(names := segment_names(segmentation))
    named = [Structure(place, name, "", (0, 0, 0), ()) for place, name in enumerate(names.values())]
    try:
        return ids[find_structure(named, "liver").number]
    except (MissingInputError, AmbiguousInputError):
        return ""
