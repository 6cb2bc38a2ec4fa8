"""Lesions of one time on the grid of another, without losing those that are smaller than its voxels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image, resample
from hepadose.recist.pairing import LesionMap

if TYPE_CHECKING:
    import SimpleITK as sitk


def brought_onto(
    lesions: LesionMap, onto: Image, transform: sitk.Transform | None = None
) -> tuple[LesionMap, list[str]]:
    """Lesions on another grid; small ones do not get lost between its voxels.

    Parameters
    ----------
    lesions : LesionMap
    onto : Image
        The grid of the other time.
    transform : SimpleITK.Transform, optional
        Takes points of ``onto`` (LPS mm) to points of the lesions; identity if omitted.

    Returns
    -------
    LesionMap
        With the same names.
    outside : list of str
        Names of lesions that lie outside the grid, wholly.
    """
    labels = resample(lesions.labels, onto, transform, nearest=True).array.round().astype(np.int32)
    outside = []
    for number, name in enumerate(lesions.names, start=1):
        if (labels == number).any():
            continue
        place = _nearest_voxel(lesions.mask(name), lesions.labels, onto, transform)
        if place is None:
            outside.append(name)
        else:
            labels[place] = number
    return LesionMap(onto.with_array(labels), lesions.names), outside


def _nearest_voxel(
    lesion: Image, grid: Image, onto: Image, transform: sitk.Transform | None
) -> tuple[int, int, int] | None:
    """The voxel of another grid whose center is nearest to a lesion; None where none is within a voxel."""
    from scipy import ndimage

    reach_mm = float(np.linalg.norm(onto.spacing_mm)) / 2.0 + float(np.linalg.norm(grid.spacing_mm)) / 2.0
    margins = [int(np.ceil(reach_mm / step)) + 1 for step in lesion.spacing_kji_mm]
    array = np.pad(lesion.array, [(margin, margin) for margin in margins])
    distance_mm = ndimage.distance_transform_edt(~array, sampling=lesion.spacing_kji_mm).astype(np.float32)
    origin_lps = tuple(lesion.ijk_to_points([-margin for margin in margins[::-1]]))
    around = replace(lesion, array=distance_mm, origin_lps=origin_lps)
    found = resample(around, onto, transform, outside=np.inf).array
    place = np.unravel_index(int(np.argmin(found)), found.shape)
    return tuple(int(index) for index in place) if found[place] <= reach_mm else None
