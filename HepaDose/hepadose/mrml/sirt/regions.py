"""Liver, territory and tumors: what networks need, where their results go, and where segments came from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.errors import MissingInputError
from hepadose.findings import Level
from hepadose.images import Image
from hepadose.mrml.automatic import (
    has_automatic,
    keep_automatic,
    noted_origin,
    restore_automatic,
    segment_origin_now,
    volume_and_origin,
)
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.livers import liver_findings, put_found_liver, takes_segments
from hepadose.mrml.segmentation import SegmentMask, add_segment, segment_names, segment_to_mask
from hepadose.mrml.sirt.inputs import choose_by_name, new_segmentation, tumor_like
from hepadose.mrml.sirt.reader import tumor_names
from hepadose.segmentation.protocol import Segmentation, SegmentationInputs

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from hepadose.provenance import SegmentationOrigin

TUMOR_COLORS = ((0.0, 0.76, 0.84), (1.0, 0.48, 0.72), (0.61, 0.91, 0.78), (1.0, 0.62, 0.54), (0.56, 0.72, 1.0))
CHECK = "Found by a network: check every slice before you go on."
LIVER, TUMOR = "liver", "tumor"


def why_not_find(choices: Any, task: str) -> str:
    """Why no network can look for the liver or for tumors, in words; empty where it can."""
    if choices is None or choices.ctVolume is None:
        return "Choose the CT first."
    if task == TUMOR and not _holds(choices, choices.liverSegment):
        return "Choose or segment the liver first; tumors are looked for inside it."
    return ""


def _holds(choices: Any, segment_id: str) -> bool:
    return choices.segmentation is not None and bool(segment_id) and segment_id in segment_names(choices.segmentation)


def network_inputs(choices: Any, task: str) -> Generator[None, None, SegmentationInputs]:
    """What a network may look at, copied from the chosen nodes in short steps.

    Raises
    ------
    HepaDoseError
        If something is missing.
    """
    reason = why_not_find(choices, task)
    if reason:
        raise MissingInputError(reason)
    ct = volume_node_to_image(choices.ctVolume, "CT")
    yield
    liver = segment_to_mask(choices.segmentation, choices.liverSegment, ct) if task == TUMOR else None
    yield
    return SegmentationInputs(ct, liver)


def take_found(choices: Any, task: str, found: Segmentation) -> Iterator[None]:
    """Put a found liver, or each found tumor, as a new segment into the chosen segmentation and choose it."""
    node = choices.segmentation
    if node is None or not takes_segments(node):
        node = new_segmentation(choices)
    yield
    if task == LIVER:
        choices.liverSegment = put_found_liver(node, found)
    else:
        choices.tumorSegments = [*_edited_tumors(choices, node, found.origin), *_put_tumors(node, found)]
    yield


def _edited_tumors(choices: Any, node: vtkMRMLSegmentationNode, origin: SegmentationOrigin) -> list[str]:
    """The chosen tumors that stay; earlier results of the same network that nobody edited are taken away."""
    stay = []
    for identifier in choices.tumorSegments:
        if not _holds(choices, identifier):
            continue
        noted = noted_origin(node, identifier)
        if noted is not None and noted.to_text() == origin.to_text():
            node.GetSegmentation().RemoveSegment(identifier)
        else:
            stay.append(identifier)
    return stay


def _put_tumors(node: vtkMRMLSegmentationNode, found: Segmentation) -> list[str]:
    """One segment per connected tumor, the largest first."""
    taken = set(segment_names(node).values())
    names = (f"Tumor {number}" for number in range(1, 1000) if f"Tumor {number}" not in taken)
    added = []
    for place, (mask, name) in enumerate(zip(connected_parts(found.mask), names, strict=False)):
        color = TUMOR_COLORS[place % len(TUMOR_COLORS)]
        added.append(add_segment(node, SegmentMask(name, mask, color, str(found.origin), outline_only=True)))
        keep_automatic(node, added[-1], found.origin)
    return added


def connected_parts(mask: Image) -> list[Image]:
    """The 26-connected parts of a mask as masks of their own, the largest first."""
    from scipy import ndimage

    labels, count = ndimage.label(np.asarray(mask.array, bool), np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return [mask.with_array(labels == number + 1) for number in np.argsort(-sizes, kind="stable")]


def choose_new_tumors(choices: Any, seen: set[str]) -> set[str]:
    """Choose segments that were added since and are tumors by their names; forget those that are gone.

    Parameters
    ----------
    choices : parameter node
    seen : set of str
        Ids of the segments that were there before.

    Returns
    -------
    set of str
        Ids of the segments that are there now.
    """
    node = choices.segmentation
    there = set() if node is None else set(segment_names(node))
    added = [one for one in tumor_like(node) if one not in seen and one not in choices.tumorSegments]
    wanted = [*(one for one in choices.tumorSegments if one in there), *added]
    if wanted != list(choices.tumorSegments):
        choices.tumorSegments = wanted
    return there


def why_not_restore(choices: Any, segment_id: str) -> str:
    """Why the automatic outline of a segment cannot be brought back, in words; empty where it can."""
    if choices is None or not _holds(choices, segment_id):
        return "Choose a segment in the editor first."
    name = segment_names(choices.segmentation)[segment_id]
    if not has_automatic(choices.segmentation, segment_id):
        return f"{name} was not found automatically."
    if not segment_origin_now(choices.segmentation, segment_id).edited:
        return f"{name} is the automatic result."
    return ""


def restore(choices: Any, segment_id: str) -> None:
    """Bring the automatic outline of a segment back."""
    restore_automatic(choices.segmentation, segment_id)


def origin_text(choices: Any) -> str:
    """Volume of each chosen segment and where it came from, a line each; empty where there is none."""
    if choices is None or choices.segmentation is None:
        return ""
    node, names = choices.segmentation, segment_names(choices.segmentation)
    wanted = [choices.liverSegment, choices.territorySegment, choices.lungsSegment, *tumor_names(choices)]
    lines = [f"{names[one]}, {volume_and_origin(node, one)}" for one in wanted if one in names]
    noticed = liver_findings(node, choices.liverSegment) if _holds(choices, choices.liverSegment) else ()
    lines += [one.text for one in noticed if one.level is not Level.OK]
    return "\n".join([*lines, *([CHECK] if noticed else [])])


def choose_missing(choices: Any) -> None:
    """Choose segments of another segmentation by their names; roles that it does not hold are given up."""
    there = set() if choices.segmentation is None else set(segment_names(choices.segmentation))
    for field in ("liverSegment", "territorySegment", "lungsSegment"):
        if getattr(choices, field) and getattr(choices, field) not in there:
            setattr(choices, field, "")
    kept = [one for one in choices.tumorSegments if one in there]
    if kept != list(choices.tumorSegments):
        choices.tumorSegments = kept
    if there and not choices.liverSegment:
        choose_by_name(choices)
