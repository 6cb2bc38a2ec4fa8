"""Many values in a few numbers. Quantiles are linear between the sorted values (numpy's default)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Summary:
    """Values in a few numbers.

    Parameters
    ----------
    count : int
        Values that are numbers; the others are left out.
    left_out : int
        Undefined values (NaN).
    median, low_quartile, high_quartile, lowest, highest, mean, standard_deviation : float
        NaN where there are no values; the standard deviation is that of a sample, NaN for one value.
    """

    count: int
    left_out: int
    median: float
    low_quartile: float
    high_quartile: float
    lowest: float
    highest: float
    mean: float
    standard_deviation: float

    def text(self, digits: int = 2) -> str:
        """Median, interquartile range and range in words, without a unit."""
        if not self.count:
            return "none"
        one, two, three, low, high = (
            f"{value:.{digits}f}"
            for value in (self.median, self.low_quartile, self.high_quartile, self.lowest, self.highest)
        )
        return f"{one} [{two}–{three}; {low}–{high}]"


def summarize_values(values: Sequence[float]) -> Summary:
    """Median, quartiles and range.

    Parameters
    ----------
    values : sequence of float
        May hold NaN for what is undefined.

    Returns
    -------
    Summary

    Examples
    --------
    >>> found = summarize_values([3.17, 5, 6, 7, 9.18, 10, 12, 15, 32.75])
    >>> found.median, found.low_quartile, found.high_quartile
    (9.18, 6.0, 12.0)
    """
    every = np.asarray(values, float).ravel()
    known = every[np.isfinite(every)]
    left_out = every.size - known.size
    if not known.size:
        return Summary(0, left_out, *(float("nan"),) * 7)
    low, median, high = np.quantile(known, (0.25, 0.5, 0.75))
    spread = float(known.std(ddof=1)) if known.size > 1 else float("nan")
    extremes = (float(known.min()), float(known.max()))
    return Summary(known.size, left_out, float(median), float(low), float(high), *extremes, float(known.mean()), spread)


def mean_interval(found: Summary) -> tuple[float, float]:
    """95 % confidence interval of a mean by Student's t.

    Parameters
    ----------
    found : Summary

    Returns
    -------
    tuple of 2 float
        NaN with fewer than 2 values.

    Examples
    --------
    >>> low, high = mean_interval(summarize_values([1.0, 2.0, 3.0, 4.0]))
    >>> round(low, 4), round(high, 4)
    (0.4457, 4.5543)
    """
    from scipy import stats

    if found.count < 2:
        return float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, found.count - 1)) * found.standard_deviation / found.count**0.5
    return found.mean - half, found.mean + half
