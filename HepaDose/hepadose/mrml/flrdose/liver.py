"""The livers of both CTs: how a network finds one, where its result goes, and which ones guide the alignment."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from hepadose.errors import MissingInputError
from hepadose.findings import Finding, Level, warning
from hepadose.mrml.automatic import mask_fingerprint, same_fingerprint, segment_origin_now, volume_and_origin
from hepadose.mrml.flrdose.reaction import has_segment
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.livers import (
    GuidingLivers,
    guided_by,
    is_drawn,
    is_made_by_alignment,
    liver_findings,
    liver_segment,
    put_aligned_liver,
    put_found_liver,
    takes_segments,
)
from hepadose.mrml.loaded import planning_segmentation, working_segmentation
from hepadose.mrml.segmentation import segment_names, segment_to_mask
from hepadose.segmentation.protocol import Segmentation, SegmentationInputs

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode

CHECK = "Found by a network: check every slice before you go on."


class Ct(Enum):
    """One of the two CTs, with the fields of the choices that belong to it."""

    PLANNING = ("planning CT", "planningVolume", "planningStructures", "planningLiver")
    FOLLOW_UP = ("follow-up CT", "followUpVolume", "segmentation", "liverSegment")

    def __init__(self, words: str, volume: str, structures: str, liver: str) -> None:
        self.words, self._volume, self._structures, self._liver = words, volume, structures, liver

    def volume_of(self, choices: Any) -> vtkMRMLScalarVolumeNode | None:
        """The CT itself."""
        return getattr(choices, self._volume)

    def liver_of(self, choices: Any) -> tuple[vtkMRMLSegmentationNode, str] | None:
        """Segmentation and id of the chosen liver; None where none is chosen or it is gone."""
        node, segment_id = getattr(choices, self._structures), getattr(choices, self._liver)
        held = node is not None and segment_id and node.GetSegmentation().GetSegment(segment_id) is not None
        return (node, segment_id) if held else None

    def structures_of(self, choices: Any) -> vtkMRMLSegmentationNode | None:
        """The segmentation in which the liver is chosen."""
        return getattr(choices, self._structures)

    def choose(self, choices: Any, node: vtkMRMLSegmentationNode, segment_id: str) -> None:
        """Choose a liver."""
        setattr(choices, self._structures, node)
        setattr(choices, self._liver, segment_id)


def why_not_find_liver(choices: Any, ct: Ct) -> str:
    """Why no network can look for the liver on a CT, in words; empty where it can."""
    if choices is None or ct.volume_of(choices) is None:
        return f"Choose the {ct.words} first."
    return ""


def liver_inputs(volume: vtkMRMLScalarVolumeNode, ct: Ct) -> Generator[None, None, SegmentationInputs]:
    """What a network may look at, copied from the CT in short steps."""
    image = volume_node_to_image(volume, ct.words)
    yield
    return SegmentationInputs(image)


def take_liver(choices: Any, ct: Ct, volume: vtkMRMLScalarVolumeNode, found: Segmentation) -> Iterator[None]:
    """Put a found liver as a new segment into the segmentation of its CT and choose it.

    Raises
    ------
    MissingInputError
        If another CT was chosen while the network worked.
    """
    if ct.volume_of(choices) is not volume:
        raise MissingInputError(f"Another {ct.words} was chosen meanwhile; nothing was changed.")
    node = ct.structures_of(choices)
    if node is None or not takes_segments(node):
        node = _new_place(choices, ct, volume)
    yield
    segment_id = put_found_liver(node, found)
    yield
    ct.choose(choices, node, segment_id)


def _new_place(choices: Any, ct: Ct, volume: vtkMRMLScalarVolumeNode) -> vtkMRMLSegmentationNode:
    """The CT's own segmentation; on the follow-up CT with the drawn liver beside, so that it can be chosen again."""
    if ct is Ct.PLANNING:
        return planning_segmentation(volume)
    node = working_segmentation(volume)
    drawn = liver_segment(choices.followUpStructures)
    if drawn:
        mask = segment_to_mask(choices.followUpStructures, drawn, volume_node_to_image(volume, ct.words))
        put_aligned_liver(node, mask, segment_origin_now(choices.followUpStructures, drawn), carried_over=False)
    return node


