"""What this computer has: processor cores, memory, disk space for temporary files, graphics cards."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from hepadose.memory import memory_now

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
    """Ask the system; takes a fraction of a second, a few seconds where a graphics driver is slow.

    Returns
    -------
    Machine
    """
    memory = memory_now()
    total_gb, available_gb = memory.total_bytes / BYTES_PER_GB, memory.available_bytes / BYTES_PER_GB
    return Machine(_cores(), total_gb, available_gb, _temporary_gb(), graphics_cards())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _temporary_gb() -> float:
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free / BYTES_PER_GB
    except OSError:
        return math.nan


def graphics_cards() -> tuple[GraphicsCard, ...]:
    """NVIDIA cards whose driver answers within some seconds.

    Returns
    -------
    tuple of GraphicsCard
        Empty where no driver answers.
    """
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    return cards_of_query(_output_of(query))


def cards_of_query(text: str) -> tuple[GraphicsCard, ...]:
    """Cards from the driver's answer "name, MiB"; lines of another kind are left out.

    Parameters
    ----------
    text : str
        One line per card.

    Returns
    -------
    tuple of GraphicsCard

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
