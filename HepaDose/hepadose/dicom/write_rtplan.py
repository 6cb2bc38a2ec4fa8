"""Write an external-beam plan without machine detail: fractions, prescription, beams (RT Plan IOD, PS3.3 A.20)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.uid import RTPlanStorage

from hepadose.dicom.study import DicomStudy, ObjectReference, decimal, decimals, fill, item, new_object, save
from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class PlanBeam:
    """One static photon beam; angles in degrees, energy in MV, meterset in monitor units per fraction."""

    name: str
    gantry_angle_deg: float
    energy_mv: float = 6.0
    meterset_mu: float = 100.0


@dataclass(frozen=True)
class PlanSettings:
    """What a plan prescribes.

    Parameters
    ----------
    fractions : int
        Number of Fractions Planned, at least 1.
    prescription_gy : float
        Target Prescription Dose of all fractions together, Gy.
    beams : tuple of PlanBeam
        At least one.
    label : str
        RT Plan Label, at most 16 characters are written.
    isocenter_lps : tuple of 3 float
        Isocenter in mm, LPS.
    target_roi_number : int, optional
        ROI number of the prescribed target in the structure set.
    series_number : int
        Tells the plans of one study apart.
    reviewer : str
        Who approved it at the date and time of the study, in DICOM form ("Family^Given"); empty for a plan that is
        not approved.
    """

    fractions: int
    prescription_gy: float
    beams: tuple[PlanBeam, ...] = (PlanBeam("Beam 1", 0.0),)
    label: str = "Plan"
    isocenter_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    target_roi_number: int | None = None
    series_number: int = 201
    reviewer: str = ""

    def __post_init__(self) -> None:
        if self.fractions < 1:
            raise SettingsError(f"A plan needs at least 1 fraction, got {self.fractions}.")
        if not self.beams:
            raise SettingsError("A plan needs at least one beam, got none.")


def write_rtplan(
    path: Path, study: DicomStudy, settings: PlanSettings, structure_set: ObjectReference
) -> ObjectReference:
    """Write a plan that refers to a structure set.

    Parameters
    ----------
    path : Path
        The file to write.
    study : DicomStudy
        The study of the planning CT.
    settings : PlanSettings
    structure_set : ObjectReference
        From :func:`hepadose.dicom.write_rtstruct.write_rtstruct`.

    Returns
    -------
    ObjectReference
        For the dose that refers to it.

    Raises
    ------
    OutputError
        If the file cannot be written.

    References
    ----------
    DICOM PS3.3 C.8.8.9 (RT General Plan), C.8.8.10 (RT Prescription), C.8.8.13 (RT Fraction Scheme),
    C.8.8.14 (RT Beams).
    """
    reference = ObjectReference(RTPlanStorage, study.uid("RTPLAN", settings.series_number))
    dataset = new_object(
        study,
        RTPlanStorage,
        reference.sop_instance_uid,
        modality="RTPLAN",
        series_uid=study.uid("RTPLAN series", settings.series_number),
        series_number=settings.series_number,
        series_description=settings.label,
    )
    fill(dataset, FrameOfReferenceUID=study.frame_of_reference_uid, PositionReferenceIndicator="")
    fill(dataset, RTPlanLabel=settings.label[:16], RTPlanName=settings.label[:64], RTPlanGeometry="PATIENT")
    fill(dataset, RTPlanDate=study.study_date, RTPlanTime=study.study_time)
    _state_approval(dataset, study, settings.reviewer)
    dataset.ReferencedStructureSetSequence = [structure_set.as_item()]
    dataset.DoseReferenceSequence = [_prescription(settings, study)]
    dataset.FractionGroupSequence = [_fraction_group(settings)]
    dataset.PatientSetupSequence = [item(PatientSetupNumber=1, PatientPosition=study.patient_position)]
    dataset.BeamSequence = [_beam(number, beam, settings) for number, beam in enumerate(settings.beams, start=1)]
    save(dataset, path)
    return reference


def _state_approval(dataset: Dataset, study: DicomStudy, reviewer: str) -> None:
    """Approval Status, with the review that DICOM demands of an approved plan (PS3.3 C.8.8.16)."""
    if not reviewer:
        fill(dataset, ApprovalStatus="UNAPPROVED")
        return
    fill(dataset, ApprovalStatus="APPROVED", ReviewDate=study.study_date, ReviewTime=study.study_time)
    fill(dataset, ReviewerName=reviewer)


def _prescription(settings: PlanSettings, study: DicomStudy) -> Dataset:
    reference = item(DoseReferenceNumber=1, DoseReferenceUID=study.uid("Dose reference", settings.series_number))
    fill(reference, DoseReferenceType="TARGET", TargetPrescriptionDose=decimal(settings.prescription_gy))
    if settings.target_roi_number is None:
        return fill(reference, DoseReferenceStructureType="SITE", DoseReferenceDescription="Target")
    return fill(reference, DoseReferenceStructureType="VOLUME", ReferencedROINumber=settings.target_roi_number)


def _fraction_group(settings: PlanSettings) -> Dataset:
    beams = [
        item(ReferencedBeamNumber=number, BeamMeterset=decimal(beam.meterset_mu))
        for number, beam in enumerate(settings.beams, start=1)
    ]
    group = item(FractionGroupNumber=1, NumberOfFractionsPlanned=settings.fractions)
    fill(group, NumberOfBeams=len(beams), NumberOfBrachyApplicationSetups=0)
    return fill(group, ReferencedBeamSequence=beams)


def _beam(number: int, beam: PlanBeam, settings: PlanSettings) -> Dataset:
    dataset = item(BeamNumber=number, BeamName=beam.name[:64], BeamType="STATIC", RadiationType="PHOTON")
    fill(dataset, TreatmentMachineName="", PrimaryDosimeterUnit="MU", SourceAxisDistance=decimal(1000))
    jaws = [item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=1) for kind in ("ASYMX", "ASYMY")]
    fill(dataset, BeamLimitingDeviceSequence=jaws, TreatmentDeliveryType="TREATMENT", ReferencedPatientSetupNumber=1)
    fill(dataset, NumberOfWedges=0, NumberOfCompensators=0, NumberOfBoli=0, NumberOfBlocks=0)
    fill(dataset, FinalCumulativeMetersetWeight=decimal(1), NumberOfControlPoints=2)
    last = item(ControlPointIndex=1, CumulativeMetersetWeight=decimal(1))
    return fill(dataset, ControlPointSequence=[_first_control_point(beam, settings), last])


def _first_control_point(beam: PlanBeam, settings: PlanSettings) -> Dataset:
    jaws = [item(RTBeamLimitingDeviceType=kind, LeafJawPositions=decimals((-50, 50))) for kind in ("ASYMX", "ASYMY")]
    point = item(ControlPointIndex=0, CumulativeMetersetWeight=decimal(0))
    fill(point, NominalBeamEnergy=decimal(beam.energy_mv), BeamLimitingDevicePositionSequence=jaws)
    fill(point, GantryAngle=decimal(beam.gantry_angle_deg), GantryRotationDirection="NONE")
    fill(point, BeamLimitingDeviceAngle=decimal(0), BeamLimitingDeviceRotationDirection="NONE")
    fill(point, PatientSupportAngle=decimal(0), PatientSupportRotationDirection="NONE")
    fill(point, TableTopEccentricAngle=decimal(0), TableTopEccentricRotationDirection="NONE")
    fill(point, TableTopVerticalPosition=None, TableTopLongitudinalPosition=None, TableTopLateralPosition=None)
    return fill(point, IsocenterPosition=decimals(settings.isocenter_lps))
