"""A patient's answer beside the published thresholds: values only where the conditions are the same, else the reasons.

A study that did not state a condition is not comparable: unknown is not the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import MissingInputError, SettingsError
from hepadose.flr.radiobiology import dose_for_bed
from hepadose.flr.result import DoseContext, FlrResult
from hepadose.flr.settings import DoseQuantity
from hepadose.report.studies import (
    CHILD_PUGH,
    MODALITIES,
    PHASES,
    PUBLISHED_THRESHOLDS,
    Definition,
    PublishedThreshold,
    StudyConditions,
    StudyValue,
)
from hepadose.report.text import interval, number

NOT_STATED = "not stated by the study"


@dataclass(frozen=True)
class PatientStatement:
    """What a reader states about the patient before anything is compared; None where it was not stated.

    Parameters
    ----------
    modality : str or None
        One of :data:`hepadose.report.studies.MODALITIES`.
    phase : str or None
        One of :data:`hepadose.report.studies.PHASES`.
    months_since_treatment : float or None
        From the end of the irradiation to the follow-up scan.
    child_pugh : str or None
        One of :data:`hepadose.report.studies.CHILD_PUGH`.
    """

    modality: str | None = None
    phase: str | None = None
    months_since_treatment: float | None = None
    child_pugh: str | None = None

    @property
    def missing(self) -> list[str]:
        """What was not stated, in words."""
        return [name for name, value in self.conditions.items() if value is None]

    @property
    def conditions(self) -> dict[str, str | float | None]:
        """Everything that is to be stated, by its name in words."""
        return {
            "modality": self.modality,
            "contrast phase": self.phase,
            "months since treatment": self.months_since_treatment,
            "Child-Pugh class": self.child_pugh,
        }

    @property
    def texts(self) -> dict[str, str]:
        """Every condition by its name: as stated, or that it was not."""
        found = {name: value if isinstance(value, str) else None for name, value in self.conditions.items()}
        if self.months_since_treatment is not None:
            found["months since treatment"] = f"{self.months_since_treatment:g}"
        return {name: text or "not stated" for name, text in found.items()}


@dataclass(frozen=True)
class ComparisonRow:
    """One study beside the patient."""

    study: PublishedThreshold
    differences: tuple[str, ...]
    """How the patient differs from the study's conditions, in words; empty where nothing does."""
    agreements: tuple[str, ...]
    """Which conditions are the same, in words."""
    own_gy: float | None = None
    """The patient's value by the study's definition, in physical Gy; None where values cannot be compared."""
    published: StudyValue | None = None
    """The study's value for the patient's phase and time; None where values cannot be compared."""

    @property
    def comparable(self) -> bool:
        """Whether both values are given."""
        return self.own_gy is not None

    @property
    def value_text(self) -> str:
        """Both values with unit and definition, or why there are none."""
        if not self.comparable:
            return "not comparable"
        spread = f" ({interval(self.published.spread_gy)})" if self.published.spread_gy else ""
        definition = self.study.conditions.definition.value
        return f"{number(self.own_gy, 1, 'Gy')} against {number(self.published.gy, 1, 'Gy')}{spread}, {definition}"


def comparison(result: FlrResult, statement: PatientStatement) -> tuple[ComparisonRow, ...]:
    """Every published threshold beside a result.

    Parameters
    ----------
    result : FlrResult
        The answer, with fractions.
    statement : PatientStatement
        Everything must be stated.

    Returns
    -------
    tuple of ComparisonRow
        In the order of :data:`hepadose.report.studies.PUBLISHED_THRESHOLDS`.

    Raises
    ------
    MissingInputError
        Naming everything that is not stated.
    SettingsError
        If a statement is none of those known, or the time is not positive.
    """
    _require_complete(statement)
    return tuple(_row(study, result, statement) for study in PUBLISHED_THRESHOLDS)


def comparison_or_reason(
    result: FlrResult, statement: PatientStatement | None
) -> tuple[tuple[ComparisonRow, ...], str]:
    """The comparison where it can be made, else no row and why in words; neither where nothing was asked for."""
    if statement is None:
        return (), ""
    try:
        return comparison(result, statement), ""
    except (MissingInputError, SettingsError) as problem:
        return (), str(problem)


