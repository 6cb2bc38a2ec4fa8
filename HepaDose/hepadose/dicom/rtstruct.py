"""Read an RT structure set: every structure's contours as points in LPS mm, nothing filled yet.

Filling is :mod:`hepadose.dicom.rasterize`'s part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.files import maker_of, read_dataset, refusing_damage, uid_of
from hepadose.dicom.wording import counted
from hepadose.errors import MissingTagError, UnreadableFileError
from hepadose.findings import Finding, warning

SUBJECT = "Structures"
DEFAULT_COLOR = (255, 255, 0)


class GeometricType(StrEnum):
    """Contour Geometric Type (3006,0042)."""

    POINT = "POINT"
    OPEN_PLANAR = "OPEN_PLANAR"
    OPEN_NONPLANAR = "OPEN_NONPLANAR"
    CLOSED_PLANAR = "CLOSED_PLANAR"
    CLOSEDPLANAR_XOR = "CLOSEDPLANAR_XOR"

    @property
    def encloses(self) -> bool:
        """Whether a contour of this type has an inside."""
        return self in (GeometricType.CLOSED_PLANAR, GeometricType.CLOSEDPLANAR_XOR)


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour.

    Parameters
    ----------
    points_lps : numpy.ndarray, shape (n, 3)
        In mm; the first point of a closed contour is not repeated.
    geometric_type : GeometricType
    """

    points_lps: np.ndarray
    geometric_type: GeometricType = GeometricType.CLOSED_PLANAR


@dataclass(frozen=True, eq=False)
class Structure:
    """One structure (ROI).

    Parameters
    ----------
    number : int
        ROI Number.
    name : str
        ROI Name as typed by a person.
    interpreted_type : str
        RT ROI Interpreted Type: "ORGAN", "GTV", "EXTERNAL" …; empty where not stated.
    color : tuple of 3 int
        Display color, 0–255.
    contours : tuple of Contour
        Of all types, in file order; empty where nothing was drawn.
    generation_algorithm : str
        "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL" or empty.
    frame_of_reference_uid : str
        Of the images it was drawn on; empty where not stated.
    """

    number: int
    name: str
    interpreted_type: str
    color: tuple[int, int, int]
    contours: tuple[Contour, ...]
    generation_algorithm: str = ""
    frame_of_reference_uid: str = ""

    @property
    def closed_contours(self) -> tuple[Contour, ...]:
        """The contours that have an inside."""
        return tuple(contour for contour in self.contours if contour.geometric_type.encloses)

    @property
    def is_empty(self) -> bool:
        """Whether it has no contour with an inside."""
        return not self.closed_contours


@dataclass(frozen=True, eq=False)
class RtStruct:
    """One structure set.

    Parameters
    ----------
    structures : tuple of Structure
        By ROI number.
    frame_of_reference_uid : str
        Shared by its structures; empty where not stated or several.
    referenced_series_uids : tuple of str
        The image series it was drawn on.
    manufacturer : str
    findings : tuple of Finding
    sop_instance_uid : str
    """

    structures: tuple[Structure, ...]
    frame_of_reference_uid: str
    referenced_series_uids: tuple[str, ...]
    manufacturer: str
    findings: tuple[Finding, ...]
    sop_instance_uid: str = ""

    def __iter__(self) -> Iterator[Structure]:
        """Its structures."""
        return iter(self.structures)


@refusing_damage
def read_rtstruct(path: Path) -> RtStruct:
    """Read one RT Structure Set file.

    Parameters
    ----------
    path : Path
        With or without Part-10 header.

    Returns
    -------
    RtStruct
        Structures without contours are kept, empty. Contours that cannot be used are dropped and counted.

    Raises
    ------
    UnreadableFileError
        If the file is no structure set.
    MissingTagError
        If it defines no structure.

    References
    ----------
    DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour), C.8.8.8 (RT ROI Observations).
    """
    dataset = read_dataset(path, pixels=False)
    if dataset.get("Modality") != "RTSTRUCT":
        raise UnreadableFileError(
            f"The file {Path(path).name} is no RT Structure Set, its modality is {dataset.get('Modality')}."
        )
    problems: Counter[str] = Counter()
    structures = _structures(dataset, problems)
    if not structures:
        raise MissingTagError("The structure set defines no structure (StructureSetROISequence (3006,0020) is empty).")
    return RtStruct(
        structures=structures,
        frame_of_reference_uid=_frame_of_reference(dataset, structures),
        referenced_series_uids=_referenced_series(dataset),
        manufacturer=maker_of(dataset),
        findings=(*_problem_findings(problems), *_name_findings(structures)),
        sop_instance_uid=uid_of(dataset, "SOPInstanceUID"),
    )


