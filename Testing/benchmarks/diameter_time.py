"""Milliseconds from an edited mask of 200 slices to both diameters, and against the search of all pairs.

Lesions of 200 slices of 1 mm with pixels of 0.7 mm and ragged borders: an ellipsoid of 140 × 120 mm, one of 200 mm, and
a cylinder, where every slice could be the longest. All pairs: the distance between any two outline points of a slice,
measured on some of the slices. Computing time is that of this process alone; the wall's includes what else is running.

    python Testing/benchmarks/diameter_time.py [--repeats 15]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
from scipy.spatial.distance import pdist

from hepadose.images import Image
from hepadose.recist.diameters import DiameterSettings, measure_diameters
from hepadose.recist.outline import Convention, outline_segments

LIMIT_MS = 50.0
SLICES, SPACING_MM = 200, (0.7, 0.7, 1.0)
SAMPLED_SLICES = 10
# Diameters along i and j in mm, and whether every slice is alike.
SHAPES = {
    "ellipsoid of 140 × 120 mm": (140.0, 120.0, False),
    "ellipsoid of 200 × 200 mm": (200.0, 200.0, False),
    "cylinder of 140 × 120 mm": (140.0, 120.0, True),
}


def lesion(along_mm: float, across_mm: float, cylinder: bool) -> Image:
    """A lesion whose border is ragged voxel by voxel."""
    half = [SLICES / 2.0, across_mm / SPACING_MM[1] / 2.0, along_mm / SPACING_MM[0] / 2.0]
    size = [SLICES, *(int(np.ceil(2 * each)) + 4 for each in half[1:])]
    k, j, i = (((np.arange(n) - n / 2 + 0.5) / h) ** 2 for n, h in zip(size, half, strict=True))
    squared = (0.0 if cylinder else k[:, None, None]) + j[None, :, None] + i[None, None, :]
    rough = np.random.default_rng(1).normal(0.0, 0.01, size)
    return Image(np.broadcast_to(squared, size) + rough <= 1.0, SPACING_MM)


def all_pairs_mm(image: Image, k: int) -> float:
    """The longest distance between two outline points of a slice."""
    pixels = np.pad(image.array[k], 1)
    points = np.unique(outline_segments(pixels, Convention.CONTOUR).reshape(-1, 2), axis=0)
    return float(pdist(points * (SPACING_MM[1], SPACING_MM[0])).max(initial=0.0))


def all_pairs_ms(image: Image) -> tuple[float, float]:
    """Milliseconds for all slices, from a sample, and the longest distance in the sample."""
    sample = np.linspace(1, SLICES - 2, SAMPLED_SLICES).astype(int)
    started = time.process_time()
    longest_mm = max(all_pairs_mm(image, int(k)) for k in sample)
    return 1000.0 * (time.process_time() - started) * SLICES / SAMPLED_SLICES, longest_mm


def main() -> int:
    """Print the table; 1 where a median is above the limit or the two ways disagree."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats, failed = parser.parse_args().repeats, False
    for name, shape in SHAPES.items():
        image = lesion(*shape)
        measure_diameters(image)
        walls, computing = [], []
        for _ in range(repeats):
            wall, own = time.perf_counter(), time.process_time()
            found = measure_diameters(image, DiameterSettings())
            walls.append(1000.0 * (time.perf_counter() - wall))
            computing.append(1000.0 * (time.process_time() - own))
        naive_ms, sampled_mm = all_pairs_ms(image)
        winner_mm = all_pairs_mm(image, found.slice_index)
        wrong = sampled_mm > found.long_axis.length_mm + 1e-6 or abs(winner_mm - found.long_axis.length_mm) > 1e-6
        wall_ms, own_ms = statistics.median(walls), statistics.median(computing)
        failed |= wrong or own_ms > LIMIT_MS
        axes = f"{found.long_axis.length_mm:.1f} × {found.short_axis.length_mm:.1f} mm"
        times = f"{wall_ms:.0f} ms (computing {own_ms:.0f} ms, slowest {max(computing):.0f} ms)"
        print(f"{name}: {axes} in {times}; all pairs {naive_ms:.0f} ms, {naive_ms / own_ms:.0f} times as long")
        if wrong:
            print("The two ways disagree.")
    print(f"Bar {LIMIT_MS:g} ms of computing, {repeats} repeats.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
