"""What a folder of DICOM files holds: CT series, doses, structure sets and plans, from the headers alone."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.ct import kind_of_ct_image
from hepadose.dicom.files import date_of, looks_like_dicom, orientation, read_dataset, tolerant, uid_of
from hepadose.dicom.wording import counted, were
from hepadose.errors import HepaDoseError, MissingInputError, UnreadableFileError
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
    """

    ct_series: tuple[CtSeriesFiles, ...]
    dose_paths: tuple[Path, ...]
    structure_paths: tuple[Path, ...]
    plan_paths: tuple[Path, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _Header:
    path: Path
    dataset: Dataset


@tolerant
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
        raise MissingInputError(f"The DICOM folder {folder.name} does not exist; choose the folder with the export.")
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
        by_modality[str(header.dataset.get("Modality") or "unknown")].append(header)
    series, ignored = _ct_series(by_modality.pop("CT", []))
    rt = {name: tuple(h.path for h in by_modality.pop(name, [])) for name in ("RTDOSE", "RTSTRUCT", "RTPLAN")}
    ignored.update({modality: len(others) for modality, others in by_modality.items()})
    if ignored:
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(ignored.items()))
        findings.append(ok(SUBJECT, f"Objects that play no part here were ignored: {words}."))
    return DicomFolder(series, rt["RTDOSE"], rt["RTSTRUCT"], rt["RTPLAN"], tuple(findings))


def _headers(paths: list[Path], progress: Callable[[str, float], None] | None) -> tuple[list[_Header], list[Finding]]:
    headers, findings, foreign = [], [], 0
    for done, path in enumerate(paths):
        if progress and done % 50 == 0:
            progress("Reading DICOM headers", done / len(paths))
        try:
            headers.append(_Header(path, read_dataset(path, pixels=False)))
        except UnreadableFileError as problem:
            if looks_like_dicom(path):
                findings.append(warning(SUBJECT, str(problem)))
            else:
                foreign += 1
    if foreign:
        findings.append(ok(SUBJECT, f"{counted(foreign, 'file')} other than DICOM {were(foreign)} ignored."))
    return headers, findings


def _patient_findings(headers: list[_Header]) -> list[Finding]:
    patients = {str(header.dataset.get("PatientID") or "").strip() for header in headers} - {""}
    if len(patients) < 2:
        return []
    text = f"The files carry {len(patients)} different patient identifiers; give the files of one patient."
    return [error(SUBJECT, text)]


def _without_copies(headers: list[_Header]) -> tuple[list[_Header], int]:
    """Drop plans, doses and structure sets that occur twice; repeated CT slices are compared by their pixels later."""
    kept, seen = [], set()
    for header in headers:
        uid = uid_of(header.dataset, "SOPInstanceUID")
        is_rt = str(header.dataset.get("Modality") or "").startswith("RT")
        if not (is_rt and uid and uid in seen):
            kept.append(header)
        seen.add(uid)
    return kept, len(headers) - len(kept)


def _ct_series(headers: list[_Header]) -> tuple[tuple[CtSeriesFiles, ...], Counter[str]]:
    groups, ignored = defaultdict(list), Counter()
    for header in headers:
        kind = kind_of_ct_image(header.dataset)
        if kind == "slice":
            groups[uid_of(header.dataset, "SeriesInstanceUID")].append(header)
        else:
            ignored[f"CT {kind}"] += 1
    # Older first; within a day by time, then by size, so that the numbers are the same on every machine.
    ordered = sorted(groups.values(), key=lambda group: (_moment(group[0].dataset), -len(group), group[0].path.name))
    return tuple(_series_files(number, group) for number, group in enumerate(ordered, start=1)), ignored


def _moment(dataset: Dataset) -> tuple[datetime.date, str]:
    time = dataset.get("AcquisitionTime") or dataset.get("SeriesTime") or ""
    return date_of(dataset) or datetime.date.min, str(time)


def _series_files(number: int, group: list[_Header]) -> CtSeriesFiles:
    first = group[0].dataset
    pixel_mm = [float(value) for value in first.get("PixelSpacing") or (np.nan, np.nan)]
    return CtSeriesFiles(
        number=number,
        paths=tuple(header.path for header in group),
        series_uid=uid_of(first, "SeriesInstanceUID"),
        study_uid=uid_of(first, "StudyInstanceUID"),
        frame_of_reference_uid=uid_of(first, "FrameOfReferenceUID"),
        acquisition_date=date_of(first),
        spacing_mm=_slice_spacing([header.dataset for header in group]),
        columns=int(first.get("Columns") or 0),
        rows=int(first.get("Rows") or 0),
        pixel_mm=(pixel_mm[1], pixel_mm[0]),
    )


def _slice_spacing(datasets: list[Dataset]) -> float:
    """Median distance of neighboring slices along the first slice's normal, NaN where positions are unusable."""
    try:
        normal = orientation(datasets[0], SUBJECT)[:, 2]
        positions_mm = np.array([np.asarray(dataset.ImagePositionPatient, float) @ normal for dataset in datasets])
    except (HepaDoseError, AttributeError, ValueError, TypeError):
        return float("nan")
    gaps_mm = np.diff(np.unique(np.round(positions_mm, 2)))
    return float(np.median(gaps_mm)) if gaps_mm.size else float("nan")
