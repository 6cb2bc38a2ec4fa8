"""What a report on lesions holds: axes with their ends, the lesion they belong to, its time point, the response.

Knows nothing of DICOM objects; lengths and categories come from whoever measured and judged.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum

from hepadose.dicom.concepts import (
    BASELINE,
    LIVER,
    NADIR,
    NEW_LESION,
    NON_TARGET_LESION,
    OVERALL_RESPONSES,
    POSTTREATMENT,
    RECIST_1_1,
    TARGET_LESION,
    TARGET_RESPONSE,
    Concept,
)
from hepadose.errors import SettingsError

LENGTH_TOLERANCE_MM = 0.1
"""Lengths may be rounded to 0.1 mm; more than this is another line."""
Point = tuple[float, float, float]


class LesionRole(Enum):
    """What a lesion is to the criteria, as DICOM's CID 6145 says it."""

    TARGET = TARGET_LESION
    NON_TARGET = NON_TARGET_LESION
    NEW = NEW_LESION


class TimePointKind(Enum):
    """What a time point is in the course, as DICOM's CID 6146 says it."""

    BASELINE = BASELINE
    NADIR = NADIR
    FOLLOW_UP = POSTTREATMENT


@dataclass(frozen=True)
class MeasuredAxis:
    """A length, and where it was measured.

    Parameters
    ----------
    length_mm : float
        0 for a lesion that vanished.
    ends_lps : tuple of 2 points, optional
        Ends in patient coordinates (LPS) in mm; None for a length that no line shows, as 0 for a vanished lesion or
        the 5 mm of one that is too small to measure.

    Raises
    ------
    SettingsError
        If the length is negative or no number, or the ends are farther apart or nearer than it says.
    """

    length_mm: float
    ends_lps: tuple[Point, Point] | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.length_mm) or self.length_mm < 0.0:
            raise SettingsError(f"The length of an axis is 0 mm or more, got {self.length_mm:g}; leave it out.")
        if self.ends_lps is None:
            return
        apart_mm = math.dist(*self.ends_lps)
        if not abs(apart_mm - self.length_mm) <= LENGTH_TOLERANCE_MM:
            raise SettingsError(
                f"An axis of {self.length_mm:g} mm has ends that are {apart_mm:.2f} mm apart; "
                "give the ends of the line that was measured."
            )


@dataclass(frozen=True)
class LesionMeasurement:
    """One lesion at one time point.

    Parameters
    ----------
    name : str
        The same at all time points, for instance "Lesion 1".
    tracking_uid : str
        A DICOM UID, the same at all time points.
    long_axis : MeasuredAxis
    short_axis : MeasuredAxis, optional
        The longest chord perpendicular to the long axis.
    slice_index : int, optional
        k of the CT slice on which the axes lie, in the order of :func:`hepadose.dicom.write_seg.sorted_sources`;
        needed where an axis has ends.
    volume_ml : float, optional
    role : LesionRole
    site : Concept
        The organ.

    Raises
    ------
    SettingsError
        If an axis has ends and no slice, the volume is negative or no number, or the UID is none.
    """

    name: str
    tracking_uid: str
    long_axis: MeasuredAxis
    short_axis: MeasuredAxis | None = None
    slice_index: int | None = None
    volume_ml: float | None = None
    role: LesionRole = LesionRole.TARGET
    site: Concept = LIVER

    def __post_init__(self) -> None:
        drawn = any(axis is not None and axis.ends_lps is not None for axis in (self.long_axis, self.short_axis))
        if drawn and self.slice_index is None:
            raise SettingsError(f"{self.name}: say on which slice its axes lie.")
        _require_uid(self.name, self.tracking_uid)
        if self.volume_ml is not None and not 0.0 <= self.volume_ml < math.inf:
            raise SettingsError(f"{self.name}: a volume is 0 ml or more, got {self.volume_ml:g}; leave it out.")


def _require_uid(name: str, uid: str) -> None:
    from pydicom.uid import RE_VALID_UID

    if len(uid) > 64 or not re.fullmatch(RE_VALID_UID, uid):
        raise SettingsError(f"{name}: a tracking UID is numbers with dots between them, 64 characters at most.")


@dataclass(frozen=True)
class TimePoint:
    """When in the course the CT was taken.

    Parameters
    ----------
    name : str
        For instance "Baseline" or "Follow-up 1".
    order : int
        0 for the baseline, then upward.
    kind : TimePointKind
    days_after_baseline : float, optional
    """

    name: str
    order: int
    kind: TimePointKind
    days_after_baseline: float | None = None


@dataclass(frozen=True)
class PatientResponse:
    """The category of the patient at a time point.

    Parameters
    ----------
    overall : str
        "CR", "PR", "SD", "PD", "NON_CR_NON_PD" or "NE": target, non-target and new lesions together.
    target : str, optional
        "CR", "PR", "SD" or "PD" of the target lesions; None where there are none or not all can be evaluated.
    sum_mm : float, optional
        Sum of diameters of the target lesions.
    criteria : Concept
    tracking_uid : str, optional
        The same at all time points; drawn at random if omitted.

    Raises
    ------
    SettingsError
        If a category or the UID is none, or the sum is negative or no number.
    """

    overall: str
    target: str | None = None
    sum_mm: float | None = None
    criteria: Concept = RECIST_1_1
    tracking_uid: str | None = None

    def __post_init__(self) -> None:
        if self.tracking_uid is not None:
            _require_uid("Patient", self.tracking_uid)
        if self.overall not in OVERALL_RESPONSES:
            raise SettingsError(f'The response is {", ".join(OVERALL_RESPONSES)}, got "{self.overall}".')
        if self.target is not None and self.target not in TARGET_RESPONSE:
            raise SettingsError(f'The response of the targets is {", ".join(TARGET_RESPONSE)}, got "{self.target}".')
        if self.sum_mm is not None and not 0.0 <= self.sum_mm < math.inf:
            raise SettingsError(f"A sum of diameters is 0 mm or more, got {self.sum_mm:g}; leave it out.")
