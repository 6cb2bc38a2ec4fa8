"""How numbers and answers read: the only place of the report where anything is rounded."""

from __future__ import annotations

import math

import hepadose
from hepadose.findings import LEVEL_WORDS, Finding, Level
from hepadose.flr.result import BestLevel, DoseContext, FlrResult
from hepadose.flr.settings import DoseQuantity

UNDEFINED = "undefined"
UNKNOWN = "not measured"
GAP = "\N{NO-BREAK SPACE}"
VOLUME_MATCH, D90, LOGISTIC_D50 = "Volume match", "D90 of the reaction", "Logistic D50"
"""Names of the estimators that publications use."""
SEVERITY = (Level.ERROR, Level.WARNING, Level.OK)


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    """A number with its unit; NaN is "undefined", None "not measured".

    Examples
    --------
    >>> number(31.42, 1, "Gy").split(), number(float("nan"))
    (['31.4', 'Gy'], 'undefined')
    >>> number(-0.04, 1)
    '0.0'
    """
    if value is None:
        return UNKNOWN
    if math.isnan(value):
        return UNDEFINED
    # Adding 0 takes the sign from a negative zero.
    text = f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
    return f"{text}{GAP}{unit}" if unit else text


def measured(value: float | None, digits: int = 1, unit: str = "") -> str:
    """A number that something measured: "unknown" where it could not, "not measured" where it did not try."""
    return "unknown" if value is not None and math.isnan(value) else number(value, digits, unit)


def interval(bounds: tuple[float, float], digits: int = 1, unit: str = "Gy") -> str:
    """Two bounds with one unit, "29.8–33.1 Gy"; "undefined" where a bound is NaN."""
    low, high = bounds
    if math.isnan(low) or math.isnan(high):
        return UNDEFINED
    return f"{low:.{digits}f}–{high:.{digits}f}{GAP}{unit}"


def fractionation(dose: DoseContext) -> str:
    """The number of fractions in words."""
    if dose.fractions is None:
        return "fractions unknown"
    return f"{dose.fractions} fraction{'' if dose.fractions == 1 else 's'}"


def quantity_words(dose: DoseContext) -> str:
    """Quantity, alpha/beta and fractions: what every dose of the result is stated with."""
    if dose.quantity is DoseQuantity.PHYSICAL:
        return f"physical dose, {fractionation(dose)}"
    return f"{dose.quantity.label} with α/β {dose.alpha_beta_gy:g}{GAP}Gy, {fractionation(dose)}"


def dose_unit(dose: DoseContext) -> str:
    """ "Gy", with the quantity where it is not physical dose: "Gy EQD2"."""
    return dose.unit.replace(" ", GAP)


def headline(result: FlrResult) -> str:
    """The answer as one sentence, with interval, quantity and fractions."""
    return best_sentence(result.best, result.dose)


def best_sentence(best: BestLevel, dose: DoseContext) -> str:
    """A best level as one sentence, with interval, quantity and fractions."""
    return (
        f"The reaction follows the {number(best.refined_gy, 1, dose_unit(dose))} isodose "
        f"(95{GAP}% interval {interval(best.interval_gy)}; {quantity_words(dose)})."
    )


def physical_level_gy(result: FlrResult) -> float | None:
    """The best level as physical dose in Gy; None where the fractions to compute it are unknown."""
    if result.dose.quantity is DoseQuantity.PHYSICAL:
        return result.best.refined_gy
    return next((value for label, value in result.best_equivalents.items() if label.startswith("physical")), None)


def by_severity(findings: tuple[Finding, ...]) -> list[Finding]:
    """Problems first, then what to check, then what is in order; within each in the order they arose."""
    return sorted(findings, key=lambda finding: SEVERITY.index(finding.level))


def verdict(findings: tuple[Finding, ...]) -> tuple[Level, str]:
    """The worst level and one sentence on how far the answer can be relied on."""
    problems = sum(finding.level is Level.ERROR for finding in findings)
    checks = sum(finding.level is Level.WARNING for finding in findings)
    if problems:
        return Level.ERROR, f"{_count(problems, 'problem')}: do not rely on this value before it is resolved."
    if checks:
        return Level.WARNING, f"{_count(checks, 'point')} to check before this value is quoted."
    return Level.OK, "All quality checks passed."


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def result_text(result: FlrResult) -> str:
    """The result as plain text to paste into a note: numbers with units, and everything they rest on.

    Parameters
    ----------
    result : FlrResult
        What was found.

    Returns
    -------
    str
        Lines without a trailing line break; no name, id or date of the patient.
    """
    best, dose, estimators = result.best, result.dose, result.estimators
    unit = dose_unit(dose)
    equal = "; ".join(f"{number(value, 1, 'Gy')} {label}" for label, value in result.best_equivalents.items())
    lines = [
        headline(result),
        f"Boundary IoU {number(best.boundary_iou, 2)}, plateau {interval(best.plateau_gy, unit=unit)}, "
        f"dose uncertainty from the registration {number(best.dose_uncertainty_gy, 1, unit)}",
        f"The same level: {equal}" if equal else "",
        f"Reaction {number(result.reaction_ml, 1, 'ml')}, liver {number(result.liver_ml, 0, 'ml')}",
        f"{VOLUME_MATCH} {number(estimators.volume_match_gy, 1, unit)}, "
        f"{D90} {number(estimators.d90_gy, 1, unit)}, "
        f"{LOGISTIC_D50} {number(estimators.logistic_d50_gy, 1, unit)}",
        f"Dose: {dose.banner}; {quantity_words(dose)}",
        f"Settings: {_band_words(result)}",
        f"Reaction from: {result.reaction_origin}",
        f"Liver from: {result.liver_origin}",
        _planning_liver_words(result),
        f"Registration: {_registration_words(result)}",
        *(f"{LEVEL_WORDS[one.level]}: {one.subject}: {one.text}" for one in _not_in_order(result)),
        verdict(result.findings)[1],
        f"HepaDose {result.software_version}. {hepadose.RESEARCH_USE}",
    ]
    return "\n".join(line for line in lines if line)


def _band_words(result: FlrResult) -> str:
    settings = result.settings
    place = "within slices" if settings.in_plane else "in 3-D"
    levels = (
        f"{settings.first_level_gy:g}–{settings.last_level_gy:g}{GAP}Gy in steps of {settings.level_step_gy:g}{GAP}Gy"
    )
    return f"{settings.band_mode.value} band of {settings.band_mm:g}{GAP}mm {place}, levels {levels}"


def _planning_liver_words(result: FlrResult) -> str:
    origin = result.registration.planning_liver_origin
    return "" if origin is None else f"Liver on the planning CT from: {origin}"


def _registration_words(result: FlrResult) -> str:
    found = result.registration
    return (
        f"{found.method}; mean error in the liver {measured(found.estimated_error_mm, 1, 'mm')}, "
        f"DSC of the livers {measured(found.liver_dice, 3)}, "
        f"mean surface distance {measured(found.liver_mean_distance_mm, 1, 'mm')}"
    )


def _not_in_order(result: FlrResult) -> list[Finding]:
    return [finding for finding in by_severity(result.findings) if finding.level is not Level.OK]
