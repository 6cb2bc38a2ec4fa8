"""Tumors and cysts of every size and look, and regions of liver that have reacted to radiotherapy.

A lesion is described independently of the grid, so that the same one can be painted smaller or larger in another
scan of the same patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hepadose.errors import SettingsError
from hepadose.images import Image
from hepadose.phantom.fields import smooth_field
from hepadose.phantom.shapes import Shape, ellipsoid
from hepadose.training.abdomen.shaping import uneven
from hepadose.training.abdomen.tissues import LIVER_TISSUES, Tissue, is_any

SMALLEST_MM, LARGEST_MM = 3.0, (10.0, 120.0)
"""The largest is drawn for each patient."""
LARGEST_TREATED_MM = 70.0  # Larger tumors get no dose that the liver around them shows.
TREATED_MM, MARGIN_MM = (18.0, 48.0), (8.0, 25.0)
"""How far the liver reacts from a target's center, and at least beyond a tumor: margins and fall-off of the dose."""


class TumorLook(StrEnum):
    """What a lesion is made of; its contrast to the liver is drawn when it is rendered."""

    HYPODENSE = "hypodense"
    HYPERDENSE = "hyperdense"
    RIM = "enhancing rim"
    NECROTIC = "necrotic core"
    CALCIFIED = "calcified"
    LIPIODOL = "lipiodol"
    CYST = "cyst"


LOOK_SHARES = {
    TumorLook.HYPODENSE: 0.40,
    TumorLook.HYPERDENSE: 0.16,
    TumorLook.RIM: 0.16,
    TumorLook.NECROTIC: 0.16,
    TumorLook.CALCIFIED: 0.06,
    TumorLook.LIPIODOL: 0.06,
}


@dataclass(frozen=True)
class Tumor:
    """One tumor or cyst.

    Parameters
    ----------
    center_lps : tuple of 3 float
        Center in mm.
    diameter_mm : float
        Mean diameter in mm, from 3 to 120.
    look : TumorLook
        What it is made of.
    lobulation : float
        Standard deviation of its surface relative to its diameter; 0 is an ellipsoid.
    seed : int
        Chooses its form, which does not change with its size.

    Raises
    ------
    SettingsError
        If the diameter is not positive.
    """

    center_lps: tuple[float, float, float]
    diameter_mm: float
    look: TumorLook
    lobulation: float
    seed: int

    def __post_init__(self) -> None:
        if not self.diameter_mm > 0:
            raise SettingsError(f"A tumor's diameter must be positive, got {self.diameter_mm} mm.")

    def scaled(self, factor: float) -> Tumor:
        """The same tumor shrunk (below 1) or grown, with its center and its form."""
        return replace(self, diameter_mm=self.diameter_mm * factor)

    def shape(self) -> Shape:
        """Its solid in LPS mm."""
        random = np.random.default_rng(self.seed)
        stretch = np.exp(random.normal(0.0, 0.16, 3))
        radii = self.diameter_mm / 2 * stretch / np.prod(stretch) ** (1 / 3)
        axes = np.linalg.qr(random.normal(size=(3, 3)))[0]
        solid = ellipsoid((0, 0, 0), radii, axes)
        if self.lobulation:
            solid = uneven(solid, self.lobulation * self.diameter_mm, 0.7 * self.diameter_mm, random)
        center = np.asarray(self.center_lps, np.float32)
        low, high = solid.bounds_mm
        return Shape(
            lambda x, y, z: solid.distance(x - center[0], y - center[1], z - center[2]), (low + center, high + center)
        )


@dataclass(frozen=True)
class Reaction:
    """A region of liver that has reacted to the dose around a target.

    Parameters
    ----------
    center_lps : tuple of 3 float
        Center of the target in mm.
    radii_mm : tuple of 3 float
        Semi-axes in mm of the isodose at which the liver reacts, before beams and irregularity.
    beams : int
        Directions along which the dose reaches farther; 0 for none.
    irregularity_mm : float
        Standard deviation of the edge's irregularity in mm.
    seed : int
        Chooses directions and edge.
    """

    center_lps: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    beams: int
    irregularity_mm: float
    seed: int


