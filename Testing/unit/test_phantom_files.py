"""A digital patient on disk: standard DICOM, truth beside, and nothing half-written."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from hepadose.errors import CancelledError, OutputError, UnreadableFileError
from hepadose.images import resample
from hepadose.phantom import patient as patient_module
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings, Technique
from hepadose.phantom.truth import read_truth

SETTINGS = DigitalPatientSettings(
    technique=Technique.CONVENTIONAL25,
    matrix=64,
    planning_slice_mm=6.0,
    follow_up_slice_mm=5.0,
    planted_gy=35.0,
    edge_irregularity_mm=0.0,
    dose_spacing_mm=4.0,
    seed=11,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_digital_patient(tmp_path_factory.mktemp("digital") / "patient", SETTINGS)


@pytest.fixture(scope="module")
def objects(made):
    return [pydicom.dcmread(path) for path in sorted(made.dicom_folder.rglob("*.dcm"))]


def of_modality(objects, modality):
    return [dataset for dataset in objects if dataset.Modality == modality]


def test_all_objects_of_a_treatment_are_there(objects):
    counts = {modality: len(of_modality(objects, modality)) for modality in ("CT", "RTSTRUCT", "RTPLAN", "RTDOSE")}
    assert counts["RTSTRUCT"] == 2 and counts["RTPLAN"] == 1 and counts["RTDOSE"] == 1
    assert counts["CT"] == len(objects) - 4
    assert {str(dataset.PatientName) for dataset in objects} == {"HepaDose^Digital Patient"}
    assert {dataset.PatientID for dataset in objects} == {"HEPADOSE-0011"}


def test_the_two_examinations_differ_in_study_frame_and_date(objects):
    slices = of_modality(objects, "CT")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert len({dataset[keyword].value for dataset in slices}) == 2


def test_the_plan_is_approved_with_the_review_that_dicom_demands(objects):
    (plan,) = of_modality(objects, "RTPLAN")
    assert plan.ApprovalStatus == "APPROVED"
    assert (plan.ReviewDate, plan.ReviewTime) == (plan.RTPlanDate, plan.RTPlanTime)
    assert str(plan.ReviewerName) == "HepaDose^Digital Physicist"


def test_dose_and_plan_belong_to_the_planning_ct(objects):
    (dose,), (plan,) = of_modality(objects, "RTDOSE"), of_modality(objects, "RTPLAN")
    assert dose.FrameOfReferenceUID == plan.FrameOfReferenceUID
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert plan.FractionGroupSequence[0].NumberOfFractionsPlanned == 25
    assert float(dose.pixel_array.max() * float(dose.DoseGridScaling)) == pytest.approx(55.0 * 1.09, rel=0.06)


def test_the_plan_has_the_structures_a_physicist_expects(objects):
    planning, follow_up = sorted(of_modality(objects, "RTSTRUCT"), key=lambda dataset: dataset.StudyDate)
    names = {roi.ROIName for roi in planning.StructureSetROISequence}
    organs = {"Stomach", "Duodenum", "Kidney_L", "Kidney_R", "SpinalCord", "Heart"}
    assert {"BODY", "Liver", "GTV", "PTV"} | organs <= names
    assert [roi.ROIName for roi in follow_up.StructureSetROISequence] == ["Liver"]
    assert all(len(roi.ContourSequence) > 1 for roi in planning.ROIContourSequence)


def test_the_truth_lies_beside_and_agrees_with_the_exported_dose(made):
    from hepadose.dicom.rtdose import read_rtdose

    assert not list(made.dicom_folder.rglob("*.json"))
    truth = read_truth(made.folder)
    dose = read_rtdose(made.dicom_folder / "RD.dose.dcm").image
    on_follow_up = resample(dose, truth.reaction, truth.transform)
    expected = truth.liver.array & (on_follow_up.array >= truth.planted_physical_gy)
    assert np.count_nonzero(truth.reaction.array != expected) <= 3
    assert (truth.planted_gy, truth.quantity, truth.fractions) == (35.0, "physical", 25)
    assert truth.measures["reaction_ml"] == pytest.approx(truth.reaction.volume_ml())


def test_a_reader_finds_the_case_and_its_livers_without_any_warning(made):
    from hepadose.dicom.case import load_flr_case
    from hepadose.dicom.rasterize import rasterize
    from hepadose.findings import Level, worst_level

    case = load_flr_case(made.dicom_folder)
    assert worst_level(case.findings) is Level.OK
    assert case.fractions == 25
    (follow_up_liver,) = case.follow_up_structures.structures
    mask = rasterize(follow_up_liver, case.follow_up.image).mask.array
    truth = made.truth.liver.array
    assert 2 * np.count_nonzero(mask & truth) / (np.count_nonzero(mask) + np.count_nonzero(truth)) > 0.995
    (liver,) = (structure for structure in case.structures.structures if structure.name == "Liver")
    volume_ml = rasterize(liver, case.planning.image).mask.volume_ml()
    assert volume_ml == pytest.approx(made.truth.measures["planning_liver_ml"], rel=0.02)


def test_the_same_settings_give_the_same_files(made, tmp_path):
    again = make_digital_patient(tmp_path / "again", SETTINGS)
    first, second = (
        {path.relative_to(made_again.folder): path.read_bytes() for path in made_again.folder.rglob("*.*")}
        for made_again in (made, again)
    )
    assert first == second


def test_another_seed_gives_another_patient_and_the_follow_up_contour_may_be_left_out(made, tmp_path):
    other = make_digital_patient(tmp_path / "other", replace(SETTINGS, seed=12, follow_up_liver_contour=False))
    assert other.truth.measures["gtv_ml"] != made.truth.measures["gtv_ml"]
    assert [path.name for path in sorted(other.dicom_folder.glob("RS*"))] == ["RS.planning.dcm"]


def test_cancelling_leaves_nothing_behind(tmp_path):
    def cancel(text, share):
        if share > 0.1:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        make_digital_patient(tmp_path / "patient", SETTINGS, cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind_and_is_explained(tmp_path, monkeypatch):
    def no_space(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(patient_module, "simulate", lambda *arguments: None)
    monkeypatch.setattr(patient_module, "export_patient", no_space)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        make_digital_patient(tmp_path / "patient", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="is not empty; choose a new one"):
        make_digital_patient(tmp_path, SETTINGS)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_damaged_truth_is_named(tmp_path):
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "truth.json").write_text("{")
    with pytest.raises(UnreadableFileError, match="missing or damaged"):
        read_truth(tmp_path)
