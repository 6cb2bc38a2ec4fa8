"""Tests of pairs and shares against worked examples, enumeration by hand and published tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hepadose.errors import SettingsError
from hepadose.evaluation.paired_errors import paired_errors, percent_change
from hepadose.evaluation.paired_tests import (
    RankMethod,
    Zeros,
    mcnemar_exact,
    signed_rank_p,
    signed_rank_test,
)
from hepadose.evaluation.proportions import binary_agreement, proportion
from hepadose.evaluation.rank_correlation import correlation_p, rank_correlation
from hepadose.evaluation.summary import mean_interval, summarize_values

from support import oracles

# The worked example of the statistics: own data without ties, computed by SciPy and by enumeration.
BEFORE = [92.1, 88.4, 120.5, 101.3, 76.8, 140.2, 65.0, 99.9, 110.4, 83.7]
AFTER = [95.4, 90.1, 131.7, 100.2, 84.3, 151.9, 64.4, 108.5, 113.2, 87.3]
DICE = [0.81, 0.77, 0.62, 0.70, 0.45, 0.68, 0.59, 0.73, 0.55, 0.40, 0.66, 0.71, 0.58, 0.57]


class TestSignedRanks:
    def test_the_worked_example(self):
        found = signed_rank_test(AFTER, BEFORE)
        assert (found.positive_sum, found.negative_sum, found.zeros, found.tied) == (52.0, 3.0, 0, 0)
        assert found.p == 0.009765625

    @pytest.mark.parametrize(
        ("method", "p"), [(RankMethod.NORMAL, 0.0125153), (RankMethod.NORMAL_CORRECTED, 0.0144328)]
    )
    def test_approximations_of_the_worked_example(self, method, p):
        assert signed_rank_test(AFTER, BEFORE, method).p == pytest.approx(p, abs=5e-8)

    @given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
    @settings(max_examples=60, deadline=None)
    def test_the_exact_p_is_that_of_all_signs_written_out(self, differences):
        found = signed_rank_test(differences, [0] * len(differences))
        ranks = stats.rankdata([abs(value) for value in differences if value])
        sums = [sum(ranks[list(signs)]) for signs in itertools.product((False, True), repeat=len(ranks))]
        least = min(found.positive_sum, found.negative_sum)
        assert found.p == pytest.approx(min(1.0, 2 * np.mean([value <= least for value in sums])))

    @given(st.lists(st.integers(-6, 6).filter(bool), min_size=5, max_size=30), st.booleans())
    @settings(max_examples=40, deadline=None)
    def test_the_normal_p_is_scipys(self, differences, corrected):
        method = RankMethod.NORMAL_CORRECTED if corrected else RankMethod.NORMAL
        found = signed_rank_test(differences, [0] * len(differences), method).p
        wanted = stats.wilcoxon(differences, correction=corrected, method="asymptotic").pvalue
        # SciPy's correction passes the mean where both sums are equal; there p is 1.
        assert found == pytest.approx(wanted, abs=1e-12) or found == 1.0

    def test_equal_pairs_are_dropped_or_ranked_and_both_are_told(self):
        first, second = [1, 5, 6, 9, 4, 8], [1, 4, 4, 6, 8, 3]
        dropped, ranked = (signed_rank_test(first, second, zero_handling=kind) for kind in Zeros)
        assert (dropped.zeros, dropped.positive_sum, dropped.negative_sum) == (1, 11.0, 4.0)
        assert (ranked.zeros, ranked.positive_sum, ranked.negative_sum) == (1, 15.0, 5.0)
        assert dropped.method_words == "exact, 1 equal pair dropped, no ties"
        assert "ranked by Pratt" in ranked.method_words

    def test_errors_of_binary_numbers_are_neither_differences_nor_break_ties(self):
        found = signed_rank_test([0.1 + 0.2, 0.7, 0.5], [0.3, 0.6, 0.4])
        assert (found.zeros, found.tied) == (1, 2)

    def test_the_order_of_cases_does_not_matter_and_swapping_swaps_the_sums(self):
        order = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]
        found = signed_rank_test(AFTER, BEFORE)
        assert signed_rank_test(np.array(AFTER)[order], np.array(BEFORE)[order]) == found
        swapped = signed_rank_test(BEFORE, AFTER)
        assert (swapped.positive_sum, swapped.negative_sum, swapped.p) == (3.0, 52.0, found.p)

    def test_pairs_that_never_differ_have_p_of_one(self):
        assert signed_rank_test([1, 2], [1, 2]).p == signed_rank_p([], 0.0) == 1.0

    def test_many_pairs_are_approximated_and_the_result_says_so(self):
        noise = np.random.default_rng(3).normal(0.05, 1.0, 501)
        many, fewer = (signed_rank_test(noise[:count], np.zeros(count)) for count in (501, 500))
        assert (many.method, fewer.method) == (RankMethod.NORMAL, RankMethod.EXACT)
        assert fewer.p == pytest.approx(signed_rank_test(noise[:500], np.zeros(500), RankMethod.NORMAL).p, abs=1e-3)

    def test_no_complete_pair_is_refused(self):
        with pytest.raises(SettingsError, match="At least 1 complete"):
            signed_rank_test([np.nan], [1.0])


class TestRankCorrelation:
    def test_the_worked_example(self):
        found = rank_correlation(BEFORE, AFTER)
        assert found.rho == pytest.approx(0.987879, abs=5e-7)
        assert found.p == pytest.approx(9.31e-8, rel=1e-3)

    def test_interval_holds_the_value_and_is_wider_for_fewer_pairs(self):
        many, few = rank_correlation(BEFORE, AFTER), rank_correlation(BEFORE[:5], AFTER[:5])
        for found in (many, few):
            assert found.interval[0] <= found.rho <= found.interval[1]
        assert np.ptp(many.interval) < np.ptp(rank_correlation(DICE[:6], BEFORE[:6]).interval)

    def test_full_order_has_no_doubt_and_no_order_is_undefined(self):
        assert rank_correlation([1, 2, 3, 4], [2, 4, 8, 9]).rho == pytest.approx(1.0)
        assert np.isnan(rank_correlation([1, 2, 3, 4], [5, 5, 5, 5]).rho)

    def test_p_agrees_with_scipy(self):
        wanted = stats.spearmanr(DICE[:10], BEFORE)
        found = rank_correlation(DICE[:10], BEFORE)
        assert (found.rho, found.p) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))
        assert correlation_p(1.0, 5) == 0.0


class TestMcNemar:
    @pytest.mark.parametrize("case", oracles("mcnemar"))
    def test_reference_values(self, case):
        assert [mcnemar_exact(*pair) for pair in case["input"]] == case["expected"]

    @pytest.mark.parametrize(("pair", "p"), [((1, 0), 1.0), ((5, 0), 0.0625), ((6, 0), 0.03125), ((7, 1), 0.0703125)])
    def test_powers_of_one_half(self, pair, p):
        assert mcnemar_exact(*pair) == mcnemar_exact(*reversed(pair)) == p

    def test_no_differing_case_has_p_of_one_and_negative_counts_are_refused(self):
        assert mcnemar_exact(0, 0) == 1.0
        with pytest.raises(SettingsError):
            mcnemar_exact(-1, 2)


class TestShares:
    @pytest.mark.parametrize(
        ("hits", "count", "wilson", "exact"),
        [
            (3, 4, (0.3006, 0.9544), (0.1941, 0.9937)),
            (10, 10, (0.7225, 1.0), (0.6915, 1.0)),
            (13, 14, (0.6853, 0.9873), (0.6613, 0.9982)),
        ],
    )
    def test_published_and_computed_intervals(self, hits, count, wilson, exact):
        found = proportion(hits, count)
        assert found.wilson == pytest.approx(wilson, abs=5e-5)
        assert found.clopper_pearson == pytest.approx(exact, abs=5e-5)

    def test_no_case_has_no_share(self):
        found = proportion(0, 0)
        assert np.isnan([found.share, *found.wilson, *found.clopper_pearson]).all()

    def test_judgments_of_nothing_or_of_different_cases_are_refused(self):
        for pair in (([], []), ([True], [True, False])):
            with pytest.raises(SettingsError):
                binary_agreement(*pair)


class TestErrors:
    def test_the_worked_example(self):
        found = paired_errors(AFTER, BEFORE)
        assert (found.mean_signed, found.mean_absolute) == (pytest.approx(4.87), pytest.approx(5.21))
        assert found.spread == pytest.approx(4.613037, abs=5e-7)
        assert (found.limits.low_limit, found.limits.high_limit) == pytest.approx((-4.171553, 13.911553), abs=5e-7)
        assert found.limits.bias_interval == pytest.approx((1.570032, 8.169967), abs=1e-6)

    def test_four_means_that_differ_stand_apart(self):
        found = paired_errors([12.0, 90.0, 50.0], [10.0, 100.0, 50.0])
        assert found.mean_signed == pytest.approx(-8 / 3)
        assert found.mean_absolute == pytest.approx(4.0)
        assert found.percent_of_means == pytest.approx(-5.0)
        assert (found.mean_percent, found.mean_absolute_percent) == pytest.approx((10 / 3, 10.0))

    def test_percent_of_nothing_is_undefined(self):
        assert np.isnan(percent_change(0.0, 5.0))
        assert np.isnan(paired_errors([1, 2, 3], [0, 2, 3]).mean_percent)

    def test_too_few_pairs_are_refused(self):
        with pytest.raises(SettingsError, match="3 complete pairs"):
            paired_errors([1, 2, np.nan], [1, 2, 3])


class TestMeans:
    def test_the_worked_interval(self):
        found = summarize_values(DICE)
        assert (found.mean, found.standard_deviation) == (pytest.approx(0.63), pytest.approx(0.116421, abs=5e-7))
        assert mean_interval(found) == pytest.approx((0.562781, 0.697219), abs=5e-7)

    def test_one_value_has_no_interval(self):
        assert np.isnan(mean_interval(summarize_values([1.0]))).all()
