"""Make a digital patient of radioembolization: CT, segments, PET, SPECT and the truth in one folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hepadose.errors import OutputError
from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.sirt_patient.activity import planted_concentration, take_pet, take_spect
from hepadose.sirt_patient.anatomy import TreatedAnatomy, build_treated_anatomy
from hepadose.sirt_patient.seg_nrrd import NamedRegion, write_seg_nrrd
from hepadose.sirt_patient.settings import SirtPatientSettings
from hepadose.sirt_patient.truth import PlantedSirt, plant_activity, write_sirt_truth

CT_FILE, PET_FILE, SPECT_FILE = "ct.nrrd", "pet.nrrd", "spect.nrrd"
SEGMENTS_FILE, DICOM_FOLDER = "segments.seg.nrrd", "dicom"
DRAWN_RATIOS = (2.0, 8.0)
LIVER_COLOR, LUNG_COLOR, TERRITORY_COLOR = (0.87, 0.51, 0.40), (0.77, 0.64, 0.82), (0.35, 0.75, 0.85)
TUMOR_COLORS = ((0.95, 0.85, 0.25), (0.45, 0.90, 0.35), (0.95, 0.45, 0.75), (0.55, 0.60, 1.00))
Progress = Callable[[str, float], None]


def make_sirt_patient(
    folder: Path,
    settings: SirtPatientSettings | None = None,
    progress: Progress | None = None,
    *,
    dicom: bool = False,
) -> PlantedSirt:
    """Write a digital patient.

    Parameters
    ----------
    folder : Path
        Must not exist yet, or be empty; receives ``ct.nrrd`` (HU), ``pet.nrrd`` (Bq/ml), ``spect.nrrd`` (counts),
        ``segments.seg.nrrd`` (Liver, Lungs, Territory, Tumor 1 …) and ``truth.json``. It appears complete or not at
        all.
    settings : SirtPatientSettings, optional
        Defaults if omitted: images without blur and noise.
    progress : callable, optional
        Called with what is being done and the share done (0–1).
    dicom : bool
        Whether the CT is written as a DICOM series too, into ``dicom``.

    Returns
    -------
    PlantedSirt
        The truth.

    Raises
    ------
    OutputError
        If the folder is not empty or cannot be written.
    EmptyRegionError
        If the territory has no room for the tumors.
    """
    settings, folder = settings or SirtPatientSettings(), Path(folder)
    report = progress or (lambda text, share: None)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"The folder {folder.name} is not empty; choose a new one for the digital patient.")
    building = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".sirt-patient-", dir=folder.parent))
        building.chmod(0o755)
        truth = _build(building, settings, report, dicom)
        os.replace(building, folder)
    except (OSError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or "the disk may be full"
        raise OutputError(f"The digital patient cannot be written: {reason}; choose another folder.") from problem
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)
    report("Done", 1.0)
    return truth


def _build(folder: Path, settings: SirtPatientSettings, report: Progress, dicom: bool) -> PlantedSirt:
    report("Anatomy and CT", 0.0)
    anatomy = build_treated_anatomy(settings)
    truth = plant_activity(anatomy, planted_ratios(settings, len(anatomy.tumors)), settings)
    report("Images of activity", 0.6)
    concentration = planted_concentration(anatomy, truth)
    report("Writing", 0.8)
    _write(anatomy.ct.with_array(anatomy.ct.array.astype(np.int16)), folder / CT_FILE)
    _write(take_pet(concentration, truth, settings), folder / PET_FILE)
    _write(take_spect(concentration, truth, settings), folder / SPECT_FILE)
    write_seg_nrrd(folder / SEGMENTS_FILE, named_regions(anatomy))
    if dicom:
        _write_dicom(folder / DICOM_FOLDER, anatomy.ct, settings)
    write_sirt_truth(folder, truth)
    return truth


def planted_ratios(settings: SirtPatientSettings, count: int) -> tuple[float, ...]:
    """T/N of each tumor, given or drawn.

    Parameters
    ----------
    settings : SirtPatientSettings
    count : int
        Number of tumors.

    Returns
    -------
    tuple of float
        In the order of the tumors; drawn ones have one decimal, so that they read well.
    """
    if settings.uptake_ratios is not None:
        return settings.uptake_ratios
    drawn = stream(settings.seed, "uptake").uniform(*DRAWN_RATIOS, count)
    return tuple(round(float(ratio), 1) for ratio in drawn)


def named_regions(anatomy: TreatedAnatomy) -> tuple[NamedRegion, ...]:
    """The segments of a patient: what overlaps lies in layers of its own.

    Parameters
    ----------
    anatomy : TreatedAnatomy

    Returns
    -------
    tuple of NamedRegion
    """
    tumors = (
        NamedRegion(name, mask, color, 2)
        for (name, mask), color in zip(anatomy.tumors.items(), TUMOR_COLORS, strict=False)
    )
    return (
        NamedRegion("Liver", anatomy.liver, LIVER_COLOR, 0),
        NamedRegion("Lungs", anatomy.lungs, LUNG_COLOR, 0),
        NamedRegion("Territory", anatomy.territory, TERRITORY_COLOR, 1),
        *tumors,
    )


def _write(image: Image, path: Path) -> None:
    import SimpleITK as sitk

    sitk.WriteImage(image.to_sitk(), str(path), True)


def _write_dicom(folder: Path, ct: Image, settings: SirtPatientSettings) -> None:
    import datetime

    from pydicom.uid import generate_uid

    from hepadose.dicom.write import CtSeriesSettings, DicomStudy, write_ct_series

    entropy = [f"{key}={value}" for key, value in asdict(settings).items()]
    study = DicomStudy(
        patient_id=f"HEPADOSE-SIRT-{settings.seed:04d}",
        patient_name="HepaDose^Digital SIRT Patient",
        study_uid=str(generate_uid(entropy_srcs=[*entropy, "study"])),
        frame_of_reference_uid=str(generate_uid(entropy_srcs=[*entropy, "frame of reference"])),
        study_date=datetime.date(2024, 3, 5),
        study_description="Radioembolization planning",
        patient_sex="O",
    )
    series = CtSeriesSettings("CT portal venous", contrast_agent="iodinated contrast", head_first_numbers=True)
    write_ct_series(folder, ct, study, series)
