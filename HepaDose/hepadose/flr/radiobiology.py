"""BED and EQD2 by the linear-quadratic model, voxel by voxel.

Full repair between fractions, no proliferation. Every voxel uses its own dose per fraction, never the
prescription's; courses add as BED, never as pooled dose and fractions.

References
----------
Fowler JF, Br J Radiol 1989;62:679-694, doi:10.1259/0007-1285-62-740-679.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import SettingsError, UnitsError
from hepadose.findings import Finding, warning

ALPHA_BETA_RANGE_GY = (0.5, 30.0)
USUAL_ALPHA_BETA_RANGE_GY = (1.5, 10.0)
LQ_DOSE_PER_FRACTION_LIMIT_GY = 10.0


def biologically_effective_dose(dose_gy: np.ndarray | float, fractions: int, alpha_beta_gy: float) -> np.ndarray:
    """BED of a total dose given in equal fractions.

    Parameters
    ----------
    dose_gy : array_like
        Total physical dose per voxel in Gy; negative values (interpolation) count as 0.
    fractions : int
        Number of fractions, at least 1.
    alpha_beta_gy : float
        Alpha/beta in Gy, 0.5–30.

    Returns
    -------
    numpy.ndarray
        BED in Gy, same shape.

    Raises
    ------
    SettingsError
        If fractions or alpha/beta are outside their range.

    Examples
    --------
    >>> float(biologically_effective_dose(30.0, 5, 3.0))
    90.0
    """
    _require_fractions(fractions)
    _require_alpha_beta(alpha_beta_gy)
    dose = np.maximum(np.asarray(dose_gy, dtype=float), 0.0)
    return dose * (1.0 + dose / (fractions * alpha_beta_gy))


def equivalent_dose(bed_gy: np.ndarray | float, alpha_beta_gy: float, fraction_dose_gy: float = 2.0) -> np.ndarray:
    """Dose in fractions of ``fraction_dose_gy`` (2 Gy: EQD2) with the same BED, in Gy.

    Examples
    --------
    >>> round(float(equivalent_dose(90.0, 3.0)), 9)
    54.0
    """
    _require_alpha_beta(alpha_beta_gy)
    return np.asarray(bed_gy, dtype=float) / (1.0 + fraction_dose_gy / alpha_beta_gy)


def dose_for_bed(bed_gy: np.ndarray | float, fractions: int, alpha_beta_gy: float) -> np.ndarray:
    """Total physical dose in Gy whose BED in ``fractions`` equal fractions is ``bed_gy``.

    Examples
    --------
    >>> round(float(dose_for_bed(90.0, 5, 3.0)), 6)
    30.0
    """
    _require_fractions(fractions)
    _require_alpha_beta(alpha_beta_gy)
    half = fractions * alpha_beta_gy / 2.0
    return half * (np.sqrt(1.0 + 2.0 * np.asarray(bed_gy, dtype=float) / half) - 1.0)


def bed_of_courses(courses: Sequence[tuple[np.ndarray | float, int]], alpha_beta_gy: float) -> np.ndarray:
    """BED in Gy of several courses, each given as (total dose in Gy, fractions).

    Examples
    --------
    >>> round(float(bed_of_courses([(20.0, 10), (24.0, 3)], 3.0)), 4)
    121.3333
    """
    if not courses:
        raise SettingsError("BED needs at least one course of (dose, fractions).")
    return sum(biologically_effective_dose(dose, fractions, alpha_beta_gy) for dose, fractions in courses)


def validity_findings(maximum_gy: float, fractions: int, alpha_beta_gy: float) -> tuple[Finding, ...]:
    """Warnings where the linear-quadratic model or its parameter is outside common use."""
    findings = []
    low, high = USUAL_ALPHA_BETA_RANGE_GY
    if not low <= alpha_beta_gy <= high:
        findings.append(warning("EQD2/BED", f"Alpha/beta {alpha_beta_gy:g} Gy is outside the usual {low}–{high} Gy."))
    if maximum_gy / fractions > LQ_DOSE_PER_FRACTION_LIMIT_GY:
        findings.append(
            warning(
                "EQD2/BED",
                f"Up to {maximum_gy / fractions:.1f} Gy per fraction: the linear-quadratic model is uncertain above "
                f"{LQ_DOSE_PER_FRACTION_LIMIT_GY:g} Gy per fraction.",
            )
        )
    return tuple(findings)


def _require_fractions(fractions: int) -> None:
    if fractions is None:
        raise UnitsError("EQD2 and BED need the number of fractions; the plan gives none, so state it.")
    if fractions != int(fractions) or fractions < 1:
        raise SettingsError(f"The number of fractions must be a whole number of at least 1, got {fractions}.")


def _require_alpha_beta(alpha_beta_gy: float) -> None:
    require_range("alpha/beta", alpha_beta_gy, *ALPHA_BETA_RANGE_GY, "Gy")
