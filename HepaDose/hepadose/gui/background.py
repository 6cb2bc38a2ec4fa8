"""A job in a child process behind a progress bar and a Cancel button, while the window stays alive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import qt
from slicer.i18n import tr as _

from hepadose.errors import CancelledError, HepaDoseError
from hepadose.timing import TimingRecord
from hepadose.worker import JobStatus, WorkerJob

INTERVAL_MS = 50
STEP_MS = 2
"""Pause between two short steps in the window's own thread."""


class BackgroundTask:
    """Runs one job at a time; its result is taken over in small steps, one per turn of the event loop.

    Parameters
    ----------
    progress_bar : qt.QProgressBar
        Shown while the job runs, with the stage and the remaining time.
    cancel_button : qt.QPushButton
        Shown while the job can be cancelled.
    start_button : qt.QPushButton
        What starts the job; gets the keyboard back when the job has ended. Where several buttons start jobs, set
        :attr:`start_button` before each.
    on_change : callable
        Called when a job has started or ended.
    """

    def __init__(self, progress_bar: Any, cancel_button: Any, start_button: Any, on_change: Callable[[], None]) -> None:
        self._bar, self._cancel_button, self._on_change = progress_bar, cancel_button, on_change
        self.start_button, self._owns_keyboard = start_button, False
        self._job: WorkerJob | None = None
        self._steps: Iterator[None] | None = None
        self._starts = False
        self._timer = qt.QTimer()
        self._timer.setInterval(INTERVAL_MS)
        self._timer.connect("timeout()", self._turn)
        cancel_button.connect("clicked(bool)", self._cancel_clicked)
        self._clear()

    @property
    def busy(self) -> bool:
        """Whether a job runs or its result is being taken over."""
        return self._job is not None or self._steps is not None

    @property
    def timing(self) -> tuple[TimingRecord, ...]:
        """Steps that the job has timed, while its result is taken over."""
        return self._job.timing if self._job is not None else ()

    def start(
        self,
        job: WorkerJob | Iterator[None],
        take_over: Callable[[Any], Iterator[None] | None],
        on_problem: Callable[[HepaDoseError], None],
    ) -> None:
        """Watch a job.

        Parameters
        ----------
        job : WorkerJob or iterator
            Started already; or short steps that return the started job, run one per turn of the event loop.
        take_over : callable
            Given the job's result; may return an iterator whose steps are run one per turn of the event loop.
        on_problem : callable
            Given what went wrong; a :class:`CancelledError` after Cancel.
        """
        self._take_over, self._on_problem = take_over, on_problem
        if isinstance(job, WorkerJob):
            self._job = job
        else:
            self._steps = self._starting(job)
        self._starts = self._steps is not None
        self._timer.setInterval(STEP_MS if self._starts else INTERVAL_MS)
        self._clear()
        # A disabled button would hand the keyboard on to the next field, where typing changes a number.
        self._owns_keyboard = self.start_button.focus
        if self._owns_keyboard:
            self._cancel_button.setFocus()
        self._timer.start()
        self._on_change()

    def cancel(self) -> None:
        """End the job at once, if there is one; nothing of it is taken over."""
        if self.busy:
            if self._job is not None:
                self._job.cancel()
            self._end(CancelledError(_("Cancelled; nothing was changed.")))

    def show(self) -> None:
        """Show or hide bar and button again: a section that is unfolded shows everything in it."""
        self._bar.visible = self.busy
        self._show_cancel(self.busy and (self._steps is None or self._starts))

    def close(self) -> None:
        """End the job without telling anybody: the panel goes away."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self._job = self._steps = None

    def _cancel_clicked(self, _checked: bool = False) -> None:
        self.cancel()

    def _turn(self) -> None:
        try:
            if self._steps is None:
                self._poll()
            elif next(self._steps, self) is self:
                self._steps_done()
        except HepaDoseError as problem:
            self._end(problem)
        except Exception:
            # A defect of ours: the panel must come back to life before it is reported.
            self._end(None)
            raise

    def _starting(self, steps: Iterator[None]) -> Iterator[None]:
        self._job = yield from steps

    def _steps_done(self) -> None:
        if not self._starts:
            self._end(None)
            return
        self._steps, self._starts = None, False
        self._timer.setInterval(INTERVAL_MS)

    def _poll(self) -> None:
        state = self._job.poll()
        self._bar.value = round(100 * state.fraction)
        self._bar.format = _progress_text(state.stage, state.remaining_s)
        if state.status is not JobStatus.RUNNING:
            self._bar.format = _("Taking the result over …")
            # From here on the scene changes, so Cancel would leave it half changed.
            self._show_cancel(False)
            self._steps = self._taking_over()
            self._timer.setInterval(STEP_MS)

    def _taking_over(self) -> Iterator[None]:
        result = yield from self._job.result_steps()
        yield from self._take_over(result) or ()

    def _end(self, problem: HepaDoseError | None) -> None:
        self._timer.stop()
        job, self._job, self._steps = self._job, None, None
        if job is not None:
            job.close()
        self._clear()
        if problem is not None:
            self._on_problem(problem)
        self._on_change()
        if self._owns_keyboard and qt.QApplication.focusWidget() is None:
            self.start_button.setFocus()

    def _show_cancel(self, visible: bool) -> None:
        if not visible and self._cancel_button.focus:
            self._owns_keyboard = True
            self._cancel_button.clearFocus()
        self._cancel_button.visible = visible

    def _clear(self) -> None:
        self._bar.value = 0
        self._bar.format = ""
        self.show()


def _progress_text(stage: str, remaining_s: float | None) -> str:
    if remaining_s is None:
        return f"{stage} …"
    if remaining_s >= 90:
        return _("{stage} … about {minutes} min left").format(stage=stage, minutes=round(remaining_s / 60))
    return _("{stage} … about {seconds} s left").format(stage=stage, seconds=max(round(remaining_s), 1))
