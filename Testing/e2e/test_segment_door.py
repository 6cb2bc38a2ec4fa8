"""Segmentation behind its doors: DICOM or image file in, a complete folder out, the same from each."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from hepadose.batch.segment import SegmentJob, run_segment
from hepadose.cli import main
from hepadose.dicom.study import DicomStudy
from hepadose.dicom.write_ct import CtSeriesSettings, write_ct_series
from hepadose.errors import (
    AmbiguousInputError,
    CancelledError,
    GeometryMismatchError,
    MissingInputError,
    OutputError,
    SettingsError,
    UnreadableFileError,
)
from hepadose.segmentation.models import FOLDERS_VARIABLE
from hepadose.segmentation.runtimes import RuntimeChoice
from hepadose.timing import read_timing_log

from model_example import dice, example_ct, inference, metadata, write_model
from support import PROJECT

ONE_THREAD = RuntimeChoice(threads=1)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a liver model and a tumor model that looks inside the liver."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "liver-band")
    run = inference(region={"from": "liver", "margin_mm": 10}, least_volume_ml=1)
    write_model(folder / "tumor-band", about=metadata(name="tumor-band", task="tumor"), run=run)
    return folder


@pytest.fixture(autouse=True)
def models_are_found(models, monkeypatch):
    monkeypatch.setenv(FOLDERS_VARIABLE, str(models))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def ct_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ct") / "Doe^Jane.nii.gz"
    image = example_ct()[0]
    sitk.WriteImage(image.with_array(image.array.astype(np.int16)).to_sitk(), str(path))
    return path


@pytest.fixture(scope="module")
def ct_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    study = DicomStudy("SECRET-ID", "Doe^Jane")
    write_ct_series(folder / "one", example_ct()[0], study, CtSeriesSettings(description="one"))
    return folder


@pytest.fixture(scope="module")
def result(models, ct_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("library") / "result"
    job = SegmentJob(str(models / "liver-band"), probability=True, choice=ONE_THREAD)
    return run_segment(ct_file, folder, job), folder


def content(folder: Path) -> dict:
    """The result without times."""
    found = json.loads((folder / "result.json").read_text())
    for key in ("seconds", "timing"):
        found.pop(key)
    return found


def mask_of(folder: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "liver.nrrd")))


def test_the_folder_holds_mask_probability_and_summary(result, ct_file):
    outcome, folder = result
    assert set(outcome.files) == {"liver.nrrd", "liver_probability.nrrd", "result.json", "timing.jsonl"}
    source, mask = sitk.ReadImage(str(ct_file)), sitk.ReadImage(str(folder / "liver.nrrd"))
    assert (mask.GetSize(), mask.GetPixelIDValue()) == (source.GetSize(), sitk.sitkUInt8)
    assert mask.GetOrigin() == pytest.approx(source.GetOrigin())
    probability = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "liver_probability.nrrd")))
    assert np.array_equal(probability > 0.5, mask_of(folder) > 0)
    assert dice(mask_of(folder) > 0, example_ct()[1].array) > 0.95


def test_the_summary_states_origin_volume_and_times(result):
    outcome, folder = result
    stated = json.loads((folder / "result.json").read_text())
    assert stated["origin"].startswith("liver model liver-band 0.1.0 (weights ")
    assert stated["volume_ml"] == pytest.approx(outcome.volume_ml, abs=1e-3)
    assert stated["files"] == {"mask": "liver.nrrd", "probability": "liver_probability.nrrd"}
    assert {"Read CT", "Segment", "Write result"} == set(stated["timing"])
    assert {"prepare", "network", "restore"} <= set(stated["seconds"])
    assert [record.step for record in read_timing_log(folder / "timing.jsonl")][:2] == ["Read CT", "Segment"]


def test_nothing_written_names_the_patient_or_a_path(models, ct_folder, tmp_path):
    run_segment(ct_folder, tmp_path / "result", SegmentJob("liver-band", choice=ONE_THREAD))
    for name in ("result.json", "timing.jsonl"):
        text = (tmp_path / "result" / name).read_text()
        for secret in ("Doe", "Jane", "SECRET", str(ct_folder), str(models), "1.2.826"):
            assert secret not in text


def test_dicom_and_image_file_give_the_same_mask(ct_folder, result, tmp_path):
    run_segment(ct_folder, tmp_path / "result", SegmentJob("liver-band", choice=ONE_THREAD))
    assert np.array_equal(mask_of(tmp_path / "result"), mask_of(result[1]))


def test_the_command_line_gives_the_same(ct_file, result, tmp_path, capsys):
    code = main(["segment", str(ct_file), "-m", "liver-band", "-o", str(tmp_path / "cli"), "--probability"])
    assert code == 0
    assert content(tmp_path / "cli") == content(result[1])
    printed = capsys.readouterr()
    assert "ml, liver model liver-band" in printed.out and "100%  Done" in printed.err


def run_batch_script(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(PROJECT / "Resources/Batch/segment.py"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=PROJECT / "HepaDose",
    )


def test_the_batch_script_gives_the_same(ct_file, result, tmp_path):
    done = run_batch_script(
        "--", str(ct_file), "--model", "liver-band", "--output", str(tmp_path / "batch"), "--probability"
    )
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "batch") == content(result[1])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "-m", "liver-band", "-o", "result"], 1, 'no file or folder "nowhere"'),
        (["nowhere", "-m", "magic", "-o", "result"], 1, "liver-band, liver-deepmedic, liver-tumour, tumor-band"),
        (["nowhere"], 2, "--output"),
        (["nowhere", "-m", "liver-band", "-o", "result", "--device", "quantum"], 2, "invalid choice"),
        (["--help"], 0, ""),
    ],
    ids=["no CT", "no such model", "no output", "wrong option", "help"],
)
def test_the_batch_script_exits_with_a_code_on_every_path(arguments, code, message, tmp_path):
    done = run_batch_script("--", *[str(tmp_path / a) if a in ("nowhere", "result") else a for a in arguments])
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_tumor_model_gets_its_liver_from_the_liver_model(ct_file, tmp_path):
    outcome = run_segment(ct_file, tmp_path / "result", SegmentJob("tumor-band", choice=ONE_THREAD))
    assert "tumor.nrrd" in outcome.files
    assert "Segment liver" in [record.step for record in outcome.timing]


def test_a_given_liver_is_used_instead(ct_file, tmp_path):
    liver = tmp_path / "liver.nrrd"
    sitk.WriteImage(example_ct()[1].to_sitk(), str(liver))
    job = SegmentJob("tumor-band", liver_file=liver, choice=ONE_THREAD)
    outcome = run_segment(ct_file, tmp_path / "result", job)
    assert "Segment liver" not in [record.step for record in outcome.timing]


def test_several_series_are_refused_until_one_is_chosen(ct_folder, tmp_path):
    for day, name in ((10, "one"), (11, "two")):
        study = DicomStudy("SECRET-ID", "Doe^Jane", study_date=datetime.date(2024, 1, day))
        write_ct_series(tmp_path / "both" / name, example_ct()[0], study, CtSeriesSettings(description=name))
    with pytest.raises(AmbiguousInputError, match=r"2 CT series \(series 1: 48 slices.*--series N"):
        run_segment(tmp_path / "both", tmp_path / "result", SegmentJob("liver-band", choice=ONE_THREAD))
    job = SegmentJob("liver-band", series=2, choice=ONE_THREAD)
    assert run_segment(tmp_path / "both", tmp_path / "result", job).volume_ml > 500


def test_slices_without_their_series_identifier_are_read_as_one(ct_folder, result, tmp_path):
    (tmp_path / "case").mkdir()
    for path in ct_folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = ""
        dataset.save_as(tmp_path / "case" / path.name)
    outcome = run_segment(tmp_path / "case", tmp_path / "result", SegmentJob("liver-band", choice=ONE_THREAD))
    assert "name no series" in outcome.findings[0].text
    assert np.array_equal(mask_of(tmp_path / "result"), mask_of(result[1]))


def test_files_that_are_no_ct_are_refused(tmp_path):
    def run(name):
        run_segment(tmp_path / name, tmp_path / "result", SegmentJob("liver-band"))

    (tmp_path / "a.nii.gz").write_bytes(b"nothing")
    with pytest.raises(UnreadableFileError, match=r'"a\.nii\.gz" cannot be read'):
        run("a.nii.gz")
    (tmp_path / "a.txt").write_text("nothing")
    with pytest.raises(UnreadableFileError, match="is no image file"):
        run("a.txt")
    sitk.WriteImage(sitk.Image([4, 4], sitk.sitkInt16), str(tmp_path / "flat.nrrd"))
    with pytest.raises(GeometryMismatchError, match="2 dimensions"):
        run("flat.nrrd")
    (tmp_path / "folder").mkdir()
    with pytest.raises(MissingInputError):
        run("folder")
    assert not (tmp_path / "result").exists()


def test_an_unknown_model_is_told_before_anything_is_read(tmp_path):
    with pytest.raises(SettingsError, match="no model 'magic'"):
        run_segment(tmp_path / "nowhere", tmp_path / "result", SegmentJob("magic"))


def test_an_earlier_result_is_kept_unless_asked(ct_file, result):
    job = SegmentJob("liver-band", choice=ONE_THREAD)
    with pytest.raises(OutputError, match="earlier result"):
        run_segment(ct_file, result[1], job)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.8, 0.95])
def test_cancelling_leaves_nothing(ct_file, tmp_path, at):
    def stop(stage: str, fraction: float) -> None:
        if fraction >= at:
            raise CancelledError("The user stopped the computation.")

    with pytest.raises(CancelledError):
        run_segment(ct_file, tmp_path / "result", SegmentJob("liver-band", choice=ONE_THREAD), progress=stop)
    assert list(tmp_path.iterdir()) == []
