"""From a folder to a case: roles by reference, the pre-flight list in words, ambiguities listed by number."""

from __future__ import annotations

import datetime
import shutil

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.dicom.case import load_flr_case, preflight_flr_case
from hepadose.dicom.choices import CaseChoices
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.roles import find_structure
from hepadose.dicom.scan import scan_folder
from hepadose.dicom.write import (
    CtSeriesSettings,
    DoseSettings,
    PlanSettings,
    write_ct_series,
    write_rtdose,
    write_rtplan,
)
from hepadose.errors import AmbiguousInputError, GeometryMismatchError, MissingInputError, UnitsError
from hepadose.findings import Level, worst_level
from hepadose.images import Image

from dicom_example import a_ct, a_study, tamper, write_case


@pytest.fixture
def written(tmp_path):
    return write_case(tmp_path / "case")


def lines(findings, level=None):
    return [str(finding) for finding in findings if level is None or finding.level is level]


def test_a_mixed_folder_becomes_a_case_by_its_references(written):
    case = load_flr_case(written.folder)
    assert case.planning.series_uid == written.planning.series_uid
    assert case.follow_up.series_uid == written.follow_up.series_uid
    assert case.fractions == 5
    assert case.plan.prescription_gy == 50
    assert np.allclose(case.dose.image.array, written.dose.array, atol=1e-5)
    liver = rasterize(find_structure(case.structures, "liver"), case.planning.image).mask
    assert np.array_equal(liver.array, written.liver.array)
    assert case.follow_up_structures is None


def test_the_preflight_list_says_in_words_what_was_found(written):
    checked = preflight_flr_case(written.folder)
    said = lines(checked.findings)
    assert worst_level(checked.findings) is Level.OK
    assert "[OK     ] Planning CT: Series 1: 40 × 40 × 20 voxels of 5 × 5 × 5 mm, 0 to 2017 HU." in said
    assert (
        "[OK     ] Dose: maximum 48.2 Gy in 5 fractions, physical dose, HepaDose; 44 × 44 × 24 voxels of 5 × 5 × 5 mm."
        in said
    )
    assert "[OK     ] Dose: Dose and planning CT share their frame of reference." in said
    assert "[OK     ] Plan: 5 fractions planned, 50 Gy prescribed, 2 beams, approved." in said
    assert '[OK     ] Structures: 2 drawn: "Liver" 675 ml, "Liver-GTV" 13.5 ml.' in said
    assert "[OK     ] Dose: The dose grid covers the whole liver." in said
    assert "[OK     ] Follow-up CT: Taken 92 days (3.0 months) after the planning CT." in said
    assert any("a registration to the planning CT is needed" in line for line in said)


@pytest.mark.parametrize(
    "approval, words",
    [
        ("UNAPPROVED", "2 beams. It is not approved; check whether this is the plan that was treated."),
        ("REJECTED", "2 beams. It was rejected; check"),
        (None, "2 beams. Whether it was approved is not stated; check"),
    ],
)
def test_a_plan_that_was_not_approved_is_to_be_checked(written, approval, words):
    tamper(written.path("RP.dcm"), ApprovalStatus=approval)
    found = [finding for finding in preflight_flr_case(written.folder).findings if "fractions planned" in finding.text]
    assert [finding.level for finding in found] == [Level.WARNING]
    assert words in found[0].text


def test_no_identity_date_uid_or_path_is_said(written):
    said = "\n".join(lines(preflight_flr_case(written.folder).findings))
    for secret in ("Test", "Patient", "A1", "2023", "1.2.3", str(written.folder), "CT0001"):
        assert secret not in said


def test_the_planning_ct_is_found_although_it_is_not_the_older_one(tmp_path):
    written = write_case(tmp_path)
    for path in (tmp_path / "a").iterdir():
        tamper(path, AcquisitionDate="20231224")
    case = load_flr_case(tmp_path)
    assert case.planning.series_uid == written.planning.series_uid
    assert any("days before the planning CT" in line for line in lines(case.findings, Level.WARNING))