def guiding_livers(choices: Any) -> GuidingLivers:
    """Where the livers come from that guide the next alignment, as they are now."""
    planning, later = Ct.PLANNING.liver_of(choices), follow_up_liver(choices)
    stays = later is not None and later[0] is choices.segmentation
    return GuidingLivers(
        planning=None if planning is None else segment_origin_now(*planning),
        follow_up=None if later is None else segment_origin_now(*later),
        segment_id=later[1] if stays else "",
        planning_mark="" if planning is None else mask_fingerprint(*planning),
        follow_up_mark="" if later is None else mask_fingerprint(*later),
    )


def follow_up_liver(choices: Any) -> tuple[vtkMRMLSegmentationNode, str] | None:
    """Segmentation and id of the follow-up CT's own liver: the chosen one, else that of its structures.

    One that an earlier alignment carried over or copied says nothing new and is left out.
    """
    chosen = Ct.FOLLOW_UP.liver_of(choices)
    own = chosen is not None and chosen[0] is not choices.planningStructures
    if own and is_drawn(*chosen) and not is_made_by_alignment(*chosen):
        return chosen
    drawn = liver_segment(choices.followUpStructures)
    return (choices.followUpStructures, drawn) if drawn else None


def alignment_liver_findings(choices: Any) -> list[Finding]:
    """An amber line where the alignment was guided by other livers than those that are chosen now."""
    if choices is None or choices.alignment is None:
        return []
    marks = guided_by(choices.alignment)
    if not marks[0]:
        return []
    held = (Ct.PLANNING.liver_of(choices), follow_up_liver(choices))
    changed = [ct for ct, mark, liver in zip(Ct, marks, held, strict=True) if not _is_same(mark, liver)]
    text = "The alignment was not guided by the liver of the {} as it is now; press Align again."
    return [warning("Alignment", text.format(ct.words)) for ct in changed]


def _is_same(mark: str, liver: tuple[vtkMRMLSegmentationNode, str] | None) -> bool:
    """Whether a liver is the one that left a mark; no liver leaves none."""
    if not mark or liver is None:
        return not mark and liver is None
    return same_fingerprint(mask_fingerprint(*liver), mark)


def found_liver_findings(choices: Any) -> list[Finding]:
    """What was noticed when a network found the chosen livers."""
    livers = [ct.liver_of(choices) for ct in Ct]
    return [finding for liver in livers if liver is not None for finding in liver_findings(*liver)]


def livers_text(choices: Any) -> str:
    """Volume and origin of both livers and what was noticed about them, a line each; empty where there is none."""
    if choices is None:
        return ""
    livers = {Ct.PLANNING: Ct.PLANNING.liver_of(choices)}
    livers[Ct.FOLLOW_UP] = Ct.FOLLOW_UP.liver_of(choices) or follow_up_liver(choices)
    lines = [line for ct, liver in livers.items() if liver for line in _lines(ct, *liver)]
    return "\n".join([*lines, *([CHECK] if found_liver_findings(choices) else [])])


def _lines(ct: Ct, node: vtkMRMLSegmentationNode, segment_id: str) -> list[str]:
    where = ct.words[0].upper() + ct.words[1:]
    first = f"{where}: {segment_names(node)[segment_id]}, {volume_and_origin(node, segment_id)}"
    to_check = [one.text for one in liver_findings(node, segment_id) if one.level is not Level.OK]
    return [first, *to_check]


def choose_again(choices: Any, earlier: str) -> None:
    """Choose the earlier liver of the follow-up CT where undoing took the chosen one away."""
    gone = choices.segmentation is not None and choices.liverSegment and Ct.FOLLOW_UP.liver_of(choices) is None
    if gone and has_segment(choices, earlier):
        choices.liverSegment = earlier
