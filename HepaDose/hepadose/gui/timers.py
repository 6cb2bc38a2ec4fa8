"""Timers that fire once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


def single_shot(delay_ms: int, act: Callable[[], None]) -> Any:
    """A timer that calls something once, a while after it was last started.

    Parameters
    ----------
    delay_ms : int
        0 for the next turn of the event loop.
    act : callable

    Returns
    -------
    qt.QTimer
    """
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.setInterval(delay_ms)
    timer.connect("timeout()", act)
    return timer
