"""Writing CT series, structure sets, plans and doses: conformant, linked, exact, never half-written."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RTPlanStorage

from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.rtdose import read_rtdose
from hepadose.dicom.write import (
    CtSeriesSettings,
    DoseSettings,
    ObjectReference,
    PlanSettings,
    StructureMask,
    write_ct_series,
    write_rtdose,
    write_rtstruct,
)
from hepadose.errors import GeometryMismatchError, OutputError, SettingsError, UnitsError
from hepadose.images import Image

from dicom_example import a_ct, a_study, box_mask, oblique_axes, write_case

A_PLAN = ObjectReference(RTPlanStorage, "1.2.3.4")


def test_a_ct_comes_back_exactly_from_its_files(tmp_path):
    ct = a_ct()
    write_ct_series(tmp_path, ct, a_study())
    read = read_ct_series(list(tmp_path.iterdir()))
    assert read.image.same_grid_as(ct)
    assert np.array_equal(read.image.array, ct.array)


def test_an_oblique_ct_comes_back_on_its_grid(tmp_path):
    ct = a_ct()
    ct = Image(ct.array, ct.spacing_mm, ct.origin_lps, oblique_axes())
    write_ct_series(tmp_path, ct, a_study())
    read = read_ct_series(list(tmp_path.iterdir()))
    assert read.image.same_grid_as(ct)
    assert np.array_equal(read.image.array, ct.array)


def test_hounsfield_units_are_rounded_and_the_reference_holds_what_is_in_the_files(tmp_path):
    ct = a_ct(slices=2)
    reference = write_ct_series(tmp_path, ct.with_array(ct.array + 0.4), a_study())
    assert np.array_equal(reference.grid.array, ct.array)


def test_pixel_spacing_is_written_row_spacing_first(tmp_path):
    write_ct_series(tmp_path, a_ct(spacing_mm=(4.0, 5.0, 3.0)), a_study())
    assert [float(v) for v in dcmread(tmp_path / "CT0001.dcm").PixelSpacing] == [5.0, 4.0]


def test_a_left_handed_image_is_refused_by_the_ct_writer(tmp_path):
    ct = Image(a_ct().array, direction=np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(GeometryMismatchError, match="right-handed"):
        write_ct_series(tmp_path, ct, a_study())


def test_the_same_study_written_twice_has_the_same_identifiers_and_another_study_has_others(tmp_path):
    first = write_ct_series(tmp_path / "1", a_ct(), a_study())
    again = write_ct_series(tmp_path / "2", a_ct(), a_study())
    other = write_ct_series(tmp_path / "3", a_ct(), a_study(uid="1.2.3.7"))
    assert first.sop_instance_uids == again.sop_instance_uids
    assert not set(first.sop_instance_uids) & set(other.sop_instance_uids)
    assert len(set(first.sop_instance_uids)) == 6


def test_two_series_of_one_study_have_different_identifiers(tmp_path):
    one = write_ct_series(tmp_path / "1", a_ct(), a_study(), CtSeriesSettings(series_number=1))
    two = write_ct_series(tmp_path / "2", a_ct(), a_study(), CtSeriesSettings(series_number=2))
    assert one.series_uid != two.series_uid
    assert not set(one.sop_instance_uids) & set(two.sop_instance_uids)


def test_dose_refers_to_plan_refers_to_structures_refer_to_ct(tmp_path):
    case = write_case(tmp_path)
    dose, plan, structures = (dcmread(case.path(name)) for name in ("RD.dcm", "RP.dcm", "RS.dcm"))
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == structures.SOPInstanceUID
    study = structures.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    series = study.RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == case.planning.series_uid
    referenced = {item.ReferencedSOPInstanceUID for item in series.ContourImageSequence}
    assert referenced == {dcmread(path).SOPInstanceUID for path in (tmp_path / "a").iterdir()}
    frames = {dose.FrameOfReferenceUID, plan.FrameOfReferenceUID, structures.FrameOfReferenceUID}
    assert frames == {dcmread(tmp_path / "a" / "CT0001.dcm").FrameOfReferenceUID}


def test_a_contour_refers_to_the_slice_it_was_drawn_on(tmp_path):
    case = write_case(tmp_path)
    by_uid = {one.SOPInstanceUID: one for one in (dcmread(path) for path in (tmp_path / "a").iterdir())}
    for contour in dcmread(case.path("RS.dcm")).ROIContourSequence[0].ContourSequence:
        image = by_uid[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        assert float(contour.ContourData[2]) == pytest.approx(float(image.ImagePositionPatient[2]), abs=1e-3)


def test_contours_longer_than_explicit_vr_allows_are_written_completely(tmp_path):
    ct = Image(np.zeros((2, 512, 512), np.float32), (0.977, 0.977, 3.0), (-250.123, -250.123, -1000.123))
    double_comb = np.zeros(ct.shape, bool)
    double_comb[0, 10:500, 10:500:2] = True
    double_comb[0, 250:260, 10:500] = True
    reference = write_ct_series(tmp_path / "ct", ct, a_study())
    write_rtstruct(tmp_path / "rs.dcm", {"Comb": StructureMask(ct.with_array(double_comb))}, reference)
    (contour,) = dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence
    length = contour.get_item("ContourData").length
    assert len(contour.ContourData) == 3 * contour.NumberOfContourPoints
    assert length > 65534


def test_a_mask_on_another_grid_than_the_ct_is_refused(tmp_path):
    reference = write_ct_series(tmp_path, a_ct(), a_study())
    other = Image(np.ones((6, 16, 16), bool))
    with pytest.raises(GeometryMismatchError, match="CT series and structure Liver are on different grids"):
        write_rtstruct(tmp_path / "rs.dcm", {"Liver": StructureMask(other)}, reference)


def test_an_empty_mask_becomes_a_structure_without_contours(tmp_path):
    reference = write_ct_series(tmp_path, a_ct(), a_study())
    empty = box_mask(a_ct(), slice(0, 0), slice(0, 0), slice(0, 0))
    write_rtstruct(tmp_path / "rs.dcm", {"Nothing": StructureMask(empty)}, reference)
    assert "ContourSequence" not in dcmread(tmp_path / "rs.dcm").ROIContourSequence[0]


@pytest.mark.parametrize("absolute", [False, True])
def test_a_dose_comes_back_to_within_a_billionth_of_its_maximum(tmp_path, absolute):
    rng = np.random.default_rng(5)
    dose = Image(rng.uniform(0, 83.7, (5, 6, 7)), (2.0, 2.5, 3.0), (-10.5, 20.25, -100.0))
    write_rtdose(tmp_path / "rd.dcm", dose, a_study(), A_PLAN, DoseSettings(absolute_offsets=absolute))
    dataset = dcmread(tmp_path / "rd.dcm")
    stored = dataset.pixel_array * float(dataset.DoseGridScaling)
    assert np.abs(stored - dose.array).max() < 83.7e-9
    assert float(dataset.GridFrameOffsetVector[0]) == (-100.0 if absolute else 0.0)
    read = read_rtdose(tmp_path / "rd.dcm")
    assert read.image.same_grid_as(dose)
    assert np.allclose(read.image.array, dose.array, rtol=1e-6)


def test_a_dose_of_zero_everywhere_can_be_written(tmp_path):
    write_rtdose(tmp_path / "rd.dcm", Image(np.zeros((2, 3, 4))), a_study(), A_PLAN)
    assert read_rtdose(tmp_path / "rd.dcm").maximum_gy == 0


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_a_negative_or_infinite_dose_is_not_written(tmp_path, value):
    with pytest.raises(UnitsError, match="finite and not negative"):
        write_rtdose(tmp_path / "rd.dcm", Image(np.full((2, 2, 2), value)), a_study(), A_PLAN)


def test_absolute_offsets_are_refused_on_an_oblique_dose_grid(tmp_path):
    dose = Image(np.ones((2, 2, 2)), direction=oblique_axes())
    with pytest.raises(GeometryMismatchError, match="need an axial dose grid"):
        write_rtdose(tmp_path / "rd.dcm", dose, a_study(), A_PLAN, DoseSettings(absolute_offsets=True))


def test_a_plan_without_fractions_or_beams_is_refused():
    with pytest.raises(SettingsError, match="at least 1 fraction, got 0"):
        PlanSettings(0, 50.0)
    with pytest.raises(SettingsError, match="at least one beam"):
        PlanSettings(5, 50.0, beams=())


def test_where_the_folder_cannot_be_made_the_message_says_so_and_nothing_is_left(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    with pytest.raises(OutputError, match=r"CT0001\.dcm cannot be written.*choose a folder"):
        write_ct_series(tmp_path / "taken", a_ct(), a_study())
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_interrupted_write_leaves_no_file(tmp_path, monkeypatch):
    def no_space(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", no_space)
    with pytest.raises(OutputError, match="No space left on device"):
        write_rtdose(tmp_path / "rd.dcm", Image(np.ones((2, 2, 2))), a_study(), A_PLAN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools' verifier is not installed")
@pytest.mark.parametrize("name", ["a/CT0001.dcm", "RS.dcm", "RP.dcm"])
def test_written_objects_pass_an_independent_verifier(tmp_path, name):
    """RTDOSE is left out: the verifier's own assertion fails on 32-bit pixels."""
    case = write_case(tmp_path)
    verdict = subprocess.run(["dciodvfy", "-new", str(case.path(name))], capture_output=True, text=True, check=False)
    complaints = [line for line in (verdict.stdout + verdict.stderr).splitlines() if line.startswith("Error")]
    assert complaints == []
