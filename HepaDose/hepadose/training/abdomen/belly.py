"""Solid organs, vessels, stomach and bowel of a random patient."""

from __future__ import annotations

import numpy as np

from hepadose.phantom import organs, vessels
from hepadose.phantom.shapes import Shape, common, ellipsoid, half_space, tube, turned, union
from hepadose.training.abdomen.body_grid import BodyGrid
from hepadose.training.abdomen.liver_forms import KIDNEY_DROP_MM, LiverForm
from hepadose.training.abdomen.settings import LiverKind
from hepadose.training.abdomen.shaping import limited, path, uneven, varied
from hepadose.training.abdomen.tissues import Tissue

KIDNEY = (Tissue.KIDNEY_CORTEX, Tissue.KIDNEY_MEDULLA)
SPLEEN_MM, STOMACH_MM = (96, 34, 22), (44, -30, 0)


def paint_organs(grid: BodyGrid, liver: LiverForm, random: np.random.Generator) -> None:
    """Spleen, kidneys, adrenals, bladder and the large vessels.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    liver : LiverForm
        The liver's form, by which its neighbors make room.
    random : numpy.random.Generator
    """
    enlarged = 1.25 if liver.kind is LiverKind.CIRRHOTIC else 1.0
    if random.random() > 0.04:
        scale = float(np.clip(random.normal(1.06, 0.13) * enlarged, 0.7, 1.6))
        spleen = varied(organs.spleen(), SPLEEN_MM, shift_mm=random.normal(0, 4, 3), scale=scale)
        grid.paint(Tissue.SPLEEN, common(spleen, _left_wall(), 5.0))
    for side in (-1, 1):
        if random.random() > 0.03:
            _paint_kidney(grid, side, KIDNEY_DROP_MM * liver.crowding if side < 0 else 0.0, random)
        grid.paint(Tissue.ADRENAL, organs.adrenal(side), thin=True)
    size = random.uniform(22, 55)
    grid.paint(Tissue.BLADDER, ellipsoid((0, -24, -285 + 0.7 * size), (1.25 * size, 0.9 * size, 0.8 * size)))
    _paint_vessels(grid, random)


def _left_wall() -> Shape:
    from hepadose.phantom import trunk

    inside = common(trunk.cavity().grown(-3.0), trunk.below_diaphragm(), 6.0)
    return limited(inside, (0, -110, -200), (170, 110, 130))


def _paint_kidney(grid: BodyGrid, side: int, drop_mm: float, random: np.random.Generator) -> None:
    center = (side * 66, 34, -48 if side < 0 else -34)
    change = {
        "shift_mm": random.normal((0, 0, drop_mm), (3, 3, 8)),
        "scale": random.uniform(0.8, 1.12),
        "axes": turned(random.normal(0, 8), 2),
    }
    grid.paint(Tissue.KIDNEY_CORTEX, varied(organs.kidney(side), center, **change))
    grid.paint(Tissue.KIDNEY_MEDULLA, varied(organs.renal_medulla(side), center, **change), thin=True)
    # A wide renal pelvis holds urine.
    sinus = Tissue.FLUID if random.random() < 0.15 else Tissue.KIDNEY_SINUS
    change["scale"] *= random.uniform(0.7, 1.5)
    grid.paint(sinus, varied(organs.renal_sinus(side), center, **change), thin=True, over=KIDNEY)
    if random.random() < 0.2:
        place = np.asarray(center) + change["shift_mm"] + random.normal(0, 1, 3) * (12, 12, 30)
        grid.paint(
            Tissue.FLUID, ellipsoid(place, random.uniform(6, 24, 3)), over=(Tissue.KIDNEY_CORTEX, Tissue.VISCERAL_FAT)
        )


def _paint_vessels(grid: BodyGrid, random: np.random.Generator) -> None:
    grid.paint(Tissue.SYSTEMIC_VEIN, organs.systemic_veins(), thin=True)
    grid.paint(Tissue.VENA_CAVA, organs.inferior_vena_cava())
    wide = random.uniform(-1.5, 3.0)
    if random.random() < 0.04:
        wide += random.uniform(6, 16)
    aorta = organs.aorta()
    grid.paint(Tissue.ARTERY, limited(aorta.grown(wide), aorta.bounds_mm[0] - 20, aorta.bounds_mm[1] + 20))
    for side in (-1, 1):
        line = [(2, 10, -120), (side * 28, 22, -185), (side * 62, -18, -250), (side * 76, -50, -300)]
        grid.paint(Tissue.ARTERY, tube(line, [8, 6.5, 5.5, 5]), thin=True)
        vein = [(-12, 14, -130), (side * 30, 32, -190), (side * 56, -10, -250), (side * 64, -44, -300)]
        grid.paint(Tissue.SYSTEMIC_VEIN, tube(vein, [9, 7, 6.5, 6]), thin=True)
    grid.paint(Tissue.ARTERY, organs.visceral_arteries(), thin=True)
    grid.paint(Tissue.PORTAL_TRUNK, vessels.portal_trunk(), thin=True)
    for tissue, root in ((Tissue.ARTERY, (5, -26, -60)), (Tissue.SYSTEMIC_VEIN, (-6, -30, -70))):
        grid.paint(tissue, _mesenteric(root, random), thin=True, over=(Tissue.VISCERAL_FAT,))
    grid.paint(Tissue.SYSTEMIC_VEIN, _epiploic(random), thin=True, over=(Tissue.VISCERAL_FAT,))