def _structures(dataset: Dataset, problems: Counter[str]) -> tuple[Structure, ...]:
    contours = {int(item.ReferencedROINumber): item for item in dataset.get("ROIContourSequence") or []}
    observations = {
        int(item.ReferencedROINumber): item
        for item in dataset.get("RTROIObservationsSequence") or []
        if item.get("ReferencedROINumber") is not None
    }
    structures = []
    for roi in dataset.get("StructureSetROISequence") or []:
        number = int(roi.ROINumber)
        structures.append(
            _structure(roi, contours.pop(number, Dataset()), observations.get(number, Dataset()), problems)
        )
    problems["contour sets without a structure, ignored"] += len(contours)
    return tuple(sorted(structures, key=lambda structure: structure.number))


def _structure(roi: Dataset, contours: Dataset, observation: Dataset, problems: Counter[str]) -> Structure:
    number = int(roi.ROINumber)
    color = tuple(int(value) for value in contours.get("ROIDisplayColor") or DEFAULT_COLOR)
    read = [_contour(item, problems) for item in contours.get("ContourSequence") or []]
    return Structure(
        number=number,
        name=str(roi.get("ROIName") or "").strip() or f"ROI {number}",
        interpreted_type=str(observation.get("RTROIInterpretedType") or "").upper(),
        color=color if len(color) == 3 else DEFAULT_COLOR,
        contours=tuple(contour for contour in read if contour is not None),
        generation_algorithm=str(roi.get("ROIGenerationAlgorithm") or "").upper(),
        frame_of_reference_uid=uid_of(roi, "ReferencedFrameOfReferenceUID"),
    )


def _contour(item: Dataset, problems: Counter[str]) -> Contour | None:
    """One contour, or None where its points cannot be used."""
    try:
        values = _contour_data(item)
    except ValueError:
        problems["contours with unreadable coordinates, ignored"] += 1
        return None
    if not values.size or values.size % 3 or not np.isfinite(values).all():
        problems["contours with incomplete coordinates, ignored"] += 1
        return None
    points_lps = values.reshape(-1, 3)
    kind = _geometric_type(item, points_lps, problems)
    if not kind.encloses:
        return Contour(points_lps, kind)
    if len(points_lps) > 1 and np.array_equal(points_lps[0], points_lps[-1]):
        points_lps = points_lps[:-1]  # PS3.3 C.8.8.6.3 forbids the repetition; many systems write it
    if len(points_lps) < 3:
        problems["closed contours with fewer than 3 points, ignored"] += 1
        return None
    return Contour(points_lps, kind)


def _contour_data(item: Dataset) -> np.ndarray:
    """Contour Data as floats, straight from the bytes: turning each coordinate into a DS object costs seconds."""
    element = item.get_item("ContourData") if "ContourData" in item else None
    if element is None or element.value is None:
        return np.empty(0)
    if isinstance(element.value, bytes):
        return np.array(element.value.decode("ascii").strip("\0 ").split("\\"), dtype=float)
    return np.atleast_1d(np.asarray(element.value, dtype=float))


def _geometric_type(item: Dataset, points_lps: np.ndarray, problems: Counter[str]) -> GeometricType:
    value = str(item.get("ContourGeometricType") or "").upper()
    if value in GeometricType.__members__:
        return GeometricType(value)
    problems["contours without a known geometric type; taken as closed where they have 3 points or more"] += 1
    return GeometricType.CLOSED_PLANAR if len(points_lps) >= 3 else GeometricType.POINT


def _frame_of_reference(dataset: Dataset, structures: tuple[Structure, ...]) -> str:
    items = dataset.get("ReferencedFrameOfReferenceSequence") or []
    stated = {uid_of(item, "FrameOfReferenceUID") for item in items} | {s.frame_of_reference_uid for s in structures}
    stated = stated - {""} or {uid_of(dataset, "FrameOfReferenceUID")}
    return stated.pop() if len(stated) == 1 else ""


def _referenced_series(dataset: Dataset) -> tuple[str, ...]:
    uids = [
        uid_of(series, "SeriesInstanceUID")
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for series in study.get("RTReferencedSeriesSequence") or []
    ]
    return tuple(dict.fromkeys(uid for uid in uids if uid))


def _problem_findings(problems: Counter[str]) -> list[Finding]:
    return [warning(SUBJECT, f"{what[0].upper() + what[1:]}: {count}.") for what, count in problems.items() if count]


def _name_findings(structures: tuple[Structure, ...]) -> list[Finding]:
    names = Counter(structure.name.casefold() for structure in structures)
    repeated = sum(count > 1 for count in names.values())
    return [warning(SUBJECT, f"{counted(repeated, 'structure name')} used more than once.")] if repeated else []
