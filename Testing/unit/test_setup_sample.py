"""The sample patient is made once, kept, and checked before every use."""

import json
import os
import shutil
import threading
import time

import pytest

from hepadose.errors import OutputError
from hepadose.phantom import patient as patient_module
from hepadose.setup import sample
from hepadose.setup.kept import MANIFEST
from hepadose.setup.sample import SAMPLE_FOLDER, SampleIntegrityError, is_intact, sample_patient_folder
from hepadose.setup.sample_figures import differences, measure_sample


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The cache folder after the first use: the real patient, made by this test run."""
    cache = tmp_path_factory.mktemp("cache")
    sample_patient_folder(cache)
    return cache


@pytest.fixture
def cache(original, tmp_path):
    """A cache of its own that holds the patient."""
    shutil.copytree(original / SAMPLE_FOLDER, tmp_path / "cache" / SAMPLE_FOLDER)
    return tmp_path / "cache"


@pytest.fixture
def made(original, monkeypatch):
    """Counts how often a patient is made; making one is copying the original here, whose figures are known."""
    calls = []
    reference = json.loads(sample.REFERENCE.read_text(encoding="utf-8"))
    monkeypatch.setattr("hepadose.setup.sample_figures.measure_sample", lambda folder: reference)

    def make(folder, settings=None, progress=None):
        calls.append(folder)
        shutil.copytree(original / SAMPLE_FOLDER, folder, ignore=shutil.ignore_patterns(MANIFEST))
        return patient_module.DigitalPatient(folder, folder / "dicom", None)

    monkeypatch.setattr(patient_module, "make_digital_patient", make)
    return calls


def test_the_first_use_makes_the_patient_that_came_with_the_extension(original):
    reference = json.loads(sample.REFERENCE.read_text(encoding="utf-8"))
    figures = measure_sample(original / SAMPLE_FOLDER / "dicom")
    assert differences(figures, reference) == (), "a change that is meant: python Testing/make_sample_reference.py"
    assert figures["fraction count"] == [5.0]
    assert [path.name for path in original.iterdir()] == [SAMPLE_FOLDER]


def test_the_second_use_takes_the_stored_patient(cache, made):
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    assert sample_patient_folder(cache) == cache / SAMPLE_FOLDER / "dicom"
    assert not made
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


@pytest.mark.parametrize("damage", ["one byte", "a file less", "a file more", "no manifest", "another version"])
def test_a_damaged_patient_is_found_and_made_anew(cache, made, damage):
    place = cache / SAMPLE_FOLDER
    dose = place / "dicom/RD.dose.dcm"
    if damage == "one byte":
        content = bytearray(dose.read_bytes())
        content[-1] ^= 1
        dose.write_bytes(content)
    elif damage == "a file less":
        dose.unlink()
    elif damage == "a file more":
        (place / "dicom/foreign.dcm").write_bytes(b"")
    elif damage == "no manifest":
        (place / MANIFEST).unlink()
    else:
        manifest = json.loads((place / MANIFEST).read_text())
        (place / MANIFEST).write_text(json.dumps(manifest | {"reference": "0"}))
    assert not is_intact(place)
    sample_patient_folder(cache)
    assert len(made) == 1
    assert is_intact(place)
    assert [path.name for path in cache.iterdir()] == [SAMPLE_FOLDER]


def test_a_patient_that_is_not_the_expected_one_is_refused_and_not_kept(tmp_path, made, monkeypatch):
    figures = json.loads(sample.REFERENCE.read_text(encoding="utf-8"))
    figures["dose gy"][21] += 0.02
    changed = tmp_path / "reference.json"
    changed.write_text(json.dumps(figures))
    monkeypatch.setattr(sample, "REFERENCE", changed)
    with pytest.raises(SampleIntegrityError, match=r"dose gy differs by 0\.02"):
        sample_patient_folder(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_nothing_appears_before_everything_is_there(tmp_path, made, monkeypatch):
    def stopped(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("hepadose.setup.sample_figures.measure_sample", stopped)
    with pytest.raises(KeyboardInterrupt):
        sample_patient_folder(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_patient_can_be_built_in_a_folder_that_somebody_else_removes(tmp_path, made):
    (tmp_path / "job").mkdir()
    folder = sample_patient_folder(tmp_path / "cache", build_folder=tmp_path / "job")
    assert is_intact(folder.parent)
    assert made[0].is_relative_to(tmp_path / "job")
    assert list((tmp_path / "job").iterdir()) == []


def test_two_who_need_the_patient_at_once_both_get_it(tmp_path, made):
    found = []
    threads = [threading.Thread(target=lambda: found.append(sample_patient_folder(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / SAMPLE_FOLDER / "dicom"] * 2
    assert is_intact(tmp_path / SAMPLE_FOLDER)


def test_what_a_killed_process_left_is_removed_after_an_hour(tmp_path, made):
    old, new = tmp_path / f".{SAMPLE_FOLDER}-old", tmp_path / f".{SAMPLE_FOLDER}-new"
    for folder in (old, new):
        folder.mkdir()
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    sample_patient_folder(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_progress_rises_from_nothing_to_all(tmp_path, made):
    told = []
    sample_patient_folder(tmp_path, lambda text, share: told.append((text, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(text for text, _ in told)


def test_a_cache_that_cannot_be_written_is_named_in_words(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OutputError, match="choose another folder for temporary files"):
        sample_patient_folder(blocked / "cache")


def test_figures_tell_every_kind_of_difference():
    reference = {"dose gy": [1.0], "fraction count": [5.0], "Liver contours": [59.0]}
    figures = {"dose gy": [float("nan")], "fraction count": [5.0, 1.0], "Spleen contours": [1.0]}
    assert differences(figures, reference) == (
        "Liver contours is missing",
        "Spleen contours is not expected",
        "dose gy differs by nan",
        "fraction count has 2 values instead of 1",
    )
