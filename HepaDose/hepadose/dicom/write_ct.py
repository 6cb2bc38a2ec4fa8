"""Write an image as a CT series, one file per slice (CT Image IOD, PS3.3 A.3)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import CTImageStorage

from hepadose.dicom.study import (
    CtReference,
    DicomStudy,
    decimal,
    decimals,
    fill,
    fill_grid,
    new_object,
    save,
    set_instance,
)
from hepadose.errors import GeometryMismatchError
from hepadose.images import Image

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RESCALE_INTERCEPT_HU = -1024
"""Stored value 0, as most scanners write it."""


@dataclass(frozen=True)
class CtSeriesSettings:
    """What a CT series says about itself besides its pixels.

    Parameters
    ----------
    description : str
        Series description.
    series_number : int
        Tells the series of one study apart; the series' UID follows from it.
    tube_voltage_kv : float
        KVP (0018,0060).
    contrast_agent : str
        Contrast/Bolus Agent; empty for an unenhanced scan.
    slice_thickness_mm : float, optional
        Slice Thickness; the slice spacing where not given.
    body_part : str
        Body Part Examined (0018,0015), a defined term.
    file_prefix : str
        File names are ``<prefix><number>.dcm`` from 1.
    head_first_numbers : bool
        Count instance numbers (and file names) from the last slice down, as scanners that start at the head do;
        readers must sort by position.
    """

    description: str = "CT"
    series_number: int = 1
    tube_voltage_kv: float = 120.0
    contrast_agent: str = ""
    slice_thickness_mm: float | None = None
    body_part: str = "ABDOMEN"
    file_prefix: str = "CT"
    head_first_numbers: bool = False


def write_ct_series(
    folder: Path, image: Image, study: DicomStudy, settings: CtSeriesSettings | None = None
) -> CtReference:
    """Write an image in Hounsfield units as a CT series.

    Parameters
    ----------
    folder : Path
        Created where absent; one file per slice.
    image : Image
        HU; rounded to whole numbers and clipped to the stored 16 bits. i runs along rows, j along columns; k must be
        i × j (a right-handed grid), as slice positions are derived from the row and column directions.
    study : DicomStudy
        Patient, study, date and frame of reference.
    settings : CtSeriesSettings, optional

    Returns
    -------
    CtReference
        What structure sets and tests need to refer to the series.

    Raises
    ------
    GeometryMismatchError
        If the grid is left-handed.
    OutputError
        If a file cannot be written.

    References
    ----------
    DICOM PS3.3 A.3 (CT Image IOD), C.8.2.1 (CT Image module).
    """
    settings = settings or CtSeriesSettings()
    if np.linalg.det(image.direction) < 0:
        raise GeometryMismatchError("A CT series needs a right-handed grid (k = i × j); flip the image along k first.")
    series_uid = study.uid("CT series", settings.series_number)
    uids = tuple(study.uid("CT image", settings.series_number, k) for k in range(image.shape[0]))
    template = _template(image, study, settings, series_uid)
    stored = np.clip(np.rint(image.array - RESCALE_INTERCEPT_HU), -32768, 32767).astype("<i2")
    for k, uid in enumerate(uids):
        number = len(uids) - k if settings.head_first_numbers else k + 1
        dataset = _slice(template, image, stored, k, number)
        save(set_instance(dataset, uid), Path(folder) / f"{settings.file_prefix}{number:04d}.dcm")
    written = image.with_array(stored.astype(np.float32) + RESCALE_INTERCEPT_HU)
    return CtReference(series_uid, uids, written, study)


def _template(image: Image, study: DicomStudy, settings: CtSeriesSettings, series_uid: str) -> Dataset:
    """Everything that the slices of one series share."""
    dataset = new_object(
        study,
        CTImageStorage,
        series_uid,
        modality="CT",
        series_uid=series_uid,
        series_number=settings.series_number,
        series_description=settings.description,
    )
    thickness_mm = settings.slice_thickness_mm or image.spacing_mm[2]
    fill(dataset, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], PatientPosition=study.patient_position)
    fill(dataset, AcquisitionDate=study.study_date, AcquisitionTime=study.study_time, AcquisitionNumber=1)
    fill(dataset, ContentDate=study.study_date, ContentTime=study.study_time)
    fill(dataset, FrameOfReferenceUID=study.frame_of_reference_uid, PositionReferenceIndicator="")
    fill(dataset, KVP=decimal(settings.tube_voltage_kv), SliceThickness=decimal(thickness_mm))
    fill(dataset, SpacingBetweenSlices=decimal(image.spacing_mm[2]), GantryDetectorTilt=decimal(0))
    dataset.BodyPartExamined = settings.body_part
    if settings.contrast_agent:
        dataset.ContrastBolusAgent = settings.contrast_agent
    fill(dataset, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", PixelRepresentation=1)
    fill(dataset, BitsAllocated=16, BitsStored=16, HighBit=15)
    fill(dataset, RescaleIntercept=decimal(RESCALE_INTERCEPT_HU), RescaleSlope=decimal(1), RescaleType="HU")
    fill(dataset, WindowCenter=decimal(60), WindowWidth=decimal(400))
    return fill_grid(dataset, image)


def _slice(template: Dataset, image: Image, stored: np.ndarray, k: int, number: int) -> Dataset:
    dataset = copy.copy(template)  # shallow: the shared elements are replaced below, never changed in place
    dataset.file_meta = copy.copy(template.file_meta)
    position_lps = image.ijk_to_points([0, 0, k])
    fill(dataset, InstanceNumber=number, ImagePositionPatient=decimals(np.round(position_lps, 6)))
    dataset.SliceLocation = decimal(round(float(position_lps @ image.direction[:, 2]), 6))
    dataset.PixelData = stored[k].tobytes()
    return dataset
