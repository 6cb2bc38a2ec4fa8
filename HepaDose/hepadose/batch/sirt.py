"""One radioembolization case, unattended: segments and an image of activity in, activities and doses out.

Every door without a screen calls :func:`run_sirt`. It never asks, never prints and never leaves a half-written result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hepadose.batch.output import complete_folder
from hepadose.batch.sirt_activity import CaseActivity, read_activity
from hepadose.batch.sirt_dicom import FOLDER, write_objects
from hepadose.batch.sirt_job import SirtJob
from hepadose.batch.sirt_regions import CaseRegions, read_case
from hepadose.errors import MissingDependencyError, OutputError, SettingsError
from hepadose.findings import Finding, warning
from hepadose.images import Image
from hepadose.report.sirt_graphs import DoseScene
from hepadose.report.sirt_tables import sirt_table_files
from hepadose.report.sirt_write import dose_scene, write_sirt_report
from hepadose.report.write import write_together
from hepadose.sirt.analysis import SirtResult, analyze
from hepadose.sirt.physics import preset
from hepadose.sirt.prescription import PrescriptionInput
from hepadose.sirt.products import Product, product_named
from hepadose.sirt.regions import OutlinedRegions, treatment_regions
from hepadose.timing import TimingLog, TimingRecord

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1); may raise CancelledError."""

TIMING_FILE, DOSE_FILE = "timing.jsonl", "dose_gy.nrrd"


@dataclass(frozen=True, eq=False)
class SirtOutcome:
    """What a run produced."""

    result: SirtResult
    dose: Image | None
    timing: tuple[TimingRecord, ...]
    files: tuple[str, ...]
    """Names in the output folder."""
    notes: tuple[Finding, ...] = ()
    """What could not be written."""


def run_sirt(
    segments: Path, output: Path, job: SirtJob, *, overwrite: bool = False, progress: Progress | None = None
) -> SirtOutcome:
    """Analyze one case and write the result.

    Parameters
    ----------
    segments : Path
        Segments as 3D Slicer saves them (.seg.nrrd), an RT structure set, a DICOM segmentation, or a folder with one of
        the latter two and its CT.
    output : Path
        Folder of the result; it appears complete or not at all.
    job : SirtJob
    overwrite : bool
        Replace an earlier result.
    progress : callable, optional
        Told the stage and the fraction done.

    Returns
    -------
    SirtOutcome

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the files, the choices or the output folder, in words.
    """
    tell = progress or (lambda stage, fraction: None)
    product = product_named(job.product, job.products_file)
    with complete_folder(output, overwrite=overwrite) as working:
        log = TimingLog(working / TIMING_FILE)
        tell("Reading the segments", 0.0)
        with log.step("Read segments"):
            case = read_case(segments, job)
        tell("Reading the image of activity", 0.3)
        with log.step("Read activity"):
            activity = read_activity(job, product.half_life_h, case.source.frame_of_reference_uid)
        tell("Computing activities and doses", 0.5)
        with log.step("Compute"):
            result, dose = _computed(case, job, product, activity)
        tell("Writing the report", 0.8)
        if dose is not None:
            _write_dose(dose, working / DOSE_FILE)
        notes = _write_objects(working, case, result, log) if job.dicom_out else ()
        notes = (
            *notes,
            *_write(working, result, dose_scene(case.outlined, dose, case.ct), log),
        )
        files = tuple(sorted(str(path.relative_to(working)) for path in working.rglob("*") if path.is_file()))
    tell("Done", 1.0)
    return SirtOutcome(result, dose, log.records, files, notes)


def _computed(
    case: CaseRegions, job: SirtJob, product: Product, activity: CaseActivity | None
) -> tuple[SirtResult, Image | None]:
    given = _input(job, product, case.outlined)
    image, told = (None, ()) if activity is None else (activity.image, activity.findings)
    findings = (*case.findings, *told)
    return analyze(case.outlined, given, job.treatment, image, case.origins, findings, disease=job.disease)


def _write_objects(working: Path, case: CaseRegions, result: SirtResult, log: TimingLog) -> tuple[Finding, ...]:
    with log.step("Write DICOM"):
        return write_objects(working / FOLDER, case, treatment_regions(case.outlined), result)


def _write(working: Path, result: SirtResult, scene: DoseScene | None, log: TimingLog) -> tuple[Finding, ...]:
    """The report, or the tables alone where its packages are missing, which is said."""
    try:
        write_sirt_report(working, result, scene, log.records)
    except MissingDependencyError as problem:
        write_together(working, sirt_table_files(result, log.records))
        return (warning("Report", f"Only tables were written: {problem}"),)
    return ()


def _input(job: SirtJob, product: Product, outlined: OutlinedRegions) -> PrescriptionInput:
    regions = treatment_regions(outlined)
    treated = regions.treated_tumors_ml()
    unknown = sorted(set(job.uptake) - set(treated))
    if unknown:
        raise SettingsError(f"A T/N ratio is given for {', '.join(unknown)}, but there is no such tumor.")
    return PrescriptionInput(
        product,
        regions.volumes,
        job.patient,
        job.delivery,
        job.goals,
        tuple((name, treated[name], ratio) for name, ratio in job.uptake.items() if treated[name] > 0.0),
        job.density_g_per_ml,
        preset(job.constant) if job.constant else None,
    )


def _write_dose(dose: Image, path: Path) -> None:
    import SimpleITK as sitk

    try:
        sitk.WriteImage(dose.to_sitk(), str(path), True)
    except RuntimeError as problem:
        raise OutputError("The dose map cannot be written; is there space left?") from problem
