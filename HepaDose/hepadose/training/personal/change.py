"""What treatment may do to a tumor between two scans: smaller or larger, darker; a network then meets the next scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose.images import bounding_box
from hepadose.training.data_cases import Case


@dataclass(frozen=True)
class TumorChange:
    """How tumors change between two scans.

    Parameters
    ----------
    scale : tuple of 2 float
        Smallest and largest factor of the diameter.
    shift_hu : tuple of 2 float
        Mean and standard deviation of the change of CT numbers inside.
    reach : float
        Neighbors within so many radii give way.
    """

    scale: tuple[float, float] = (0.45, 1.35)
    shift_hu: tuple[float, float] = (-8.0, 12.0)
    reach: float = 2.5


def changed(case: Case, change: TumorChange, random: np.random.Generator) -> Case:
    """The same patient with every tumor scaled about its middle; what lies around gives way smoothly.

    Parameters
    ----------
    case : Case
        Label 1 is tumor.
    change : TumorChange
    random : numpy.random.Generator

    Returns
    -------
    Case
    """
    images, labels = case.images_hu.copy(), case.labels.array.copy()
    parts, count = ndimage.label(labels == 1, np.ones((3, 3, 3)))
    for number in range(1, count + 1):
        factor = float(np.exp(random.uniform(*np.log(change.scale))))
        _scale_one(images, labels, parts == number, factor, change.reach, np.array(case.labels.spacing_kji_mm))
    images[:, labels == 1] += np.float32(random.normal(*change.shift_hu))
    return Case(case.name, images, case.labels.with_array(labels))


def _scale_one(
    images: np.ndarray, labels: np.ndarray, tumor: np.ndarray, factor: float, reach: float, spacing_mm: np.ndarray
) -> None:
    """Scale one tumor in place."""
    places = np.argwhere(tumor)
    center = places.mean(axis=0)
    # Half a voxel beyond the outermost center, so that the rim moves along.
    radius_mm = float(np.linalg.norm((places - center) * spacing_mm, axis=1).max() + spacing_mm.min() / 2)
    end_mm = reach * radius_mm * max(factor, 1.0)
    margin = tuple(int(np.ceil((end_mm - radius_mm) / step)) + 1 for step in spacing_mm)
    box = bounding_box(tumor, margin)
    offsets = np.indices(tumor[box].shape).astype(np.float32)
    start = np.array([part.start for part in box])
    offsets -= (center - start).astype(np.float32).reshape(3, 1, 1, 1)
    away_mm = np.sqrt(((offsets * spacing_mm.reshape(3, 1, 1, 1)) ** 2).sum(axis=0))
    # Inside, everything is scaled; from the new rim on it goes back to its place.
    read_mm = np.interp(away_mm, [0.0, factor * radius_mm, end_mm], [0.0, radius_mm, end_mm])
    ratio = np.divide(read_mm, away_mm, out=np.ones_like(read_mm), where=(away_mm > 0) & (away_mm < end_mm))
    where = offsets * ratio + (center - start).reshape(3, 1, 1, 1)
    for image in images:
        image[box] = ndimage.map_coordinates(image[box], where, order=1, mode="nearest")
    others = np.where(tumor[box], 0, labels[box])
    moved = ndimage.map_coordinates(tumor[box].astype(np.float32), where, order=1, mode="constant") >= 0.5
    labels[box] = np.where(moved, 1, others)
