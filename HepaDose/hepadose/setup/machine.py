"""What this computer has: processor cores, memory, disk space for temporary files, graphics cards."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class GraphicsCard:
    """One card as its driver names it, with its memory in GB."""

    name: str
    memory_gb: float


@dataclass(frozen=True)
class Machine:
    """What was found.

    Parameters
    ----------
    cores : int
        Processor cores that this process may use.
    memory_gb, available_gb : float
        All memory, and what is free for programs now; NaN where the system does not tell.
    temporary_gb : float
        Free space for temporary files; NaN where the system does not tell.
    graphics_cards : tuple of GraphicsCard
        Cards whose driver answers; empty where there is none.
    """

    cores: int
    memory_gb: float
    available_gb: float
    temporary_gb: float
    graphics_cards: tuple[GraphicsCard, ...] = ()


def look_at_machine() -> Machine:
    """Ask the system; takes a fraction of a second, a few seconds where a graphics driver is slow."""
    memory_gb, available_gb = _memory_gb()
    return Machine(_cores(), memory_gb, available_gb, _temporary_gb(), graphics_cards())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _temporary_gb() -> float:
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free / BYTES_PER_GB
    except OSError:
        return math.nan


def _memory_gb() -> tuple[float, float]:
    """All and available memory."""
    if sys.platform == "win32":
        return _windows_memory_gb()
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return math.nan, math.nan
    return total / BYTES_PER_GB, _available_gb()


def _available_gb() -> float:
    """What Linux estimates, or what macOS counts as free or inactive."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        return available_of_meminfo(meminfo.read_text(encoding="utf-8"))
    output = _output_of(["vm_stat"])
    return available_of_vm_stat(output) if output else math.nan


def available_of_meminfo(text: str) -> float:
    """Available memory in GB from ``/proc/meminfo``; NaN where the line is absent.

    Examples
    --------
    >>> available_of_meminfo("MemTotal: 16000000 kB\\nMemAvailable: 8000000 kB\\n")
    8.192
    """
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024 / BYTES_PER_GB
    return math.nan


def available_of_vm_stat(text: str) -> float:
    """Available memory in GB from macOS's ``vm_stat``; NaN where it cannot be read.

    Examples
    --------
    >>> header = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\\n"
    >>> available_of_vm_stat(header + "Pages free: 100000.\\nPages inactive: 150000.\\n")
    4.096
    """
    pages, page_size = 0, 0
    for line in text.splitlines():
        if "page size of" in line:
            page_size = int(line.partition("page size of")[2].split()[0])
        name, _, count = line.partition(":")
        if name in ("Pages free", "Pages inactive"):
            pages += int(count.strip(" ."))
    return pages * page_size / BYTES_PER_GB if pages and page_size else math.nan


def _windows_memory_gb() -> tuple[float, float]:
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
        return math.nan, math.nan
    return status.total / BYTES_PER_GB, status.available / BYTES_PER_GB


def graphics_cards() -> tuple[GraphicsCard, ...]:
    """NVIDIA cards whose driver answers within some seconds."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    return cards_of_query(_output_of(query))


def cards_of_query(text: str) -> tuple[GraphicsCard, ...]:
    """Cards from the driver's answer "name, MiB"; lines of another kind are left out.

    Examples
    --------
    >>> cards_of_query("NVIDIA RTX A2000, 12288\\nNo devices were found\\n")
    (GraphicsCard(name='NVIDIA RTX A2000', memory_gb=12.884901888),)
    """
    cards = []
    for line in text.splitlines():
        name, _, memory = line.rpartition(",")
        if name and memory.strip().isdecimal():
            cards.append(GraphicsCard(name.strip(), int(memory) * 2**20 / BYTES_PER_GB))
    return tuple(cards)


def _output_of(command: list[str]) -> str:
    """What a program prints; empty where it is absent, fails or hangs."""
    flags = {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=10, **flags
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
