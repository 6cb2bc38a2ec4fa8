"""The grid of one synthetic patient: places in the scan, and where they lie in the anatomical frame of the shapes.

Every patient is the same anatomical frame (see :mod:`hepadose.phantom.trunk`), scaled, turned and bent by smooth
fields. Shapes are evaluated on lattices of about 6 mm (organs) or 3 mm (thin structures) and interpolated, so finer
label maps cost little more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.images import Image
from hepadose.phantom.fields import smooth_field, upsample
from hepadose.phantom.shapes import Shape, turned
from hepadose.training.abdomen.tissues import Tissue

STEPS_MM = {False: 6.0, True: 3.0}
"""Lattice for organs (False) and for thin structures (True)."""
FAR_MM = 200.0
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Build:
    """One patient's size, posture and smooth deformation.

    Parameters
    ----------
    scale : numpy.ndarray, shape (3,)
        Factors along x, y, z from the anatomical frame to the patient.
    axes : numpy.ndarray, shape (3, 3)
        The patient's turn on the table.
    bend_mm : tuple of 2 float
        Standard deviation in mm of the coarse (60 mm) and the fine (24 mm) deformation.
    domes_mm : tuple of 2 float
        How far the right and the left dome of the diaphragm stand higher than in the anatomical frame.
    """

    scale: np.ndarray
    axes: np.ndarray
    bend_mm: tuple[float, float]
    domes_mm: tuple[float, float]


def random_build(random: np.random.Generator) -> Build:
    """Size, posture and deformation of a random adult."""
    size = random.normal(1.0, 0.07)
    scale = (size * np.array([1.0, 1.0, 1.0]) * random.normal(1.0, (0.05, 0.08, 0.06))).clip(0.8, 1.25)
    axes = turned(random.normal(0.0, 4.0), 2) @ turned(random.normal(0.0, 2.0), 1) @ turned(random.normal(0.0, 2.5), 0)
    bend_mm = (random.uniform(2.0, 6.5), random.uniform(0.6, 2.0))
    return Build(scale, axes, bend_mm, tuple(random.normal((2.0, 0.0), (11.0, 9.0)).clip(-24.0, 26.0)))


class BodyGrid:
    """Evaluates and paints shapes on the label map of one patient.

    Parameters
    ----------
    low_mm : array_like, shape (3,)
        Place of voxel [0, 0, 0] in the scan, x, y, z in mm.
    shape : tuple of 3 int
        Voxels along k, j, i.
    spacing_mm : float
        Spacing along all axes.
    build : Build
        The patient.
    random : numpy.random.Generator
        Chooses the deformation's form.
    """

    def __init__(self, low_mm, shape, spacing_mm: float, build: Build, random: np.random.Generator) -> None:
        self.low_mm, self.spacing_mm, self.build = np.asarray(low_mm, float), float(spacing_mm), build
        self.shape = tuple(int(count) for count in shape)
        self.labels = np.full(self.shape, Tissue.AIR, np.uint8)
        self._factors = {thin: max(1, round(step / spacing_mm)) for thin, step in STEPS_MM.items()}
        bends = self._bends(random)
        self._reach_mm = 3.0 + max(float(np.abs(bend).max()) for bend in bends)
        self._lattices = {thin: self._coordinates(factor, bends) for thin, factor in self._factors.items()}

    def _bends(self, random: np.random.Generator) -> list[np.ndarray]:
        """Smooth displacement along x, y, z on the organ lattice, in mm of the anatomical frame."""
        shape, step_mm = self._counts(self._factors[False]), self._factors[False] * self.spacing_mm
        coarse_mm, fine_mm = self.build.bend_mm
        steps = (step_mm,) * 3
        return [
            coarse_mm * smooth_field(shape, steps, 60.0, random).clip(-2.5, 2.5)
            + fine_mm * smooth_field(shape, steps, 24.0, random).clip(-2.5, 2.5)
            for _ in range(3)
        ]

    def _counts(self, factor: int) -> tuple[int, ...]:
        return tuple(max(2, -(-(count - 1) // factor) + 1) for count in self.shape)

    def _coordinates(self, factor: int, bends: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        counts = self._counts(factor)
        step_mm, share = factor * self.spacing_mm, factor / self._factors[False]
        lines = [
            ((self.low_mm[axis] + step_mm * np.arange(counts[2 - axis])) / self.build.scale[axis]).astype(np.float32)
            for axis in range(3)
        ]
        place = np.meshgrid(lines[2], lines[1], lines[0], indexing="ij", sparse=True)[::-1]
        axes = self.build.axes.astype(np.float32)
        found = []
        for axis in range(3):
            bend = bends[axis] if share == 1 else upsample(bends[axis], counts, (share,) * 3)
            found.append(sum(axes[row, axis] * place[row] for row in range(3)) + bend)
        found[2] -= self._domes(*found)
        return tuple(values.astype(np.float32) for values in found)

    def _domes(self, x, y, z):
        right, left = self.build.domes_mm
        lift = right * np.exp(-(((x + 72) / 62) ** 2)) + left * np.exp(-(((x - 76) / 58) ** 2))
        return lift * np.exp(-((y / 95) ** 2) - ((z - 75) / 75) ** 2)

    def coordinates(self, box: Box | None = None) -> tuple[np.ndarray, ...]:
        """Anatomical x, y, z in mm of the voxels of a box (of all voxels if omitted)."""
        box = box or tuple(slice(0, count) for count in self.shape)
        factor = self._factors[True]
        shape = tuple(part.stop - part.start for part in box)
        start = tuple(part.start / factor for part in box)
        return tuple(upsample(values, shape, (1 / factor,) * 3, start) for values in self._lattices[True])

    def distance(self, shape: Shape, *, thin: bool = False) -> tuple[Box, np.ndarray] | None:
        """Signed distance to a shape in a box around it, in mm of the anatomical frame; None outside the grid."""
        factor = self._factors[thin]
        box = self._box(shape, thin)
        if box is None:
            return None
        values = self._evaluate(shape, box, thin)
        fine = tuple(
            slice(part.start * factor, min((part.stop - 1) * factor + 1, count))
            for part, count in zip(box, self.shape, strict=True)
        )
        if factor == 1:
            return fine, values
        return fine, upsample(values, tuple(part.stop - part.start for part in fine), (1 / factor,) * 3)

    def _evaluate(self, shape: Shape, box: Box, thin: bool) -> np.ndarray:
        lattice = self._lattices[thin]
        result = np.full([part.stop - part.start for part in box], FAR_MM, np.float32)
        for piece in shape.parts or (shape,):
            inner = self._box(piece, thin) if shape.parts else box
            if inner is not None:
                local = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, box, strict=True))
                np.minimum(result[local], piece.distance(*(values[inner] for values in lattice)), out=result[local])
        return result

    def _box(self, shape: Shape, thin: bool) -> Box | None:
        """Lattice indices around a shape; at least two points along each axis."""
        counts = np.array(self._counts(self._factors[thin]))[::-1]
        step_mm = self._factors[thin] * self.spacing_mm
        low, high = self._in_scan(shape.bounds_mm)
        start = np.clip(np.floor((low - self.low_mm) / step_mm) - 1, 0, counts).astype(int)
        stop = np.clip(np.ceil((high - self.low_mm) / step_mm) + 2, 0, counts).astype(int)
        if np.any(stop - start < 2):
            return None
        return tuple(slice(int(start[axis]), int(stop[axis])) for axis in (2, 1, 0))

    def _in_scan(self, bounds_mm) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner in the scan of a box of the anatomical frame, with room for the deformation."""
        domes_mm = np.array([0.0, 0.0, max(abs(value) for value in self.build.domes_mm)])
        low = np.clip(bounds_mm[0], -2e3, 2e3) - self._reach_mm - domes_mm
        high = np.clip(bounds_mm[1], -2e3, 2e3) + self._reach_mm + domes_mm
        middle, half = (low + high) / 2, (high - low) / 2
        middle, half = self.build.axes @ middle, np.abs(self.build.axes) @ half
        return (middle - half) * self.build.scale, (middle + half) * self.build.scale

    def paint(
        self,
        tissue: Tissue,
        shape: Shape,
        *,
        depth_mm: float = 0.0,
        thin: bool = False,
        over: tuple[Tissue, ...] | None = None,
    ) -> None:
        """Label what lies deeper than ``depth_mm`` inside a shape; ``over`` limits it to voxels of these tissues."""
        found = self.distance(shape, thin=thin)
        if found is not None:
            self.fill(tissue, found[0], found[1] < -depth_mm, over=over)

    def layers(self, shape: Shape, layers: tuple[tuple[Tissue, float], ...], *, thin: bool = False) -> None:
        """Label several depths below one surface, outermost first, each as (tissue, depth in mm)."""
        found = self.distance(shape, thin=thin)
        for tissue, depth_mm in layers if found is not None else ():
            self.fill(tissue, found[0], found[1] < -depth_mm)

    def fill(self, tissue: Tissue, box: Box, inside: np.ndarray, over: tuple[Tissue, ...] | None = None) -> None:
        """Label the voxels of a box where ``inside`` holds; ``over`` limits it to voxels of these tissues."""
        part = self.labels[box]
        if over is not None:
            inside = inside & np.isin(part, over)
        part[inside] = tissue

    def image(self, array: np.ndarray) -> Image:
        """An array on this grid as an image; the scan's frame is the patient's LPS frame."""
        return Image(array, (self.spacing_mm,) * 3, tuple(self.low_mm))
