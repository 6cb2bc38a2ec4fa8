"""What the long steps give back: values without any patient identifier, light to import."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hepadose.errors import HepaDoseError
from hepadose.findings import Finding
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

if TYPE_CHECKING:
    import SimpleITK as sitk

    from hepadose.flr.result import RegistrationSummary
    from hepadose.registration.quality import Registration, RegistrationQuality


@dataclass(frozen=True, eq=False)
class LoadedStructure:
    """A drawn structure as a mask.

    Parameters
    ----------
    name : str
        As typed by a person.
    mask : Image
        Boolean, on the grid of its CT, cropped to the smallest box around it.
    color : tuple of 3 int
        Display color, 0–255.
    role : str
        "liver", "body", "gtv", "ptv" or "reaction" where it is the one that plays this part; else empty.
    interpreted_type : str
        RT ROI Interpreted Type ("ORGAN", "GTV" …); empty where not stated.
    findings : tuple of Finding
        What was ignored or corrected in filling it.
    drawn_by : SegmentationOrigin or None
        Where the mask came from; a structure set if omitted.
    """

    name: str
    mask: Image
    color: tuple[int, int, int]
    role: str = ""
    interpreted_type: str = ""
    findings: tuple[Finding, ...] = ()
    drawn_by: SegmentationOrigin | None = None

    @property
    def volume_ml(self) -> float:
        """Volume in ml."""
        return self.mask.volume_ml()

    @property
    def origin(self) -> SegmentationOrigin:
        """Where the mask came from."""
        return self.drawn_by or SegmentationOrigin("RTSTRUCT", detail=f'structure "{self.name}"')


def mark_of(identifier: str) -> str:
    """A mark by which a DICOM identifier is known again but cannot be read; empty for an empty identifier.

    Examples
    --------
    >>> mark_of("1.2.3") == mark_of("1.2.3"), mark_of("1.2.3") == mark_of("1.2.4"), mark_of("")
    (True, False, '')
    """
    return hashlib.sha256(identifier.encode()).hexdigest() if identifier else ""


@dataclass(frozen=True)
class CaseSources:
    """Which DICOM objects a case was read from, as :func:`marks <mark_of>`: whoever has the files knows them again.

    Parameters
    ----------
    planning_series, follow_up_series : str
        Of the Series Instance UIDs of the two CTs.
    dose, structures, follow_up_structures : str
        Of the SOP Instance UIDs; empty where there is no such object or the dose was computed from stored ones.
    """

    planning_series: str
    follow_up_series: str
    dose: str
    structures: str
    follow_up_structures: str = ""


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """Everything a viewer shows of one case.

    Parameters
    ----------
    planning, follow_up : Image
        HU.
    dose : Image
        Total physical or effective dose in Gy on its own grid, in the planning CT's coordinates.
    dose_banner : str
        The dose in words: "maximum 48.2 Gy in 25 fractions, Eclipse".
    structures : tuple of LoadedStructure
        Drawn on the planning CT; empty ones are left out.
    follow_up_structures : tuple of LoadedStructure
        Drawn on the follow-up CT.
    fractions : int or None
        As given by the user, else as planned.
    prescription_gy : float or None
        As planned.
    findings : tuple of Finding
        The pre-flight list.
    same_frame : bool
        Whether follow-up CT and dose claim one frame of reference; without it they must be registered.
    interval_days : int or None
        Days from the planning CT to the follow-up CT; None where a date is missing.
    sources : CaseSources or None
        The objects it was read from; None where it was not read from DICOM.
    """

    planning: Image
    follow_up: Image
    dose: Image
    dose_banner: str
    structures: tuple[LoadedStructure, ...]
    follow_up_structures: tuple[LoadedStructure, ...]
    fractions: int | None
    prescription_gy: float | None
    findings: tuple[Finding, ...]
    same_frame: bool
    interval_days: int | None = None
    sources: CaseSources | None = None

    @property
    def planning_liver(self) -> LoadedStructure | None:
        """The liver on the planning CT."""
        return structure_in_role(self.structures, "liver")

    @property
    def follow_up_liver(self) -> LoadedStructure | None:
        """The liver on the follow-up CT."""
        return structure_in_role(self.follow_up_structures, "liver")


@dataclass(frozen=True, eq=False)
class LoadedPreflight:
    """The pre-flight list, and the case where there is one.

    ``problem`` is the first error that prevents a case; None where ``case`` is given.
    """

    findings: tuple[Finding, ...]
    case: LoadedCase | None = None
    problem: HepaDoseError | None = None


@dataclass(frozen=True, eq=False)
class RegistrationOutcome:
    """A registration with what it brings onto the grid of the follow-up CT.

    Parameters
    ----------
    registration : Registration
        Transform (follow-up to planning points, LPS mm), quality and findings.
    liver_on_follow_up : Image
        Boolean; the follow-up liver where it was given, else the planning liver carried over.
    planning_on_follow_up : Image
        HU; -1000 where the planning CT does not reach.
    dose_on_follow_up : Image or None
        Gy; NaN where the dose grid does not reach. None where no dose was given.
    liver_propagated : bool
        Whether the liver was carried over by the registration.
    """

    registration: Registration
    liver_on_follow_up: Image
    planning_on_follow_up: Image
    dose_on_follow_up: Image | None
    liver_propagated: bool

    @property
    def transform(self) -> sitk.Transform:
        """Takes points of the follow-up CT (LPS mm) to points of the planning CT."""
        return self.registration.transform

    @property
    def quality(self) -> RegistrationQuality:
        """Its figures."""
        return self.registration.quality

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Its quality gates in words."""
        return self.registration.findings

    @property
    def summary(self) -> RegistrationSummary:
        """Its figures as they enter the result of an analysis."""
        return self.registration.summary()


def structure_in_role(structures: tuple[LoadedStructure, ...], role: str) -> LoadedStructure | None:
    """The structure that plays a part; None where none does."""
    return next((structure for structure in structures if structure.role == role), None)
