"""Progress of a command as lines on the console."""

from __future__ import annotations

import sys
import time

from hepadose.worker.remaining import RemainingTime
from hepadose.worker.stages import Progress


def progress_lines() -> Progress:
    """Writes a line when the stage changes or another tenth is done, with the time left as soon as it is known.

    Returns
    -------
    callable
        Takes the stage in words and the fraction done; writes to the error output, so that results stay apart.
    """
    shown: tuple[str, int] | None = None
    left = RemainingTime(time.monotonic())

    def show(stage: str, fraction: float) -> None:
        nonlocal shown
        left.report(fraction, time.monotonic())
        if shown != (shown := (stage, int(fraction * 10))):
            left_s = left.at(time.monotonic()) if fraction < 1.0 else None
            rest = "" if left_s is None else f" (about {max(left_s, 1.0):.0f} s left)"
            sys.stderr.write(f"{fraction:4.0%}  {stage}{rest}\n")
            sys.stderr.flush()

    return show
