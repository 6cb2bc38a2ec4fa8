"""A registration that was made elsewhere: its transform is used, its quality measured as far as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hepadose.images import Image
from hepadose.registration.quality import (
    Registration,
    RegistrationQuality,
    judge,
    judge_stated_error,
    liver_agreement,
)

if TYPE_CHECKING:
    import SimpleITK as sitk


def use_transform(
    transform: sitk.Transform, error_mm: float, planning_liver: Image, follow_up_liver: Image | None
) -> Registration:
    """Take a given transform as the registration.

    Parameters
    ----------
    transform : SimpleITK.Transform
        Takes follow-up points (LPS mm) to planning points.
    error_mm : float
        Its mean error in the liver as stated by whoever made it; NaN where unknown.
    planning_liver, follow_up_liver : Image or None
        The livers on their own CTs; both are needed to measure how well they agree.

    Returns
    -------
    Registration
    """
    dice_value, distance_mm = liver_agreement(planning_liver, follow_up_liver, transform)
    quality = RegistrationQuality(
        "given transform", dice_value, distance_mm, None, None, None, estimated_error_mm=error_mm
    )
    if error_mm == error_mm:
        return Registration(transform, quality, (judge_stated_error(error_mm), *judge(quality)[1:]))
    return Registration(transform, quality, judge(quality))
