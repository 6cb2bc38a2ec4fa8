"""How much memory a segmentation will need, and how much there is."""

from __future__ import annotations

import ctypes
import math
import sys
from pathlib import Path

import numpy as np

from hepadose.segmentation.tiles import Shape

_BYTES_PER_INPUT_VOXEL = 9
"""The CT as it is given, once more for SimpleITK, and the mask."""
_BYTES_PER_WORKING_VOXEL = 24
"""Region, blended outputs, weights, probability."""
_FIXED_BYTES = 300e6


def needed_bytes(input_voxels: int, region: Shape, labels: int, tile: Shape, bytes_per_tile_voxel: float) -> float:
    """Largest memory use that is to be expected.

    Parameters
    ----------
    input_voxels : int
        Of the CT as it was given.
    region : tuple of 3 int
        On the model's grid.
    labels : int
        Outputs of the network.
    tile : tuple of 3 int
    bytes_per_tile_voxel : float
        What the network needs per voxel of a tile.
    """
    working = float(np.prod(region)) * (_BYTES_PER_WORKING_VOXEL + 8 * labels)
    return _FIXED_BYTES + input_voxels * _BYTES_PER_INPUT_VOXEL + working + float(np.prod(tile)) * bytes_per_tile_voxel


def available_bytes() -> float:
    """Memory that is free for programs now; NaN where the system does not tell."""
    if sys.platform == "win32":
        return _windows_available()
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return math.nan
    lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines() if ":" in line)
    free = float(lines["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in lines else math.nan
    return min((value for value in (free, _container_available()) if not math.isnan(value)), default=math.nan)


def _container_available() -> float:
    """What a container may still use; NaN outside of one."""
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        cached = Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return math.nan
    if not limit.isdecimal():
        return math.nan
    # Cached files count as used but make way.
    reclaimable = int(cached[cached.index("inactive_file") + 1]) if "inactive_file" in cached else 0
    return max(float(int(limit) - used + reclaimable), 0.0)


def _windows_available() -> float:
    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "page", "page_free", "virtual", "virtual_free")),
            ("extended", ctypes.c_ulonglong),
        ]

    status = Status()
    status.length = ctypes.sizeof(status)
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return math.nan
    return float(status.free)
