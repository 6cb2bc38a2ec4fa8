"""The liver and the other organs of the upper abdomen as implicit shapes, in the anatomical frame of ``trunk``."""

from __future__ import annotations

import numpy as np

from hepadose.phantom.shapes import Shape, blend, carve, common, ellipsoid, half_space, tube, turned, union
from hepadose.phantom.trunk import below_diaphragm, cavity


def liver() -> Shape:
    """Right and left lobe under the diaphragm, with the hilum, the fissure and the impressions of its neighbors."""
    right = ellipsoid((-72.0, -1.0, 12.0), (70.0, 87.0, 92.0))
    left = ellipsoid((4.0, -54.0, 40.0), (92.0, 36.0, 40.0), turned(-14.0, 1) @ turned(-10.0, 2))
    lobes = blend(right, left, 34.0)
    lobes = common(lobes, cavity().grown(-3.5), 9.0)
    lobes = common(lobes, below_diaphragm(), 10.0)
    lobes = carve(lobes, ellipsoid((24.0, 22.0, -44.0), (56.0, 58.0, 66.0)), 16.0)
    lobes = carve(lobes, ellipsoid((62.0, 34.0, 40.0), (66.0, 54.0, 60.0)), 12.0)
    lobes = blend(lobes, caudate_lobe(), 10.0)
    lobes = common(lobes, half_space((-85.0, -20.0, -67.0), (0.50, -0.25, -1.0)), 30.0)
    for tool, radius_mm in _impressions():
        lobes = carve(lobes, tool, radius_mm)
    return lobes


def _impressions():
    # The right kidney lies in its fat behind the liver, not inside it.
    yield ellipsoid((-46.0, 60.0, -52.0), (48.0, 50.0, 62.0)), 10.0
    yield kidney(-1).grown(4.0), 4.0
    yield gallbladder().grown(1.5), 3.0
    # No fat between the liver and the vein in its groove.
    yield inferior_vena_cava().grown(-1.5), 1.0
    # Fissure of the round ligament between the left lobe's medial and lateral part.
    yield tube([(14, -96, 2), (16, -80, 14), (10, -52, 18), (4, -36, 16)], [7, 4.5, 3.5, 2.5]), 4.0
    # Fissure of the venous ligament in front of the caudate lobe.
    yield tube([(4, -30, 18), (0, -6, 34), (-6, 8, 48)], [2.6, 2.0, 1.5]), 2.0


def caudate_lobe() -> Shape:
    """The small lobe between the hilum and the vena cava."""
    return ellipsoid((-14.0, -6.0, 30.0), (15.0, 13.0, 26.0))


def gallbladder() -> Shape:
    """A pear under the right lobe."""
    body = ellipsoid((-50.0, -58.0, -46.0), (15.0, 16.0, 24.0), turned(-30.0, 0))
    neck = tube([(-46, -46, -32), (-38, -30, -24)], [8.0, 4.0])
    return blend(body, neck, 12.0)


def spleen() -> Shape:
    """Behind the stomach along the left ribs."""
    body = ellipsoid((100.0, 36.0, 22.0), (32.0, 52.0, 54.0), turned(18.0, 2))
    body = common(body, cavity().grown(-3.5), 6.0)
    body = common(body, below_diaphragm(), 8.0)
    return carve(body, ellipsoid((66.0, 14.0, 12.0), (30.0, 34.0, 44.0)), 10.0)


def kidney(side: int) -> Shape:
    """A bean tilted along the psoas; ``side`` is -1 for the right and 1 for the left."""
    center = (side * 66.0, 34.0, -48.0 if side < 0 else -34.0)
    axes = turned(side * 14.0, 1) @ turned(-side * 32.0, 2)
    bean = ellipsoid(center, (27.0, 24.0, 54.0), axes)
    return carve(bean, _hilum(side), 8.0)


def _hilum(side: int) -> Shape:
    height = -48.0 if side < 0 else -34.0
    return ellipsoid((side * 40.0, 22.0, height), (14.0, 11.0, 15.0))


def renal_medulla(side: int) -> Shape:
    """The pyramids: a broken layer between cortex and sinus."""
    bean = kidney(side).grown(-7.5)
    height = -48.0 if side < 0 else -34.0

    def pyramids(x, y, z):
        turn = np.arctan2(y - 34.0, side * (x - side * 66.0))
        return 3.2 - 5.0 * (np.abs(np.sin(3.0 * turn)) * np.abs(np.sin((z - height) / 8.0)))

    return common(bean, Shape(pyramids), 2.0)


def renal_sinus(side: int) -> Shape:
    """The fat around the renal pelvis."""
    height = -48.0 if side < 0 else -34.0
    return ellipsoid((side * 56.0, 28.0, height), (15.0, 8.0, 26.0), turned(-side * 32.0, 2))


def stomach() -> Shape:
    """Fundus under the left diaphragm, body in front of the spleen, antrum across the midline."""
    points = [(62, 22, 56), (66, 2, 34), (62, -32, 10), (44, -58, -14), (18, -62, -30), (-8, -54, -30)]
    return common(tube(points, [27, 29, 25, 21, 17, 11]), below_diaphragm(), 6.0)


