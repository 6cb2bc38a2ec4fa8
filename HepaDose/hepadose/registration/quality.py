"""How good a registration is: agreement of the livers, folding, and the error in mm that enters the dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.evaluation.overlap import dice
from hepadose.evaluation.surface import surface_distances
from hepadose.findings import Finding, error, ok, warning
from hepadose.flr.result import RegistrationSummary
from hepadose.images import Image, bounding_box, resample
from hepadose.registration.deformable import Deformation
from hepadose.registration.masks import propagate_mask
from hepadose.registration.settings import RegistrationMethod, RegistrationSettings
from hepadose.registration.uncertainty import expected_error_mm, mean_length_mm

if TYPE_CHECKING:
    import SimpleITK as sitk

_SUBJECT = "Registration"
DICE_LIMIT = (0.9, 0.8)
"""Below the first the livers' agreement is a warning, below the second an error."""
ERROR_LIMIT_MM = (3.0, 6.0)
"""Above the first the estimated error is a warning, above the second an error."""
_LOOK_AROUND_MM = 40.0


@dataclass(frozen=True)
class RegistrationQuality:
    """Figures of one registration; None where a figure needs a follow-up contour or a deformation."""

    method: str
    liver_dice: float | None
    liver_mean_distance_mm: float | None
    folded_fraction: float | None
    """Share of the liver in which the Jacobian is not positive."""
    jacobian_min: float | None
    jacobian_max: float | None
    estimated_error_mm: float
    """Expected mean distance in the liver between where a point is taken and where it belongs; NaN if unknown."""


@dataclass(frozen=True, eq=False)
class Registration:
    """A transform with its quality."""

    transform: sitk.Transform
    """Takes points of the follow-up CT (LPS mm) to points of the planning CT."""
    quality: RegistrationQuality
    findings: tuple[Finding, ...]

    def summary(self) -> RegistrationSummary:
        """The figures as they enter the result of an analysis."""
        return RegistrationSummary(
            method=self.quality.method,
            estimated_error_mm=self.quality.estimated_error_mm,
            liver_dice=self.quality.liver_dice,
            liver_mean_distance_mm=self.quality.liver_mean_distance_mm,
            folded_fraction=self.quality.folded_fraction,
        )


def assess(
    settings: RegistrationSettings,
    livers: tuple[Image, Image | None],
    transform: sitk.Transform,
    linear_part: sitk.Transform,
    deformation: Deformation,
) -> Registration:
    """Measure a finished registration.

    Parameters
    ----------
    settings : RegistrationSettings
        With the method that was run.
    livers : tuple of Image
        Planning liver, and follow-up liver or None.
    transform, linear_part : SimpleITK.Transform
        The result, and its rigid or affine part.
    deformation : Deformation
        What remained to be deformed after the linear part; part of ``transform`` only for B-splines.
    """
    planning_liver, follow_up_liver = livers
    deformed = settings.method is RegistrationMethod.BSPLINE
    dice_value, distance_mm = liver_agreement(planning_liver, follow_up_liver, transform)
    jacobian = _jacobian(linear_part, deformation, deformed)[deformation.objective.pair.liver]
    quality = RegistrationQuality(
        method=settings.method.label,
        liver_dice=dice_value,
        liver_mean_distance_mm=distance_mm,
        folded_fraction=float(np.mean(jacobian <= 0)),
        jacobian_min=float(jacobian.min()),
        jacobian_max=float(jacobian.max()),
        estimated_error_mm=_estimated_error_mm(deformation, settings.seed, deformed),
    )
    return Registration(transform, quality, judge(quality))


def liver_agreement(
    planning_liver: Image, follow_up_liver: Image | None, transform: sitk.Transform | None
) -> tuple[float | None, float | None]:
    """Dice and mean surface distance (mm) between the propagated planning liver and the follow-up liver.

    Only what both scans cover is compared. Both are None without a follow-up liver.
    """
    if follow_up_liver is None:
        return None, None
    # A B-spline costs time for every voxel: only the liver's surroundings are looked at.
    margin = tuple(int(np.ceil(_LOOK_AROUND_MM / s)) for s in follow_up_liver.spacing_kji_mm)
    box = bounding_box(follow_up_liver.array, margin)
    if box is None:
        return float("nan"), float("nan")
    follow_up_liver = follow_up_liver.cropped(box)
    seen = resample(planning_liver.with_array(np.ones(planning_liver.shape, dtype=bool)), follow_up_liver, transform)
    propagated = propagate_mask(planning_liver, follow_up_liver, transform).array & seen.array
    reference = follow_up_liver.array & seen.array
    distances = surface_distances(propagated, reference, follow_up_liver.spacing_kji_mm)
    return dice(propagated, reference), distances.mean_mm


