"""Seconds that `import hepadose` costs in a fresh interpreter, against Python's own start and `import numpy`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 11


def seconds(statement: str) -> float:
    """Median wall time of a fresh interpreter that runs one statement."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print the three figures and the ratio."""
    start, package, numpy = (seconds(statement) for statement in ("pass", "import hepadose", "import numpy"))
    for name, value in (("Python alone", start), ("import hepadose", package - start), ("import numpy", numpy - start)):
        print(f"{name:18s}{value:8.3f} s")
    print(f"ratio hepadose / numpy: {(package - start) / (numpy - start):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