def test_several_follow_up_series_are_listed_by_number_and_one_can_be_chosen(written):
    day = datetime.date(2023, 9, 1)
    write_ct_series(written.folder / "c", a_ct(9), a_study(day, "1.2.3.3"))
    with pytest.raises(
        AmbiguousInputError,
        match=r"2 CT series could be the follow-up CT: series 2: 15 slices of 7 mm, 30 × 30 pixels of 6 × 6 mm; "
        r"series 3: 9 slices of 3 mm",
    ):
        load_flr_case(written.folder)
    assert load_flr_case(written.folder, follow_up_series=3).follow_up.image.shape == (9, 16, 16)


def test_another_reconstruction_of_the_planning_ct_is_no_follow_up(written):
    write_ct_series(written.folder / "c", a_ct(9), a_study(), CtSeriesSettings(series_number=2))
    assert load_flr_case(written.folder).follow_up.series_uid == written.follow_up.series_uid


def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(written):
    with pytest.raises(MissingInputError, match=r"There is no CT series 7; there are: series 1: 20 slices"):
        load_flr_case(written.folder, planning_series=7)
    with pytest.raises(MissingInputError, match="There is no dose 3; there are 1"):
        load_flr_case(written.folder, choices=CaseChoices(dose=3))
    with pytest.raises(MissingInputError, match="There is no structure set 2; there are 1"):
        load_flr_case(written.folder, choices=CaseChoices(structure_set=2))


def test_without_follow_up_ct_the_list_is_complete_but_there_is_no_case(written):
    shutil.rmtree(written.folder / "b")
    checked = preflight_flr_case(written.folder)
    assert checked.case is None
    assert "There is no other CT series than the planning CT" in lines(checked.findings, Level.ERROR)[0]
    assert any("maximum 48.2 Gy" in line for line in lines(checked.findings))
    with pytest.raises(MissingInputError, match="add the follow-up CT"):
        load_flr_case(written.folder)


def test_a_relative_dose_is_refused_and_the_rest_still_checked(written):
    tamper(written.path("RD.dcm"), DoseUnits="RELATIVE")
    with pytest.raises(UnitsError, match="RELATIVE"):
        load_flr_case(written.folder)
    said = lines(preflight_flr_case(written.folder).findings)
    assert any('"Liver" 675 ml' in line for line in said)


def test_a_second_dose_that_cannot_be_used_is_told_but_no_obstacle(written):
    other = written.path("other.dcm")
    shutil.copy(written.path("RD.dcm"), other)
    tamper(other, DoseUnits="RELATIVE", SOPInstanceUID="1.2.3.99")
    case = load_flr_case(written.folder)
    assert case.dose.maximum_gy == pytest.approx(48.2)
    assert any("RELATIVE" in line for line in lines(case.findings, Level.ERROR))


def test_a_dose_in_another_frame_of_reference_is_refused_unless_the_user_confirms(written):
    tamper(written.path("RD.dcm"), FrameOfReferenceUID="1.2.3.77")
    with pytest.raises(GeometryMismatchError, match=r"different frames of reference.*trust_frames"):
        load_flr_case(written.folder)
    case = load_flr_case(written.folder, choices=CaseChoices(trust_frames=True))
    assert any("the user confirmed" in line for line in lines(case.findings, Level.WARNING))


def test_a_dose_grid_that_misses_part_of_the_liver_is_an_error_finding(tmp_path):
    written = write_case(tmp_path)
    small = Image(np.ones((8, 44, 44)), (5.0, 5.0, 5.0), (-40.0, -50.0, -50.0))
    write_rtdose(written.path("RD.dcm"), small, written.studies[0], written.plan)
    said = lines(preflight_flr_case(tmp_path).findings, Level.ERROR)
    assert said == [
        "[ERROR  ] Dose: 66.7% of the liver lies outside the dose grid; calculate and export the dose on a grid that "
        "covers the liver."
    ]


