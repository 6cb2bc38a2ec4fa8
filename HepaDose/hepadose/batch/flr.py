"""One case, unattended: DICOM folder in, dose at which the liver reacted out.

Every door without a screen calls :func:`run_flr`. It never asks, never prints and never leaves a half-written result:
the output folder appears when everything in it is complete.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.batch.flr_masks import SourcedMask, find_reaction, follow_up_liver, planning_liver
from hepadose.batch.job import FlrJob
from hepadose.batch.output import complete_folder
from hepadose.dicom.case import FlrCase, load_flr_case
from hepadose.dicom.rtdose import dose_banner
from hepadose.errors import (
    GeometryMismatchError,
    MissingDependencyError,
    PreflightError,
)
from hepadose.findings import Finding, Level, warning
from hepadose.flr.analysis import FlrAnalysis, settings_for
from hepadose.flr.result import FlrImages, FlrResult, RegistrationSummary
from hepadose.images import Image, bounding_box, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.registration import (
    Registration,
    RegistrationMethod,
    RegistrationSettings,
    propagate_mask,
    read_transform,
    register,
    use_transform,
    write_transform,
)
from hepadose.report.write import write_flr_report, write_flr_tables
from hepadose.segmentation.protocol import Segmenter
from hepadose.timing import TimingLog, TimingRecord

if TYPE_CHECKING:
    import SimpleITK as sitk

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1); may raise CancelledError."""

Writer = Callable[[Path, FlrResult, FlrImages], None]
"""Adds files to the output folder before it appears, e.g. a scene for Slicer."""

LIVER_MARGIN_MM = 30.0
"""What is kept around the liver: enough for the overlay, a fraction of the whole CT's voxels."""

TIMING_FILE = "timing.jsonl"
TRANSFORM_FILE = "follow_up_to_planning.h5"


@dataclass(frozen=True, eq=False)
class FlrOutcome:
    """What a run produced."""

    result: FlrResult
    images: FlrImages
    timing: tuple[TimingRecord, ...]
    files: tuple[str, ...]
    """Names in the output folder."""
    notes: tuple[Finding, ...] = ()
    """What could not be written."""


