"""Regions and numbers of a result as DICOM, into the study of their CT: RT structure set, segmentation and report.

Each object is written by itself: what cannot be written is told, and the others are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.batch.sirt_regions import CaseRegions
from hepadose.dicom.concepts import ABSORBED_DOSE, CUBIC_CENTIMETER, GRAY, MEAN, NO_UNIT, UPTAKE_RATIO, VOLUME
from hepadose.dicom.export_rtstruct import export_rtstruct
from hepadose.dicom.write_rtstruct import StructureMask, StructureSetSettings
from hepadose.dicom.write_seg import KINDS, SegmentMask, algorithm_type, sorted_sources, write_seg
from hepadose.dicom.write_sr import SegmentMeasurement, write_measurements
from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, warning
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin
from hepadose.sirt.analysis import SirtResult
from hepadose.sirt.regions import TreatmentRegions

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FOLDER = "dicom"
SUBJECT = "DICOM"
LABEL = "HepaDose SIRT"
COLORS = {"liver": (170, 110, 70), "territory": (80, 160, 220), "lungs": (150, 200, 220), "tumor": (220, 60, 50)}
TYPES = {"liver": "ORGAN", "territory": "ORGAN", "lungs": "ORGAN", "tumor": "GTV"}
NO_CT = "The CT did not come as DICOM, so there is no study to write into; give its folder (--ct)."
LONGEST_NAME = 64


def write_objects(
    target: Path, case: CaseRegions, regions: TreatmentRegions, result: SirtResult
) -> tuple[Finding, ...]:
    """Write the regions after the rules, and their volumes and doses, into the study of the CT.

    Parameters
    ----------
    target : Path
        Gets RS.dcm, SEG.dcm and SR.dcm; created where absent.
    case : CaseRegions
        Outlines with their CT's files and where each came from.
    regions : TreatmentRegions
    result : SirtResult

    Returns
    -------
    tuple of Finding
        What could not be written, and why.
    """
    if not case.source.ct_files:
        return (warning(SUBJECT, f"Nothing was written: {NO_CT}"),)
    notes: list[Finding] = []
    parts = _parts(case, regions)
    files = case.source.ct_files
    _attempt(notes, "RT structure set", lambda: _structures(target / "RS.dcm", parts, files))
    segmentation = _attempt(notes, "Segmentation", lambda: _segments(target / "SEG.dcm", parts, files))
    if segmentation is not None:
        _attempt(notes, "Report", lambda: _report(target / "SR.dcm", segmentation, parts, result, files))
    else:
        notes.append(warning(SUBJECT, "Report: not written, as it needs the segmentation."))
    return tuple(notes)


@dataclass(frozen=True, eq=False)
class _Part:
    """A region: what it is called in the result, what it is, and where it came from."""

    name: str
    kind: str
    mask: Image
    origin: SegmentationOrigin


def _attempt(notes: list[Finding], what: str, work: Callable[[], Dataset | None]) -> Dataset | None:
    """The work's value; None where it was refused, which is noted."""
    try:
        return work()
    except HepaDoseError as problem:
        notes.append(warning(SUBJECT, f"{what}: not written. {problem}"))
        return None


def _parts(case: CaseRegions, regions: TreatmentRegions) -> dict[str, _Part]:
    """The regions with a voxel by their label; a territory that is the whole liver is not written twice."""
    found = [("Liver", "liver", regions.liver)]
    if not np.array_equal(regions.territory, regions.liver):
        found.append(("Territory", "territory", regions.territory))
    found += [(name, "tumor", mask) for name, mask in regions.tumors.items()]
    if regions.lungs is not None:
        found.append(("Lungs", "lungs", regions.lungs))
    parts: dict[str, _Part] = {}
    for name, kind, mask in found:
        if mask.any():
            origin = case.origins.get(name if kind == "tumor" else kind) or case.origins["liver"]
            parts[label_among(parts, name)] = _Part(name, kind, _whole(mask, case), origin)
    return parts


def label_among(taken: Iterable[str], name: str) -> str:
    """A name as DICOM allows it (64 signs, no backslash, PS3.5 6.2), other than those that are taken.

    Examples
    --------
    >>> label_among([], "Segment 4\\\\8"), label_among(["Tumor"], "Tumor"), len(label_among(["x" * 64], "x" * 80))
    ('Segment 4/8', 'Tumor (2)', 64)
    """
    label = name.replace("\\", "/")[:LONGEST_NAME]
    number = 2
    while label in taken:
        ending = f" ({number})"
        label = name.replace("\\", "/")[: LONGEST_NAME - len(ending)] + ending
        number += 1
    return label


def _whole(mask: np.ndarray, case: CaseRegions) -> Image:
    """A cut mask on the whole grid of the CT."""
    whole = np.zeros(case.shape, bool)
    whole[case.box] = mask
    return case.source.ct.with_array(whole)


def _structures(path: Path, parts: dict[str, _Part], files: Sequence[Path]) -> None:
    structures = {
        label: StructureMask(
            part.mask, TYPES[part.kind], COLORS[part.kind], algorithm_type(part.origin), KINDS[part.kind][1]
        )
        for label, part in parts.items()
    }
    export_rtstruct(path, structures, files, StructureSetSettings(label=LABEL, series_number=102))


def _segments(path: Path, parts: dict[str, _Part], files: Sequence[Path]) -> Dataset:
    segments = {
        label: SegmentMask(part.mask, part.kind, part.origin, COLORS[part.kind]) for label, part in parts.items()
    }
    return write_seg(path, segments, files, description=LABEL)


def _report(
    path: Path, segmentation: Dataset, parts: dict[str, _Part], result: SirtResult, files: Sequence[Path]
) -> Dataset:
    """Volume of every region, and mean dose and T/N where there is an image of activity."""
    doses = {row.name if row.kind == "tumor" else row.kind: row for row in result.doses}
    measured: dict[str, list[SegmentMeasurement]] = {}
    for label, part in parts.items():
        values = [SegmentMeasurement(VOLUME, part.mask.volume_ml(), CUBIC_CENTIMETER)]
        row = doses.get(part.name if part.kind == "tumor" else part.kind)
        if row is not None:
            values.append(SegmentMeasurement(ABSORBED_DOSE, row.mean_gy, GRAY, MEAN))
            if row.uptake_ratio is not None:
                values.append(SegmentMeasurement(UPTAKE_RATIO, row.uptake_ratio, NO_UNIT))
        measured[label] = values
    kinds = {label: part.kind for label, part in parts.items()}
    sources, _ = sorted_sources(files)
    return write_measurements(path, segmentation, kinds, measured, sources, description=f"{LABEL} measurements")