def random_tumors(labels: Image, most: int, random: np.random.Generator) -> tuple[Tumor, ...]:
    """Tumors inside a liver: few or many, in some patients small ones only, one kind of look prevailing.

    Parameters
    ----------
    labels : Image
        Label map of :class:`Tissue`.
    most : int
        Largest number.
    random : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    tuple of Tumor
        Empty if the scan shows no liver.
    """
    count = int(np.clip(random.geometric(0.25), 1, most)) if most else 0
    usual = _random_look(random)
    largest_mm = _log_uniform(*LARGEST_MM, random)
    tumors = []
    for center in random_places(labels, count, random):
        size_mm = _log_uniform(SMALLEST_MM, largest_mm, random)
        look = usual if random.random() < 0.75 else _random_look(random)
        tumors.append(Tumor(center, size_mm, look, random.uniform(0.0, 0.09), int(random.integers(2**31))))
    return tuple(tumors)


def _log_uniform(low: float, high: float, random: np.random.Generator) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _random_look(random: np.random.Generator) -> TumorLook:
    return TumorLook(random.choice(list(LOOK_SHARES), p=list(LOOK_SHARES.values())))


def random_cysts(labels: Image, random: np.random.Generator) -> tuple[Tumor, ...]:
    """Simple cysts, which are no tumors and make detectors careful."""
    places = random_places(labels, int(random.geometric(0.4)), random)
    sizes_mm = np.exp(random.uniform(np.log(4.0), np.log(50.0), len(places)))
    return tuple(
        Tumor(center, float(size), TumorLook.CYST, 0.02, int(random.integers(2**31)))
        for center, size in zip(places, sizes_mm, strict=True)
    )


def random_reaction(labels: Image, tumors: tuple[Tumor, ...], random: np.random.Generator) -> Reaction | None:
    """A reaction around one of the tumors or another target in the liver; None if the scan shows no liver.

    Parameters
    ----------
    labels : Image
        Values of :class:`Tissue`, uint8.
    tumors : tuple of Tumor
        May be empty.
    random : numpy.random.Generator

    Returns
    -------
    Reaction or None
    """
    places = random_places(labels, 1, random)
    if not places:
        return None
    center, reach_mm = places[0], random.uniform(*TREATED_MM)
    treatable = [tumor for tumor in tumors if tumor.diameter_mm <= LARGEST_TREATED_MM]
    if treatable and random.random() < 0.6:
        tumor = treatable[int(random.integers(len(treatable)))]
        # The liver reacts beyond the tumor that was treated, however large it is.
        center, reach_mm = tumor.center_lps, max(reach_mm, tumor.diameter_mm / 2 + random.uniform(*MARGIN_MM))
    radii_mm = tuple(reach_mm * random.uniform(0.8, 1.25, 3))
    beams = int(random.choice([0, 3, 5, 7, 9]))
    return Reaction(center, radii_mm, beams, random.uniform(0.5, 4.0), int(random.integers(2**31)))


