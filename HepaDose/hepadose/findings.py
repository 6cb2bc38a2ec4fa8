"""What was found and what is wrong, in words: the one currency of pre-flight lists, quality gates and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hepadose.errors import CancelledError, HepaDoseError


class Level(StrEnum):
    """How much a finding matters: green, amber, red."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


LEVEL_WORDS = {Level.OK: "OK", Level.WARNING: "Check", Level.ERROR: "Problem"}
"""What a finding's level is called, in panel, scene and report."""


@dataclass(frozen=True)
class Finding:
    """One line of a pre-flight list, one quality gate or one warning.

    Parameters
    ----------
    level : Level
        ``ERROR`` means that a number computed in spite of it must not be trusted.
    subject : str
        What it is about, as the user knows it ("Dose", "Follow-up CT", "Registration").
    text : str
        What was found and, where something is wrong, what to do. Never a name, id, date, UID or path.
    """

    level: Level
    subject: str
    text: str

    def __str__(self) -> str:
        return f"[{self.level.upper():7}] {self.subject}: {self.text}"


def ok(subject: str, text: str) -> Finding:
    """A green finding."""
    return Finding(Level.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    """An amber finding."""
    return Finding(Level.WARNING, subject, text)


def error(subject: str, text: str) -> Finding:
    """A red finding."""
    return Finding(Level.ERROR, subject, text)


def told(subject: str, problem: HepaDoseError) -> Finding:
    """What stopped a step; red, unless the user stopped it."""
    return (ok if isinstance(problem, CancelledError) else error)(subject, str(problem))


def worst_level(findings: Iterable[Finding]) -> Level:
    """The most serious level in a list; ``OK`` for an empty one."""
    order = (Level.OK, Level.WARNING, Level.ERROR)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