def test_without_a_plan_the_fractions_must_be_given(written):
    written.path("RP.dcm").unlink()
    case = load_flr_case(written.folder)
    assert case.fractions is None
    assert any("physical dose only, no EQD2 or BED" in line for line in lines(case.findings, Level.WARNING))
    assert load_flr_case(written.folder, fractions=3).fractions == 3


def test_given_fractions_win_over_the_plan_and_the_difference_is_told(written):
    case = load_flr_case(written.folder, fractions=3)
    assert case.fractions == 3
    assert any("3 fractions given but the plan says 5" in line for line in lines(case.findings, Level.WARNING))


def test_doses_of_beams_are_added_to_the_dose_of_the_plan(written):
    written.path("RD.dcm").unlink()
    for beam in (1, 2):
        settings = DoseSettings("BEAM", beam_number=beam, instance_number=beam)
        write_rtdose(written.path(f"RD{beam}.dcm"), written.dose, written.studies[0], written.plan, settings)
    case = load_flr_case(written.folder)
    assert case.dose.maximum_gy == pytest.approx(96.4)


def test_of_two_plans_the_one_that_the_dose_refers_to_is_taken(written):
    write_rtplan(
        written.path("RP2.dcm"), written.studies[0], PlanSettings(30, 60.0, series_number=202), written.structures
    )
    assert load_flr_case(written.folder).fractions == 5


def test_a_missing_slice_is_an_obstacle_until_interpolation_is_asked_for(written):
    (written.folder / "b" / "CT0004.dcm").unlink()
    with pytest.raises(GeometryMismatchError, match=r"Follow-up CT: 1 slice is missing: 1 after slice 3"):
        load_flr_case(written.folder)
    case = load_flr_case(written.folder, choices=CaseChoices(fill_missing=True))
    assert case.follow_up.image.shape == written.follow_up.grid.shape


def test_an_unreadable_file_and_foreign_files_are_told_by_base_name_only(written):
    (written.folder / "b" / "broken.dcm").write_bytes(bytes(500))
    (written.folder / "notes.txt").write_text("patient notes")
    said = lines(load_flr_case(written.folder).findings)
    assert any("broken.dcm is no readable DICOM file" in line for line in said)
    assert any("1 file other than DICOM was ignored." in line for line in said)
    assert not any("notes" in line for line in said)


def test_files_of_two_patients_are_an_error_finding(written):
    for path in (written.folder / "b").iterdir():
        tamper(path, PatientID="B2")
    said = lines(load_flr_case(written.folder).findings, Level.ERROR)
    assert said == ["[ERROR  ] Folder: The files carry 2 different patient identifiers; give the files of one patient."]


def test_copies_of_one_object_are_counted_once(written):
    shutil.copy(written.path("RD.dcm"), written.path("copy of dose.dcm"))
    case = load_flr_case(written.folder)
    assert any("1 copy of the same object was ignored" in line for line in lines(case.findings))


def test_a_liver_that_cannot_be_found_is_an_error_finding_with_the_names_there_are(written):
    tamper(written.path("RS.dcm"), lambda d: setattr(d.StructureSetROISequence[0], "ROIName", "Organ"))
    said = lines(preflight_flr_case(written.folder).findings, Level.ERROR)
    assert said == [
        '[ERROR  ] Liver: No structure fits "liver"; there are: "Organ", "Liver-GTV". Give the name of the one meant.'
    ]
    assert worst_level(load_flr_case(written.folder, choices=CaseChoices(liver="Organ")).findings) is Level.OK


