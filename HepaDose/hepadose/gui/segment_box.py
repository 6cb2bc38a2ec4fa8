"""A combo box that offers the segments of a segmentation and keeps the choice in the parameter node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _


class SegmentBox:
    """Connects a plain combo box with one segment of a segmentation node.

    The parameter node keeps the segment's id, which survives renaming.

    Parameters
    ----------
    box : qt.QComboBox
        Filled with the segments' names.
    on_chosen : callable
        Given the id that the user chose; empty for none.
    """

    def __init__(self, box: Any, on_chosen: Callable[[str], None]) -> None:
        self._box, self._on_chosen = box, on_chosen
        self._shown: list[tuple[str, str]] = []
        box.connect("activated(int)", self._activated)

    def show(self, segmentation: Any, chosen_id: str) -> None:
        """Offer the segments of a node, or nothing without one; ``chosen_id`` is shown as chosen."""
        offered = [(_("choose …"), ""), *segments_of(segmentation)]
        if offered != self._shown:
            blocked = self._box.blockSignals(True)
            self._box.clear()
            for name, segment_id in offered:
                self._box.addItem(name, segment_id)
            self._box.blockSignals(blocked)
            self._shown = offered
        ids = [segment_id for _name, segment_id in offered]
        index = ids.index(chosen_id) if chosen_id in ids else 0
        if self._box.currentIndex != index:
            blocked = self._box.blockSignals(True)
            self._box.currentIndex = index
            self._box.blockSignals(blocked)
        self._box.enabled = segmentation is not None

    def _activated(self, index: int) -> None:
        self._on_chosen(self._box.itemData(index) or "")


def segments_of(segmentation: Any) -> list[tuple[str, str]]:
    """Name and id of every segment of a node, in its order; empty without a node."""
    if segmentation is None:
        return []
    stored = segmentation.GetSegmentation()
    ids = [stored.GetNthSegmentID(index) for index in range(stored.GetNumberOfSegments())]
    return [(stored.GetSegment(segment_id).GetName(), segment_id) for segment_id in ids]


def segment_named(segmentation: Any, *words: str) -> str:
    """Id of the only segment whose name holds one of the words, or is the first that equals one; empty if none."""
    named = [(name.strip().lower(), segment_id) for name, segment_id in segments_of(segmentation)]
    equal = [segment_id for name, segment_id in named if name in words]
    holding = [segment_id for name, segment_id in named if any(word in name for word in words)]
    if equal:
        return equal[0]
    return holding[0] if len(holding) == 1 else ""