def unregistered(planning_liver: Image, follow_up_liver: Image | None) -> Registration:
    """The identity, for scans that are taken as they lie; its error is unknown."""
    import SimpleITK as sitk

    dice_value, distance_mm = liver_agreement(planning_liver, follow_up_liver, None)
    quality = RegistrationQuality(
        RegistrationMethod.NONE.label, dice_value, distance_mm, None, None, None, estimated_error_mm=float("nan")
    )
    return Registration(sitk.Transform(3, sitk.sitkIdentity), quality, judge(quality))


def judge(quality: RegistrationQuality) -> tuple[Finding, ...]:
    """The quality gates in words: one finding per figure."""
    findings = [judge_error(quality.estimated_error_mm)]
    if quality.liver_dice is not None:
        findings.append(_judge_livers(quality.liver_dice, quality.liver_mean_distance_mm))
    if quality.folded_fraction is not None:
        findings.append(_judge_folding(quality))
    return tuple(findings)


def judge_error(error_mm: float) -> Finding:
    """The gate of the mean error in the liver as the registration estimated it; NaN where it could not."""
    if not np.isfinite(error_mm):
        return warning(
            _SUBJECT,
            "The scans were not registered; the error of their alignment is unknown and is not part of the interval. "
            "Register them, or compare the livers by eye.",
        )
    return _judge_size(f"Estimated mean error in the liver {error_mm:.1f} mm", error_mm)


def judge_stated_error(stated_mm: float, estimated_mm: float = float("nan")) -> Finding:
    """The gate of a mean error in the liver that a user stated in place of the estimated one.

    Parameters
    ----------
    stated_mm : float
        In mm; NaN where the user says that it is unknown.
    estimated_mm : float
        What the registration estimated, in mm; NaN where it did not.
    """
    estimated = f"estimated {estimated_mm:.1f} mm" if np.isfinite(estimated_mm) else "not estimated"
    if not np.isfinite(stated_mm):
        text = f"Mean error in the liver unknown, stated by the user ({estimated}); it is not part of the interval."
        return warning(_SUBJECT, text)
    text = f"Mean error in the liver {stated_mm:.1f} mm, stated by the user ({estimated})"
    if stated_mm < estimated_mm:
        return warning(_SUBJECT, f"{text}; say why it is smaller before the interval is quoted.")
    return _judge_size(text, stated_mm)


def _judge_size(text: str, error_mm: float) -> Finding:
    if error_mm > ERROR_LIMIT_MM[1]:
        return error(_SUBJECT, f"{text}; above {ERROR_LIMIT_MM[1]:g} mm the dose at the edge cannot be trusted.")
    if error_mm > ERROR_LIMIT_MM[0]:
        return warning(_SUBJECT, f"{text}; check vessels and capsule by eye before the dose is believed.")
    return ok(_SUBJECT, f"{text}.")


def _judge_livers(dice_value: float, distance_mm: float) -> Finding:
    if not np.isfinite([dice_value, distance_mm]).all():
        text = "The agreement of the livers is unknown: they have no place in common or one of them is empty"
        return error(_SUBJECT, f"{text}; check contours and alignment by eye.")
    text = f"Livers agree with Dice {dice_value:.3f}, mean surface distance {distance_mm:.1f} mm"
    if dice_value < DICE_LIMIT[1]:
        return error(_SUBJECT, f"{text}; below {DICE_LIMIT[1]:g} the registration has failed or a contour is wrong.")
    if dice_value < DICE_LIMIT[0]:
        return warning(_SUBJECT, f"{text}; below {DICE_LIMIT[0]:g}: check the contours and the alignment by eye.")
    return ok(_SUBJECT, f"{text}.")


def _judge_folding(quality: RegistrationQuality) -> Finding:
    text = f"Volume changes between {quality.jacobian_min:.2f} and {quality.jacobian_max:.2f} within the liver"
    if quality.folded_fraction > 0:
        share = 100.0 * quality.folded_fraction
        return warning(_SUBJECT, f"{text}; {share:.2g} % of it is folded, which no organ can be. Use more stiffness.")
    return ok(_SUBJECT, f"{text}, no folding.")


def _jacobian(linear_part: sitk.Transform, deformation: Deformation, deformed: bool) -> np.ndarray:
    """Determinant of the transform's derivatives on the working grid."""
    linear = float(np.linalg.det(np.array(linear_part.GetMatrix()).reshape(3, 3)))
    grid = deformation.lattice.grid
    if not deformed:
        return np.full(grid.shape, linear)
    field = deformation.displacements()
    # np.gradient gives derivatives along k, j, i: reversed they are those along x, y, z of the axis-aligned grid.
    derivatives = np.array([np.gradient(component, grid.spacing_mm[0])[::-1] for component in field])
    matrices = np.moveaxis(derivatives, (0, 1), (-2, -1)) + np.eye(3)
    return linear * np.linalg.det(matrices)


def _estimated_error_mm(deformation: Deformation, seed: int, deformed: bool) -> float:
    """Error of the deformation; linear methods have in addition the whole deformation as their error."""
    left_mm = 0.0 if deformed else mean_length_mm(deformation)
    return float(np.hypot(expected_error_mm(deformation, seed), left_mm))
