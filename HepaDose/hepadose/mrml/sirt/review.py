"""How good the automatic outline of the liver was: a score, and the corrections that were made to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hepadose.errors import MissingInputError
from hepadose.evaluation.corrections import REGIONS, find_corrections
from hepadose.evaluation.review import (
    ContourReview,
    JudgedCorrection,
    corrections_from_text,
    corrections_to_text,
    proposed,
)
from hepadose.images import Image
from hepadose.mrml.automatic import automatic_mask, has_automatic, segment_origin_now
from hepadose.mrml.segmentation import labelmap_mask, segment_names, segment_to_mask
from hepadose.mrml.sirt.choices import NOT_SCORED
from hepadose.mrml.sirt.reader import common_grid, placed_on


def why_not_propose(choices: Any) -> str:
    """Why there are no corrections to look at, in words; empty where there are."""
    held = choices is not None and choices.segmentation is not None
    if not held or choices.liverSegment not in segment_names(choices.segmentation):
        return "Choose the liver segment first."
    if not has_automatic(choices.segmentation, choices.liverSegment):
        return "The liver was not found automatically; there is nothing to compare with."
    if not segment_origin_now(choices.segmentation, choices.liverSegment).edited:
        return "The liver was not corrected."
    return ""


def propose_corrections(choices: Any) -> tuple[JudgedCorrection, ...]:
    """Compare the liver with its automatic outline and keep what was corrected with the choices.

    Raises
    ------
    MissingInputError
        If there is nothing to compare.
    """
    reason = why_not_propose(choices)
    if reason:
        raise MissingInputError(reason)
    node, liver = choices.segmentation, choices.liverSegment
    before, after = automatic_mask(node, liver), labelmap_mask(node, liver)
    grid = common_grid(choices, (before, after))
    if grid is None:
        raise MissingInputError("Both outlines of the liver are empty.")
    masks = [_on(grid, mask) for mask in (before, after)]
    found = proposed(find_corrections(*masks, organs=_organs(choices, grid)))
    choices.corrections = corrections_to_text(found)
    return found


def _on(grid: Image, mask: Image) -> Image:
    voxels = placed_on(mask, grid)
    if voxels is None:
        raise MissingInputError("The liver was edited on another grid than it was found on; segment it again.")
    return grid.with_array(voxels)


def _organs(choices: Any, grid: Image) -> dict[str, Image]:
    """Segments that are named like a region of the list."""
    names = segment_names(choices.segmentation)
    wanted = {name.strip().lower(): identifier for identifier, name in names.items()}
    return {
        region: segment_to_mask(choices.segmentation, wanted[region], grid) for region in REGIONS if region in wanted
    }


def judge(choices: Any, place: int, region: str, *, confirmed: bool) -> None:
    """Say what a correction is about.

    Parameters
    ----------
    choices : parameter node
    place : int
        Of the correction in the list.
    region : str
        One of :data:`hepadose.evaluation.corrections.REGIONS`.
    confirmed : bool
    """
    judged = list(corrections_from_text(choices.corrections))
    judged[place] = replace(judged[place], region=region, confirmed=confirmed)
    choices.corrections = corrections_to_text(judged)


def review_of(choices: Any) -> ContourReview:
    """Score and corrections as they were stated."""
    score = None if choices.qualityScore == NOT_SCORED else float(choices.qualityScore.partition(":")[0])
    return ContourReview(score, corrections_from_text(choices.corrections))
