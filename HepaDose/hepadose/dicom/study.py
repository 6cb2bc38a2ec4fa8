"""What every written object of one study shares, and how a data set reaches the disk.

Writing is strict: every attribute of type 1 and 2 of the object's modules is present. Identifiers follow from the
study's own UID, so that the same input written twice gives the same objects. Knows nothing of pixels or contours.
"""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

import hepadose
from hepadose.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hepadose.images import Image

PRODUCT = "HepaDose"


@dataclass(frozen=True)
class DicomStudy:
    """Patient, study and frame of reference that the objects of one examination share.

    Parameters
    ----------
    patient_id, patient_name : str
        As they shall stand in the files; the name in DICOM form ("Family^Given").
    study_uid, frame_of_reference_uid : str
        Drawn at random where not given; give them to write the same study twice.
    study_date : datetime.date
        Date of study, series, acquisition and content.
    study_time : datetime.time
        Time of the same.
    study_description, study_id : str
        Shown by archives; may be empty.
    patient_sex : str
        "M", "F", "O" or empty.
    patient_position : str
        As in (0018,5100): "HFS", "FFS", "HFP"; it does not change any coordinate.
    """

    patient_id: str
    patient_name: str
    study_uid: str = field(default_factory=lambda: str(generate_uid()))
    frame_of_reference_uid: str = field(default_factory=lambda: str(generate_uid()))
    study_date: datetime.date = datetime.date(2024, 1, 1)
    study_time: datetime.time = datetime.time(12, 0)
    study_description: str = ""
    study_id: str = "1"
    patient_sex: str = ""
    patient_position: str = "HFS"

    def uid(self, *parts: object) -> str:
        """The UID of an object of this study: the same parts always give the same UID."""
        return str(generate_uid(entropy_srcs=[self.study_uid, *(str(part) for part in parts)]))


@dataclass(frozen=True, eq=False)
class CtReference:
    """A written CT series, as structure sets refer to it.

    Parameters
    ----------
    series_uid : str
        Series Instance UID.
    sop_instance_uids : tuple of str
        SOP Instance UID of the slice at every k of ``grid``.
    grid : Image
        The written image, rounded as it stands in the files.
    study : DicomStudy
        The study it belongs to.
    """

    series_uid: str
    sop_instance_uids: tuple[str, ...]
    grid: Image
    study: DicomStudy


@dataclass(frozen=True)
class ObjectReference:
    """A written object that another one refers to."""

    sop_class_uid: str
    sop_instance_uid: str

    def as_item(self) -> Dataset:
        """The sequence item with Referenced SOP Class UID and Referenced SOP Instance UID."""
        return item(ReferencedSOPClassUID=self.sop_class_uid, ReferencedSOPInstanceUID=self.sop_instance_uid)


def item(**attributes: Any) -> Dataset:
    """A data set (or sequence item) from attributes given by keyword."""
    return fill(Dataset(), **attributes)


def fill(dataset: Dataset, **attributes: Any) -> Dataset:
    """Set attributes by keyword and return the same data set."""
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def decimals(values: Iterable[float]) -> list[DSfloat]:
    """Numbers as decimal strings of at most 16 characters (VR DS) with all the precision that allows."""
    return [decimal(value) for value in values]


def decimal(value: float) -> DSfloat:
    """One number as a decimal string of at most 16 characters (VR DS)."""
    return DSfloat(float(value) + 0.0, auto_format=True)


def new_object(
    study: DicomStudy,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    modality: str,
    series_uid: str,
    series_number: int,
    series_description: str,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
) -> Dataset:
    """A data set with the patient, study, series, equipment and SOP common modules filled in.

    Returns
    -------
    pydicom.Dataset
        With file meta information; ready for the attributes of the object itself.
    """
    dataset = item(SpecificCharacterSet="ISO_IR 192", SOPClassUID=UID(sop_class_uid), Modality=modality)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    fill(dataset, InstanceCreationDate=study.study_date, InstanceCreationTime=study.study_time)
    fill(dataset, PatientName=study.patient_name, PatientID=study.patient_id, PatientSex=study.patient_sex)
    fill(dataset, PatientBirthDate="", ReferringPhysicianName="", AccessionNumber="", OperatorsName="")
    fill(dataset, StudyInstanceUID=study.study_uid, StudyID=study.study_id, StudyDescription=study.study_description)
    fill(dataset, StudyDate=study.study_date, StudyTime=study.study_time)
    fill(dataset, SeriesInstanceUID=series_uid, SeriesNumber=series_number, SeriesDescription=series_description)
    fill(dataset, SeriesDate=study.study_date, SeriesTime=study.study_time, InstanceNumber=1)
    fill(dataset, Manufacturer=PRODUCT, ManufacturerModelName=PRODUCT, DeviceSerialNumber="1")
    fill(dataset, SoftwareVersions=hepadose.__version__)
    return set_instance(dataset, sop_instance_uid)


def set_instance(dataset: Dataset, sop_instance_uid: str) -> Dataset:
    """Give a data set its SOP Instance UID, in the file meta information too."""
    dataset.SOPInstanceUID = UID(sop_instance_uid)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def fill_grid(dataset: Dataset, image: Image) -> Dataset:
    """Set rows, columns, pixel spacing, orientation and the position of the first slice from an image."""
    row_cosines, column_cosines = image.direction[:, 0], image.direction[:, 1]
    fill(dataset, Rows=image.shape[1], Columns=image.shape[2])
    fill(
        dataset, PixelSpacing=decimals((image.spacing_mm[1], image.spacing_mm[0]))
    )  # row spacing first, PS3.3 10.7.1.1
    fill(dataset, ImageOrientationPatient=decimals(np.round([*row_cosines, *column_cosines], 12)))
    return fill(dataset, ImagePositionPatient=decimals(np.round(image.origin_lps, 6)))


def save(dataset: Dataset, path: Path) -> Path:
    """Write a data set to a temporary name in the same folder, then rename it.

    Raises
    ------
    OutputError
        If the folder cannot be created or the file cannot be written; nothing half-written stays behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(temporary, enforce_file_format=True)
        os.replace(temporary, path)
    except OSError as problem:
        temporary.unlink(missing_ok=True) if path.parent.is_dir() else None
        raise OutputError(
            f"The file {path.name} cannot be written: {problem.strerror or problem}; "
            "choose a folder that exists, has free space and may be written to."
        ) from problem
    return path
