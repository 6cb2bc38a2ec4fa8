"""Read a DICOM segmentation: every segment as a mask on the grid its own frames stand on.

Binary, fractional and label-map segmentations; frames without a voxel may be left out of the file. Knows nothing of
the images it was drawn on beyond their identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage

from hepadose.dicom.files import maker_of, orientation, read_dataset, refusing_damage, required, uid_of, vector
from hepadose.dicom.seg_frames import Frame, FrameGrid, frame_grid, functional_group
from hepadose.errors import UnreadableFileError
from hepadose.findings import Finding, warning
from hepadose.images import Image

SUBJECT = "Segmentation"
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
HALF = 0.5
"""A voxel of a fractional segment belongs to it from this part of the largest value on."""


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment.

    Parameters
    ----------
    number : int
    name : str
        Segment Label as typed by a person or program.
    mask : Image
        Boolean, on the grid that all segments of the file share.
    generation : str
        Segment Algorithm Type: "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL" or empty.
    algorithm : str
        Segment Algorithm Name; empty where not stated.
    """

    number: int
    name: str
    mask: Image
    generation: str = ""
    algorithm: str = ""


@dataclass(frozen=True, eq=False)
class DicomSegmentation:
    """One segmentation.

    Parameters
    ----------
    segments : tuple of Segment
        By number.
    frame_of_reference_uid : str
        Empty where not stated.
    referenced_series_uids : tuple of str
        The image series it was drawn on.
    manufacturer : str
    findings : tuple of Finding
    """

    segments: tuple[Segment, ...]
    frame_of_reference_uid: str
    referenced_series_uids: tuple[str, ...]
    manufacturer: str
    findings: tuple[Finding, ...] = ()


@refusing_damage
def read_segmentation(path: Path) -> DicomSegmentation:
    """Read one DICOM segmentation.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DicomSegmentation
        A segment without frames is kept, empty.

    Raises
    ------
    UnreadableFileError
        If the file is no segmentation, or its pixels do not fit its frames.
    MissingTagError
        If a frame does not say where it lies or which segment it shows.
    GeometryMismatchError
        If the frames do not stand on one regular grid.

    References
    ----------
    DICOM PS3.3 A.51 (Segmentation IOD), C.8.20 (Segmentation modules).
    """
    path = Path(path)
    dataset = read_dataset(path)
    if uid_of(dataset, "SOPClassUID") not in (SegmentationStorage, LABEL_MAP_STORAGE):
        raise UnreadableFileError(
            f"The file {path.name} is no DICOM segmentation, its modality is {dataset.get('Modality')}."
        )
    described = required(dataset, "SegmentSequence", f"The segmentation {path.name}")
    planes = _planes(dataset, path)
    grid = frame_grid(_frames(dataset, path))
    values, findings = _on_grid(dataset, planes, grid)
    return DicomSegmentation(
        tuple(_segment(item, values, grid.image) for item in described),
        uid_of(dataset, "FrameOfReferenceUID"),
        _referenced_series(dataset),
        maker_of(dataset),
        findings,
    )


def _planes(dataset: Dataset, path: Path) -> np.ndarray:
    """The stored frames, shape (frames, rows, columns)."""
    try:
        stored = dataset.pixel_array
    except (ValueError, RuntimeError, AttributeError, NotImplementedError, OSError, EOFError) as problem:
        raise UnreadableFileError(
            f"The pixels of the segmentation {path.name} cannot be read; it is cut off, damaged or compressed in a way "
            "no installed decoder knows; export it again."
        ) from problem
    planes = stored[np.newaxis] if stored.ndim == 2 else stored
    count = len(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if planes.ndim != 3 or len(planes) != count:
        raise UnreadableFileError(
            f"The segmentation {path.name} holds {len(planes)} frames and describes {count}; export it again."
        )
    return planes


def _frames(dataset: Dataset, path: Path) -> list[Frame]:
    """Where every frame lies."""
    subject = f"The segmentation {path.name}"
    shape = (int(dataset.Rows), int(dataset.Columns))
    frames = []
    for item in dataset.PerFrameFunctionalGroupsSequence:
        measures = functional_group(dataset, item, "PixelMeasuresSequence", subject)
        place = functional_group(dataset, item, "PlanePositionSequence", subject)
        axes = functional_group(dataset, item, "PlaneOrientationSequence", subject)
        thickness_mm = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness") or float("nan")
        frames.append(
            Frame(
                vector(place, "ImagePositionPatient", 3, subject),
                orientation(axes, subject),
                tuple(vector(measures, "PixelSpacing", 2, subject)),
                float(thickness_mm),
                shape,
            )
        )
    return frames


def _on_grid(
    dataset: Dataset, planes: np.ndarray, grid: FrameGrid
) -> tuple[dict[int, np.ndarray], tuple[Finding, ...]]:
    """The voxels of every segment by its number, and what is to be told."""
    slots = grid.slots
    if uid_of(dataset, "SOPClassUID") == LABEL_MAP_STORAGE:
        labels = np.zeros(grid.image.shape, planes.dtype)
        labels[slots] = planes
        return {int(number): labels == number for number in np.unique(planes)}, ()
    fractional = str(dataset.get("SegmentationType") or "BINARY").upper() == "FRACTIONAL"
    least = HALF * float(dataset.get("MaximumFractionalValue") or 255) if fractional else 1
    values: dict[int, np.ndarray] = {}
    for item, plane, slot in zip(dataset.PerFrameFunctionalGroupsSequence, planes, slots, strict=True):
        number = _segment_number(dataset, item)
        if number not in values:
            values[number] = np.zeros(grid.image.shape, bool)
        values[number][slot] |= plane >= least
    text = "It is fractional; voxels count from half of the largest value on."
    return values, (warning(SUBJECT, text),) if fractional else ()


def _segment_number(dataset: Dataset, item: Dataset) -> int:
    group = functional_group(dataset, item, "SegmentIdentificationSequence", SUBJECT)
    return int(required(group, "ReferencedSegmentNumber", SUBJECT))


def _segment(item: Dataset, values: dict[int, np.ndarray], grid: Image) -> Segment:
    number = int(required(item, "SegmentNumber", SUBJECT))
    mask = values.get(number)
    return Segment(
        number,
        str(item.get("SegmentLabel") or "").strip() or f"Segment {number}",
        grid.with_array(np.zeros(grid.shape, bool) if mask is None else mask),
        str(item.get("SegmentAlgorithmType") or "").upper(),
        str(item.get("SegmentAlgorithmName") or "").strip(),
    )


def _referenced_series(dataset: Dataset) -> tuple[str, ...]:
    items = dataset.get("ReferencedSeriesSequence") or []
    return tuple(dict.fromkeys(uid for uid in (uid_of(item, "SeriesInstanceUID") for item in items) if uid))
