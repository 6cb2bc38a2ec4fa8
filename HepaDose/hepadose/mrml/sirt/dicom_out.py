"""Regions and numbers as DICOM objects in the study of the CT that the outlines were drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.batch.output import complete_folder
from hepadose.batch.sirt_dicom import write_objects
from hepadose.batch.sirt_regions import CaseRegions
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.outlined import Outlines
from hepadose.dicom.scan import scan_folder
from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.findings import Finding
from hepadose.images import Image
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.sirt.live import SirtAnswer
from hepadose.mrml.sirt.reader import placed_on
from hepadose.mrml.slicerrt import INSTANCE_UIDS
from hepadose.sirt.regions import treatment_regions

NO_DICOM = "The CT was not loaded from DICOM here, so there is no study to write into."


def why_no_export(choices: Any, folder: Path | None) -> str:
    """Why nothing can be exported, in words; empty where it can.

    Parameters
    ----------
    choices : parameter node
    folder : Path or None
        From which the case was loaded in this session.
    """
    if choices is None or choices.ctVolume is None:
        return "Choose the CT first."
    return "" if folder is not None or choices.ctVolume.GetAttribute(INSTANCE_UIDS) else NO_DICOM


def export_dicom(
    target: Path, choices: Any, answer: SirtAnswer, folder: Path | None, *, overwrite: bool = False
) -> tuple[Finding, ...]:
    """Write RT structure set, segmentation and report; the folder appears complete or not at all.

    Parameters
    ----------
    target : Path
        New, empty, or with an earlier export and ``overwrite``.
    choices : parameter node
    answer : SirtAnswer
    folder : Path or None
        From which the case was loaded in this session; otherwise the CT's files are asked of Slicer's DICOM database.
    overwrite : bool

    Returns
    -------
    tuple of Finding
        What could not be written, and why.

    Raises
    ------
    HepaDoseError
        If the CT's files are not found, or the outlines do not lie on their grid.
    """
    files = _files_in_database(choices.ctVolume) or _files_in_folder(choices.ctVolume, folder)
    ct = read_ct_series(files, subject="CT").image
    case = CaseRegions(
        answer.outlined,
        answer.result.origins,
        _box_in(ct, answer.outlined.liver),
        ct.shape,
        Outlines((), _drawn_already, (), ct=ct, ct_files=tuple(files)),
    )
    with complete_folder(target, overwrite=overwrite) as working:
        return write_objects(working, case, treatment_regions(answer.outlined), answer.result)


def _drawn_already(_place: int) -> tuple[Image, tuple[Finding, ...]]:
    raise MissingInputError("The outlines are in the scene, not in a file.")


def _files_in_database(volume: Any) -> list[Path]:
    """The CT's files as Slicer's DICOM database knows them; empty where it does not."""
    import slicer

    database, uids = getattr(slicer, "dicomDatabase", None), (volume.GetAttribute(INSTANCE_UIDS) or "").split()
    paths = [Path(database.fileForInstance(uid)) for uid in uids] if database is not None else []
    return paths if paths and all(path.is_file() for path in paths) else []


def _files_in_folder(volume: Any, folder: Path | None) -> list[Path]:
    """The files of the folder's CT series that has the volume's grid."""
    if folder is None:
        raise MissingInputError(NO_DICOM)
    shown = volume_node_to_image(volume, "CT")
    found: Sequence[Any] = scan_folder(folder).ct_series
    for series in found:
        if read_ct_series(series.paths, subject="CT").image.same_grid_as(shown):
            return list(series.paths)
    raise MissingInputError("The folder from which the CT was loaded does not hold it any more; load the case again.")


def _box_in(ct: Image, part: Image) -> tuple[slice, slice, slice]:
    """Where a cut grid lies in the CT."""
    if placed_on(part.with_array(np.ones(part.shape, bool)), ct) is None:
        raise GeometryMismatchError(
            "The outlines do not lie on the CT's own grid; draw them on the CT as it was loaded."
        )
    start = np.rint(ct.lps_to_ijk(np.array(part.origin_lps))).astype(int)[::-1]
    return tuple(slice(int(first), int(first) + size) for first, size in zip(start, part.shape, strict=True))
