"""How well a model outlines the liver on real CTs that it has never seen, with pictures to be looked at.

    python Testing/benchmarks/real_liver.py [--model liver] [--pictures FOLDER] [--data FOLDER]

Contours of the model are red, the known ones green.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "HepaDose"), str(PROJECT / "Testing")]

from hepadose.errors import HepaDoseError  # noqa: E402
from hepadose.evaluation.overlap import dice  # noqa: E402
from hepadose.evaluation.surface import surface_distances  # noqa: E402
from hepadose.images import Image  # noqa: E402
from hepadose.segmentation.backends import open_segmenter  # noqa: E402
from hepadose.segmentation.protocol import SegmentationInputs  # noqa: E402

from real_livers import RealLiver, real_livers  # noqa: E402

WINDOW_HU = (-110.0, 240.0)
COLUMNS, MOST_SLICES = 8, 64


def judge(case: RealLiver, model: str, pictures: Path | None) -> str:
    """One line of the table; contours on every slice if pictures are wanted."""
    start = time.perf_counter()
    try:
        found = open_segmenter(model).segment(SegmentationInputs(case.ct)).mask
    except HepaDoseError as problem:
        return f"{case.name:18s} refused: {problem}"
    seconds = time.perf_counter() - start
    if pictures is not None:
        draw(case, found, pictures / f"{case.name}-{Path(model).name}.png")
    line = f"{case.name:18s} {case.ct.describe_grid()}, {seconds:4.1f} s, found {found.volume_ml():5.0f} ml"
    if case.liver is None:
        return f"{line}, nobody has outlined it"
    gaps = surface_distances(found.array, case.liver.array, case.ct.spacing_kji_mm)
    return (
        f"{line}, known {case.liver.volume_ml():5.0f} ml ({case.outlined_by}): DSC "
        f"{dice(found.array, case.liver.array):.3f}, ASSD {gaps.mean_mm:.2f} mm, HD95 {gaps.hd95_mm:.1f} mm"
    )


def draw(case: RealLiver, found: Image, path: Path) -> None:
    """Every slice, or 64 evenly chosen ones, as the patient lies, with contours."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    count = case.ct.shape[0]
    slices = np.unique(np.linspace(0, count - 1, min(count, MOST_SLICES)).round().astype(int))
    rows = -(-len(slices) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(3 * COLUMNS, 2.5 * rows), facecolor="black", squeeze=False)
    turn = np.s_[:: int(np.sign(case.ct.direction[1, 1])), :: int(np.sign(case.ct.direction[0, 0]))]
    for place in axes.flat:
        place.axis("off")
    for place, k in zip(axes.flat, slices, strict=False):
        place.imshow(case.ct.array[k][turn], cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
        place.set_title(f"slice {k + 1}", color="white", fontsize=7)
        for mask, color in ((case.liver, "lime"), (found, "red")):
            if mask is not None and mask.array[k].any():
                place.contour(mask.array[k][turn], [0.5], colors=color, linewidths=0.8)
    figure.tight_layout(pad=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=60, facecolor="black")
    plt.close(figure)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="liver", help="name or folder")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data")
    options = parser.parse_args()
    if not options.data.is_dir():
        print("The reference data beside the project are absent.")
        return 0
    for case in real_livers(options.data):
        print(judge(case, options.model, options.pictures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
