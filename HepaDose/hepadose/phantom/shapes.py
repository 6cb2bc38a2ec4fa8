"""Implicit shapes in millimetres: negative inside, zero on the surface, close to the distance near it.

Shapes are combined by smooth union, intersection and difference, so that organs get rounded edges and no corners.
This module knows no organ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Coordinates = tuple[np.ndarray, np.ndarray, np.ndarray]
EVERYWHERE = (np.full(3, -np.inf), np.full(3, np.inf))


@dataclass(frozen=True, eq=False)
class Shape:
    """A solid given by a function of the coordinates.

    Parameters
    ----------
    distance : callable
        Takes broadcastable arrays ``x, y, z`` in mm; returns the approximate signed distance in mm, negative inside.
    bounds_mm : tuple of 2 numpy.ndarray, shape (3,)
        Lowest and highest corner of a box around the solid, in mm.
    parts : tuple of Shape
        If not empty, the shape is the plain union of these, which may be evaluated one by one in their own boxes.
    """

    distance: Callable[..., np.ndarray]
    bounds_mm: tuple[np.ndarray, np.ndarray] = EVERYWHERE
    parts: tuple[Shape, ...] = ()

    def grown(self, margin_mm: float) -> Shape:
        """The solid with its surface moved outwards by ``margin_mm`` (inwards where negative)."""
        low, high = self.bounds_mm
        reach_mm = max(margin_mm, 0.0)
        return Shape(lambda *xyz: self.distance(*xyz) - margin_mm, (low - reach_mm, high + reach_mm))


def ellipsoid(center_mm, radii_mm, axes: np.ndarray | None = None) -> Shape:
    """An ellipsoid.

    Parameters
    ----------
    center_mm, radii_mm : sequence of 3 float
        Center and semi-axes in mm.
    axes : numpy.ndarray, shape (3, 3), optional
        Columns are the unit vectors of the semi-axes; the coordinate axes if omitted.
    """
    center, radii = np.asarray(center_mm, np.float32), np.asarray(radii_mm, np.float32)
    axes = np.eye(3, dtype=np.float32) if axes is None else np.asarray(axes, np.float32)

    def distance(x, y, z):
        offsets = (x - center[0], y - center[1], z - center[2])
        along = [sum(axes[row, column] * offsets[row] for row in range(3)) for column in range(3)]
        scaled = np.sqrt(sum((along[axis] / radii[axis]) ** 2 for axis in range(3)))
        slope = np.sqrt(sum((along[axis] / radii[axis] ** 2) ** 2 for axis in range(3)))
        # First-order distance f / |grad f| of f = |p/r|: exact on the surface, finite in the center.
        return scaled * (scaled - 1.0) / np.maximum(slope, 1e-4)

    reach = np.sqrt(((axes * radii) ** 2).sum(axis=1))
    return Shape(distance, (center - reach, center + reach))


def capsule(start_mm, end_mm, start_radius_mm: float, end_radius_mm: float) -> Shape:
    """A straight tube with round ends whose radius changes linearly from start to end."""
    start, end = np.asarray(start_mm, np.float32), np.asarray(end_mm, np.float32)
    axis = end - start
    length_squared = max(float(axis @ axis), 1e-6)

    def distance(x, y, z):
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        share = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / length_squared, 0.0, 1.0)
        gap = np.sqrt((dx - share * axis[0]) ** 2 + (dy - share * axis[1]) ** 2 + (dz - share * axis[2]) ** 2)
        return gap - (start_radius_mm + share * (end_radius_mm - start_radius_mm))

    reach = max(start_radius_mm, end_radius_mm)
    return Shape(distance, (np.minimum(start, end) - reach, np.maximum(start, end) + reach))


def tube(points_mm, radii_mm, pieces_per_span: int = 4) -> Shape:
    """A curved tube through points, with the radius given at each of them.

    Parameters
    ----------
    points_mm : array_like, shape (n, 3)
        Points of the center line in mm, n ≥ 2.
    radii_mm : float or array_like, shape (n,)
        Radius at each point in mm.
    pieces_per_span : int
        Straight pieces between two neighboring points.
    """
    points = np.asarray(points_mm, float)
    radii = np.broadcast_to(np.asarray(radii_mm, float), len(points))
    knots = np.arange(len(points))
    stations = np.linspace(0, len(points) - 1, pieces_per_span * (len(points) - 1) + 1)
    curve = _curve(knots, points, stations)
    widths = np.interp(stations, knots, radii)
    return union(*(capsule(*curve[i : i + 2], *widths[i : i + 2]) for i in range(len(curve) - 1)))


def _curve(knots: np.ndarray, points: np.ndarray, stations: np.ndarray) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(knots, points, axis=0)(stations)


def half_space(point_mm, outward) -> Shape:
    """Everything behind a plane, seen from where ``outward`` points to."""
    normal = np.asarray(outward, float) / np.linalg.norm(outward)
    offset = float(normal @ np.asarray(point_mm, float))
    return Shape(lambda x, y, z: normal[0] * x + normal[1] * y + normal[2] * z - offset)


def union(*shapes: Shape) -> Shape:
    """The plain union, with sharp creases where the shapes meet."""
    low = np.min([shape.bounds_mm[0] for shape in shapes], axis=0)
    high = np.max([shape.bounds_mm[1] for shape in shapes], axis=0)
    parts = tuple(part for shape in shapes for part in (shape.parts or (shape,)))

    def distance(*xyz):
        nearest = parts[0].distance(*xyz)
        for part in parts[1:]:
            nearest = np.minimum(nearest, part.distance(*xyz))
        return nearest

    return Shape(distance, (low, high), parts)


def blend(first: Shape, second: Shape, radius_mm: float) -> Shape:
    """The union with a fillet of about ``radius_mm`` where the two shapes meet."""
    low = np.minimum(first.bounds_mm[0], second.bounds_mm[0]) - radius_mm / 4
    high = np.maximum(first.bounds_mm[1], second.bounds_mm[1]) + radius_mm / 4
    return Shape(lambda *xyz: smooth_minimum(first.distance(*xyz), second.distance(*xyz), radius_mm), (low, high))


def common(first: Shape, second: Shape, radius_mm: float) -> Shape:
    """The intersection with edges rounded by about ``radius_mm``."""
    low = np.maximum(first.bounds_mm[0], second.bounds_mm[0])
    high = np.minimum(first.bounds_mm[1], second.bounds_mm[1])
    return Shape(lambda *xyz: -smooth_minimum(-first.distance(*xyz), -second.distance(*xyz), radius_mm), (low, high))


def carve(body: Shape, tool: Shape, radius_mm: float) -> Shape:
    """``body`` without ``tool``, with edges rounded by about ``radius_mm``."""
    return Shape(
        lambda *xyz: -smooth_minimum(-body.distance(*xyz), tool.distance(*xyz), radius_mm),
        body.bounds_mm,
    )


def smooth_minimum(first: np.ndarray, second: np.ndarray, radius_mm: float) -> np.ndarray:
    """Polynomial smooth minimum: differs from the minimum only where both are within ``radius_mm`` of each other."""
    overlap = np.maximum(radius_mm - np.abs(first - second), 0.0)
    return np.minimum(first, second) - overlap**2 / (4.0 * radius_mm)


def turned(angle_deg: float, axis: int) -> np.ndarray:
    """Columns of a frame turned about coordinate axis 0, 1 or 2 by an angle in degrees, right-handed."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    frame = np.eye(3)
    frame[first, first] = frame[second, second] = cosine
    frame[second, first], frame[first, second] = sine, -sine
    return frame