def run_flr(
    case_folder: Path,
    output: Path,
    job: FlrJob | None = None,
    *,
    segmenter: Segmenter | None = None,
    writers: Sequence[Writer] = (),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FlrOutcome:
    """Analyze one case from its DICOM folder and write the result.

    Parameters
    ----------
    case_folder : Path
        DICOM files of the planning CT, follow-up CT, dose, structures and plan in any arrangement.
    output : Path
        Folder of the result; it appears complete or not at all.
    job : FlrJob, optional
        The choices; defaults find everything in the folder.
    segmenter : Segmenter, optional
        What finds the reaction where the job gives none; the density difference by default.
    writers : sequence of Writer
        Further files for the output folder.
    overwrite : bool
        Replace an earlier result.
    progress : callable, optional
        Told the stage and the fraction done.

    Returns
    -------
    FlrOutcome

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the case, the choices or the output folder, in words.
    """
    job, report = job or FlrJob(), progress or (lambda stage, fraction: None)
    with complete_folder(output, overwrite=overwrite) as working:
        log = TimingLog(working / TIMING_FILE)
        result, images, transform = analyze_case(case_folder, job, log, segmenter=segmenter, progress=report)
        report("Writing the report", 0.9)
        write_transform(working / TRANSFORM_FILE, transform)
        notes = _write(working, result, images, log, writers)
        files = tuple(sorted(str(path.relative_to(working)) for path in working.rglob("*") if path.is_file()))
    report("Done", 1.0)
    return FlrOutcome(result=result, images=images, timing=log.records, files=files, notes=notes)


def _write(
    working: Path, result: FlrResult, images: FlrImages, log: TimingLog, writers: Sequence[Writer]
) -> tuple[Finding, ...]:
    """Scene and report, or the tables alone where the report's packages are missing, which is said."""
    for writer in writers:
        with log.step("Write scene"):
            writer(working, result, images)
    try:
        write_flr_report(working, result, images, log.records)
    except MissingDependencyError as problem:
        write_flr_tables(working, result, images, log.records)
        return (warning("Report", f"Only tables were written: {problem}"),)
    return ()


def analyze_case(
    case_folder: Path,
    job: FlrJob,
    log: TimingLog,
    *,
    segmenter: Segmenter | None = None,
    progress: Progress = lambda stage, fraction: None,
) -> tuple[FlrResult, FlrImages, sitk.Transform]:
    """The steps from DICOM to result, each with a record in the timing log; nothing is written but the log.

    Returns
    -------
    tuple
        The result, its images on the follow-up CT's grid around the liver, and the transform from follow-up to
        planning CT.
    """
    with log.step("Read DICOM"):
        choices = dataclasses.replace(job.choices, liver_required=job.liver_model is None)
        case = load_flr_case(case_folder, choices=choices, progress=_part(progress, 0.0, 0.1))
        _refuse_red(case.findings)
    aligned = _align(case, job, log, _part(progress, 0.1, 0.75))
    progress("Finding the reaction", 0.75)
    with log.step("Segment reaction"):
        reaction = find_reaction(case, job, aligned.images, segmenter)
    progress("Matching the isodoses", 0.85)
    with log.step("Match isodoses"):
        result = _analysis(case, job, aligned.images).result(
            reaction.mask,
            reaction_origin=reaction.origin,
            liver_origin=aligned.liver_origin,
            registration=aligned.summary,
            findings=(*case.findings, *aligned.findings, *aligned.registration.findings, *reaction.findings),
        )
    return result, dataclasses.replace(aligned.images, reaction=reaction.mask), aligned.registration.transform


@dataclass(frozen=True, eq=False)
class _Aligned:
    """Everything on the follow-up CT's grid, where the liver came from, and the registration that did it."""

    images: FlrImages
    liver_origin: SegmentationOrigin
    registration: Registration
    findings: tuple[Finding, ...]
    """Of the livers."""
    planning_liver_origin: SegmentationOrigin

    @property
    def summary(self) -> RegistrationSummary:
        """The registration as it enters the result, with the liver that guided it."""
        return dataclasses.replace(self.registration.summary(), planning_liver_origin=self.planning_liver_origin)


def _align(case: FlrCase, job: FlrJob, log: TimingLog, progress: Progress) -> _Aligned:
    with log.step("Liver contours"):
        planned = planning_liver(case, job, _part(progress, 0.0, 0.1))
        _refuse_red(planned.findings)
        later = follow_up_liver(case, job, _part(progress, 0.1, 0.2))
    with log.step("Register", method=job.registration.value):
        found = None if later is None else later.mask
        registration = _registration(case, job, planned.mask, found, _part(progress, 0.2, 0.9))
    progress("Resampling dose and planning CT", 0.9)
    with log.step("Resample dose"):
        if later is None:
            later = _carried_over(planned, case, registration)
        findings = (*planned.findings, *later.findings)
        images = _images_around(case, later.mask, registration)
        return _Aligned(images, later.origin, registration, findings, planned.origin)


def _carried_over(planned: SourcedMask, case: FlrCase, registration: Registration) -> SourcedMask:
    mask = propagate_mask(planned.mask, case.follow_up.image, registration.transform)
    origin = planned.origin
    return SourcedMask(mask, dataclasses.replace(origin, detail=f"{origin.detail}, carried over by registration"))


def _refuse_red(findings: Sequence[Finding]) -> None:
    red = [finding for finding in findings if finding.level is Level.ERROR]
    if red:
        raise PreflightError("The pre-flight check failed. " + " ".join(f"{f.subject}: {f.text}" for f in red))


def _registration(
    case: FlrCase, job: FlrJob, planning_liver: Image, follow_up_liver: Image | None, progress: Progress
) -> Registration:
    if job.transform_file is not None:
        transform = read_transform(job.transform_file)
        return use_transform(transform, job.transform_error_mm, planning_liver, follow_up_liver)
    if job.registration is RegistrationMethod.NONE:
        _require_one_frame(case)
    return register(
        case.follow_up.image,
        case.planning.image,
        planning_liver,
        follow_up_liver,
        settings=RegistrationSettings(method=job.registration),
        progress=progress,
    )


def _require_one_frame(case: FlrCase) -> None:
    if case.follow_up.frame_of_reference_uid != case.dose.frame_of_reference_uid:
        raise GeometryMismatchError(
            "The follow-up CT and the dose lie in different frames of reference, so one cannot be laid over the other "
            "without registration; choose a registration or give a transform."
        )


def _part(progress: Progress, start: float, stop: float) -> Progress:
    """Progress of one stage as a part of the whole."""
    return lambda stage, fraction: progress(stage, start + (stop - start) * fraction)


def _images_around(case: FlrCase, liver: Image, registration: Registration) -> FlrImages:
    """Everything on the follow-up CT's grid around the liver; the dose is resampled once, linearly."""
    margin = tuple(int(np.ceil(LIVER_MARGIN_MM / spacing)) for spacing in liver.spacing_kji_mm)
    box = bounding_box(liver.array, margin) or tuple(slice(0, size) for size in liver.shape)
    follow_up, liver = case.follow_up.image.cropped(box), liver.cropped(box)
    return FlrImages(
        follow_up_ct=follow_up,
        dose_gy=resample(case.dose.image, follow_up, registration.transform, outside=np.nan),
        liver=liver,
        reaction=liver.with_array(np.zeros(liver.shape, bool)),
        planning_ct=resample(case.planning.image, follow_up, registration.transform, outside=-1000.0),
    )


def _analysis(case: FlrCase, job: FlrJob, images: FlrImages) -> FlrAnalysis:
    settings = settings_for(images.dose_gy, images.liver, case.fractions, **job.match_choices())
    banner = dose_banner(case.dose, case.fractions)
    return FlrAnalysis(images.dose_gy, images.liver, settings, fractions=case.fractions, banner=banner)