def test_structures_drawn_on_the_follow_up_ct_are_found_too(written):
    path = written.path("RS2.dcm")
    shutil.copy(written.path("RS.dcm"), path)

    def retarget(dataset):
        frame = dataset.ReferencedFrameOfReferenceSequence[0]
        frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[
            0
        ].SeriesInstanceUID = written.follow_up.series_uid

    tamper(path, retarget, SOPInstanceUID="1.2.3.55")
    case = load_flr_case(written.folder)
    assert case.follow_up_structures.sop_instance_uid == "1.2.3.55"
    said = lines(case.findings)
    assert "[OK     ] Follow-up CT: It has a structure set of its own with 2 drawn structures." in said
    assert case.structures.sop_instance_uid == dcmread(written.path("RS.dcm")).SOPInstanceUID


def test_several_structure_sets_on_the_follow_up_ct_are_told_and_none_is_used(written):
    def retarget(dataset):
        study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence[0].SeriesInstanceUID = written.follow_up.series_uid

    for number in (2, 3):
        shutil.copy(written.path("RS.dcm"), written.path(f"RS{number}.dcm"))
        tamper(written.path(f"RS{number}.dcm"), retarget, SOPInstanceUID=f"1.2.3.5{number}")
    case = load_flr_case(written.folder)
    assert case.follow_up_structures is None
    assert any("2 structure sets were drawn on it" in line for line in lines(case.findings, Level.WARNING))


def test_progress_is_told_and_ends_before_1(written):
    told = []
    load_flr_case(written.folder, progress=lambda text, part: told.append((text, part)))
    parts = [part for _, part in told]
    assert parts == sorted(parts)
    assert parts[0] >= 0
    assert parts[-1] <= 1
    assert any("Follow-up CT" in text for text, _ in told)


def test_a_folder_that_is_not_there_or_holds_no_dicom_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match=r'^The folder "folder" does not exist; choose'):
        load_flr_case(tmp_path / "folder")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(MissingInputError, match="holds no readable DICOM file"):
        scan_folder(tmp_path)


def test_other_objects_are_ignored_and_counted(written):
    shutil.copy(written.path("RP.dcm"), written.path("MR.dcm"))
    tamper(written.path("MR.dcm"), Modality="MR", SOPInstanceUID="1.2.3.44")
    assert "Objects that play no part here were ignored: 1 MR." in scan_folder(written.folder).findings[0].text


def test_of_several_doses_one_can_be_chosen_by_the_number_in_the_message(written):
    other = Image(np.full((24, 44, 44), 20.0), (5.0, 5.0, 5.0), (-40.0, -50.0, -60.0))
    write_rtdose(written.path("RE.dcm"), other, written.studies[0], written.plan, DoseSettings(series_number=302))
    with pytest.raises(AmbiguousInputError, match=r"number 1: maximum 48\.20 Gy.*number 2: maximum 20\.00 Gy"):
        load_flr_case(written.folder)
    assert load_flr_case(written.folder, choices=CaseChoices(dose=2)).dose.maximum_gy == pytest.approx(20.0)


def test_values_that_break_the_letter_of_the_standard_are_read_without_a_warning(written):
    """UIDs with leading zeros and lower-case codes are common; pydicom would warn at every access."""
    for path in (written.folder / "a").iterdir():
        content = path.read_bytes()
        assert b"1.2.3.1\0" in content
        path.write_bytes(content.replace(b"1.2.3.1\0", b"1.2.03.1").replace(b"ORIGINAL", b"original"))
    assert load_flr_case(written.folder).planning.study_uid == "1.2.03.1"


def test_structures_in_another_frame_of_reference_than_their_ct_are_told(written):
    def other_frame(dataset):
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3.88"
        for roi in dataset.StructureSetROISequence:
            roi.ReferencedFrameOfReferenceUID = "1.2.3.88"

    tamper(written.path("RS.dcm"), other_frame)
    said = lines(load_flr_case(written.folder).findings, Level.WARNING)
    assert any("another frame of reference than the planning CT" in line for line in said)
