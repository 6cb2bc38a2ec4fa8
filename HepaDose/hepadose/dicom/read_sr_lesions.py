"""Read lesions back from a structured report as :mod:`hepadose.dicom.write_sr_lesions` writes it.

A follow-up takes from the baseline's report what must stay the same: names and tracking UIDs. Reports of other programs
are read as far as they hold the same groups; what they hold beside is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.dicom.concepts import LESION_ROLE, LONG_AXIS, SHORT_AXIS, TIME_POINT, VOLUME, Concept
from hepadose.dicom.lesion_report import LesionRole
from hepadose.dicom.write_seg import require_highdicom
from hepadose.errors import UnreadableFileError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class ReportedAxis:
    """A length as a report tells it.

    Parameters
    ----------
    length_mm : float
    ends_lps : numpy.ndarray, shape (2, 3), optional
        In mm, where they were written in patient coordinates.
    ends_pixels : numpy.ndarray, shape (2, 2), optional
        (column, row) with 0 at the outer corner of the first pixel, where they were written on an image.
    image_uid : str
        SOP Instance UID of that image; empty without one.
    """

    length_mm: float
    ends_lps: np.ndarray | None = None
    ends_pixels: np.ndarray | None = None
    image_uid: str = ""


@dataclass(frozen=True)
class ReportedLesion:
    """A lesion as a report tells it; what is not told is None or empty.

    Parameters
    ----------
    name, tracking_uid : str
    time_point : str
    long_axis : ReportedAxis
    short_axis : ReportedAxis, optional
    volume_ml : float, optional
    role : LesionRole, optional
    """

    name: str
    tracking_uid: str
    time_point: str
    long_axis: ReportedAxis
    short_axis: ReportedAxis | None = None
    volume_ml: float | None = None
    role: LesionRole | None = None


def read_lesion_report(path: Path) -> tuple[ReportedLesion, ...]:
    """The lesions of a TID 1500 report.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of ReportedLesion
        Groups that have a long axis, in the report's order.

    Raises
    ------
    UnreadableFileError
        If the file is no report of measurements.
    MissingDependencyError
        If highdicom is not installed.
    """
    hd = require_highdicom()
    from pydicom.errors import InvalidDicomError

    try:
        groups = hd.sr.srread(path).content.get_image_measurement_groups()
        return tuple(lesion for group in groups for lesion in _lesions(group))
    except (AttributeError, InvalidDicomError, KeyError, OSError, RuntimeError, TypeError, ValueError) as problem:
        raise UnreadableFileError(
            "The file is no DICOM report of measurements (TID 1500); choose the report of the earlier time point."
        ) from problem


def _lesions(group) -> Iterator[ReportedLesion]:
    long, short = (_axis(group, name) for name in (LONG_AXIS, SHORT_AXIS))
    if long is None:
        return
    volumes = group.get_measurements(VOLUME.code())
    times = [item.value for item in group[0].ContentSequence if item.name == TIME_POINT.code()]
    yield ReportedLesion(
        group.tracking_identifier or "",
        str(group.tracking_uid or ""),
        times[0] if times else "",
        long,
        short,
        float(volumes[0].value) if volumes else None,
        _role(group),
    )


def _role(group) -> LesionRole | None:
    told = [found.value.value for found in group.get_qualitative_evaluations(LESION_ROLE.code())]
    return next((role for role in LesionRole if role.value.value in told), None)


def _axis(group, name: Concept) -> ReportedAxis | None:
    found = group.get_measurements(name.code())
    if not found:
        return None
    length_mm = float(found[0].value)
    for coordinates in found[0].referenced_coordinates:
        points = np.array(coordinates.value, float)
        if coordinates.ValueType == "SCOORD3D":
            return ReportedAxis(length_mm, ends_lps=points)
        return ReportedAxis(length_mm, ends_pixels=points, image_uid=_image_uid(coordinates))
    return ReportedAxis(length_mm)


def _image_uid(coordinates: Dataset) -> str:
    images = [item for item in coordinates.get("ContentSequence", ()) if item.ValueType == "IMAGE"]
    return str(images[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID) if images else ""
