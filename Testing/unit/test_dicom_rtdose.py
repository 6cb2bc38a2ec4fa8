"""Reading RTDOSE: values by scaling, planes by both offset rules; everything doubtful refused with its remedy."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage

from hepadose.dicom.dose_planes import even_offsets, frame_offsets
from hepadose.dicom.rtdose import DoseSummation, DoseType, dose_banner, read_rtdose
from hepadose.dicom.write import DoseSettings, ObjectReference, write_rtdose
from hepadose.errors import GeometryMismatchError, MissingTagError, UnitsError, UnreadableFileError
from hepadose.findings import Level
from hepadose.images import Image

from dicom_example import a_study, oblique_axes, tamper, without_part10_header

A_PLAN = ObjectReference(RTPlanStorage, "1.2.3.4")
DOSE = Image(np.arange(60.0).reshape(5, 3, 4), (2.0, 2.5, 3.0), (-10.0, 20.0, -100.0))


@pytest.fixture
def path(tmp_path):
    write_rtdose(tmp_path / "rd.dcm", DOSE, a_study(), A_PLAN)
    return tmp_path / "rd.dcm"


def test_what_is_stored_times_the_scaling_is_the_dose(path):
    """2 857 143 × 1.4e-5 Gy = 40.000002 Gy."""

    def store(dataset):
        dataset.PixelData = np.full(60, 2_857_143, "<u4").tobytes()

    tamper(path, store, DoseGridScaling="1.4e-5")
    assert read_rtdose(path).maximum_gy == pytest.approx(40.000002, rel=1e-7)


def test_16_bit_dose_is_read(path):
    def store(dataset):
        dataset.PixelData = np.arange(60, dtype="<u2").tobytes()

    tamper(path, store, DoseGridScaling="0.5", BitsAllocated=16, BitsStored=16, HighBit=15)
    assert np.array_equal(read_rtdose(path).image.array, DOSE.array / 2)


def test_the_dose_knows_its_plan_type_and_maker(path):
    dose = read_rtdose(path)
    assert (dose.referenced_plan_uid, dose.summation_type, dose.dose_type) == (
        "1.2.3.4",
        DoseSummation.PLAN,
        DoseType.PHYSICAL,
    )
    assert dose.frame_of_reference_uid == "1.2.3.1.9"
    assert dose.findings == ()


def test_the_banner_says_maximum_fractions_kind_and_maker(path):
    tamper(path, Manufacturer="Varian Medical Systems", ManufacturerModelName="Eclipse")
    dose = read_rtdose(path)
    assert dose_banner(dose, 25) == "maximum 59.0 Gy in 25 fractions, physical dose, Varian Medical Systems Eclipse"
    assert dose_banner(dose, 1) == "maximum 59.0 Gy in 1 fraction, physical dose, Varian Medical Systems Eclipse"
    assert "number of fractions unknown" in dose_banner(dose, None)


def test_frames_against_the_normal_are_reversed_into_a_right_handed_grid(path):
    tamper(path, GridFrameOffsetVector=[0, -3, -6, -9, -12])
    image = read_rtdose(path).image
    assert np.linalg.det(image.direction) == pytest.approx(1)
    assert image.origin_lps == (-10.0, 20.0, -112.0)
    assert np.array_equal(image.array, DOSE.array[::-1])


def test_absolute_offsets_that_fall_are_reversed_too(path):
    tamper(path, GridFrameOffsetVector=[-100, -103, -106, -109, -112])
    image = read_rtdose(path).image
    assert image.origin_lps == (-10.0, 20.0, -112.0)
    assert np.array_equal(image.array, DOSE.array[::-1])


def test_an_oblique_dose_grid_keeps_its_place(tmp_path):
    oblique = Image(DOSE.array, DOSE.spacing_mm, DOSE.origin_lps, oblique_axes())
    write_rtdose(tmp_path / "rd.dcm", oblique, a_study(), A_PLAN)
    assert read_rtdose(tmp_path / "rd.dcm").image.same_grid_as(oblique)


def test_absolute_offsets_on_an_oblique_grid_are_refused(tmp_path):
    oblique = Image(DOSE.array, DOSE.spacing_mm, DOSE.origin_lps, oblique_axes())
    path = write_rtdose(tmp_path / "rd.dcm", oblique, a_study(), A_PLAN) and tmp_path / "rd.dcm"
    tamper(path, GridFrameOffsetVector=[-100, -97, -94, -91, -88])
    with pytest.raises(GeometryMismatchError, match=r"start at -100\.00 mm.*the planes are not axial"):
        read_rtdose(path)


def test_offsets_that_follow_neither_rule_are_refused(path):
    tamper(path, GridFrameOffsetVector=[5, 8, 11, 14, 17])
    with pytest.raises(GeometryMismatchError, match=r"start at 5\.00 mm, which is neither 0.*z = -100\.00 mm"):
        read_rtdose(path)


@pytest.mark.parametrize("offsets", [[0, 3, 6, 5, 9], [0, 3, 3, 6, 9]])
def test_offsets_that_do_not_rise_throughout_are_refused(path, offsets):
    tamper(path, GridFrameOffsetVector=offsets)
    with pytest.raises(GeometryMismatchError, match="neither rise nor fall throughout"):
        read_rtdose(path)


def test_uneven_planes_are_resampled_linearly_and_told(path):
    tamper(path, GridFrameOffsetVector=[0, 3, 6, 12, 15])
    dose = read_rtdose(path)
    assert dose.image.shape == (6, 3, 4)
    assert dose.image.spacing_mm[2] == pytest.approx(3.0)
    assert np.allclose(dose.image.array[3], (DOSE.array[2] + DOSE.array[3]) / 2)
    assert np.allclose(dose.image.array[4], DOSE.array[3])
    (finding,) = dose.findings
    assert finding.level is Level.WARNING
    assert finding.text == "The planes are 3.00 to 6.00 mm apart: they were resampled linearly to 3.00 mm."


def test_one_plane_is_no_volume(path):
    def keep_one(dataset):
        dataset.PixelData = dataset.PixelData[:48]

    tamper(path, keep_one, NumberOfFrames=1, GridFrameOffsetVector=None)
    with pytest.raises(GeometryMismatchError, match="The dose has one plane"):
        read_rtdose(path)


def test_a_wrong_number_of_offsets_is_refused(path):
    tamper(path, GridFrameOffsetVector=[0, 3, 6])
    with pytest.raises(MissingTagError, match="5 planes but 3 frame offsets"):
        read_rtdose(path)


def test_relative_dose_is_refused_with_the_remedy(path):
    tamper(path, DoseUnits="RELATIVE")
    with pytest.raises(UnitsError, match=r"The dose is RELATIVE.*export it from the planning system as absolute"):
        read_rtdose(path)


def test_unknown_units_are_refused(path):
    tamper(path, DoseUnits="CGY")
    with pytest.raises(UnitsError, match=r"units CGY.*expected GY"):
        read_rtdose(path)


def test_a_missing_scaling_is_never_assumed(path):
    tamper(path, DoseGridScaling=None)
    with pytest.raises(MissingTagError, match=r"DoseGridScaling \(3004,000E\).*no scaling is ever assumed"):
        read_rtdose(path)


@pytest.mark.parametrize("scaling", [0, -0.001])
def test_a_scaling_that_is_not_positive_is_refused(path, scaling):
    tamper(path, DoseGridScaling=scaling)
    with pytest.raises(UnitsError, match="expected a positive number"):
        read_rtdose(path)


def test_dose_errors_are_no_dose(path):
    tamper(path, DoseType="ERROR")
    with pytest.raises(UnitsError, match="holds dose errors"):
        read_rtdose(path)


def test_effective_dose_is_told(path):
    tamper(path, DoseType="EFFECTIVE")
    dose = read_rtdose(path)
    assert dose.dose_type is DoseType.EFFECTIVE
    assert "EQD2 and BED must not be derived" in dose.findings[0].text
    assert "effective dose" in dose_banner(dose, 5)


@pytest.mark.parametrize(("keyword", "value"), [("DoseType", "MAGIC"), ("DoseSummationType", "EVERYTHING")])
def test_unknown_terms_are_refused(path, keyword, value):
    tamper(path, **{keyword: value})
    with pytest.raises(UnitsError, match=f"unknown {keyword} {value}"):
        read_rtdose(path)


@pytest.mark.parametrize(
    "keyword", ["DoseUnits", "DoseType", "DoseSummationType", "PixelSpacing", "ImagePositionPatient", "PixelData"]
)
def test_an_attribute_that_gives_value_or_place_must_be_there(path, keyword):
    tamper(path, **{keyword: None})
    with pytest.raises(MissingTagError, match=f"Dose has no {keyword}"):
        read_rtdose(path)


def test_negative_voxels_become_0_and_are_told(path):
    def store(dataset):
        dataset.PixelData = np.arange(-2, 58, dtype="<i4").tobytes()

    tamper(path, store, PixelRepresentation=1, DoseGridScaling="1")
    dose = read_rtdose(path)
    assert dose.image.array.min() == 0
    assert dose.findings[0].text == "2 voxels are negative (lowest -2 Gy) and were set to 0."


@pytest.mark.parametrize(("scaling", "said"), [("0.01", "0.59 Gy is unusual"), ("100", "5900 Gy is unusual")])
def test_an_implausible_maximum_is_told(path, scaling, said):
    def store(dataset):
        dataset.PixelData = np.arange(60, dtype="<u4").tobytes()

    tamper(path, store, DoseGridScaling=scaling)
    assert said in read_rtdose(path).findings[0].text


def test_a_dose_of_zero_is_an_error_finding(tmp_path):
    write_rtdose(tmp_path / "rd.dcm", Image(np.zeros((2, 2, 2))), a_study(), A_PLAN)
    assert read_rtdose(tmp_path / "rd.dcm").findings[0].level is Level.ERROR


def test_the_beam_of_a_beam_dose_is_known(tmp_path):
    write_rtdose(tmp_path / "rd.dcm", DOSE, a_study(), A_PLAN, DoseSettings("BEAM", beam_number=3))
    dose = read_rtdose(tmp_path / "rd.dcm")
    assert (dose.summation_type, dose.referenced_beam_number) == (DoseSummation.BEAM, 3)


def test_a_dose_without_part_10_header_is_read(path):
    assert np.allclose(read_rtdose(without_part10_header(path)).image.array, DOSE.array)


def test_cut_off_pixels_are_refused(path):
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError, match="pixels of the dose cannot be read"):
        read_rtdose(path)


def test_another_kind_of_object_is_refused_by_name(path):
    tamper(path, Modality="RTPLAN")
    with pytest.raises(UnreadableFileError, match=r"rd\.dcm is no RT Dose, its modality is RTPLAN"):
        read_rtdose(path)


def test_both_rules_agree_where_the_first_plane_lies_at_z_0():
    assert frame_offsets(np.array([0.0, 3, 6]), np.zeros(3), np.eye(3)).tolist() == [0, 3, 6]


def test_even_offsets_keep_the_range_and_never_coarsen():
    offsets = np.array([0.0, 2.0, 5.0, 10.0])
    even = even_offsets(offsets)
    assert (even[0], even[-1], even[1] - even[0]) == (0, 10, 2)
    assert even_offsets(np.array([0.0, 3.0, 6.004])) is None


def test_a_stored_histogram_that_reaches_far_above_the_grid_is_told(path):
    def add_histogram(dataset):
        histogram = Dataset()
        histogram.DoseUnits, histogram.DVHMaximumDose = "GY", 120
        dataset.DVHSequence = [histogram]

    (finding,) = read_rtdose(tamper(path, add_histogram)).findings
    assert finding.text.startswith("The dose-volume histograms in the file reach 120.0 Gy but the grid only 59.0 Gy.")
    tamper(path, lambda dataset: setattr(dataset.DVHSequence[0], "DVHMaximumDose", 60))
    assert read_rtdose(path).findings == ()
