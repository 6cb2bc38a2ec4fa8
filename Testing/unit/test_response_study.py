"""A table of cases in, statistics of every cohort out: planted figures come back, and rubbish is refused."""

from __future__ import annotations

import csv
import json

import pytest

from hepadose.batch.response_study import read_response_cases, run_response_study, single_tumor_category
from hepadose.cli import main
from hepadose.errors import HepaDoseError, MissingInputError, SettingsError, UnitsError, UnreadableFileError
from hepadose.evaluation.response_study import ResponseCase, cohort_statistics
from hepadose.report.response_study_write import ResponseStudy, statistic_rows

from support import oracles

COLUMNS = (
    "case",
    "cohort",
    "dice_post_general",
    "dice_post_personal",
    "diameter_pre_manual_mm",
    "diameter_post_manual_mm",
    "diameter_post_predicted_mm",
    "volume_post_manual_ml",
    "volume_post_predicted_ml",
    "category_manual",
)
ROWS = [
    ["1", "recist; male", 0.50, 0.60, 100, 60, 65, 100, 110, ""],
    ["2", "recist", 0.40, 0.55, 50, 36, 34, 40, 38, ""],
    ["3", "recist", 0.60, 0.58, 80, 78, 80, 200, 230, "PD"],
    ["4", "recist", 0.30, 0.50, 120, 144, 150, 900, 950, ""],
    ["5", "male", 0.45, 0.65, 10.1, 7.07, 7.2, 3, "", ""],
    ["6", "", "", "", "", "", "", "", "", ""],
]

FIRST_FOLLOW_UPS = [
    case
    for case in oracles("recist_target")
    if case.values[0] is None or case.values[0]["input"]["baseline"] == case.values[0]["input"]["nadir"]
]


