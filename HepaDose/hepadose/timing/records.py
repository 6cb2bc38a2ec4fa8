"""One step of the timing log as a value, what may be said in it, and reading a log back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from hepadose.errors import UnreadableFileError

WITHHELD = "[withheld]"
_TELLTALE = re.compile(
    r"\\|^[~/]|(?:^|\s)\w:[\\/]|\S/\S+/\S"  # a path
    r"|\d+(?:\.\d+){4,}"  # a UID
    r"|\b(?:19|20)\d\d-?[01]\d-?[0-3]\d(?!\d)"  # a date
)


class StepKind(StrEnum):
    """Who was busy during a step: the machine, a person, or nobody."""

    COMPUTED = "computed"
    EDITED = "edited"
    WAITED = "waited"


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


@dataclass(frozen=True)
class TimingRecord:
    """One step of a timing log.

    Parameters
    ----------
    step : str
        What was done ("Register", "Edit reaction").
    kind : StepKind
        Whether the machine computed, a person edited or nobody was busy.
    start : datetime.datetime
        When it began; time-zone aware, UTC.
    outcome : Outcome
        ``INTERRUPTED`` also where the log ends before the step did.
    wall_s : float or None
        Duration by the clock in seconds; None where the step has no end in the log.
    active_s : float or None
        Seconds somebody or the machine was busy; None where nobody measured it.
    device : str
        "cpu" or the accelerator's name.
    subject : str
        Salted hash of what it worked on; empty where not given.
    depth : int
        0 for a step of its own, more for a step within a step.
    error : str
        Class of the exception that ended the step; empty otherwise.
    versions : dict
        Software versions by name.
    details : dict
        Sizes and parameters, without anything that leads to a patient.
    """

    step: str
    kind: StepKind
    start: datetime
    outcome: Outcome
    wall_s: float | None = None
    active_s: float | None = None
    device: str = "cpu"
    subject: str = ""
    depth: int = 0
    error: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def read_timing_log(path: Path, *, live: bool = False) -> tuple[TimingRecord, ...]:
    """All steps of a timing log, in the order they started.

    Parameters
    ----------
    path : Path
        A log written by :class:`TimingLog`, finished or not; a torn line is passed over.
    live : bool
        Whether the log is still being written: steps without an end are then ``RUNNING``, else ``INTERRUPTED``.

    Raises
    ------
    UnreadableFileError
        If the file cannot be read or holds no timing record at all although it is not empty.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as problem:
        raise UnreadableFileError(f"The timing log cannot be read ({problem.strerror or problem}).") from problem
    steps: dict[str, dict[str, Any]] = {}
    for fields in filter(None, map(_parsed, lines)):
        steps[fields["id"]] = steps.get(fields["id"], {}) | fields
    if lines and not steps:
        raise UnreadableFileError("The file holds no timing record; expected JSON lines written by HepaDose.")
    open_end = Outcome.RUNNING if live else Outcome.INTERRUPTED
    return tuple(record_from({"outcome": open_end.value} | fields) for fields in steps.values())


def scrubbed(value: Any) -> Any:
    """A value that JSON can hold and that leads to nobody; numpy scalars become Python numbers."""
    if isinstance(value, dict):
        return {str(scrubbed(str(key))): scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return WITHHELD if _TELLTALE.search(value) or len(value) > 200 else str(value)
    return WITHHELD


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The fields of one line; None for a torn or foreign one."""
    try:
        fields = json.loads(line)
        record_from({"outcome": Outcome.RUNNING.value} | fields)
    except (ValueError, TypeError, KeyError):
        return None
    return fields if "id" in fields else None


def record_from(fields: dict[str, Any]) -> TimingRecord:
    """One step from the merged fields of its lines; a step without an end has no durations."""
    names = TimingRecord.__dataclass_fields__
    values = {name: value for name, value in fields.items() if name in names}
    values["kind"] = StepKind(values["kind"])
    values["outcome"] = Outcome(values["outcome"])
    values["start"] = datetime.fromisoformat(values["start"])
    return TimingRecord(**values)
