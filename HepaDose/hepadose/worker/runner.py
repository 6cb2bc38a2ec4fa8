"""The life of one child process, led by a thread: hand the inputs over, watch, take the result, clean up.

The thread asks for nothing but long system calls and short waits. So it gets on even where the application lets other
Python threads run only while it runs Python itself, as Slicer's event loop does: each poll gives it a moment.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hepadose.errors import CancelledError, HepaDoseError, OutputError, UnreadableFileError
from hepadose.timing import TimingLog, TimingRecord, read_timing_log
from hepadose.worker import messages
from hepadose.worker.messages import Progress, ProgressReader
from hepadose.worker.process import end_group_of, end_tree, find_python, start_child
from hepadose.worker.remaining import RemainingTime
from hepadose.worker.transfer import array_bytes, load_value, reason_in_words, save_value

FOLDER_PREFIX = "hepadose-"
_WATCH_S = 0.02
_ENDING_S = 0.1
_LAST_WAIT_S = 5.0
_REMOVAL_TRIES = 20
_TAKING_OVER = "Taking the result over"


class Runner:
    """Does one task in a child process.

    Parameters
    ----------
    task : str
        Its name in :data:`hepadose.worker.tasks.TASKS`.
    inputs : dict
        What it needs; see :func:`hepadose.worker.transfer.save_value` for what may be in it. The arrays must not be
        changed before the child has them.
    python : str, optional
        The interpreter.
    leftovers : sequence of Path
        Folders outside the job's own that a stopped child may leave half-written.
    """

    def __init__(
        self, task: str, inputs: dict[str, Any], *, python: str | None = None, leftovers: Sequence[Path] = ()
    ) -> None:
        self._task, self._inputs, self._python, self._leftovers = task, inputs, python, tuple(leftovers)
        self._folder: Path | None = None
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._log = TimingLog(None)
        self.began_s, self.ended_s = time.monotonic(), None
        self.progress = Progress("Handing over images" if array_bytes(inputs) else "Starting", 0.0)
        self.time_left: RemainingTime | None = None
        self.value: Any = None
        self.problem: BaseException | None = None
        self.timing: tuple[TimingRecord, ...] = ()
        self.finished = threading.Event()
        """Set when value or problem is there and the folder is gone."""
        self._thread = threading.Thread(target=self._run, name=f"hepadose {task}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        _ACTIVE.add(self)
        self._thread.start()

    def stop(self) -> None:
        """End the child with everything that it started, within 0.1 s; does nothing when the work has ended."""
        if self.finished.is_set():
            return
        with self._lock:
            self._stopped.set()
            process = self._process
        if process is not None:
            end_tree(process)

    def _run(self) -> None:
        try:
            self.value = self._work()
        except BaseException as problem:
            # Raised again where the result is asked for: an error in a thread would be seen by nobody.
            self.problem = problem
        finally:
            self._inputs = {}
            self.timing = self._records()
            self._clean_up()
            self.ended_s = time.monotonic()
            self.finished.set()
            _ACTIVE.discard(self)

    def _work(self) -> Any:
        self._folder = _private_folder()
        with self._log.step("Hand over images"):
            self._start_process()
            save_value(self._folder, messages.REQUEST, {"task": self._task, "inputs": self._inputs})
            self._inputs = {}
        self.progress = Progress("Starting", 0.0)
        exit_code = self._watch()
        self._raise_failure(exit_code)
        self.progress = Progress(_TAKING_OVER, 1.0)
        with self._log.step("Take the result over"):
            return load_value(self._folder, messages.RESULT)

    def _start_process(self) -> None:
        python = self._python or find_python()
        with self._lock:
            self._require_going_on()
            self._process = start_child(python, self._folder, self._folder / messages.ERRORS_FILE)

    def _watch(self) -> int:
        """Pass progress on until the child has ended."""
        reader = ProgressReader(self._folder / messages.PROGRESS_FILE)
        while (exit_code := self._process.poll()) is None:
            self._pass_on(reader.newest())
            self._stopped.wait(_WATCH_S)
            self._require_going_on()
        return exit_code

    def _pass_on(self, message: Progress | None) -> None:
        if message is None:
            return
        now_s = time.monotonic()
        if self.time_left is None:
            self.time_left = RemainingTime(now_s)
        fraction = max(message.fraction, self.progress.fraction)
        self.time_left.report(fraction, now_s)
        self.progress = Progress(message.stage, fraction)

    def _require_going_on(self) -> None:
        if self._stopped.is_set():
            raise CancelledError("The user stopped the computation.")

    def _raise_failure(self, exit_code: int) -> None:
        """Whatever the child says went wrong; how it died where it says nothing."""
        self._require_going_on()
        if exit_code == messages.EXIT_OK:
            return
        if exit_code == messages.EXIT_NO_ROOM:
            raise OutputError(
                "The disk of the temporary folder is full, so the result could not be handed over; free some space."
            )
        try:
            failure = load_value(self._folder, messages.FAILURE)
        except UnreadableFileError:
            failure = messages.death_in_words(exit_code, self._folder / messages.ERRORS_FILE)
        raise failure

    def _records(self) -> tuple[TimingRecord, ...]:
        """The child's steps and the handing over, by their start."""
        records = list(self._log.records)
        if self._folder is not None and (self._folder / messages.TIMING_FILE).exists():
            try:
                records += read_timing_log(self._folder / messages.TIMING_FILE)
            except HepaDoseError:
                # The child died while it wrote its first line: it has done nothing that could be told.
                return tuple(records)
        return tuple(sorted(records, key=lambda record: record.start))

    def _clean_up(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _see_it_end(process)
        ended_well = self.problem is None
        for folder in (self._folder, *(() if ended_well else self._leftovers)):
            if folder is not None:
                _remove(folder)


_ACTIVE: set[Runner] = set()


@atexit.register
def _end_all() -> None:
    """At the end of the interpreter nothing stays behind."""
    active = list(_ACTIVE)
    for runner in active:
        runner.stop()
    for runner in active:
        runner.finished.wait(timeout=_LAST_WAIT_S)


def _see_it_end(process: subprocess.Popen) -> None:
    """Wait for a child that has been told to end, or tell it; nothing it has started stays."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_ENDING_S)
    if process.poll() is None:
        end_tree(process)
    process.wait()
    end_group_of(process.pid)


def _private_folder() -> Path:
    """A new folder that only this user can enter."""
    try:
        return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    except OSError as problem:
        raise OutputError(reason_in_words(problem)) from problem


def _remove(folder: Path) -> None:
    """Remove a folder; a system that still holds files of a killed process is given a moment."""
    for _ in range(_REMOVAL_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
