"""Masks through a transform, without the staircase of nearest-neighbor sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image, bounding_box, resample
from hepadose.registration.working import distance_onto, signed_distance

if TYPE_CHECKING:
    import SimpleITK as sitk

_REACH_MM = 12.0


def propagate_mask(mask: Image, onto: Image, transform: sitk.Transform | None = None) -> Image:
    """A mask seen through a transform: its signed distance is sampled linearly and cut at zero.

    Parameters
    ----------
    mask : Image
        Boolean, for instance the planning liver.
    onto : Image
        The grid of the result, for instance the follow-up CT.
    transform : SimpleITK.Transform, optional
        Takes points of ``onto`` (LPS mm) to points of ``mask``; identity if omitted.

    Returns
    -------
    Image
        Boolean, on the grid of ``onto``; empty where ``mask`` is empty. A mask that touches the border of its image
        ends there: voxels of ``onto`` beyond the image are never inside.
    """
    if bounding_box(mask.array) is None:
        return onto.with_array(np.zeros(onto.shape, dtype=bool))
    inside = distance_onto(signed_distance(mask, reach_mm=_REACH_MM), onto, transform) < 0
    in_scan = resample(mask.with_array(np.ones(mask.shape, dtype=bool)), onto, transform).array
    return onto.with_array(inside & in_scan)
