"""Damaged files: whatever is cut off or flipped, a reader gives data or an error of ours that names the file."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.dicom.case import preflight_flr_case
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.files import read_dataset
from hepadose.dicom.rtdose import read_rtdose
from hepadose.dicom.rtplan import read_rtplan
from hepadose.dicom.rtstruct import read_rtstruct
from hepadose.errors import HepaDoseError, UnreadableFileError

from dicom_example import write_case

READERS = {"RD.dcm": read_rtdose, "RS.dcm": read_rtstruct, "RP.dcm": read_rtplan}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("case"))


def outcome(read, path):
    """The word "read" or the kind of our error; anything else escapes and fails the test."""
    try:
        read(path)
    except HepaDoseError as problem:
        assert str(path.parent) not in str(problem)
        return type(problem).__name__
    return "read"


@pytest.mark.parametrize("name", READERS)
def test_a_file_cut_off_anywhere_is_read_or_refused_with_an_error_of_ours(case, tmp_path, name):
    content = case.path(name).read_bytes()
    outcomes = set()
    for length in np.linspace(0, min(len(content), 6000) - 1, 60).astype(int):
        (tmp_path / name).write_bytes(content[:length])
        outcomes.add(outcome(READERS[name], tmp_path / name))
    assert "UnreadableFileError" in outcomes


@pytest.mark.parametrize("name", READERS)
def test_flipped_bytes_are_read_or_refused_with_an_error_of_ours(case, tmp_path, name):
    content = np.frombuffer(case.path(name).read_bytes(), np.uint8)
    rng = np.random.default_rng(11)
    outcomes = set()
    for _ in range(80):
        damaged = content.copy()
        places = rng.integers(132, min(len(content), 5000), 4)
        damaged[places] = rng.integers(0, 256, 4)
        (tmp_path / name).write_bytes(damaged.tobytes())
        outcomes.add(outcome(READERS[name], tmp_path / name))
    assert "read" in outcomes
    assert len(outcomes) > 1


def test_flipped_bytes_in_a_ct_slice_are_read_or_refused_with_an_error_of_ours(case, tmp_path):
    sources = sorted((case.folder / "b").iterdir())[:4]
    for source in sources:
        (tmp_path / source.name).write_bytes(source.read_bytes())
    content = np.frombuffer(sources[1].read_bytes(), np.uint8)
    rng = np.random.default_rng(13)
    outcomes = set()
    for _ in range(80):
        damaged = content.copy()
        places = rng.integers(132, 1700, 6)
        damaged[places] = rng.integers(0, 256, 6)
        (tmp_path / sources[1].name).write_bytes(damaged.tobytes())
        outcomes.add(outcome(lambda path: read_ct_series(list(path.parent.iterdir())), tmp_path / sources[1].name))
    assert "read" in outcomes
    assert len(outcomes) > 1


@pytest.mark.parametrize("name", ["RD.dcm", "RS.dcm", "RP.dcm", "b/CT0003.dcm"])
def test_the_preflight_list_survives_any_damaged_file(tmp_path, name):
    case = write_case(tmp_path)
    content = case.path(name).read_bytes()
    for length in (0, 100, 140, 400, 900, len(content) // 2):
        case.path(name).write_bytes(content[:length])
        checked = preflight_flr_case(tmp_path)
        assert checked.findings
        assert (checked.case is None) == (checked.problem is not None)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b" + bytes(500), b"NRRD0004\n" * 40, b"\x08\x00" * 300])
def test_files_of_other_kinds_are_refused_quickly_and_by_name(tmp_path, content):
    (tmp_path / "other.bin").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"other\.bin is no readable DICOM file"):
        read_dataset(tmp_path / "other.bin")
