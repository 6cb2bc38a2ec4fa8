"""The child's side of a job: wait for the request, do the work, leave the result, and never outlive the parent."""

from __future__ import annotations

import contextlib
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from hepadose.errors import CancelledError, HepaDoseError, MissingDependencyError, OutputError
from hepadose.timing import TimingLog
from hepadose.worker import messages
from hepadose.worker.messages import ProgressWriter
from hepadose.worker.process import end_own_tree, is_alive, step_back
from hepadose.worker.transfer import load_value, save_value

_WATCH_S = 0.5
_WAIT_S = 0.01


def main(arguments: list[str]) -> int:
    """Do the work that lies in a folder.

    Parameters
    ----------
    arguments : list of str
        The job's folder, and the process to which it belongs.

    Returns
    -------
    int
        0 where a result was left, 1 where a failure was left, 73 where there was no room even for that.
    """
    folder, parent = Path(arguments[0]), int(arguments[1])
    _live_no_longer_than(parent, folder)
    signal.signal(signal.SIGTERM, _stop)
    step_back()
    try:
        try:
            return _work(folder)
        except HepaDoseError as problem:
            return _leave_failure(folder, problem)
        except ImportError as problem:
            return _leave_failure(folder, _missing(problem))
        except MemoryError:
            return _leave_failure(folder, _no_memory())
    except OutputError:
        return messages.EXIT_NO_ROOM


def _work(folder: Path) -> int:
    from hepadose.worker.tasks import TASKS

    _import_what_takes_long()
    request = _wait_for_request(folder)
    log = TimingLog(folder / messages.TIMING_FILE)
    tell = ProgressWriter(folder / messages.PROGRESS_FILE)
    value = TASKS[request["task"]](request["inputs"], tell, log)
    with log.step("Hand over result"):
        save_value(folder, messages.RESULT, value)
    return messages.EXIT_OK


def _import_what_takes_long() -> None:
    """Meanwhile the parent writes the inputs; whoever needs a package that is missing says so later."""
    with contextlib.suppress(ImportError):
        import SimpleITK  # noqa: F401


def _wait_for_request(folder: Path) -> dict:
    while not (folder / f"{messages.REQUEST}.json").exists():
        time.sleep(_WAIT_S)
    return load_value(folder, messages.REQUEST)


def _leave_failure(folder: Path, problem: HepaDoseError) -> int:
    save_value(folder, messages.FAILURE, problem)
    return messages.EXIT_FAILED


def _missing(problem: ImportError) -> MissingDependencyError:
    return MissingDependencyError(
        f"The Python package {problem.name or 'of this step'} is not installed, or cannot be loaded, for the "
        "interpreter that works in the background; install it there."
    )


def _no_memory() -> HepaDoseError:
    return messages.WorkerDiedError(
        "The computer has not enough memory for this step; close other programs and run the step again."
    )


def _stop(_sign: int, _frame: FrameType | None) -> None:
    # Once is enough: a second signal would interrupt the tidying up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise CancelledError("The user stopped the computation.")


def _live_no_longer_than(parent: int, folder: Path) -> None:
    watcher = threading.Thread(target=_watch, args=(parent, folder), name="parent watch", daemon=True)
    watcher.start()


def _watch(parent: int, folder: Path) -> None:
    while is_alive(parent):
        time.sleep(_WATCH_S)
    shutil.rmtree(folder, ignore_errors=True)
    end_own_tree()
