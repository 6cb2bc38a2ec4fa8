"""From the dose objects of a plan to its total dose: which object to take, which to add, which to refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hepadose.dicom.rtdose import SUBJECT, DoseSummation, RtDose
from hepadose.dicom.rtplan import RtPlan
from hepadose.dicom.wording import counted
from hepadose.errors import AmbiguousInputError, GeometryMismatchError, MissingInputError, UnitsError
from hepadose.findings import Finding, Level, ok, warning
from hepadose.images import require_same_grid

_PREFERENCE = (DoseSummation.PLAN, DoseSummation.MULTI_PLAN, DoseSummation.BEAM, DoseSummation.FRACTION)


def total_dose(
    doses: Sequence[RtDose], plan: RtPlan | None = None, *, fractions_confirmed: int | None = None
) -> RtDose:
    """The dose of the whole treatment from the given dose objects.

    Parameters
    ----------
    doses : sequence of RtDose
        All dose objects of the case.
    plan : RtPlan, optional
        For the number of beams that a sum over beams must hold.
    fractions_confirmed : int, optional
        Number of fractions, confirmed by a person; a dose per fraction is multiplied by it.

    Returns
    -------
    RtDose
        In Gy over all fractions, with a finding that says how it came about.

    Raises
    ------
    MissingInputError
        If there is no dose, beams of the plan are missing, or the number of fractions is not confirmed.
    AmbiguousInputError
        If several doses would fit.
    GeometryMismatchError
        If the doses of beams are on different grids.
    UnitsError
        If only doses of a kind are given that cannot be the dose of a treatment.

    Notes
    -----
    PLAN is taken as it is and wins over all others; MULTI_PLAN is taken as the total; BEAM doses of one plan are
    added after their number was checked; FRACTION is multiplied by the confirmed number of fractions.

    References
    ----------
    DICOM PS3.3 C.8.8.3.1 (Dose Summation Type).
    """
    if not doses:
        raise MissingInputError("There is no RT Dose; export the dose of the plan too.")
    kinds = Counter(dose.summation_type for dose in doses)
    kind = next((kind for kind in _PREFERENCE if kinds[kind]), None)
    if kind is None:
        found = ", ".join(f"{count} {kind.value}" for kind, count in kinds.items())
        raise UnitsError(
            f"None of the {len(doses)} dose objects is the dose of a whole plan (found: {found}); "
            "export the plan's dose (DoseSummationType PLAN)."
        )
    chosen = [dose for dose in doses if dose.summation_type is kind]
    if kind is DoseSummation.BEAM:
        total = _sum_of_beams(chosen, plan)
    else:
        total = _finished(_only(chosen, doses), plan, fractions_confirmed)
    return replace(total, findings=(*total.findings, *_passed_over(kinds, kind)))


def _finished(dose: RtDose, plan: RtPlan | None, fractions: int | None) -> RtDose:
    if dose.summation_type is DoseSummation.FRACTION:
        return _times_fractions(dose, plan, fractions)
    if dose.summation_type is DoseSummation.MULTI_PLAN:
        text = "Sum of several plans: taken as total dose; EQD2 and BED need the dose of every plan."
        return replace(dose, findings=(*dose.findings, warning(SUBJECT, text)))
    return dose


def _only(fitting: list[RtDose], doses: Sequence[RtDose]) -> RtDose:
    """The only dose that fits; the numbers in the message count all doses."""
    if len(fitting) == 1:
        return fitting[0]
    words = "; ".join(
        f"number {number}: maximum {dose.maximum_gy:.2f} Gy, {dose.image.describe_grid()}"
        for number, dose in enumerate(doses, start=1)
        if dose in fitting
    )
    raise AmbiguousInputError(
        f"There are {len(fitting)} doses of the type {fitting[0].summation_type.value} ({words}); choose one by number."
    )


def _sum_of_beams(doses: list[RtDose], plan: RtPlan | None) -> RtDose:
    if len({dose.referenced_plan_uid for dose in doses}) > 1:
        raise AmbiguousInputError("The doses of beams belong to several plans; give the doses of one plan.")
    _require_all_beams([dose.referenced_beam_number for dose in doses], plan)
    if len({dose.frame_of_reference_uid for dose in doses}) > 1 or len({dose.dose_type for dose in doses}) > 1:
        raise GeometryMismatchError(
            "The doses of beams differ in frame of reference or dose type; they cannot be added."
        )
    require_same_grid(**{f"dose of beam {n}": dose.image for n, dose in enumerate(doses, start=1)})
    array = np.sum([dose.image.array for dose in doses], axis=0, dtype=np.float64).astype(np.float32)
    findings = [finding for dose in doses for finding in dose.findings if finding.level is not Level.OK]
    text = f"Sum of the doses of {counted(len(doses), 'beam')}"
    unchecked = f"{text}; without a plan their number cannot be checked."
    findings.append(ok(SUBJECT, f"{text}.") if plan else warning(SUBJECT, unchecked))
    return replace(
        doses[0],
        image=doses[0].image.with_array(array),
        maximum_gy=float(array.max()),
        summation_type=DoseSummation.PLAN,
        referenced_beam_number=None,
        findings=tuple(dict.fromkeys(findings)),
        sop_instance_uid="",
    )


def _require_all_beams(numbers: list[int | None], plan: RtPlan | None) -> None:
    known = [number for number in numbers if number is not None]
    repeated = [number for number, count in Counter(known).items() if count > 1]
    if repeated:
        raise AmbiguousInputError(f"Several doses are given for beam {repeated[0]}; give one dose per beam.")
    if plan is None or not plan.beam_numbers:
        return
    missing = sorted(set(plan.beam_numbers) - set(known))
    if len(numbers) != len(plan.beam_numbers) or (known and missing):
        which = f" (missing: beam {', '.join(map(str, missing))})" if known and missing else ""
        raise MissingInputError(
            f"There are doses of {len(numbers)} beams but the plan has {len(plan.beam_numbers)}{which}; "
            "export the dose of every beam or of the whole plan."
        )


def _times_fractions(dose: RtDose, plan: RtPlan | None, fractions: int | None) -> RtDose:
    planned = plan.fractions_planned if plan else None
    if fractions is None:
        said = f"the plan says {planned}" if planned else "no plan says it"
        raise MissingInputError(
            f"The dose is that of one fraction; confirm the number of fractions to multiply it by ({said})."
        )
    findings = [ok(SUBJECT, f"Dose of one fraction multiplied by {counted(fractions, 'confirmed fraction')}.")]
    if planned not in (None, fractions):
        findings.append(warning(SUBJECT, f"{counted(fractions, 'fraction')} confirmed but the plan says {planned}."))
    return replace(
        dose,
        image=dose.image.with_array(dose.image.array * np.float32(fractions)),
        maximum_gy=dose.maximum_gy * fractions,
        summation_type=DoseSummation.PLAN,
        findings=(*dose.findings, *findings),
        sop_instance_uid="",
    )


def _passed_over(kinds: Counter[DoseSummation], taken: DoseSummation) -> list[Finding]:
    others = ", ".join(f"{count} {kind.value}" for kind, count in kinds.items() if kind is not taken)
    return [ok(SUBJECT, f"Dose of the type {taken.value} taken; not used: {others}.")] if others else []
