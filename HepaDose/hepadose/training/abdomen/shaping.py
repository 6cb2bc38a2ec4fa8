"""Ways to vary a given shape: move, scale and turn it, make its surface uneven."""

from __future__ import annotations

import numpy as np

from hepadose.phantom.shapes import Shape, capsule, union


def varied(shape: Shape, center_mm, *, shift_mm=(0.0, 0.0, 0.0), scale=1.0, axes: np.ndarray | None = None) -> Shape:
    """A shape scaled and turned about a point, then moved.

    Parameters
    ----------
    shape : Shape
        What is varied; the pieces of a union are varied one by one.
    center_mm : array_like, shape (3,)
        The fixed point of scaling and turning, in mm.
    shift_mm : array_like, shape (3,)
        How far it is moved, in mm.
    scale : float
        Linear factor.
    axes : numpy.ndarray, shape (3, 3), optional
        Where the coordinate axes are turned to.

    Returns
    -------
    Shape
    """
    center = np.asarray(center_mm, np.float32)
    target = (center + np.asarray(shift_mm)).astype(np.float32)
    axes = np.eye(3, dtype=np.float32) if axes is None else np.asarray(axes, np.float32)

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        offsets = (x - target[0], y - target[1], z - target[2])
        back = [
            center[column] + sum(axes[row, column] * offsets[row] for row in range(3)) / np.float32(scale)
            for column in range(3)
        ]
        return shape.distance(*back) * np.float32(scale)

    low, high = shape.bounds_mm
    middle = target + scale * (axes @ ((low + high) / 2 - center))
    half = scale * (np.abs(axes) @ ((high - low) / 2))
    parts = tuple(varied(part, center_mm, shift_mm=shift_mm, scale=scale, axes=axes) for part in shape.parts)
    return Shape(distance, (middle - half, middle + half), parts)


def uneven(shape: Shape, height_mm: float, wavelength_mm: float, random: np.random.Generator) -> Shape:
    """A shape whose surface rises and falls smoothly.

    Parameters
    ----------
    shape : Shape
        What is made uneven, as a whole.
    height_mm : float
        Standard deviation of the displacement in mm.
    wavelength_mm : float
        Typical distance from crest to crest in mm.
    random : numpy.random.Generator
        Chooses the waves.

    Returns
    -------
    Shape
    """
    count = 5
    directions = random.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    waves = directions * (2 * np.pi / (wavelength_mm * random.uniform(0.75, 1.35, (count, 1))))
    waves, phases = waves.astype(np.float32), random.uniform(0, 2 * np.pi, count).astype(np.float32)
    height = np.float32(height_mm * np.sqrt(2.0 / count))

    def distance(x, y, z):
        """Signed distance in mm, negative inside."""
        rise = sum(
            np.sin(wave[0] * x + wave[1] * y + wave[2] * z + phase) for wave, phase in zip(waves, phases, strict=True)
        )
        return shape.distance(x, y, z) + height * rise

    low, high = shape.bounds_mm
    return Shape(distance, (low - 2 * height_mm, high + 2 * height_mm))


def limited(shape: Shape, low_mm, high_mm) -> Shape:
    """The same shape, evaluated only inside a box; for shapes whose own bounds are wider than what is wanted.

    Parameters
    ----------
    shape : Shape
    low_mm, high_mm : array_like, shape (3,)
        Corners of the box, in mm.

    Returns
    -------
    Shape
    """
    return Shape(shape.distance, (np.asarray(low_mm, float), np.asarray(high_mm, float)), shape.parts)


def path(points_mm, radii_mm) -> Shape:
    """A tube of straight pieces through points; cheaper than :func:`hepadose.phantom.shapes.tube`.

    Parameters
    ----------
    points_mm : array_like, shape (n, 3)
        Points of the center line in mm, n ≥ 2.
    radii_mm : array_like, shape (n,)
        Radius at each point in mm.

    Returns
    -------
    Shape
    """
    return union(*(capsule(*points_mm[i : i + 2], *radii_mm[i : i + 2]) for i in range(len(points_mm) - 1)))


def within(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rises from 0 at ``low`` to 1 at ``high``, smoothly.

    Parameters
    ----------
    values : numpy.ndarray
    low, high : float
        In the unit of the values, different from each other.

    Returns
    -------
    numpy.ndarray, same shape
        0 to 1.
    """
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)
