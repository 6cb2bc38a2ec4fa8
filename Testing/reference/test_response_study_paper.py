"""Printed figures of the published study of patient-specific training for RECIST, recomputed from its own text.

The study gives counts and means but no table of cases. What follows from them must come out; where the text contradicts
itself both figures stand here, so that nobody takes one for the other.
"""

from __future__ import annotations

import pytest

from hepadose.batch.response_study import single_tumor_category
from hepadose.evaluation.paired_errors import percent_change
from hepadose.evaluation.paired_tests import mcnemar_exact, signed_rank_p
from hepadose.evaluation.proportions import binary_agreement
from hepadose.evaluation.rank_correlation import correlation_p
from hepadose.evaluation.response_study import ResponseCase, cohort_statistics

# RECIST cohort, n = 14: mean longest diameters in mm before, after by hand, after by the personal network.
BEFORE_MM, MANUAL_MM, PREDICTED_MM = 118.2, 90.4, 97.6
# 4 PR and 10 SD by hand; 3 PR and 11 SD predicted.
MANUAL, PREDICTED = ["PR"] * 4 + ["SD"] * 10, ["PR"] * 3 + ["SD"] * 11


@pytest.fixture(scope="module")
def statistics():
    pairs = zip(MANUAL, PREDICTED, strict=True)
    cases = [
        ResponseCase(str(number), category_manual=one, category_predicted=two)
        for number, (one, two) in enumerate(pairs)
    ]
    return cohort_statistics("recist", cases).categories


class TestWhatComesOut:
    def test_thirteen_of_fourteen_categories(self, statistics):
        assert (statistics.concordance.hits, statistics.concordance.count) == (13, 14)
        assert statistics.discordant == ("3",)
        assert statistics.table["PR", "SD"] == 1

    def test_sensitivity_specificity_and_mcnemar(self, statistics):
        response = statistics.response
        assert (response.sensitivity.share, response.specificity.share) == (0.75, 1.0)
        assert response.mcnemar_p == 1.0
        assert response.kappa == pytest.approx(0.8108, abs=5e-5)

    def test_intervals_that_were_not_printed(self, statistics):
        response = statistics.response
        assert response.sensitivity.wilson == pytest.approx((0.3006, 0.9544), abs=5e-5)
        assert response.sensitivity.clopper_pearson == pytest.approx((0.1941, 0.9937), abs=5e-5)
        assert response.specificity.wilson == pytest.approx((0.7225, 1.0), abs=5e-5)
        assert response.specificity.clopper_pearson == pytest.approx((0.6915, 1.0), abs=5e-5)
        assert response.accuracy.clopper_pearson == pytest.approx((0.6613, 0.9982), abs=5e-5)

    def test_the_correlation_is_one_that_fourteen_cases_can_have_and_its_p_is_below_a_hundredth(self):
        squares = 72
        rho = 1 - 6 * squares / (14 * (14**2 - 1))
        assert round(rho, 3) == 0.842
        assert correlation_p(rho, 14) < 0.01

    def test_the_discordant_case_lies_on_both_sides_of_the_limit(self):
        assert single_tumor_category(100, 100 - 36.0) == "PR"
        assert single_tumor_category(100, 100 - 13.2) == "SD"

    def test_cohort_counts_add_up(self):
        assert 67 + 16 == 83 == 49 + 14 + 20


class TestWhatContradicts:
    def test_the_mean_signed_error_is_not_the_printed_overestimation(self):
        signed_mm = PREDICTED_MM - MANUAL_MM
        assert signed_mm == pytest.approx(7.2)
        assert round(signed_mm, 1) != 9.2
        # Nor is 10.4 % the ratio of the means.
        assert percent_change(MANUAL_MM, PREDICTED_MM) == pytest.approx(7.96, abs=0.005)

    def test_the_printed_difference_of_6_percent_is_points_of_the_baseline(self):
        changes = percent_change(BEFORE_MM, MANUAL_MM), percent_change(BEFORE_MM, PREDICTED_MM)
        assert changes == pytest.approx((-23.5, -17.4), abs=0.05)
        assert changes[1] - changes[0] == pytest.approx(6.1, abs=0.05)
        assert percent_change(MANUAL_MM, PREDICTED_MM) != pytest.approx(6.1, abs=1.0)

    def test_the_mean_of_ratios_is_not_the_ratio_of_means(self):
        printed_mean_of_ratios = -19.9
        assert percent_change(BEFORE_MM, MANUAL_MM) != pytest.approx(printed_mean_of_ratios, abs=3.0)

    def test_the_printed_p_of_the_diameters_is_none_that_fourteen_untied_pairs_can_have(self):
        possible = {14: [], 13: []}
        for pairs, found in possible.items():
            found += [signed_rank_p(range(1, pairs + 1), total) for total in range(pairs * (pairs + 1) // 4 + 1)]
        nearest = sorted(sorted(possible[14], key=lambda p: abs(p - 0.032))[:2])
        assert nearest == pytest.approx([0.02954, 0.03528], abs=5e-6)
        assert 0.032 not in [round(p, 3) for p in possible[14]]
        # With one equal pair the nearest is 0.033.
        assert min(possible[13], key=lambda p: abs(p - 0.032)) == pytest.approx(0.03271, abs=5e-6)

    def test_mcnemar_could_not_have_told_a_difference(self):
        assert mcnemar_exact(5, 0) > 0.05 > mcnemar_exact(6, 0)
        # 0.3173, the chi-squared without correction, is not what was printed.
        assert mcnemar_exact(1, 0) == 1.0

    def test_the_area_under_the_curve_is_the_mean_of_sensitivity_and_specificity(self):
        found = binary_agreement([each == "PR" for each in MANUAL], [each == "PR" for each in PREDICTED])
        assert found.area_under_curve == 0.875 == (0.75 + 1.0) / 2
