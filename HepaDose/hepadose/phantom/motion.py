"""What changes between planning and follow-up CT: position, breathing, shrinkage, as one exactly known transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image
from hepadose.phantom.anatomy import ORIGIN_LPS, Anatomy
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.settings import DigitalPatientSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

NODE_SPACING_MM = 5.0
MARGIN_MM = 25.0
TABLE_OFFSET_LPS = np.array([-11.0, -143.0, -612.0])
"""Where the follow-up CT's frame has the middle of the body, before the random displacement."""


def displacement_image(displacement_mm: np.ndarray, grid: Image) -> sitk.Image:
    """Displacements (k, j, i, 3) in mm on a grid, as the vector image SimpleITK builds a transform from."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(displacement_mm.astype(np.float32).astype(np.float64), isVector=True)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction.ravel().tolist())
    return image


def as_transform(displacement: sitk.Image) -> sitk.Transform:
    """The transform of a displacement image, interpolated linearly between its nodes; the image is left as it is."""
    import SimpleITK as sitk

    return sitk.DisplacementFieldTransform(sitk.Image(sitk.Cast(displacement, sitk.sitkVectorFloat64)))


class Motion:
    """The way from follow-up to planning points of one patient.

    A point of the follow-up CT is first taken to the planning frame rigidly, then displaced by breathing, shrinkage
    and a small random deformation.

    Parameters
    ----------
    anatomy : Anatomy
        In the planning frame.
    settings : DigitalPatientSettings
        Sizes and seed.
    """

    def __init__(self, anatomy: Anatomy, settings: DigitalPatientSettings) -> None:
        self._settings = settings
        random = stream(settings.seed, "motion")
        self._rotation = _rotation(np.radians(settings.position_turn_deg) * _direction(random))
        shift = settings.position_shift_mm * _direction(random)
        self._center_planning = ORIGIN_LPS
        self._center_follow_up = np.round(TABLE_OFFSET_LPS + random.uniform(-20, 20, 3), 1) - shift
        self._breathing_mm = settings.breathing_mm * random.choice([-1.0, 1.0])
        self._liver_mm = _coarse(anatomy.liver_distance)
        self._mobile = _mobility(anatomy)
        points = np.argwhere(self._liver_mm.array < 0)
        self._liver_center = self._liver_mm.ijk_to_points(points.mean(axis=0)[::-1])

    def center_follow_up(self) -> np.ndarray:
        """Where the middle of the body lies in the follow-up frame (LPS mm)."""
        return self._center_follow_up

    def displacement(self, grid: Image) -> sitk.Image:
        """Displacement field in mm around ``grid`` (follow-up CT): planning point minus follow-up point."""
        nodes = _nodes_around(grid)
        points = nodes.ijk_to_points(np.stack(np.meshgrid(*map(np.arange, nodes.shape[::-1]), indexing="ij"), -1))
        points = points.transpose(2, 1, 0, 3)
        aligned = (points - self._center_follow_up) @ self._rotation.T + self._center_planning
        soft = self._breathing(aligned) + self._random(nodes, aligned)
        stretch = self._calibrated_stretch(nodes, aligned, soft)
        return displacement_image(aligned + soft + self._shrinkage(aligned, stretch) - points, nodes)

    def _breathing(self, aligned: np.ndarray) -> np.ndarray:
        from_below = np.clip((aligned[..., 2] - (ORIGIN_LPS[2] - 165.0)) / 90.0, 0.0, 1.0)
        weight = _sample(self._mobile, aligned) * from_below**2 * (3.0 - 2.0 * from_below)
        # Breathing in moves the liver down and a little forward.
        return weight[..., None] * self._breathing_mm * np.array([0.05, -0.18, 1.0])

    def _random(self, nodes: Image, aligned: np.ndarray) -> np.ndarray:
        random = stream(self._settings.seed, "deformation")
        fields = [smooth_field(nodes.shape, nodes.spacing_kji_mm, 28.0, random) for _ in range(3)]
        weight = _sample(self._mobile, aligned)[..., None]
        return self._settings.deformation_mm * weight * np.stack(fields, axis=-1)

    def _shrinkage(self, aligned: np.ndarray, stretch: float) -> np.ndarray:
        """Points of the shrunken liver come from farther out in the planning liver."""
        beyond_mm = _sample(self._liver_mm, aligned, outside=100.0)
        weight = 1.0 / (1.0 + np.exp(np.clip((beyond_mm - 18.0) / 7.0, -30, 30)))
        return stretch * weight[..., None] * (aligned - self._liver_center)

    def _calibrated_stretch(self, nodes: Image, aligned: np.ndarray, soft: np.ndarray) -> float:
        """The stretch that gives the wanted liver volume, by fixed-point iteration."""
        wanted = 1.0 - self._settings.shrinkage_percent / 100.0
        before_ml = _soft_volume(_sample(self._liver_mm, aligned, outside=100.0), nodes)
        if not self._settings.shrinkage_percent:
            return 0.0
        stretch = wanted ** (-1 / 3) - 1.0
        for _ in range(4):
            moved = aligned + soft + self._shrinkage(aligned, stretch)
            now = _soft_volume(_sample(self._liver_mm, moved, outside=100.0), nodes) / before_ml
            stretch += (now - wanted) / 3.0
        return stretch


def _soft_volume(distance_mm: np.ndarray, nodes: Image) -> float:
    return float(np.clip(0.5 - distance_mm / NODE_SPACING_MM, 0.0, 1.0).sum()) * nodes.voxel_volume_ml


def _coarse(image: Image) -> Image:
    step = max(round(4.0 / image.spacing_mm[0]), 1)
    array = np.ascontiguousarray(image.array[::step, ::step, ::step])
    return Image(array, tuple(step * value for value in image.spacing_mm), image.origin_lps, image.direction)


def _mobility(anatomy: Anatomy) -> Image:
    """1 deep in the abdomen, 0 in spine and body wall, smooth between."""
    from scipy import ndimage

    cavity = _coarse(anatomy.region("cavity"))
    sigma = [18.0 / spacing for spacing in cavity.spacing_kji_mm]
    return cavity.with_array(ndimage.gaussian_filter(cavity.array, sigma, mode="nearest"))


def _sample(image: Image, points_lps: np.ndarray, outside: float = 0.0) -> np.ndarray:
    from scipy import ndimage

    indices = np.moveaxis(image.lps_to_ijk(points_lps), -1, 0)[::-1]
    return ndimage.map_coordinates(image.array, indices, order=1, mode="constant", cval=outside)


def _nodes_around(grid: Image) -> Image:
    extent_mm = (np.array(grid.shape[::-1]) - 1) * grid.spacing_mm
    counts = np.ceil((extent_mm + 2 * MARGIN_MM) / NODE_SPACING_MM).astype(int) + 1
    start = np.asarray(grid.origin_lps) - MARGIN_MM
    empty = np.broadcast_to(np.float32(0.0), tuple(int(count) for count in counts[::-1]))
    return Image(empty, (NODE_SPACING_MM,) * 3, tuple(start))


def _direction(random: np.random.Generator) -> np.ndarray:
    vector = random.normal(0.0, 1.0, 3)
    return vector / np.linalg.norm(vector)


def _rotation(vector: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(vector).as_matrix()
