"""The HTML report: self-contained, complete, and honest where a number is missing."""

import base64
import dataclasses
import html
import json
import re
import sys

import numpy as np
import pytest

from hepadose.errors import MissingDependencyError
from hepadose.findings import error, warning
from hepadose.flr.result import PlanarCurve, RegistrationSummary
from hepadose.flr.settings import DoseQuantity, PlanarDefinition
from hepadose.provenance import SegmentationOrigin
from hepadose.report import render_flr_report, write_flr_report, write_flr_tables
from hepadose.report.html import surface_rows_near
from hepadose.report.isodoses import round_levels
from hepadose.report.published import PatientStatement, comparison
from hepadose.report.slices import draw_planes, line_colors
from hepadose.report.studies import PUBLISHED_THRESHOLDS
from hepadose.timing import TimingLog

from flr_example import analyzed, example_images

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def example():
    return analyzed(example_images())


@pytest.fixture(scope="module")
def written(example, tmp_path_factory):
    log = TimingLog()
    with log.step("Sweep"):
        pass
    return write_flr_report(tmp_path_factory.mktemp("report"), example.result, example.images, log.records)


def words(page):
    """The text a reader sees."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", text)


def test_all_files_are_written_and_nothing_else_stays(written):
    folder = written["report.html"].parent
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == set(written)
    assert {"report.html", "result.json", "curve.csv", "figures/planes.png"} <= found
    assert not list(folder.glob(".unfinished-*"))


def test_the_page_needs_no_other_file_and_no_network(written):
    page = written["report.html"].read_text(encoding="utf-8")
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 3
    for source in sources:
        head, data = source.split(",", 1)
        assert head == "data:image/png;base64"
        assert base64.b64decode(data).startswith(PNG)
    assert "://" not in page
    assert "url(" not in page


def test_the_page_says_everything_a_reader_needs(written, example):
    text = words(written["report.html"].read_text(encoding="utf-8"))
    best = example.result.best
    for part in (
        f"follows the {best.refined_gy:.1f} Gy isodose",
        "95 % interval",
        "physical dose, 5 fractions",
        "future liver remnant",
        "For research use only",
        "Check Follow-up CT 1 slice is missing",
        "Density difference 1 (threshold −12 HU), edited by hand",
        "RTSTRUCT (structure Liver), not edited",
        "rigid, affine, B-spline",
        "EQD2 (α/β 3 Gy)",
        "Child-Pugh class: not recorded here",
        "Sweep computed 1",
        "dose at its edge",
    ):
        assert part in text, part


def test_what_was_stated_about_the_patient_is_compared_with_the_published_thresholds(example, tmp_path):
    statement = PatientStatement("CT", "portal venous", 6.0, "A")
    paths = write_flr_report(tmp_path, example.result, example.images, (), statement)
    text = words(paths["report.html"].read_text(encoding="utf-8"))
    assert "Modality: CT · Contrast phase: portal venous · Months since treatment: 6 · Child-Pugh class: A" in text
    assert "not recorded here" not in text
    for row in comparison(example.result, statement):
        shown = f"{row.study.source} {row.value_text} {'; '.join(row.differences) or 'none'}".replace("\xa0", " ")
        assert shown in text
    assert sum(row.comparable for row in comparison(example.result, statement)) == 1
    stored = json.loads(paths["result.json"].read_text(encoding="utf-8"))
    assert stored["patient"] == dataclasses.asdict(statement)
    takeda = next(row for row in stored["comparison"]["rows"] if row["source"].startswith("Takeda"))
    assert takeda["own_gy_physical"] == example.result.estimators.volume_match_gy
    assert takeda["published_spread_gy_physical"] == [31.9, 36.0]
    assert not stored["comparison"]["problem"]


def test_what_was_not_stated_about_the_patient_is_said_in_the_place_of_the_comparison(example, tmp_path):
    statement = PatientStatement("CT", None, 6.0, None)
    paths = write_flr_tables(tmp_path, example.result, statement=statement)
    text = words(render_flr_report(example.result, {}, (), statement))
    assert "Modality: CT · Contrast phase: not stated" in text
    problem = "Before comparing with published thresholds, state the contrast phase, the Child-Pugh class"
    assert problem in text
    assert "beside the published thresholds" not in text
    stored = json.loads(paths["result.json"].read_text(encoding="utf-8"))
    assert stored["comparison"]["problem"].startswith(problem)
    assert stored["comparison"]["rows"] == []


def test_a_result_without_a_statement_compares_nothing(written):
    stored = json.loads(written["result.json"].read_text(encoding="utf-8"))
    assert (stored["patient"], stored["comparison"]) == (None, None)


def test_the_dose_uncertainty_is_a_product_that_is_right_as_printed(example):
    best = dataclasses.replace(
        example.result.best, registration_error_mm=0.7553, gradient_gy_per_mm=7.8152, dose_uncertainty_gy=5.9028
    )
    text = words(render_flr_report(dataclasses.replace(example.result, best=best), {}))
    assert "0.76 mm × 7.82 Gy/mm = 5.9 Gy" in text
    assert "as if it were one standard deviation" in text


def test_published_2_d_definitions_name_their_step_and_claim_no_level_where_nothing_agrees(example):
    levels = np.arange(5.0, 61.0, 5.0)
    scores = np.where(levels == 60.0, 0.4, 0.1)
    curves = (
        PlanarCurve(PlanarDefinition.CHENG, levels, scores),
        PlanarCurve(PlanarDefinition.PUBLISHED_SCRIPT, levels, np.zeros(levels.size)),
    )
    text = words(render_flr_report(dataclasses.replace(example.result, planar=curves), {}))
    assert "Largest value 0.40 60 Gy, in steps of 5 Gy" in text
    assert "Largest value undefined undefined" in text


@pytest.mark.parametrize("best_gy", [31.4, 20.5])
def test_the_figure_s_legend_names_every_isodose_line_in_its_color(example, best_gy):
    best = dataclasses.replace(example.result.best, refined_gy=best_gy)
    figure = draw_planes(dataclasses.replace(example.result, best=best), example.images)
    handles = [handle for legend in figure.legends for handle in legend.legend_handles]
    named = {handle.get_label(): handle.get_color() for handle in handles}
    levels = round_levels(float(example.images.dose_gy.array.max()), best_gy)
    shown = {label: color for label, color in named.items() if re.fullmatch(r"\d+ Gy", label)}
    assert shown == {f"{level:g} Gy": color for level, color in zip(levels, line_colors(levels), strict=True)}
    assert len(set(shown.values())) == len(levels)
    assert "Other isodoses (physical dose):" in named


def test_every_published_threshold_is_shown_with_its_definition(written):
    text = words(written["report.html"].read_text(encoding="utf-8"))
    for row in PUBLISHED_THRESHOLDS:
        assert f"{row.source} {row.technique} {row.imaging} {row.threshold} {row.equivalents}" in text


def test_a_problem_takes_the_answer_back(example):
    result = dataclasses.replace(example.result, findings=(error("Range of levels", "out of range"),))
    page = render_flr_report(result, {})
    assert 'class="answer error"' in page
    assert "Problem 1 problem: do not rely on this value" in words(page)


def test_texts_are_escaped(example):
    result = dataclasses.replace(
        example.result,
        findings=(warning("<script>alert(1)</script>", "a & b"),),
        liver_origin=SegmentationOrigin("<img src=x>"),
    )
    page = render_flr_report(result, {})
    assert "<script>" not in page
    assert "<img src=x>" not in page
    assert "a &amp; b" in page


def test_undefined_and_unmeasured_figures_say_so(example):
    estimators = dataclasses.replace(example.result.estimators, logistic_d50_gy=float("nan"))
    result = dataclasses.replace(
        example.result,
        estimators=estimators,
        registration=RegistrationSummary("none", float("nan")),
        best_equivalents={},
    )
    text = words(render_flr_report(result, {}))
    assert "nan" not in text.lower().split()
    assert "undefined" in text
    assert "DSC of the livers not measured" in text
    assert "EQD2 and BED cannot be computed" in text


def test_equal_results_give_equal_figures(example, written, tmp_path):
    again = write_flr_report(tmp_path, example.result, example.images)
    for name in ("figures/planes.png", "figures/curve.png", "figures/dvh.png", "curve.csv"):
        assert again[name].read_bytes() == written[name].read_bytes()


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_command_and_nothing_is_written(package, example, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=f'pip install "{package}'):
        write_flr_report(tmp_path / "report", example.result, example.images)
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("case", ["eqd2", "oblique", "dose with a hole", "no fractions"])
def test_unusual_cases_are_drawn_too(case, tmp_path):
    images = example_images(tilt_degrees=20.0 if case == "oblique" else 0.0)
    if case == "dose with a hole":
        dose = images.dose_gy.array.copy()
        dose[:8] = np.nan
        images = dataclasses.replace(images, dose_gy=images.dose_gy.with_array(dose))
    choices = {"quantity": DoseQuantity.EQD2, "last_level_gy": 160.0} if case == "eqd2" else {}
    example = analyzed(images, fractions=None if case == "no fractions" else 5, **choices)
    paths = write_flr_report(tmp_path, example.result, images)
    assert paths["figures/planes.png"].read_bytes().startswith(PNG)


def test_the_surface_table_is_cut_around_the_best_level(example):
    rows = surface_rows_near(example.result.surface, 31.2)
    assert [row.level_gy for row, _ in rows] == list(range(27, 36))
    assert [row.level_gy for row, nearest in rows if nearest] == [31.0]
    assert surface_rows_near((), 31.0) == []
    assert surface_rows_near(example.result.surface, 5.0)[0][1]


def test_published_planar_definitions_are_shown_where_asked_for(example):
    assert "two-dimensional" not in words(render_flr_report(example.result, {}))
    levels = np.array([20.0, 30.0, 40.0])
    planar = (
        PlanarCurve(PlanarDefinition.CHENG, levels, np.array([0.1, 0.85, np.nan])),
        PlanarCurve(PlanarDefinition.PUBLISHED_SCRIPT, levels, np.full(3, np.nan)),
    )
    text = words(render_flr_report(dataclasses.replace(example.result, planar=planar), {}))
    assert "Cheng et al. 2021, mean over slices Largest value 0.85 30 Gy, in steps of 10 Gy" in text
    assert "Published script for liver reactions, mean over slices Largest value undefined undefined" in text
