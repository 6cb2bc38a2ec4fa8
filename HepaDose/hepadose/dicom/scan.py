"""What a folder of DICOM files holds: CT series, doses, structure sets and plans, from the headers alone."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.ct_slice import kind_of_ct_image
from hepadose.dicom.files import date_of, looks_like_dicom, orientation, read_dataset, refusing_damage, uid_of
from hepadose.dicom.series_key import SeriesKey, series_key
from hepadose.dicom.wording import counted, were
from hepadose.errors import MissingInputError, MissingTagError, UnreadableFileError
from hepadose.findings import Finding, error, ok, warning

SUBJECT = "Folder"


@dataclass(frozen=True, eq=False)
class CtSeriesFiles:
    """The files of one CT series, not read yet.

    Parameters
    ----------
    number : int
        By which the user chooses it, from 1: older series first.
    paths : tuple of Path
        Its slices.
    series_uid, study_uid, frame_of_reference_uid : str
        Empty where the files have none.
    acquisition_date : datetime.date or None
        Never to be shown.
    spacing_mm : float
        Median distance of neighboring slices; NaN for one slice.
    columns, rows : int
    pixel_mm : tuple of 2 float
        Pixel spacing along i and j.
    """

    number: int
    paths: tuple[Path, ...]
    series_uid: str
    study_uid: str
    frame_of_reference_uid: str
    acquisition_date: datetime.date | None
    spacing_mm: float
    columns: int
    rows: int
    pixel_mm: tuple[float, float]

    def describe(self) -> str:
        """The series in words, without anything a person typed: "series 2: 84 slices of 2.5 mm, 512 × 512 pixels …"."""
        spacing = "unknown thickness" if np.isnan(self.spacing_mm) else f"{self.spacing_mm:.3g} mm"
        pixel = f"{self.pixel_mm[0]:.3g} × {self.pixel_mm[1]:.3g} mm"
        size = f"{self.columns} × {self.rows} pixels of {pixel}"
        return f"series {self.number}: {counted(len(self.paths), 'slice')} of {spacing}, {size}"


@dataclass(frozen=True, eq=False)
class DicomFolder:
    """The DICOM objects of a folder.

    Parameters
    ----------
    ct_series : tuple of CtSeriesFiles
        Older series first.
    dose_paths, structure_paths, plan_paths : tuple of Path
        One file each per object; copies of the same object are dropped.
    findings : tuple of Finding
        What was found, ignored or unreadable.
    segmentation_paths : tuple of Path
        One file each; no part of a case for the focal-liver-reaction analysis.
    """

    ct_series: tuple[CtSeriesFiles, ...]
    dose_paths: tuple[Path, ...]
    structure_paths: tuple[Path, ...]
    plan_paths: tuple[Path, ...]
    findings: tuple[Finding, ...]
    segmentation_paths: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class _Header:
    """What sorting the files of a folder needs of one file."""

    path: Path
    modality: str
    kind: str
    patient: str
    sop_uid: str
    series_uid: str
    series_key: SeriesKey
    study_uid: str
    frame_uid: str
    date: datetime.date | None
    time: str
    size: tuple[int, int]
    pixel_mm: tuple[float, float]
    origin_lps: np.ndarray
    normal: np.ndarray


def scan_folder(folder: Path, progress: Callable[[str, float], None] | None = None) -> DicomFolder:
    """Sort the files of a folder and its subfolders by what they are.

    Parameters
    ----------
    folder : Path
        As a hospital exports it: any file names, any depth, other files among them.
    progress : callable, optional
        Called with a text and a fraction 0–1.

    Returns
    -------
    DicomFolder

    Raises
    ------
    MissingInputError
        If the folder does not exist or holds no DICOM file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingInputError(f'The folder "{folder.name}" does not exist; choose the folder with the export.')
    headers, findings = _headers(sorted(path for path in folder.rglob("*") if path.is_file()), progress)
    if not headers:
        raise MissingInputError(
            f"The folder {folder.name} holds no readable DICOM file; choose the folder with the export."
        )
    findings += _patient_findings(headers)
    headers, copies = _without_copies(headers)
    if copies:
        findings.append(
            warning(SUBJECT, f"{counted(copies, 'copy', 'copies')} of the same object {were(copies)} ignored.")
        )
    by_modality: dict[str, list[_Header]] = defaultdict(list)
    for header in headers:
        by_modality[header.modality].append(header)
    findings += _nameless_findings(by_modality["CT"])
    series, ignored = _ct_series(by_modality.pop("CT", []))
    rt = {name: tuple(h.path for h in by_modality.pop(name, [])) for name in ("RTDOSE", "RTSTRUCT", "RTPLAN")}
    segmentations = tuple(header.path for header in by_modality.get("SEG", []))
    ignored.update({modality: len(others) for modality, others in by_modality.items()})
    if ignored:
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(ignored.items()))
        findings.append(ok(SUBJECT, f"Objects that play no part here were ignored: {words}."))
    return DicomFolder(series, rt["RTDOSE"], rt["RTSTRUCT"], rt["RTPLAN"], tuple(findings), segmentations)