def _mesenteric(root, random: np.random.Generator) -> Shape:
    """Vessels fanning out from the root of the mesentery to the bowel."""
    branches = []
    for _ in range(20):
        end = random.uniform((-85, -70, -225), (90, 0, -40))
        middle = (np.asarray(root) + end) / 2 + random.normal(0, 10, 3)
        branches.append(path([root, middle, end], [2.6, 2.0, 1.1]))
    return union(*branches)


def _epiploic(random: np.random.Generator) -> Shape:
    """Vessels of the omentum and around stomach and spleen."""
    branches = []
    for _ in range(18):
        start = random.uniform((10, -75, -90), (100, 20, 50))
        line = start + np.vstack([np.zeros(3), random.normal(0, 16, 3), random.normal(0, 26, 3)])
        branches.append(path(line, [1.8, 1.5, 1.0]))
    return union(*branches)


def paint_gut(grid: BodyGrid, liver: LiverForm, random: np.random.Generator) -> None:
    """Small bowel, colon, duodenum and stomach, each with wall, content and gas; the pancreas between them.

    Parameters
    ----------
    grid, liver, random
        As for :func:`paint_organs`.
    """
    for loop in _small_bowel(random):
        content = Tissue.GAS if random.random() < 0.06 else Tissue.SMALL_BOWEL_CONTENT
        wall_mm = random.uniform(1.5, 5.0)
        grid.layers(loop, ((Tissue.GUT_WALL, 0.0), (content, wall_mm)))
    grid.layers(organs.duodenum(), ((Tissue.GUT_WALL, 0.0), (Tissue.SMALL_BOWEL_CONTENT, random.uniform(2, 6))))
    # A liver that has been removed or pushed down makes room for the colon.
    lift = random.uniform(0, 45) if "resected" in liver.kind.value else -25.0 * liver.crowding
    colon = varied(organs.colon(), (0, 0, -100), shift_mm=(0, random.normal(0, 4), lift * 0.5))
    _paint_colon(grid, uneven(colon, 2.0, 24.0, random), random)
    _paint_stomach(grid, liver, random)
    pancreas = varied(organs.pancreas(), (6, -20, -30), shift_mm=random.normal(0, 4, 3), scale=random.uniform(0.8, 1.1))
    soft = (
        Tissue.VISCERAL_FAT,
        Tissue.GUT_WALL,
        Tissue.SMALL_BOWEL_CONTENT,
        Tissue.STOMACH_CONTENT,
        Tissue.SYSTEMIC_VEIN,
    )
    grid.paint(Tissue.PANCREAS, uneven(pancreas, 1.2, 20.0, random), over=soft)


def _small_bowel(random: np.random.Generator):
    """Loops of jejunum and ileum, each a winding tube."""
    count = random.integers(16, 34)
    for _ in range(count):
        start = random.uniform((-70, -70, -235), (85, 5, -60))
        if start[2] > -100 and start[0] < 10:
            start[0] += 50
        steps = random.normal(0.0, 1.0, (4, 3)) * (24, 14, 14)
        line = np.clip(start + np.cumsum(np.vstack([np.zeros(3), steps]), axis=0), (-85, -74, -245), (92, 12, -48))
        yield tube(line, random.uniform(8.0, 15.0), 2)


def _paint_colon(grid: BodyGrid, colon: Shape, random: np.random.Generator) -> None:
    grid.layers(colon, ((Tissue.GUT_WALL, 0.0), (Tissue.FECES, random.uniform(2.0, 3.5))))
    inner = colon.grown(-3.5)
    level_mm = random.uniform(-90, -40)
    grid.paint(Tissue.GAS, common(inner, half_space((0, level_mm, 0), (0, 1, 0)), 1.5))
    bubbles = uneven(inner.grown(-1.0), 7.0, 26.0, random)
    if random.random() < 0.6:
        grid.paint(Tissue.GAS, bubbles, depth_mm=random.uniform(2, 9), over=(Tissue.FECES,))


def _paint_stomach(grid: BodyGrid, liver: LiverForm, random: np.random.Generator) -> None:
    filling = random.uniform(-9.0, 15.0) - 9.0 * liver.crowding
    points = np.array([(62, 22, 56), (66, 2, 34), (62, -32, 10), (44, -58, -14), (18, -62, -30), (-8, -54, -30)], float)
    points[2:5] += random.normal(0, 8, 3)
    radii = np.array([27, 29, 25, 21, 17, 11]) + filling * np.array([1, 1, 1, 1, 0.7, 0.3])
    stomach = common(tube(points, np.maximum(radii, 9.0)), _left_wall_and_middle(), 6.0)
    wall_mm = random.uniform(3.0, 6.0)
    grid.layers(stomach, ((Tissue.GUT_WALL, 0.0), (Tissue.STOMACH_CONTENT, wall_mm)))
    if random.random() < 0.85:
        level_mm = random.uniform(-70.0, -10.0)
        gas = common(stomach.grown(-wall_mm - 0.5), half_space((0, level_mm, 0), (0, 1, 0)), 1.5)
        grid.paint(Tissue.GAS, gas)


def _left_wall_and_middle() -> Shape:
    from hepadose.phantom import trunk

    inside = common(trunk.cavity().grown(-2.0), trunk.below_diaphragm(), 6.0)
    return limited(inside, (-60, -115, -150), (160, 110, 130))
