"""Outlines of a radioembolization case by the parts they play: from a segment file, RT structure set or DICOM SEG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepadose.batch.segments import read_segments
from hepadose.batch.sirt_job import RegionNames, SirtJob
from hepadose.dicom.outlined import (
    CtChoice,
    Outlines,
    kind_of_object,
    outlines_of_masks,
    outlines_of_rtstruct,
    outlines_of_segmentation,
)
from hepadose.dicom.roles import find_structure
from hepadose.dicom.rtstruct import DEFAULT_COLOR, Structure
from hepadose.dicom.scan import scan_folder
from hepadose.errors import AmbiguousInputError, EmptyRegionError, MissingInputError
from hepadose.findings import Finding, warning
from hepadose.images import Image, bounding_box
from hepadose.provenance import SegmentationOrigin
from hepadose.sirt.regions import OutlinedRegions

TUMOR_WORDS = ("tumor", "tumour", "lesion", "gtv")
SEGMENT_FILES = (".nrrd", ".nhdr")


@dataclass(frozen=True, eq=False)
class CaseRegions:
    """The outlines of a case, cut to what is needed.

    Parameters
    ----------
    outlined : OutlinedRegions
    origins : dict of str to SegmentationOrigin
        By "liver", "territory", "lungs" or the tumor's name.
    box : tuple of slice
        Where the cut lies in the whole grid.
    shape : tuple of int
        Of the whole grid.
    source : Outlines
        What they were read from.
    findings : tuple of Finding
    """

    outlined: OutlinedRegions
    origins: dict[str, SegmentationOrigin]
    box: tuple[slice, slice, slice]
    shape: tuple[int, int, int]
    source: Outlines
    findings: tuple[Finding, ...] = ()

    @property
    def ct(self) -> Image | None:
        """The CT in HU on the grid of the outlines, where it came with them."""
        return None if self.source.ct is None else self.source.ct.cropped(self.box)


def read_case(path: Path, job: SirtJob) -> CaseRegions:
    """The regions of a case.

    Parameters
    ----------
    path : Path
        A segment file of 3D Slicer, an RT structure set, a DICOM segmentation, or a folder with one of the latter two.
    job : SirtJob
        Names of the regions, folder of the CT, and what the user vouches for.

    Returns
    -------
    CaseRegions

    Raises
    ------
    HepaDoseError
        If a file is missing, unreadable or belongs to another CT, or a named outline is not there or empty.
    """
    return choose_regions(read_outlines(path, job), job.names)


def read_outlines(path: Path, job: SirtJob) -> Outlines:
    """All outlines of a case by name, not drawn yet.

    Raises
    ------
    HepaDoseError
        As :func:`read_case`.
    """
    path = Path(path)
    if not path.exists():
        raise MissingInputError(f'There is no file or folder "{path.name}".')
    if path.is_file() and path.name.lower().endswith(SEGMENT_FILES):
        return _of_segment_file(path, job)
    folder = job.ct_folder or (path if path.is_dir() else path.parent)
    source = _only_object(path) if path.is_dir() else path
    kind, choice = kind_of_object(source), CtChoice(folder, job.fill_missing, job.trust_frames)
    if kind == "RTSTRUCT":
        return outlines_of_rtstruct(source, choice)
    if kind == "SEG":
        alone = job.ct_folder is None and not scan_folder(folder).ct_series
        return outlines_of_segmentation(source, None if alone else choice)
    raise MissingInputError(
        f'The file "{path.name}" holds no outlines (it is {kind}); give an RT structure set, a DICOM segmentation or a '
        "segment file (.seg.nrrd)."
    )


def _of_segment_file(path: Path, job: SirtJob) -> Outlines:
    masks = read_segments(path)
    origins = [SegmentationOrigin("Segment file", detail=f'"{name}"') for name in masks]
    choice = job.ct_folder and CtChoice(job.ct_folder, job.fill_missing, job.trust_frames)
    return outlines_of_masks(masks, origins, choice)


def _only_object(folder: Path) -> Path:
    """The one structure set or segmentation of a folder."""
    found = scan_folder(folder)
    objects = [*found.structure_paths, *found.segmentation_paths]
    if not objects:
        raise MissingInputError(
            f'The folder "{folder.name}" holds no RT structure set and no DICOM segmentation; export the outlines too.'
        )
    if len(objects) > 1:
        names = ", ".join(sorted(path.name for path in objects))
        raise AmbiguousInputError(f"The folder holds {len(objects)} sets of outlines ({names}); give the file of one.")
    return objects[0]


def choose_regions(outlines: Outlines, names: RegionNames) -> CaseRegions:
    """The outlines that play a part, drawn and cut to a common box.

    Parameters
    ----------
    outlines : Outlines
    names : RegionNames

    Returns
    -------
    CaseRegions

    Raises
    ------
    MissingInputError, AmbiguousInputError
        If a named outline is not there, or several have its name.
    EmptyRegionError
        If nothing was drawn under a name that was asked for.
    """
    liver = _place(outlines, names.liver)
    tumors, noticed = _tumors(outlines, names.tumors)
    territory = None if not names.territory else _place(outlines, names.territory)
    lungs = None if not names.lungs else _place(outlines, names.lungs)
    used = [place for place in dict.fromkeys((liver, *tumors, territory, lungs)) if place is not None]
    drawn = {place: outlines.draw(place) for place in used}
    every = np.any([mask.array for mask, _ in drawn.values()], axis=0)
    box = bounding_box(every, (1, 1, 1))
    if box is None:
        raise EmptyRegionError("No outline has a voxel on the grid of its images; check that they belong together.")
    cut = {place: mask.cropped(box) for place, (mask, _) in drawn.items()}
    parts = {liver: "liver", territory: "territory", lungs: "lungs"}
    regions = OutlinedRegions(
        cut[liver],
        tuple((outlines.names[place], cut[place]) for place in tumors),
        None if territory is None else cut[territory],
        None if lungs is None else cut[lungs],
    )
    origins = {parts.get(place, outlines.names[place]): outlines.origins[place] for place in used}
    noticed += [finding for _, findings in drawn.values() for finding in findings]
    return CaseRegions(regions, origins, box, every.shape, outlines, (*outlines.findings, *noticed))


def _tumors(outlines: Outlines, names: tuple[str, ...] | None) -> tuple[list[int], list[Finding]]:
    """Places of the tumors; those found by their names may be empty, which is told."""
    if names is not None:
        return [_place(outlines, name) for name in names], []
    found = [place for place, name in enumerate(outlines.names) if name.lower().startswith(TUMOR_WORDS)]
    empty = [outlines.names[place] for place in found if place in outlines.empty]
    noticed = [warning("Tumors", f'"{name}" is empty and was left out.') for name in empty]
    drawn = [place for place in found if place not in outlines.empty]
    repeated = {outlines.names[place] for place in drawn if _same_names(outlines, place, drawn) > 1}
    if repeated:
        raise AmbiguousInputError(f"Several outlines are called {', '.join(sorted(repeated))}; rename all but one.")
    return drawn, noticed


def _same_names(outlines: Outlines, place: int, among: list[int]) -> int:
    return sum(outlines.names[other] == outlines.names[place] for other in among)


def _place(outlines: Outlines, wanted: str) -> int:
    """Where the outline of a name is; case does not matter, and a liver is found in other languages too."""
    fitting = [place for place, name in enumerate(outlines.names) if name.lower() == wanted.lower()]
    if not fitting and wanted.lower() == "liver":
        fitting = [_by_role(outlines, "liver")]
    if not fitting:
        listed = ", ".join(outlines.names) or "none"
        raise MissingInputError(f'There is no segment "{wanted}"; the file has {listed}.')
    drawn = [place for place in fitting if place not in outlines.empty]
    if not drawn:
        raise EmptyRegionError(f'Nothing is drawn under "{outlines.names[fitting[0]]}"; outline it first.')
    if len(drawn) > 1:
        raise AmbiguousInputError(f'{len(drawn)} outlines are called "{wanted}"; rename all but one.')
    return drawn[0]


def _by_role(outlines: Outlines, role: str) -> int:
    structures = [
        Structure(place, name, "", DEFAULT_COLOR, ())
        for place, name in enumerate(outlines.names)
        if place not in outlines.empty
    ]
    return find_structure(structures, role).number
