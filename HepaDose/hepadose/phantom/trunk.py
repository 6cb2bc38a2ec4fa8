"""Body wall, skeleton, diaphragm, lungs and heart as implicit shapes.

Anatomical frame in mm: x to the patient's left from the midline, y to the back from the middle of the body, z to the
head from the level of the first lumbar vertebra. The sizes are those of an adult of average build.
"""

from __future__ import annotations

import numpy as np

from hepadose.phantom.shapes import Shape, blend, carve, common, ellipsoid, half_space, tube, union

BODY_HALF_WIDTH_MM, BODY_HALF_DEPTH_MM = 168.0, 112.0
RIB_PERIOD_MM, RIB_FALL_MM = 30.0, 95.0
_HALF_TURN_MM = 350.0
VERTEBRA_PERIOD_MM = 31.0
SPINE_Y_MM = 38.0
CANAL_Y_MM = 66.0


def skin() -> Shape:
    """The outline of the body, with the groove along the spine."""

    def distance(x, y, z):
        flare = 1.0 + 0.02 * np.sin(z / 70.0)
        relative = _superellipse(x / (BODY_HALF_WIDTH_MM * flare), y / BODY_HALF_DEPTH_MM, 2.35)
        groove_mm = 9.0 * np.exp(-((x / 14.0) ** 2)) * (y > 0)
        return _radial_distance(x, y, relative) + groove_mm

    return Shape(distance)


def muscle_wall() -> Shape:
    """Everything under the subcutaneous fat: outer surface of the muscles and ribs."""
    outline = skin()

    def distance(x, y, z):
        front = np.clip(-y / BODY_HALF_DEPTH_MM, 0.0, 1.0)
        flank = np.clip(np.abs(x) / BODY_HALF_WIDTH_MM, 0.0, 1.0)
        fat_mm = 15.0 + 5.0 * front * np.exp(-z / 90.0).clip(0.3, 1.8) - 4.0 * flank * (z > -400)
        return outline.distance(x, y, z) + fat_mm

    return Shape(distance)


def wall_depth() -> Shape:
    """The inner surface of the muscle wall; the muscles beside the spine are not part of it."""
    outline = muscle_wall()

    def distance(x, y, z):
        front = np.clip(-y / BODY_HALF_DEPTH_MM, 0.0, 1.0)
        return outline.distance(x, y, z) + 12.5 - 2.5 * front

    return Shape(distance)


def cavity() -> Shape:
    """The space inside the body wall: thorax and abdomen together, without the spine and its muscles."""
    inside = wall_depth()
    for side in (-1.0, 1.0):
        inside = carve(inside, _column((side * 36.0, 88.0), (40.0, 31.0)), 10.0)
    spine = _column((0.0, SPINE_Y_MM + 6.0), (24.0, 24.0))
    return carve(inside, spine, 8.0)


def psoas(side: float) -> Shape:
    """The psoas muscle, thickening downwards; ``side`` is -1 for the right and 1 for the left."""
    points = [(side * 22, 42, -8), (side * 32, 44, -50), (side * 42, 42, -110), (side * 50, 38, -170)]
    return tube(points, [5, 12, 18, 20])


def crus(side: float) -> Shape:
    """A crus of the diaphragm beside the aorta."""
    points = [(side * 9, 12, -45), (side * 13, 10, -5), (side * 17, 12, 30), (side * 24, 25, 60)]
    return tube(points, [4, 4.5, 4, 3])


def rib_cage(fall_mm: float = RIB_FALL_MM) -> Shape:
    """Bony ribs: oblique bands inside the muscle wall, ending at the costal arch; ``fall_mm`` per half turn."""
    return Shape(lambda x, y, z: _rib_distance(x, y, z, fall_mm, cartilage=False))


def costal_cartilage(fall_mm: float = RIB_FALL_MM) -> Shape:
    """The cartilage that continues the ribs in front."""
    return Shape(lambda x, y, z: _rib_distance(x, y, z, fall_mm, cartilage=True))


