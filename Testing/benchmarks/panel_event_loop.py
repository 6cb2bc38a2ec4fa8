"""How long Slicer's window stands still while the FLRDose panel loads, aligns and segments a case.

Through the real panel in the stand-in of Slicer, by clicks: with handing images to the child process, taking results
into the scene, updating the panel and drawing all views. A timer of 5 ms runs in the event loop; the longest time
between two of its ticks is what a user could feel. Drawing is by software here; a graphics card is faster.

    python Testing/benchmarks/panel_event_loop.py [--full] [--case FOLDER] [--method Rigid]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings

import host
from gui_hand import Hand

SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)
FULL = DigitalPatientSettings(matrix=512, planning_slice_mm=2.0, follow_up_slice_mm=1.6)
TICK_MS = 5


class Ticker:
    """Notes every gap over 50 ms between ticks of a timer, and what the panel said at that moment."""

    def __init__(self, application, panel) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.application, self.panel = application, panel
        self.gaps: list[tuple[float, str]] = []
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(TICK_MS)
        self.timer.timeout.connect(self.tick)

    def tick(self) -> None:
        now_s = time.perf_counter()
        if now_s - self.last_s > 0.05:
            bars = (self.panel.ui.loadProgress, self.panel.ui.registerProgress, self.panel.ui.segmentProgress)
            said = next((bar.format for bar in bars if bar.format), "after the job")
            self.gaps.append((now_s - self.last_s, said))
        self.last_s = now_s

    def watch(self, name: str, start) -> None:
        """Click, wait until the panel is idle, print the longest gaps."""
        self.gaps, began_s = [], time.perf_counter()
        self.last_s = began_s
        self.timer.start()
        start()
        self.application.wait_until(lambda: not self.panel.why_busy(), 900)
        self.application.process_events(0.5)
        self.timer.stop()
        worst = sorted(self.gaps, reverse=True)[:4]
        words = ", ".join(f"{1000 * gap:.0f} ms ({said})" for gap, said in worst) or "none over 50 ms"
        print(f"  {name:9} {time.perf_counter() - began_s:6.1f} s; longest gaps: {words}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="512 × 512 voxels per slice")
    parser.add_argument("--case", type=Path, help="DICOM folder of a case instead of a new digital patient")
    parser.add_argument("--method", default="Rigid", help="entry of the panel's alignment methods")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hepadose-") as folder:
        case = arguments.case
        if case is None:
            make_digital_patient(Path(folder) / "patient", FULL if arguments.full else SMALL)
            case = Path(folder) / "patient" / "dicom"
        measure(case, arguments.method)
    return 0


def measure(case: Path, method: str) -> None:
    application = host.start()
    panel = application.select_module("FLRDose")
    hand, ticker = Hand(application, panel.ui), Ticker(application, panel)
    hand.type_path("caseFolder", case)
    ticker.watch("load", lambda: hand.click("loadButton"))
    hand.choose("registrationMethod", method)
    ticker.watch("align", lambda: hand.click("registerButton"))
    ticker.watch("segment", lambda: hand.click("segmentButton"))


if __name__ == "__main__":
    sys.exit(main())
