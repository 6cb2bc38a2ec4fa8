"""What an assessment is made from, and what it says: times, settings, lesions over time, responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import hepadose
from hepadose.findings import Finding
from hepadose.recist.criteria import Criterion, criterion
from hepadose.recist.diameters import DiameterSettings, LesionDiameters
from hepadose.recist.lesions import Lesion, Observation, Role
from hepadose.recist.overall import NewLesions
from hepadose.recist.pairing import LesionMap, PairingSettings
from hepadose.recist.target_response import Category, TargetResponse


@dataclass(frozen=True, eq=False)
class TimePoint:
    """The lesions of one time.

    Parameters
    ----------
    name : str
        "Baseline", "Follow-up 1"; never a date.
    measured : LesionMap
        On the grid of the series, where diameters are measured.
    paired : LesionMap, optional
        The same lesions on the grid that all times share; ``measured`` if omitted.
    months_since_treatment : float, optional
    non_target : Category, optional
        A reader's statement on the non-targets; derived from their presence if omitted.
    new : NewLesions, optional
        A reader's statement on new lesions; yes where any was found, if omitted.
    """

    name: str
    measured: LesionMap
    paired: LesionMap | None = None
    months_since_treatment: float | None = None
    non_target: Category | None = None
    new: NewLesions | None = None


@dataclass(frozen=True)
class AssessmentSettings:
    """How a patient is assessed.

    Parameters
    ----------
    criteria : tuple of Criterion
        The first leads; RECIST 1.1 chooses the targets of all.
    diameters : DiameterSettings
    pairing : PairingSettings
    roles : dict of str to Role
        What a person decided, by the lesion's name.
    one_reader : bool
        Whether one reader or program outlined all times.
    """

    criteria: tuple[Criterion, ...] = field(default_factory=lambda: (criterion("recist-1.1"),))
    diameters: DiameterSettings = field(default_factory=DiameterSettings)
    pairing: PairingSettings = field(default_factory=PairingSettings)
    roles: Mapping[str, Role] = field(default_factory=dict)
    one_reader: bool = False


@dataclass(frozen=True)
class LesionCourse:
    """One lesion over time.

    Parameters
    ----------
    lesion : Lesion
    role : Role or None
    reason : str
        Why it has this role.
    observations : tuple of Observation
        Per time.
    diameters : tuple of tuple of LesionDiameters
        Per time and part.
    volumes_ml : tuple of float
        Per time; 0 where it is absent or part of another.
    """

    lesion: Lesion
    role: Role | None
    reason: str
    observations: tuple[Observation, ...]
    diameters: tuple[tuple[LesionDiameters, ...], ...]
    volumes_ml: tuple[float, ...]


@dataclass(frozen=True)
class CriterionResponse:
    """What one criterion says at one time.

    Parameters
    ----------
    criterion : Criterion
    target : TargetResponse, optional
        None for a patient without targets.
    non_target : Category, optional
    new : NewLesions
    overall : Category
    remarks : tuple of str
        Nearness to another category, and the criterion's own warning.
    """

    criterion: Criterion
    target: TargetResponse | None
    non_target: Category | None
    new: NewLesions
    overall: Category
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """The answer: all lesions, and per follow-up what each criterion says.

    Parameters
    ----------
    times : tuple of str
    lesions : tuple of LesionCourse
    responses : tuple of tuple of CriterionResponse
        Per follow-up (the baseline has none), in the order of the criteria.
    settings : AssessmentSettings
    findings : tuple of Finding
    software_version : str
    """

    times: tuple[str, ...]
    lesions: tuple[LesionCourse, ...]
    responses: tuple[tuple[CriterionResponse, ...], ...]
    settings: AssessmentSettings
    findings: tuple[Finding, ...]
    software_version: str = hepadose.__version__
