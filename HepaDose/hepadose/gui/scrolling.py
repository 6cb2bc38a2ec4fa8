"""Bringing a part of a panel into sight."""

from __future__ import annotations

from typing import Any

MARGIN_PX = 40


def bring_into_sight(widget: Any) -> None:
    """Scroll the panel until a widget is seen; nothing happens where the panel does not scroll.

    Parameters
    ----------
    widget : qt.QWidget
        In a panel that Slicer has put into a scroll area.
    """
    around = widget.parentWidget()
    while around is not None and around.className() != "QScrollArea" and not around.inherits("QScrollArea"):
        around = around.parentWidget()
    if around is not None:
        around.ensureWidgetVisible(widget, MARGIN_PX, MARGIN_PX)
