"""Body wall, skeleton, arms and pelvis of a random patient, in the frame of :mod:`hepadose.phantom.trunk`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.phantom import trunk
from hepadose.phantom.shapes import Shape, blend, common, ellipsoid, tube, union
from hepadose.training.abdomen.body_grid import BodyGrid
from hepadose.training.abdomen.shaping import limited, path, within
from hepadose.training.abdomen.tissues import Tissue

RIB_FALL_MM = (110.0, 380.0)
"""How far ribs fall per half turn about the body; the steeper, the shorter they look in a slice."""
SACRUM_Z_MM, CREST_Z_MM, HIP_Z_MM = -138.0, -96.0, -262.0


@dataclass(frozen=True)
class Habitus:
    """Fat, muscle and posture of one patient.

    Parameters
    ----------
    fat_mm : float
        Thickness of the subcutaneous fat at the flank in mm.
    belly_mm, back_mm : float
        Additional fat in front of the abdomen and behind the back in mm.
    breast_mm : float
        Radius of the breasts in mm; 0 for none.
    arms : tuple of int
        Sides (-1 right, 1 left) whose arm lies beside the body.
    skin_mm : float
        Thickness of the skin.
    plane_mm, plane_depth_mm : float
        Thickness of the fat between the layers of the chest wall (0 for none), and its depth in the wall from inside.
    """

    fat_mm: float
    belly_mm: float
    back_mm: float
    breast_mm: float
    arms: tuple[int, ...]
    skin_mm: float
    plane_mm: float
    plane_depth_mm: float


def random_habitus(random: np.random.Generator) -> Habitus:
    """From lean to obese, sometimes with arms beside the body.

    Parameters
    ----------
    random : numpy.random.Generator

    Returns
    -------
    Habitus
    """
    fat_mm = float(np.clip(random.lognormal(np.log(13.0), 0.6), 2.5, 55.0))
    breast_mm = float(random.uniform(38.0, 68.0)) if random.random() < 0.45 else 0.0
    arms = (-1, 1) if random.random() < 0.15 else ()
    if random.random() < 0.05:
        arms = (int(random.choice((-1, 1))),)
    belly_mm, back_mm = fat_mm * random.uniform(0, 0.5), fat_mm * random.uniform(-0.3, 0.4)
    plane_mm = random.uniform(1.0, 7.0) if random.random() < 0.6 else 0.0
    return Habitus(fat_mm, belly_mm, back_mm, breast_mm, arms, 2.0, plane_mm, random.uniform(5.0, 10.0))


def skin(habitus: Habitus) -> Shape:
    """The outline of the body around muscles and fat.

    Parameters
    ----------
    habitus : Habitus

    Returns
    -------
    Shape
        In the anatomical frame, in mm.
    """
    wall = trunk.muscle_wall()

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        front = np.clip(-y / trunk.BODY_HALF_DEPTH_MM, 0.0, 1.0) ** 2
        back = np.clip(y / trunk.BODY_HALF_DEPTH_MM, 0.0, 1.0) ** 2
        chest = within(z, -20.0, 120.0)
        fat_mm = habitus.fat_mm * (1.0 - 0.45 * chest) + habitus.belly_mm * front * (1 - chest) + habitus.back_mm * back
        # Hips carry more fat than the waist; shoulders widen the body above the armpits.
        fat_mm = fat_mm * (1.0 + 0.5 * within(-z, 90.0, 190.0)) + 26.0 * within(-z, 120.0, 220.0) * np.abs(x) / 170.0
        return wall.distance(x, y, z) - fat_mm

    outline = Shape(distance)
    if habitus.breast_mm:
        radii = np.array([1.1, 0.8, 1.0]) * habitus.breast_mm
        depth = -trunk.BODY_HALF_DEPTH_MM + 0.2 * habitus.breast_mm
        outline = blend(outline, union(*(ellipsoid((s * 82.0, depth, 148.0), radii) for s in (-1, 1))), 25.0)
    return outline


def paint_wall(grid: BodyGrid, habitus: Habitus) -> None:
    """Skin, subcutaneous fat, muscles with their fat planes, and the fat of the cavity.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    habitus : Habitus
    """
    grid.layers(skin(habitus), ((Tissue.SKIN, 0.0), (Tissue.SUBCUTANEOUS_FAT, habitus.skin_mm)))
    muscle = trunk.muscle_wall()
    grid.paint(Tissue.MUSCLE, muscle)
    grid.paint(Tissue.SUBCUTANEOUS_FAT, common(trunk.paraspinal_fat(), muscle, 1.0), thin=True, over=(Tissue.MUSCLE,))
    grid.paint(Tissue.SUBCUTANEOUS_FAT, trunk.flank_fat(), thin=True, over=(Tissue.MUSCLE,))
    if habitus.plane_mm > 0.0:
        grid.paint(Tissue.SUBCUTANEOUS_FAT, _muscle_plane(habitus), thin=True, over=(Tissue.MUSCLE,))
    grid.paint(Tissue.VISCERAL_FAT, common(trunk.cavity(), pelvic_funnel(), 10.0))
    for side in (-1, 1):
        points = [(side * 22, 42, -8), (side * 32, 44, -50), (side * 42, 42, -110), (side * 52, 36, -170)]
        grid.paint(
            Tissue.MUSCLE, tube([*points, (side * 66, 8, -225), (side * 84, -22, -262)], [5, 12, 18, 19, 15, 12])
        )


def _muscle_plane(habitus: Habitus) -> Shape:
    """The fat between the muscles among the ribs and those around the chest."""
    wall = trunk.wall_depth()

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        depth_mm = wall.distance(x, y, z) - habitus.plane_depth_mm
        sheet = np.abs(depth_mm - habitus.plane_mm / 2) - habitus.plane_mm / 2
        return np.maximum(sheet, 45.0 - np.abs(x))

    return Shape(distance)


def pelvic_funnel() -> Shape:
    """The space between the hip bones, narrowing downwards; everything above them.

    Returns
    -------
    Shape
        In the anatomical frame, in mm.
    """

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        depth = within(-z, 100.0, 260.0)
        wide, deep, middle = 136.0 - 78.0 * depth, 100.0 - 45.0 * depth, -6.0 + 16.0 * depth
        section = np.sqrt((x / wide) ** 2 + ((y - middle) / deep) ** 2)
        return np.where(z < -90.0, (section - 1.0) * deep, -60.0)

    return Shape(distance)


def paint_skeleton(grid: BodyGrid, random: np.random.Generator) -> None:
    """Spine, ribs, sternum and, below, the pelvis and the upper thigh bones.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    random : numpy.random.Generator
    """
    reach = ((-30.0, 10.0, -150.0), (30.0, 70.0, 900.0))
    grid.paint(Tissue.DISC, limited(trunk.discs(), *reach))
    low = (-46.0, 10.0, SACRUM_Z_MM)
    spine = union(*(_above(part, SACRUM_Z_MM, low, (46.0, 110.0, 900.0)) for part in trunk.vertebrae().parts))
    grid.layers(spine, ((Tissue.BONE_CORTEX, 0.0), (Tissue.BONE_MARROW, 2.2)), thin=True)
    grid.paint(Tissue.SPINAL_CANAL, limited(trunk.spinal_canal(), (-14, 50, -230), (14, 80, 900)), thin=True)
    fall_mm = random.uniform(*RIB_FALL_MM)
    grid.paint(Tissue.CARTILAGE, _below(trunk.costal_cartilage(fall_mm), 205.0), thin=True)
    ribs = _below(trunk.rib_cage(fall_mm).grown(random.uniform(-1.2, 0.0)), 330.0)
    grid.layers(ribs, ((Tissue.BONE_CORTEX, 0.0), (Tissue.BONE_MARROW, 1.2)), thin=True)
    grid.layers(trunk.sternum(), ((Tissue.BONE_CORTEX, 0.0), (Tissue.BONE_MARROW, 2.2)))
    grid.layers(pelvis(), ((Tissue.BONE_CORTEX, 0.0), (Tissue.BONE_MARROW, 2.5)), thin=True)


def _above(shape: Shape, z_mm: float, low_mm, high_mm) -> Shape:
    return limited(Shape(lambda x, y, z: np.maximum(shape.distance(x, y, z), z_mm - z)), low_mm, high_mm)


def _below(shape: Shape, z_mm: float) -> Shape:
    limits = (np.array([-170.0, -115.0, -130.0]), np.array([170.0, 115.0, z_mm]))
    return Shape(lambda x, y, z: np.maximum(shape.distance(x, y, z), z - z_mm), limits)


def pelvis() -> Shape:
    """Sacrum, iliac wings, hip joints, pubic bones and the upper ends of the thigh bones.

    Returns
    -------
    Shape
        In the anatomical frame, in mm.
    """
    pieces = [tube([(0, 58, -148), (0, 84, -205), (0, 84, -240), (0, 70, -262)], [25, 22, 14, 6])]
    for side in (-1, 1):
        pieces += [_wing(side), *_hip(side)]
        pieces.append(tube([(side * 14, 60, -150), (side * 32, 66, -165), (side * 12, 82, -210)], [20, 18, 12]))
    return union(*pieces)


def _wing(side: int) -> Shape:
    """The iliac wing: a plate of struts from the sacroiliac joint and the hip joint to the crest."""
    crest = [(58, 72, -112), (92, 52, -97), (116, 22, -97), (128, -6, -110), (128, -26, -134), (118, -32, -166)]
    joint, hip = (50, 58, -168), (96, 0, -230)
    flip = np.array([side, 1, 1])
    struts = [path([flip * start, flip * end], [6.5, 5.5]) for end in crest for start in (joint, hip)]
    return union(*struts, tube([flip * point for point in crest], 6.5, 2), path([flip * joint, flip * hip], [9.0, 9.0]))


def _hip(side: int) -> list[Shape]:
    flip = np.array([side, 1, 1])
    head = flip * (92, -2, HIP_Z_MM)
    return [
        ellipsoid(head, (27, 27, 27)),
        tube([head, flip * (128, 10, HIP_Z_MM - 30), flip * (136, 8, HIP_Z_MM - 130)], [16, 19, 15]),
        tube([flip * (78, -16, HIP_Z_MM + 6), flip * (12, -48, HIP_Z_MM - 24)], [12, 9]),
        tube([flip * (80, 14, HIP_Z_MM), flip * (58, 40, HIP_Z_MM - 52)], [14, 13]),
    ]


def paint_arms(grid: BodyGrid, habitus: Habitus) -> None:
    """Arms beside the body: skin, fat, muscle and bone, from the shoulder to the hand.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    habitus : Habitus
    """
    for side in habitus.arms:
        beside = 168.0 + 1.05 * habitus.fat_mm + 22.0
        line = [(side * (beside - 12), 30, 330), (side * (beside + 14), 34, 120), (side * (beside + 8), 22, -60)]
        line.append((side * beside, 0, -260))
        fat_mm = 0.35 * habitus.fat_mm
        arm = tube(line, [46 + fat_mm, 41 + fat_mm, 34 + fat_mm, 26])
        grid.layers(
            arm, ((Tissue.SKIN, 0.0), (Tissue.SUBCUTANEOUS_FAT, habitus.skin_mm), (Tissue.MUSCLE, 6.0 + fat_mm))
        )
        grid.layers(tube(line, [12, 11, 9, 6]), ((Tissue.BONE_CORTEX, 0.0), (Tissue.BONE_MARROW, 4.0)), thin=True)
