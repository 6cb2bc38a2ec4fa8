"""Make a digital patient: anatomy, plan, dose, reaction, two CTs, written as DICOM with the truth beside."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import OutputError
from hepadose.images import Image
from hepadose.phantom.anatomy import ORIGIN_LPS, Anatomy, build_anatomy, with_another_meal
from hepadose.phantom.beams import dose_grid, plan_dose
from hepadose.phantom.export import export_patient
from hepadose.phantom.fields import stream
from hepadose.phantom.motion import Motion, as_transform
from hepadose.phantom.reaction import PlantedReaction, plant_reaction, reaction_hu
from hepadose.phantom.scanner import Scan, scan_grid, take_ct
from hepadose.phantom.settings import DigitalPatientSettings
from hepadose.phantom.target import Target, place_target
from hepadose.phantom.tissues import Region, paint_over
from hepadose.phantom.truth import TRUTH_FOLDER, PlantedTruth, read_truth, write_truth

if TYPE_CHECKING:
    import SimpleITK as sitk

PLANNING_VIEW_MM, FOLLOW_UP_VIEW_MM = 500.0, 410.0
PLANNING_LENGTH_MM, FOLLOW_UP_LENGTH_MM = 256.0, 236.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class SimulatedPatient:
    """Everything about a digital patient before it is written.

    CTs hold HU on their own grids; ``dose`` is in Gy on the exported grid; ``displacement`` leads from the follow-up
    to the planning frame.
    """

    anatomy: Anatomy
    target: Target
    dose: Image
    planning_ct: Image
    follow_up_ct: Image
    reaction: PlantedReaction
    displacement: sitk.Image


@dataclass(frozen=True, eq=False)
class DigitalPatient:
    """Where a digital patient was written, and its truth."""

    folder: Path
    dicom_folder: Path
    truth: PlantedTruth


def make_digital_patient(
    folder: Path, settings: DigitalPatientSettings | None = None, progress: Progress | None = None
) -> DigitalPatient:
    """Write a digital patient.

    Parameters
    ----------
    folder : Path
        Must not exist yet, or be empty; receives ``dicom`` (all objects in one tree, as a hospital exports them) and
        ``truth``. It appears only when everything is written.
    settings : DigitalPatientSettings, optional
        Defaults if omitted.
    progress : callable, optional
        Called with what is being done and the share done (0–1).

    Raises
    ------
    OutputError
        If the folder is not empty or cannot be written.
    """
    settings = settings or DigitalPatientSettings()
    report = progress or (lambda text, share: None)
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"The folder {folder.name} is not empty; choose a new one for the digital patient.")
    building = _temporary_folder(folder)
    try:
        patient = simulate(settings, report)
        report("Writing DICOM", 0.75)
        export_patient(building / "dicom", patient, settings)
        _write_truth(building, patient, settings)
        os.replace(building, folder)
    except OSError as problem:
        raise OutputError(f"The digital patient cannot be written: {problem.strerror}.") from problem
    finally:
        shutil.rmtree(building, ignore_errors=True)
    report("Done", 1.0)
    return DigitalPatient(folder, folder / "dicom", read_truth(folder))


def _temporary_folder(folder: Path) -> Path:
    """A hidden folder beside the wanted one, so that the final rename stays on one disk."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".digital-patient-", dir=folder.parent))
        building.chmod(0o755)
    except OSError as problem:
        raise OutputError(
            f"The folder for {folder.name} cannot be written to: {problem.strerror}; choose another one."
        ) from problem
    return building


def simulate(settings: DigitalPatientSettings, report: Progress = lambda text, share: None) -> SimulatedPatient:
    """Build anatomy, plan, dose, reaction and both CTs in memory."""
    report("Anatomy", 0.0)
    spacing_mm = float(np.clip(450.0 / settings.matrix, 1.5, 3.0))
    anatomy = build_anatomy(settings.seed, spacing_mm)
    report("Plan and dose", 0.25)
    target = place_target(anatomy, dose_grid(anatomy, settings), settings)
    dose = plan_dose(anatomy, target, settings)
    report("Planning CT", 0.35)
    planning_ct = _planning_ct(anatomy, target, settings)
    report("Reaction and follow-up CT", 0.45)
    motion = Motion(anatomy, settings)
    grid = scan_grid(
        motion.center_follow_up(), FOLLOW_UP_VIEW_MM, FOLLOW_UP_LENGTH_MM, settings.matrix, settings.follow_up_slice_mm
    )
    displacement = motion.displacement(grid)
    transform = as_transform(displacement)
    reaction = plant_reaction(anatomy, dose, settings, grid, transform)
    follow_up_ct = _follow_up_ct(anatomy, target, reaction, settings, grid, transform)
    return SimulatedPatient(anatomy, target, dose, planning_ct, follow_up_ct, reaction, displacement)


def _planning_ct(anatomy: Anatomy, target: Target, settings: DigitalPatientSettings) -> Image:
    center = ORIGIN_LPS + np.array([1.7, 2.3, -2.0])
    grid = scan_grid(center, PLANNING_VIEW_MM, PLANNING_LENGTH_MM, settings.matrix, settings.planning_slice_mm)
    painted = anatomy.with_region(_tumor(anatomy, target, "tumor", 0.0)).paint(settings.planning_phase)
    return take_ct(painted, Scan(grid, settings.noise_hu), stream(settings.seed, "planning noise"))


def _follow_up_ct(
    anatomy: Anatomy,
    target: Target,
    reaction: PlantedReaction,
    settings: DigitalPatientSettings,
    grid: Image,
    transform: sitk.Transform,
) -> Image:
    """The tumor has shrunk to its necrotic center and the liver around it reacts."""
    later = with_another_meal(anatomy, settings.seed)
    hu = later.paint(settings.follow_up_phase).array
    hu += reaction_hu(later, reaction.share, settings)
    necrosis = _tumor(later, target, "necrosis", 0.4 * target.radius_mm)
    painted = anatomy.liver_distance.with_array(paint_over(hu, (necrosis,), later.textures, settings.follow_up_phase))
    scan = Scan(grid, settings.noise_hu, curved_table=True)
    return take_ct(painted, scan, stream(settings.seed, "follow-up noise"), transform)


def _tumor(anatomy: Anatomy, target: Target, tissue: str, shrunk_mm: float) -> Region:
    distance = target.gtv_distance_on(anatomy.liver_distance).array + shrunk_mm
    soft = np.clip(0.5 - distance / 3.0, 0.0, 1.0) * (anatomy.liver_distance.array < 1.0)
    return Region("tumor", tissue, (slice(None),) * 3, (255.0 * soft + 0.5).astype(np.uint8))


def _write_truth(folder: Path, patient: SimulatedPatient, settings: DigitalPatientSettings) -> None:
    masks = {"reaction": patient.reaction.mask, "liver": patient.reaction.liver}
    write_truth(folder / TRUTH_FOLDER, settings, masks, patient.displacement, measures(patient))


def measures(patient: SimulatedPatient) -> dict[str, float]:
    """Volumes in ml and the largest dose in Gy."""
    distances = {
        "planning_liver_ml": patient.anatomy.liver_distance,
        "gtv_ml": patient.target.gtv_distance,
        "ptv_ml": patient.target.ptv_distance,
    }
    volumes = {name: distance.with_array(distance.array < 0.0).volume_ml() for name, distance in distances.items()}
    return {
        **volumes,
        "follow_up_liver_ml": patient.reaction.liver.volume_ml(),
        "reaction_ml": patient.reaction.mask.volume_ml(),
        "maximum_gy": float(patient.dose.array.max()),
    }
