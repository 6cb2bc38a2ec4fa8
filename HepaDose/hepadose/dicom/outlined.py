"""Outlines of a case from DICOM: an RT structure set on its CT, or a segmentation, with or without its CT.

What belongs together is decided by the references between the objects, never by descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hepadose.dicom.choose import structures_of
from hepadose.dicom.ct import CtSeries, read_ct_series
from hepadose.dicom.files import read_dataset
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import RtStruct, read_rtstruct
from hepadose.dicom.scan import CtSeriesFiles, scan_folder
from hepadose.dicom.seg import DicomSegmentation, Segment, read_segmentation
from hepadose.dicom.wording import are, counted
from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin

STRUCTURES, SEGMENTATION = "Structures", "Segmentation"
TOLD_PART = 0.01


@dataclass(frozen=True, eq=False)
class Outlines:
    """Named outlines on one grid, drawn only when they are asked for.

    Parameters
    ----------
    names : tuple of str
        As they are written, in the file's order; a name may occur twice.
    draw : callable
        From the place of a name to its boolean mask and what was noticed.
    origins : tuple of SegmentationOrigin
        In the order of the names.
    empty : frozenset of int
        Places of the names under which nothing was drawn.
    frame_of_reference_uid : str
        Empty where unknown.
    ct : Image, optional
        In HU, on the grid of the masks.
    ct_files : tuple of Path
        Of that CT, where it came as DICOM.
    findings : tuple of Finding
    """

    names: tuple[str, ...]
    draw: Callable[[int], tuple[Image, tuple[Finding, ...]]]
    origins: tuple[SegmentationOrigin, ...]
    empty: frozenset[int] = frozenset()
    frame_of_reference_uid: str = ""
    ct: Image | None = None
    ct_files: tuple[Path, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class CtChoice:
    """Where the CT of an object lies, and what the user allows.

    Parameters
    ----------
    folder : Path
    fill_missing : bool
        Interpolate missing slices.
    trust_frames : bool
        The user confirms that coordinates are shared though references or frames of reference differ.
    """

    folder: Path
    fill_missing: bool = False
    trust_frames: bool = False


def outlines_of_rtstruct(path: Path, choice: CtChoice) -> Outlines:
    """The structures of a structure set on the grid of its CT.

    Parameters
    ----------
    path : Path
        The structure set.
    choice : CtChoice

    Returns
    -------
    Outlines

    Raises
    ------
    MissingInputError
        If the folder holds no CT.
    GeometryMismatchError
        If none of its CT series is the one that the structures were drawn on, or slices of it are missing.
    UnreadableFileError, MissingTagError
    """
    structures = read_rtstruct(path)
    found = scan_folder(choice.folder)
    files, findings = _ct_of_structures(structures, found.ct_series, choice)
    series = read_ct_series(files.paths, fill_missing=choice.fill_missing, subject="CT")

    def draw(place: int) -> tuple[Image, tuple[Finding, ...]]:
        drawn = rasterize(structures.structures[place], series.image)
        return drawn.mask, drawn.findings

    return Outlines(
        tuple(structure.name for structure in structures),
        draw,
        tuple(
            SegmentationOrigin("RTSTRUCT", detail=f'"{one.name}"', generation=one.generation_algorithm)
            for one in structures
        ),
        frozenset(place for place, one in enumerate(structures) if one.is_empty),
        series.frame_of_reference_uid,
        series.image,
        files.paths,
        (*findings, *structures.findings, *series.findings),
    )


def outlines_of_segmentation(path: Path, choice: CtChoice | None = None) -> Outlines:
    """The segments of a DICOM segmentation, on the grid of its CT where that is given, else on their own.

    Parameters
    ----------
    path : Path
        The segmentation.
    choice : CtChoice, optional

    Returns
    -------
    Outlines

    Raises
    ------
    GeometryMismatchError
        If the CT is in another frame of reference.
    MissingInputError, UnreadableFileError, MissingTagError
    """
    segmentation = read_segmentation(path)
    segments = segmentation.segments
    outlines = Outlines(
        tuple(segment.name for segment in segments),
        lambda place: _placed(segments[place].name, segments[place].mask, None),
        tuple(_segment_origin(segment) for segment in segments),
        frozenset(place for place, one in enumerate(segments) if not one.mask.array.any()),
        segmentation.frame_of_reference_uid,
        findings=segmentation.findings,
    )
    if choice is None:
        return outlines
    chosen = _ct_of_segmentation(segmentation, scan_folder(choice.folder).ct_series, choice)
    return _on_ct(outlines, [segment.mask for segment in segments], chosen, choice)


def outlines_of_masks(
    masks: dict[str, Image], origins: Sequence[SegmentationOrigin], choice: CtChoice | None = None
) -> Outlines:
    """Masks that know no CT, on the grid of the only CT in a folder where that is given, else on their own.

    Parameters
    ----------
    masks : dict of str to Image
        Boolean, by name.
    origins : sequence of SegmentationOrigin
        In their order.
    choice : CtChoice, optional

    Returns
    -------
    Outlines

    Raises
    ------
    MissingInputError, GeometryMismatchError
        If the folder holds no CT, or several.
    """
    arrays = list(masks.values())
    names = tuple(masks)
    empty = frozenset(place for place, mask in enumerate(arrays) if not mask.array.any())
    outlines = Outlines(names, lambda place: (arrays[place], ()), tuple(origins), empty)
    if choice is None:
        return outlines
    series = scan_folder(choice.folder).ct_series
    chosen = _one_ct("segment file", SEGMENTATION, series, list(series), choice)
    return _on_ct(outlines, arrays, chosen, choice)


def _on_ct(
    outlines: Outlines,
    masks: Sequence[Image],
    chosen: tuple[CtSeriesFiles, list[Finding]],
    choice: CtChoice,
) -> Outlines:
    files, told = chosen
    series = read_ct_series(files.paths, fill_missing=choice.fill_missing, subject="CT")
    return replace(
        outlines,
        draw=lambda place: _placed(outlines.names[place], masks[place], series),
        frame_of_reference_uid=outlines.frame_of_reference_uid or series.frame_of_reference_uid,
        ct=series.image,
        ct_files=files.paths,
        findings=(*outlines.findings, *told, *series.findings),
    )


def kind_of_object(path: Path) -> str:
    """What a DICOM file is: its modality, for instance "RTSTRUCT" or "SEG".

    Raises
    ------
    UnreadableFileError
        If it is no DICOM file.
    """
    return str(read_dataset(path, pixels=False).get("Modality") or "object of unknown kind")


def _ct_of_structures(
    structures: RtStruct, series: tuple[CtSeriesFiles, ...], choice: CtChoice
) -> tuple[CtSeriesFiles, list[Finding]]:
    frame = structures.frame_of_reference_uid
    drawn_on = [one for one in series if structures_of([structures], one)]
    # Coordinates mean nothing in another frame, whatever series they refer to.
    drawn_on = [one for one in drawn_on if not frame or one.frame_of_reference_uid in ("", frame)]
    return _one_ct("structure set", STRUCTURES, series, drawn_on, choice)


def _ct_of_segmentation(
    segmentation: DicomSegmentation, series: tuple[CtSeriesFiles, ...], choice: CtChoice
) -> tuple[CtSeriesFiles, list[Finding]]:
    frame = segmentation.frame_of_reference_uid
    drawn_on = [one for one in series if one.series_uid in segmentation.referenced_series_uids]
    drawn_on = [one for one in drawn_on if not frame or one.frame_of_reference_uid in ("", frame)]
    shared = [one for one in series if frame and one.frame_of_reference_uid == frame]
    return _one_ct("segmentation", SEGMENTATION, series, drawn_on or shared, choice)


def _one_ct(
    what: str, subject: str, series: tuple[CtSeriesFiles, ...], fitting: list[CtSeriesFiles], choice: CtChoice
) -> tuple[CtSeriesFiles, list[Finding]]:
    """The CT that an object belongs to, or the only one where the user vouches for it."""
    if not series:
        raise MissingInputError(f"The folder holds no CT series; give the folder with the CT of the {what} (--ct).")
    if len(fitting) == 1:
        return fitting[0], [ok(subject, f"Drawn on CT {fitting[0].describe()}.")]
    if not fitting and choice.trust_frames and len(series) == 1:
        text = f"The {what} refers to another CT; the user confirmed that their coordinates are shared."
        return series[0], [warning(subject, text)]
    listed = "; ".join(one.describe() for one in series)
    if fitting:
        raise GeometryMismatchError(
            f"{len(fitting)} CT series fit the {what} ({listed}); give a folder with the one it was drawn on (--ct)."
        )
    raise GeometryMismatchError(
        f"The {what} was drawn on another CT than {listed}: series or frame of reference disagree. Give the "
        "folder with its own CT (--ct), or confirm with --trust-frames that the coordinates are shared."
    )


def _segment_origin(segment: Segment) -> SegmentationOrigin:
    algorithm = f" by {segment.algorithm}" if segment.algorithm else ""
    return SegmentationOrigin("SEG", detail=f'"{segment.name}"{algorithm}', generation=segment.generation)


def _placed(name: str, mask: Image, series: CtSeries | None) -> tuple[Image, tuple[Finding, ...]]:
    """A mask on the grid of the CT, nearest voxel by nearest voxel; told where that changes its volume."""
    subject = f'Segment "{name}"'
    findings = _gap_findings(subject, mask)
    if series is None or series.image.same_grid_as(mask):
        return mask, findings
    placed = resample(mask, series.image)
    before_ml, after_ml = mask.volume_ml(), placed.volume_ml()
    if before_ml and abs(after_ml - before_ml) > TOLD_PART * before_ml:
        text = f"On the grid of the CT it has {after_ml:.1f} ml, in its own file {before_ml:.1f} ml."
        findings = (*findings, warning(subject, text))
    return placed, findings


def _gap_findings(subject: str, mask: Image) -> tuple[Finding, ...]:
    """Empty slices between drawn ones: left out of the file, or never drawn."""
    drawn = np.flatnonzero(mask.array.any(axis=(1, 2)))
    missing = int(drawn[-1] - drawn[0] + 1 - drawn.size) if drawn.size else 0
    if not missing:
        return ()
    return (warning(subject, f"{counted(missing, 'slice')} between drawn ones {are(missing)} empty and stay so."),)
