"""Milliseconds from a brush stroke in the segment editor to the activities by every model, and against the naive way.

The case: a CT of 512 × 512 × 150 voxels of 0.8 × 0.8 × 2.5 mm with liver, territory, three tumors and lungs in one
segmentation. 30 strokes with sphere brushes of 3–15 mm diameter change tumors and liver in turn through Slicer's
segment editor logic, with all its events. The naive way reads every segment on the CT's whole grid after each stroke.

    python Testing/benchmarks/stroke_to_activity.py [--strokes 30]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from stroke_to_curve import BRUSH_DIAMETERS_MM, Editor, brush_at, milliseconds

from hepadose.images import Image
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.segmentation import SegmentMask, masks_to_segmentation_node, segment_names, segment_to_mask
from hepadose.mrml.sirt.live import LiveSirt, prescription_input
from hepadose.mrml.sirt.reader import tumor_names
from hepadose.sirt.prescription import prescribe
from hepadose.sirt.regions import OutlinedRegions, treatment_regions

LIMIT_MS = 300.0
SHAPE, SPACING_MM = (150, 512, 512), (0.8, 0.8, 2.5)
CHOICES = {
    "product": "Resin microspheres",
    "treatment": "One lobe",
    "disease": "not stated",
    "heightM": 1.75,
    "weightKg": 75.0,
    "lungShuntPercent": 5.0,
    "residualPercent": 2.0,
    "lungMassKg": 0.0,
    "uptakeRatio": 3.0,
    "densityGPerMl": 0.0,
    "territoryGoalGy": 120.0,
    "tumorGoalGy": 120.0,
    "normalLimitGy": 40.0,
    "lungLimitGy": 30.0,
    "activityVolume": None,
}


def ball(center_mm: tuple[float, float, float], radii_mm: tuple[float, float, float]) -> np.ndarray:
    """An ellipsoid on the benchmark's grid; center and radii along k, j, i in mm."""
    axes = [
        ((np.arange(size) * step - center) / radius) ** 2
        for size, step, center, radius in zip(SHAPE, SPACING_MM[::-1], center_mm, radii_mm, strict=True)
    ]
    return axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= 1.0


def benchmark_masks() -> dict[str, np.ndarray]:
    """Liver of about 1900 ml, its right part, three tumors and lungs."""
    liver = ball((110.0, 200.0, 150.0), (75.0, 75.0, 80.0))
    territory = liver & (np.arange(SHAPE[2]) * SPACING_MM[0] < 150.0)
    return {
        "Liver": liver,
        "Territory": territory,
        "Tumor 1": ball((100.0, 190.0, 110.0), (25.0, 25.0, 25.0)),
        "Tumor 2": ball((130.0, 220.0, 130.0), (12.0, 12.0, 12.0)),
        "Tumor 3": ball((90.0, 230.0, 120.0), (8.0, 8.0, 8.0)),
        "Lungs": ball((290.0, 200.0, 200.0), (100.0, 90.0, 150.0)) & ~liver,
    }


def prepare() -> tuple[object, SimpleNamespace, Image]:
    """The case as nodes, with the choices of the panel."""
    headless = new_headless_scene()
    grid = Image(np.zeros(SHAPE, np.int16), SPACING_MM)
    volume = image_to_volume_node(headless.scene, grid, "CT")
    masks = [SegmentMask(name, grid.with_array(mask), (0.8, 0.5, 0.4)) for name, mask in benchmark_masks().items()]
    node = masks_to_segmentation_node(headless.scene, masks, volume, "Segmentation")
    ids = {name: identifier for identifier, name in segment_names(node).items()}
    choices = SimpleNamespace(
        **CHOICES,
        ctVolume=volume,
        segmentation=node,
        liverSegment=ids["Liver"],
        territorySegment=ids["Territory"],
        lungsSegment=ids["Lungs"],
        tumorSegments=[ids[f"Tumor {number}"] for number in (1, 2, 3)],
    )
    return headless, choices, grid


def naive(choices: SimpleNamespace, grid: Image) -> object:
    """Every segment on the CT's whole grid, and all models anew."""
    masks = {one: segment_to_mask(choices.segmentation, one, grid) for one in segment_names(choices.segmentation)}
    tumors = tuple((name, masks[one]) for one, name in tumor_names(choices).items())
    regions = treatment_regions(OutlinedRegions(masks[choices.liverSegment], tumors, masks[choices.territorySegment]))
    given = prescription_input(choices, regions.volumes)
    uptake = tuple((name, ml, choices.uptakeRatio) for name, ml in regions.treated_tumors_ml().items())
    return prescribe(type(given)(**{**vars(given), "uptake": uptake}))


def main() -> int:
    """Print the table; 1 where the median is above the limit or the two ways disagree."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=30)
    strokes = parser.parse_args().strokes
    headless, choices, grid = prepare()
    live, random = LiveSirt(), np.random.default_rng(1)
    live.follow(choices)
    edited = [*choices.tumorSegments, choices.liverSegment]
    times, naive_times, answers = [], [], []
    for stroke in range(strokes):
        segment = edited[stroke % len(edited)]
        editor = Editor(headless.scene, choices.segmentation, choices.ctVolume, segment)
        inside = np.argwhere(segment_to_mask(choices.segmentation, segment, grid).array)
        brush = brush_at(grid, inside[random.integers(len(inside))], random.uniform(*BRUSH_DIAMETERS_MM))
        editor.stroke(brush, add=False)
        times.append(milliseconds(lambda: answers.append(live.follow(choices))))
        if stroke < 5:
            naive_times.append(milliseconds(lambda: answers.append(naive(choices, grid))))
            if answers[-1].rows != answers[-2].rows:
                print("The two ways disagree.")
                return 1
    median, slowest = statistics.median(times), max(times)
    ratio = statistics.median(naive_times) / median
    print(f"Stroke to activities, {strokes} strokes: median {median:.0f} ms, slowest {slowest:.0f} ms.")
    naive_ms = statistics.median(naive_times)
    print(f"Bar {LIMIT_MS:g} ms. Every segment on the whole grid: {naive_ms:.0f} ms, {ratio:.1f} times as long.")
    return 0 if median <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