def random_places(labels: Image, count: int, random: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centers (LPS mm) of random voxels of liver parenchyma; fewer than asked for where there is no liver."""
    found = np.flatnonzero(labels.array == Tissue.LIVER)
    if not found.size:
        return []
    chosen = np.unravel_index(random.choice(found, count), labels.shape)
    return [tuple(float(value) for value in point) for point in labels.ijk_to_points(np.stack(chosen[::-1], axis=1))]


def paint_tumors(labels: Image, tumors: tuple[Tumor, ...]) -> tuple[Image, Image]:
    """Put tumors into the liver of a label map; what would lie outside the liver is left out.

    Returns
    -------
    tuple of (Image, Image)
        New labels, and the number of the tumor (from 1) in each voxel, 0 elsewhere.
    """
    painted = labels.with_array(labels.array.copy())
    index = labels.with_array(np.zeros(labels.shape, np.uint8))
    liver = is_any(labels.array, LIVER_TISSUES)
    # Small tumors are painted last, so that none vanishes in a large one.
    for number, tumor in sorted(enumerate(tumors, start=1), key=lambda pair: -pair[1].diameter_mm):
        found = _evaluate(tumor, labels)
        if found is None:
            continue
        box, depth_mm = found
        inside = (depth_mm > 0.0) & liver[box]
        painted.array[box][inside] = _tissues(tumor, depth_mm)[inside]
        index.array[box][inside] = min(number, 255)
    return painted, index


def _evaluate(tumor: Tumor, labels: Image):
    """Depth (mm) below the tumor's surface in a box around it; the voxel at its center counts as inside."""
    shape = tumor.shape()
    low, high = (labels.lps_to_ijk(corner) for corner in shape.bounds_mm)
    start = np.clip(np.floor(low), 0, labels.shape[::-1]).astype(int)
    stop = np.clip(np.ceil(high) + 1, 0, labels.shape[::-1]).astype(int)
    if np.any(stop <= start):
        return None
    x, y, z = (
        (labels.origin_lps[axis] + labels.spacing_mm[axis] * np.arange(start[axis], stop[axis])).astype(np.float32)
        for axis in range(3)
    )
    depth_mm = -shape.distance(x[None, None, :], y[None, :, None], z[:, None, None])
    middle = np.rint(labels.lps_to_ijk(tumor.center_lps)).astype(int) - start
    if np.all(middle >= 0) and np.all(middle < stop - start):
        own = tuple(middle[::-1])
        depth_mm[own] = max(depth_mm[own], 1e-3)
    return tuple(slice(int(start[axis]), int(stop[axis])) for axis in (2, 1, 0)), depth_mm


def _tissues(tumor: Tumor, depth_mm: np.ndarray) -> np.ndarray:
    """What each voxel of a tumor is made of."""
    random = np.random.default_rng([tumor.seed, 1])
    tissues = np.full(depth_mm.shape, Tissue.TUMOR, np.uint8)
    rim_mm = tumor.diameter_mm * random.uniform(0.08, 0.2)
    if tumor.look is TumorLook.CYST:
        tissues[:] = Tissue.CYST
    elif tumor.look is TumorLook.RIM:
        tissues[depth_mm < max(rim_mm, 2.5)] = Tissue.TUMOR_RIM
    elif tumor.look is TumorLook.NECROTIC:
        tissues[depth_mm > rim_mm * (1.0 + 0.4 * _patches(depth_mm.shape, 3.0, random))] = Tissue.NECROSIS
    elif tumor.look is TumorLook.CALCIFIED:
        tissues[_patches(depth_mm.shape, 1.2, random) > random.uniform(0.8, 1.8)] = Tissue.CALCIFICATION
    elif tumor.look is TumorLook.LIPIODOL:
        tissues[_patches(depth_mm.shape, 2.0, random) > random.uniform(-1.5, 0.6)] = Tissue.LIPIODOL
    return tissues


def _patches(shape: tuple[int, ...], voxels: float, random: np.random.Generator) -> np.ndarray:
    return smooth_field(shape, (1.0, 1.0, 1.0), voxels, random)


def reacted(labels: Image, reaction: Reaction) -> Image:
    """Where the liver has reacted: boolean, with all that lies in the liver there, vessels and tumors too."""
    liver = is_any(labels.array, LIVER_TISSUES)
    random = np.random.default_rng(reaction.seed)
    place = np.meshgrid(*(np.arange(count, dtype=np.float32) for count in labels.shape), indexing="ij", sparse=True)
    offsets = [
        labels.origin_lps[axis] + labels.spacing_mm[axis] * place[2 - axis] - reaction.center_lps[axis]
        for axis in range(3)
    ]
    section = np.sqrt(sum((offset / radius) ** 2 for offset, radius in zip(offsets, reaction.radii_mm, strict=True)))
    reach = 1.0 + _along_beams(offsets, reaction.beams, random)
    edge_mm = (section - reach) * np.float32(np.mean(reaction.radii_mm))
    edge_mm += reaction.irregularity_mm * smooth_field(labels.shape, labels.spacing_kji_mm, 7.0, random)
    return labels.with_array(liver & (edge_mm < 0.0))


def _along_beams(offsets, beams: int, random: np.random.Generator) -> np.ndarray:
    """How much farther the isodose reaches, relative to its radius: spikes along the beams' axial directions."""
    angle = np.arctan2(offsets[1], offsets[0])
    spikes = np.zeros(angle.shape, np.float32)
    for direction in random.uniform(-np.pi, np.pi, beams):
        turn = np.cos(angle - direction)
        spikes += random.uniform(0.1, 0.5) * np.exp(-(1.0 - turn) * 12.0)
    return spikes * np.exp(-np.abs(offsets[2]) / 40.0)
