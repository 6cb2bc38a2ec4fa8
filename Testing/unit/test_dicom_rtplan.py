"""Reading RTPLAN: fractions, prescription, beams; nothing guessed."""

from __future__ import annotations

import copy

import pytest
from pydicom.uid import RTIonPlanStorage, RTStructureSetStorage

from hepadose.dicom.rtplan import read_rtplan
from hepadose.dicom.write import ObjectReference, PlanBeam, PlanSettings, write_rtplan
from hepadose.errors import UnreadableFileError

from dicom_example import a_study, tamper


@pytest.fixture
def path(tmp_path):
    settings = PlanSettings(25, 45.0, (PlanBeam("A", 0.0), PlanBeam("B", 120.0)), "Liver 25", target_roi_number=3)
    structures = ObjectReference(RTStructureSetStorage, "1.2.3.5")
    write_rtplan(tmp_path / "rp.dcm", a_study(), settings, structures)
    return tmp_path / "rp.dcm"


def texts(plan):
    return [finding.text for finding in plan.findings]


def test_fractions_prescription_and_beams_are_read(path):
    plan = read_rtplan(path)
    assert (plan.fractions_planned, plan.prescription_gy, plan.beam_numbers) == (25, 45.0, (1, 2))
    assert (plan.label, plan.approval, plan.referenced_structure_set_uid) == ("Liver 25", "UNAPPROVED", "1.2.3.5")
    assert plan.findings == ()


def test_several_fraction_groups_are_flagged_and_no_number_is_taken(path):
    def second_group(dataset):
        group = copy.deepcopy(dataset.FractionGroupSequence[0])
        group.FractionGroupNumber, group.NumberOfFractionsPlanned = 2, 5
        dataset.FractionGroupSequence.append(group)

    plan = read_rtplan(tamper(path, second_group))
    assert plan.fractions_planned is None
    assert [group.fractions for group in plan.fraction_groups] == [25, 5]
    assert texts(plan) == ["2 fraction groups with 25, 5 fractions: say how many fractions the dose is for."]


def test_fractions_that_are_not_stated_are_told(path):
    plan = read_rtplan(tamper(path, lambda d: setattr(d.FractionGroupSequence[0], "NumberOfFractionsPlanned", None)))
    assert plan.fractions_planned is None
    assert texts(plan) == ["The number of fractions is not stated and must be given."]


def test_a_plan_without_fraction_group_is_told(path):
    plan = read_rtplan(tamper(path, FractionGroupSequence=None))
    assert (plan.fractions_planned, plan.beam_numbers) == (None, ())
    assert "No fraction group" in texts(plan)[0]


def test_of_several_prescriptions_the_highest_is_shown_and_told(path):
    def boost(dataset):
        other = copy.deepcopy(dataset.DoseReferenceSequence[0])
        other.TargetPrescriptionDose = 60
        dataset.DoseReferenceSequence.append(other)

    plan = read_rtplan(tamper(path, boost))
    assert plan.prescription_gy == 60
    assert texts(plan) == ["Several prescriptions (45, 60 Gy); the highest is shown."]


def test_limits_for_organs_at_risk_are_no_prescription(path):
    plan = read_rtplan(
        tamper(path, lambda d: setattr(d.DoseReferenceSequence[0], "DoseReferenceType", "ORGAN_AT_RISK"))
    )
    assert plan.prescription_gy is None


def test_imaging_fields_do_not_count_as_beams(path):
    plan = read_rtplan(tamper(path, lambda d: setattr(d.BeamSequence[1], "TreatmentDeliveryType", "SETUP")))
    assert plan.beam_numbers == (1,)


def test_an_ion_plan_is_told(path):
    assert "An ion plan" in texts(read_rtplan(tamper(path, SOPClassUID=RTIonPlanStorage)))[0]


def test_another_kind_of_object_is_refused(path):
    with pytest.raises(UnreadableFileError, match=r"rp\.dcm is no RT Plan"):
        read_rtplan(tamper(path, Modality="RTDOSE"))
