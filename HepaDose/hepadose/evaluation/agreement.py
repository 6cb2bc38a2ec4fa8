"""How well readers, or a reader and a program, agree: Bland–Altman, intraclass correlation, weighted kappa, tests.

References
----------
Bland JM, Altman DG, Lancet 1986;327:307-310, doi:10.1016/S0140-6736(86)90837-8.
Shrout PE, Fleiss JL, Psychol Bull 1979;86:420-428, doi:10.1037/0033-2909.86.2.420.
McGraw KO, Wong SP, Psychol Methods 1996;1:30-46, doi:10.1037/1082-989X.1.1.30.
Cohen J, Psychol Bull 1968;70:213-220, doi:10.1037/h0026256.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hepadose.errors import SettingsError
from hepadose.evaluation.paired_tests import complete_pairs, signed_rank_test


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement of pairs, each with its 95 % confidence interval.

    Parameters
    ----------
    count : int
    bias : float
        Mean of the differences, first minus second.
    low_limit, high_limit : float
        Bias ± 1.96 standard deviations.
    bias_interval, low_limit_interval, high_limit_interval : tuple of 2 float
    """

    count: int
    bias: float
    low_limit: float
    high_limit: float
    bias_interval: tuple[float, float]
    low_limit_interval: tuple[float, float]
    high_limit_interval: tuple[float, float]


def bland_altman(first: Sequence[float], second: Sequence[float], *, percent: bool = False) -> BlandAltman:
    """Agreement of two readings of the same cases.

    Parameters
    ----------
    first, second : sequence of float
        In the same order and unit.
    percent : bool
        Differences in percent of each pair's mean.

    Returns
    -------
    BlandAltman
        In the readings' unit, or in percent.

    Raises
    ------
    SettingsError
        With fewer than 3 pairs or different counts.

    Examples
    --------
    >>> found = bland_altman([10, 12, 14, 16], [9, 13, 13, 15])
    >>> found.bias, round(found.high_limit, 2)
    (0.5, 2.46)
    """
    from scipy import stats

    one, two = complete_pairs(first, second, least=3)
    differences = one - two
    if percent:
        differences = 100.0 * differences / ((one + two) / 2.0)
    count, bias, spread = differences.size, float(differences.mean()), float(differences.std(ddof=1))
    t = float(stats.t.ppf(0.975, count - 1))
    # Variance of a limit by Bland and Altman: s² (1/n + 1.96² / (2 (n − 1))).
    bias_error = t * spread / np.sqrt(count)
    limit_error = t * spread * np.sqrt(1.0 / count + 1.96**2 / (2.0 * (count - 1)))
    low, high = bias - 1.96 * spread, bias + 1.96 * spread
    around = ((bias, bias_error), (low, limit_error), (high, limit_error))
    return BlandAltman(count, bias, low, high, *((float(mid - err), float(mid + err)) for mid, err in around))


@dataclass(frozen=True)
class IntraclassCorrelation:
    """Shrout and Fleiss's coefficients of single readings.

    Parameters
    ----------
    one_way, two_way_random, two_way_fixed : float
        ICC(1,1), ICC(2,1) (absolute agreement) and ICC(3,1) (consistency).
    two_way_random_interval : tuple of 2 float
        95 % confidence interval of ICC(2,1).
    """

    one_way: float
    two_way_random: float
    two_way_fixed: float
    two_way_random_interval: tuple[float, float]


