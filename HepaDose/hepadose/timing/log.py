"""Writing the timing log."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import hepadose
from hepadose.errors import CancelledError, OutputError, SettingsError
from hepadose.timing.records import Outcome, StepKind, TimingRecord, record_from, scrubbed

IDLE_LIMIT_S = 60.0
"""A pause longer than this does not count as active editing."""

_DEPTH: ContextVar[int] = ContextVar("hepadose_timing_depth", default=0)


class Step:
    """A running step, handed out by :meth:`TimingLog.step`.

    ``active_s`` may be set by the caller. Left at None it is the wall time for a computed step, zero for a waited
    one, and for an edited one the time between calls of :meth:`note_activity` without pauses over 60 s.
    """

    def __init__(self, clock: Callable[[], float], details: dict[str, Any]) -> None:
        self.active_s: float | None = None
        self.details = details
        self._clock = clock
        self._last_activity_s: float | None = None
        self._active_so_far_s: float | None = None

    @property
    def active_so_far_s(self) -> float:
        """Seconds between the calls of :meth:`note_activity` so far, without pauses over 60 s."""
        return self._active_so_far_s or 0.0

    def note_activity(self) -> None:
        """Say that the person did something just now (painted, scrolled, changed a setting)."""
        now_s = self._clock()
        if self._last_activity_s is None:
            self._active_so_far_s = 0.0
        elif now_s - self._last_activity_s <= IDLE_LIMIT_S:
            self._active_so_far_s += now_s - self._last_activity_s
        self._last_activity_s = now_s

    def final_active_s(self, kind: StepKind, wall_s: float) -> float | None:
        """Active seconds of a step of this kind that took ``wall_s``; None where nobody measured them."""
        if self.active_s is not None:
            return float(self.active_s)
        if kind is StepKind.EDITED:
            return self._active_so_far_s
        return wall_s if kind is StepKind.COMPUTED else 0.0


class TimingLog:
    """Writes one record per step, to a file or only to memory.

    Parameters
    ----------
    path : Path or None
        File to append to; created with its folder where absent. None keeps the records in memory.
    subject_uid : str, optional
        Identifier of what the steps work on (a Study Instance UID); only its salted hash is kept.
    clock : callable
        Monotonic clock in seconds.

    Raises
    ------
    OutputError
        If the file cannot be opened for appending.

    Examples
    --------
    >>> log = TimingLog(None)
    >>> with log.step("Sweep", levels=551):
    ...     pass
    >>> log.records[0].outcome.value, log.records[0].details
    ('ok', {'levels': 551})
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        subject_uid: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = None if path is None else Path(path)
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._session = secrets.token_hex(4)
        self._subject = self.hash_of(subject_uid) if subject_uid else ""
        self._lock = threading.Lock()
        self._started = 0
        self._records: list[TimingRecord] = []
        if self._path is not None:
            self._prepare_file()

    @property
    def records(self) -> tuple[TimingRecord, ...]:
        """The finished steps of this object, in the order they ended."""
        return tuple(self._records)

    def hash_of(self, identifier: str) -> str:
        """Hash of an identifier with this log's salt: equal identifiers agree within one log, never between logs."""
        return hashlib.blake2b(identifier.encode(), key=self._salt, digest_size=8).hexdigest()

    @contextlib.contextmanager
    def step(
        self,
        name: str,
        kind: StepKind | str = StepKind.COMPUTED,
        *,
        device: str = "cpu",
        subject_uid: str | None = None,
        **details: Any,
    ) -> Iterator[Step]:
        """Time what runs inside the ``with`` block; exceptions are recorded by their class and passed on.

        Parameters
        ----------
        name : str
            What is done, for people.
        kind : StepKind or str
            "computed", "edited" or "waited".
        device : str
            What it runs on.
        subject_uid : str, optional
            Replaces the log's own subject for this step.
        **details
            Numbers and short texts to keep with the step (sizes, parameters).

        Raises
        ------
        SettingsError
            If the kind is not one of the three.
        """
        kind = _checked_kind(kind)
        step = Step(self._clock, dict(details))
        step_id = self._next_id()
        opening = self._opening(name, kind, device, subject_uid)
        self._append({"event": "started", "id": step_id, **opening, "details": scrubbed(step.details)})
        token = _DEPTH.set(_DEPTH.get() + 1)
        began_s = self._clock()
        ending = {"outcome": Outcome.OK.value, "error": ""}
        try:
            yield step
        except BaseException as problem:
            ending = {"outcome": _outcome_of(problem).value, "error": type(problem).__name__}
            raise
        finally:
            _DEPTH.reset(token)
            wall_s = self._clock() - began_s
            ending |= {"wall_s": wall_s, "active_s": step.final_active_s(kind, wall_s)}
            fields = {**opening, **ending, "details": scrubbed(step.details)}
            self._records.append(record_from(fields))
            self._append({"event": "finished", "id": step_id, **fields})

    def extend(self, records: Iterable[TimingRecord]) -> None:
        """Take over finished steps that a child process has timed.

        Parameters
        ----------
        records : iterable of TimingRecord
            Kept as they are, each with a line of its own in the file.
        """
        for record in records:
            self._records.append(record)
            fields = dataclasses.asdict(record) | {"start": record.start.isoformat(timespec="microseconds")}
            self._append({"event": "finished", "id": self._next_id(), **fields})

    def _opening(self, name: str, kind: StepKind, device: str, subject_uid: str | None) -> dict[str, Any]:
        return {
            "step": scrubbed(name),
            "kind": kind.value,
            "start": datetime.now(UTC).isoformat(timespec="microseconds"),
            "device": scrubbed(device),
            "subject": self.hash_of(subject_uid) if subject_uid else self._subject,
            "depth": _DEPTH.get(),
            "versions": dict(software_versions()),
        }

    def _next_id(self) -> str:
        with self._lock:
            self._started += 1
            return f"{self._session}-{self._started}"

    def _prepare_file(self) -> None:
        """Create the file, and end a line that a crash tore off so that ours begins on its own."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
        except OSError as problem:
            raise _not_writable(problem) from problem

    def _append(self, fields: dict[str, Any]) -> None:
        if self._path is None:
            return
        line = (json.dumps(fields, ensure_ascii=False, allow_nan=False) + "\n").encode()
        try:
            with self._lock, self._path.open("ab", buffering=0) as file:
                file.write(line)
                os.fsync(file.fileno())
        except OSError as problem:
            raise _not_writable(problem) from problem


@cache
def software_versions() -> dict[str, str]:
    """Versions of HepaDose, Python and the numerical libraries that are installed."""
    versions = {"hepadose": hepadose.__version__, "python": platform.python_version()}
    for package in ("numpy", "scipy", "SimpleITK", "pydicom"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def _checked_kind(kind: StepKind | str) -> StepKind:
    try:
        return StepKind(kind)
    except ValueError:
        allowed = ", ".join(member.value for member in StepKind)
        raise SettingsError(f"The kind of a step must be one of {allowed}, got {kind!r}.") from None


def _outcome_of(problem: BaseException) -> Outcome:
    if isinstance(problem, CancelledError):
        return Outcome.CANCELLED
    return Outcome.FAILED if isinstance(problem, Exception) else Outcome.INTERRUPTED


def _not_writable(problem: OSError) -> OutputError:
    reason = problem.strerror or type(problem).__name__
    return OutputError(f"The timing log cannot be written ({reason}); choose a folder that you may write to.")
