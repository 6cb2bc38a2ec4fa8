"""The tumor and its planning target volume: where they lie and their shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, resample
from hepadose.phantom.anatomy import ORIGIN_LPS, Anatomy
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.settings import DigitalPatientSettings, Technique
from hepadose.phantom.shapes import ellipsoid

GTV_RADIUS_MM = {Technique.SBRT5: (14.0, 19.0), Technique.CONVENTIONAL25: (22.0, 28.0)}
PTV_MARGIN_MM = {Technique.SBRT5: 6.0, Technique.CONVENTIONAL25: 9.0}
HILUM_MM = (-30.0, -8.0, 0.0)
"""Tumors here keep away from the hilum, in the anatomical frame."""


@dataclass(frozen=True, eq=False)
class Target:
    """Gross tumor volume and planning target volume.

    Parameters
    ----------
    center_lps : tuple of 3 float
        Center of the tumor in mm.
    radius_mm : float
        Mean radius of the tumor.
    gtv_distance : Image
        Signed distance to the tumor's surface in mm, negative inside, on the dose grid.
    ptv_margin_mm : float
        Margin from tumor to planning target volume.
    """

    center_lps: tuple[float, float, float]
    radius_mm: float
    gtv_distance: Image
    ptv_margin_mm: float

    @property
    def ptv_distance(self) -> Image:
        """Signed distance to the planning target volume's surface in mm."""
        return self.gtv_distance.with_array(self.gtv_distance.array - self.ptv_margin_mm)

    def gtv_distance_on(self, grid: Image) -> Image:
        """The tumor's signed distance at the voxels of another grid; far outside the dose grid 100 mm."""
        return resample(self.gtv_distance, grid, outside=100.0)


def place_target(anatomy: Anatomy, dose_grid: Image, settings: DigitalPatientSettings) -> Target:
    """Choose a place in the right lobe and a shape for the tumor.

    Raises
    ------
    EmptyRegionError
        If the liver has no room for the tumor.
    """
    random = stream(settings.seed, "target")
    radius_mm = random.uniform(*GTV_RADIUS_MM[settings.technique])
    center_lps = _center(anatomy.liver_distance, radius_mm, random)
    radii = radius_mm * random.normal(1.0, 0.08, 3).clip(0.85, 1.15)
    shape = ellipsoid(center_lps, radii)
    points = grid_coordinates(dose_grid)
    bumps = smooth_field(dose_grid.shape, dose_grid.spacing_kji_mm, 8.0, random)
    distance_mm = shape.distance(*points) + np.clip(0.9 * bumps, -2.5, 2.5)
    return Target(
        tuple(float(value) for value in center_lps),
        float(radius_mm),
        dose_grid.with_array(distance_mm.astype(np.float32)),
        PTV_MARGIN_MM[settings.technique],
    )


def grid_coordinates(grid: Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Broadcastable x, y, z in LPS mm of an axis-aligned grid's voxel centers."""
    axes = [
        (grid.origin_lps[axis] + grid.spacing_mm[axis] * np.arange(grid.shape[2 - axis])).astype(np.float32)
        for axis in range(3)
    ]
    return axes[0].reshape(1, 1, -1), axes[1].reshape(1, -1, 1), axes[2].reshape(-1, 1, 1)


def _center(liver_distance: Image, radius_mm: float, random: np.random.Generator) -> np.ndarray:
    step = max(round(6.0 / liver_distance.spacing_mm[0]), 1)
    depth_mm = -liver_distance.array[::step, ::step, ::step]
    indices = np.argwhere((depth_mm > radius_mm + 1.0) & (depth_mm < radius_mm + 25.0))
    points_lps = liver_distance.ijk_to_points(indices[:, ::-1] * step)
    anatomical = points_lps - ORIGIN_LPS
    from_hilum_mm = np.linalg.norm(anatomical - HILUM_MM, axis=1)
    fits = (anatomical[:, 0] < -40.0) & (np.abs(anatomical[:, 2] - 10.0) < 45.0) & (from_hilum_mm > radius_mm + 18.0)
    if not fits.any():
        raise EmptyRegionError("The right lobe of this digital patient has no room for the tumor; choose another seed.")
    return points_lps[fits][random.integers(int(fits.sum()))]
