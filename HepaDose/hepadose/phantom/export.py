"""Write a simulated patient as the DICOM objects of two examinations."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.dicom.write import (
    CtReference,
    CtSeriesSettings,
    DicomStudy,
    DoseSettings,
    PlanBeam,
    PlanSettings,
    StructureMask,
    StructureSetSettings,
    write_ct_series,
    write_rtdose,
    write_rtplan,
    write_rtstruct,
)
from hepadose.images import Image, resample
from hepadose.phantom.beams import PLAN_MODELS
from hepadose.phantom.settings import ContrastPhase, DigitalPatientSettings

if TYPE_CHECKING:
    from hepadose.phantom.patient import SimulatedPatient

PLANNING_DATE = datetime.date(2024, 2, 6)
FOLLOW_UP_DATE = datetime.date(2024, 6, 11)
REVIEWER = "HepaDose^Digital Physicist"
"""Who approved the digital patient's plan: nobody that lives."""
ORGANS = {
    "Stomach": ("stomach", (255, 170, 60)),
    "Duodenum": ("duodenum", (230, 120, 180)),
    "Bowel_Large": ("colon", (190, 130, 70)),
    "Kidney_R": ("right kidney", (70, 160, 255)),
    "Kidney_L": ("left kidney", (40, 110, 220)),
    "SpinalCord": ("spinal cord", (250, 250, 60)),
    "Heart": ("heart", (230, 60, 110)),
    "Spleen": ("spleen", (150, 90, 200)),
    "Lungs": ("lungs", (120, 200, 220)),
}
"""ROI names after AAPM TG-263, the anatomy's region and the display color."""


def export_patient(folder: Path, patient: SimulatedPatient, settings: DigitalPatientSettings) -> None:
    """Write planning CT, structures, plan, dose, follow-up CT and its liver contour below ``folder``.

    Parameters
    ----------
    folder : Path
        Created.
    patient : SimulatedPatient
        What is written.
    settings : DigitalPatientSettings
        Names the series and decides whether the follow-up liver contour is written.
    """
    planning = _study(settings, "planning", PLANNING_DATE, "Radiotherapy planning")
    ct = write_ct_series(
        folder / "planning", patient.planning_ct, planning, _series("Planning", settings.planning_phase)
    )
    structures = write_rtstruct(folder / "RS.planning.dcm", planning_structures(patient), ct)
    plan = write_rtplan(folder / "RP.plan.dcm", planning, _plan(patient, settings), structures)
    write_rtdose(folder / "RD.dose.dcm", patient.dose, planning, plan, DoseSettings(description="Plan dose"))
    follow_up = _study(settings, "follow-up", FOLLOW_UP_DATE, "Abdomen follow-up")
    later = write_ct_series(
        folder / "follow_up", patient.follow_up_ct, follow_up, _series("Follow-up", settings.follow_up_phase)
    )
    if settings.follow_up_liver_contour:
        _write_follow_up_liver(folder / "RS.follow_up.dcm", patient, later)


def _study(settings: DigitalPatientSettings, name: str, date: datetime.date, description: str) -> DicomStudy:
    from pydicom.uid import generate_uid

    entropy = [name, *(f"{key}={value}" for key, value in asdict(settings).items())]
    return DicomStudy(
        patient_id=f"HEPADOSE-{settings.seed:04d}",
        patient_name="HepaDose^Digital Patient",
        study_uid=str(generate_uid(entropy_srcs=[*entropy, "study"])),
        frame_of_reference_uid=str(generate_uid(entropy_srcs=[*entropy, "frame of reference"])),
        study_date=date,
        study_description=description,
        patient_sex="O",
    )


def _series(name: str, phase: ContrastPhase) -> CtSeriesSettings:
    agent = "" if phase is ContrastPhase.NATIVE else "iodinated contrast"
    return CtSeriesSettings(description=f"{name} CT {phase.value}", contrast_agent=agent, head_first_numbers=True)


def planning_structures(patient: SimulatedPatient) -> dict[str, StructureMask]:
    """All structures of the plan on the planning CT's grid, by ROI name."""
    grid = patient.planning_ct
    gtv_mm = patient.target.gtv_distance_on(grid)
    liver_mm = resample(patient.anatomy.liver_distance, grid, outside=60.0)
    masks = {
        "BODY": StructureMask(_share(patient, "body"), "EXTERNAL", (0, 200, 0)),
        "Liver": StructureMask(_below(liver_mm, 0.0), "ORGAN", (200, 120, 60)),
        "GTV": StructureMask(_below(gtv_mm, 0.0), "GTV", (255, 0, 0)),
        "PTV": StructureMask(_below(gtv_mm, patient.target.ptv_margin_mm), "PTV", (0, 0, 255)),
    }
    for name, (region, color) in ORGANS.items():
        masks[name] = StructureMask(_share(patient, region), "ORGAN", color)
    return masks


def _below(distance: Image, level_mm: float) -> Image:
    """Soft mask (0–1) whose outline runs where the distance equals the level, between the pixel centers."""
    return distance.with_array(np.clip(0.5 - (distance.array - level_mm) / (2.0 * max(distance.spacing_mm[:2])), 0, 1))


def _share(patient: SimulatedPatient, region: str) -> Image:
    return resample(patient.anatomy.region(region), patient.planning_ct)


def _plan(patient: SimulatedPatient, settings: DigitalPatientSettings) -> PlanSettings:
    angles = PLAN_MODELS[settings.technique].gantry_angles_deg
    beams = tuple(PlanBeam(f"G{angle:03.0f}", float(angle)) for angle in angles)
    return PlanSettings(
        fractions=settings.technique.fractions,
        prescription_gy=settings.technique.prescription_gy,
        beams=beams,
        label=settings.technique.value,
        isocenter_lps=patient.target.center_lps,
        target_roi_number=4,
        reviewer=REVIEWER,
    )


def _write_follow_up_liver(path: Path, patient: SimulatedPatient, ct: CtReference) -> None:
    liver = StructureMask(patient.reaction.liver, "ORGAN", (200, 120, 60))
    write_rtstruct(path, {"Liver": liver}, ct, settings=StructureSetSettings(label="Follow-up"))
