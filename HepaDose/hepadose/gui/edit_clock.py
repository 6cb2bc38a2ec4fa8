"""How long a person has edited: a step of the timing log that lasts while the user works."""

from __future__ import annotations

import contextlib
import time

from slicer.i18n import tr as _

from hepadose.timing import StepKind, TimingLog
from hepadose.timing.log import Step


class EditClock:
    """Opens an "edited" step at the first stroke and closes it when something else begins.

    Parameters
    ----------
    name : str
        Name of the step in the log.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack: contextlib.ExitStack | None = None
        self._step: Step | None = None
        self._started_s = 0.0
        self._earlier_active_s = 0.0
        self._earlier_wall_s = 0.0

    @property
    def running(self) -> bool:
        """Whether an editing step is open."""
        return self._step is not None

    def note_activity(self, log: TimingLog, tool: str = "", start: str = "") -> None:
        """The user did something just now.

        Parameters
        ----------
        log : TimingLog
            Gets the step.
        tool : str
            Effect of the editor that was active; empty for none.
        start : str
            What the editing began with, in words; only the first of a step counts.
        """
        if self._step is None:
            self._stack = contextlib.ExitStack()
            self._step = self._stack.enter_context(log.step(self._name, StepKind.EDITED, start=start, tools=""))
            self._started_s = time.monotonic()
        tools = [each for each in self._step.details["tools"].split(", ") if each]
        if tool and tool not in tools:
            self._step.details["tools"] = ", ".join([*tools, tool])
        self._step.note_activity()

    def stop(self) -> None:
        """Close the step; the time so far is kept for :meth:`text`."""
        if self._step is None:
            return
        self._earlier_active_s += self._active_s()
        self._earlier_wall_s += time.monotonic() - self._started_s
        self._stack.close()
        self._stack = self._step = None

    def reset(self) -> None:
        """Forget the time: another case begins."""
        self.stop()
        self._earlier_active_s = self._earlier_wall_s = 0.0

    def text(self) -> str:
        """The time so far in words; empty where nothing was edited."""
        active_s, wall_s = self._earlier_active_s, self._earlier_wall_s
        if self._step is not None:
            active_s += self._active_s()
            wall_s += time.monotonic() - self._started_s
        if not wall_s:
            return ""
        return _("Edited: {active} active of {wall}").format(active=duration_text(active_s), wall=duration_text(wall_s))

    def _active_s(self) -> float:
        return self._step.active_so_far_s


def duration_text(seconds: float) -> str:
    """Seconds as "2 min 10 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