def _require_complete(statement: PatientStatement) -> None:
    parts = statement.conditions
    if statement.missing:
        raise MissingInputError(
            f"Before comparing with published thresholds, state the {', the '.join(statement.missing)}: "
            "their values hold only under the conditions of their study."
        )
    known = {"modality": MODALITIES, "contrast phase": PHASES, "Child-Pugh class": CHILD_PUGH}
    for name, allowed in known.items():
        if parts[name] not in allowed:
            raise SettingsError(f"The {name} must be one of {', '.join(allowed)}, got {parts[name]}.")
    require_range("months since treatment", statement.months_since_treatment, 0.01, 240.0)


def _row(study: PublishedThreshold, result: FlrResult, statement: PatientStatement) -> ComparisonRow:
    conditions = study.conditions
    checks = [
        _named("modality", statement.modality, conditions.modality and (conditions.modality,)),
        _named("contrast phase", statement.phase, conditions.phases),
        _time(statement.months_since_treatment, conditions.months),
        _fractions(result.dose.fractions, conditions.fractions),
        _named("liver function", _liver_words(statement.child_pugh), tuple(map(_liver_words, conditions.livers))),
    ]
    differences = [text for same, text in checks if not same]
    if conditions.definition is None:
        differences.append(f"definition of the threshold: {NOT_STATED}")
    if conditions.definition is Definition.LOGISTIC_D50 and result.dose.quantity is not DoseQuantity.PHYSICAL:
        # Unlike an order of doses, a fit over EQD2 or BED is another fit.
        differences.append("quantity: the study fitted physical dose; match in physical dose to compare")
    value = _value_for(conditions, statement)
    if value is None and not differences:
        differences.append(f"no scan of the study at {statement.months_since_treatment:g} months")
    agreements = tuple(text for same, text in checks if same)
    if differences:
        return ComparisonRow(study, tuple(differences), agreements)
    own_gy = _physical(_own_value(conditions.definition, result), result.dose)
    return ComparisonRow(study, (), agreements, own_gy, value)


def _liver_words(child_pugh: str) -> str:
    return child_pugh if child_pugh == "no cirrhosis" else f"Child-Pugh {child_pugh}"


def _named(subject: str, own: str, theirs: tuple[str, ...] | None) -> tuple[bool, str]:
    if not theirs:
        return False, f"{subject}: {own}, {NOT_STATED}"
    if own in theirs:
        return True, f"same {subject}: {own}"
    return False, f"{subject}: {own}, in the study {' or '.join(theirs)}"


def _time(months: float, window: tuple[float, float] | None) -> tuple[bool, str]:
    own = f"{months:g} months"
    if window is None:
        return False, f"time since treatment: {own}, {NOT_STATED}"
    words = f"{window[0]:.1f}–{window[1]:.1f} months"
    if window[0] <= months <= window[1]:
        return True, f"same time since treatment: {own} within {words}"
    return False, f"time since treatment: {own}, in the study {words}"


def _fractions(own: int | None, theirs: int | None) -> tuple[bool, str]:
    if own is None:
        return False, "fractionation: the number of fractions of the patient is unknown"
    if theirs is None:
        return False, f"fractionation: {own}, {NOT_STATED}"
    if own == theirs:
        return True, f"same fractionation: {own}"
    return False, f"fractionation: {own}, in the study {theirs}"


def _value_for(conditions: StudyConditions, statement: PatientStatement) -> StudyValue | None:
    """The study's value for the patient's phase and time."""
    months = statement.months_since_treatment
    for value in conditions.values:
        same_phase = value.phase is None or value.phase == statement.phase
        if same_phase and (value.months is None or value.months[0] <= months <= value.months[1]):
            return value
    return None


def _own_value(definition: Definition, result: FlrResult) -> float:
    """The patient's value by a definition, in Gy of the result's quantity."""
    estimators, curve = result.estimators, result.curve
    if definition is Definition.VOLUME_MATCH:
        return estimators.volume_match_gy
    if definition is Definition.D90:
        return estimators.d90_gy
    if definition is Definition.LOGISTIC_D50:
        return estimators.logistic_d50_gy
    return float(curve.levels_gy[int(np.nanargmax(curve.dice))])


def _physical(value_gy: float, dose: DoseContext) -> float:
    """A value of the result's quantity as physical dose; what rests on the order of doses alone keeps its meaning."""
    if dose.quantity is DoseQuantity.PHYSICAL:
        return value_gy
    bed = value_gy * (1.0 + 2.0 / dose.alpha_beta_gy) if dose.quantity is DoseQuantity.EQD2 else value_gy
    return float(dose_for_bed(bed, dose.fractions, dose.alpha_beta_gy))
