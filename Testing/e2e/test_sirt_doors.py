"""``hepadose sirt`` from a file of segments to report and tables; refusals leave nothing behind."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.batch.segments import read_segments
from hepadose.cli import main
from hepadose.errors import MissingInputError, UnreadableFileError
from hepadose.images import Image

SPACING_MM = (4.0, 4.0, 5.0)
SHAPE = (24, 50, 60)


def masks():
    """A liver of 1500 ml, its right half, and a tumor in it."""
    liver, right, tumor = (np.zeros(SHAPE, bool) for _ in range(3))
    liver[2:22, 5:45, 6:29] = True
    right[2:22, 5:45, 6:18] = True
    tumor[8:14, 15:27, 8:16] = True
    return liver, right, tumor


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Segments in three layers as 3D Slicer saves them, and an image of activity on a grid of its own."""
    folder = tmp_path_factory.mktemp("sirt")
    liver, right, tumor = masks()
    # Slicer puts what overlaps into layers of their own.
    values = (liver.astype(np.uint8), right.astype(np.uint8), 4 * tumor.astype(np.uint8))
    image = sitk.Compose(*(sitk.GetImageFromArray(layer) for layer in values))
    image.SetSpacing(SPACING_MM)
    named = (("Liver", 0, 1), ("Right lobe", 1, 1), ("Tumor 1", 2, 4))
    for number, (name, layer, value) in enumerate(named):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_Layer", str(layer))
        image.SetMetaData(f"Segment{number}_LabelValue", str(value))
    sitk.WriteImage(image, str(folder / "case.seg.nrrd"))
    becquerel = np.where(tumor, 8e5, 2e5) * liver
    sitk.WriteImage(Image(becquerel.astype(np.float32), SPACING_MM).to_sitk(), str(folder / "pet.nrrd"))
    return folder


def run(case, output, *options):
    return main(["sirt", str(case / "case.seg.nrrd"), "--output", str(output), *options])


class TestSegments:
    def test_names_values_and_layers(self, case):
        found = read_segments(case / "case.seg.nrrd")
        liver, _, tumor = masks()
        assert list(found) == ["Liver", "Right lobe", "Tumor 1"]
        assert np.array_equal(found["Liver"].array, liver)
        assert np.array_equal(found["Tumor 1"].array, tumor)
        assert found["Liver"].spacing_mm == pytest.approx(SPACING_MM)

    def test_an_image_without_names_is_refused(self, case):
        with pytest.raises(MissingInputError, match="no named segments"):
            read_segments(case / "pet.nrrd")

    def test_rubbish_is_refused(self, tmp_path):
        (tmp_path / "bad.seg.nrrd").write_bytes(b"NRRD rubbish")
        with pytest.raises(UnreadableFileError, match="cannot be read"):
            read_segments(tmp_path / "bad.seg.nrrd")


class TestRun:
    def test_a_case_becomes_report_and_tables(self, case, tmp_path, capsys):
        output = tmp_path / "out"
        options = ["--height", "1.75", "--weight", "75", "--product", "resin", "--tumor-dose", "120"]
        assert run(case, output, *options, "--activity", str(case / "pet.nrrd")) == 0
        files = {path.name for path in output.rglob("*") if path.is_file()}
        assert {"report.html", "result.json", "activities.csv", "doses.csv", "guidance.csv", "dose_gy.nrrd"} <= files
        assert {"planes.png", "dvh.png", "timing.jsonl"} <= files
        printed = capsys.readouterr().out
        assert "GBq  bsa" in printed and "Tumor 1" in printed

    def test_the_numbers_are_those_of_the_planted_case(self, case, tmp_path):
        output = tmp_path / "out"
        assert run(case, output, "--territory-dose", "80", "--activity", str(case / "pet.nrrd")) == 0
        result = json.loads((output / "result.json").read_text())
        assert result["volumes_ml"]["liver"] == pytest.approx(20 * 40 * 23 * 0.08)
        tumor = next(row for row in result["doses"] if row["name"] == "Tumor 1")
        assert tumor["mean_gy"] == pytest.approx(50 * 0.8 / 1.03, rel=1e-4)
        assert tumor["uptake_ratio"] == pytest.approx(4.0, rel=1e-4)
        mass_kg = result["volumes_ml"]["liver"] * 1.03 / 1000
        assert result["prescription"]["rows"][0]["activity_gbq"] == pytest.approx(80 * mass_kg / 50)

    def test_a_later_scan_is_taken_back_to_the_injection(self, case, tmp_path):
        means = []
        for hours in ("0", "64.1"):
            output = tmp_path / hours
            assert run(case, output, "--activity", str(case / "pet.nrrd"), "--hours", hours) == 0
            means.append(json.loads((output / "result.json").read_text())["doses"][0]["mean_gy"])
        assert means[1] == pytest.approx(2 * means[0], rel=1e-5)

    def test_a_territory_counts_what_lies_in_it(self, case, tmp_path):
        assert run(case, tmp_path / "out", "--territory", "right lobe", "--territory-dose", "80") == 0
        result = json.loads((tmp_path / "out" / "result.json").read_text())
        assert result["volumes_ml"]["territory"] < result["volumes_ml"]["liver"]
        assert result["doses"] == []

    def test_report_says_research_use_and_holds_no_path(self, case, tmp_path):
        assert run(case, tmp_path / "out", "--territory-dose", "80", "--activity", str(case / "pet.nrrd")) == 0
        text = (tmp_path / "out" / "report.html").read_text()
        assert "research use only" in text.lower()
        assert str(case) not in text and str(tmp_path) not in text
        assert str(case) not in (tmp_path / "out" / "timing.jsonl").read_text()


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--height", "175", "--weight", "75"], "type 1.75"),
            (["--height", "1.75"], "height and weight"),
            (["--lung-shunt", "5"], "use 0.05"),
            (["--liver", "nix"], 'no segment "nix"'),
            (["--product", "gold"], "known are glass, resin"),
            (["--uptake", "Tumor 1"], "NAME=RATIO"),
            (["--uptake", "Tumor 7=4"], "no such tumor"),
            (["--constant", "50"], "known are glass_IFU"),
            (["--density", "2"], "density of liver"),
            (["--territory-dose", "2000"], "up to 1000 Gy"),
            (["--products", "/nowhere.json"], "list"),
        ],
    )
    def test_each_with_its_sentence(self, case, tmp_path, capsys, options, words):
        assert run(case, tmp_path / "out", *options) == 1
        assert words in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_counts_need_the_injected_activity(self, case, tmp_path, capsys):
        assert run(case, tmp_path / "out", "--activity", str(case / "pet.nrrd"), "--counts") == 1
        assert "injected activity" in capsys.readouterr().err

    def test_an_earlier_result_is_kept_unless_told_otherwise(self, case, tmp_path):
        assert run(case, tmp_path / "out") == 0
        assert run(case, tmp_path / "out") == 1
        assert run(case, tmp_path / "out", "--overwrite") == 0


def test_the_order_of_a_vial_counts_with_time_zones(capsys):
    times = ["--calibration", "2026-03-01T12:00+00:00", "--injection", "2026-03-02T10:00+02:00"]
    assert main(["sirt-order", "--activity", "3.98", *times]) == 0
    said = capsys.readouterr().out
    assert "20.0 h from calibration to injection" in said
    assert "vial of 5 GBq" in said


def test_an_hour_without_time_zone_is_refused(capsys):
    times = ["--calibration", "2026-03-01T12:00", "--injection", "2026-03-02T10:00+02:00"]
    assert main(["sirt-order", "--activity", "3.98", *times]) == 1
    assert "time zone" in capsys.readouterr().err
