"""Spearman's rank correlation with its p and interval.

References
----------
Spearman C, Am J Psychol 1904;15:72-101, doi:10.2307/1412159.
Bonett DG, Wright TA, Psychometrika 2000;65:23-28, doi:10.1007/BF02294183.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepadose.evaluation.paired_tests import complete_pairs


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation.

    Parameters
    ----------
    pairs : int
    rho : float
        -1 to 1; NaN where one of both does not vary.
    p : float
        Two-sided, from Student's t with two degrees of freedom less than pairs.
    interval : tuple of 2 float
        95 %, by Fisher's z with the standard error of Bonett and Wright; NaN with fewer than 4 pairs.
    """

    pairs: int
    rho: float
    p: float
    interval: tuple[float, float]


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> RankCorrelation:
    """Spearman's rank correlation of pairs; tied values have mean ranks.

    Parameters
    ----------
    first, second : sequence of float
        In the same order; at least 3 complete pairs.

    Returns
    -------
    RankCorrelation

    Raises
    ------
    SettingsError
        If the counts differ or there are fewer than 3 complete pairs.

    Examples
    --------
    >>> found = rank_correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    >>> round(found.rho, 12), round(found.p, 4)
    (0.8, 0.1041)
    """
    from scipy import stats

    ranks = [stats.rankdata(values) for values in complete_pairs(first, second, least=3)]
    count = ranks[0].size
    if min(np.ptp(each) for each in ranks) == 0.0:
        return RankCorrelation(count, math.nan, math.nan, (math.nan, math.nan))
    rho = float(np.clip(np.corrcoef(*ranks)[0, 1], -1.0, 1.0))
    return RankCorrelation(count, rho, correlation_p(rho, count), _correlation_interval(rho, count))


def correlation_p(rho: float, pairs: int) -> float:
    """Two-sided p of a rank correlation by Student's t.

    Examples
    --------
    >>> round(correlation_p(0.842, 14), 6)
    0.000158
    """
    from scipy import stats

    if abs(rho) >= 1.0:
        return 0.0
    return float(2.0 * stats.t.sf(abs(rho) * math.sqrt((pairs - 2) / (1.0 - rho**2)), pairs - 2))


def _correlation_interval(rho: float, pairs: int) -> tuple[float, float]:
    if pairs < 4 or abs(rho) >= 1.0:
        return (math.nan, math.nan) if pairs < 4 else (rho, rho)
    error = 1.959963984540054 * math.sqrt((1.0 + rho**2 / 2.0) / (pairs - 3))
    return math.tanh(math.atanh(rho) - error), math.tanh(math.atanh(rho) + error)
