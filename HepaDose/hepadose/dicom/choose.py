"""Which CT is the planning CT and which the follow-up, which structure set, plan and dose belong to them.

By the references between the objects, never by descriptions; where the references leave a choice, the candidates are
listed by number.
"""

from __future__ import annotations

from collections.abc import Sequence

from hepadose.dicom.rtdose import RtDose
from hepadose.dicom.rtplan import RtPlan
from hepadose.dicom.rtstruct import RtStruct
from hepadose.dicom.scan import CtSeriesFiles
from hepadose.errors import AmbiguousInputError, MissingInputError
from hepadose.findings import Finding, warning


def choose_planning_series(
    series: Sequence[CtSeriesFiles],
    doses: Sequence[RtDose],
    structure_sets: Sequence[RtStruct],
    plans: Sequence[RtPlan],
    number: int | None = None,
) -> CtSeriesFiles:
    """The CT that the treatment was planned on.

    Parameters
    ----------
    series, doses, structure_sets, plans : sequence
        Everything found.
    number : int, optional
        The user's choice among ``series``.

    Returns
    -------
    CtSeriesFiles
        The series that the plan's structure set was drawn on; else one in the dose's frame of reference with
        structures; else the only one in that frame of reference.

    Raises
    ------
    MissingInputError
        If no series is related to dose and structures.
    AmbiguousInputError
        If several are equally related.
    """
    if number is not None:
        return series_by_number(series, number)
    frames = {dose.frame_of_reference_uid for dose in doses} - {""}
    planned_on = {plan.referenced_structure_set_uid for plan in plans} - {""}
    scores = []
    for one in series:
        drawn = [s for s in structure_sets if one.series_uid in s.referenced_series_uids]
        in_plan = any(s.sop_instance_uid in planned_on for s in drawn)
        in_frame = one.frame_of_reference_uid in frames
        scores.append((in_frame, in_plan, bool(drawn)))
    best = max(scores, default=(False, False, False))
    fitting = [one for one, score in zip(series, scores, strict=True) if score == best]
    if not any(best):
        raise MissingInputError(
            f"None of the {len(series)} CT series is related to the dose or to a structure set: {_listed(series)}; "
            "export the planning CT too, or choose it by number."
        )
    return _one(fitting, "be the planning CT")


def choose_follow_up_series(
    series: Sequence[CtSeriesFiles], planning: CtSeriesFiles, number: int | None = None
) -> CtSeriesFiles:
    """The CT after radiotherapy: the only other series, or the only one on a later day than the planning CT.

    Raises
    ------
    MissingInputError
        If there is no other series.
    AmbiguousInputError
        If several would fit; lists them.
    """
    if number is not None:
        return series_by_number(series, number)
    others = [one for one in series if one.number != planning.number]
    if not others:
        raise MissingInputError("There is no other CT series than the planning CT; add the follow-up CT to the folder.")
    dated = [one for one in others if one.acquisition_date and planning.acquisition_date]
    later = [one for one in dated if one.acquisition_date > planning.acquisition_date]
    return _one(later or others, "be the follow-up CT")


def series_by_number(series: Sequence[CtSeriesFiles], number: int) -> CtSeriesFiles:
    """The series with a number, as listed to the user.

    Raises
    ------
    MissingInputError
        If there is none; lists those there are.
    """
    for one in series:
        if one.number == number:
            return one
    raise MissingInputError(f"There is no CT series {number}; there are: {_listed(series)}.")


def choose_structures(
    structure_sets: Sequence[RtStruct], drawn_on: CtSeriesFiles, plans: Sequence[RtPlan], number: int | None = None
) -> RtStruct:
    """The structure set drawn on a series; of several, the one the plan refers to, or the one chosen by number from 1.

    Raises
    ------
    MissingInputError
        If there is none.
    AmbiguousInputError
        If several would fit.
    """
    fitting = structures_of(structure_sets, drawn_on)
    if number is not None:
        if not 1 <= number <= len(structure_sets):
            raise MissingInputError(f"There is no structure set {number}; there are {len(structure_sets)}.")
        return structure_sets[number - 1]
    planned_on = {plan.referenced_structure_set_uid for plan in plans} - {""}
    fitting = [s for s in fitting if s.sop_instance_uid in planned_on] or fitting
    if not fitting:
        raise MissingInputError(
            f"None of the {len(structure_sets)} structure sets was drawn on the planning CT; export the one with the "
            "liver too."
        )
    if len(fitting) > 1:
        words = "; ".join(f"number {structure_sets.index(s) + 1}: {len(s.structures)} structures" for s in fitting)
        raise AmbiguousInputError(f"{len(fitting)} structure sets were drawn on the planning CT ({words}); choose one.")
    return fitting[0]


def structures_of(structure_sets: Sequence[RtStruct], drawn_on: CtSeriesFiles) -> list[RtStruct]:
    """The structure sets drawn on a series; where none says so, or the series has no UID, those in its frame."""
    referring = [s for s in structure_sets if drawn_on.series_uid in s.referenced_series_uids]
    frame = drawn_on.frame_of_reference_uid
    return referring or [
        s
        for s in structure_sets
        if frame and s.frame_of_reference_uid == frame and not (s.referenced_series_uids and drawn_on.series_uid)
    ]


def choose_plan(plans: Sequence[RtPlan], doses: Sequence[RtDose]) -> tuple[RtPlan | None, list[Finding]]:
    """The plan that the doses refer to, or None, with what is to be told about it."""
    referenced = {dose.referenced_plan_uid for dose in doses} - {""}
    fitting = [plan for plan in plans if plan.sop_instance_uid in referenced]
    if len(fitting) == 1:
        return fitting[0], []
    if not plans:
        return None, [warning("Plan", "No RT Plan: the number of fractions must be given for EQD2 and BED.")]
    if len(plans) == 1 and not referenced:
        return plans[0], [warning("Plan", "The dose does not say which plan it belongs to; the only plan was taken.")]
    text = f"None of the {len(plans)} plans can be told to be the dose's plan; the number of fractions must be given."
    return None, [warning("Plan", text)]


def _one(fitting: Sequence[CtSeriesFiles], role: str) -> CtSeriesFiles:
    if len(fitting) == 1:
        return fitting[0]
    raise AmbiguousInputError(
        f"{len(fitting)} CT series could {role}: {_listed(fitting)}; choose one by its series number."
    )


def _listed(series: Sequence[CtSeriesFiles]) -> str:
    return "; ".join(one.describe() for one in series) or "none"
