"""A job in a child process, as whoever waits for it sees it."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hepadose.errors import CancelledError, HepaDoseError
from hepadose.timing import TimingRecord
from hepadose.worker.runner import Runner

T = TypeVar("T")

_MOMENT_S = 0.001
"""What each poll leaves to the thread that leads the child, see :mod:`hepadose.worker.runner`."""

_CANCEL_WAIT_S = 0.02


class JobStatus(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class JobState:
    """How a job stands at one moment.

    Parameters
    ----------
    status : JobStatus
    stage : str
        What is being done, in words.
    fraction : float
        Part of the work done, 0–1; never falls.
    elapsed_s : float
        Since the start; stands still when the job has ended.
    remaining_s : float or None
        Estimated seconds left; None until it can be said honestly, 0 when the job has ended.
    """

    status: JobStatus
    stage: str
    fraction: float
    elapsed_s: float
    remaining_s: float | None


class WorkerJob(Generic[T]):
    """One job. It is ended, with everything it started, when it is cancelled, closed or no longer referred to.

    Parameters
    ----------
    runner : Runner
        Not started yet.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._cancelled = False
        weakref.finalize(self, Runner.stop, runner)
        runner.start()

    @property
    def timing(self) -> tuple[TimingRecord, ...]:
        """The steps of the job by their start; empty while it runs."""
        return self._runner.timing if self._runner.finished.is_set() else ()

    def poll(self) -> JobState:
        """How the job stands; takes a millisecond or two."""
        if self._status() is JobStatus.RUNNING:
            time.sleep(_MOMENT_S)
        return self._state(self._status())

    def cancel(self) -> None:
        """End the job at once with every process that it started; its folder is removed.

        Takes less than 0.1 s. A job that has ended stays as it is; a second call does nothing.
        """
        if self._status() is JobStatus.RUNNING:
            self._cancelled = True
            self._runner.stop()
            self._runner.finished.wait(_CANCEL_WAIT_S)

    def result(self) -> T:
        """The value, which is in memory already.

        Raises
        ------
        HepaDoseError
            What went wrong, as the child raised it; :class:`~hepadose.worker.WorkerDiedError` where the child ended
            without a word; :class:`~hepadose.errors.CancelledError` after :meth:`cancel`.
        """
        status = self._status()
        if status is JobStatus.RUNNING:
            raise HepaDoseError("The job is not finished; wait until it is done.")
        if status is JobStatus.CANCELLED:
            raise CancelledError("The user stopped the computation.")
        if self._runner.problem is not None:
            raise self._runner.problem
        return self._runner.value

    def result_steps(self) -> Iterator[None]:
        """Wait for the result in steps of a millisecond or two; ``value = yield from job.result_steps()``.

        Raises
        ------
        HepaDoseError
            As :meth:`result`.
        """
        while self.poll().status is JobStatus.RUNNING:
            yield
        return self.result()

    def close(self) -> None:
        """Cancel where the job still runs, and let go of the value: it can be asked for no more.

        Takes less than 0.1 s; a large folder may take a moment longer to go.
        """
        self.cancel()
        self._runner.value = None

    def _status(self) -> JobStatus:
        if self._cancelled:
            return JobStatus.CANCELLED
        if not self._runner.finished.is_set():
            return JobStatus.RUNNING
        return JobStatus.DONE if self._runner.problem is None else JobStatus.FAILED

    def _state(self, status: JobStatus) -> JobState:
        runner, now_s = self._runner, time.monotonic()
        elapsed_s = (runner.ended_s or now_s) - runner.began_s
        if status is JobStatus.RUNNING:
            remaining_s = None if runner.time_left is None else runner.time_left.at(now_s)
            return JobState(status, runner.progress.stage, runner.progress.fraction, elapsed_s, remaining_s)
        fraction = 1.0 if status is JobStatus.DONE else runner.progress.fraction
        return JobState(status, _LAST_WORDS[status], fraction, elapsed_s, 0.0)


_LAST_WORDS = {JobStatus.DONE: "Done", JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Cancelled"}
