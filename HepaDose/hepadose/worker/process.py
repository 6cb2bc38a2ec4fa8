"""Starting a child process with its own group, and ending it with everything that it started."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import hepadose
from hepadose.errors import MissingDependencyError

ON_WINDOWS = os.name == "nt"
NICENESS = 5
"""Lower priority for children: the window comes first, also where there are few cores."""

_RUNS_SCRIPTS = re.compile(r"(python(w|slicer)?(\d+(\.\d+)?t?)?)(\.exe)?", re.IGNORECASE)
_POLITE_S = 0.03
"""How long a process may take to stop by itself: whoever cancels waits for it."""


def find_python() -> str:
    """The interpreter for child processes.

    Inside Slicer ``sys.executable`` is the application itself, which would open a second window; there it is
    ``PythonSlicer``.

    Raises
    ------
    MissingDependencyError
        If there is none.
    """
    own = sys.executable or ""
    if own and _RUNS_SCRIPTS.fullmatch(Path(own).name):
        return own
    found = shutil.which("PythonSlicer")
    if found is None:
        raise MissingDependencyError(
            "No Python interpreter was found for work in the background; PythonSlicer is part of 3D Slicer: repair its "
            "installation."
        )
    return found


def child_environment() -> dict[str, str]:
    """The own environment, with this library first on the path, so that the child runs the same code."""
    library = str(Path(hepadose.__file__).resolve().parents[1])
    known = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(part for part in (library, known) if part)
    return os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}


def start_child(python: str, folder: Path, errors: Path) -> subprocess.Popen:
    """Start ``python -m hepadose.worker`` on a folder, in a process group of its own and without a window.

    Parameters
    ----------
    python : str
        The interpreter.
    folder : Path
        The job's folder.
    errors : Path
        File for the child's standard error; what libraries print to standard output is thrown away.

    Raises
    ------
    MissingDependencyError
        If the interpreter cannot be started.
    """
    flags = _windows_flags() if ON_WINDOWS else {"start_new_session": True}
    try:
        with errors.open("wb") as stream:
            return subprocess.Popen(
                [python, "-m", "hepadose.worker", str(folder), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                env=child_environment(),
                cwd=folder,
                **flags,
            )
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise MissingDependencyError(
            f"The Python interpreter for work in the background cannot be started ({reason}); check the installation."
        ) from problem


def _windows_flags() -> dict[str, int]:
    own_group, no_window = subprocess.CREATE_NEW_PROCESS_GROUP, subprocess.CREATE_NO_WINDOW
    return {"creationflags": own_group | no_window | subprocess.BELOW_NORMAL_PRIORITY_CLASS}


def step_back() -> None:
    """Lower the priority of the calling process, where the system wants to hear it from the process itself."""
    if not ON_WINDOWS:
        os.nice(NICENESS)


def end_tree(process: subprocess.Popen) -> None:
    """End a child and everything that it started, at once: asked first, killed a moment later.

    Returns when the child is gone or the system has been told to kill it, after a few hundredths of a second. A child
    that is gone already is fine.
    """
    if ON_WINDOWS:
        _end_windows_tree(process.pid)
        return
    strays = strays_of(process.pid, process.pid) if process.poll() is None else []
    _signal_group(process.pid, signal.SIGTERM)
    _signal_each(strays, signal.SIGTERM)
    _wait_briefly(process)
    # Even where the child is gone: what it started may be deaf.
    _signal_group(process.pid, signal.SIGKILL)
    _signal_each(strays, signal.SIGKILL)


def end_group_of(leader: int) -> None:
    """Kill whatever is left of the process group of a child that has ended."""
    if not ON_WINDOWS:
        _signal_group(leader, signal.SIGKILL)


def end_own_tree() -> None:
    """Kill the calling process with everything that it started; does not return.

    For a process that :func:`start_child` has started: it shares its group with nobody else.
    """
    if ON_WINDOWS:
        _end_windows_tree(os.getpid())
    else:
        _signal_each(strays_of(os.getpid(), os.getpgrp()), signal.SIGKILL)
        _signal_group(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _signal_each(processes: list[int], sign: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, sign)


def _signal_group(leader: int, sign: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, sign)


def _wait_briefly(process: subprocess.Popen) -> None:
    end_s = time.monotonic() + _POLITE_S
    while process.poll() is None and time.monotonic() < end_s:
        time.sleep(0.002)


def _end_windows_tree(pid: int) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.CREATE_NO_WINDOW,
            timeout=5,
        )


def strays_of(pid: int, group: int) -> list[int]:
    """Descendants of a process that are not in a process group, so that signals to the group miss them."""
    children: dict[int, list[tuple[int, int]]] = {}
    for child, parent, its_group in process_table():
        children.setdefault(parent, []).append((child, its_group))
    found, waiting = [], [pid]
    while waiting:
        for child, its_group in children.get(waiting.pop(), []):
            waiting.append(child)
            if its_group != group:
                found.append(child)
    return found


def process_table() -> list[tuple[int, int, int]]:
    """Process, parent and group of all processes; empty where the system does not tell."""
    if not Path("/proc/self/stat").exists():
        return _table_of_ps()
    table = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The program's name stands in brackets and may hold blanks and brackets itself.
                _, parent, group, *_ = entry.joinpath("stat").read_text(errors="replace").rpartition(")")[2].split()
                table.append((int(entry.name), int(parent), int(group)))
    return table


def _table_of_ps() -> list[tuple[int, int, int]]:
    try:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, text=True, timeout=1)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = (line.split() for line in listed.stdout.splitlines())
    return [tuple(map(int, row)) for row in rows if len(row) == 3]


def is_alive(pid: int) -> bool:
    """Whether a process exists."""
    if ON_WINDOWS:
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_alive_on_windows(pid: int) -> bool:
    # os.kill would end it there.
    import ctypes

    synchronize, still_running = 0x00100000, 0x00000102
    kernel = ctypes.windll.kernel32
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return False
    try:
        return kernel.WaitForSingleObject(handle, 0) == still_running
    finally:
        kernel.CloseHandle(handle)
