"""The grid of one synthetic patient: places in the scan, and where they lie in the anatomical frame of the shapes.

Every patient is the same anatomical frame (see :mod:`hepadose.phantom.trunk`), scaled, turned and bent by smooth
fields. Shapes are evaluated on lattices of about 6 mm (organs) or 3 mm (thin structures) and interpolated, so finer
label maps cost little more.
"""

from __future__ import annotations

import numpy as np

from hepadose.images import Image
from hepadose.phantom.fields import upsample
from hepadose.phantom.shapes import Shape
from hepadose.training.abdomen.build import Build
from hepadose.training.abdomen.tissues import Tissue

STEPS_MM = {False: 6.0, True: 3.0}
"""Lattice for organs (False) and for thin structures (True)."""
FAR_MM = 200.0
Box = tuple[slice, slice, slice]


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
    """

    def __init__(self, low_mm, shape, spacing_mm: float, build: Build) -> None:
        self.low_mm, self.spacing_mm, self.build = np.asarray(low_mm, float), float(spacing_mm), build
        self.shape = tuple(int(count) for count in shape)
        self.labels = np.full(self.shape, Tissue.AIR, np.uint8)
        self._factors = {thin: max(1, round(step / spacing_mm)) for thin, step in STEPS_MM.items()}
        self._lattices = {
            thin: build.anatomical(self.low_mm, self._counts(factor), factor * self.spacing_mm)
            for thin, factor in self._factors.items()
        }

    def _counts(self, factor: int) -> tuple[int, ...]:
        return tuple(max(2, -(-(count - 1) // factor) + 1) for count in self.shape)

    def coordinates(self, box: Box | None = None) -> tuple[np.ndarray, ...]:
        """Anatomical x, y, z in mm of the voxels of a box (of all voxels if omitted).

        Parameters
        ----------
        box : tuple of 3 slice, optional
            Along k, j, i.

        Returns
        -------
        tuple of 3 numpy.ndarray
        """
        box = box or tuple(slice(0, count) for count in self.shape)
        factor = self._factors[True]
        shape = tuple(part.stop - part.start for part in box)
        start = tuple(part.start / factor for part in box)
        return tuple(upsample(values, shape, (1 / factor,) * 3, start) for values in self._lattices[True])

    def distance(self, shape: Shape, *, thin: bool = False) -> tuple[Box, np.ndarray] | None:
        """Signed distance to a shape in a box around it, in mm of the anatomical frame; None outside the grid.

        Parameters
        ----------
        shape : Shape
            In the anatomical frame, in mm.
        thin : bool
            Evaluate on the finer lattice, for structures thinner than the coarse one.

        Returns
        -------
        tuple or None
            The box, and the distance in it, negative inside.
        """
        factor = self._factors[thin]
        (box,) = self._boxes((shape,), thin)
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
        if not shape.parts:
            return shape.distance(*(values[box] for values in lattice)).astype(np.float32)
        result = np.full(self._lattices[thin][0][box].shape, FAR_MM, np.float32)
        for piece, inner in zip(shape.parts, self._boxes(shape.parts, thin), strict=True):
            if inner is not None:
                local = tuple(
                    slice(max(a.start - b.start, 0), a.stop - b.start) for a, b in zip(inner, box, strict=True)
                )
                cut = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(inner, box, strict=True))
                part = result[local]
                np.minimum(part, piece.distance(*(values[cut] for values in lattice)), out=part)
        return result

    def _boxes(self, shapes: tuple[Shape, ...], thin: bool) -> list[Box | None]:
        """Lattice indices around shapes; at least two points along each axis, None outside the grid."""
        counts = np.array(self._counts(self._factors[thin]))[::-1]
        step_mm = self._factors[thin] * self.spacing_mm
        low, high = self.build.in_scan(*(np.stack([shape.bounds_mm[end] for shape in shapes]) for end in (0, 1)))
        start = np.clip(np.floor((low - self.low_mm) / step_mm), 0, counts).astype(int)
        stop = np.clip(np.ceil((high - self.low_mm) / step_mm) + 1, 0, counts).astype(int)
        held = np.all(stop - start >= 2, axis=1)
        return [
            tuple(slice(a, b) for a, b in zip(first[::-1], last[::-1], strict=True)) if hold else None
            for hold, first, last in zip(held, start.tolist(), stop.tolist(), strict=True)
        ]

    def paint(
        self,
        tissue: Tissue,
        shape: Shape,
        *,
        depth_mm: float = 0.0,
        thin: bool = False,
        over: tuple[Tissue, ...] | None = None,
    ) -> None:
        """Label what lies deeper than ``depth_mm`` inside a shape; ``over`` limits it to voxels of these tissues.

        Parameters
        ----------
        tissue : Tissue
        shape : Shape
            In the anatomical frame, in mm.
        depth_mm : float
        thin : bool
            Evaluate on the finer lattice, for structures thinner than the coarse one.
        over : tuple of Tissue, optional
            Any tissue if omitted.
        """
        found = self.distance(shape, thin=thin)
        if found is not None:
            self.fill(tissue, found[0], found[1] < -depth_mm, over=over)

    def layers(self, shape: Shape, layers: tuple[tuple[Tissue, float], ...], *, thin: bool = False) -> None:
        """Label several depths below one surface, outermost first, each as (tissue, depth in mm).

        Parameters
        ----------
        shape : Shape
            In the anatomical frame, in mm.
        layers : tuple of (Tissue, float)
        thin : bool
            Evaluate on the finer lattice, for structures thinner than the coarse one.
        """
        found = self.distance(shape, thin=thin)
        for tissue, depth_mm in layers if found is not None else ():
            self.fill(tissue, found[0], found[1] < -depth_mm)

    def fill(self, tissue: Tissue, box: Box, inside: np.ndarray, over: tuple[Tissue, ...] | None = None) -> None:
        """Label the voxels of a box where ``inside`` holds; ``over`` limits it to voxels of these tissues.

        Parameters
        ----------
        tissue : Tissue
        box : tuple of 3 slice
            Along k, j, i.
        inside : numpy.ndarray of bool
            Of the box's shape.
        over : tuple of Tissue, optional
            Any tissue if omitted.
        """
        part = self.labels[box]
        if over is not None:
            inside = inside & np.isin(part, over)
        part[inside] = tissue

    def image(self, array: np.ndarray) -> Image:
        """An array on this grid as an image; the scan's frame is the patient's LPS frame.

        Parameters
        ----------
        array : numpy.ndarray, shape (k, j, i)
            Of the grid's shape.

        Returns
        -------
        Image
        """
        return Image(array, (self.spacing_mm,) * 3, tuple(self.low_mm))
