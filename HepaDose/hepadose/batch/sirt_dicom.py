"""Regions and numbers of a result as DICOM, into the study of their CT: RT structure set, segmentation and report.

Each object is written by itself: what cannot be written is told, and the others are there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    masks = {name: (kind, _whole(mask, case)) for name, kind, mask in _parts(regions) if mask.any()}
    origins = {name: _origin(case, name, kind) for name, (kind, _) in masks.items()}
    files = case.source.ct_files
    _attempt(notes, "RT structure set", lambda: _structures(target / "RS.dcm", masks, origins, files))
    segmentation = _attempt(notes, "Segmentation", lambda: _segments(target / "SEG.dcm", masks, origins, files))
    if segmentation is not None:
        _attempt(notes, "Report", lambda: _report(target / "SR.dcm", segmentation, masks, result, files))
    else:
        notes.append(warning(SUBJECT, "Report: not written, as it needs the segmentation."))
    return tuple(notes)


def _attempt(notes: list[Finding], what: str, work: Callable[[], Dataset | None]) -> Dataset | None:
    """The work's value; None where it was refused, which is noted."""
    try:
        return work()
    except HepaDoseError as problem:
        notes.append(warning(SUBJECT, f"{what}: not written. {problem}"))
        return None


def _parts(regions: TreatmentRegions) -> list[tuple[str, str, np.ndarray]]:
    """Name, kind and mask; a territory that is the whole liver is not written twice."""
    parts = [("Liver", "liver", regions.liver)]
    if not np.array_equal(regions.territory, regions.liver):
        parts.append(("Territory", "territory", regions.territory))
    parts += [(name[:LONGEST_NAME], "tumor", mask) for name, mask in regions.tumors.items()]
    if regions.lungs is not None:
        parts.append(("Lungs", "lungs", regions.lungs))
    return parts


def _whole(mask: np.ndarray, case: CaseRegions) -> Image:
    """A cut mask on the whole grid of the CT."""
    whole = np.zeros(case.shape, bool)
    whole[case.box] = mask
    return case.source.ct.with_array(whole)


def _origin(case: CaseRegions, name: str, kind: str) -> SegmentationOrigin:
    key = name if kind == "tumor" else kind
    return case.origins.get(key) or case.origins["liver"]


def _structures(
    path: Path,
    masks: dict[str, tuple[str, Image]],
    origins: dict[str, SegmentationOrigin],
    files: Sequence[Path],
) -> None:
    structures = {
        name: StructureMask(mask, TYPES[kind], COLORS[kind], algorithm_type(origins[name]), KINDS[kind][1])
        for name, (kind, mask) in masks.items()
    }
    export_rtstruct(path, structures, files, StructureSetSettings(label=LABEL, series_number=102))


def _segments(
    path: Path,
    masks: dict[str, tuple[str, Image]],
    origins: dict[str, SegmentationOrigin],
    files: Sequence[Path],
) -> Dataset:
    segments = {name: SegmentMask(mask, kind, origins[name], COLORS[kind]) for name, (kind, mask) in masks.items()}
    return write_seg(path, segments, files, description=LABEL)


def _report(
    path: Path,
    segmentation: Dataset,
    masks: dict[str, tuple[str, Image]],
    result: SirtResult,
    files: Sequence[Path],
) -> Dataset:
    """Volume of every region, and mean dose and T/N where there is an image of activity."""
    doses = {row.name if row.kind == "tumor" else row.kind: row for row in result.doses}
    measured: dict[str, list[SegmentMeasurement]] = {}
    for name, (kind, mask) in masks.items():
        values = [SegmentMeasurement(VOLUME, mask.volume_ml(), CUBIC_CENTIMETER)]
        row = doses.get(name if kind == "tumor" else kind)
        if row is not None:
            values.append(SegmentMeasurement(ABSORBED_DOSE, row.mean_gy, GRAY, MEAN))
            if row.uptake_ratio is not None:
                values.append(SegmentMeasurement(UPTAKE_RATIO, row.uptake_ratio, NO_UNIT))
        measured[name] = values
    kinds = {name: kind for name, (kind, _) in masks.items()}
    sources, _ = sorted_sources(files)
    return write_measurements(path, segmentation, kinds, measured, sources, description=f"{LABEL} measurements")
