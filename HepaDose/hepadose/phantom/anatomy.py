"""One digital patient's anatomy: all tissues on one grid, ready to be painted in any phase of contrast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hepadose.images import Image
from hepadose.phantom import organs, trunk, vessels
from hepadose.phantom.canvas import Box, Canvas
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.settings import ContrastPhase
from hepadose.phantom.shapes import Shape, common, half_space
from hepadose.phantom.tissues import Region, paint

LOW_MM, HIGH_MM = (-192.0, -134.0, -172.0), (192.0, 134.0, 168.0)
ORIGIN_LPS = np.array([4.0, -38.0, 21.0])
"""Where the anatomical origin lies in the planning CT's patient frame, in mm."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """All tissues of one patient on one grid in the planning frame.

    Parameters
    ----------
    regions : tuple of Region
        In the order in which they are painted.
    liver_distance : Image
        Signed distance to the liver's capsule in mm, negative inside; vessels, gallbladder fossa and tumor belong to
        the liver as a clinician outlines it.
    textures : dict
        Fine and coarse structure, see :func:`hepadose.phantom.tissues.paint`.
    canvas : Canvas
        The grid with the patient's individual shape, for whatever is drawn later.
    """

    regions: tuple[Region, ...]
    liver_distance: Image
    textures: dict[bool, np.ndarray]
    canvas: Canvas

    def region(self, name: str) -> Image:
        """Occupancy of a named region (0–1) on the anatomy's grid; several of one name are united."""
        whole = np.zeros(self.liver_distance.shape, np.uint8)
        for region in self.regions:
            if region.name == name:
                np.maximum(whole[region.box], region.occupancy, out=whole[region.box])
        return self.liver_distance.with_array(whole.astype(np.float32) / 255.0)

    def with_region(self, region: Region) -> Anatomy:
        """The same anatomy with one more region on top."""
        return replace(self, regions=(*self.regions, region))

    def paint(self, phase: ContrastPhase) -> Image:
        """CT numbers in HU on the anatomy's grid."""
        return self.liver_distance.with_array(paint(self.regions, self.textures, phase))


def build_anatomy(seed: int, spacing_mm: float) -> Anatomy:
    """Evaluate the anatomy of one patient.

    Parameters
    ----------
    seed : int
        Chooses the patient.
    spacing_mm : float
        Spacing of the grid in mm; 1.5 to 2 for clinical resolution.
    """
    canvas = Canvas(LOW_MM, HIGH_MM, spacing_mm, seed)
    liver_box, liver_mm = canvas.distance(organs.liver())
    regions = [
        *_body(canvas),
        *_bones(canvas),
        *_chest(canvas, stream(seed, "lungs")),
        *_abdomen(canvas),
        *_gut(canvas, stream(seed, "gut")),
    ]
    regions += _liver(canvas, seed, liver_box, liver_mm)
    whole_mm = np.full(canvas.shape, 60.0, np.float32)
    whole_mm[liver_box] = np.minimum(liver_mm, 60.0)
    textures = {
        coarse: smooth_field(canvas.shape, (spacing_mm,) * 3, 5.0 if coarse else 1.6, stream(seed, f"texture {coarse}"))
        for coarse in (False, True)
    }
    kept = tuple(region for region in regions if region is not None)
    return Anatomy(kept, canvas.image(whole_mm, ORIGIN_LPS), textures, canvas)


def with_another_meal(anatomy: Anatomy, seed: int) -> Anatomy:
    """The same patient on another day: other loops of small bowel, other filling of stomach and colon."""
    later = {region.name: region for region in _gut(anatomy.canvas, stream(seed, "gut later")) if region is not None}
    return replace(anatomy, regions=tuple(later.get(region.name, region) for region in anatomy.regions))


def _body(canvas: Canvas) -> Iterator[Region | None]:
    yield from canvas.layers(trunk.skin(), (("body", "skin", 0.0), ("", "subcutaneous fat", 2.2)))
    yield canvas.region("", "muscle", trunk.muscle_wall())
    yield canvas.region("", "subcutaneous fat", common(trunk.paraspinal_fat(), trunk.muscle_wall(), 1.0))
    yield canvas.region("", "subcutaneous fat", trunk.flank_fat())
    yield canvas.region("cavity", "visceral fat", trunk.cavity())
    for side in (-1, 1):
        yield canvas.region("", "muscle", trunk.psoas(side))


def _bones(canvas: Canvas) -> Iterator[Region | None]:
    yield canvas.region("", "disc", trunk.discs())
    yield from canvas.layers(trunk.vertebrae(), (("", "bone cortex", 0.0), ("", "bone marrow", 2.0)), thin=True)
    yield canvas.region("spinal canal", "canal", trunk.spinal_canal())
    yield canvas.region("spinal cord", "cord", trunk.spinal_cord())
    yield canvas.region("", "cartilage", trunk.costal_cartilage())
    yield from canvas.layers(trunk.rib_cage(), (("", "bone cortex", 0.0), ("", "rib marrow", 2.0)))
    yield canvas.region("", "bone marrow", trunk.sternum())


