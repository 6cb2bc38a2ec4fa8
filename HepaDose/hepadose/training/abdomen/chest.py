"""Lungs, heart, great vessels and diaphragm of a random patient."""

from __future__ import annotations

import numpy as np

from hepadose.phantom import organs, trunk
from hepadose.phantom.shapes import Shape, common, tube, union
from hepadose.training.abdomen.body_grid import BodyGrid
from hepadose.training.abdomen.shaping import limited, path, varied
from hepadose.training.abdomen.tissues import Tissue

CHEST_LOW_MM, CHEST_HIGH_MM = (-170.0, -120.0, -60.0), (170.0, 120.0, 900.0)


def paint_chest(grid: BodyGrid, random: np.random.Generator) -> None:
    """Everything above the lower surface of the diaphragm, inside the ribs.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    random : numpy.random.Generator
    """
    beneath = trunk.below_diaphragm()
    above = Shape(lambda x, y, z: -beneath.distance(x, y, z) + 0.6, (CHEST_LOW_MM, CHEST_HIGH_MM))
    dome = limited(common(trunk.cavity(), above, 3.0), CHEST_LOW_MM, CHEST_HIGH_MM)
    grid.paint(Tissue.MUSCLE, dome)
    heart = varied(trunk.heart(), (26, -46, 116), shift_mm=random.normal(0, 5, 3), scale=random.normal(1.0, 0.08))
    grid.paint(Tissue.VISCERAL_FAT, limited(common(trunk.mediastinum(), dome, 3.0), CHEST_LOW_MM, CHEST_HIGH_MM))
    _paint_lungs(grid, random)
    grid.paint(Tissue.MYOCARDIUM, common(heart, dome.grown(-1.0), 4.0))
    chambers = common(trunk.heart_chambers(), heart.grown(-6.0), 3.0)
    grid.paint(Tissue.HEART_BLOOD, common(chambers, dome.grown(-5.0), 3.0))
    grid.paint(Tissue.ARTERY, _great_arteries(), thin=True)
    grid.paint(Tissue.VENA_CAVA, tube([(-27, -20, 140), (-28, -26, 200), (-26, -20, 290)], [10, 9, 8]))
    grid.paint(Tissue.ESOPHAGUS, organs.esophagus(), thin=True)
    grid.paint(Tissue.GAS, _airways(), thin=True)
    for side in (-1, 1):
        grid.paint(Tissue.MUSCLE, trunk.crus(side), thin=True)


def _paint_lungs(grid: BodyGrid, random: np.random.Generator) -> None:
    lungs = limited(common(trunk.lungs(), _apex(), 12.0), CHEST_LOW_MM, CHEST_HIGH_MM)
    grid.paint(Tissue.LUNG, lungs)
    grid.paint(Tissue.LUNG_VESSEL, _lung_vessels(random), thin=True, over=(Tissue.LUNG,))
    if random.random() < 0.15:
        _paint_effusion(grid, lungs, random)


def _paint_effusion(grid: BodyGrid, lungs: Shape, random: np.random.Generator) -> None:
    """Fluid behind the lung of one or both sides, with a level that rises towards the back."""
    sides = random.choice([-1, 1, 0], p=[0.5, 0.2, 0.3])
    level_mm = random.uniform(10.0, 45.0)

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        fluid = level_mm + 0.25 * np.maximum(z - 60.0, 0.0) - y
        return np.maximum(fluid, -sides * x) if sides else fluid + 0.0 * x

    grid.paint(Tissue.FLUID, common(lungs, Shape(distance), 2.0), over=(Tissue.LUNG, Tissue.LUNG_VESSEL))


def _apex() -> Shape:
    """The thorax narrowing towards the neck; everything below its widest level."""

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        rise = np.maximum(z - 150.0, 0.0)
        section = np.sqrt(((np.abs(x) - 46.0) / 98.0) ** 2 + ((y - 5.0) / 120.0) ** 2 + (rise / 150.0) ** 2)
        return np.where(z > 150.0, (section - 1.0) * 90.0, -60.0)

    return Shape(distance)


def _lung_vessels(random: np.random.Generator) -> Shape:
    branches = []
    for side in (-1.0, 1.0):
        root = np.array([side * 37.0, 10.0, 192.0])
        for _ in range(45):
            end = np.array([side * random.uniform(40, 130), random.uniform(-70, 75), random.uniform(45, 290)])
            middle = (root + end) / 2 + random.normal(0, 10, 3)
            branches.append(path([root, middle, end], [random.uniform(3.0, 5.0), 2.4, 1.2]))
    return union(*branches)


def _great_arteries() -> Shape:
    arch = [(8, -46, 158), (-6, -42, 205), (2, -22, 238), (17, 8, 238), (19, 18, 200)]
    pulmonary = [(20, -62, 170), (14, -38, 205), (-28, -18, 202)]
    left = [(14, -38, 205), (36, -4, 204)]
    return union(tube(arch, [15, 15, 13.5, 12.5, 12.5]), tube(pulmonary, [14, 13, 9]), tube(left, [11, 9]))


def _airways() -> Shape:
    trachea = tube([(0, -2, 420), (0, 0, 300), (0, 4, 214)], [8, 8, 8])
    bronchi = [tube([(0, 4, 214), (side * 22, 8, 196), (side * 42, 8, 182)], [6.5, 5.5, 4]) for side in (-1, 1)]
    return union(trachea, *bronchi)