def _rib_distance(x, y, z, fall_mm: float, *, cartilage: bool):
    # 0 at the spine, 1 at the sternum: ribs fall towards the flank and rise again along the costal arch.
    turn = np.arctan2(np.abs(x) / 1.25, y) / np.pi
    height = z + fall_mm * np.clip(turn, 0, 0.68) - 60.0 * np.clip(turn - 0.68, 0, 1) / 0.32
    along = (height + 400.0) % RIB_PERIOD_MM - RIB_PERIOD_MM / 2
    # Across a steep rib it is not as far as along the body.
    along *= np.hypot(_HALF_TURN_MM, RIB_FALL_MM) / np.hypot(_HALF_TURN_MM, fall_mm)
    depth = wall_depth().distance(x, y, z) - 5.5
    section = np.sqrt((depth / 4.4) ** 2 + (along / 6.8) ** 2)
    bone = (section - 1.0) * 4.4
    arch = -95.0 + 150.0 * np.clip(turn - 0.45, 0, 1)
    start = (0.12 - turn) * 250.0
    end = (turn - 0.72) * 250.0
    limits = np.maximum(arch - z, start)
    if cartilage:
        return np.maximum.reduce([bone, limits, -end, (turn - 0.96) * 250.0])
    return np.maximum.reduce([bone, limits, end])


def vertebrae() -> Shape:
    """Vertebral bodies with arches, transverse and spinous processes; discs and canal are left free."""

    def body(x, y, z):
        level = (z + 400.0) % VERTEBRA_PERIOD_MM - VERTEBRA_PERIOD_MM / 2
        waist_mm = 2.5 * np.cos(level / VERTEBRA_PERIOD_MM * 2 * np.pi)
        section = np.sqrt((x / (22.5 - waist_mm)) ** 2 + ((y - SPINE_Y_MM) / (17.5 - waist_mm)) ** 2)
        dent = 4.0 * np.exp(-((x / 13.0) ** 2)) * (y > SPINE_Y_MM)
        return np.maximum((section - 1.0) * 18.0 + dent, np.abs(level) - 12.5)

    reach = (np.array([-46.0, SPINE_Y_MM - 24.0, -np.inf]), np.array([46.0, 108.0, np.inf]))
    return union(Shape(body, reach), Shape(_arch_distance, reach))


def _arch_distance(x, y, z):
    level = (z + 400.0) % VERTEBRA_PERIOD_MM - VERTEBRA_PERIOD_MM / 2
    side = np.abs(x)
    lamina = np.abs(np.sqrt((x / 1.12) ** 2 + (y - CANAL_Y_MM) ** 2) - 13.0) - 3.2
    lamina = np.maximum(lamina, np.maximum(np.abs(level + 3) - 11.0, SPINE_Y_MM + 14.0 - y))
    spinous = np.sqrt((x / 3.2) ** 2 + (np.maximum(np.abs(y - 89.0) - 9.0, 0) / 4.0) ** 2) * 3.2 - 3.2
    spinous = np.maximum(spinous, np.abs(level + 7.0) - 9.0)
    bend = CANAL_Y_MM + 0.18 * (side - 14)
    transverse = np.sqrt((y - bend) ** 2 + (level + 1.0) ** 2 + np.maximum(side - 36.0, 0) ** 2) - 4.6
    transverse = np.maximum(transverse, 12.0 - side)
    return np.minimum(np.minimum(lamina, spinous), transverse)


def discs() -> Shape:
    """Intervertebral discs: what fills the column between the bodies."""
    return _column((0.0, SPINE_Y_MM), (21.5, 16.5))


def spinal_canal() -> Shape:
    """The canal with fat and cerebrospinal fluid around the cord."""
    return _column((0.0, CANAL_Y_MM - 1.0), (10.5, 9.0))


def spinal_cord() -> Shape:
    """The cord (and the cauda equina below it)."""
    return _column((0.0, CANAL_Y_MM - 1.0), (6.2, 5.0))


def paraspinal_fat() -> Shape:
    """Thin fat planes between the muscles of the back."""

    def distance(x, y, z):
        side = np.abs(x)
        return np.maximum(np.abs(np.hypot((side - 34) / 30.0, (y - 86) / 22.0) - 1.0) * 22.0 - 0.9, 60.0 - y)

    return Shape(distance)


def diaphragm_height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height z (mm) of the diaphragm's upper surface above each point (x, y), steep towards the body wall."""
    right = _dome(x, y, (-74.0, -4.0), (71.0, 84.0), 92.0, 78.0)
    left = _dome(x, y, (74.0, 0.0), (68.0, 82.0), 76.0, 70.0)
    middle = _dome(x, y, (0.0, -30.0), (80.0, 75.0), 70.0, 60.0)
    overlap = np.maximum(30.0 - np.abs(right - left), 0.0)
    sides = np.maximum(right, left) + overlap**2 / 120.0
    return np.maximum(sides, middle)


