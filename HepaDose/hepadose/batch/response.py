"""One patient's response, unattended: outlines of lesions before and after in, categories with their reasons out.

Every door without a screen calls :func:`run_response`. It never asks, never prints and never leaves a half-written
result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hepadose.batch.output import complete_folder
from hepadose.batch.response_job import ResponseJob
from hepadose.batch.segments import read_segments
from hepadose.batch.sirt_regions import TUMOR_WORDS
from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.findings import Finding, warning
from hepadose.images import Image
from hepadose.recist.analysis import assess
from hepadose.recist.brought import brought_onto
from hepadose.recist.criteria import criterion
from hepadose.recist.lesions import Lesion
from hepadose.recist.pairing import LesionMap
from hepadose.recist.records import Assessment, AssessmentSettings, TimePoint
from hepadose.registration.storage import read_transform
from hepadose.report.response_write import write_response_report
from hepadose.timing import TimingLog, TimingRecord

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1); may raise CancelledError."""

TIMING_FILE = "timing.jsonl"


@dataclass(frozen=True, eq=False)
class ResponseOutcome:
    """What a run produced.

    Parameters
    ----------
    assessment : Assessment
    timing : tuple of TimingRecord
    files : tuple of str
        Names in the output folder.
    notes : tuple of Finding
        What was noticed while reading, and what could not be written.
    """

    assessment: Assessment
    timing: tuple[TimingRecord, ...]
    files: tuple[str, ...]
    notes: tuple[Finding, ...] = ()


def run_response(
    times: Sequence[Path],
    output: Path,
    job: ResponseJob | None = None,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ResponseOutcome:
    """Assess one patient and write the result.

    Parameters
    ----------
    times : sequence of Path
        Segments as 3D Slicer saves them (.seg.nrrd), each on the grid of its own series: baseline first.
    output : Path
        Folder of the result; it appears complete or not at all.
    job : ResponseJob, optional
    overwrite : bool
        Replace an earlier result.
    progress : callable, optional
        Told the stage and the fraction done.

    Returns
    -------
    ResponseOutcome

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the files, the choices or the output folder, in words.
    """
    job, tell = job or ResponseJob(), progress or (lambda stage, fraction: None)
    if len(times) < 2:
        raise MissingInputError("A response needs outlines from before the treatment and from at least one later time.")
    job.require_follow_ups(len(times) - 1)
    with complete_folder(output, overwrite=overwrite) as working:
        log = TimingLog(working / TIMING_FILE)
        tell("Reading the segments", 0.0)
        with log.step("Read segments"):
            points, noticed = read_times(times, job)
        tell("Measuring and pairing the lesions", 0.4)
        with log.step("Compute"):
            assessment = assess(points, _settings(job), _known(job, points[0].measured))
        tell("Writing the report", 0.8)
        unwritten = write_response_report(working, assessment, points, noticed, log.records)
        files = tuple(sorted(str(path.relative_to(working)) for path in working.rglob("*") if path.is_file()))
    tell("Done", 1.0)
    return ResponseOutcome(assessment, log.records, files, (*noticed, *unwritten))


def read_times(paths: Sequence[Path], job: ResponseJob) -> tuple[list[TimePoint], tuple[Finding, ...]]:
    """The lesions of all times, also on the baseline's grid.

    Parameters
    ----------
    paths : sequence of Path
    job : ResponseJob

    Returns
    -------
    points : list of TimePoint
    findings : tuple of Finding

    Raises
    ------
    HepaDoseError
        Whatever is wrong with a file, in words.
    """
    baseline = _lesions(Path(paths[0]), "Baseline", job)
    points, findings = [TimePoint("Baseline", baseline)], []
    last = len(paths) - 1
    for number, path in enumerate(paths[1:], start=1):
        name = "Follow-up" if last == 1 else f"Follow-up {number}"
        measured = _lesions(Path(path), name, job)
        paired, told = _on_grid(measured, baseline.labels, job.transforms, number, name)
        months = job.months[number - 1] if job.months else None
        said = (job.non_target, job.new) if number == last else (None, None)
        points.append(TimePoint(name, measured, paired, months, *said))
        findings += told
    return points, tuple(findings)


def _on_grid(
    measured: LesionMap, grid: Image, transforms: Sequence[Path], number: int, name: str
) -> tuple[LesionMap, list[Finding]]:
    """Lesions on the baseline's grid, and what that rests on."""
    findings = []
    if not transforms and measured.labels.same_grid_as(grid):
        return measured, findings
    if not transforms:
        findings.append(
            warning(name, "It lies on another grid and no transform was given: it was taken for registered.")
        )
    transform = read_transform(transforms[number - 1]) if transforms else None
    paired, outside = brought_onto(measured, grid, transform)
    if measured.names and len(outside) == len(measured.names):
        raise GeometryMismatchError(
            f"{name}: none of its lesions lies within the baseline's image; give the transform from the baseline."
        )
    findings += [warning(name, f"{lesion} lies outside the baseline's image; it counts as new.") for lesion in outside]
    return paired, findings


def _lesions(path: Path, time: str, job: ResponseJob) -> LesionMap:
    segments = read_segments(path)
    if job.lesions is None:
        names = [name for name in segments if name.strip().lower().startswith(TUMOR_WORDS)]
    else:
        names = [name for name in job.lesions if name in segments]
    if not names:
        there = ", ".join(segments)
        raise MissingInputError(
            f"{time}: no segment is named as a lesion (there are {there}); name them with --lesion. Where all lesions "
            "are gone, leave an empty segment that says so."
        )
    if len(names) == 1 and not job.join_parts:
        parts = LesionMap.from_mask(segments[names[0]], names[0])
        # A segment that is one lesion keeps its name, without a number.
        return LesionMap(parts.labels, tuple(names)) if len(parts.names) == 1 else parts
    return LesionMap.from_segments({name: segments[name] for name in names})


def _settings(job: ResponseJob) -> AssessmentSettings:
    rules = tuple(criterion(key) for key in job.criteria)
    return AssessmentSettings(rules, job.diameters, job.pairing, job.roles, job.one_reader)


def _known(job: ResponseJob, baseline: LesionMap) -> dict[str, Lesion]:
    if unknown := sorted(set(job.irradiated) - set(baseline.names)):
        raise MissingInputError(
            f"There is no lesion {', '.join(unknown)} at the baseline; there are {', '.join(baseline.names)}."
        )
    return {name: Lesion(name, irradiated_before_baseline=name in job.irradiated) for name in baseline.names}
