"""How long a window would stand still while a case is loaded, registered and segmented in child processes.

A timer of 5 ms runs in the main thread through the whole life of each job, as a window's event loop does; the longest
time between two of its ticks is what a user could feel. Without Qt a loop with short sleeps takes the timer's place.
``--starved`` lets no other Python thread run between the polls, as applications do whose event loop keeps Python's
lock.

    python Testing/benchmarks/event_loop.py [--full] [--plain] [--starved]
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hepadose.images import Image
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings
from hepadose.registration import RegistrationMethod
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.worker import LoadedStructure, WorkerJob, start_load_case, start_register, start_segment

SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)
FULL = DigitalPatientSettings(matrix=512, planning_slice_mm=2.0, follow_up_slice_mm=1.6)
TICK_S, POLL_EVERY = 0.005, 10


class Gaps:
    """Time between ticks; longest with what the job was doing then."""

    def __init__(self) -> None:
        self.last_s = time.perf_counter()
        self.longest_s, self.stage, self.longest_poll_s = 0.0, "", 0.0

    def tick(self, stage: str) -> None:
        """Note a tick."""
        now_s = time.perf_counter()
        if now_s - self.last_s > self.longest_s:
            self.longest_s, self.stage = now_s - self.last_s, stage
        self.last_s = now_s


Loop = Callable[[Iterator[None]], None]


def plain_loop(turns: Iterator[None]) -> None:
    """A turn every 5 ms."""
    for _ in turns:
        time.sleep(TICK_S)


def starved_loop(turns: Iterator[None]) -> None:
    """A turn every 5 ms; in between the lock of the interpreter is kept, as PythonQt keeps it."""
    sleep = ctypes.PyDLL(None).usleep
    for _ in turns:
        sleep(int(1e6 * TICK_S))


def qt_loop(turns: Iterator[None]) -> None:
    """A turn per timeout of a real Qt timer."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    application = QCoreApplication.instance() or QCoreApplication([])
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(int(1000 * TICK_S))
    timer.timeout.connect(lambda: application.quit() if next(turns, timer) is timer else None)
    timer.start()
    application.exec()
    timer.stop()


def watched(start: Callable[[], WorkerJob], gaps: Gaps, taken: list) -> Iterator[None]:
    """Start a job, poll it every 50 ms, take its result; one step per tick."""
    gaps.last_s = time.perf_counter()
    job, turn = start(), 0
    gaps.tick("start")
    state = job.poll()
    while state.status == "running":
        turn += 1
        if turn % POLL_EVERY == 0:
            began_s = time.perf_counter()
            state = job.poll()
            gaps.longest_poll_s = max(gaps.longest_poll_s, time.perf_counter() - began_s)
        yield
        gaps.tick(state.stage)
    taken += [job.result(), job.timing]
    gaps.tick("result")
    yield
    job.close()
    gaps.tick("close")


def measured(name: str, loop: Loop, start: Callable[[], WorkerJob]) -> object:
    """Run one job and print its longest gap."""
    gaps, taken, began_s = Gaps(), [], time.perf_counter()
    loop(watched(start, gaps, taken))
    print(
        f"  {name:9} {time.perf_counter() - began_s:6.1f} s, longest gap {1000 * gaps.longest_s:5.1f} ms "
        f"({gaps.stage}), longest poll {1000 * gaps.longest_poll_s:.1f} ms",
        flush=True,
    )
    for record in taken[1]:
        if record.step in ("Hand over images", "Hand over result", "Take the result over"):
            print(f"    {record.step:20} {1000 * record.wall_s:7.1f} ms")
    return taken[0]


def measure_cancel(start: Callable[[], WorkerJob], stage: str) -> None:
    """Print how long Cancel takes once a job has reached a stage."""
    job = start()
    while job.poll().stage != stage and job.poll().status == "running":
        time.sleep(TICK_S)
    began_s = time.perf_counter()
    job.cancel()
    job.close()
    print(f"  cancel    {1000 * (time.perf_counter() - began_s):5.1f} ms ({stage})", flush=True)


def on_grid(structure: LoadedStructure, grid: Image) -> Image:
    """A cropped structure on the whole grid of its CT."""
    array = np.zeros(grid.shape, bool)
    start = np.rint(grid.lps_to_ijk(np.array(structure.mask.origin_lps))).astype(int)[::-1]
    array[tuple(slice(a, a + n) for a, n in zip(start, structure.mask.shape, strict=True))] = structure.mask.array
    return grid.with_array(array)


def measure_case(folder: Path, loop: Loop) -> None:
    """Load, register and segment one case."""
    case = measured("load", loop, lambda: start_load_case(folder)).case
    print(f"  ({case.planning.describe_grid()}; {case.follow_up.describe_grid()})")
    livers = (on_grid(case.planning_liver, case.planning), on_grid(case.follow_up_liver, case.follow_up))
    images = (case.follow_up, case.planning, *livers, RegistrationMethod.BSPLINE)
    aligned = measured("register", loop, lambda: start_register(*images, dose_gy=case.dose))
    inputs = SegmentationInputs(case.follow_up, aligned.liver_on_follow_up, aligned.planning_on_follow_up)
    measured("segment", loop, lambda: start_segment("density_difference", inputs))
    for stage in ("Handing over images", "Rigid registration", "B-spline registration"):
        measure_cancel(lambda: start_register(*images, dose_gy=case.dose), stage)


def main() -> None:
    """Print the longest gaps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="CTs of 512 × 512 × 150 voxels instead of a small patient")
    parser.add_argument("--plain", action="store_true", help="without Qt")
    parser.add_argument("--starved", action="store_true", help="no other thread runs between polls")
    parser.add_argument("--patient", type=Path, help="DICOM folder to use instead of a digital patient")
    options = parser.parse_args()
    loop = starved_loop if options.starved else plain_loop if options.plain else qt_loop
    print(f"{loop.__name__.replace('_', ' ')}, tick {1000 * TICK_S:.0f} ms, poll every {POLL_EVERY} ticks")
    if options.patient:
        measure_case(options.patient, loop)
        return
    with tempfile.TemporaryDirectory() as folder:
        patient = make_digital_patient(Path(folder) / "patient", FULL if options.full else SMALL)
        measure_case(patient.dicom_folder, loop)


if __name__ == "__main__":
    main()
