"""Which view is drawn when: one per turn of the event loop, so that a click is served between two of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QTimer

if TYPE_CHECKING:
    from host.views import PaintedWidget


class RenderQueue:
    """The views that wait to be drawn, each once, in the order in which they asked for it."""

    def __init__(self) -> None:
        self._waiting: list[PaintedWidget] = []
        # Fires when the event loop has nothing else to do.
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._draw_first)

    def add(self, view: PaintedWidget) -> None:
        """Have a view drawn; asking again before that changes nothing."""
        if view not in self._waiting:
            self._waiting.append(view)
        if not self._timer.isActive():
            self._timer.start()

    def is_empty(self) -> bool:
        """Whether every view that is seen shows what the scene holds."""
        self._waiting = [view for view in self._waiting if shiboken6.isValid(view) and view._can_be_drawn()]
        return not self._waiting

    def _draw_first(self) -> None:
        if self.is_empty():
            return
        self._waiting.pop(0)._render_now()
        if self._waiting:
            self._timer.start()


@cache
def render_queue() -> RenderQueue:
    """The queue of the application; made at first use, for a timer needs the application."""
    return RenderQueue()