def _chest(canvas: Canvas, random: np.random.Generator) -> Iterator[Region | None]:
    dome = common(trunk.cavity(), Shape(lambda x, y, z: -trunk.below_diaphragm().distance(x, y, z) - 1.5), 3.0)
    yield canvas.region("", "muscle", dome)
    yield canvas.region("", "visceral fat", common(trunk.mediastinum(), dome, 3.0))
    lungs = canvas.region("lungs", "lung", trunk.lungs())
    yield lungs
    yield _within(canvas, lungs, canvas.region("", "lung vessel", trunk.lung_vessels(random), thin=True))
    heart = common(trunk.heart(), dome.grown(-1.0), 4.0)
    yield canvas.region("heart", "myocardium", heart)
    yield canvas.region("", "heart blood", common(trunk.heart_chambers(), heart.grown(-5.0), 3.0))
    yield canvas.region("", "esophagus", organs.esophagus())
    for side in (-1, 1):
        yield canvas.region("", "muscle", trunk.crus(side))


def _within(canvas: Canvas, outer: Region | None, inner: Region | None) -> Region | None:
    """The part of one region that lies in another."""
    if outer is None or inner is None:
        return None
    whole = np.zeros(canvas.shape, np.uint8)
    whole[outer.box] = outer.occupancy
    return replace(inner, occupancy=np.minimum(inner.occupancy, whole[inner.box]))


def _abdomen(canvas: Canvas) -> Iterator[Region | None]:
    yield canvas.region("spleen", "spleen", organs.spleen())
    for side, label in ((-1, "right"), (1, "left")):
        yield canvas.region(f"{label} kidney", "kidney cortex", organs.kidney(side))
        yield canvas.region("", "kidney medulla", organs.renal_medulla(side))
        yield canvas.region("", "kidney sinus", organs.renal_sinus(side))
        yield canvas.region("", "adrenal", organs.adrenal(side), thin=True)
    yield canvas.region("pancreas", "pancreas", organs.pancreas())
    yield canvas.region("", "systemic vein", organs.systemic_veins(), thin=True)
    yield canvas.region("vena cava", "vena cava", organs.inferior_vena_cava())
    yield canvas.region("aorta", "artery", organs.aorta())
    yield canvas.region("", "artery", organs.visceral_arteries(), thin=True)
    yield canvas.region("", "portal vein", vessels.portal_trunk(), thin=True)


def _gut(canvas: Canvas, random: np.random.Generator) -> Iterator[Region | None]:
    yield from _hollow(canvas, "small bowel", organs.small_bowel(random), 2.2, "gut content", None)
    yield from _hollow(canvas, "colon", organs.colon(), 2.2, "feces", random.uniform(-74.0, -62.0))
    yield from _hollow(canvas, "duodenum", organs.duodenum(), 2.5, "gut content", None)
    yield from _hollow(canvas, "stomach", organs.stomach(), 4.0, "gut fluid", random.uniform(-56.0, -30.0))


def _hollow(
    canvas: Canvas, name: str, shape: Shape, wall_mm: float, content: str, gas_above_y: float | None
) -> Iterator[Region | None]:
    """Wall, content and, where given, gas that has risen to the front of a level."""
    yield from canvas.layers(shape, ((name, "gut wall", 0.0), (f"{name} content", content, wall_mm)))
    if gas_above_y is not None:
        gas = common(shape.grown(-wall_mm - 0.5), half_space((0, gas_above_y, 0), (0, 1, 0)), 1.5)
        yield canvas.region(f"{name} gas", "gas", gas)


def _liver(canvas: Canvas, seed: int, box: Box, distance_mm: np.ndarray) -> Iterator[Region | None]:
    yield Region("liver", "liver", box, canvas.occupancy(distance_mm))
    for tissue, shape in (
        ("portal vein", vessels.portal_tree(stream(seed, "portal"))),
        ("hepatic vein", vessels.hepatic_tree(stream(seed, "hepatic"))),
    ):
        found = canvas.distance(shape, thin=True)
        yield _inside_liver(canvas, tissue, found, box, distance_mm)
    yield from canvas.layers(organs.gallbladder(), (("gallbladder", "gallbladder wall", 0.0), ("", "bile", 1.5)))


def _inside_liver(canvas: Canvas, tissue: str, found, box: Box, distance_mm: np.ndarray) -> Region:
    """Vessels end at the capsule; their trunks outside are painted on their own."""
    vessel_box, vessel_mm = found
    capsule_mm = np.full(canvas.shape, 60.0, np.float32)
    capsule_mm[box] = distance_mm
    inside = np.maximum(vessel_mm, capsule_mm[vessel_box] + 1.0)
    return Region("", tissue, vessel_box, canvas.occupancy(inside))
