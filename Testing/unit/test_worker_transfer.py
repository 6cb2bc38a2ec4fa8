"""Values cross between two processes unchanged, and only those that may."""

from __future__ import annotations

import dataclasses
import shutil
from collections import namedtuple
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.dicom.choices import CaseChoices
from hepadose.errors import GeometryMismatchError, HepaDoseError, OutputError, UnreadableFileError
from hepadose.findings import warning
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin
from hepadose.registration import RegistrationMethod
from hepadose.segmentation.protocol import Segmentation
from hepadose.worker import LoadedCase, LoadedPreflight, LoadedStructure, RegistrationOutcome
from hepadose.worker.messages import WorkerDiedError
from hepadose.worker.transfer import load_value, save_value

from flr_example import tilted_direction


def crossed(folder: Path, value):
    save_value(folder, "value", value)
    return load_value(folder, "value")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -7,
        0.1 + 0.2,
        float("inf"),
        "Größe",
        Path("/somewhere/mit Lücke"),
        [1, (2.5, "a"), {"b": None}],
        {},
        (),
        CaseChoices(planning_series=3, trust_frames=True),
        RegistrationMethod.RIGID,
        warning("Dose", "too high"),
        SegmentationOrigin("Manual", edited=True),
    ],
    ids=str,
)
def test_a_value_comes_back_equal_and_of_the_same_type(tmp_path, value):
    back = crossed(tmp_path, value)
    assert back == value
    assert type(back) is type(value)


def test_not_a_number_stays_not_a_number(tmp_path):
    assert np.isnan(crossed(tmp_path, float("nan")))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32, np.float64])
def test_arrays_come_back_bit_for_bit(tmp_path, dtype):
    array = np.random.default_rng(1).normal(0, 900, (7, 5, 6)).astype(dtype)
    back = crossed(tmp_path, array)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4, 5), np.float32),
        np.float32(3.5).reshape(1, 1, 1),
        np.arange(720.0).reshape(8, 9, 10)[::2, ::-1, 1::3],
        np.asfortranarray(np.arange(720.0).reshape(8, 9, 10)),
    ],
    ids=["empty", "one voxel", "strided", "Fortran order"],
)
def test_arrays_of_any_layout_come_back(tmp_path, array):
    back = crossed(tmp_path, array)
    assert back.shape == array.shape
    assert np.array_equal(back, array)


def test_an_oblique_image_with_gaps_keeps_values_and_place(tmp_path):
    image = Image(np.full((3, 4, 5), np.nan, np.float32), (0.1, 0.7, 2.5), (1 / 3, -2, 1e-7), tilted_direction(17.0))
    back = crossed(tmp_path, image)
    assert back.ijk_to_lps.tobytes() == image.ijk_to_lps.tobytes()
    assert np.isnan(back.array).all()
    assert back.array.dtype == np.float32


def test_a_segmentation_keeps_all_its_parts(tmp_path):
    mask = Image(np.arange(60).reshape(3, 4, 5) % 3 == 0)
    found = Segmentation(
        mask, SegmentationOrigin("Network", "2.1", detail="weights 5f"), (warning("Reaction", "faint"),)
    )
    back = crossed(tmp_path, found)
    assert np.array_equal(back.mask.array, mask.array)
    assert (back.origin, back.findings) == (found.origin, found.findings)


def test_a_composite_transform_moves_points_to_the_same_bits(tmp_path):
    spline = sitk.BSplineTransformInitializer(sitk.Image(20, 20, 20, sitk.sitkUInt8), [4, 4, 4])
    spline.SetParameters(np.random.default_rng(2).normal(0, 1 / 3, len(spline.GetParameters())).tolist())
    rigid = sitk.Euler3DTransform((1.0, 2.0, 3.0), 0.1, 0.2, 1 / 3, (7.1, 0, 0))
    transform = sitk.CompositeTransform([rigid, spline])
    back = crossed(tmp_path, transform)
    for point in ((5.0, 6.0, 7.0), (11.3, 2.2, 18.9)):
        assert back.TransformPoint(point) == transform.TransformPoint(point)


@pytest.mark.parametrize("problem", [GeometryMismatchError("a ≠ b"), WorkerDiedError("gone"), HepaDoseError("plain")])
def test_errors_keep_class_and_message(tmp_path, problem):
    back = crossed(tmp_path, problem)
    assert (type(back), str(back)) == (type(problem), str(problem))


@pytest.mark.parametrize(
    "value", [Fraction(1, 2), np.array([object()]), namedtuple("T", "a"), print], ids=lambda value: type(value).__name__
)
def test_anything_else_is_refused_before_it_is_written(tmp_path, value):
    with pytest.raises(TypeError, match="cannot be handed"):
        save_value(tmp_path, "value", value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        '{"type": "Popen", "fields": {}}',
        '{"npy": "../secret.npy"}',
        '{"launch": 1}',
        "{",
        '{"__class__": ""}',
        '{"type": "Image", "fields": {"array": 1, "evil": 2}}',
    ],
)
def test_a_foreign_or_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "value.json").write_text(content)
    with pytest.raises(UnreadableFileError, match="run the step again"):
        load_value(tmp_path, "value")


def test_a_pickle_is_never_loaded(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([print], dtype=object), allow_pickle=True)
    (tmp_path / "value.json").write_text('{"npy": "evil.npy"}')
    with pytest.raises(UnreadableFileError):
        load_value(tmp_path, "value")


def test_an_array_that_was_cut_off_is_refused(tmp_path):
    save_value(tmp_path, "value", np.arange(100.0))
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(UnreadableFileError):
        load_value(tmp_path, "value")


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=33 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    save_value(tmp_path, "small", np.zeros(1000))
    with pytest.raises(OutputError, match="temporary folder is full"):
        save_value(tmp_path, "large", [Image(np.zeros((2, 1024, 1024), np.uint8))])
    assert not list(tmp_path.glob("large*"))


def test_a_folder_that_is_gone_is_said_without_its_path(tmp_path):
    with pytest.raises(OutputError, match="temporary folder cannot be used") as refused:
        save_value(tmp_path / "gone", "value", 1)
    assert "gone" not in str(refused.value)


def test_results_hold_no_identifiers():
    names = {
        f.name
        for t in (LoadedCase, LoadedPreflight, LoadedStructure, RegistrationOutcome)
        for f in dataclasses.fields(t)
    }
    assert not [name for name in names if "uid" in name or "date" in name or "patient" in name or "path" in name]
