"""Errors of one measurement against another, where figures that are often taken for each other stand apart.

The mean of errors with their signs, the mean of their sizes, the ratio of the means and the mean of the ratios are four
different figures; publications print one under the name of another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepadose.evaluation.agreement import BlandAltman, bland_altman
from hepadose.evaluation.paired_tests import complete_pairs

LEAST_PAIRS = 3


@dataclass(frozen=True)
class PairedErrors:
    """Measured minus reference over all cases, in the unit of both.

    Parameters
    ----------
    limits : BlandAltman
        Mean signed error (bias) with its 95 % interval, and limits of agreement.
    spread : float
        Standard deviation of the errors.
    mean_absolute : float
        Mean size of the errors, whatever their sign.
    mean_measured, mean_reference : float
    lowest, highest : float
        Errors.
    mean_percent, mean_absolute_percent, lowest_percent, highest_percent : float
        Of each case's error in percent of its reference; NaN where a reference is not positive.
    """

    limits: BlandAltman
    spread: float
    mean_absolute: float
    mean_measured: float
    mean_reference: float
    lowest: float
    highest: float
    mean_percent: float
    mean_absolute_percent: float
    lowest_percent: float
    highest_percent: float

    @property
    def count(self) -> int:
        """Cases with both."""
        return self.limits.count

    @property
    def mean_signed(self) -> float:
        """Mean error with its sign."""
        return self.limits.bias

    @property
    def percent_of_means(self) -> float:
        """Error of the mean in percent of the mean reference; NaN where that is not positive."""
        return percent_change(self.mean_reference, self.mean_measured)


def percent_change(before: float, after: float) -> float:
    """Change in percent of the value before; NaN where that is not positive.

    Examples
    --------
    >>> round(percent_change(118.2, 90.4), 2)
    -23.52
    """
    return 100.0 * (after - before) / before if before > 0.0 else math.nan


def paired_errors(measured: Sequence[float], reference: Sequence[float]) -> PairedErrors:
    """Errors of a measurement, or changes from a value before.

    Parameters
    ----------
    measured, reference : sequence of float
        In the same order and unit; incomplete pairs are left out.

    Returns
    -------
    PairedErrors

    Raises
    ------
    SettingsError
        With fewer than 3 complete pairs or different counts.

    Examples
    --------
    >>> found = paired_errors([11.0, 18.0, 33.0], [10.0, 20.0, 30.0])
    >>> round(found.mean_signed, 3), found.mean_absolute, round(found.percent_of_means, 3), round(found.mean_percent, 3)
    (0.667, 2.0, 3.333, 3.333)
    """
    one, two = complete_pairs(measured, reference, least=LEAST_PAIRS)
    errors = one - two
    percent = np.array([percent_change(*pair) for pair in zip(two, one, strict=True)])
    return PairedErrors(
        limits=bland_altman(one, two),
        spread=float(errors.std(ddof=1)),
        mean_absolute=float(np.abs(errors).mean()),
        mean_measured=float(one.mean()),
        mean_reference=float(two.mean()),
        lowest=float(errors.min()),
        highest=float(errors.max()),
        mean_percent=float(percent.mean()),
        mean_absolute_percent=float(np.abs(percent).mean()),
        lowest_percent=float(percent.min()),
        highest_percent=float(percent.max()),
    )
