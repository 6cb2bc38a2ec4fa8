"""How fast the isodose sweep is, and whether its counts equal the naive method's, in one run.

The case: a liver of 90 × 230 × 270 voxels at 2.5 × 0.9 × 0.9 mm, a band of 4 mm, 551 levels from 5 to 60 Gy.
Peers: thresholding and two Euclidean distance transforms per level (with the fastest transform of three libraries),
and the published 2-D script's definition slice by slice.

    python Testing/benchmarks/isodose_sweep.py [--levels-checked 551]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hepadose.flr.planar import planar_curve
from hepadose.flr.settings import BandMode, FlrSettings, PlanarDefinition
from hepadose.flr.sweep import IsodoseSweep

from naive import naive_counts, scipy_distance

SHAPE, SPACING_KJI_MM = (90, 230, 270), (2.5, 0.9, 0.9)
SETTINGS = FlrSettings(first_level_gy=5, last_level_gy=60, level_step_gy=0.1, band_mm=4.0)


def benchmark_case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dose in Gy, liver and reaction: a lens-shaped liver with a ragged reaction around a hot spot."""
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    liver = ((k - 45) / 44) ** 2 + ((j - 115) / 113) ** 2 + ((i - 135) / 133) ** 2 < 1
    liver &= (j - 230) ** 2 + (i - 270) ** 2 > 110**2
    radius_mm = np.sqrt(((k - 40) * 2.5) ** 2 + ((j - 90) * 0.9) ** 2 + ((i - 80) * 0.9) ** 2)
    dose = (62 / (1 + np.exp((radius_mm - 45) / 12))).astype(np.float32)
    ripple = 2 * np.sin(k / 3) * np.sin(j / 7) * np.sin(i / 6)
    return dose, liver, (dose + ripple >= 30) & liver


def edt_distance(mask: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance by the edt package on both cores."""
    import edt

    return edt.edt(~mask, anisotropy=spacing_kji_mm, black_border=False, parallel=2)


def maurer_distance(mask: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance by SimpleITK's Maurer transform."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing_kji_mm[::-1])
    return sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, False, False, True))


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print the figures; exit 1 where a count differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--levels-checked", type=int, default=551, help="levels compared with the naive method")
    checked = parser.parse_args().levels_checked
    dose, liver, reaction = benchmark_case()
    levels = SETTINGS.levels_gy
    print(f"{SHAPE} voxels, {liver.mean():.0%} liver, {levels.size} levels, band {SETTINGS.band_mm} mm")

    sweep_s = seconds(lambda: IsodoseSweep(dose, liver, SPACING_KJI_MM, SETTINGS).match(reaction), 5)
    sweep = IsodoseSweep(dose, liver, SPACING_KJI_MM, SETTINGS)
    counts = sweep.match(reaction)
    edited = reaction.copy()

    def stroke() -> None:
        edited[40:46, 60:72, 60:72] ^= True
        sweep.match(edited)

    print(f"sweep, all levels                 {sweep_s:8.3f} s")
    print(f"after a brush stroke              {seconds(stroke, 10):8.3f} s")
    rest = liver & ~reaction
    transforms = {"scipy": scipy_distance, "SimpleITK Maurer": maurer_distance, "edt, 2 cores": edt_distance}
    times = {name: seconds(lambda t=t: t(rest, SPACING_KJI_MM), 3) for name, t in transforms.items()}
    for name, value in times.items():
        print(f"one distance transform, {name:18s}{value:8.3f} s")
    fastest = min(times, key=times.get)

    chosen = np.unique(np.linspace(0, levels.size - 1, checked).astype(int))
    start = time.perf_counter()
    naive = naive_counts(
        dose, reaction, liver, SPACING_KJI_MM, levels[chosen], 4.0, BandMode.SYMMETRIC, transforms[fastest]
    )
    naive_s = (time.perf_counter() - start) * levels.size / chosen.size
    ours = np.array([getattr(counts, n).sum(axis=0)[chosen] for n in ("region", "overlap", "band", "band_overlap")])
    equal = bool(np.array_equal(naive, ours))
    print(f"naive with {fastest}, {levels.size} levels  {naive_s:8.1f} s ({chosen.size} levels run)")
    print(f"counts equal at {chosen.size} levels: {equal}; ratio naive / sweep: {naive_s / sweep_s:.0f}")

    few = levels[::50]
    script_s = seconds(lambda: planar_curve(PlanarDefinition.PUBLISHED_SCRIPT, reaction, dose, liver, few), 1)
    script_s *= levels.size / few.size
    print(f"published 2-D script, {levels.size} levels  {script_s:8.1f} s ({few.size} levels run)")
    print(f"ratio published script / sweep: {script_s / sweep_s:.0f}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
