"""The liver in its many forms: lobes, size, cirrhosis, resections, displacement; and its gallbladder.

The volume is not left to chance: the surface of the lobes is moved until the liver, limited by the diaphragm, the
body wall and its neighbors, has the wanted volume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.phantom import organs, trunk
from hepadose.phantom.shapes import Shape, blend, carve, common, ellipsoid, half_space, tube, turned
from hepadose.training.abdomen.settings import LiverKind
from hepadose.training.abdomen.shaping import uneven, varied

KIND_SHARES = {
    LiverKind.NORMAL: 0.36,
    LiverKind.RIGHT_DOMINANT: 0.10,
    LiverKind.LARGE_LEFT_LOBE: 0.12,
    LiverKind.RIEDEL: 0.06,
    LiverKind.ENLARGED: 0.10,
    LiverKind.CIRRHOTIC: 0.12,
    LiverKind.RIGHT_RESECTED: 0.04,
    LiverKind.LEFT_RESECTED: 0.04,
    LiverKind.DISPLACED: 0.06,
}
VOLUMES_ML = {
    LiverKind.NORMAL: (1150.0, 2100.0),
    LiverKind.RIGHT_DOMINANT: (1100.0, 1900.0),
    LiverKind.LARGE_LEFT_LOBE: (1300.0, 2600.0),
    LiverKind.RIEDEL: (1400.0, 2300.0),
    LiverKind.ENLARGED: (2200.0, 4500.0),
    LiverKind.CIRRHOTIC: (750.0, 1700.0),
    LiverKind.RIGHT_RESECTED: (750.0, 1300.0),
    LiverKind.LEFT_RESECTED: (800.0, 1400.0),
    LiverKind.DISPLACED: (1100.0, 2000.0),
}
USUAL_ML = 1500.0
LATTICE_MM = 8.0
KIDNEY_DROP_MM = -26.0
"""How far a liver of the largest size pushes the right kidney down."""
FREE_SHARE, SPREAD_MM = 0.1, (40.0, 100.0)
"""Share of soft livers that touch the wall only by chance; how far the others spread along wall and diaphragm."""
SPREAD_SLOPE = 0.7
"""Below 1, so that nothing spreads that does not hang on the lobes."""
WALL_GAP_MM = (-2.0, 3.0)
LOW_MM, HIGH_MM = np.array([-160.0, -125.0, -260.0]), np.array([150.0, 115.0, 120.0])


@dataclass(frozen=True, eq=False)
class LiverForm:
    """One patient's liver before it is put on a grid.

    Parameters
    ----------
    kind : LiverKind
        Its form.
    shape : Shape
        The liver in the anatomical frame.
    volume_ml : float
        The volume it was made for; the patient's own deformation changes it by up to about a fifth.
    gallbladder : Shape or None
        None after cholecystectomy.
    shift_mm : numpy.ndarray, shape (3,)
        How far the whole liver, with its vessels, has been displaced.
    crowding : float
        How much its neighbors have to give way, 0 for a liver of usual size to 1.
    """

    kind: LiverKind
    shape: Shape
    volume_ml: float
    gallbladder: Shape | None
    shift_mm: np.ndarray
    crowding: float


def random_liver(kind: LiverKind | None, enlargement: float, random: np.random.Generator) -> LiverForm:
    """A liver of a random or a given form.

    Parameters
    ----------
    kind : LiverKind, optional
        Drawn if omitted.
    enlargement : float
        Volume of the patient relative to the anatomical frame.
    random : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    LiverForm
    """
    kind = kind or LiverKind(random.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    volume_ml = float(random.uniform(*VOLUMES_ML[kind]))
    framed_ml = volume_ml / enlargement
    lobes = _lobes(kind, (framed_ml / USUAL_ML) ** (1 / 3), random)
    shift = np.array([random.uniform(-5, 12), random.uniform(-12, 5), random.uniform(-55, -25)])
    shift = shift if kind is LiverKind.DISPLACED else np.zeros(3)
    if shift.any():
        lobes = varied(lobes, (-60, 0, 10), shift_mm=shift, axes=turned(random.normal(0, 8), 1))
    bladder = _gallbladder(kind, shift, random)
    crowding = float(np.clip((framed_ml - 1800.0) / 2000.0, 0.0, 1.0))
    gap_mm = random.uniform(*WALL_GAP_MM)
    walls = _walls(kind, bladder, crowding, gap_mm, random)
    if not shift.any() and kind is not LiverKind.CIRRHOTIC and random.random() > FREE_SHARE:
        lobes = _spread(lobes, random.uniform(*SPREAD_MM), gap_mm)
    growth_mm = _growth(lobes, walls, framed_ml)
    return LiverForm(kind, common(lobes.grown(growth_mm), walls, 7.0), volume_ml, bladder, shift, crowding)


def _lobes(kind: LiverKind, size: float, random: np.random.Generator) -> Shape:
    """Right and left lobe and what is special, before the neighbors press on them."""
    right_radii = np.array([70.0, 86.0, 90.0]) * random.normal(1.0, 0.06, 3)
    left_radii = np.array([90.0, 36.0, 40.0]) * random.normal(1.0, 0.08, 3)
    left_center = np.array([4.0, -54.0, 38.0]) + random.normal(0.0, 6.0, 3)
    right_factor, left_factor, left_move = _proportions(kind, random)
    right = ellipsoid((-72, -1, 12), right_radii * right_factor * size)
    tilt = turned(random.normal(-14, 6), 1) @ turned(random.normal(-10, 6), 2)
    left = ellipsoid(left_center + left_move, left_radii * left_factor * size, tilt)
    lobes = blend(right, left, 34.0)
    if kind is LiverKind.RIEDEL:
        tongue = ellipsoid((-96, 0, -85), (36, random.uniform(35, 55), random.uniform(60, 85)))
        lobes = blend(lobes, tongue, 30.0)
    if kind in (LiverKind.RIGHT_RESECTED, LiverKind.LEFT_RESECTED):
        lobes = common(lobes, _resection(kind, random), 14.0)
    if kind is LiverKind.CIRRHOTIC:
        lobes = uneven(lobes, random.uniform(1.0, 2.6), random.uniform(18.0, 34.0), random)
    return uneven(lobes, random.uniform(0.8, 2.6), random.uniform(60.0, 110.0), random)


def _proportions(kind: LiverKind, random: np.random.Generator):
    """Factors on the radii of the right and the left lobe, and how far the left one is moved."""
    plain = np.ones(3), np.ones(3), np.zeros(3)
    wide = random.uniform(1.1, 1.4)
    return {
        LiverKind.RIGHT_DOMINANT: (np.array([1.08, 1.04, 1.1]), np.array([0.62, 0.8, 0.8]), np.array([-14.0, 0, 0])),
        LiverKind.LARGE_LEFT_LOBE: (np.ones(3), np.array([wide, 1.1, 1.2]), np.array([22.0, 6.0, -4.0])),
        LiverKind.CIRRHOTIC: (np.array([0.86, 0.84, 0.84]), np.array([1.15, 1.1, 1.25]), np.array([4.0, 0, -6.0])),
        LiverKind.RIGHT_RESECTED: (np.array([1.0, 1.0, 1.0]), np.array([1.15, 1.5, 1.5]), np.array([-16.0, 8.0, -6.0])),
        LiverKind.LEFT_RESECTED: (np.array([1.1, 1.06, 1.1]), np.ones(3), np.zeros(3)),
    }.get(kind, plain)


def _resection(kind: LiverKind, random: np.random.Generator) -> Shape:
    """What a hemihepatectomy leaves: one side of the plane between gallbladder and vena cava."""
    point = np.array([random.uniform(-52, -34), 0.0, 0.0])
    outward = np.array([-1.0, random.uniform(-0.5, -0.1), random.uniform(-0.3, 0.3)])
    if kind is LiverKind.LEFT_RESECTED:
        point[0], outward = random.uniform(-28, -8), -outward
    return uneven(half_space(point, outward), 3.0, 60.0, random)


def _gallbladder(kind: LiverKind, shift: np.ndarray, random: np.random.Generator) -> Shape | None:
    if random.random() < (0.9 if "resected" in kind.value else 0.18):
        return None
    move = shift + random.normal(0.0, (6.0, 8.0, 8.0))
    axes = turned(random.normal(0, 15), 0) @ turned(random.normal(0, 12), 1)
    return varied(organs.gallbladder(), (-48, -50, -38), shift_mm=move, scale=random.uniform(0.55, 1.35), axes=axes)


def _spread(lobes: Shape, reach_mm: float, gap_mm: float) -> Shape:
    """Lobes that lie against the body wall and the diaphragm, as soft organs do."""
    wall = common(trunk.wall_depth().grown(-gap_mm), trunk.below_diaphragm(), 6.0)

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        depth_mm = -wall.distance(x, y, z)
        return lobes.distance(x, y, z) - SPREAD_SLOPE * np.clip(reach_mm - depth_mm, 0.0, reach_mm)

    low, high = lobes.bounds_mm
    return Shape(distance, (low - reach_mm, high + reach_mm))


def _walls(kind: LiverKind, bladder: Shape | None, crowd: float, gap_mm: float, random: np.random.Generator) -> Shape:
    """What limits the liver: diaphragm, body wall and the impressions of its neighbors."""
    walls = common(trunk.cavity().grown(-gap_mm), trunk.below_diaphragm(), 10.0)
    # The stomach, the spleen and the gut give way to a large liver.
    gut = ellipsoid((26.0 + 34 * crowd, 26.0, -48.0 - 30 * crowd), (56.0, 58.0 - 14 * crowd, 66.0))
    walls = carve(walls, gut, 16.0)
    walls = carve(walls, ellipsoid((66.0 + 24 * crowd, 36.0 + 10 * crowd, 38.0), (66.0, 54.0, 60.0)), 12.0)
    caudate = 1.0 + (random.uniform(0.15, 0.5) if kind is LiverKind.CIRRHOTIC else random.normal(0, 0.08))
    walls = blend(walls, ellipsoid((-14, -6, 30), np.array([15.0, 13.0, 26.0]) * caudate), 10.0)
    walls = carve(walls, ellipsoid((-46.0, 60.0, -52.0 + KIDNEY_DROP_MM * crowd), (46.0, 46.0, 60.0)), 10.0)
    if bladder is not None:
        walls = carve(walls, bladder.grown(1.5), 3.0)
    walls = carve(walls, organs.inferior_vena_cava().grown(-1.0), 1.0)
    return _fissures(walls, 1.6 if kind is LiverKind.CIRRHOTIC else random.uniform(0.5, 1.2))


def _fissures(walls: Shape, width: float) -> Shape:
    """The fissures of the round and of the venous ligament."""
    round_ligament = tube(
        [(14, -96, 2), (16, -80, 14), (10, -52, 18), (4, -36, 16)], np.array([7, 4.5, 3.5, 2.5]) * width
    )
    venous_ligament = tube([(4, -30, 18), (0, -6, 34), (-6, 8, 48)], np.array([2.6, 2.0, 1.5]) * width)
    return carve(carve(walls, round_ligament, 4.0), venous_ligament, 2.0)


def _growth(lobes: Shape, walls: Shape, framed_ml: float) -> float:
    """How far (mm) the lobes' surface must move so that they fill the wanted volume within the walls."""
    lines = [np.arange(LOW_MM[axis], HIGH_MM[axis], LATTICE_MM, dtype=np.float32) for axis in range(3)]
    place = np.meshgrid(lines[2], lines[1], lines[0], indexing="ij")[::-1]
    free = walls.distance(*place) < 0.0
    reach = np.sort(lobes.distance(*(values[free] for values in place)))
    wanted = round(framed_ml * 1000.0 / LATTICE_MM**3)
    return float(reach[min(wanted, len(reach) - 1)])
