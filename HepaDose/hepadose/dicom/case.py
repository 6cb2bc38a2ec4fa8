"""One case for the focal-liver-reaction analysis, from a folder of DICOM files as a hospital exports it.

:func:`preflight_flr_case` never fails on bad data: it says in words what was found and what is wrong.
:func:`load_flr_case` gives the case or raises the first reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hepadose.dicom import preflight
from hepadose.dicom.choices import CaseChoices
from hepadose.dicom.choose import (
    choose_follow_up_series,
    choose_plan,
    choose_planning_series,
    choose_structures,
    structures_of,
)
from hepadose.dicom.ct import CtSeries, read_ct_series
from hepadose.dicom.dose_sum import total_dose
from hepadose.dicom.rtdose import RtDose, read_rtdose
from hepadose.dicom.rtplan import RtPlan, read_rtplan
from hepadose.dicom.rtstruct import RtStruct, read_rtstruct
from hepadose.dicom.scan import CtSeriesFiles, DicomFolder, scan_folder
from hepadose.errors import HepaDoseError, MissingInputError
from hepadose.findings import Finding, error

T = TypeVar("T")
Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class FlrCase:
    """Everything the analysis of one case reads from DICOM.

    Parameters
    ----------
    planning, follow_up : CtSeries
        HU volumes.
    dose : RtDose
        Total dose over all fractions.
    structures : RtStruct
        Drawn on the planning CT.
    follow_up_structures : RtStruct or None
        Drawn on the follow-up CT.
    plan : RtPlan or None
    fractions : int or None
        As given by the user, else as planned; None where unknown.
    findings : tuple of Finding
        The pre-flight list.
    """

    planning: CtSeries
    follow_up: CtSeries
    dose: RtDose
    structures: RtStruct
    follow_up_structures: RtStruct | None
    plan: RtPlan | None
    fractions: int | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Preflight:
    """The pre-flight list, and the case where there is one.

    ``problem`` is the first error that prevents a case; None where ``case`` is given.
    """

    findings: tuple[Finding, ...]
    case: FlrCase | None = None
    problem: HepaDoseError | None = None


def load_flr_case(
    folder: Path,
    *,
    planning_series: int | None = None,
    follow_up_series: int | None = None,
    fractions: int | None = None,
    choices: CaseChoices | None = None,
    progress: Progress | None = None,
) -> FlrCase:
    """Read one case from a folder.

    Parameters
    ----------
    folder : Path
        All DICOM files of the case, in any order and depth.
    planning_series, follow_up_series, fractions : int, optional
        Shortcuts for the same entries of ``choices``.
    choices : CaseChoices, optional
        Every choice a user can make.
    progress : callable, optional
        Called with a text and a fraction 0–1.

    Returns
    -------
    FlrCase
        Its findings are the pre-flight list.

    Raises
    ------
    HepaDoseError
        The first reason why there is no case; its subclass says what to do. The message of an
        :class:`~hepadose.errors.AmbiguousInputError` lists the candidates by number.
    """
    if choices is None:
        choices = CaseChoices(planning_series, follow_up_series, fractions=fractions)
    checked = preflight_flr_case(folder, choices, progress)
    if checked.case is None:
        raise checked.problem
    return checked.case


def preflight_flr_case(folder: Path, choices: CaseChoices | None = None, progress: Progress | None = None) -> Preflight:
    """Look at a folder and say what was found and what is wrong, going on after errors as far as possible.

    Parameters
    ----------
    folder : Path
        All DICOM files of the case.
    choices : CaseChoices, optional
    progress : callable, optional
        Called with a text and a fraction 0–1.

    Returns
    -------
    Preflight
    """
    examination = _Examination(choices or CaseChoices(), progress or (lambda text, part: None))
    case = examination.run(Path(folder))
    findings = tuple(dict.fromkeys(examination.findings))
    return Preflight(findings, case, None if case else examination.problem)


@dataclass
class _Examination:
    """Runs the steps, collects findings, remembers the first error."""

    choices: CaseChoices
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    problem: HepaDoseError | None = None

    def attempt(self, subject: str, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T | None:
        """The function's value; None where it refused, with the refusal as a finding."""
        try:
            return function(*args, **kwargs)
        except HepaDoseError as problem:
            self.findings.append(error(subject, str(problem)))
            self.problem = self.problem or problem
            return None

    def run(self, folder: Path) -> FlrCase | None:
        """All steps; None where the case cannot be put together."""
        found = self.attempt("Folder", scan_folder, folder, lambda text, part: self.progress(text, 0.3 * part))
        if found is None:
            return None
        self.findings += found.findings
        doses, structure_sets, plans = self._rt_objects(found)
        planning, follow_up = self._series(found, doses, structure_sets, plans)
        doses = self._chosen_doses(doses)
        plan, plan_findings = choose_plan(plans, doses)
        self.findings += plan_findings
        fractions = self.choices.fractions or (plan.fractions_planned if plan else None)
        total = self.attempt("Dose", total_dose, doses, plan, fractions_confirmed=self.choices.fractions)
        structures, later = self._structures(structure_sets, planning, follow_up, plans)
        volumes = self._volumes(planning, follow_up)
        self._cross_checks(volumes, total, structures, plan, fractions)
        if self.problem or None in (*volumes, total, structures):
            return None
        findings = tuple(dict.fromkeys(self.findings))
        return FlrCase(*volumes, total, structures, later, plan, fractions, findings)

    def _rt_objects(self, found: DicomFolder) -> tuple[list[RtDose], list[RtStruct], list[RtPlan]]:
        self.progress("Reading doses, structures and plans", 0.3)
        return (
            self._read_all("Dose", found.dose_paths, read_rtdose),
            self._read_all("Structures", found.structure_paths, read_rtstruct),
            self._read_all("Plan", found.plan_paths, read_rtplan),
        )

    def _read_all(self, subject: str, paths: Sequence[Path], read: Callable[[Path], T]) -> list[T]:
        """Every object that can be read. One that cannot is no problem of the case while another one can."""
        before = self.problem
        objects = [self.attempt(subject, read, path) for path in paths]
        readable = [one for one in objects if one is not None]
        if readable:
            self.problem = before
        return readable

    def _series(
        self, found: DicomFolder, doses: list[RtDose], structure_sets: list[RtStruct], plans: list[RtPlan]
    ) -> tuple[CtSeriesFiles | None, CtSeriesFiles | None]:
        wanted = self.choices
        planning = self.attempt(
            "Planning CT",
            choose_planning_series,
            found.ct_series,
            doses,
            structure_sets,
            plans,
            wanted.planning_series,
        )
        if planning is None:
            return None, None
        follow_up = self.attempt(
            "Follow-up CT", choose_follow_up_series, found.ct_series, planning, wanted.follow_up_series
        )
        return planning, follow_up

    def _chosen_doses(self, doses: list[RtDose]) -> list[RtDose]:
        number = self.choices.dose
        if number is None:
            return doses
        if 1 <= number <= len(doses):
            return [doses[number - 1]]
        self.attempt("Dose", _refuse, f"There is no dose {number}; there are {len(doses)}.")
        return []

    def _structures(
        self,
        structure_sets: list[RtStruct],
        planning: CtSeriesFiles | None,
        follow_up: CtSeriesFiles | None,
        plans: list[RtPlan],
    ) -> tuple[RtStruct | None, RtStruct | None]:
        if planning is None:
            return None, None
        structures = self.attempt(
            "Structures", choose_structures, structure_sets, planning, plans, self.choices.structure_set
        )
        later = [s for s in structures_of(structure_sets, follow_up) if s is not structures] if follow_up else []
        self.findings += preflight.later_structure_findings(later)
        return structures, later[0] if len(later) == 1 else None

    def _volumes(
        self, planning: CtSeriesFiles | None, follow_up: CtSeriesFiles | None
    ) -> tuple[CtSeries | None, CtSeries | None]:
        volumes = []
        for part, subject, files in ((0.4, "Planning CT", planning), (0.7, "Follow-up CT", follow_up)):
            self.progress(f"Reading the {subject}", part)
            volume = None
            if files is not None:
                fill = self.choices.fill_missing
                volume = self.attempt(subject, read_ct_series, files.paths, fill_missing=fill, subject=subject)
            if volume is not None:
                self.findings += preflight.series_findings(volume, files.number, subject)
            volumes.append(volume)
        return volumes[0], volumes[1]

    def _cross_checks(
        self,
        volumes: tuple[CtSeries | None, CtSeries | None],
        dose: RtDose | None,
        structures: RtStruct | None,
        plan: RtPlan | None,
        fractions: int | None,
    ) -> None:
        self.progress("Checking how the objects fit together", 0.9)
        planning, follow_up = volumes
        if planning and dose:
            self.findings += preflight.dose_findings(dose, fractions)
            frame = self.attempt("Dose", preflight.require_same_frame, dose, planning, self.choices.trust_frames)
            self.findings += [] if frame is None else [frame]
        self.findings += preflight.plan_findings(plan, fractions)
        if planning and structures:
            self.findings += preflight.structure_findings(structures, planning)
            wanted, required = self.choices.liver, self.choices.liver_required
            self.findings += preflight.liver_findings(structures, wanted, planning.image, dose, required)
        if planning and follow_up:
            self.findings += preflight.relation_findings(planning, follow_up)


def _refuse(message: str) -> None:
    raise MissingInputError(message)
