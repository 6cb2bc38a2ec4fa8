"""``hepadose sirt`` from DICOM to DICOM: outlines from RTSTRUCT and SEG, activity from PET and SPECT, objects out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.cli import main
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import read_rtstruct
from hepadose.dicom.seg import read_segmentation
from hepadose.dicom.write import StructureMask, write_ct_series, write_rtstruct
from hepadose.dicom.write_seg import SegmentMask, write_seg
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin

from dicom_example import FOLLOW_UP_DAY, a_study, tamper
from emission_example import pharmaceutical, write_pet, write_spect
from support import PROJECT

SPACING_MM, ORIGIN = (4.0, 4.0, 5.0), (-120.0, -100.0, -60.0)
SHAPE = (24, 50, 60)
LIVER_ML, TUMOR_ML = 20 * 40 * 23 * 0.08, 6 * 12 * 8 * 0.08
A_DAY = 2 ** (24 / 64.1)
HAND = SegmentationOrigin("Manual")


def masks():
    """A liver of 1472 ml, its right part, a tumor in it; and one structure without a contour."""
    liver, right, tumor = (np.zeros(SHAPE, bool) for _ in range(3))
    liver[2:22, 5:45, 6:29] = True
    right[2:22, 5:45, 6:18] = True
    tumor[8:14, 15:27, 8:16] = True
    grid = Image(liver, SPACING_MM, ORIGIN)
    named = {"Leber": liver, "Right lobe": right, "GTV 1": tumor, "GTV 2": np.zeros(SHAPE, bool)}
    return {name: grid.with_array(mask) for name, mask in named.items()}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A CT with structures, and beside it a segmentation, a PET on a grid of its own and a SPECT."""
    folder = tmp_path_factory.mktemp("dicom")
    drawn, study = masks(), a_study()
    ct = write_ct_series(folder / "ct", drawn["Leber"].with_array(np.full(SHAPE, 50.0)), study)
    ways = {"Leber": "AUTOMATIC", "GTV 1": "MANUAL"}
    structures = {name: StructureMask(mask, generation_algorithm=ways.get(name, "")) for name, mask in drawn.items()}
    write_rtstruct(folder / "ct" / "RS.dcm", structures, ct)
    segments = {
        "Liver": SegmentMask(drawn["Leber"], "liver", SegmentationOrigin("liver", "0.4.0")),
        "Tumor": SegmentMask(drawn["GTV 1"], "tumor", HAND),
    }
    write_seg(folder / "seg" / "SEG.dcm", segments, sorted((folder / "ct").glob("CT*.dcm")))
    becquerel = np.where(drawn["GTV 1"].array, 8e5, 2e5) * drawn["Leber"].array
    pet = resample(
        drawn["Leber"].with_array(becquerel), Image(np.zeros((30, 60, 70)), (4.0, 4.0, 5.0), (-136, -116, -75))
    )
    write_pet(folder / "pet", pet, study)
    write_spect(folder / "spect" / "nm.dcm", drawn["Leber"].with_array(becquerel / 100), study)
    return folder


def run(outlines, output, *options):
    return main(["sirt", str(outlines), "--output", str(output), *map(str, options)])


def result_of(output):
    return json.loads((output / "result.json").read_text())


class TestOutlinesIn:
    def test_a_structure_set_with_its_ct(self, case, tmp_path):
        assert run(case / "ct", tmp_path / "out", "--territory", "right lobe", "--territory-dose", 80) == 0
        result = result_of(tmp_path / "out")
        assert result["volumes_ml"]["liver"] == pytest.approx(LIVER_ML)
        assert result["volumes_ml"]["GTV 1"] == pytest.approx(TUMOR_ML)
        assert result["volumes_ml"]["territory"] == pytest.approx(20 * 40 * 12 * 0.08)
        assert "GTV 2" not in result["volumes_ml"]
        assert any('"GTV 2" is empty' in finding["text"] for finding in result["findings"])

    def test_the_file_alone_with_its_ct_elsewhere(self, case, tmp_path):
        path = shutil.copy(case / "ct" / "RS.dcm", tmp_path / "RS.dcm")
        assert run(path, tmp_path / "out", "--ct", case / "ct") == 0
        assert result_of(tmp_path / "out")["volumes_ml"]["liver"] == pytest.approx(LIVER_ML)

    @pytest.mark.parametrize("with_ct", [False, True])
    def test_a_segmentation_with_or_without_its_ct(self, case, tmp_path, with_ct):
        assert run(case / "seg", tmp_path / "out", *(("--ct", case / "ct") if with_ct else ())) == 0
        result = result_of(tmp_path / "out")
        assert result["volumes_ml"]["liver"] == pytest.approx(LIVER_ML)
        assert result["volumes_ml"]["Tumor"] == pytest.approx(TUMOR_ML)

    def test_the_result_says_where_every_contour_came_from_and_how_it_was_drawn(self, case, tmp_path):
        assert run(case / "ct", tmp_path / "rs") == 0
        origins = result_of(tmp_path / "rs")["origins"]
        assert origins["liver"]["source"] == "RTSTRUCT" and origins["liver"]["generation"] == "AUTOMATIC"
        assert origins["GTV 1"]["generation"] == "MANUAL" and "GTV 1" in origins["GTV 1"]["detail"]
        assert "drawn by hand" in (tmp_path / "rs" / "report.html").read_text()
        assert run(case / "seg", tmp_path / "seg") == 0
        origins = result_of(tmp_path / "seg")["origins"]
        assert (origins["liver"]["source"], origins["liver"]["generation"]) == ("SEG", "AUTOMATIC")
        assert "by liver" in origins["liver"]["detail"]


