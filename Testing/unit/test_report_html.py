"""The HTML report: self-contained, complete, and honest where a number is missing."""

import base64
import dataclasses
import html
import re
import sys

import numpy as np
import pytest

from hepadose.errors import MissingDependencyError
from hepadose.findings import error, warning
from hepadose.flr.result import PlanarCurve, RegistrationSummary
from hepadose.flr.settings import DoseQuantity, PlanarDefinition
from hepadose.provenance import SegmentationOrigin
from hepadose.report import render_flr_report, write_flr_report
from hepadose.report.html import surface_rows_near
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
    assert "Cheng et al. 2021, mean over slices Largest value 0.85 30.0 Gy" in text
    assert "Published script for liver reactions, mean over slices Largest value undefined undefined" in text
