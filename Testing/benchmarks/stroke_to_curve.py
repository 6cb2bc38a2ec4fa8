"""Milliseconds from a brush stroke in the segment editor to the new agreement curve, table and plot.

The case: a liver of 90 × 230 × 270 voxels at 2.5 × 0.9 × 0.9 mm, a band of 4 mm, 551 levels. 30 strokes with sphere
brushes of 3–15 mm diameter add to or erase from the reaction's edge through Slicer's segment editor logic, with all its
events; each new curve is compared with one that was computed anew.

    python Testing/benchmarks/stroke_to_curve.py [--strokes 30] [--compared 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from isodose_sweep import SETTINGS, SPACING_KJI_MM, benchmark_case

from hepadose.flr.interface import interface_voxels
from hepadose.flr.result import RegistrationSummary
from hepadose.images import Image
from hepadose.mrml.dose import dose_to_volume_node
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.isodose import IsodoseSurface
from hepadose.mrml.live_match import LiveMatch
from hepadose.mrml.match_display import MatchDisplay
from hepadose.mrml.segmentation import SegmentMask, find_segment, masks_to_segmentation_node, to_oriented_image
from hepadose.provenance import SegmentationOrigin

LIMIT_MS = 300.0
BRUSH_DIAMETERS_MM = (3.0, 15.0)


class Editor:
    """Slicer's segment editor logic on one segment, as the application drives it."""

    def __init__(self, scene: object, segmentation: object, volume: object, segment: str) -> None:
        from slicer import vtkMRMLSegmentEditorNode, vtkSlicerSegmentEditorLogic

        self.node = scene.AddNode(vtkMRMLSegmentEditorNode())
        self.node.SetAndObserveSegmentationNode(segmentation)
        self.node.SetAndObserveSourceVolumeNode(volume)
        self.node.SetSelectedSegmentID(segment)
        # Liver and reaction overlap: painting one must not erase the other.
        self.node.SetOverwriteMode(self.node.OverwriteNone)
        self.logic = vtkSlicerSegmentEditorLogic()
        self.logic.SetMRMLScene(scene)
        self.logic.SetSegmentEditorNode(self.node)
        self.segmentation, self.segment = segmentation, segment

    def stroke(self, brush: Image, add: bool) -> None:
        """Add a brush's voxels to the segment or erase them from it."""
        mode = self.logic.ModificationModeAdd if add else self.logic.ModificationModeRemove
        self.logic.ModifySegmentByLabelmap(
            self.segmentation, self.segment, to_oriented_image(brush), mode, [0, -1, 0, -1, 0, -1], False, False
        )


def brush_at(grid: Image, center_kji: np.ndarray, diameter_mm: float) -> Image:
    """A sphere around a voxel on the smallest part of the grid that holds it."""
    spacing = np.array(grid.spacing_kji_mm)
    reach = np.ceil(diameter_mm / 2 / spacing).astype(int)
    low, high = np.maximum(center_kji - reach, 0), np.minimum(center_kji + reach + 1, grid.shape)
    axes = [(np.arange(a, b) - c) * s for a, b, c, s in zip(low, high, center_kji, spacing, strict=True)]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return grid.cropped(box).with_array(k**2 + j**2 + i**2 <= (diameter_mm / 2) ** 2)


def milliseconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return 1000.0 * (time.perf_counter() - start)


def prepare() -> tuple[object, Image, LiveMatch, MatchDisplay, Editor, np.ndarray]:
    """The benchmark case as nodes, the match on it and an editor of the reaction."""
    headless = new_headless_scene()
    scene = headless.scene
    dose, liver, reaction = benchmark_case()
    grid = Image(np.zeros(dose.shape, np.int16), SPACING_KJI_MM[::-1])
    volume = image_to_volume_node(scene, grid, "Follow-up CT")
    dose_node = dose_to_volume_node(scene, grid.with_array(dose), "Dose")
    masks = [
        SegmentMask("Liver", grid.with_array(liver), (0.8, 0.5, 0.4)),
        SegmentMask("Reaction", grid.with_array(reaction), (0.0, 0.8, 0.8)),
    ]
    segmentation = masks_to_segmentation_node(scene, masks, volume, "Segmentation")
    origin, registration = SegmentationOrigin("Benchmark"), RegistrationSummary("none", 1.0)
    start = time.perf_counter()
    match = LiveMatch(
        scene,
        volume,
        dose_node,
        segmentation,
        "Liver",
        "Reaction",
        SETTINGS,
        fractions=5,
        registration=registration,
        liver_origin=origin,
    )
    print(f"prepared once {1000 * (time.perf_counter() - start):8.0f} ms")
    editor = Editor(scene, segmentation, volume, find_segment(segmentation, "Reaction"))
    edge = np.argwhere(interface_voxels(reaction, liver))
    return headless, grid, match, MatchDisplay(scene), editor, edge


def main() -> int:
    """Print the figures; exit 1 where a curve differs from one computed anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--compared", type=int, default=3, help="curves compared with ones computed anew")
    choices = parser.parse_args()
    _keep_alive, grid, match, display, editor, edge = prepare()
    print(f"first curve   {milliseconds(match.update):8.0f} ms")
    print(f"best level    {milliseconds(match.best):8.0f} ms (when idle)")
    display.show(match.curve, match.best(), match.context)

    chooser = np.random.default_rng(7)
    times: dict[str, list[float]] = {name: [] for name in ("editor", "reading", "curve", "display", "whole")}
    equal = True
    for number in range(choices.strokes):
        brush = brush_at(grid, edge[chooser.integers(len(edge))], chooser.uniform(*BRUSH_DIAMETERS_MM))
        add = bool(chooser.integers(2))
        times["editor"].append(milliseconds(lambda b=brush, a=add: editor.stroke(b, a)))
        reading = milliseconds(match.read_reaction)
        update = milliseconds(match.update)
        times["reading"].append(reading)
        times["curve"].append(update - reading)
        times["display"].append(milliseconds(lambda: display.show(match.curve, None, match.context)))
        times["whole"].append(update + times["display"][-1])
        if number < choices.compared:
            equal &= np.array_equal(match.curve.boundary_iou, anew(match), equal_nan=True)
    for name, label in {
        "editor": "the editor's own work",
        "reading": "reading the mask",
        "curve": "curve of all levels",
        "display": "table and plot nodes",
        "whole": "segment modified to curve shown",
    }.items():
        print(f"{label:32s} median {statistics.median(times[name]):6.1f} ms, largest {max(times[name]):6.1f} ms")
    surface = IsodoseSurface(match.scene, match)
    for clip in (False, True):
        surface.set_clip(clip)
        moves = [milliseconds(lambda g=gy: surface.set_level(g)) for gy in np.arange(10.0, 55.0, 1.5)]
        words = "isodose moved, in the liver" if clip else "isodose moved"
        print(f"{words:32s} median {statistics.median(moves):6.1f} ms, largest {max(moves):6.1f} ms")
    kept = max(times["whole"]) <= LIMIT_MS
    print(f"curves equal to ones computed anew: {equal}; limit of {LIMIT_MS:.0f} ms kept: {kept}")
    return 0 if equal else 1


def anew(match: LiveMatch) -> np.ndarray:
    """Boundary IoU of the same reaction from a fresh analysis."""
    from hepadose.flr.analysis import FlrAnalysis

    images = match.images
    fresh = FlrAnalysis(images.dose_gy, images.liver, match.settings, fractions=match.fractions)
    return fresh.curve(images.reaction.array).boundary_iou


if __name__ == "__main__":
    sys.exit(main())
