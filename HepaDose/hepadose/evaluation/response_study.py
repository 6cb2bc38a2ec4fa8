"""What a study of response says of many cases: overlaps, diameters, volumes and categories, manual against predicted.

A case has one tumor, measured before and after treatment. "General" is a network as it was trained on others,
"personal" the one that was trained further on the patient's own CT and contour before treatment. Which category follows
from which diameters is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hepadose.errors import MissingInputError, SettingsError
from hepadose.evaluation.paired_errors import LEAST_PAIRS, PairedErrors, paired_errors, percent_change
from hepadose.evaluation.paired_tests import (
    RankMethod,
    SignedRank,
    Zeros,
    complete_pairs,
    signed_rank_test,
)
from hepadose.evaluation.proportions import BinaryAgreement, Proportion, binary_agreement, proportion
from hepadose.evaluation.rank_correlation import RankCorrelation, rank_correlation
from hepadose.evaluation.summary import Summary, mean_interval, summarize_values

CATEGORIES = ("CR", "PR", "SD", "PD")
RESPONSES = ("CR", "PR")
"""Categories that count as a response where the question is yes or no."""
EVERY_CASE = "all"


@dataclass(frozen=True)
class ResponseCase:
    """Everything known of one case; NaN for numbers that are not.

    Parameters
    ----------
    case : str
        A number or letter, never a patient's name.
    cohorts : tuple of str
        Groups that it belongs to beside all cases.
    dice_pre_general, dice_post_general, dice_post_propagated, dice_post_personal : float
        DSC with the manual contour, before and after treatment: of a network's contour, or of the contour from before
        treatment carried over by registration alone ("propagated").
    diameter_pre_manual_mm, diameter_post_manual_mm, diameter_post_predicted_mm : float
        Longest diameters.
    volume_pre_manual_ml, volume_post_manual_ml, volume_post_predicted_ml : float
    category_manual, category_predicted : str
        One of :data:`CATEGORIES`, or empty.
    """

    case: str
    cohorts: tuple[str, ...] = ()
    dice_pre_general: float = math.nan
    dice_post_general: float = math.nan
    dice_post_propagated: float = math.nan
    dice_post_personal: float = math.nan
    diameter_pre_manual_mm: float = math.nan
    diameter_post_manual_mm: float = math.nan
    diameter_post_predicted_mm: float = math.nan
    volume_pre_manual_ml: float = math.nan
    volume_post_manual_ml: float = math.nan
    volume_post_predicted_ml: float = math.nan
    category_manual: str = ""
    category_predicted: str = ""

    def change_percent(self, who: str) -> float:
        """Change of the diameter in percent of that before treatment, "manual" or "predicted"."""
        return percent_change(self.diameter_pre_manual_mm, getattr(self, f"diameter_post_{who}_mm"))


NUMBERS = (
    "dice_pre_general",
    "dice_post_general",
    "dice_post_propagated",
    "dice_post_personal",
    "diameter_pre_manual_mm",
    "diameter_post_manual_mm",
    "diameter_post_predicted_mm",
    "volume_pre_manual_ml",
    "volume_post_manual_ml",
    "volume_post_predicted_ml",
)
# Measured and reference of each table of errors or changes, and of each test.
ERRORS = {
    "diameter_mm": ("diameter_post_predicted_mm", "diameter_post_manual_mm"),
    "volume_ml": ("volume_post_predicted_ml", "volume_post_manual_ml"),
}
CHANGES = {
    "diameter_manual_mm": ("diameter_post_manual_mm", "diameter_pre_manual_mm"),
    "diameter_predicted_mm": ("diameter_post_predicted_mm", "diameter_pre_manual_mm"),
    "volume_manual_ml": ("volume_post_manual_ml", "volume_pre_manual_ml"),
    "volume_predicted_ml": ("volume_post_predicted_ml", "volume_pre_manual_ml"),
}
TESTS = {
    "dice_personal_general": ("dice_post_personal", "dice_post_general"),
    "dice_personal_propagated": ("dice_post_personal", "dice_post_propagated"),
    **ERRORS,
}
CORRELATIONS = {
    f"{dice}_with_diameter": (dice, "diameter_pre_manual_mm")
    for dice in ("dice_pre_general", "dice_post_general", "dice_post_personal")
}


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval by Student's t.

    Parameters
    ----------
    summary : Summary
    interval : tuple of 2 float
    """

    summary: Summary
    interval: tuple[float, float]


@dataclass(frozen=True)
class CategoryAgreement:
    """Categories by predicted against categories by manual diameters.

    Parameters
    ----------
    table : dict of (str, str) to int
        Cases by manual and predicted category.
    concordance : Proportion
        Cases of one category.
    response : BinaryAgreement
        Response (CR or PR) or none.
    discordant : tuple of str
        Cases of two categories.
    """

    table: dict[tuple[str, str], int]
    concordance: Proportion
    response: BinaryAgreement
    discordant: tuple[str, ...]


