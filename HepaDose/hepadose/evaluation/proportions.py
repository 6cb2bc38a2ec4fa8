"""Shares of cases with their intervals, and two yes-or-no judgments of the same cases compared.

References
----------
Wilson EB, J Am Stat Assoc 1927;22:209-212, doi:10.1080/01621459.1927.10502953.
Clopper CJ, Pearson ES, Biometrika 1934;26:404-413, doi:10.1093/biomet/26.4.404.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hepadose.errors import SettingsError
from hepadose.evaluation.agreement import proportion_interval, weighted_kappa
from hepadose.evaluation.paired_tests import mcnemar_exact


@dataclass(frozen=True)
class Proportion:
    """A share of cases.

    Parameters
    ----------
    hits, count : int
    wilson, clopper_pearson : tuple of 2 float
        95 % intervals; NaN where there are no cases.
    """

    hits: int
    count: int
    wilson: tuple[float, float]
    clopper_pearson: tuple[float, float]

    @property
    def share(self) -> float:
        """0 to 1; NaN where there are no cases."""
        return self.hits / self.count if self.count else math.nan


def proportion(hits: int, count: int) -> Proportion:
    """A share with both intervals.

    Examples
    --------
    >>> found = proportion(3, 4)
    >>> [round(value, 4) for value in (*found.wilson, *found.clopper_pearson)]
    [0.3006, 0.9544, 0.1941, 0.9937]
    """
    if not count:
        return Proportion(0, 0, (math.nan, math.nan), (math.nan, math.nan))
    return Proportion(hits, count, proportion_interval(hits, count), proportion_interval(hits, count, "exact"))


@dataclass(frozen=True)
class BinaryAgreement:
    """Two yes-or-no judgments of the same cases, one of which is the reference.

    Parameters
    ----------
    both, only_reference, only_predicted, neither : int
        Cases that were called positive by these.
    sensitivity, specificity, accuracy : Proportion
    mcnemar_p : float
        Two-sided, exact.
    kappa : float
        Cohen's; NaN where only one answer was given.
    """

    both: int
    only_reference: int
    only_predicted: int
    neither: int
    sensitivity: Proportion
    specificity: Proportion
    accuracy: Proportion
    mcnemar_p: float
    kappa: float

    @property
    def area_under_curve(self) -> float:
        """Mean of sensitivity and specificity: the area under a curve of a single point, no result of its own."""
        return (self.sensitivity.share + self.specificity.share) / 2.0

    @property
    def differing(self) -> int:
        """Cases that were judged differently."""
        return self.only_reference + self.only_predicted


def binary_agreement(reference: Sequence[bool], predicted: Sequence[bool]) -> BinaryAgreement:
    """Compare yes-or-no judgments with those of a reference.

    Parameters
    ----------
    reference, predicted : sequence of bool
        Of the same cases; at least one.

    Returns
    -------
    BinaryAgreement

    Raises
    ------
    SettingsError
        If the counts differ or there are no cases.

    Examples
    --------
    >>> found = binary_agreement([True] * 4 + [False] * 10, [True] * 3 + [False] * 11)
    >>> found.sensitivity.share, found.specificity.share, found.mcnemar_p, round(found.kappa, 4)
    (0.75, 1.0, 1.0, 0.8108)
    """
    true, found = [bool(value) for value in reference], [bool(value) for value in predicted]
    if len(true) != len(found) or not true:
        raise SettingsError(f"Two judgments of the same cases are compared, got {len(true)} and {len(found)}.")
    counts = {(one, two): 0 for one in (True, False) for two in (True, False)}
    for pair in zip(true, found, strict=True):
        counts[pair] += 1
    both, missed = counts[True, True], counts[True, False]
    false_alarms, neither = counts[False, True], counts[False, False]
    return BinaryAgreement(
        both,
        missed,
        false_alarms,
        neither,
        sensitivity=proportion(both, both + missed),
        specificity=proportion(neither, neither + false_alarms),
        accuracy=proportion(both + neither, len(true)),
        mcnemar_p=mcnemar_exact(missed, false_alarms),
        # With two levels quadratic weights are those of Cohen's first kappa.
        kappa=weighted_kappa(true, found, (0.0, 1.0)),
    )
