"""Liver and reaction: what the segmenter needs, where its result goes, and where segments came from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from hepadose.errors import MissingInputError
from hepadose.mrml.automatic import (
    has_automatic,
    keep_automatic,
    restore_automatic,
    segment_origin_now,
    volume_and_origin,
)
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.scene import REACTION_COLOR
from hepadose.mrml.segmentation import (
    SegmentMask,
    add_segment,
    segment_names,
    segment_to_mask,
    set_segment_mask,
)
from hepadose.segmentation.protocol import Segmentation, SegmentationInputs

if TYPE_CHECKING:
    from slicer import vtkMRMLScene

REACTION_NAME = "Focal liver reaction"


def why_not_segment(choices: Any) -> str:
    """Why the search for the reaction cannot start, in words; empty where it can."""
    if choices is None or choices.followUpVolume is None:
        return "Choose the follow-up CT first."
    if choices.alignedPlanning is None:
        return "Align the follow-up CT with the planning CT first."
    if choices.segmentation is None or not has_segment(choices, choices.liverSegment):
        return "Choose the liver segment first."
    return ""


def why_not_restore(choices: Any) -> str:
    """Why there is no automatic result to go back to, in words; empty where there is."""
    if choices is None or choices.segmentation is None or not has_segment(choices, choices.reactionSegment):
        return "There is no reaction yet."
    if not has_automatic(choices.segmentation, choices.reactionSegment):
        return "The reaction was not found automatically."
    if not segment_origin_now(choices.segmentation, choices.reactionSegment).edited:
        return "The reaction is the automatic result."
    return ""


def has_segment(choices: Any, segment_id: str) -> bool:
    """Whether the chosen segmentation holds a segment."""
    return bool(segment_id) and choices.segmentation.GetSegmentation().GetSegment(segment_id) is not None


def segmentation_inputs(choices: Any) -> Generator[None, None, SegmentationInputs]:
    """What a segmenter may look at, copied from the chosen nodes in short steps.

    Raises
    ------
    HepaDoseError
        If something is missing or lies on another grid.
    """
    reason = why_not_segment(choices)
    if reason:
        raise MissingInputError(reason)
    follow_up = volume_node_to_image(choices.followUpVolume, "follow-up CT")
    yield
    liver = segment_to_mask(choices.segmentation, choices.liverSegment, follow_up)
    yield
    planning = volume_node_to_image(choices.alignedPlanning, "aligned planning CT")
    yield
    return SegmentationInputs(follow_up_ct=follow_up, liver=liver, planning_ct=planning)


def take_reaction(scene: vtkMRMLScene, choices: Any, found: Segmentation) -> Iterator[None]:
    """Put a found reaction into the chosen segmentation and keep it as the automatic result."""
    node, mask = choices.segmentation, found.mask
    if has_segment(choices, choices.reactionSegment):
        set_segment_mask(node, choices.reactionSegment, mask)
    else:
        choices.reactionSegment = add_segment(node, SegmentMask(REACTION_NAME, mask, REACTION_COLOR, str(found.origin)))
    yield
    keep_automatic(node, choices.reactionSegment, found.origin)
    yield


def restore(choices: Any) -> None:
    """Bring the automatic result of the reaction back."""
    restore_automatic(choices.segmentation, choices.reactionSegment)


def origin_text(choices: Any) -> str:
    """Volume of liver and reaction and where they came from, a line each; empty where there is none."""
    if choices.segmentation is None:
        return ""
    names = segment_names(choices.segmentation)
    chosen = [segment_id for segment_id in (choices.liverSegment, choices.reactionSegment) if segment_id in names]
    return "\n".join(
        f"{names[segment_id]}, {volume_and_origin(choices.segmentation, segment_id)}" for segment_id in chosen
    )
