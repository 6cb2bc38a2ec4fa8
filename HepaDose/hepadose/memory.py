"""How much memory this computer has, and how much of it is free for programs now; knows of nothing else here."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Memory:
    """Memory in bytes; NaN where the system does not tell.

    Parameters
    ----------
    total_bytes : float
        All of it; within a container, its limit.
    available_bytes : float
        Free for programs now.
    """

    total_bytes: float
    available_bytes: float


def memory_now() -> Memory:
    """Ask the system; takes milliseconds, on macOS the start of a program.

    Returns
    -------
    Memory
    """
    if sys.platform == "win32":
        return _windows_memory()
    system, container = Memory(_total_bytes(), _available_bytes()), container_memory(_CONTAINER)
    return Memory(
        _least(system.total_bytes, container.total_bytes), _least(system.available_bytes, container.available_bytes)
    )


def available_of_meminfo(text: str) -> float:
    """Available memory in bytes from ``/proc/meminfo``; NaN where the line is absent.

    Parameters
    ----------
    text : str
        The whole file.

    Returns
    -------
    float

    Examples
    --------
    >>> available_of_meminfo("MemTotal: 16000000 kB\\nMemAvailable: 8000000 kB\\n")
    8192000000.0
    """
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return float(rest.split()[0]) * 1024
    return math.nan


def available_of_vm_stat(text: str) -> float:
    """Available memory in bytes from macOS's ``vm_stat``; NaN where it cannot be read.

    Parameters
    ----------
    text : str
        What it prints.

    Returns
    -------
    float

    Examples
    --------
    >>> header = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\\n"
    >>> available_of_vm_stat(header + "Pages free: 100000.\\nPages inactive: 150000.\\n")
    4096000000.0
    """
    pages, page_size = 0, 0
    for line in text.splitlines():
        if "page size of" in line:
            page_size = int(line.partition("page size of")[2].split()[0])
        name, _, count = line.partition(":")
        if name in ("Pages free", "Pages inactive"):
            pages += int(count.strip(" ."))
    return float(pages * page_size) if pages and page_size else math.nan


def container_memory(folder: Path) -> Memory:
    """What a Linux container may use, and may still use; NaN outside of one, or where it has no limit.

    Parameters
    ----------
    folder : Path
        Of its control group (version 2).

    Returns
    -------
    Memory
    """
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        details = (folder / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return Memory(math.nan, math.nan)
    if not limit.isdecimal():
        return Memory(math.nan, math.nan)
    # Cached files count as used but make way.
    reclaimable = int(details[details.index("inactive_file") + 1]) if "inactive_file" in details else 0
    return Memory(float(limit), max(float(int(limit) - used + reclaimable), 0.0))


def _least(*values: float) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _total_bytes() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError):
        return math.nan


def _available_bytes() -> float:
    """What Linux estimates, or what macOS counts as free or inactive."""
    if _MEMINFO.exists():
        return available_of_meminfo(_MEMINFO.read_text(encoding="utf-8"))
    try:
        done = subprocess.run(["vm_stat"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return math.nan
    return available_of_vm_stat(done.stdout) if done.returncode == 0 else math.nan


def _windows_memory() -> Memory:
    import ctypes

    class Status(ctypes.Structure):
        # MEMORYSTATUSEX of the Windows API.
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "available", "c", "d", "e", "f", "g")),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return Memory(math.nan, math.nan)
    return Memory(float(status.total), float(status.available))
