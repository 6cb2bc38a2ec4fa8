"""What the page of a study of response says of a cohort: figures in words, rounded here and nowhere else."""

from __future__ import annotations

import math
from typing import Any

from hepadose.evaluation.paired_errors import PairedErrors
from hepadose.evaluation.paired_tests import SignedRank
from hepadose.evaluation.proportions import Proportion
from hepadose.evaluation.rank_correlation import RankCorrelation
from hepadose.evaluation.response_study import CATEGORIES, CategoryAgreement, CohortStatistics, Mean
from hepadose.report.text import number

WORDS = {
    "dice_pre_general": "DSC before treatment, general network",
    "dice_post_general": "DSC after treatment, general network",
    "dice_post_propagated": "DSC after treatment, propagated contour",
    "dice_post_personal": "DSC after treatment, personal network",
    "diameter_pre_manual_mm": "Diameter before treatment, manual, in mm",
    "diameter_post_manual_mm": "Diameter after treatment, manual, in mm",
    "diameter_post_predicted_mm": "Diameter after treatment, predicted, in mm",
    "volume_pre_manual_ml": "Volume before treatment, manual, in ml",
    "volume_post_manual_ml": "Volume after treatment, manual, in ml",
    "volume_post_predicted_ml": "Volume after treatment, predicted, in ml",
    "diameter_manual_mm": "Change of the manual diameter in mm",
    "diameter_predicted_mm": "Change of the predicted diameter in mm",
    "volume_manual_ml": "Change of the manual volume in ml",
    "volume_predicted_ml": "Change of the predicted volume in ml",
    "diameter_mm": "Diameter, predicted − manual, in mm",
    "volume_ml": "Volume, predicted − manual, in ml",
    "points": "Change of the diameter, predicted − manual, in percentage points of the diameter before",
    "dice_personal_general": "DSC after treatment, personal against general network",
    "dice_personal_propagated": "DSC after treatment, personal network against propagated contour",
}
LEAST_DIFFERING = 6
"""Fewer cases that differ never bring McNemar's exact p below 0.05."""


def cohort_line(cohort: CohortStatistics) -> str:
    """Cases, mean DSC, error of the diameter and categories in one line; what is unknown is left out.

    Examples
    --------
    >>> cohort_line(CohortStatistics("all", 2))
    'all: 2 cases'
    """
    parts = [f"{cohort.name}: {cohort.cases} case{'' if cohort.cases == 1 else 's'}"]
    for name in ("dice_post_general", "dice_post_propagated", "dice_post_personal"):
        if name in cohort.means:
            parts.append(f"DSC {name.removeprefix('dice_post_')} {number(cohort.means[name].summary.mean, 2)}")
    if "diameter_mm" in cohort.errors:
        error = cohort.errors["diameter_mm"]
        parts.append(f"diameter {error.mean_signed:+.1f} mm (absolute {error.mean_absolute:.1f} mm)")
    if cohort.categories is not None:
        concordance = cohort.categories.concordance
        parts.append(f"same category {concordance.hits} of {concordance.count}")
    return ", ".join(parts)


def cohort_page(cohort: CohortStatistics) -> dict[str, Any]:
    """Rows of the page's tables for one cohort.

    Parameters
    ----------
    cohort : CohortStatistics

    Returns
    -------
    dict of str to object
        "line", "name", "cases", "means", "errors", "tests", "correlations", and "categories" or None.
    """
    errors = {**cohort.changes, **cohort.errors}
    if cohort.change_error_points is not None:
        errors["points"] = cohort.change_error_points
    return {
        "line": cohort_line(cohort),
        "name": cohort.name,
        "cases": cohort.cases,
        "means": [(WORDS[name], mean_words(name, mean), mean.summary.count) for name, mean in cohort.means.items()],
        "errors": [(WORDS[name], *error_words(found), found.count) for name, found in errors.items()],
        "tests": [(WORDS[name], *signed_rank_words(found)) for name, found in cohort.tests.items()],
        "correlations": [
            (f"{WORDS[name.removesuffix('_with_diameter')]}, with the diameter before treatment", *rho_words(found))
            for name, found in cohort.correlations.items()
        ],
        "categories": None if cohort.categories is None else category_page(cohort.categories),
    }


