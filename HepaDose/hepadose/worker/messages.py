"""What the child tells while it works and when it fails, and how its death is put into words."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from hepadose.errors import HepaDoseError

PROGRESS_FILE = "progress.jsonl"
ERRORS_FILE = "stderr.txt"
TIMING_FILE = "timing.jsonl"
REQUEST, RESULT, FAILURE = "request", "result", "failure"
"""Names of the values that are handed over."""

EXIT_OK, EXIT_FAILED, EXIT_NO_ROOM = 0, 1, 73
_TAIL_BYTES = 16_384
_TOLD_LINES = 3


class WorkerDiedError(HepaDoseError):
    """The process that did the work ended without a result; run the step again, with less beside it."""


class ProgressWriter:
    """Appends one JSON line per message; torn lines and a full disk do no harm.

    Parameters
    ----------
    path : Path
        The progress file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[str, int] | None = None

    def __call__(self, stage: str, fraction: float) -> None:
        """Tell the stage in words and the fraction done (0–1)."""
        fraction = min(max(float(fraction), 0.0), 1.0)
        # Thousandths are enough for a bar; some stages report thousands of times.
        told = (stage, int(1000 * fraction))
        if told == self._last:
            return
        self._last = told
        line = (json.dumps({"stage": stage, "fraction": fraction}) + "\n").encode()
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(line)
        except OSError:
            # Progress is a courtesy: the work goes on.
            self._last = None


@dataclass(frozen=True)
class Progress:
    """One message."""

    stage: str
    fraction: float


class ProgressReader:
    """Reads what was appended since the last time.

    Parameters
    ----------
    path : Path
        The progress file; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""

    def newest(self) -> Progress | None:
        """The last complete message since the last call; None where there is none."""
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(self._offset)
                content = file.read()
        except OSError:
            return None
        self._offset += len(content)
        *lines, self._rest = (self._rest + content).split(b"\n")
        messages = [message for line in lines if (message := _message(line)) is not None]
        return messages[-1] if messages else None


def _message(line: bytes) -> Progress | None:
    """One line as a message; None for a torn or foreign one."""
    try:
        fields = json.loads(line)
        return Progress(str(fields["stage"]), min(max(float(fields["fraction"]), 0.0), 1.0))
    except (ValueError, TypeError, KeyError):
        return None


def death_in_words(exit_code: int, errors: Path) -> WorkerDiedError:
    """Why a child ended without a result.

    Parameters
    ----------
    exit_code : int
        Negative for a signal.
    errors : Path
        What it wrote to its standard error.

    Returns
    -------
    WorkerDiedError
        Its message repeats only classes of errors and places in programs: anything else could name a patient.
    """
    told = f" Last words: {'; '.join(lines)}." if (lines := _harmless_lines(errors)) else ""
    if exit_code == -getattr(signal, "SIGKILL", 9) or exit_code == 128 + 9:
        return WorkerDiedError(
            "The computer ran out of memory or the process was killed; close other programs and run the step again."
            + told
        )
    return WorkerDiedError(
        f"The process that did the work ended without a result ({_exit_in_words(exit_code)}); run the step again, and "
        f"report it if it happens again.{told}"
    )


def _exit_in_words(exit_code: int) -> str:
    if exit_code < 0 and os.name != "nt":
        try:
            return f"signal {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"


def _harmless_lines(errors: Path) -> list[str]:
    """The last lines of a standard error of which we know that they name nobody."""
    try:
        with errors.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - _TAIL_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    told = [words for line in lines if (words := harmless(line))]
    return list(dict.fromkeys(told))[-_TOLD_LINES:]


_PLACE = re.compile(r'\s*File "(?:[^"]*[/\\])?(?P<file>[\w.-]+\.py)", line (?P<line>\d+)')
_MISSING_MODULE = re.compile(r"ModuleNotFoundError: No module named '(?P<module>[\w.]+)'$")
_RAISED = re.compile(r"(?:[\w.]*\.)?(?P<error>[A-Z]\w*(?:Error|Exception|Interrupt))(?::.*)?$")
_FATAL = re.compile(r"Fatal Python error: (?P<what>[A-Z][A-Za-z ]+)$")
_CPP = re.compile(r"terminate called after throwing an instance of '(?P<what>[\w:]+)'$")


def harmless(line: str) -> str:
    """What may be repeated of one line of a standard error; empty for nothing.

    Examples
    --------
    >>> harmless("ValueError: bad name Doe^Jane")
    'ValueError'
    >>> harmless('  File "/home/doe/x.py", line 3, in f')
    'x.py line 3'
    """
    line = line.rstrip()
    if found := _MISSING_MODULE.match(line):
        return f"the package {found['module']} is not installed"
    if found := _PLACE.match(line):
        return f"{found['file']} line {found['line']}"
    if found := _FATAL.match(line) or _CPP.match(line):
        return found["what"]
    if found := _RAISED.match(line):
        return found["error"]
    return ""
