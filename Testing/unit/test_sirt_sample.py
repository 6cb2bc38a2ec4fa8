"""The sample patient of radioembolization is made once, kept, and checked before every use."""

from __future__ import annotations

import json

import pytest
import SimpleITK as sitk

from hepadose.batch.segments import read_segments
from hepadose.errors import OutputError
from hepadose.setup import sirt_sample
from hepadose.setup.sirt_sample import SIRT_SAMPLE, SIRT_SAMPLE_FOLDER, make_sirt_sample
from hepadose.sirt_patient import read_sirt_truth


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Where the real sample was made by this test run."""
    folder = tmp_path_factory.mktemp("cache")
    make_sirt_sample(folder)
    return folder


def test_the_folder_holds_images_segments_and_truth_and_nothing_is_left_beside_it(cache):
    assert [path.name for path in cache.iterdir()] == [SIRT_SAMPLE_FOLDER]
    names = {path.name for path in (cache / SIRT_SAMPLE_FOLDER).iterdir()}
    assert names == {"ct.nrrd", "pet.nrrd", "spect.nrrd", "segments.seg.nrrd", "truth.json", "manifest.json"}
    segments = read_segments(cache / SIRT_SAMPLE_FOLDER / "segments.seg.nrrd")
    assert list(segments) == ["Liver", "Lungs", "Territory", "Tumor 1", "Tumor 2", "Tumor 3"]


def test_the_pet_holds_what_left_the_vial(cache):
    truth = read_sirt_truth(cache / SIRT_SAMPLE_FOLDER)
    pet = sitk.ReadImage(str(cache / SIRT_SAMPLE_FOLDER / "pet.nrrd"))
    voxel_ml = pet.GetSpacing()[0] ** 3 / 1000
    becquerel = sitk.GetArrayFromImage(pet).sum(dtype=float) * voxel_ml
    assert becquerel / 1e9 == pytest.approx(truth.injected_gbq * (1 - truth.residual), rel=2e-3)


def test_the_second_use_takes_the_stored_patient(cache):
    place = cache / SIRT_SAMPLE_FOLDER
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    assert make_sirt_sample(cache) == place
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before


def test_a_damaged_patient_is_made_anew(tmp_path, monkeypatch):
    calls = []

    def make(folder, settings, progress):
        calls.append(settings)
        folder.mkdir()
        (folder / "truth.json").write_text("{}")

    monkeypatch.setattr(sirt_sample, "make_sirt_patient", make)
    place = make_sirt_sample(tmp_path)
    make_sirt_sample(tmp_path)
    (place / "truth.json").write_text("[]")
    make_sirt_sample(tmp_path)
    assert calls == [SIRT_SAMPLE] * 2
    assert json.loads((place / "truth.json").read_text()) == {}


def test_nothing_appears_where_making_was_stopped(tmp_path, monkeypatch):
    def stopped(folder, settings, progress):
        folder.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(sirt_sample, "make_sirt_patient", stopped)
    (tmp_path / "job").mkdir()
    for where in (None, tmp_path / "job"):
        with pytest.raises(KeyboardInterrupt):
            make_sirt_sample(tmp_path / "cache", build_folder=where)
    assert list((tmp_path / "cache").iterdir()) == list((tmp_path / "job").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another folder for temporary files"):
        make_sirt_sample(tmp_path / "file" / "cache")
