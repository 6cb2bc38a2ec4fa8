"""What the tests of jobs in child processes share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hepadose.images import Image
from hepadose.worker import JobState, JobStatus, LoadedStructure, WorkerJob
from hepadose.worker.process import process_table

PATIENCE_S = 120.0


def finished(job: WorkerJob) -> list[JobState]:
    """All states of a job until its end, polled every 10 ms."""
    states = [job.poll()]
    wait_until(lambda: states.append(job.poll()) or states[-1].status is not JobStatus.RUNNING)
    return states


def wait_until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Ask every 10 ms until the answer is true; fail where it never is."""
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


def on_grid(structure: LoadedStructure, grid: Image) -> Image:
    """A cropped structure on the whole grid of its CT."""
    array = np.zeros(grid.shape, bool)
    start = np.rint(grid.lps_to_ijk(np.array(structure.mask.origin_lps))).astype(int)[::-1]
    array[tuple(slice(a, a + n) for a, n in zip(start, structure.mask.shape, strict=True))] = structure.mask.array
    return grid.with_array(array)


def is_running(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def descendants(pid: int) -> set[int]:
    """All running processes below one."""
    table, found = process_table(), {pid}
    for _ in table:
        found |= {child for child, parent, _ in table if parent in found}
    return {one for one in found - {pid} if is_running(one)}
