"""Read what the analysis needs of an RT plan: fractions, prescription, beams."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTIonPlanStorage

from hepadose.dicom.files import maker_of, read_dataset, refusing_damage, uid_of
from hepadose.errors import UnreadableFileError
from hepadose.findings import Finding, warning

SUBJECT = "Plan"


@dataclass(frozen=True)
class FractionGroup:
    """One fraction group: its number, planned fractions (None where not stated) and the numbers of its beams."""

    number: int
    fractions: int | None
    beam_numbers: tuple[int, ...]


@dataclass(frozen=True)
class RtPlan:
    """One plan.

    Parameters
    ----------
    sop_instance_uid : str
    label : str
        RT Plan Label as typed by a person; not to be logged.
    fractions_planned : int or None
        Of the only fraction group; None where it is not stated or there are several groups.
    prescription_gy : float or None
        Highest Target Prescription Dose; None where not stated.
    beam_numbers : tuple of int
        Of all fraction groups; treatment beams only where the plan says which are.
    fraction_groups : tuple of FractionGroup
    referenced_structure_set_uid : str
    frame_of_reference_uid : str
    manufacturer : str
    approval : str
        Approval Status: "APPROVED", "UNAPPROVED", "REJECTED" or empty.
    findings : tuple of Finding
    """

    sop_instance_uid: str
    label: str
    fractions_planned: int | None
    prescription_gy: float | None
    beam_numbers: tuple[int, ...]
    fraction_groups: tuple[FractionGroup, ...]
    referenced_structure_set_uid: str = ""
    frame_of_reference_uid: str = ""
    manufacturer: str = ""
    approval: str = ""
    findings: tuple[Finding, ...] = ()


@refusing_damage
def read_rtplan(path: Path) -> RtPlan:
    """Read one RT Plan or RT Ion Plan file.

    Parameters
    ----------
    path : Path
        With or without Part-10 header.

    Returns
    -------
    RtPlan
        Whatever is absent is None or empty, told as a finding; nothing is guessed.

    Raises
    ------
    UnreadableFileError
        If the file is no plan.

    References
    ----------
    DICOM PS3.3 C.8.8.10 (RT Prescription), C.8.8.13 (RT Fraction Scheme).
    """
    dataset = read_dataset(path, pixels=False)
    if dataset.get("Modality") != "RTPLAN":
        raise UnreadableFileError(
            f"The file {Path(path).name} is no RT Plan, its modality is {dataset.get('Modality')}."
        )
    groups = _fraction_groups(dataset)
    fractions, findings = _fractions(groups)
    prescription_gy, prescription_findings = _prescription(dataset)
    structure_sets = dataset.get("ReferencedStructureSetSequence") or []
    return RtPlan(
        sop_instance_uid=uid_of(dataset, "SOPInstanceUID"),
        label=str(dataset.get("RTPlanLabel") or ""),
        fractions_planned=fractions,
        prescription_gy=prescription_gy,
        beam_numbers=tuple(number for group in groups for number in group.beam_numbers),
        fraction_groups=groups,
        referenced_structure_set_uid=uid_of(structure_sets[0], "ReferencedSOPInstanceUID") if structure_sets else "",
        frame_of_reference_uid=uid_of(dataset, "FrameOfReferenceUID"),
        manufacturer=maker_of(dataset),
        approval=str(dataset.get("ApprovalStatus") or ""),
        findings=(*findings, *prescription_findings, *_kind_findings(dataset)),
    )


def _fraction_groups(dataset: Dataset) -> tuple[FractionGroup, ...]:
    setup_beams = _setup_beams(dataset)
    groups = []
    for position, item in enumerate(dataset.get("FractionGroupSequence") or [], start=1):
        planned = item.get("NumberOfFractionsPlanned")
        numbers = [int(beam.ReferencedBeamNumber) for beam in item.get("ReferencedBeamSequence") or []]
        groups.append(
            FractionGroup(
                number=int(item.get("FractionGroupNumber") or position),
                fractions=None if planned in (None, "") else int(planned),
                beam_numbers=tuple(number for number in numbers if number not in setup_beams),
            )
        )
    return tuple(groups)


def _setup_beams(dataset: Dataset) -> set[int]:
    """Numbers of the fields for imaging, which have no dose."""
    beams = dataset.get("BeamSequence") or dataset.get("IonBeamSequence") or []
    return {
        int(beam.BeamNumber)
        for beam in beams
        if str(beam.get("TreatmentDeliveryType") or "TREATMENT") not in ("TREATMENT", "CONTINUATION")
    }


def _fractions(groups: tuple[FractionGroup, ...]) -> tuple[int | None, list[Finding]]:
    if not groups:
        return None, [warning(SUBJECT, "No fraction group: the number of fractions must be given.")]
    if len(groups) > 1:
        words = ", ".join(f"{group.fractions or 'unknown'}" for group in groups)
        text = f"{len(groups)} fraction groups with {words} fractions: say how many fractions the dose is for."
        return None, [warning(SUBJECT, text)]
    if not groups[0].fractions:
        return None, [warning(SUBJECT, "The number of fractions is not stated and must be given.")]
    return groups[0].fractions, []


def _prescription(dataset: Dataset) -> tuple[float | None, list[Finding]]:
    doses_gy = sorted(
        float(reference.TargetPrescriptionDose)
        for reference in dataset.get("DoseReferenceSequence") or []
        if reference.get("DoseReferenceType") == "TARGET" and reference.get("TargetPrescriptionDose") not in (None, "")
    )
    if not doses_gy:
        return None, []
    if not np.isclose(doses_gy[0], doses_gy[-1]):
        words = ", ".join(f"{dose:g}" for dose in dict.fromkeys(doses_gy))
        return doses_gy[-1], [warning(SUBJECT, f"Several prescriptions ({words} Gy); the highest is shown.")]
    return doses_gy[-1], []


def _kind_findings(dataset: Dataset) -> list[Finding]:
    if uid_of(dataset, "SOPClassUID") == RTIonPlanStorage or "IonBeamSequence" in dataset:
        return [warning(SUBJECT, "An ion plan: check whether the dose is physical or weighted by an RBE.")]
    if dataset.get("BrachyTreatmentType"):
        return [warning(SUBJECT, "A brachytherapy plan: EQD2 and BED of fractionated external beams do not apply.")]
    return []
