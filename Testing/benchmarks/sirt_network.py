"""What the network's outline of the liver does to volumes and activities, over digital patients of radioembolization.

    python Testing/benchmarks/sirt_network.py [--patients 10] [--model liver] [--data FOLDER]

RV is the volume of the network's liver over the true one, RA the activity that follows over that from the true liver.
Tumors, T/N ratios and the surface between the lobes are the true ones in both. Beside it stands what has been published
for 18 CTs of real patients. The patients are of the kind on which the network was trained, so a second table holds the
few real CTs of the reference data whose liver is outlined, where they are there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "HepaDose"), str(PROJECT / "Testing")]

from hepadose.evaluation.overlap import dice  # noqa: E402
from hepadose.evaluation.surface import surface_distances  # noqa: E402
from hepadose.segmentation.backends import open_segmenter  # noqa: E402
from hepadose.segmentation.protocol import SegmentationInputs  # noqa: E402

from real_livers import real_livers  # noqa: E402
from sirt_cohort import BSA, MODELS, PART, WHOLE, Row, measure, spread  # noqa: E402

PUBLISHED = {"DSC": "0.94 ± 0.01", "mean distance, mm": "1.8 ± 0.4", "RV": "0.99 ± 0.03", "RA": "1.00 (0.99–1.01)"}


def line(row: Row) -> str:
    """One patient."""
    ratios = "  ".join(f"{value:.3f}" for part in (WHOLE, PART) for value in row.ratios[part].values())
    return (
        f"{row.number:3d} {row.part:22s} liver {row.liver_ml:5.0f} ml, tumors {row.tumor_ml:4.0f} ml  "
        f"DSC {row.dice:.3f}  ASSD {row.assd_mm:.2f} mm  HD95 {row.hd95_mm:4.1f} mm  RV {row.volume_ratio:.3f}  "
        f"RA {ratios}  {row.seconds:.0f} s"
    )


def table(rows: list[Row]) -> str:
    """Means and standard deviations beside the published figures."""
    lines = [
        f"{'':52s} {f'{len(rows)} digital patients':34s} published",
        _line("DSC", (row.dice for row in rows), PUBLISHED["DSC"]),
        _line("ASSD, mm", (row.assd_mm for row in rows), PUBLISHED["mean distance, mm"]),
        _line("HD95, mm", (row.hd95_mm for row in rows), ""),
        _line("RV", (row.volume_ratio for row in rows), PUBLISHED["RV"]),
    ]
    for treatment in (WHOLE, PART):
        for model in MODELS.values():
            published = PUBLISHED["RA"] if (treatment, model) == (WHOLE, BSA) else ""
            values = (row.ratios[treatment][model] for row in rows)
            lines.append(_line(f"RA {treatment}: {model}", values, published))
    lines.append(
        "By body surface RA is near 1 whatever the outline, and moves against RV: the formula makes it so. With one "
        "compartment RA is the ratio of the territories' volumes."
    )
    return "\n".join(lines)


def _line(name: str, values, published: str) -> str:
    return f"{name:52s} {spread(values):34s} {published}"


def real_lines(data: Path, model: str):
    """The real CTs whose liver somebody or some program has outlined."""
    segmenter = open_segmenter(model)
    for case in real_livers(data):
        if case.liver is None:
            continue
        found = segmenter.segment(SegmentationInputs(case.ct)).mask
        gaps = surface_distances(found.array, case.liver.array, case.ct.spacing_kji_mm)
        yield (
            f"{case.name:18s} outlined by {case.outlined_by:18s} DSC {dice(found.array, case.liver.array):.3f}  "
            f"ASSD {gaps.mean_mm:.2f} mm  RV {found.volume_ml() / case.liver.volume_ml():.3f}"
        )


def main() -> int:
    """Measure the cohort and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--model", default="liver", help="name or folder")
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data")
    options = parser.parse_args()
    segmenter = open_segmenter(options.model)
    rows = []
    for number in range(options.patients):
        rows.append(measure(number, segmenter))
        print(line(rows[-1]), flush=True)
    if rows:
        print(table(rows))
    if options.data.is_dir():
        print("\nReal CTs")
        for text in real_lines(options.data, options.model):
            print(text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