@dataclass(frozen=True)
class CohortStatistics:
    """All figures of one group of cases; what too few cases have is absent.

    Parameters
    ----------
    name : str
    cases : int
    means : dict of str to Mean
        By the name of a number of :class:`ResponseCase`.
    changes, errors : dict of str to PairedErrors
        After against before treatment, and predicted against manual.
    change_error_points : PairedErrors or None
        Change of the diameter, predicted against manual, in percentage points of the diameter before treatment; its
        own percentages are undefined.
    tests : dict of str to SignedRank
    correlations : dict of str to RankCorrelation
        Of a DSC with the diameter before treatment.
    categories : CategoryAgreement or None
    """

    name: str
    cases: int
    means: dict[str, Mean] = field(default_factory=dict)
    changes: dict[str, PairedErrors] = field(default_factory=dict)
    errors: dict[str, PairedErrors] = field(default_factory=dict)
    change_error_points: PairedErrors | None = None
    tests: dict[str, SignedRank] = field(default_factory=dict)
    correlations: dict[str, RankCorrelation] = field(default_factory=dict)
    categories: CategoryAgreement | None = None


def cohort_statistics(
    name: str,
    cases: Sequence[ResponseCase],
    method: RankMethod = RankMethod.EXACT,
    zero_handling: Zeros = Zeros.DROPPED,
) -> CohortStatistics:
    """All figures of one group of cases.

    Parameters
    ----------
    name : str
    cases : sequence of ResponseCase
        At least one.
    method, zero_handling
        Of the signed-rank tests.

    Returns
    -------
    CohortStatistics
        Figures of pairs need 3 cases that have both values.

    Raises
    ------
    MissingInputError
        If there are no cases.
    SettingsError
        If a category is none.

    References
    ----------
    Statistics as in the published study of patient-specific training for RECIST after chemoradiotherapy of
    hepatocellular carcinoma; Docs/ResponseStudy.md sets its printed figures beside those that follow from its text.
    """
    if not cases:
        raise MissingInputError(f'The cohort "{name}" has no case.')
    columns = {number: [getattr(case, number) for case in cases] for number in NUMBERS}
    summaries = {number: summarize_values(values) for number, values in columns.items()}
    points = [[case.change_percent(who) for case in cases] for who in ("predicted", "manual")]
    return CohortStatistics(
        name,
        len(cases),
        means={key: Mean(found, mean_interval(found)) for key, found in summaries.items() if found.count},
        changes=_of_pairs(CHANGES, columns, paired_errors),
        errors=_of_pairs(ERRORS, columns, paired_errors),
        change_error_points=_of_pairs({"": (0, 1)}, points, paired_errors).get(""),
        tests=_of_pairs(TESTS, columns, lambda one, two: signed_rank_test(one, two, method, zero_handling)),
        correlations=_of_pairs(CORRELATIONS, columns, rank_correlation),
        categories=_category_agreement(cases),
    )


def _of_pairs(
    pairs: dict[str, tuple[Any, Any]], columns: Any, figure: Callable[[np.ndarray, np.ndarray], Any]
) -> dict[str, Any]:
    """A figure of every two columns that enough cases have both of."""
    found = {}
    for key, (one, two) in pairs.items():
        both = complete_pairs(columns[one], columns[two], least=0)
        if both[0].size >= LEAST_PAIRS:
            found[key] = figure(*both)
    return found


def _category_agreement(cases: Sequence[ResponseCase]) -> CategoryAgreement | None:
    known = [case for case in cases if case.category_manual and case.category_predicted]
    if not known:
        return None
    for case in known:
        wrong = {case.category_manual, case.category_predicted} - set(CATEGORIES)
        if wrong:
            raise SettingsError(f"Case {case.case}: a category is {', '.join(CATEGORIES)}, got {', '.join(wrong)}.")
    table = {(one, two): 0 for one in CATEGORIES for two in CATEGORIES}
    for case in known:
        table[case.category_manual, case.category_predicted] += 1
    differing = tuple(case.case for case in known if case.category_manual != case.category_predicted)
    response = binary_agreement(
        [case.category_manual in RESPONSES for case in known], [case.category_predicted in RESPONSES for case in known]
    )
    return CategoryAgreement(table, proportion(len(known) - len(differing), len(known)), response, differing)


def by_cohort(cases: Sequence[ResponseCase]) -> dict[str, list[ResponseCase]]:
    """All cases, and those of every cohort.

    Parameters
    ----------
    cases : sequence of ResponseCase

    Returns
    -------
    dict of str to list of ResponseCase
        "all" first, then the cohorts in the order in which they are met.
    """
    found = {EVERY_CASE: list(cases)}
    for case in cases:
        for cohort in case.cohorts:
            if cohort != EVERY_CASE:
                found.setdefault(cohort, []).append(case)
    return found
