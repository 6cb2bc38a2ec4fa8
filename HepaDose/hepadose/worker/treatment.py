"""A radioembolization case as a viewer shows it: CT, image of activity and outlines, without any patient identifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose import __version__
from hepadose.errors import MissingInputError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image, bounding_box
from hepadose.provenance import SegmentationOrigin
from hepadose.worker.outcomes import LoadedStructure

if TYPE_CHECKING:
    from hepadose.timing import TimingLog
    from hepadose.worker.stages import Progress

BQ_PER_MBQ = 1e6
COLORS = {"liver": (222, 130, 102), "lungs": (196, 163, 209), "territory": (89, 191, 217)}
TUMOR_COLORS = ((242, 217, 64), (115, 230, 89), (242, 115, 191), (140, 153, 255))


@dataclass(frozen=True, eq=False)
class LoadedTreatment:
    """Everything that is shown of one radioembolization case.

    Parameters
    ----------
    ct : Image
        In HU.
    activity : Image or None
        As stored: a concentration or counts.
    structures : tuple of LoadedStructure
        On the grid of the CT, each cut to its voxels.
    is_counts : bool
        Whether the image is only proportional to activity.
    bq_per_ml : float
        What 1 in the image is in Bq/ml, for a concentration.
    hours_after_injection : float
        Time to which the image's numbers belong; 0 at injection.
    injected_gbq : float or None
        In the vial at injection, where it is known.
    findings : tuple of Finding
    """

    ct: Image
    activity: Image | None
    structures: tuple[LoadedStructure, ...]
    is_counts: bool = False
    bq_per_ml: float = 1.0
    hours_after_injection: float = 0.0
    injected_gbq: float | None = None
    findings: tuple[Finding, ...] = ()


def load_sample_treatment(folder: Path, progress: Progress, log: TimingLog) -> LoadedTreatment:
    """The digital patient of the sample data, with its PET.

    Parameters
    ----------
    folder : Path
        As :func:`hepadose.setup.sirt_sample.make_sirt_sample` gives it.
    progress : callable
    log : TimingLog

    Raises
    ------
    HepaDoseError
        If a file is missing or damaged.
    """
    from hepadose.batch.segments import read_segments
    from hepadose.batch.volume import read_image
    from hepadose.setup.sirt_sample import SIRT_SAMPLE
    from hepadose.sirt_patient.patient import CT_FILE, PET_FILE, SEGMENTS_FILE

    with log.step("Load case"):
        progress("Reading CT and PET", 0.0)
        ct, activity = read_image(folder / CT_FILE), read_image(folder / PET_FILE)
        progress("Reading the outlines", 0.5)
        origin = SegmentationOrigin("Digital patient", __version__)
        segments = read_segments(folder / SEGMENTS_FILE)
        structures = tuple(_structures([(name, mask, origin) for name, mask in segments.items()]))
    return LoadedTreatment(
        ct,
        activity,
        structures,
        hours_after_injection=SIRT_SAMPLE.hours_after_injection,
        injected_gbq=SIRT_SAMPLE.injected_gbq,
        findings=(ok("Case", f"Digital patient, no data of a person. CT: {ct.describe_grid()}."),),
    )


def load_treatment(folder: Path, progress: Progress, log: TimingLog) -> LoadedTreatment:
    """A case from its DICOM files: CT, structure set or segmentation, and PET or SPECT; only the CT must be there.

    Parameters
    ----------
    folder : Path
        All files of the case, in any order and depth.
    progress : callable
    log : TimingLog

    Raises
    ------
    HepaDoseError
        If there is no CT, a choice is left, or files are damaged or do not belong together.
    """
    with log.step("Load case"):
        progress("Reading CT and outlines", 0.0)
        ct, structures, findings, frame = _ct_with_outlines(Path(folder))
        progress("Reading the image of activity", 0.7)
        activity, is_counts, noticed = _activity_in(Path(folder), frame)
    return LoadedTreatment(
        ct,
        activity,
        structures,
        is_counts=is_counts,
        bq_per_ml=BQ_PER_MBQ,
        findings=(ok("CT", f"{ct.describe_grid()}."), *findings, *noticed),
    )


def _ct_with_outlines(folder: Path) -> tuple[Image, tuple[LoadedStructure, ...], tuple[Finding, ...], str]:
    """CT, its outlines, what was noticed, and the frame of reference where it is known."""
    from hepadose.batch.sirt_job import SirtJob
    from hepadose.batch.sirt_regions import read_outlines
    from hepadose.batch.volume import read_ct
    from hepadose.dicom.scan import scan_folder

    found = scan_folder(folder)
    if not found.structure_paths and not found.segmentation_paths:
        volume = read_ct(folder)
        return volume.image, (), volume.findings, ""
    outlines = read_outlines(folder, SirtJob(ct_folder=folder))
    drawn = [place for place in range(len(outlines.names)) if place not in outlines.empty]
    masks, findings = {}, list(outlines.findings)
    for place in drawn:
        mask, noticed = outlines.draw(place)
        masks[place] = mask
        findings += noticed
    structures = _structures([(outlines.names[place], masks[place], outlines.origins[place]) for place in drawn])
    return outlines.ct, tuple(structures), tuple(findings), outlines.frame_of_reference_uid


def _activity_in(folder: Path, frame: str) -> tuple[Image | None, bool, tuple[Finding, ...]]:
    """The image of activity, in MBq/ml at injection or in counts; None where the folder holds none."""
    from hepadose.batch.sirt_activity import read_activity
    from hepadose.batch.sirt_job import SirtJob
    from hepadose.dicom.emission import read_emission
    from hepadose.sirt.physics import IFU_HALF_LIFE_H

    try:
        emission = read_emission(folder)
    except MissingInputError:
        return None, False, ()
    if not emission.is_concentration:
        text = f"The {emission.modality} series holds counts; doses need the injected activity."
        return emission.image, True, (warning("Activity", text),)
    read = read_activity(SirtJob(activity_file=folder), IFU_HALF_LIFE_H, frame)
    text = "PET in Bq/ml; it is shown in MBq/ml, taken back to the injection."
    return read.image.image, False, (ok("Activity", text), *read.findings)


def _structures(drawn: Sequence[tuple[str, Image, SegmentationOrigin]]) -> Iterator[LoadedStructure]:
    """Outlines with the colors of their parts, each cut to its voxels; empty ones are left out."""
    tumors = 0
    for name, mask, origin in drawn:
        box = bounding_box(mask.array, (1, 1, 1))
        if box is None:
            continue
        color = COLORS.get(name.lower())
        if color is None:
            color, tumors = TUMOR_COLORS[tumors % len(TUMOR_COLORS)], tumors + 1
        role = "liver" if name.lower() == "liver" else ""
        yield LoadedStructure(name, mask.cropped(box), color, role=role, drawn_by=origin)