def duodenum() -> Shape:
    """The loop around the head of the pancreas."""
    points = [
        (-10, -52, -30),
        (-27, -42, -32),
        (-33, -20, -44),
        (-34, -8, -72),
        (-22, 0, -92),
        (4, 2, -96),
        (34, -8, -80),
    ]
    return tube(points, [10.5, 11, 11, 11.5, 11.5, 10.5, 11])


def pancreas() -> Shape:
    """Head in the duodenal loop, body over the spine, tail towards the spleen."""
    points = [(-17, -18, -68), (-14, -22, -46), (6, -34, -26), (34, -24, -14), (60, 2, -4), (76, 16, 4)]
    return tube(points, [13, 13.5, 10, 10.5, 11, 7])


def adrenal(side: int) -> Shape:
    """An inverted Y above the kidney."""
    x = side * 32.0 if side > 0 else -30.0
    body = tube([(x, 12, 14), (x + side * 1, 24, 6)], [3.0, 2.4])
    limb = tube([(x, 12, 14), (x + side * 12, 26, 4)], [2.6, 2.0])
    return union(body, limb)


def colon() -> Shape:
    """Ascending colon, hepatic flexure, transverse colon, splenic flexure and descending colon."""
    right = [(-92, 8, -190), (-96, 4, -140), (-92, -16, -104), (-66, -56, -100), (-30, -72, -104)]
    middle = [(-30, -72, -104), (4, -76, -112), (40, -74, -92), (78, -56, -50), (98, -22, -26)]
    left = [(98, -22, -26), (110, 12, -36), (106, 22, -80), (104, 20, -130), (104, 16, -190)]
    return union(
        tube(right, [25, 26, 23, 20, 18]), tube(middle, [18, 19, 19, 20, 17]), tube(left, [17, 15, 14, 14, 14])
    )


_JEJUNAL_STARTS = (
    *((44, -34, -60), (64, -24, -66), (52, -6, -86), (66, -52, -84), (40, -54, -104), (64, -14, -118), (20, -56, -126)),
    *((-14, -50, -128), (-44, -40, -134), (48, -40, -140), (10, -34, -150), (-30, -20, -156), (66, -30, -160)),
)


def small_bowel(random: np.random.Generator) -> Shape:
    """Jejunal loops in the left and lower abdomen."""
    loops = []
    for start in _JEJUNAL_STARTS:
        steps = random.normal(0.0, 20.0, (5, 3)) * (1.0, 0.8, 0.6)
        points = np.asarray(start) + np.cumsum(steps, axis=0) * 0.8
        points = np.clip(points, (-70, -72, -190), (88, 14, -52))
        loops.append(tube(points, random.uniform(10.0, 12.5)))
    return union(*loops)


def esophagus() -> Shape:
    """In front of the aorta, joining the stomach."""
    return tube([(8, 4, 190), (8, 2, 110), (16, -2, 78), (34, 4, 60)], [8, 8, 8.5, 10])


def aorta() -> Shape:
    """From the thorax to its bifurcation, in front of the spine and a little to the left."""
    return tube(
        [(18, 16, 200), (14, 12, 110), (8, 8, 40), (6, 6, -40), (4, 8, -120), (2, 10, -190)], [12, 11.5, 11, 10, 9, 8.5]
    )


def visceral_arteries() -> Shape:
    """Celiac trunk, superior mesenteric, splenic and renal arteries."""
    celiac = tube([(7, 0, 10), (8, -14, 12), (14, -20, 14)], [4.0, 3.6, 3.2])
    splenic = tube([(14, -20, 14), (36, -8, 12), (56, 10, 10), (78, 22, 14)], [2.8, 2.6, 2.4, 2.2])
    hepatic = tube([(8, -14, 12), (-8, -24, 4), (-22, -22, -2)], [2.8, 2.4, 2.0])
    mesenteric = tube([(6, -2, -6), (6, -18, -18), (6, -24, -60), (2, -34, -120)], [4.0, 3.8, 3.6, 3.0])
    renal = [tube([(5, 6, -26), (side * 26, 16, -32), (side * 46, 24, -40)], [3, 2.8, 2.4]) for side in (-1, 1)]
    return union(celiac, splenic, hepatic, mesenteric, *renal)


def inferior_vena_cava() -> Shape:
    """To the right of the aorta, in the groove behind the liver, into the right atrium."""
    points = [
        (-18, 10, -190),
        (-20, 8, -100),
        (-23, 8, -40),
        (-25, 12, 10),
        (-26, 12, 50),
        (-22, 0, 84),
        (-16, -20, 112),
    ]
    return tube(points, [10, 10.5, 11.5, 11.5, 12, 12, 13])


def systemic_veins() -> Shape:
    """Renal veins."""
    left = tube([(46, 18, -32), (20, -4, -28), (-16, 2, -26)], [4.5, 4.2, 4.5])
    right = tube([(-46, 22, -44), (-26, 10, -38)], [4.5, 4.8])
    return union(left, right)
