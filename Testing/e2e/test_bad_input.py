"""Bad input gives one clear sentence, exit code 1 and no output."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from hepadose.cli import main


def edit(path: Path, change) -> None:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.rglob(pattern)
    return found


def slices(case: Path, series: str) -> list[Path]:
    return sorted(case.joinpath(series).glob("*.dcm"))


def run(case: Path, patient: Path, output: Path, capsys, *options: str, truth: bool = True) -> tuple[int, str, str]:
    """Exit code, standard output and the message of one command-line run."""
    known = []
    if truth:
        known = ["--transform", str(patient / "truth/follow_up_to_planning.nrrd"), "--transform-error", "0.5"]
    code = main(["flr", str(case), "-o", str(output), "--no-scene", *known, *options])
    printed = capsys.readouterr()
    messages = [line for line in printed.err.splitlines() if line.startswith("hepadose: ")]
    print(*messages, sep="\n")  # shown by `pytest -rP Testing/e2e/test_bad_input.py`
    return code, printed.out, messages[-1] if messages else ""


def assert_refused(outcome: tuple[int, str, str], output: Path, words: str) -> None:
    code, _, message = outcome
    assert code == 1
    assert words in message
    assert not output.exists()
    assert not list(output.parent.glob(".*partial"))


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "out" / "result"


def test_relative_dose(case_copy, patient, output, capsys):
    edit(only(case_copy, "RD*.dcm"), lambda d: setattr(d, "DoseUnits", "RELATIVE"))
    assert_refused(run(case_copy, patient, output, capsys), output, "RELATIVE")


def test_missing_fractions_for_eqd2(case_copy, patient, output, capsys):
    only(case_copy, "RP*.dcm").unlink()
    assert_refused(run(case_copy, patient, output, capsys, "--quantity", "eqd2"), output, "number of fractions")


def test_dose_that_does_not_cover_the_liver(case_copy, patient, output, capsys):
    def shift(dataset):
        dataset.ImagePositionPatient = [value + 400 for value in dataset.ImagePositionPatient]

    edit(only(case_copy, "RD*.dcm"), shift)
    assert_refused(run(case_copy, patient, output, capsys), output, "cover")


def test_other_frame_of_reference_without_registration(patient, output, capsys):
    outcome = run(patient / "dicom", patient, output, capsys, "--registration", "none", truth=False)
    assert_refused(outcome, output, "different frames of reference")


def with_reaction(patient: Path, tmp_path: Path, change) -> str:
    image = sitk.ReadImage(str(patient / "truth/reaction.nrrd"))
    liver = sitk.GetArrayFromImage(sitk.ReadImage(str(patient / "truth/liver.nrrd")))
    changed = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image), liver).astype(np.uint8))
    changed.CopyInformation(image)
    sitk.WriteImage(changed, str(tmp_path / "drawn.nrrd"))
    return str(tmp_path / "drawn.nrrd")


def test_empty_reaction(patient, output, tmp_path, capsys):
    drawn = with_reaction(patient, tmp_path, lambda reaction, liver: reaction * 0)
    outcome = run(patient / "dicom", patient, output, capsys, "--reaction-file", drawn)
    assert_refused(outcome, output, "focal liver reaction is empty")


def test_reaction_that_fills_the_liver(patient, output, tmp_path, capsys):
    drawn = with_reaction(patient, tmp_path, lambda reaction, liver: reaction * 0 + 1)
    outcome = run(patient / "dicom", patient, output, capsys, "--reaction-file", drawn)
    assert_refused(outcome, output, "fills the liver")


def test_best_level_at_the_end_of_the_range_is_a_red_entry_of_the_result(patient, output, tmp_path, capsys):
    drawn = str(patient / "truth/reaction.nrrd")
    levels = ("--levels", "33", "50", "0.5")
    code, printed, _ = run(patient / "dicom", patient, output, capsys, "--reaction-file", drawn, *levels)
    assert code == 0
    assert "Out of range: the best level 33.0 Gy is the end of the range" in printed


def test_missing_slice(case_copy, patient, output, capsys):
    slices(case_copy, "follow_up")[20].unlink()
    assert_refused(run(case_copy, patient, output, capsys), output, "missing")


def test_unreadable_file_in_the_series(case_copy, patient, output, capsys):
    path = slices(case_copy, "follow_up")[20]
    path.write_bytes(path.read_bytes()[:900])
    code, _, message = run(case_copy, patient, output, capsys)
    assert code == 1
    assert path.name in message or "missing" in message
    assert not output.exists()


def test_empty_liver_structure(case_copy, patient, output, capsys):
    def empty(dataset):
        names = {roi.ROINumber: roi.ROIName for roi in dataset.StructureSetROISequence}
        for contours in dataset.ROIContourSequence:
            if names[contours.ReferencedROINumber] == "Liver":
                del contours.ContourSequence

    edit(only(case_copy, "RS.planning.dcm"), empty)
    assert_refused(run(case_copy, patient, output, capsys, truth=False), output, "iver")


def test_no_structures(case_copy, patient, output, capsys):
    for path in case_copy.rglob("RS*.dcm"):
        path.unlink()
    assert_refused(run(case_copy, patient, output, capsys), output, "tructure")


def test_no_dose(case_copy, patient, output, capsys):
    only(case_copy, "RD*.dcm").unlink()
    assert_refused(run(case_copy, patient, output, capsys), output, "ose")


def test_folder_without_dicom(tmp_path, patient, output, capsys):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "notes.txt").write_text("nothing here")
    assert_refused(run(tmp_path / "case", patient, output, capsys), output, "no readable DICOM file")


def test_missing_folder(tmp_path, patient, output, capsys):
    assert_refused(run(tmp_path / "nowhere", patient, output, capsys), output, "older")


def test_output_folder_not_writable(patient, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code, _, message = run(patient / "dicom", patient, tmp_path / "file" / "result", capsys)
    assert code == 1
    assert "output folder cannot be written" in message


def test_output_folder_with_other_files(patient, tmp_path, capsys):
    (tmp_path / "holiday.jpg").write_text("")
    code, _, message = run(patient / "dicom", patient, tmp_path, capsys)
    assert code == 1
    assert "no HepaDose result" in message
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_reaction_file_that_is_no_image(patient, output, tmp_path, capsys):
    (tmp_path / "drawn.nrrd").write_text("not an image")
    outcome = run(patient / "dicom", patient, output, capsys, "--reaction-file", str(tmp_path / "drawn.nrrd"))
    assert_refused(outcome, output, "no readable 3-D image")


def test_transform_file_that_is_no_transform(patient, output, tmp_path, capsys):
    (tmp_path / "transform.h5").write_text("not a transform")
    options = ("--transform", str(tmp_path / "transform.h5"))
    assert_refused(run(patient / "dicom", patient, output, capsys, *options, truth=False), output, "transform")


def test_planning_ct_twice_and_no_follow_up(case_copy, patient, output, capsys):
    shutil.rmtree(case_copy / "follow_up")
    assert_refused(run(case_copy, patient, output, capsys), output, "ollow-up")
