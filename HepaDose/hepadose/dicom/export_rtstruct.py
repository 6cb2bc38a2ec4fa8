"""Export structures drawn on a CT that lies in files: written, read back and compared before anybody relies on them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import generate_uid

from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import read_rtstruct
from hepadose.dicom.study import CtReference, DicomStudy
from hepadose.dicom.write_rtstruct import StructureMask, StructureSetSettings, write_rtstruct
from hepadose.dicom.write_seg import sorted_sources
from hepadose.errors import OutputError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

VOLUME_TOLERANCE = 0.005


@dataclass(frozen=True)
class ExportedStructure:
    """One structure as it was read back.

    Parameters
    ----------
    name : str
    drawn_ml, written_ml : float
    slices : int
        With contours.
    """

    name: str
    drawn_ml: float
    written_ml: float
    slices: int


def export_rtstruct(
    path: Path,
    masks: dict[str, StructureMask],
    ct_files: Sequence[Path],
    settings: StructureSetSettings | None = None,
) -> tuple[ExportedStructure, ...]:
    """Write structures into the study of their CT, read the file back and compare every structure.

    Parameters
    ----------
    path : Path
        The file to write.
    masks : dict of str to StructureMask
        By name, on the grid of the CT series.
    ct_files : sequence of Path
        The files of the CT series.
    settings : StructureSetSettings, optional
        The structure set is distinct from earlier ones whether or not it says so.

    Returns
    -------
    tuple of ExportedStructure

    Raises
    ------
    GeometryMismatchError
        If a mask is not on the grid of the CT.
    OutputError
        If the file cannot be written, or does not hold what was drawn: it is removed then.
    """
    ct = reference_of(ct_files)
    settings = settings or StructureSetSettings()
    if not settings.distinct:
        settings = replace(settings, distinct=str(generate_uid()))
    write_rtstruct(path, masks, ct, settings=settings)
    try:
        return compare_with_file(path, masks)
    except OutputError:
        path.unlink(missing_ok=True)
        raise


def compare_with_file(path: Path, masks: dict[str, StructureMask]) -> tuple[ExportedStructure, ...]:
    """Read a structure set and compare it with what was drawn: names, slices and volumes.

    Parameters
    ----------
    path : Path
    masks : dict of str to StructureMask

    Returns
    -------
    tuple of ExportedStructure

    Raises
    ------
    OutputError
        If a structure is missing, lies in other slices or differs by more than 0.5 % in volume.
    """
    structures = {structure.name: structure for structure in read_rtstruct(path).structures}
    found = []
    for name, drawn in masks.items():
        if name not in structures:
            raise OutputError(f'The structure "{name}" is not in the written file; export again under another name.')
        mask = np.asarray(drawn.mask.array)
        mask = mask if mask.dtype == bool else mask >= 0.5
        read = rasterize(structures[name], drawn.mask).mask
        volumes_ml = tuple(np.count_nonzero(each) * drawn.mask.voxel_volume_ml for each in (mask, read.array))
        same_slices = np.array_equal(mask.any(axis=(1, 2)), read.array.any(axis=(1, 2)))
        if not same_slices or abs(volumes_ml[1] - volumes_ml[0]) > VOLUME_TOLERANCE * volumes_ml[0]:
            raise OutputError(
                f'The structure "{name}" reads back as {volumes_ml[1]:.2f} ml, drawn were {volumes_ml[0]:.2f} ml; '
                "nothing was exported."
            )
        found.append(ExportedStructure(name, *volumes_ml, int(mask.any(axis=(1, 2)).sum())))
    return tuple(found)


def reference_of(ct_files: Sequence[Path]) -> CtReference:
    """A CT series in files as structure sets refer to it: its study, patient and slices.

    Parameters
    ----------
    ct_files : sequence of Path

    Returns
    -------
    CtReference
    """
    sources, grid = sorted_sources(ct_files)
    first = sources[0]
    study = DicomStudy(
        str(first.get("PatientID", "")),
        str(first.get("PatientName", "")),
        study_uid=str(first.StudyInstanceUID),
        frame_of_reference_uid=str(first.FrameOfReferenceUID),
        study_date=_date(first),
        study_time=_time(first),
        study_description=str(first.get("StudyDescription", "")),
        study_id=str(first.get("StudyID", "")),
        patient_sex=str(first.get("PatientSex", "") or ""),
    )
    return CtReference(
        str(first.SeriesInstanceUID), tuple(str(source.SOPInstanceUID) for source in sources), grid, study
    )


def _date(dataset: Dataset) -> datetime.date:
    text = str(dataset.get("StudyDate", "") or "")
    try:
        return datetime.datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return datetime.date(1900, 1, 1)


def _time(dataset: Dataset) -> datetime.time:
    text = str(dataset.get("StudyTime", "") or "")[:6]
    try:
        return datetime.datetime.strptime(text, "%H%M%S").time()
    except ValueError:
        return datetime.time()
