"""A combo box that offers what can draw one thing: the library's own segmenters and the models on this computer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from hepadose.worker import SegmenterChoice


class SegmenterBox:
    """Connects a combo box with the key of a segmenter in the parameter node.

    Parameters
    ----------
    box : qt.QComboBox
        Filled with names and versions.
    on_chosen : callable
        Given the key that the user chose.
    """

    def __init__(self, box: Any, on_chosen: Callable[[str], None]) -> None:
        self._box, self._on_chosen = box, on_chosen
        self._offered: tuple[SegmenterChoice, ...] = ()
        box.connect("activated(int)", self._activated)

    @property
    def key(self) -> str:
        """Key of the shown segmenter; empty where there is none."""
        return self._box.itemData(self._box.currentIndex) if self._offered else ""

    def offer(self, choices: tuple[SegmenterChoice, ...]) -> None:
        """Fill the box; models may have been added since the last time."""
        if choices == self._offered and self._box.count:
            return
        shown, self._offered = self.key, choices
        blocked = self._box.blockSignals(True)
        self._box.clear()
        for choice in choices:
            self._box.addItem(f"{choice.name} {choice.version}".strip(), choice.key)
        if not choices:
            self._box.addItem(_("no model installed"), "")
        self._box.blockSignals(blocked)
        self._box.enabled = bool(choices)
        self.show(shown)

    def show(self, key: str) -> None:
        """Show a segmenter as chosen; the first one where there is none of that key."""
        index = max(self._box.findData(key), 0)
        if self._box.currentIndex != index:
            self._box.currentIndex = index

    def _activated(self, index: int) -> None:
        self._on_chosen(self._box.itemData(index))
