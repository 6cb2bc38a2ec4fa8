"""Print what the readers find in every real RT object and CT series of the reference data, as a table.

    python Testing/benchmarks/real_data_table.py [folder with the reference data]

Exits 1 if an object cannot be read for another reason than one that is known and right (a dose without pixels).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "HepaDose"))

from hepadose.dicom.ct import read_ct_series  # noqa: E402
from hepadose.dicom.dose_planes import plane_positions  # noqa: E402
from hepadose.dicom.files import orientation, read_dataset  # noqa: E402
from hepadose.dicom.rasterize import rasterize  # noqa: E402
from hepadose.dicom.rtdose import dose_banner, read_rtdose  # noqa: E402
from hepadose.dicom.rtplan import read_rtplan  # noqa: E402
from hepadose.dicom.rtstruct import RtStruct, read_rtstruct  # noqa: E402
from hepadose.dicom.scan import scan_folder  # noqa: E402
from hepadose.errors import HepaDoseError, MissingTagError  # noqa: E402
from hepadose.images import Image  # noqa: E402

LARGEST_VOXELS = 60e6


def describe_dose(path: Path) -> str:
    """Banner and grid; for a dose published without pixels, what the header says."""
    try:
        dose = read_rtdose(path)
    except MissingTagError as problem:
        header = read_dataset(path, pixels=False)
        size = f"{header.Columns} × {header.Rows} × {header.NumberOfFrames}"
        corner, opposite = (", ".join(f"{value:.1f}" for value in corner) for corner in outer_corners(header))
        where = f"from ({corner}) to ({opposite}) mm LPS"
        return f"header of {size} voxels {where}, {header.DoseSummationType}; no dose, as {problem}"
    told = f"; {' '.join(finding.text for finding in dose.findings)}" if dose.findings else ""
    return f"{dose_banner(dose, None)}; {dose.image.describe_grid()}; {dose.summation_type.value}{told}"


def outer_corners(header: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Centers of the first and the last voxel of a dose grid, mm LPS."""
    axes = orientation(header, "Dose")
    offsets = np.asarray(header.GridFrameOffsetVector, float)
    planes = plane_positions(offsets, np.asarray(header.ImagePositionPatient, float), axes)
    row_mm, column_mm = (float(value) for value in header.PixelSpacing)
    across = axes[:, 0] * column_mm * (header.Columns - 1) + axes[:, 1] * row_mm * (header.Rows - 1)
    return planes[0], planes[-1] + across


def describe_plan(path: Path) -> str:
    """Fractions, prescription, beams."""
    plan = read_rtplan(path)
    told = f"; {' '.join(finding.text for finding in plan.findings)}" if plan.findings else ""
    prescription = "no prescription" if plan.prescription_gy is None else f"{plan.prescription_gy:g} Gy prescribed"
    return (
        f"{plan.fractions_planned} fractions, {prescription}, {len(plan.beam_numbers)} beams, {plan.manufacturer}{told}"
    )


def describe_structures(path: Path) -> str:
    """Every structure with its contours and volume, filled on a grid of its own."""
    structures = read_rtstruct(path)
    words = [f"{len(structures.structures)} structures, {structures.manufacturer}"]
    for structure in structures:
        kinds = Counter(contour.geometric_type.value for contour in structure.contours)
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "empty"
        if not structure.is_empty:
            said += f", {rasterize(structure, own_grid(structures)).mask.volume_ml():.1f} ml"
        words.append(f"{structure.name}: {said}")
    words += [finding.text for finding in structures.findings]
    return "\n    ".join(words)


def own_grid(structures: RtStruct) -> Image:
    """A 1 mm grid (coarser where that would be too large) with a slice at every contour plane of a structure set."""
    points = np.concatenate([contour.points_lps for one in structures for contour in one.contours])
    planes = np.unique(np.round(points[:, 2], 2))
    spacing_mm = float(np.diff(planes).min())
    slices = round(float(planes[-1] - planes[0]) / spacing_mm) + 1
    extent_mm = np.ptp(points[:, :2], axis=0) + 4
    pixel_mm = max(1.0, float(np.sqrt(extent_mm.prod() * slices / LARGEST_VOXELS)))
    columns, rows = np.ceil(extent_mm / pixel_mm).astype(int)
    origin = points.min(axis=0) - 2.123
    return Image(
        np.zeros((slices, rows, columns), bool),
        (pixel_mm, pixel_mm, spacing_mm),
        (float(origin[0]), float(origin[1]), float(planes[0])),
    )


def describe_ct(paths: tuple[Path, ...]) -> str:
    """Grid, range of values and findings of one series."""
    series = read_ct_series(paths)
    told = f"; {' '.join(finding.text for finding in series.findings)}" if series.findings else ""
    low, high = series.image.array.min(), series.image.array.max()
    return (
        f"{series.image.describe_grid()}, {low:.0f} to {high:.0f} HU, {series.manufacturer or 'maker not stated'}{told}"
    )


def objects(root: Path) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """Kind, place and description of every RT object and CT series below a folder."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            found = scan_folder(folder)
        except HepaDoseError:
            continue
        for kind, paths, describe in (
            ("RTDOSE", found.dose_paths, describe_dose),
            ("RTSTRUCT", found.structure_paths, describe_structures),
            ("RTPLAN", found.plan_paths, describe_plan),
        ):
            for path in paths:
                yield kind, str(path.relative_to(root)), lambda describe=describe, path=path: describe(path)
        for series in found.ct_series:
            place = str(series.paths[0].parent.relative_to(root))
            yield "CT", place, lambda series=series: describe_ct(series.paths)


def main() -> int:
    """Print the table; 0 if everything was read or rightly refused."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT.parent / "shared" / "data"
    failed = 0
    for kind, place, describe in objects(root):
        began = time.perf_counter()
        try:
            said = describe()
        except HepaDoseError as problem:
            said, failed = f"NOT READ: {problem}", failed + 1
        print(f"{kind:8} {place} [{time.perf_counter() - began:.2f} s]\n    {said}")
    print(f"\n{failed} objects could not be read.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
