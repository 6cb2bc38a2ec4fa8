"""Which planes of a volume are shown and how they lie on paper: radiological convention, true millimeters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.images import Image, bounding_box

LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Letter at the low and at the high end of the LPS axes x, y and z."""
OBLIQUE_DEGREES = 5.0
CROP_MARGIN_MM = 20.0


@dataclass(frozen=True)
class PlaneView:
    """One plane through the patient as it is drawn.

    ``axes`` are the array axes (row, column) that run down and right on paper, in array indices of a volume that
    was brought to patient axes (see :func:`to_patient_axes`).
    """

    name: str
    normal: int
    axes: tuple[int, int]
    flip_rows: bool
    letters: tuple[str, str, str, str]
    """At the left, right, top and bottom edge."""


AXIAL = PlaneView("Axial", 0, (1, 2), False, ("R", "L", "A", "P"))
CORONAL = PlaneView("Coronal", 1, (0, 2), True, ("R", "L", "S", "I"))
SAGITTAL = PlaneView("Sagittal", 2, (0, 1), True, ("A", "P", "S", "I"))
VIEWS = (AXIAL, CORONAL, SAGITTAL)


def patient_axes(image: Image) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """How to permute and flip an array so that its axes run toward S, P and L as nearly as possible.

    Returns
    -------
    order : tuple of 3 int
        Array axes of the image that become axes 0 (toward S), 1 (toward P), 2 (toward L).
    flip : tuple of 3 bool
        Whether each of the new axes runs the other way in the image.

    Examples
    --------
    >>> patient_axes(Image(np.zeros((2, 3, 4))))
    ((0, 1, 2), (False, False, False))
    """
    weights = np.abs(image.direction)
    remaining, order = {0, 1, 2}, {}
    # The image axis nearest to z is chosen first, then y: a slice stays a slice however oblique.
    for lps in (2, 1, 0):
        order[lps] = max(remaining, key=lambda ijk, lps=lps: weights[lps, ijk])
        remaining.remove(order[lps])
    flips = tuple(bool(image.direction[lps, order[lps]] < 0) for lps in (2, 1, 0))
    return tuple(2 - order[lps] for lps in (2, 1, 0)), flips


def to_patient_axes(array: np.ndarray, image: Image) -> np.ndarray:
    """A view of an array on the grid of ``image`` with axes toward S, P and L."""
    order, flips = patient_axes(image)
    return array.transpose(order)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]


def patient_spacing_mm(image: Image) -> tuple[float, float, float]:
    """Spacing in mm along the axes that :func:`to_patient_axes` gives."""
    order, _ = patient_axes(image)
    return tuple(image.spacing_kji_mm[axis] for axis in order)


def plane_position(image: Image, normal: int, index: int) -> str:
    """Where a plane lies, as Slicer's slice views say it: "12.5 mm S"; taken at the image's center where it is tilted.

    Parameters
    ----------
    image : Image
        The grid.
    normal : int
        Axis in patient axes across the plane: 0 (S), 1 (A/P) or 2 (R/L).
    index : int
        Plane along that axis, in patient axes and counted over the whole image.
    """
    order, flips = patient_axes(image)
    place_kji = [(size - 1) / 2 for size in image.shape]
    array_axis = order[normal]
    place_kji[array_axis] = image.shape[array_axis] - 1 - index if flips[normal] else index
    lps_axis = 2 - normal
    value_mm = float(image.ijk_to_points(np.array(place_kji[::-1]))[lps_axis])
    return f"{abs(value_mm):.1f} mm {LETTERS[lps_axis][value_mm >= 0]}"


def tilt_degrees(image: Image) -> float:
    """Largest angle in degrees between an image axis and the patient axis it is drawn as."""
    order, _ = patient_axes(image)
    cosines = [abs(image.direction[lps, 2 - order[row]]) for row, lps in enumerate((2, 1, 0))]
    return float(np.degrees(np.arccos(np.clip(min(cosines), -1.0, 1.0))))


def largest_section(mask: np.ndarray, normal: int) -> int:
    """Index along ``normal`` at which the mask's section has most voxels; the middle for an empty mask."""
    areas = np.count_nonzero(mask, axis=tuple(axis for axis in range(3) if axis != normal))
    return int(np.argmax(areas)) if areas.any() else mask.shape[normal] // 2


def crop_box(liver: np.ndarray, spacing_mm: tuple[float, float, float]) -> tuple[slice, slice, slice]:
    """Box around the liver with a margin of 20 mm; everything for an empty liver."""
    margin = tuple(int(np.ceil(CROP_MARGIN_MM / spacing)) for spacing in spacing_mm)
    return bounding_box(liver, margin) or tuple(slice(0, size) for size in liver.shape)


def section(volume: np.ndarray, view: PlaneView, index: int) -> np.ndarray:
    """The plane of a volume in patient axes at ``index`` along the view's normal, first row at the top of the page."""
    plane = np.take(volume, index, axis=view.normal)
    return plane[::-1] if view.flip_rows else plane