def intraclass_correlation(readings: np.ndarray) -> IntraclassCorrelation:
    """Intraclass correlation of readings of several cases by several readers.

    Parameters
    ----------
    readings : array_like, shape (cases, readers)
        All known; at least 2 of each.

    Returns
    -------
    IntraclassCorrelation
        NaN where no readings differ.

    Raises
    ------
    SettingsError
        If values are missing or there are too few.

    Examples
    --------
    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> found = intraclass_correlation(table)
    >>> round(found.one_way, 2), round(found.two_way_random, 2), round(found.two_way_fixed, 2)
    (0.17, 0.29, 0.71)
    """
    table = np.asarray(readings, float)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise SettingsError("Intraclass correlation needs every reader's value of two cases or more.")
    cases, readers = table.shape
    total = table.mean()
    between_cases = readers * ((table.mean(axis=1) - total) ** 2).sum() / (cases - 1)
    between_readers = cases * ((table.mean(axis=0) - total) ** 2).sum() / (readers - 1)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / (cases * (readers - 1))
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + total
    error = (rest**2).sum() / ((cases - 1) * (readers - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        one = (between_cases - within) / (between_cases + (readers - 1) * within)
        noise = (readers - 1) * error + readers * (between_readers - error) / cases
        two = (between_cases - error) / (between_cases + noise)
        three = (between_cases - error) / (between_cases + (readers - 1) * error)
    interval = _interval(float(two), between_cases, between_readers, error, cases, readers)
    return IntraclassCorrelation(float(one), float(two), float(three), interval)


def _interval(two: float, of_cases: float, of_readers: float, error: float, n: int, k: int) -> tuple[float, float]:
    """Confidence interval of ICC(2,1) by McGraw and Wong, table 7."""
    from scipy import stats

    if not np.isfinite(two) or error <= 0.0:
        return (two, two)
    a = k * two / (n * (1.0 - two))
    b = 1.0 + k * two * (n - 1) / (n * (1.0 - two))
    degrees = (a * of_readers + b * error) ** 2 / (
        (a * of_readers) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    below, above = stats.f.ppf(0.975, n - 1, degrees), stats.f.ppf(0.975, degrees, n - 1)
    rest = k * of_readers + (k * n - k - n) * error
    low = n * (of_cases - below * error) / (below * rest + n * of_cases)
    high = n * (above * of_cases - error) / (rest + n * above * of_cases)
    return float(low), float(high)


def weighted_kappa(first: Sequence[float], second: Sequence[float], levels: Sequence[float]) -> float:
    """Cohen's kappa with quadratic weights, for scores on a scale.

    Parameters
    ----------
    first, second : sequence of float
        Scores of the same cases.
    levels : sequence of float
        Every score that may be given, in order.

    Returns
    -------
    float
        1 for full agreement, 0 for that of chance; NaN where one score alone was given.

    Raises
    ------
    SettingsError
        If a score is not on the scale.

    Examples
    --------
    >>> round(weighted_kappa([1, 2, 3, 3], [1, 2, 3, 2], (1, 2, 3)), 3)
    0.8
    """
    one, two = complete_pairs(first, second, least=1)
    scale = np.asarray(levels, float)
    if not (np.isin(one, scale).all() and np.isin(two, scale).all()):
        raise SettingsError(f"Scores must be on the scale {', '.join(f'{level:g}' for level in scale)}.")
    table = np.array([[np.mean((one == a) & (two == b)) for b in scale] for a in scale])
    weight = (np.arange(scale.size)[:, None] - np.arange(scale.size)[None]) ** 2
    expected = float((weight * np.outer(table.sum(axis=1), table.sum(axis=0))).sum())
    return 1.0 - float((weight * table).sum()) / expected if expected > 0.0 else float("nan")


def paired_wilcoxon(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test without the pairs that do not differ; 1 where none does.

    Exact as :func:`hepadose.evaluation.paired_tests.signed_rank_test` is, which also tells the method.

    Raises
    ------
    SettingsError
        If the counts differ.

    Examples
    --------
    >>> paired_wilcoxon([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12])
    0.03125
    """
    return signed_rank_test(first, second).p


def proportion_interval(hits: int, count: int, method: Literal["wilson", "exact"] = "wilson") -> tuple[float, float]:
    """95 % confidence interval of a proportion: Wilson's, or the exact one of Clopper and Pearson.

    Examples
    --------
    >>> tuple(round(value, 3) for value in proportion_interval(16, 20))
    (0.584, 0.919)
    """
    from scipy import stats

    found = stats.binomtest(hits, count).proportion_ci(method=method)
    return float(found.low), float(found.high)
