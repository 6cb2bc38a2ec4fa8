"""All benchmarks, one after the other; each prints its figures.

make bench
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "import_time.py",
    "isodose_sweep.py",
    "stroke_to_curve.py",
    "stroke_to_activity.py",
    "diameter_time.py",
    "event_loop.py",
    "panel_event_loop.py",
    "real_data_table.py",
    "segment_time.py",
    "real_liver.py",
    "sirt_network.py",
    "rtstruct_round_trip.py",
    "cohort.py",
)


def main() -> int:
    """Run every script; 1 if one of them failed."""
    failed = []
    for name in SCRIPTS:
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, str(Path(__file__).with_name(name))]).returncode:
            failed.append(name)
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll benchmarks ran.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
