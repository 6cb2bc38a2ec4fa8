"""A walk through a panel with a camera, for the pictures of README and tutorial."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gui_hand import Hand

PICTURES = Path(__file__).resolve().parents[1] / "Resources" / "Screenshots"
PATIENCE_S = 900


def make_small(path: Path) -> None:
    """Keep a picture with 256 colors: pictures count in every clone."""
    small = Image.open(path).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


class Tour:
    """One walk through the panel of a module.

    Parameters
    ----------
    application : host.HostApplication
    """

    MODULE = ""

    def __init__(self, application) -> None:
        self.application = application
        self.panel = application.select_module(self.MODULE)
        self.hand = Hand(application, self.panel.ui)

    def take(self, name: str) -> None:
        """A picture of the main window."""
        self.application.process_events(0.5)
        path = PICTURES / f"{name}.png"
        self.application.screenshot(path)
        make_small(path)
        print(f"  {path.name}", flush=True)

    def finish(self) -> None:
        """Wait until nothing runs in the background."""
        self.application.wait_until(lambda: not self.panel.why_busy(), PATIENCE_S)

    def show(self, name: str) -> None:
        """Scroll the panel until a widget is at its top, as a user would."""
        area, place = self._place_of(name)
        area.verticalScrollBar().setValue(place)

    def bottom_of(self, name: str) -> None:
        """Scroll the panel until a widget is at its bottom."""
        area, place = self._place_of(name)
        height = getattr(self.panel.ui, name).height
        area.verticalScrollBar().setValue(place + height + 12 - area.viewport().height)

    def _place_of(self, name: str):
        from PySide6.QtCore import QPoint
        from PySide6.QtWidgets import QScrollArea

        widget = getattr(self.panel.ui, name)
        area = widget.parentWidget()
        while not isinstance(area, QScrollArea):
            area = area.parentWidget()
        self.application.process_events()
        return area, widget.mapTo(area.widget(), QPoint(0, 0)).y()
