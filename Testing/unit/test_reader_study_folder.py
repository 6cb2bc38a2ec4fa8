"""A simulated study in a folder: planted summaries come back in the tables, and rubbish is refused."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.batch.readers import read_study, run_readers
from hepadose.errors import HepaDoseError, MissingInputError, SettingsError, UnreadableFileError
from hepadose.images import Image

SPACING_MM = (4.0, 4.0, 4.0)
SCORES = [1.0, 2.5, 3.0, 3.5, 3.5, 4.0, 4.0, 4.5]
MINUTES = [3.17, 5.0, 6.0, 7.0, 9.18, 10.0, 12.0, 32.75]
COLUMNS = ("case", "kind", "reader", "file", "active_min", "score", "height_m", "weight_kg", "tumor_ml")


def ball(radius_mm, bump=False):
    z, y, x = (4.0 * (np.arange(50) - 24.5)[tuple(slice(None) if a == b else None for b in range(3))] for a in range(3))
    mask = x**2 + y**2 + z**2 < radius_mm**2
    if bump:
        mask |= (np.abs(x - radius_mm) < 10) & (np.abs(y) < 10) & (np.abs(z) < 10)
    return Image(mask.astype(np.uint8), SPACING_MM)


def write_study(folder, rows=None):
    """Eight cases: a program 3 mm too small, adjusted and drawn by reader 1, drawn by reader 2."""
    lines = []
    for case in range(8):
        radius = 66.0 + 3.0 * case
        contours = {
            ("automatic", ""): ball(radius - 3.0),
            ("adjusted", "1"): ball(radius, bump=case < 2),
            ("manual", "1"): ball(radius),
            ("manual", "2"): ball(radius + 1.0),
        }
        for (kind, reader), image in contours.items():
            name = f"{case}-{kind}-{reader or 'program'}.nii.gz"
            sitk.WriteImage(image.to_sitk(), str(folder / name))
            minutes = {"automatic": "", "adjusted": MINUTES[case], "manual": 30.0 + case}[kind]
            score = SCORES[case] if kind == "adjusted" else ""
            lines.append([case, kind, reader, name, minutes, score, 1.75, 75, 100])
    write_lines(folder, rows or lines)
    return folder


def write_lines(folder, rows, columns=COLUMNS):
    with (folder / "study.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def result(study, tmp_path_factory):
    output = tmp_path_factory.mktemp("result") / "out"
    return run_readers(study, output), output


def table(output, name):
    with (output / name).open(newline="") as file:
        return list(csv.DictReader(file))


class TestTables:
    def test_program_and_reader_manual_and_adjusted_and_readers_are_compared(self, result):
        tables, _ = result
        assert [(pair.first, pair.second) for pair in tables.pairs] == [
            ("automatic", "manual 1"),
            ("automatic", "manual 2"),
            ("automatic", "adjusted 1"),
            ("manual 1", "manual 2"),
            ("manual 1", "adjusted 1"),
        ]

    def test_planted_radius_comes_back(self, result):
        _, output = result
        rows = {(row["first"], row["second"], row["figure"]): row for row in table(output, "summary.csv")}
        ratio = float(rows["automatic", "manual 1", "volume_ratio"]["median"])
        assert ratio == pytest.approx(np.median([((66 + 3 * n - 3) / (66 + 3 * n)) ** 3 for n in range(8)]), rel=0.01)
        assert 2.0 < float(rows["automatic", "manual 1", "assd_mm"]["median"]) < 4.0

    def test_activity_in_one_compartment_follows_the_volume_and_body_surface_hardly(self, result):
        _, output = result
        rows = {(row["first"], row["second"], row["figure"]): row for row in table(output, "summary.csv")}
        mird, bsa, volume = (
            float(rows["automatic", "manual 1", name]["median"])
            for name in ("activity_ratio_mird", "activity_ratio_bsa", "volume_ratio")
        )
        assert mird == pytest.approx(volume, rel=1e-9)
        assert 1.0 < bsa < 1.02

    def test_times_and_scores_are_those_planted(self, result):
        _, output = result
        times = {row["what"]: row for row in table(output, "times.csv") if row["reader"] == "1"}
        assert float(times["adjusted"]["median_min"]) == pytest.approx(np.median(MINUTES))
        assert float(times["saved"]["median_min"]) == pytest.approx(np.median(30.0 + np.arange(8) - MINUTES))
        score = table(output, "scores.csv")[0]
        assert (score["score_3.5"], score["usable"], score["unacceptable"]) == ("2", "0.375", "0.25")

    def test_corrections_follow_from_the_difference(self, result):
        _, output = result
        row = table(output, "corrections.csv")[0]
        assert (row["region"], row["reader"], row["cases"], row["of_cases"]) == ("missing part", "1", "8", "8")

    def test_everything_stands_in_one_file_too(self, result):
        tables, output = result
        content = json.loads((output / "result.json").read_text())
        assert len(content["pairs"]) == len(tables.pairs) == 5
        assert content["times"][0]["adjusted"]["median"] == pytest.approx(np.median(MINUTES))
        assert tables.notes == ()

    def test_page_and_figures_are_there(self, result):
        _, output = result
        files = {path.name for path in output.rglob("*.*")}
        assert {"report.html", "scores.png", "times.png", "volumes-1.png"} <= files
        assert "research use only" in (output / "report.html").read_text().lower()


class TestRefusals:
    def test_a_folder_without_a_list(self, tmp_path):
        with pytest.raises(MissingInputError, match=r"study\.csv"):
            read_study(tmp_path)

    def test_unknown_columns(self, tmp_path):
        write_lines(tmp_path, [], ("case", "kind", "patient_name"))
        with pytest.raises(UnreadableFileError, match="missing: file, reader, unknown: patient_name"):
            read_study(tmp_path)

    @pytest.mark.parametrize(
        ("row", "problem", "words"),
        [
            ([1, "automatic", "", "../outside.nii.gz", "", "", "", "", ""], SettingsError, "in the study's folder"),
            ([1, "guessed", "", "0-manual-1.nii.gz", "", "", "", "", ""], SettingsError, "automatic, manual, adjusted"),
            ([1, "manual", "1", "none.nii.gz", "", "", "", "", ""], MissingInputError, "none.nii.gz"),
            ([1, "manual", "1", "0-manual-1.nii.gz", "soon", "", "", "", ""], UnreadableFileError, "must be a number"),
            ([1, "manual", "1", "0-manual-1.nii.gz", "", "7", "", "", ""], SettingsError, "half points"),
        ],
    )
    def test_wrong_lines(self, study, tmp_path, row, problem, words):
        sitk.WriteImage(ball(60.0).to_sitk(), str(tmp_path / "0-manual-1.nii.gz"))
        write_lines(tmp_path, [row])
        with pytest.raises(problem, match=words):
            read_study(tmp_path)

    def test_nothing_is_left_after_a_failure(self, tmp_path):
        with pytest.raises(HepaDoseError):
            run_readers(tmp_path, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []
