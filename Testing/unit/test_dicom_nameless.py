"""CT files from which de-identification took the series' UID: grouped by what a series has in common, never mixed."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.batch.volume import read_ct
from hepadose.dicom.case import load_flr_case
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.scan import scan_folder
from hepadose.dicom.write import CtSeriesSettings, write_ct_series
from hepadose.errors import AmbiguousInputError
from hepadose.findings import Level
from hepadose.images import Image

from dicom_example import FOLLOW_UP_DAY, a_ct, a_study, tamper, write_case


def blank(folder, **attributes):
    """Take the identifiers from every file of a folder; further attributes are set."""
    for path in folder.rglob("*.dcm"):
        if dcmread(path, stop_before_pixels=True).Modality == "CT":
            tamper(path, SeriesInstanceUID="", SOPInstanceUID="", **attributes)


def moved(image, offset_mm):
    """The same values higher up."""
    origin = np.add(image.origin_lps, (0.0, 0.0, offset_mm))
    return Image(image.array + np.float32(7), image.spacing_mm, tuple(origin))


def test_a_case_without_series_identifiers_is_loaded_like_the_original(tmp_path):
    written = write_case(tmp_path / "case")
    expected = load_flr_case(written.folder)
    blank(written.folder)
    found = scan_folder(written.folder)
    assert [len(one.paths) for one in found.ct_series] == [20, 15]
    (told,) = [finding for finding in found.findings if finding.level is Level.WARNING]
    assert told.text == (
        "35 CT slices name no series (Series Instance UID is blank); by study, frame of reference and geometry they "
        "form 2 series."
    )
    case = load_flr_case(written.folder)
    for one, other in ((case.planning, expected.planning), (case.follow_up, expected.follow_up)):
        assert one.series_uid == ""
        assert np.array_equal(one.image.array, other.image.array)
    assert case.structures.sop_instance_uid == expected.structures.sop_instance_uid


@pytest.mark.parametrize(
    "change",
    [
        {"StudyInstanceUID": "1.2.9"},
        {"FrameOfReferenceUID": "1.2.9.1"},
        {"SeriesNumber": 7},
        {"ConvolutionKernel": "Br60"},
        {"SliceThickness": 2.0},
        {"AcquisitionDate": FOLLOW_UP_DAY.strftime("%Y%m%d")},
        {"PixelSpacing": [5.0, 4.1]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nameless_series_are_told_apart_by_what_differs(change, tmp_path):
    for name in ("one", "two"):
        write_ct_series(tmp_path / name, a_ct(), a_study())
    blank(tmp_path / "one")
    blank(tmp_path / "two", **change)
    found = scan_folder(tmp_path)
    assert [len(one.paths) for one in found.ct_series] == [6, 6]
    for one in found.ct_series:
        assert len({path.parent for path in one.paths}) == 1
    with pytest.raises(AmbiguousInputError, match="2 CT series"):
        read_ct(tmp_path)
    with pytest.raises(AmbiguousInputError, match="2 series with 6, 6 slices"):
        read_ct_series(list(tmp_path.rglob("*.dcm")))


@pytest.mark.parametrize("offset_mm", [1.5, 18.0], ids=["interleaved", "one above the other"])
def test_two_nameless_stacks_that_nothing_tells_apart_are_refused_not_mixed(offset_mm, tmp_path):
    write_ct_series(tmp_path / "one", a_ct(), a_study())
    write_ct_series(tmp_path / "two", moved(a_ct(), offset_mm), a_study())
    blank(tmp_path)
    # With their numbers gone they would form an even stack of 12.
    with pytest.raises(AmbiguousInputError, match="several series are mixed among the 12 slices; put each into"):
        read_ct(tmp_path)


def test_two_nameless_reconstructions_at_the_same_places_are_refused(tmp_path):
    write_ct_series(tmp_path / "one", a_ct(), a_study())
    write_ct_series(tmp_path / "two", moved(a_ct(), 0.0), a_study(), CtSeriesSettings(head_first_numbers=True))
    blank(tmp_path)
    with pytest.raises(AmbiguousInputError, match="several series are mixed"):
        read_ct(tmp_path)


def test_copies_of_nameless_slices_are_dropped(tmp_path):
    for name in ("one", "two"):
        write_ct_series(tmp_path / name, a_ct(), a_study())
    blank(tmp_path)
    volume = read_ct(tmp_path)
    assert volume.image.shape == (6, 16, 16)
    assert any("6 duplicate slices" in finding.text for finding in volume.findings)


def test_rounded_cosines_and_spacings_do_not_split_a_nameless_series(tmp_path):
    write_ct_series(tmp_path / "one", a_ct(), a_study())
    blank(tmp_path)
    some = sorted((tmp_path / "one").iterdir())[::2]
    for path in some:
        tamper(path, ImageOrientationPatient=[1.0, -0.0, 1e-7, 0.0, 0.9999999, 0.0], PixelSpacing=[5.00001, 4.00001])
    (series,) = scan_folder(tmp_path).ct_series
    assert len(series.paths) == 6


def test_a_file_cut_off_in_its_header_is_left_out_still(tmp_path):
    write_ct_series(tmp_path / "one", a_ct(), a_study())
    victim = sorted((tmp_path / "one").iterdir())[0]
    dataset = dcmread(victim)
    del dataset.Rows, dataset.SeriesInstanceUID, dataset.PixelData
    dataset.save_as(victim)
    found = scan_folder(tmp_path)
    assert [len(one.paths) for one in found.ct_series] == [5]
    assert any("is cut off within its header" in finding.text for finding in found.findings)
