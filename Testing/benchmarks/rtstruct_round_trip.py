"""How long 100 structures take to be written as RTSTRUCT, read back and compared, against the plain way with pydicom.

The case: a CT of 80 slices of 384 × 384 pixels (0.98 × 0.98 × 2.5 mm); ten structures as large as a liver, thirty like
a kidney, sixty small ones, ragged, every third with a hole and an island in it. Bar: 10 s.
The peer: the same outlines written with pydicom's own number strings, read through pydicom's attributes, and filled
with matplotlib's point-in-polygon test; run for a few structures of each size and scaled. Where plastimatch is
installed, it reads the file too, and its volumes are compared.

    python Testing/benchmarks/rtstruct_round_trip.py [--peers 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib.path import Path as Polygon
from pydicom import dcmread
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hepadose.dicom.export_rtstruct import ExportedStructure, export_rtstruct
from hepadose.dicom.outlines import join_holes, trace_outlines
from hepadose.dicom.study import DicomStudy
from hepadose.dicom.write import StructureMask, write_ct_series, write_rtstruct
from hepadose.dicom.write_rtstruct import CtReference
from hepadose.images import Image

import plastimatch_reader

SHAPE, SPACING_MM = (80, 384, 384), (0.98, 0.98, 2.5)
RADII_MM = {"large": ((75.0, 75.0, 68.0), 10), "middle": ((30.0, 28.0, 40.0), 30), "small": ((10.0, 12.0, 11.0), 60)}
BAR_S, TOLERANCE = 10.0, 0.005


def benchmark_structures(grid: Image, seed: int = 3) -> dict[str, Image]:
    """Ragged ellipsoids anywhere on the grid, every third with a hole and an island."""
    random = np.random.default_rng(seed)
    ripple = ndimage.gaussian_filter(random.normal(0.0, 1.0, grid.shape).astype(np.float32), (1.5, 4.0, 4.0))
    ripple *= 0.1 / ripple.std()
    found = {}
    for size, (radii_mm, count) in RADII_MM.items():
        for number in range(count):
            found[f"{size} {number}"] = grid.with_array(_ellipsoid(grid, radii_mm, random, ripple, number % 3 == 0))
    return found


def _ellipsoid(grid: Image, radii_mm: tuple, random: np.random.Generator, ripple: np.ndarray, hollow: bool):
    radii = np.array(radii_mm)[::-1] / np.array(grid.spacing_kji_mm)
    center = [random.uniform(r, n - 1 - r) if 2 * r < n - 1 else (n - 1) / 2 for r, n in zip(radii, SHAPE, strict=True)]
    low = [max(int(c - 1.4 * r), 0) for c, r in zip(center, radii, strict=True)]
    high = [min(int(c + 1.4 * r) + 2, n) for c, r, n in zip(center, radii, SHAPE, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = np.ogrid[box]
    radius = np.sqrt(sum(((x - c) / r) ** 2 for x, c, r in zip(axes, center, radii, strict=True))) + ripple[box]
    mask = np.zeros(grid.shape, bool)
    mask[box] = (radius < 1.0) & ~((radius < 0.6) & (radius > 0.3)) if hollow else radius < 1.0
    return mask


def ours(
    folder: Path, masks: dict[str, Image], files: list[Path]
) -> tuple[float, float, tuple[ExportedStructure, ...]]:
    """Seconds of processor and clock from masks to a file that was read back and compared."""
    start, clock = time.process_time(), time.perf_counter()
    structures = {name: StructureMask(mask) for name, mask in masks.items()}
    found = export_rtstruct(folder / "RS.dcm", structures, files)
    return time.process_time() - start, time.perf_counter() - clock, found


def plain(folder: Path, masks: dict[str, Image], ct: CtReference, count: int) -> tuple[float, float]:
    """Seconds of the plain way, scaled to all structures, and its largest difference of a volume."""
    seconds, worst = 0.0, 0.0
    for size, (_, number) in RADII_MM.items():
        names = [name for name in masks if name.startswith(size)][:count]
        start = time.process_time()
        path = folder / f"{size}.dcm"
        write_rtstruct(path, {name: StructureMask(masks[name].with_array(_EMPTY)) for name in names}, ct)
        dataset = dcmread(path)
        for item, name in zip(dataset.ROIContourSequence, names, strict=True):
            item.ContourSequence = _contours(masks[name])
        dataset.save_as(path)
        for item, name in zip(dcmread(path).ROIContourSequence, names, strict=True):
            read = _filled(item.ContourSequence, masks[name])
            worst = max(worst, abs(np.count_nonzero(read) / np.count_nonzero(masks[name].array) - 1.0))
        seconds += (time.process_time() - start) * number / len(names)
    return seconds, worst


_EMPTY = np.broadcast_to(np.False_, SHAPE)


def _contours(mask: Image) -> list:
    from hepadose.dicom.study import item

    found = []
    for k in np.flatnonzero(mask.array.any(axis=(1, 2))):
        for outline in join_holes(trace_outlines(mask.array[k])):
            points = mask.ijk_to_points(np.column_stack([outline, np.full(len(outline), k)]))
            data = [f"{value:.3f}" for value in points.ravel()]
            found.append(
                item(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(outline), ContourData=data)
            )
    return found


def _filled(contours, grid: Image) -> np.ndarray:
    """Even–odd by matplotlib over every pixel center of the slice."""
    mask = np.zeros(grid.shape, bool)
    j, i = np.mgrid[: grid.shape[1], : grid.shape[2]]
    centers = np.column_stack([i.ravel(), j.ravel()])
    for contour in contours:
        points = grid.lps_to_ijk(np.array(contour.ContourData, float).reshape(-1, 3))
        inside = Polygon(points[:, :2], closed=False).contains_points(centers).reshape(grid.shape[1:])
        mask[round(points[0, 2])] ^= inside
    return mask


def main() -> int:
    """Print the figures; exit 1 where the bar or a volume is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=int, default=1, help="structures of each size that the plain way runs")
    peers = parser.parse_args().peers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ct_image = Image(np.zeros(SHAPE, np.float32), SPACING_MM, (-190.0, -190.0, -100.0))
        ct = write_ct_series(folder / "ct", ct_image, DicomStudy("B1", "Bench^Mark"))
        files = sorted((folder / "ct").glob("*.dcm"))
        masks = benchmark_structures(ct.grid)
        seconds, clock_s, found = ours(folder, masks, files)
        worst = max(abs(one.written_ml / one.drawn_ml - 1.0) for one in found)
        megabytes = (folder / "RS.dcm").stat().st_size / 1e6
        print(f"{len(found)} structures, {sum(one.slices for one in found)} slices with contours, {megabytes:.1f} MB")
        print(f"written, read back, compared  {seconds:6.2f} s   (bar {BAR_S:g} s), {clock_s:.1f} s on the clock")
        print(f"volumes within {worst:.4%}")
        plain_s, plain_worst = plain(folder, masks, ct, peers)
        print(
            f"pydicom and matplotlib        {plain_s:6.1f} s   ratio {plain_s / seconds:.0f}, within {plain_worst:.4%}"
        )
        good = seconds <= BAR_S and worst <= TOLERANCE and len(found) == 100
        if plastimatch_reader.is_there():
            start = time.perf_counter()
            read = plastimatch_reader.read_masks(folder / "RS.dcm", ct.grid, folder / "other")
            other = max(abs(read[key].volume_ml() / masks[key].volume_ml() - 1.0) for key in masks)
            print(f"plastimatch, reading alone    {time.perf_counter() - start:6.1f} s   volumes within {other:.4%}")
            good = good and other <= TOLERANCE
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
