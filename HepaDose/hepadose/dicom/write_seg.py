"""Write masks as a DICOM segmentation (Segmentation IOD, PS3.3 A.51) that refers to the CT it was drawn on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import hepadose
from hepadose.dicom.concepts import ABNORMAL, ANATOMICAL, LIVER, LUNGS, NEOPLASM, SPATIAL, VOLUME_OF_INTEREST, Concept
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.study import PRODUCT, save
from hepadose.errors import (
    EmptyRegionError,
    GeometryMismatchError,
    MissingDependencyError,
    MissingTagError,
    OutputError,
)
from hepadose.images import Image, require_same_grid
from hepadose.provenance import SegmentationOrigin

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

KINDS = {
    "liver": (ANATOMICAL, LIVER),
    "lungs": (ANATOMICAL, LUNGS),
    "tumor": (ABNORMAL, NEOPLASM),
    "territory": (SPATIAL, VOLUME_OF_INTEREST),
}
"""Category and type of what is outlined."""
OFF_SLICE_MM = 0.1


@dataclass(frozen=True, eq=False)
class SegmentMask:
    """One segment to be written.

    Parameters
    ----------
    mask : Image
        Boolean, on the grid of the CT series.
    kind : str
        One of :data:`KINDS`.
    origin : SegmentationOrigin
        By hand, edited and automatic segments are told apart by it.
    color : tuple of 3 int
        Display color, 0–255.
    tracking_uid : str, optional
        The same for one tumor over all time points; drawn at random if omitted.
    """

    mask: Image
    kind: str
    origin: SegmentationOrigin
    color: tuple[int, int, int] = (220, 180, 60)
    tracking_uid: str | None = None


def write_seg(
    path: Path,
    segments: dict[str, SegmentMask],
    ct_files: Sequence[Path],
    *,
    description: str = "HepaDose",
    series_number: int = 201,
) -> Dataset:
    """Write segments drawn on a CT series.

    Parameters
    ----------
    path : Path
        The file to write.
    segments : dict of str to SegmentMask
        By name, in the order of their numbers from 1.
    ct_files : sequence of Path
        The files of the CT series.
    description : str
        Of the series.
    series_number : int

    Returns
    -------
    pydicom.Dataset
        What was written, for reports that refer to it.

    Raises
    ------
    EmptyRegionError
        If no segment has a voxel.
    GeometryMismatchError
        If a mask is not on the grid of the CT.
    MissingDependencyError
        If highdicom is not installed.
    OutputError
        If the file cannot be written.
    """
    hd = require_highdicom()
    from pydicom.uid import generate_uid

    if not any(np.any(segment.mask.array) for segment in segments.values()):
        raise EmptyRegionError("A segmentation needs at least one voxel; all segments are empty.")
    sources, series = sorted_sources(ct_files)
    require_own_slices(sources, series)
    for name, segment in segments.items():
        require_same_grid(**{"CT series": series, f"segment {name}": segment.mask})
    pixels = np.stack([np.asarray(segment.mask.array, np.uint8) for segment in segments.values()], axis=-1)
    dataset = refused_in_words(
        hd.seg.Segmentation,
        source_images=sources,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(number, *pair) for number, pair in enumerate(segments.items(), start=1)],
        series_instance_uid=str(generate_uid()),
        series_number=series_number,
        sop_instance_uid=str(generate_uid()),
        instance_number=1,
        manufacturer=PRODUCT,
        manufacturer_model_name=PRODUCT,
        software_versions=hepadose.__version__,
        device_serial_number="1",
        content_description="Segments of liver and tumors",
        content_label="SEGMENTS",
        series_description=description[:64],
        omit_empty_frames=True,
    )
    save(dataset, path)
    return dataset


def refused_in_words(build: Callable[..., Dataset], **arguments: Any) -> Dataset:
    """An object made by highdicom, which is strict about the images it refers to.

    Raises
    ------
    OutputError
        If the images lack what the standard requires of them.
    """
    try:
        return build(**arguments)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        # Only the name of an attribute: other messages may hold values of the patient's files.
        missing = getattr(problem, "name", None)
        what = f"has no {missing}" if missing else "does not follow the standard"
        raise OutputError(
            f"The CT {what}, so nothing that refers to it can be written; export it again from the source."
        ) from problem


def require_own_slices(sources: Sequence[Dataset], grid: Image) -> None:
    """Refuse a grid that does not lie on the slices of the files, or slices that cannot be told apart.

    Raises
    ------
    GeometryMismatchError
        As after undoing a gantry tilt.
    MissingTagError
        If slices share an identifier, as some anonymizers leave them.
    """
    if len({str(source.SOPInstanceUID) for source in sources}) < len(sources):
        raise MissingTagError(
            "Slices of the CT share one identifier (SOP Instance UID (0008,0018)), so segments cannot refer to them; "
            "export the CT again from the source."
        )
    for k in (0, len(sources) - 1):
        gap_mm = np.abs(np.array(sources[k].ImagePositionPatient, float) - grid.ijk_to_points([0, 0, k])).max()
        if len(sources) != grid.shape[0] or gap_mm > OFF_SLICE_MM:
            raise GeometryMismatchError(
                "The CT was resampled when it was read (tilted gantry or missing slices), so segments on it do not lie "
                "on its files' slices; resample the CT first and outline there."
            )


def require_highdicom():
    """The package that writes segmentations and reports.

    Raises
    ------
    MissingDependencyError
    """
    try:
        import highdicom
    except ImportError as problem:
        raise MissingDependencyError(
            "DICOM segmentations and reports need highdicom, which is not installed; install it with: "
            'python -m pip install "highdicom>=0.25" (3D Slicer has it).'
        ) from problem
    return highdicom


def sorted_sources(ct_files: Sequence[Path]) -> tuple[list[Dataset], Image]:
    """The CT's data sets in the order of the volume's slices, without pixels, and its grid.

    Parameters
    ----------
    ct_files : sequence of Path

    Returns
    -------
    list of pydicom.Dataset
    Image

    Raises
    ------
    HepaDoseError
        If they are no CT series.
    """
    from pydicom import dcmread
    from pydicom.uid import CTImageStorage

    series = read_ct_series(list(ct_files))
    found = {}
    for path in ct_files:
        dataset = dcmread(path, stop_before_pixels=True)
        # Some anonymizers blank it; the reader took the file for a slice of a CT.
        dataset.SOPClassUID = dataset.get("SOPClassUID") or CTImageStorage
        found[str(dataset.SOPInstanceUID)] = dataset
    return [found[uid] for uid in series.sop_instance_uids], series.image


def algorithm_type(origin: SegmentationOrigin) -> str:
    """Segment Algorithm Type (0062,0008), which RT structures call ROI Generation Algorithm: by hand, edited or not.

    What the file an outline was read from says goes first.
    """
    if origin.source.lower() == "manual" or origin.generation == "MANUAL":
        return "MANUAL"
    if origin.generation == "SEMIAUTOMATIC":
        return "SEMIAUTOMATIC"
    return "SEMIAUTOMATIC" if origin.edited else "AUTOMATIC"


def _described(number: int, name: str, segment: SegmentMask):
    hd = require_highdicom()
    category, kind = KINDS[segment.kind]
    how = algorithm_type(segment.origin)
    identification = None
    if how != "MANUAL":
        family = Concept("123110", "DCM", "Artificial Intelligence").code()
        identification = hd.AlgorithmIdentificationSequence(
            name=segment.origin.source[:64], family=family, version=(segment.origin.version or "unknown")[:64]
        )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name[:64],
        segmented_property_category=category.code(),
        segmented_property_type=kind.code(),
        algorithm_type=how,
        algorithm_identification=identification,
        tracking_uid=segment.tracking_uid or hd.UID(),
        tracking_id=name[:64],
        anatomic_regions=[LIVER.code()] if segment.kind == "tumor" else None,
        display_color=hd.color.CIELabColor.from_rgb(*segment.color),
    )