def write_table(path, rows=ROWS, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table") / "cases.csv")


@pytest.fixture(scope="module")
def result(table, tmp_path_factory):
    output = tmp_path_factory.mktemp("result") / "out"
    return run_response_study(table, output), output


def figures(output):
    """The written statistics by cohort, group, figure and statistic; the last of equal names."""
    with (output / "statistics.csv").open(newline="", encoding="utf-8") as file:
        return {(row["cohort"], row["group"], row["figure"], row["statistic"]): row for row in csv.DictReader(file)}


class TestStatistics:
    def test_all_cases_come_first_and_then_the_cohorts_as_they_are_met(self, result):
        study, _ = result
        assert [(cohort.name, cohort.cases) for cohort in study.cohorts] == [("all", 6), ("recist", 4), ("male", 2)]

    def test_signed_and_absolute_errors_and_both_percentages(self, result):
        rows = figures(result[1])
        at = ("recist", "error", "diameter_mm")
        assert float(rows[*at, "mean, signed"]["value"]) == pytest.approx((5 - 2 + 2 + 6) / 4)
        assert float(rows[*at, "mean, absolute"]["value"]) == pytest.approx(15 / 4)
        assert float(rows[*at, "percent: ratio of means"]["value"]) == pytest.approx(100 * (329 / 318 - 1))
        ratios = [65 / 60, 34 / 36, 80 / 78, 150 / 144]
        assert float(rows[*at, "percent: mean of ratios"]["value"]) == pytest.approx(100 * (sum(ratios) / 4 - 1))

    def test_the_error_in_points_of_the_baseline(self, result):
        points = [5 / 1.00, -2 / 0.50, 2 / 0.80, 6 / 1.20]
        row = figures(result[1])["recist", "error", "change_percentage_points", "mean, signed"]
        assert float(row["value"]) == pytest.approx(sum(points) / 4)

    def test_changes_by_hand_and_predicted(self, result):
        rows = figures(result[1])
        row = rows["recist", "change", "diameter_manual_mm", "percent: mean of ratios"]
        assert float(row["value"]) == pytest.approx((-40 - 28 - 2.5 + 20) / 4)
        assert (float(row["low"]), float(row["high"])) == (pytest.approx(-40), pytest.approx(20))

    def test_the_tests_say_how_they_were_made(self, result):
        row = figures(result[1])["recist", "test", "dice_personal_general", "p (signed ranks)"]
        assert float(row["value"]) == 0.25
        assert row["method"] == "exact, no equal pair, no ties"

    def test_categories_follow_from_the_diameters_unless_they_are_given(self, result):
        study, _ = result
        assert [case.category_manual for case in study.cases] == ["PR", "SD", "PD", "PD", "PR", ""]
        assert [case.category_predicted for case in study.cases] == ["PR", "PR", "SD", "PD", "SD", ""]
        assert [str(note) for note in study.notes if "Case 3" in str(note)]
        everyone = study.cohorts[0].categories
        assert (everyone.concordance.hits, everyone.concordance.count) == (2, 5)
        assert everyone.discordant == ("2", "3", "5")

    def test_a_response_is_cr_or_pr(self):
        pairs = [("CR", "PR"), ("PR", "SD"), ("PD", "SD"), ("SD", "SD")]
        cases = [ResponseCase(str(n), category_manual=a, category_predicted=b) for n, (a, b) in enumerate(pairs)]
        found = cohort_statistics("", cases).categories
        response = found.response
        assert (response.both, response.only_reference, response.only_predicted, response.neither) == (1, 1, 0, 2)
        assert found.concordance.hits == 1

    def test_the_personal_network_is_tested_against_the_propagated_contour_too(self):
        cases = [ResponseCase(str(n), dice_post_propagated=0.5, dice_post_personal=0.5 + 0.01 * n) for n in range(7)]
        found = cohort_statistics("", cases).tests["dice_personal_propagated"]
        assert (found.pairs, found.zeros, found.positive_sum, found.p) == (7, 1, 21.0, 0.03125)

    def test_a_tumor_below_ten_millimeters_is_told(self, tmp_path):
        row = ["7", "", "", "", 9.9, 5, 6, "", "", ""]
        notes = read_response_cases(write_table(tmp_path / "t.csv", [row]))[1]
        assert "9.9 mm before treatment is no target" in str(notes[0])

    def test_too_few_cases_leave_figures_out_and_not_the_cohort(self, result):
        male = result[0].cohorts[2]
        assert male.errors == male.tests == male.changes == {}
        assert male.means["dice_post_general"].summary.count == 2

    def test_the_order_of_cases_changes_no_figure(self, result):
        study, _ = result
        turned = cohort_statistics("all", study.cases[::-1])
        one, two = (list(statistic_rows(ResponseStudy((), (each,)))) for each in (study.cohorts[0], turned))
        assert [row[5] for row in one if row[5] is not None] == pytest.approx(
            [row[5] for row in two if row[5] is not None]
        )
        assert len(one) > 60

    def test_a_cohort_without_cases_is_refused(self):
        with pytest.raises(MissingInputError):
            cohort_statistics("none", [])


class TestOneTumor:
    @pytest.mark.parametrize("case", FIRST_FOLLOW_UPS)
    def test_reference_values_with_the_baseline_as_nadir(self, case):
        given = {name: float(case["input"][name]) for name in ("baseline", "current")}
        assert single_tumor_category(given["baseline"], given["current"]) == case["expected"]

    @pytest.mark.parametrize(
        ("before", "after", "category"), [(100, 70.0, "PR"), (100, 119.9, "SD"), (100, 120, "PD"), (26, 31.1, "SD")]
    )
    def test_limits(self, before, after, category):
        assert single_tumor_category(before, after) == category


class TestFiles:
    def test_page_tables_and_figures(self, result):
        _, output = result
        files = {str(path.relative_to(output)) for path in output.rglob("*.*")}
        assert files >= {"report.html", "cases.csv", "statistics.csv", "result.json", "figures/waterfall.png"}
        page = (output / "report.html").read_text(encoding="utf-8")
        assert "research use only" in page.lower()
        assert "cannot fall below 0.05" in page
        assert "NaN" not in page

    def test_the_full_numbers_are_in_one_file(self, result):
        content = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
        assert content["schema"] == "hepadose/response-study/1"
        assert [cohort["name"] for cohort in content["cohorts"]] == ["all", "recist", "male"]
        assert content["cases"][5]["diameter_pre_manual_mm"] is None

    def test_the_command_says_what_it_found(self, table, tmp_path, capsys):
        options = ["--wilcoxon", "normal", "--zeros", "pratt"]
        assert main(["response-study", str(table), "--output", str(tmp_path / "out"), *options]) == 0
        told = capsys.readouterr().out
        assert "recist: 4 cases, DSC general 0.45, DSC personal 0.56, diameter +2.8 mm (absolute 3.8 mm)" in told
        row = figures(tmp_path / "out")["recist", "test", "diameter_mm", "p (signed ranks)"]
        assert row["method"].startswith("normal approximation")


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "problem", "words"),
        [
            (["1", "", 63, "", "", "", "", "", "", ""], UnitsError, "between 0 and 1"),
            (["1", "", "", "", 0, 5, "", "", "", ""], UnitsError, "must be positive"),
            (["1", "", "", "", 10, -5, "", "", "", ""], UnitsError, "must be positive"),
            (["1", "", "", "", "big", "", "", "", "", ""], UnreadableFileError, "must be a number"),
            (["1", "", "", "", "inf", "", "", "", "", ""], UnreadableFileError, "must be a number"),
            (["1", "", "", "", "", "", "", "", "", "better"], SettingsError, "CR, PR, SD, PD"),
            (["", "", "", "", "", "", "", "", "", ""], SettingsError, "case of its own"),
        ],
    )
    def test_wrong_lines(self, tmp_path, row, problem, words):
        with pytest.raises(problem, match=words):
            read_response_cases(write_table(tmp_path / "t.csv", [row]))

    def test_a_case_that_stands_there_twice(self, tmp_path):
        with pytest.raises(SettingsError, match="twice: 1"):
            read_response_cases(write_table(tmp_path / "t.csv", [ROWS[0], ROWS[0]]))

    def test_no_table_no_line_and_unknown_columns(self, tmp_path):
        with pytest.raises(MissingInputError, match="no table"):
            read_response_cases(tmp_path / "none.csv")
        with pytest.raises(MissingInputError, match="lists nothing"):
            read_response_cases(write_table(tmp_path / "t.csv", []))
        with pytest.raises(UnreadableFileError, match="unknown: patient_name"):
            read_response_cases(write_table(tmp_path / "t.csv", [], ("case", "patient_name")))

    def test_nothing_is_left_after_a_failure(self, tmp_path):
        with pytest.raises(HepaDoseError):
            run_response_study(tmp_path / "none.csv", tmp_path / "out")
        assert list(tmp_path.iterdir()) == []