def _headers(paths: list[Path], progress: Callable[[str, float], None] | None) -> tuple[list[_Header], list[Finding]]:
    headers, findings, foreign = [], [], 0
    for done, path in enumerate(paths):
        if progress and done % 50 == 0:
            progress("Reading DICOM headers", done / len(paths))
        try:
            headers.append(_read_header(path))
        except UnreadableFileError as problem:
            if looks_like_dicom(path):
                findings.append(warning(SUBJECT, str(problem)))
            else:
                foreign += 1
    if foreign:
        findings.append(ok(SUBJECT, f"{counted(foreign, 'file')} other than DICOM {were(foreign)} ignored."))
    return headers, findings


@refusing_damage
def _read_header(path: Path) -> _Header:
    dataset = read_dataset(path, pixels=False)
    pixel_mm = [float(value) for value in dataset.get("PixelSpacing") or (np.nan, np.nan)]
    if dataset.get("Modality") == "CT" and not dataset.get("Rows"):
        raise UnreadableFileError(f"The file {path.name} is cut off within its header; export it again.")
    return _Header(
        path=path,
        modality=_modality(dataset),
        kind=kind_of_ct_image(dataset),
        patient=str(dataset.get("PatientID") or "").strip(),
        sop_uid=uid_of(dataset, "SOPInstanceUID"),
        series_uid=uid_of(dataset, "SeriesInstanceUID"),
        series_key=series_key(dataset),
        study_uid=uid_of(dataset, "StudyInstanceUID"),
        frame_uid=uid_of(dataset, "FrameOfReferenceUID"),
        date=date_of(dataset),
        time=str(dataset.get("AcquisitionTime") or dataset.get("SeriesTime") or ""),
        size=(int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0)),
        pixel_mm=(pixel_mm[1], pixel_mm[0]),
        origin_lps=np.array(dataset.get("ImagePositionPatient") or [np.nan] * 3, dtype=float),
        normal=_normal(dataset),
    )


def _normal(dataset: Dataset) -> np.ndarray:
    try:
        return orientation(dataset, SUBJECT)[:, 2]
    except MissingTagError:
        return np.full(3, np.nan)


def _modality(dataset: Dataset) -> str:
    if "DirectoryRecordSequence" in dataset:
        return "DICOMDIR"
    return str(dataset.get("Modality") or "object of unknown kind")


def _patient_findings(headers: list[_Header]) -> list[Finding]:
    patients = {header.patient for header in headers} - {""}
    if len(patients) < 2:
        return []
    text = f"The files carry {len(patients)} different patient identifiers; give the files of one patient."
    return [error(SUBJECT, text)]


def _without_copies(headers: list[_Header]) -> tuple[list[_Header], int]:
    """Drop plans, doses and structure sets that occur twice; repeated CT slices are compared by their pixels later."""
    kept, seen = [], set()
    for header in headers:
        if not (header.modality.startswith("RT") and header.sop_uid and header.sop_uid in seen):
            kept.append(header)
        seen.add(header.sop_uid)
    return kept, len(headers) - len(kept)


def _nameless_findings(headers: list[_Header]) -> list[Finding]:
    nameless = [header for header in headers if header.kind == "slice" and not header.series_uid]
    if not nameless:
        return []
    groups = len({header.series_key for header in nameless})
    name = "names" if len(nameless) == 1 else "name"
    return [
        warning(
            SUBJECT,
            f"{counted(len(nameless), 'CT slice')} {name} no series (Series Instance UID is blank); by study, frame of "
            f"reference and geometry they form {groups} series.",
        )
    ]


def _ct_series(headers: list[_Header]) -> tuple[tuple[CtSeriesFiles, ...], Counter[str]]:
    groups, ignored = defaultdict(list), Counter()
    for header in headers:
        if header.kind == "slice":
            groups[header.series_key].append(header)
        else:
            ignored[f"CT {header.kind}"] += 1
    # Older first; within a day by time, then by size, so that the numbers are the same on every machine.
    ordered = sorted(groups.values(), key=lambda group: (*_moment(group[0]), -len(group), group[0].path.name))
    return tuple(_series_files(number, group) for number, group in enumerate(ordered, start=1)), ignored


def _moment(header: _Header) -> tuple[datetime.date, str]:
    return header.date or datetime.date.min, header.time


def _series_files(number: int, group: list[_Header]) -> CtSeriesFiles:
    first = group[0]
    return CtSeriesFiles(
        number=number,
        paths=tuple(header.path for header in group),
        series_uid=first.series_uid,
        study_uid=first.study_uid,
        frame_of_reference_uid=first.frame_uid,
        acquisition_date=first.date,
        spacing_mm=_slice_spacing(group),
        columns=first.size[0],
        rows=first.size[1],
        pixel_mm=first.pixel_mm,
    )


def _slice_spacing(group: list[_Header]) -> float:
    """Median distance of neighboring slices along the first slice's normal, NaN where positions are unusable."""
    positions_mm = np.array([header.origin_lps @ group[0].normal for header in group])
    gaps_mm = np.diff(np.unique(np.round(positions_mm[np.isfinite(positions_mm)], 2)))
    return float(np.median(gaps_mm)) if gaps_mm.size else float("nan")
