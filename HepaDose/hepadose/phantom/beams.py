"""A plan's dose: a conformal core with steep fall-off over the entrance bath of its beams.

The core falls off with the distance from the planning target volume; the bath is the sum of open fields that follow
the target's outline seen from each gantry angle, attenuated with depth. It is a model for planting reactions, not a
dose calculation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.images import Image, resample
from hepadose.phantom.anatomy import ORIGIN_LPS, Anatomy
from hepadose.phantom.fields import stream
from hepadose.phantom.settings import DigitalPatientSettings, Technique
from hepadose.phantom.target import Target, grid_coordinates
from hepadose.phantom.trunk import BODY_HALF_DEPTH_MM, BODY_HALF_WIDTH_MM

ATTENUATION_PER_MM = 0.0046
BUILD_UP_MM = 7.0
PENUMBRA_MM = 3.2
SOURCE_DISTANCE_MM = 1000.0
DOSE_MARGIN_MM = 26.0
EDGE_ROUNDING_MM = 3.0


@dataclass(frozen=True)
class PlanModel:
    """How a technique shapes its dose.

    Parameters
    ----------
    gantry_angles_deg : tuple of float
        Gantry angles (IEC 61217: 0 from the front, 90 from the patient's left for head first supine).
    bath_share : float
        Share of the beams' sum in the dose; the rest is the conformal core.
    fall_off_mm : float
        Width of the core's fall-off: it has dropped to half 1.1 times this outside the target.
    hot_center : float
        Additional dose in the center, as a share of the prescription.
    covered_share : float
        Share of the planning target volume that receives ``covering_dose``.
    covering_dose : float
        As a share of the prescription.
    """

    gantry_angles_deg: tuple[float, ...]
    bath_share: float
    fall_off_mm: float
    hot_center: float
    covered_share: float
    covering_dose: float


# Fall-offs chosen as plausible for clinical plans, without a cited source: the volume of half the prescription is
# 3.8 times the target's at 45 ml (five fractions) and 2.8 times at 160 ml (25 fractions).
PLAN_MODELS = {
    Technique.SBRT5: PlanModel(tuple(range(190, 361, 12)) + tuple(range(4, 53, 12)), 0.38, 13.0, 0.16, 0.96, 1.0),
    Technique.CONVENTIONAL25: PlanModel((180.0, 225.0, 265.0, 300.0, 335.0, 10.0, 50.0), 0.48, 13.0, 0.0, 0.98, 0.95),
}


def dose_grid(anatomy: Anatomy, settings: DigitalPatientSettings) -> Image:
    """An empty grid that covers the liver and the body beside, in front of and behind it."""
    liver = np.argwhere(anatomy.liver_distance.array < 0.0)
    low = anatomy.liver_distance.ijk_to_points(liver.min(axis=0)[::-1]) - DOSE_MARGIN_MM
    high = anatomy.liver_distance.ijk_to_points(liver.max(axis=0)[::-1]) + DOSE_MARGIN_MM
    low[0] = min(low[0], ORIGIN_LPS[0] - BODY_HALF_WIDTH_MM - 10.0)
    low[1], high[1] = ORIGIN_LPS[1] - BODY_HALF_DEPTH_MM - 10.0, ORIGIN_LPS[1] + BODY_HALF_DEPTH_MM + 10.0
    step_mm = settings.dose_spacing_mm
    counts = np.ceil((high - low) / step_mm).astype(int) + 1
    # Off the CT's voxel centers, as dose grids are.
    return Image(np.zeros(counts[::-1], np.float32), (step_mm,) * 3, tuple(np.round(low, 1) + 0.3))


def plan_dose(anatomy: Anatomy, target: Target, settings: DigitalPatientSettings) -> Image:
    """The physical dose of the whole treatment in Gy on the grid of ``target.gtv_distance``, rounded to float32."""
    model = PLAN_MODELS[settings.technique]
    ptv_mm = target.ptv_distance
    bath = sum(_open_field(ptv_mm, target.center_lps, angle) for angle in model.gantry_angles_deg)
    inside = ptv_mm.array < 0.0
    bath /= bath[inside].mean()
    ripple = 1.0 + 0.012 * stream(settings.seed, "dose").standard_normal()
    dose = (1.0 - model.bath_share) * _core(ptv_mm.array, target, model) + model.bath_share * bath * ripple
    body = resample(anatomy.region("body"), ptv_mm).array
    dose *= np.clip(2.0 * body, 0.0, 1.0)
    covered = np.quantile(dose[inside], 1.0 - model.covered_share)
    dose *= model.covering_dose * settings.technique.prescription_gy / covered
    return ptv_mm.with_array(dose.astype(np.float32))


def _core(ptv_mm: np.ndarray, target: Target, model: PlanModel) -> np.ndarray:
    """Nearly flat inside the target, hottest in the middle, and falling off from its surface."""
    # Softplus: 0 inside, the distance outside, rounded over a few millimetres at the surface.
    outside_mm = EDGE_ROUNDING_MM * np.logaddexp(0.0, ptv_mm / EDGE_ROUNDING_MM)
    falling = 2.0 / (1.0 + np.exp(np.minimum(outside_mm / model.fall_off_mm, 30.0)))
    reach_mm = target.radius_mm + target.ptv_margin_mm
    depth = np.clip(-ptv_mm / reach_mm, 0.0, 1.0)
    return falling * (1.0 + model.hot_center / (1.0 - model.bath_share) * depth * (2.0 - depth))


def _open_field(ptv_mm: Image, center_lps, gantry_angle_deg: float) -> np.ndarray:
    """Relative dose of one field that follows the target's outline."""
    from scipy import ndimage

    x, y, z = (axis - center for axis, center in zip(grid_coordinates(ptv_mm), center_lps, strict=True))
    angle = np.radians(gantry_angle_deg)
    # Gantry 0 shines from the front (towards +y), gantry 90 from the patient's left (towards -x).
    across = x * np.cos(angle) + y * np.sin(angle)
    along = -x * np.sin(angle) + y * np.cos(angle)
    magnify = 1.0 + along / SOURCE_DISTANCE_MM
    outline, half_mm, step_mm = _outline(ptv_mm, center_lps, angle)
    rows = np.broadcast_to((z / magnify + half_mm) / step_mm, ptv_mm.shape)
    columns = np.broadcast_to((across / magnify + half_mm) / step_mm, ptv_mm.shape)
    fluence = ndimage.map_coordinates(outline, [rows, columns], order=1, mode="constant", cval=0.0)
    depth_mm = _depth(x + (center_lps[0] - ORIGIN_LPS[0]), y + (center_lps[1] - ORIGIN_LPS[1]), angle)
    depth_dose = np.exp(-ATTENUATION_PER_MM * depth_mm) * (1.0 - 0.6 * np.exp(-depth_mm / BUILD_UP_MM))
    return fluence * (depth_dose / magnify**2)


def _outline(ptv_mm: Image, center_lps, angle: float) -> tuple[np.ndarray, float, float]:
    """The target's projection along a beam, with penumbra: array [z, across], half width and step in mm."""
    step_mm, half_mm = ptv_mm.spacing_mm[0], 70.0
    steps = np.arange(-half_mm, half_mm + step_mm / 2, step_mm)
    across, along = np.meshgrid(steps, steps, indexing="ij")
    x = across * np.cos(angle) - along * np.sin(angle)
    y = across * np.sin(angle) + along * np.cos(angle)
    points = np.empty((len(steps), *across.shape, 3))
    points[..., 0], points[..., 1] = x + center_lps[0], y + center_lps[1]
    points[..., 2] = steps[:, None, None] + center_lps[2]
    indices = ptv_mm.lps_to_ijk(points)
    from scipy import ndimage

    sampled = ndimage.map_coordinates(
        ptv_mm.array, np.moveaxis(indices, -1, 0)[::-1], order=1, mode="constant", cval=99.0
    )
    nearest = sampled.min(axis=2)
    return (
        (1.0 / (1.0 + np.exp(np.clip((nearest - 3.0) / (PENUMBRA_MM / 2.0), -30, 30)))).astype(np.float32),
        half_mm,
        step_mm,
    )


def _depth(x: np.ndarray, y: np.ndarray, angle: float) -> np.ndarray:
    """Depth in mm under the skin along the beam, with the body as an elliptic cylinder."""
    a, b = BODY_HALF_WIDTH_MM, BODY_HALF_DEPTH_MM
    dx, dy = np.sin(angle), -np.cos(angle)  # from the point back to the source
    quadratic = (dx / a) ** 2 + (dy / b) ** 2
    linear = x * dx / a**2 + y * dy / b**2
    constant = (x / a) ** 2 + (y / b) ** 2 - 1.0
    root = np.sqrt(np.maximum(linear**2 - quadratic * constant, 0.0))
    return np.maximum((root - linear) / quadratic, 0.0)
