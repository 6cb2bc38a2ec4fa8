"""Tests of pairs: signed ranks and McNemar. Every result says by which method its p was computed.

References
----------
Wilcoxon F, Biometrics Bulletin 1945;1:80-83, doi:10.2307/3001968.
Pratt JW, J Am Stat Assoc 1959;54:655-667, doi:10.1080/01621459.1959.10501526.
McNemar Q, Psychometrika 1947;12:153-157, doi:10.1007/BF02295996.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hepadose.errors import SettingsError

SAME_DIGITS = 12
"""Differences of decimals carry rounding errors; those that agree in so many digits are zero, or tied."""
MOST_EXACT_PAIRS = 500
"""The exact distribution of more ranks takes seconds and is normal to many digits."""


class RankMethod(StrEnum):
    """How the p of a signed-rank test is computed."""

    EXACT = "exact"
    NORMAL = "normal"
    NORMAL_CORRECTED = "normal-corrected"

    @property
    def words(self) -> str:
        """As it stands in a report."""
        return {"normal": "normal approximation", "normal-corrected": "normal approximation with correction"}.get(
            self.value, self.value
        )


class Zeros(StrEnum):
    """What becomes of pairs without a difference: dropped (Wilcoxon), or ranked and then dropped (Pratt)."""

    DROPPED = "wilcoxon"
    RANKED = "pratt"


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test.

    Parameters
    ----------
    pairs : int
        Complete pairs, with those that do not differ.
    zeros : int
        Pairs that do not differ.
    tied : int
        Pairs whose difference is as large as that of another pair.
    positive_sum, negative_sum : float
        Sums of the ranks of first minus second above and below zero; tied differences have mean ranks.
    p : float
        Two-sided; 1 where no pair differs.
    method : RankMethod
    zero_handling : Zeros
    """

    pairs: int
    zeros: int
    tied: int
    positive_sum: float
    negative_sum: float
    p: float
    method: RankMethod
    zero_handling: Zeros

    @property
    def method_words(self) -> str:
        """Method, and how many pairs were equal and tied, in words."""
        kept = "dropped" if self.zero_handling is Zeros.DROPPED else "ranked by Pratt"
        zeros = f"{self.zeros} equal {'pair' if self.zeros == 1 else 'pairs'} {kept}" if self.zeros else "no equal pair"
        ties = f"{self.tied} tied, mean ranks" if self.tied else "no ties"
        return f"{self.method.words}, {zeros}, {ties}"


def complete_pairs(first: Sequence[float], second: Sequence[float], least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both values of every pair that has two.

    Parameters
    ----------
    first, second : sequence of float
        Of equal length; NaN for what is unknown.
    least : int
        How many complete pairs there must be.

    Returns
    -------
    tuple of 2 numpy.ndarray

    Raises
    ------
    SettingsError
        If the counts differ or too few pairs are complete.
    """
    one, two = np.asarray(first, float).ravel(), np.asarray(second, float).ravel()
    if one.size != two.size:
        raise SettingsError(f"Pairs need as many first as second values, got {one.size} and {two.size}.")
    known = np.isfinite(one) & np.isfinite(two)
    if known.sum() < least:
        raise SettingsError(f"At least {least} complete pairs are needed, got {known.sum()}.")
    return one[known], two[known]


def signed_rank_test(
    first: Sequence[float],
    second: Sequence[float],
    method: RankMethod = RankMethod.EXACT,
    zero_handling: Zeros = Zeros.DROPPED,
) -> SignedRank:
    """Two-sided signed-rank test of pairs.

    Parameters
    ----------
    first, second : sequence of float
        In the same order and unit; incomplete pairs are left out.
    method : RankMethod
        The exact distribution is that of the ranks as they are, with ties and after zeros; beyond
        :data:`MOST_EXACT_PAIRS` pairs that differ the normal approximation takes its place, and the result says so.
    zero_handling : Zeros

    Returns
    -------
    SignedRank

    Raises
    ------
    SettingsError
        If the counts differ or no pair is complete.

    Examples
    --------
    >>> found = signed_rank_test([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12])
    >>> found.p, found.negative_sum, found.method_words
    (0.03125, 21.0, 'exact, no equal pair, no ties')
    """
    from scipy import stats

    one, two = complete_pairs(first, second)
    differences = _without_noise(one, two)
    zeros = int(np.count_nonzero(differences == 0.0))
    ranked = differences[differences != 0.0] if zero_handling is Zeros.DROPPED else differences
    ranks = stats.rankdata(np.abs(ranked))[ranked != 0.0]
    signs = ranked[ranked != 0.0]
    counts = np.unique(np.abs(signs), return_counts=True)[1]
    up, down = float(ranks[signs > 0].sum()), float(ranks[signs < 0].sum())
    if method is RankMethod.EXACT and signs.size > MOST_EXACT_PAIRS:
        method = RankMethod.NORMAL
    p = signed_rank_p(ranks, min(up, down), method)
    return SignedRank(one.size, zeros, int(counts[counts > 1].sum()), up, down, p, method, zero_handling)


def _without_noise(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Differences, where what is rounding error of the values is zero."""
    scale = max(float(np.abs(one).max()), float(np.abs(two).max()))
    return np.round((one - two) / scale, SAME_DIGITS) if scale > 0.0 else one - two


def signed_rank_p(ranks: Sequence[float], smaller_sum: float, method: RankMethod = RankMethod.EXACT) -> float:
    """Two-sided p of the smaller of both sums of ranks.

    Parameters
    ----------
    ranks : sequence of float
        Of all pairs that differ; halves where differences are tied.
    smaller_sum : float
    method : RankMethod

    Returns
    -------
    float
        1 where there are no ranks.

    Examples
    --------
    >>> round(signed_rank_p(range(1, 14), 15), 5)
    0.03271
    """
    known = np.asarray(ranks, float)
    if not known.size:
        return 1.0
    if method is RankMethod.EXACT:
        # Twice the ranks are whole numbers also where ties share a mean rank.
        doubled = np.rint(2.0 * known).astype(int)
        chance = np.zeros(doubled.sum() + 1)
        chance[0] = 1.0
        for rank in doubled:
            chance[rank:] = 0.5 * (chance[rank:] + chance[:-rank])
            chance[:rank] *= 0.5
        return min(1.0, 2.0 * float(chance[: round(2.0 * smaller_sum) + 1].sum()))
    # The variance of a sum of ranks with random signs; it holds for tied ranks too.
    gap = known.sum() / 2.0 - smaller_sum
    if method is RankMethod.NORMAL_CORRECTED:
        gap = max(gap - 0.5, 0.0)
    return math.erfc(gap / math.sqrt((known**2).sum() / 4.0) / math.sqrt(2.0))


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p of McNemar's test, from the pairs in which the two judgments differ.

    Parameters
    ----------
    only_first, only_second : int
        Cases that only the first, or only the second, calls positive.

    Returns
    -------
    float
        1 where none differs, which shows nothing: fewer than 6 differing cases never reach 0.05.

    Raises
    ------
    SettingsError
        If a count is negative.

    Examples
    --------
    >>> mcnemar_exact(1, 0), mcnemar_exact(6, 0)
    (1.0, 0.03125)
    """
    from scipy import stats

    if min(only_first, only_second) < 0:
        raise SettingsError(f"Counts of cases are 0 or more, got {only_first} and {only_second}.")
    differing = only_first + only_second
    return float(stats.binomtest(only_first, differing, 0.5).pvalue) if differing else 1.0
