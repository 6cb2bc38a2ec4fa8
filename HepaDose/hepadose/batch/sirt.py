"""One radioembolization case, unattended: segments and an image of activity in, activities and doses out.

Every door without a screen calls :func:`run_sirt`. It never asks, never prints and never leaves a half-written result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepadose.batch.output import complete_folder
from hepadose.batch.segments import read_segments
from hepadose.batch.sirt_job import RegionNames, SirtJob
from hepadose.batch.volume import read_image
from hepadose.errors import MissingDependencyError, MissingInputError, OutputError, SettingsError
from hepadose.findings import Finding, warning
from hepadose.images import Image, bounding_box
from hepadose.provenance import SegmentationOrigin
from hepadose.report.sirt_tables import sirt_table_files
from hepadose.report.sirt_write import dose_scene, write_sirt_report
from hepadose.report.write import write_together
from hepadose.sirt.analysis import ActivityImage, ImageKind, SirtResult, analyze
from hepadose.sirt.decay import decayed_gbq
from hepadose.sirt.physics import preset
from hepadose.sirt.prescription import PrescriptionInput
from hepadose.sirt.products import Product, products
from hepadose.sirt.regions import OutlinedRegions, treatment_regions
from hepadose.timing import TimingLog, TimingRecord

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1); may raise CancelledError."""

TUMOR_WORDS = ("tumor", "tumour", "lesion", "gtv")
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
        Segments as 3D Slicer saves them (.seg.nrrd).
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
    product = _product(job)
    with complete_folder(output, overwrite=overwrite) as working:
        log = TimingLog(working / TIMING_FILE)
        tell("Reading the segments", 0.0)
        with log.step("Read segments"):
            outlined, origins = read_regions(segments, job.names)
        tell("Reading the image of activity", 0.3)
        with log.step("Read activity"):
            activity = _activity(job, product)
        tell("Computing activities and doses", 0.5)
        with log.step("Compute"):
            result, dose = analyze(outlined, _input(job, product, outlined), job.treatment, activity, origins)
        tell("Writing the report", 0.9)
        if dose is not None:
            _write_dose(dose, working / DOSE_FILE)
        notes = _write(working, result, outlined, dose, log)
        files = tuple(sorted(str(path.relative_to(working)) for path in working.rglob("*") if path.is_file()))
    tell("Done", 1.0)
    return SirtOutcome(result, dose, log.records, files, notes)


def _write(
    working: Path, result: SirtResult, outlined: OutlinedRegions, dose: Image | None, log: TimingLog
) -> tuple[Finding, ...]:
    """The report, or the tables alone where its packages are missing, which is said."""
    try:
        write_sirt_report(working, result, dose_scene(outlined, dose), log.records)
    except MissingDependencyError as problem:
        write_together(working, sirt_table_files(result, log.records))
        return (warning("Report", f"Only tables were written: {problem}"),)
    return ()


def read_regions(path: Path, names: RegionNames) -> tuple[OutlinedRegions, dict[str, SegmentationOrigin]]:
    """The regions of a case from a file of segments, cut to what is needed.

    Parameters
    ----------
    path : Path
    names : RegionNames

    Returns
    -------
    OutlinedRegions
    dict of str to SegmentationOrigin
        By "liver", "territory", "lungs" or the tumor's name.

    Raises
    ------
    MissingInputError
        If a named segment is not there.
    """
    segments = read_segments(path)
    liver = _named(segments, names.liver)
    tumors = [_named(segments, name) for name in names.tumors or ()]
    if names.tumors is None:
        tumors = [name for name in segments if name.lower().startswith(TUMOR_WORDS)]
    territory = names.territory and _named(segments, names.territory)
    lungs = names.lungs and _named(segments, names.lungs)
    used = [name for name in (liver, *tumors, territory, lungs) if name]
    box = bounding_box(np.any([segments[name].array for name in used], axis=0), (1, 1, 1))
    if box is None:
        raise MissingInputError("The segments are empty; outline the liver first.")
    cut = {name: segments[name].cropped(box) for name in used}
    parts = {liver: "liver", territory: "territory", lungs: "lungs"}
    origins = {parts.get(name, name): SegmentationOrigin("Segment file", detail=f'"{name}"') for name in used}
    regions = OutlinedRegions(
        cut[liver],
        tuple((name, cut[name]) for name in tumors),
        cut[territory] if territory else None,
        cut[lungs] if lungs else None,
    )
    return regions, origins


def _named(segments: dict[str, Image], name: str) -> str:
    """The segment's name as it is written; case does not matter."""
    found = next((each for each in segments if each.lower() == name.lower()), None)
    if found is None:
        raise MissingInputError(f'There is no segment "{name}"; the file has {", ".join(segments)}.')
    return found


def _product(job: SirtJob) -> Product:
    known = products(job.products_file)
    if job.product not in known:
        raise SettingsError(f'There is no product "{job.product}"; known are {", ".join(known)}.')
    return known[job.product]


def _activity(job: SirtJob, product: Product) -> ActivityImage | None:
    if job.activity_file is None:
        return None
    image = read_image(job.activity_file)
    if job.activity_kind is ImageKind.CONCENTRATION:
        # Back to the time of injection, and from Bq to MBq.
        factor = decayed_gbq(job.unit_bq_per_ml * 1e-6, -job.hours_after_injection, product.half_life_h)
        image = image.with_array(np.asarray(image.array, np.float32) * np.float32(factor))
    return ActivityImage(image, job.activity_kind, job.injected_gbq, job.method)


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