def p_words(p: float) -> str:
    """A p with three decimals.

    Examples
    --------
    >>> p_words(0.0327), p_words(0.0002)
    ('0.033', '< 0.001')
    """
    return number(p, 3) if math.isnan(p) or p >= 0.0005 else "< 0.001"


def mean_words(name: str, mean: Mean) -> tuple[str, str]:
    """Mean with interval, and standard deviation."""
    digits = 2 if name.startswith("dice") else 1
    low, high = mean.interval
    bounds = "" if math.isnan(low) else f" ({number(low, digits)} to {number(high, digits)})"
    return number(mean.summary.mean, digits) + bounds, number(mean.summary.standard_deviation, digits)


def error_words(found: PairedErrors) -> tuple[str, ...]:
    """Signed mean with interval, absolute mean, ratio of means, mean of ratios with range, limits of agreement."""
    low, high = found.limits.bias_interval
    mean_of_ratios = "–"
    if math.isfinite(found.mean_percent):
        bounds = f"{number(found.lowest_percent, 1)} to {number(found.highest_percent, 1)}"
        mean_of_ratios = f"{number(found.mean_percent, 1)} ({bounds})"
    return (
        f"{number(found.mean_signed, 1)} ({number(low, 1)} to {number(high, 1)})",
        number(found.mean_absolute, 1),
        number(found.percent_of_means, 1) if math.isfinite(found.percent_of_means) else "–",
        mean_of_ratios,
        f"{number(found.limits.low_limit, 1)} to {number(found.limits.high_limit, 1)}",
    )


def signed_rank_words(found: SignedRank) -> tuple[str, str, str]:
    """p, sums of ranks, method."""
    return p_words(found.p), f"{found.positive_sum:g} / {found.negative_sum:g}", found.method_words


def rho_words(found: RankCorrelation) -> tuple[str, str, int]:
    """Rho with interval, p, pairs."""
    low, high = found.interval
    return f"{number(found.rho, 3)} ({number(low, 3)} to {number(high, 3)})", p_words(found.p), found.pairs


def share_words(share: Proportion) -> tuple[str, str, str]:
    """Hits of cases, and both intervals in percent."""
    if not share.count:
        return "no cases", "–", "–"
    bounds = (
        f"{number(100 * low, 1)}–{number(100 * high, 1)} %" for low, high in (share.wilson, share.clopper_pearson)
    )
    return f"{share.hits} of {share.count} ({number(100 * share.share, 0)} %)", *bounds


def category_page(found: CategoryAgreement) -> dict[str, Any]:
    """The table of categories and what follows from it.

    Parameters
    ----------
    found : CategoryAgreement

    Returns
    -------
    dict of str to object
        "names", "table" (rows by manual category), "shares", "sentences".
    """
    names = [name for name in CATEGORIES if any(name in key and count for key, count in found.table.items())]
    response = found.response
    shares = {
        "Same category": found.concordance,
        "Sensitivity for a response": response.sensitivity,
        "Specificity for a response": response.specificity,
        "Same answer, response or none": response.accuracy,
    }
    return {
        "names": names,
        "table": [(manual, [found.table[manual, predicted] for predicted in names]) for manual in names],
        "shares": [(name, *share_words(share)) for name, share in shares.items()],
        "sentences": _category_sentences(found),
    }


def _category_sentences(found: CategoryAgreement) -> list[str]:
    response = found.response
    sentences = [
        f"McNemar's exact p of response or none is {p_words(response.mcnemar_p)}, "
        f"{response.differing} of {found.concordance.count} cases differing; Cohen's kappa {number(response.kappa, 2)}."
    ]
    if response.differing < LEAST_DIFFERING:
        sentences.append(
            f"With fewer than {LEAST_DIFFERING} differing cases this p cannot fall below 0.05: "
            "it is no evidence that both agree."
        )
    sentences.append(
        f"The area under the curve of one yes-or-no call, {number(response.area_under_curve, 3)}, is the mean of "
        "sensitivity and specificity and no result of its own."
    )
    if found.discordant:
        sentences.append(f"Cases of two categories: {', '.join(found.discordant)}.")
    return sentences