class TestBatchScript:
    def test_it_takes_and_writes_dicom_like_the_command(self, case, tmp_path):
        arguments = [case / "ct", "--output", tmp_path / "out", "--activity", case / "pet", "--dicom-out"]
        script = PROJECT / "Resources" / "Batch" / "liver_sirt.py"
        done = subprocess.run(
            [sys.executable, script, *arguments],
            env={**os.environ, "PYTHONPATH": str(PROJECT / "HepaDose")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert result_of(tmp_path / "out")["volumes_ml"]["liver"] == pytest.approx(LIVER_ML)
        assert {path.name for path in (tmp_path / "out" / "dicom").iterdir()} == {"RS.dcm", "SEG.dcm", "SR.dcm"}


class TestActivityIn:
    def tumor_gy(self, output):
        return next(row["mean_gy"] for row in result_of(output)["doses"] if row["kind"] == "tumor")

    def test_a_pet_is_taken_back_to_the_injection_by_its_own_tags(self, case, tmp_path):
        assert run(case / "ct", tmp_path / "out", "--activity", case / "pet") == 0
        assert self.tumor_gy(tmp_path / "out") == pytest.approx(50 * 0.8 / 1.03 * A_DAY, rel=1e-3)

    def test_given_hours_go_before_the_tags_and_are_told(self, case, tmp_path):
        assert run(case / "ct", tmp_path / "out", "--activity", case / "pet", "--hours", 0) == 0
        assert self.tumor_gy(tmp_path / "out") == pytest.approx(50 * 0.8 / 1.03, rel=1e-3)
        assert any("given 0 h" in finding["text"] for finding in result_of(tmp_path / "out")["findings"])

    @pytest.mark.parametrize("activity", ["spect", "spect/nm.dcm", "pet"])
    def test_counts_are_scaled_to_the_known_activity(self, case, tmp_path, activity):
        options = ("--activity", case / activity, "--injected", 1.0, *(("--counts",) if activity == "pet" else ()))
        assert run(case / "ct", tmp_path / "out", *options) == 0
        mean_gy = next(row["mean_gy"] for row in result_of(tmp_path / "out")["doses"] if row["kind"] == "liver")
        assert mean_gy == pytest.approx(50 / (LIVER_ML * 1.03 / 1000), rel=1e-3)

    def test_everything_in_one_folder_as_a_hospital_exports_it(self, case, tmp_path):
        for name in ("ct", "pet"):
            shutil.copytree(case / name, tmp_path / "all" / name)
        assert run(tmp_path / "all", tmp_path / "out", "--activity", tmp_path / "all") == 0
        assert self.tumor_gy(tmp_path / "out") == pytest.approx(50 * 0.8 / 1.03 * A_DAY, rel=1e-3)

    def test_a_scan_by_the_protocol_for_f18_is_refused_unless_it_is_taken_back(self, case, tmp_path, capsys):
        folder = shutil.copytree(case / "pet", tmp_path / "pet")
        for path in folder.iterdir():
            tamper(path, RadiopharmaceuticalInformationSequence=[pharmaceutical(half_life_s=6586.2)])
        options = ("--activity", folder)
        assert run(case / "ct", tmp_path / "out", *options) == 1
        assert "--f18-protocol" in capsys.readouterr().err
        assert run(case / "ct", tmp_path / "out", *options, "--f18-protocol", 15) == 0
        in_scan = 2 ** (-7.5 / 109.77)
        expected = 50 * 0.8 / 1.03 * A_DAY * in_scan * 0.9673 / 31.86e-6
        assert self.tumor_gy(tmp_path / "out") == pytest.approx(expected, rel=1e-3)
        assert run(case / "ct", tmp_path / "no", *options, "--f18-protocol", 15, "--hours", 2) == 1

    def test_without_correction_for_attenuation_there_is_no_concentration(self, case, tmp_path, capsys):
        folder = shutil.copytree(case / "pet", tmp_path / "pet")
        for path in folder.iterdir():
            tamper(path, CorrectedImage=["DECY", "SCAT"])
        options = ("--activity", folder)
        assert run(case / "ct", tmp_path / "out", *options) == 1
        assert "not corrected for attenuation" in capsys.readouterr().err
        assert run(case / "ct", tmp_path / "out", *options, "--counts", "--injected", 1) == 0
        assert any("attenuation" in finding["text"] for finding in result_of(tmp_path / "out")["findings"])


@pytest.fixture(scope="module")
def output(case, tmp_path_factory):
    output = tmp_path_factory.mktemp("objects") / "out"
    options = ("--territory", "right lobe", "--activity", case / "pet", "--dicom-out")
    assert run(case / "ct", output, *options) == 0
    return output


class TestObjectsOut:
    def test_structures_come_back_with_volumes_and_the_study_of_the_ct(self, case, output):
        written = read_rtstruct(output / "dicom" / "RS.dcm")
        volumes = {one.name: rasterize(one, masks()["Leber"]).mask.volume_ml() for one in written}
        expected = {"Liver": LIVER_ML, "Territory": 20 * 40 * 12 * 0.08, "GTV 1": TUMOR_ML}
        assert volumes == pytest.approx(expected, rel=0.005)
        ways = {one.name: one.generation_algorithm for one in written}
        assert (ways["Liver"], ways["GTV 1"]) == ("AUTOMATIC", "MANUAL")
        ct, found = dcmread(case / "ct" / "CT0001.dcm"), dcmread(output / "dicom" / "RS.dcm")
        assert (found.StudyInstanceUID, found.PatientID) == (ct.StudyInstanceUID, ct.PatientID)

    def test_segments_come_back_voxel_by_voxel(self, output):
        segments = {one.name: one for one in read_segmentation(output / "dicom" / "SEG.dcm").segments}
        for name, drawn in (("Liver", "Leber"), ("GTV 1", "GTV 1"), ("Territory", "Right lobe")):
            back = resample(segments[name].mask, masks()[drawn])
            assert np.array_equal(back.array, masks()[drawn].array)

    def test_the_report_holds_the_numbers_of_the_result(self, output):
        hd = pytest.importorskip("highdicom")
        groups = hd.sr.srread(output / "dicom" / "SR.dcm").content.get_volumetric_roi_measurement_groups()
        values = {group.tracking_identifier: [one.value for one in group.get_measurements()] for group in groups}
        doses = {row["name"]: row for row in result_of(output)["doses"]}
        assert values["Liver"] == pytest.approx([LIVER_ML, doses["liver"]["mean_gy"]])
        assert values["GTV 1"] == pytest.approx([TUMOR_ML, doses["GTV 1"]["mean_gy"], doses["GTV 1"]["uptake_ratio"]])

    @pytest.mark.parametrize("name", ["RS.dcm", "SEG.dcm", "SR.dcm"])
    def test_an_independent_verifier_finds_no_error(self, output, name):
        if not shutil.which("dciodvfy"):
            pytest.skip("dciodvfy is not installed")
        told = subprocess.run(["dciodvfy", output / "dicom" / name], capture_output=True, text=True, check=False)
        assert [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")] == []

    def test_without_a_dicom_ct_a_note_says_so(self, case, tmp_path, capsys):
        assert run(case / "seg", tmp_path / "out", "--dicom-out") == 0
        assert "no study to write into" in capsys.readouterr().out
        assert not (tmp_path / "out" / "dicom").exists()

    def test_what_cannot_be_written_is_a_note_and_the_rest_is_there(self, case, tmp_path, capsys):
        folder = shutil.copytree(case / "ct", tmp_path / "ct")
        for path in folder.glob("CT*.dcm"):
            tamper(path, PatientID=None)
        assert run(folder, tmp_path / "out", "--dicom-out") == 0
        printed = capsys.readouterr().out
        assert "Segmentation: not written" in printed and "PatientID" in printed
        assert [path.name for path in (tmp_path / "out" / "dicom").iterdir()] == ["RS.dcm"]


class TestRefusals:
    def refused(self, capsys, words, outlines, output, *options):
        assert run(outlines, output, *options) == 1
        assert words in capsys.readouterr().err
        assert not output.exists()

    @pytest.fixture
    def copy(self, case, tmp_path):
        return shutil.copytree(case / "ct", tmp_path / "ct")

    def test_a_structure_set_of_another_ct(self, case, tmp_path, capsys):
        other = tmp_path / "other"
        write_ct_series(other, masks()["Leber"].with_array(np.zeros(SHAPE)), a_study(FOLLOW_UP_DAY, "1.2.3.2"))
        output = tmp_path / "out"
        self.refused(capsys, "was drawn on another CT", case / "ct" / "RS.dcm", output, "--ct", other)
        self.refused(capsys, "was drawn on another CT", case / "seg", output, "--ct", other)
        assert run(case / "ct" / "RS.dcm", output, "--ct", other, "--trust-frames") == 0
        assert any("the user confirmed" in finding["text"] for finding in result_of(output)["findings"])

    def test_a_structure_set_in_another_frame_of_reference(self, copy, tmp_path, capsys):
        for path in copy.glob("CT*.dcm"):
            tamper(path, FrameOfReferenceUID="1.2.77")
        self.refused(capsys, "frame of reference", copy, tmp_path / "out")
        assert run(copy, tmp_path / "out", "--trust-frames") == 0

    def test_missing_slices(self, copy, tmp_path, capsys):
        (copy / "CT0010.dcm").unlink()
        self.refused(capsys, "1 slice is missing", copy, tmp_path / "out")
        assert run(copy, tmp_path / "out", "--fill-missing") == 0

    def test_an_empty_structure_that_was_asked_for(self, case, tmp_path, capsys):
        self.refused(capsys, 'drawn under "GTV 2"', case / "ct", tmp_path / "out", "--tumor", "gtv 2")

    def test_a_name_that_is_not_there(self, case, tmp_path, capsys):
        self.refused(capsys, 'no segment "spleen"', case / "ct", tmp_path / "out", "--territory", "spleen")

    def test_a_name_used_twice(self, copy, tmp_path, capsys):
        def rename(dataset):
            dataset.StructureSetROISequence[1].ROIName = "Leber"

        tamper(copy / "RS.dcm", rename)
        self.refused(capsys, "2 outlines are called", copy, tmp_path / "out", "--liver", "leber")

    def test_two_sets_of_outlines(self, case, copy, tmp_path, capsys):
        shutil.copy(case / "seg" / "SEG.dcm", copy)
        self.refused(capsys, "2 sets of outlines (RS.dcm, SEG.dcm)", copy, tmp_path / "out")

    def test_a_folder_without_outlines_and_a_file_that_is_none(self, case, tmp_path, capsys):
        self.refused(capsys, "no RT structure set", case / "pet", tmp_path / "out")
        self.refused(capsys, "holds no outlines (it is CT)", case / "ct" / "CT0001.dcm", tmp_path / "out")

    def test_a_structure_set_without_any_ct(self, case, tmp_path, capsys):
        path = shutil.copy(case / "ct" / "RS.dcm", tmp_path / "RS.dcm")
        self.refused(capsys, "holds no CT series", path, tmp_path / "out")

    def test_counts_without_an_activity(self, case, tmp_path, capsys):
        self.refused(capsys, "injected activity", case / "ct", tmp_path / "out", "--activity", case / "spect")

    def test_an_activity_in_another_frame_of_reference(self, case, tmp_path, capsys):
        write_spect(
            tmp_path / "nm.dcm", masks()["Leber"].with_array(masks()["Leber"].array * 9.0), a_study(uid="1.2.9")
        )
        options = ("--activity", tmp_path / "nm.dcm", "--injected", 1)
        self.refused(capsys, "different frames of reference", case / "ct", tmp_path / "out", *options)
        assert run(case / "ct", tmp_path / "out", *options, "--trust-frames") == 0

    def test_a_unit_for_a_series_that_states_its_own(self, case, tmp_path, capsys):
        options = ("--activity", case / "pet", "--unit", 1000)
        self.refused(capsys, "states its unit itself", case / "ct", tmp_path / "out", *options)

    def test_a_segmentation_that_is_cut_off(self, case, tmp_path, capsys):
        path = tmp_path / "SEG.dcm"
        path.write_bytes((case / "seg" / "SEG.dcm").read_bytes()[:-400])
        self.refused(capsys, "SEG.dcm", path, tmp_path / "out")
