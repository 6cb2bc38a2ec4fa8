"""Reading CT series: order, duplicates, gaps, tilt, mixtures; each told or refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import EnhancedCTImageStorage, SecondaryCaptureImageStorage

from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.ct_geometry import describe_gaps, slice_ladder
from hepadose.dicom.write import CtSeriesSettings, write_ct_series
from hepadose.errors import (
    AmbiguousInputError,
    GeometryMismatchError,
    MissingInputError,
    MissingTagError,
    UnreadableFileError,
)
from hepadose.findings import Level
from hepadose.images import Image

from dicom_example import a_ct, a_study, oblique_axes, tamper, without_part10_header


@pytest.fixture
def files(tmp_path):
    write_ct_series(tmp_path, a_ct(), a_study())
    return sorted(tmp_path.iterdir())


def texts(series):
    return [finding.text for finding in series.findings]


def test_slices_are_sorted_by_position_not_by_instance_number_or_file_name(tmp_path):
    write_ct_series(tmp_path, a_ct(), a_study(), CtSeriesSettings(head_first_numbers=True))
    read = read_ct_series(sorted(tmp_path.iterdir()))
    assert np.array_equal(read.image.array, a_ct().array)
    assert read.image.origin_lps == (-30.0, -40.0, -50.0)
    assert read.findings == ()


def test_sop_instance_uids_follow_the_slices(tmp_path):
    reference = write_ct_series(tmp_path, a_ct(), a_study(), CtSeriesSettings(head_first_numbers=True))
    read = read_ct_series(list(tmp_path.iterdir()))
    assert read.sop_instance_uids == reference.sop_instance_uids
    assert (read.series_uid, read.study_uid, read.frame_of_reference_uid) == (
        reference.series_uid,
        "1.2.3.1",
        "1.2.3.1.9",
    )
    assert read.acquisition_date == a_study().study_date


def test_feet_first_slices_running_against_the_normal_give_a_right_handed_volume(files):
    for path in files:
        tamper(path, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    read = read_ct_series(files)
    assert np.allclose(read.image.direction, np.diag([-1, 1, -1]))
    assert read.image.origin_lps == (-30.0, -40.0, -35.0)
    assert np.array_equal(read.image.array, a_ct().array[::-1])


def test_the_rescale_of_each_slice_is_its_own(files):
    tamper(files[2], RescaleSlope=2, RescaleIntercept=-2048)
    assert np.array_equal(read_ct_series(files).image.array[2], 2 * a_ct().array[2])


def test_a_slice_without_rescale_is_refused_because_it_has_no_unit(files):
    tamper(files[2], RescaleSlope=None)
    with pytest.raises(MissingTagError, match=r"CT0003\.dcm has no RescaleSlope \(0028,1053\)"):
        read_ct_series(files)


def test_padding_becomes_air_whether_declared_or_not(files):
    def pad(dataset):
        pixels = dataset.pixel_array.copy()
        pixels[0, :2] = (-2000, 5)
        dataset.PixelData = pixels.tobytes()

    tamper(files[0], pad)
    tamper(files[0], lambda dataset: dataset.add_new("PixelPaddingValue", "SS", 5))
    assert read_ct_series(files).image.array[0, 0, :2].tolist() == [-1024, -1024]


def test_duplicates_with_the_same_pixels_are_dropped_and_told(files):
    copy = files[0].with_name("copy.dcm")
    copy.write_bytes(files[3].read_bytes())
    read = read_ct_series([*files, copy])
    assert read.image.shape == (6, 16, 16)
    assert texts(read) == ["1 duplicate slice (same position, same pixels) was dropped."]


def test_different_images_at_one_position_are_refused(files):
    tamper(files[2], ImagePositionPatient=dcmread(files[3]).ImagePositionPatient)
    with pytest.raises(GeometryMismatchError, match="different images at the same position"):
        read_ct_series(files)


def test_two_acquisitions_at_one_place_are_listed_and_one_can_be_chosen(tmp_path, files):
    second = write_ct_series(tmp_path / "2", a_ct().with_array(a_ct().array + 7), a_study())
    later = [tamper(path, AcquisitionNumber=2) for path in sorted((tmp_path / "2").iterdir())]
    with pytest.raises(AmbiguousInputError, match=r"2 acquisitions.*number 1: 6 slices, number 2: 6 slices"):
        read_ct_series([*files, *later])
    assert np.array_equal(read_ct_series([*files, *later], acquisition=2).image.array, second.grid.array)


def test_acquisitions_that_follow_each_other_in_space_are_one_volume(files):
    for path in files[3:]:
        tamper(path, AcquisitionNumber=2)
    assert read_ct_series(files).image.shape == (6, 16, 16)


def test_a_missing_slice_is_refused_saying_where_and_how_many(files):
    with pytest.raises(GeometryMismatchError, match=r"2 slices are missing: 2 after slice 2 \(3\.0 mm from"):
        read_ct_series(files[:2] + files[4:])


def test_a_missing_slice_is_interpolated_on_request_and_told(files):
    read = read_ct_series(files[:2] + files[3:], fill_missing=True)
    assert np.allclose(read.image.array, a_ct().array)
    assert read.sop_instance_uids[2] == ""
    assert texts(read) == ["1 slice is missing: 1 after slice 2 (3.0 mm from the first); interpolated linearly."]


def test_uneven_spacing_is_refused_and_on_request_resampled(files):
    for path, z in zip(files, (0.0, 2.0, 5.0, 6.2, 10.1, 12.0), strict=True):
        tamper(path, ImagePositionPatient=[-30, -40, z])
    with pytest.raises(GeometryMismatchError, match=r"spacing is uneven, 1\.20 to 3\.90 mm"):
        read_ct_series(files)
    read = read_ct_series(files, fill_missing=True)
    assert read.image.spacing_mm[2] == pytest.approx(2.0)
    assert read.image.shape[0] == 7
    assert np.allclose(read.image.array[2], 100 + 100 * 2 / 3 + a_ct().array[0])
    assert set(read.sop_instance_uids) == {""}


def test_positions_rounded_by_the_scanner_count_as_even(files):
    for path, z in zip(files, (0.0, 3.01, 5.99, 9.0, 12.01, 15.0), strict=True):
        tamper(path, ImagePositionPatient=[-30, -40, z])
    read = read_ct_series(files)
    assert read.image.spacing_mm[2] == pytest.approx(3.0)
    assert np.array_equal(read.image.array, a_ct().array)


def test_one_slice_is_no_volume(files):
    with pytest.raises(GeometryMismatchError, match=r"at least 2 slices.*got 1"):
        read_ct_series(files[:1])


def test_a_tilted_gantry_is_undone_and_told(tmp_path):
    """Positions move along z while the planes are tilted by 20°: every slice is shifted within its plane."""
    axes = oblique_axes(20.0)
    truth = Image(a_ct(5).array, (4.0, 5.0, 3.0), (0.0, 0.0, 0.0), axes)
    write_ct_series(tmp_path, truth, a_study())
    shift_mm = 2.5  # half a pixel per slice along j
    for k, path in enumerate(sorted(tmp_path.iterdir())):
        tamper(path, ImagePositionPatient=list(np.round(truth.ijk_to_points([0, 0, k]) + k * shift_mm * axes[:, 1], 6)))
    read = read_ct_series(list(tmp_path.iterdir()))
    assert texts(read) == [
        f"The gantry was tilted by {np.degrees(np.arctan2(2.5, 3)):.1f}°: the slices were resampled "
        "onto an upright grid."
    ]
    point = truth.ijk_to_points([3, 7.5, 3])
    assert np.allclose(read.image.lps_to_ijk(point), [3, 7.5, 3], atol=1e-6)
    # In slice 3, acquired pixel row j lies at 1.5 pixels further: row 9 is halfway between acquired rows 7 and 8.
    assert read.image.array[3, 9, 3] == pytest.approx(300 + 2 * 7.5 + 3)
    assert read.image.shape == (5, 18, 16)
    assert read.image.array[0, -1, 0] == -1024


def test_slices_shifted_at_random_are_refused(files):
    for path, x in zip(files, (-30, -25, -30, -33, -30, -30), strict=True):
        tamper(path, ImagePositionPatient=[x, -40, dcmread(path).ImagePositionPatient[2]])
    with pytest.raises(GeometryMismatchError, match="shifted against each other"):
        read_ct_series(files)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"PixelSpacing": [4.0, 4.0]}, r"differ in pixel spacing: 5 slices of 4 × 5 mm, 1 slice of 4 × 4 mm"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, r"differ in orientation: 1 of 6"),
        ({"Rows": 8}, r"differ in size: 5 slices of 16 × 16 pixels, 1 slice of 16 × 8 pixels"),
    ],
)
def test_mixed_geometry_in_one_series_is_refused_with_counts(files, change, message):
    tamper(files[5], **change)
    with pytest.raises(GeometryMismatchError, match=message):
        read_ct_series(files)


def test_files_of_two_series_are_refused(tmp_path, files):
    write_ct_series(tmp_path / "2", a_ct(), a_study(), CtSeriesSettings(series_number=2))
    with pytest.raises(AmbiguousInputError, match="2 series with 6, 6 slices"):
        read_ct_series([*files, *(tmp_path / "2").iterdir()])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "secondary capture"),
        ({"SOPClassUID": EnhancedCTImageStorage}, "multi-frame"),
    ],
)
def test_images_that_are_no_slices_are_ignored_and_counted(files, change, word):
    tamper(files[5], **change)
    read = read_ct_series(files)
    assert read.image.shape[0] == 5
    assert texts(read) == [f"Images that are no slices of a volume were ignored: 1 {word}."]


def test_an_unreadable_file_at_the_end_is_left_out_and_named(files):
    files[5].write_bytes(b"nothing of DICOM" * 20)
    read = read_ct_series(files)
    assert read.image.shape[0] == 5
    assert [f.level for f in read.findings] == [Level.WARNING]
    assert "CT0006.dcm is no readable DICOM file" in texts(read)[0]


def test_an_unreadable_file_in_the_middle_shows_as_a_missing_slice(files):
    files[2].write_bytes(b"")
    with pytest.raises(GeometryMismatchError, match="1 slice is missing"):
        read_ct_series(files)


def test_cut_off_pixels_are_refused_naming_the_file_without_its_folder(files):
    files[2].write_bytes(files[2].read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match=r"CT slice CT0003\.dcm cannot be read") as caught:
        read_ct_series(files)
    assert str(files[2].parent) not in str(caught.value)


def test_a_file_cut_off_before_its_pixels_is_left_out_and_named(files):
    files[5].write_bytes(files[5].read_bytes()[:700])
    assert texts(read_ct_series(files)) == ["The file CT0006.dcm is cut off before its pixels. It was left out."]


def test_files_without_part_10_header_are_read(files):
    for path in files:
        without_part10_header(path)
    assert files[0].read_bytes()[128:132] != b"DICM"
    assert np.array_equal(read_ct_series(files).image.array, a_ct().array)


def test_values_that_are_not_called_hounsfield_units_are_told(files):
    for path in files:
        tamper(path, RescaleType="US")
    assert texts(read_ct_series(files)) == ["The files do not call their values Hounsfield units (rescale type US)."]


@pytest.mark.parametrize("cosines", [[1, 0, 0, 0, 2, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1]])
def test_an_impossible_orientation_is_refused(files, cosines):
    tamper(files[0], ImageOrientationPatient=cosines)
    with pytest.raises(MissingTagError, match="unusable ImageOrientationPatient"):
        read_ct_series(files)


def test_no_slice_among_the_files_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match="none of the 0 files is a CT slice"):
        read_ct_series([])


def test_findings_and_messages_use_the_name_the_user_knows(files):
    with pytest.raises(GeometryMismatchError, match=r"^Follow-up CT: "):
        read_ct_series([files[0], *files[2:]], subject="Follow-up CT")


def test_the_ladder_keeps_its_spacing_when_many_slices_are_missing():
    ladder = slice_ladder(np.array([0.0, 2.5, 10.0, 17.5, 20.0]))
    assert ladder.spacing_mm == pytest.approx(2.5)
    assert ladder.missing.tolist() == [2, 3, 5, 6]
    assert describe_gaps(ladder) == "2 after slice 2 (2.5 mm from the first), 2 after slice 3 (10.0 mm from the first)"


def test_mixed_spacing_is_told_from_missing_slices(tmp_path):
    write_ct_series(tmp_path, a_ct(slices=20), a_study())
    files = sorted(tmp_path.iterdir())
    with pytest.raises(GeometryMismatchError, match=r"spacing is mixed: 9 gaps of 3\.00 mm, 5 gaps of 6\.00 mm"):
        read_ct_series(files[:10] + files[11::2])


def test_nearly_the_same_position_counts_as_the_same(files):
    copy = files[0].with_name("copy.dcm")
    copy.write_bytes(files[3].read_bytes())
    tamper(copy, ImagePositionPatient=[-30, -40, -40.96])
    assert texts(read_ct_series([*files, copy])) == ["1 duplicate slice (same position, same pixels) was dropped."]
