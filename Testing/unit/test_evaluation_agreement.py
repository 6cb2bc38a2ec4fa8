"""Agreement of readers against published tables, scores against the study's histogram, corrections on boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepadose.errors import SettingsError
from hepadose.evaluation.agreement import (
    bland_altman,
    intraclass_correlation,
    paired_wilcoxon,
    proportion_interval,
    weighted_kappa,
)
from hepadose.evaluation.corrections import REGIONS, find_corrections
from hepadose.evaluation.quality_score import SCORES, require_score, summarize_scores
from hepadose.evaluation.score_words import WORDS
from hepadose.evaluation.summary import summarize_values
from hepadose.images import Image

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


class TestIntraclassCorrelation:
    def test_the_published_table(self):
        found = intraclass_correlation(SHROUT_FLEISS)
        assert found.one_way == pytest.approx(0.1657, abs=5e-5)
        assert found.two_way_random == pytest.approx(0.2898, abs=5e-5)
        assert found.two_way_fixed == pytest.approx(0.7148, abs=5e-5)

    def test_the_interval_holds_the_value(self):
        found = intraclass_correlation(SHROUT_FLEISS)
        low, high = found.two_way_random_interval
        assert low == pytest.approx(0.019, abs=0.002)
        assert high == pytest.approx(0.761, abs=0.002)

    def test_equal_readings_agree_fully(self):
        found = intraclass_correlation([[1, 1], [2, 2], [3, 3]])
        assert found.two_way_random == found.two_way_fixed == 1.0

    @given(st.floats(0.1, 10), st.floats(-100, 100))
    def test_scale_and_origin_do_not_matter(self, scale, shift):
        table = scale * np.asarray(SHROUT_FLEISS, float) + shift
        assert intraclass_correlation(table).two_way_random == pytest.approx(0.28976, abs=1e-4)

    @pytest.mark.parametrize("table", [[[1, 2]], [[1], [2]], [[1, np.nan], [2, 3]], [1, 2, 3]])
    def test_too_little_is_refused(self, table):
        with pytest.raises(SettingsError):
            intraclass_correlation(table)


class TestPairs:
    def test_limits_lie_around_the_bias(self):
        random = np.random.default_rng(1)
        true = random.uniform(1000, 2000, 400)
        found = bland_altman(true + random.normal(30, 10, 400), true)
        assert found.bias == pytest.approx(30, abs=1.5)
        assert found.high_limit - found.bias == pytest.approx(19.6, abs=1.5)
        assert found.bias_interval[0] < found.bias < found.bias_interval[1]
        assert found.low_limit_interval[0] < found.low_limit < found.low_limit_interval[1]

    def test_percent_of_the_mean(self):
        assert bland_altman([110, 220, 330], [90, 180, 270], percent=True).bias == pytest.approx(20.0)

    def test_undefined_pairs_are_left_out(self):
        assert bland_altman([1, 2, 3, np.nan], [1, 2, 3, 4]).count == 3

    def test_unequal_counts_are_refused(self):
        with pytest.raises(SettingsError, match="as many"):
            bland_altman([1, 2, 3], [1, 2])

    def test_no_difference_has_p_of_one(self):
        assert paired_wilcoxon([1, 2, 3], [1, 2, 3]) == 1.0

    def test_kappa_weighs_far_disagreement_more(self):
        near = weighted_kappa([1, 2, 3, 4], [1, 2, 3, 3], (1, 2, 3, 4))
        far = weighted_kappa([1, 2, 3, 4], [1, 2, 3, 1], (1, 2, 3, 4))
        assert 1.0 > near > far

    def test_a_score_off_the_scale_is_refused(self):
        with pytest.raises(SettingsError, match="on the scale"):
            weighted_kappa([1, 7], [1, 2], (1, 2, 3))

    def test_share_of_small_differences_in_the_study(self):
        low, high = proportion_interval(16, 20)
        assert (round(low, 3), round(high, 3)) == (0.584, 0.919)


class TestSummary:
    def test_quartiles_are_linear(self):
        found = summarize_values([3.17, 5, 6, 7, 9.18, 10, 12, 15, 32.75])
        assert (found.median, found.low_quartile, found.high_quartile) == (9.18, 6.0, 12.0)
        assert found.text() == "9.18 [6.00–12.00; 3.17–32.75]"

    def test_undefined_values_are_counted_and_left_out(self):
        found = summarize_values([1.0, np.nan, 3.0])
        assert (found.count, found.left_out, found.median) == (2, 1, 2.0)

    def test_nothing_is_undefined(self):
        assert summarize_values([]).text() == "none"
        assert np.isnan(summarize_values([np.nan]).median)


class TestScores:
    def test_the_studys_histogram(self):
        counts = {1.0: 2, 1.5: 0, 2.0: 1, 2.5: 2, 3.0: 7, 3.5: 12, 4.0: 14, 4.5: 2, 5.0: 0}
        found = summarize_scores(score for score, count in counts.items() for _ in range(count))
        assert found.histogram == counts
        assert (found.count, found.usable, found.limited, found.unacceptable) == (40, 0.4, 0.475, 0.125)
        assert (found.acceptable, found.median, found.mean) == (0.875, 3.5, 3.425)

    def test_every_score_has_words(self):
        assert set(WORDS) == set(SCORES)

    @pytest.mark.parametrize("score", [0.5, 3.25, 5.5])
    def test_other_scores_are_refused(self, score):
        with pytest.raises(SettingsError):
            require_score(score)


class TestCorrections:
    SHAPE = (20, 40, 40)

    def image(self, *boxes):
        mask = np.zeros(self.SHAPE, bool)
        for limits in boxes:
            mask[tuple(slice(low, high) for low, high in limits)] = True
        return Image(mask, (5.0, 5.0, 5.0), (10.0, 0.0, 0.0))

    def test_added_and_removed_parts_are_told_apart(self):
        before = self.image([(5, 15), (5, 20), (5, 20)], [(5, 9), (30, 34), (30, 34)])
        after = self.image([(5, 15), (5, 20), (5, 24)])
        added, removed = find_corrections(before, after)
        assert (added.added_ml, added.removed_ml) == (pytest.approx(10 * 15 * 4 * 0.125), 0.0)
        assert (removed.added_ml, removed.removed_ml) == (0.0, pytest.approx(4 * 4 * 4 * 0.125))
        assert (added.proposed, removed.proposed) == ("missing part", "extra part")
        assert added.center_lps == pytest.approx((10.0 + 21.5 * 5, 12 * 5, 9.5 * 5))

    def test_a_correction_in_a_neighbor_is_named_after_it(self):
        before, after = self.image([(5, 15), (5, 20), (5, 24)]), self.image([(5, 15), (5, 20), (5, 20)])
        found = find_corrections(before, after, {"stomach": self.image([(5, 15), (5, 20), (20, 30)])})
        assert found[0].proposed == "stomach" in REGIONS

    def test_small_changes_are_left_out(self):
        before = self.image([(5, 15), (5, 20), (5, 20)])
        after = self.image([(5, 15), (5, 20), (5, 20)], [(5, 6), (5, 6), (20, 21)])
        assert find_corrections(before, after) == ()
        assert len(find_corrections(before, after, least_ml=0.1)) == 1
