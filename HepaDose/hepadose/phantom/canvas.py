"""The grid on which a digital patient's anatomy is evaluated, with its own smooth individual shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hepadose.images import Image
from hepadose.phantom.fields import smooth_field, stream, upsample
from hepadose.phantom.shapes import Shape
from hepadose.phantom.tissues import Region

FAR_MM = 40.0
"""Distance assigned where a shape was not evaluated."""
WARP_REACH_MM = 14.0
"""How far the individual shape may move a point; boxes around shapes are grown by it."""

Box = tuple[slice, slice, slice]


class Canvas:
    """Evaluates shapes in one patient's body.

    Shapes are evaluated on every second grid point and interpolated linearly, which for organs is exact to about
    0.1 mm; thin structures are evaluated on every point.

    Parameters
    ----------
    low_mm, high_mm : sequence of 3 float
        Extent along x, y, z of the anatomical frame in mm.
    spacing_mm : float
        Spacing of the grid.
    seed : int
        Chooses the body's size and individual shape.
    """

    def __init__(self, low_mm, high_mm, spacing_mm: float, seed: int) -> None:
        self.spacing_mm = float(spacing_mm)
        self.low_mm = np.asarray(low_mm, float)
        coarse_counts = np.ceil((np.asarray(high_mm) - self.low_mm) / (2.0 * spacing_mm)).astype(int) + 1
        self._coarse_shape = tuple(int(count) for count in coarse_counts[::-1])
        self.shape = tuple(2 * count - 1 for count in self._coarse_shape)
        self.scale = stream(seed, "size").normal(1.0, 0.025, 3).clip(0.95, 1.06)
        self._coarse = self._coordinates(seed)
        self._fine: tuple[np.ndarray, ...] | None = None

    def _coordinates(self, seed: int) -> tuple[np.ndarray, ...]:
        """Anatomical coordinates x, y, z of the coarse grid points after scaling and individual deformation."""
        step_mm = 2.0 * self.spacing_mm
        random = stream(seed, "shape")
        coordinates = []
        for axis in range(3):
            positions = (self.low_mm[axis] + step_mm * np.arange(self._coarse_shape[2 - axis])) / self.scale[axis]
            form = [1, 1, 1]
            form[2 - axis] = -1
            wave = 2.6 * smooth_field(self._coarse_shape, (step_mm,) * 3, 38.0, random)
            ripple = 0.9 * smooth_field(self._coarse_shape, (step_mm,) * 3, 15.0, random)
            bend = np.clip(wave + ripple, -WARP_REACH_MM, WARP_REACH_MM)
            coordinates.append((positions.reshape(form) + bend).astype(np.float32))
        return tuple(coordinates)

    def _fine_coordinates(self) -> tuple[np.ndarray, ...]:
        if self._fine is None:
            self._fine = tuple(upsample(values, self.shape, (0.5,) * 3) for values in self._coarse)
        return self._fine

    def distance(self, shape: Shape, *, thin: bool = False) -> tuple[Box, np.ndarray] | None:
        """The signed distance to a shape in a box around it, in mm.

        Returns
        -------
        tuple of (box, numpy.ndarray) or None
            Box in fine grid indices [k, j, i]; None where the shape lies outside the grid.
        """
        step = 1 if thin else 2
        coordinates = self._fine_coordinates() if thin else self._coarse
        box = self._box(shape, step)
        if box is None:
            return None
        values = self._evaluate(shape, box, coordinates, step)
        if thin:
            return box, values
        fine_box = tuple(slice(2 * part.start, 2 * part.stop - 1) for part in box)
        return fine_box, upsample(values, tuple(part.stop - part.start for part in fine_box), (0.5,) * 3)

    def _evaluate(self, shape: Shape, box: Box, coordinates, step: int) -> np.ndarray:
        if not shape.parts:
            values = shape.distance(*(values[box] for values in coordinates))
            return np.clip(values, -4 * FAR_MM, 4 * FAR_MM).astype(np.float32)
        result = np.full([part.stop - part.start for part in box], 4 * FAR_MM, np.float32)
        for part in shape.parts:
            inner = self._box(part, step)
            if inner is None:
                continue
            local = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, box, strict=True))
            np.minimum(result[local], part.distance(*(values[inner] for values in coordinates)), out=result[local])
        return result

    def _box(self, shape: Shape, step: int) -> Box | None:
        """Indices on the grid of every ``step``-th point around a shape; at least two points along each axis."""
        counts = np.array(self.shape if step == 1 else self._coarse_shape)[::-1]
        spacing_mm = step * self.spacing_mm
        margin_mm = WARP_REACH_MM if step == 2 else 0.6 * WARP_REACH_MM
        low = (shape.bounds_mm[0] * self.scale - margin_mm - self.low_mm) / spacing_mm
        high = (shape.bounds_mm[1] * self.scale + margin_mm - self.low_mm) / spacing_mm
        start = np.clip(np.floor(np.nan_to_num(low, neginf=-1)), 0, counts - 2).astype(int)
        stop = np.clip(np.ceil(np.nan_to_num(high, posinf=1e6)) + 1, 0, counts).astype(int)
        if np.any(stop - start < 2) or np.any(low > counts - 1):
            return None
        return tuple(slice(int(start[axis]), int(stop[axis])) for axis in (2, 1, 0))

    def occupancy(self, distance_mm: np.ndarray) -> np.ndarray:
        """Share of each voxel inside a surface, times 255, from the distance at its center."""
        width_mm = 1.3 * self.spacing_mm
        return (np.clip(0.5 - distance_mm / width_mm, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)

    def region(self, name: str, tissue: str, shape: Shape, *, thin: bool = False) -> Region | None:
        """The region that a shape fills; None where it lies outside the grid."""
        found = self.distance(shape, thin=thin)
        return None if found is None else Region(name, tissue, found[0], self.occupancy(found[1]))

    def layers(
        self, shape: Shape, layers: tuple[tuple[str, str, float], ...], *, thin: bool = False
    ) -> Iterator[Region | None]:
        """Regions at several depths (mm) below one surface, outermost first, each as (name, tissue, depth)."""
        found = self.distance(shape, thin=thin)
        for name, tissue, depth_mm in layers:
            yield None if found is None else Region(name, tissue, found[0], self.occupancy(found[1] + depth_mm))

    def image(self, array: np.ndarray, offset_lps: np.ndarray) -> Image:
        """An array on the whole grid as an image; ``offset_lps`` is where the anatomical origin lies in LPS."""
        return Image(array, (self.spacing_mm,) * 3, tuple(self.low_mm + offset_lps))
