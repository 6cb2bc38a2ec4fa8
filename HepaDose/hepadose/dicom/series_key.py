"""Which CT files belong together: by their series, or by what a series has in common where its UID was taken away.

De-identification may blank Series Instance UID (0020,000E), which the standard wants in every image. What is constant
within a series then stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.files import date_of, uid_of

SeriesKey = tuple[object, ...]

_CONSTANT = ("SeriesNumber", "SeriesTime", "SeriesDescription", "ConvolutionKernel", "SliceThickness")
_SIZE = ("Rows", "Columns")
_COSINE_DIGITS, _SPACING_DIGITS = 2, 3
"""Files of one series round them differently."""


def series_key(dataset: Dataset) -> SeriesKey:
    """What the files of one CT series have in common, and no other series has.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Of one image; its pixels are not needed.

    Returns
    -------
    tuple
        The Series Instance UID; where it is blank: study, frame of reference, day, orientation, pixel spacing, matrix
        size, and number, time, description, kernel and slice thickness of the series, as far as stated. Comparable with
        other keys only; never to be shown or logged, for a person typed part of it.

    References
    ----------
    DICOM PS3.3 C.7.3.1 (General Series module), C.7.4.1 (Frame of Reference module).
    """
    if not is_nameless(dataset):
        return (uid_of(dataset, "SeriesInstanceUID"),)
    frame = (uid_of(dataset, "StudyInstanceUID"), uid_of(dataset, "FrameOfReferenceUID"), date_of(dataset))
    cosines = _rounded(dataset.get("ImageOrientationPatient"), _COSINE_DIGITS)
    pixel_mm = _rounded(dataset.get("PixelSpacing"), _SPACING_DIGITS)
    stated = (str(dataset.get(keyword) or "").strip() for keyword in (*_SIZE, *_CONSTANT))
    return ("", *frame, cosines, pixel_mm, *stated)


def is_nameless(dataset: Dataset) -> bool:
    """Whether an image does not say which series it belongs to."""
    return not uid_of(dataset, "SeriesInstanceUID")


def are_several_stacks(places: Iterable[tuple[str, float]]) -> bool:
    """Whether slices that look like one series are several, put into each other.

    Parameters
    ----------
    places : iterable of (str, float)
        Instance Number, empty where there is none, and position along the normal in mm, of every slice.

    Returns
    -------
    bool
        True if a number stands at two places or a place has two numbers. Copies of a slice share both.

    Examples
    --------
    >>> are_several_stacks([("1", 0.0), ("2", 3.0), ("2", 3.0)])
    False
    >>> are_several_stacks([("1", 0.0), ("2", 3.0), ("1", 1.5), ("2", 4.5)])
    True
    """
    positions, numbers = defaultdict(set), defaultdict(set)
    for number, position_mm in places:
        if number:
            positions[number].add(round(position_mm, 2))
            numbers[round(position_mm, 2)].add(number)
    return any(len(group) > 1 for group in (*positions.values(), *numbers.values()))


def _rounded(values: object, digits: int) -> tuple[float, ...]:
    # Adding zero turns minus zero into zero.
    return tuple(np.round(np.array(values if values else [], dtype=float), digits) + 0.0)
