"""Errors that Slicer would only print: raised in slots, in timers and in observers of VTK."""

from __future__ import annotations

import sys

ERRORS: list[BaseException] = []


def collect() -> None:
    """From now on keep every exception that nobody catches."""
    former = sys.excepthook
    if getattr(former, "collects", False):
        return

    def keep(kind, problem, traceback):
        ERRORS.append(problem)
        sys.__excepthook__(kind, problem, traceback)

    keep.collects = True
    sys.excepthook = keep


def raise_first() -> None:
    """Raise the first kept error, with the others as notes, and forget all.

    Raises
    ------
    BaseException
        The first kept error, if there is one.
    """
    kept = list(ERRORS)
    ERRORS.clear()
    if kept:
        for other in kept[1:]:
            kept[0].add_note(f"and then: {type(other).__name__}: {other}")
        raise kept[0]