def _dome(x, y, center, radii, top, fall):
    relative = np.sqrt(((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2)
    return top - fall * np.minimum(relative, 1.12) ** 3.4 - 0.30 * (y - center[1])


def below_diaphragm() -> Shape:
    """The abdomen: everything under the lower surface of the diaphragm."""
    return Shape(lambda x, y, z: 0.55 * (z - diaphragm_height(x, y) + 6.0))


def flank_fat() -> Shape:
    """The thin fat plane between the muscle layers of the flank, below the ribs."""
    wall = wall_depth()

    def distance(x, y, z):
        plane = np.abs(wall.distance(x, y, z) - 6.0) - 0.9
        return np.maximum.reduce([plane, 70.0 - np.abs(x), z + 62.0 - 0.4 * y])

    return Shape(distance)


def lung_vessels(random: np.random.Generator) -> Shape:
    """Vessels of the lower lobes, running down and outwards from the roots of the lungs."""
    branches = []
    for side in (-1.0, 1.0):
        for _ in range(26):
            end = np.array([side * random.uniform(40, 132), random.uniform(-60, 70), random.uniform(40, 150)])
            start = np.array([side * 38.0, 12.0, 190.0])
            middle = (start + end) / 2 + random.normal(0.0, 8.0, 3) + (side * 10.0, 0.0, 0.0)
            branches.append(tube([start, middle, end], [3.6, 2.2, 1.1]))
    return union(*branches)


def lungs() -> Shape:
    """Both lungs: the thorax above the diaphragm without the mediastinum."""
    thorax = cavity().grown(-1.0)
    above = Shape(lambda x, y, z: 0.55 * (diaphragm_height(x, y) - z))
    # The wide radius ends the recess where it gets thinner than the grid can show.
    return carve(common(thorax, above, 12.0), mediastinum(), 8.0)


def mediastinum() -> Shape:
    """Heart with its fat, great vessels and esophagus: what separates the lungs."""
    middle = _column((4.0, 18.0), (24.0, 34.0))
    return blend(heart().grown(7.0), middle, 20.0)


def heart() -> Shape:
    """The lower part of the heart, lying on the middle of the diaphragm."""
    return ellipsoid((26.0, -46.0, 116.0), (60.0, 44.0, 48.0), _heart_axes())


def heart_chambers() -> Shape:
    """Blood in both ventricles and the right atrium."""
    axes = _heart_axes()
    left = ellipsoid((46.0, -38.0, 118.0), (32.0, 19.0, 26.0), axes)
    right = ellipsoid((12.0, -64.0, 112.0), (34.0, 14.0, 28.0), axes)
    atrium = ellipsoid((-16.0, -32.0, 122.0), (19.0, 21.0, 28.0), axes)
    return union(left, right, atrium)


def _heart_axes() -> np.ndarray:
    angle = np.radians(28.0)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _column(center_xy, radii_xy) -> Shape:
    def distance(x, y, z):
        section = np.sqrt(((x - center_xy[0]) / radii_xy[0]) ** 2 + ((y - center_xy[1]) / radii_xy[1]) ** 2)
        return (section - 1.0) * min(radii_xy) + 0.0 * z

    low = np.array([center_xy[0] - radii_xy[0], center_xy[1] - radii_xy[1], -np.inf])
    high = np.array([center_xy[0] + radii_xy[0], center_xy[1] + radii_xy[1], np.inf])
    return Shape(distance, (low, high))


def _superellipse(x, y, power):
    return (np.abs(x) ** power + np.abs(y) ** power) ** (1.0 / power)


def _radial_distance(x, y, relative):
    return (1.0 - 1.0 / np.maximum(relative, 0.05)) * np.sqrt(x * x + y * y)


def sternum() -> Shape:
    """The xiphoid process in the front midline."""
    front = -BODY_HALF_DEPTH_MM + 26.0
    bar = tube([(0, front + 2, 40), (0, front, 80), (0, front - 2, 200)], [4, 6, 9])
    return common(bar, half_space((0, 0, 30), (0, 0, -1)), 2.0)
