"""The image of activity of a case: an image file with what the user says about it, or a DICOM series that says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepadose.batch.sirt_job import SirtJob
from hepadose.batch.volume import read_image
from hepadose.dicom.emission import EmissionImage, read_emission
from hepadose.dicom.emission_times import factors_of_f18_run, factors_to_injection
from hepadose.dicom.files import looks_like_dicom
from hepadose.errors import GeometryMismatchError, SettingsError, UnitsError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image
from hepadose.sirt.analysis import ActivityImage, ImageKind
from hepadose.sirt.decay import decayed_gbq

SUBJECT = "Activity"
MBQ_PER_BQ = 1e-6


@dataclass(frozen=True, eq=False)
class CaseActivity:
    """An image of activity, and what was noticed while it was read."""

    image: ActivityImage
    findings: tuple[Finding, ...] = ()


def read_activity(job: SirtJob, half_life_h: float, frame_of_reference_uid: str = "") -> CaseActivity | None:
    """The image of activity of a job, in MBq/ml at the time of injection or in counts.

    Parameters
    ----------
    job : SirtJob
    half_life_h : float
        Of the product.
    frame_of_reference_uid : str
        Of the outlines; empty where unknown.

    Returns
    -------
    CaseActivity or None
        None where the job has no image.

    Raises
    ------
    UnitsError
        If a DICOM series holds counts and no injected activity is given, or is not of Y-90.
    GeometryMismatchError
        If it lies in another frame of reference than the outlines, or slices are missing.
    HepaDoseError
    """
    if job.activity_file is None:
        return None
    if not _is_dicom(job.activity_file):
        return CaseActivity(_of_image_file(job, half_life_h))
    emission = read_emission(job.activity_file, job.activity_series)
    frame = _frame_finding(emission, frame_of_reference_uid, job.trust_frames)
    if emission.is_concentration and job.activity_kind is ImageKind.CONCENTRATION:
        image, findings = _concentration(emission, job, half_life_h)
    else:
        image, findings = emission.image, _count_findings(emission, job)
    kind = ImageKind.COUNTS if image is emission.image else ImageKind.CONCENTRATION
    return CaseActivity(ActivityImage(image, kind, job.injected_gbq, job.method), (*frame, *findings))


def _is_dicom(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and looks_like_dicom(path))


def _of_image_file(job: SirtJob, half_life_h: float) -> ActivityImage:
    image = read_image(job.activity_file)
    if job.activity_kind is ImageKind.CONCENTRATION:
        # Back to the time of injection, and from Bq to MBq.
        factor = decayed_gbq(job.unit_bq_per_ml * MBQ_PER_BQ, -(job.hours_after_injection or 0.0), half_life_h)
        image = image.with_array(np.asarray(image.array, np.float32) * np.float32(factor))
    return ActivityImage(image, job.activity_kind, job.injected_gbq, job.method)


def _concentration(emission: EmissionImage, job: SirtJob, half_life_h: float) -> tuple[Image, tuple[Finding, ...]]:
    if emission.attenuation_corrected is False:
        raise UnitsError(
            "The series is not corrected for attenuation, so its Bq/ml are too low deep in the body; choose the "
            "corrected one."
        )
    if job.unit_bq_per_ml != 1.0:
        raise SettingsError("The DICOM series states its unit itself (Bq/ml); leave --unit out.")
    if job.hours_after_injection is None:
        factors, findings = _by_tags(emission, job, half_life_h)
        factors = factors if emission.modality == "PT" else np.full(emission.image.shape[0], factors[0])
    else:
        factor = decayed_gbq(1.0, -job.hours_after_injection, half_life_h)
        factors = np.full(emission.image.shape[0], factor)
        text = f"Taken back over the given {job.hours_after_injection:g} h; what the files say about decay is not used."
        findings = (warning("Decay", text),)
    scale = (factors * MBQ_PER_BQ).astype(np.float32)[:, None, None]
    return emission.image.with_array(emission.image.array * scale), findings


def _by_tags(emission: EmissionImage, job: SirtJob, half_life_h: float) -> tuple[np.ndarray, tuple[Finding, ...]]:
    if job.f18_scan_minutes is not None:
        return factors_of_f18_run(emission.times, half_life_h, job.f18_scan_minutes)
    return factors_to_injection(emission.times, half_life_h)


def _count_findings(emission: EmissionImage, job: SirtJob) -> tuple[Finding, ...]:
    """Counts need the activity; a concentration may be scaled where the user does not trust its calibration."""
    found = []
    if emission.attenuation_corrected is False:
        text = "The series is not corrected for attenuation: doses deep in the body are too low against those outside."
        found.append(warning(SUBJECT, text))
    if emission.is_concentration:
        return (*found, ok(SUBJECT, "The series is in Bq/ml; its numbers were taken as counts, as asked for."))
    if job.injected_gbq is None:
        unit = f'its units are "{emission.units[:16]}"' if emission.units else "it states no units"
        raise UnitsError(
            f"The {emission.modality} series is no concentration ({unit}): it becomes a dose only with the injected "
            "activity; give it in GBq (--injected), or export the series in Bq/ml (BQML)."
        )
    text = f"The {emission.modality} series holds counts; they were scaled to the given activity."
    return (*found, ok(SUBJECT, text))


def _frame_finding(emission: EmissionImage, frame: str, trusted: bool) -> tuple[Finding, ...]:
    own = emission.frame_of_reference_uid
    if not frame or not own:
        text = "Outlines or image of activity state no frame of reference; assumed to belong together."
        return (warning(SUBJECT, text),)
    if frame == own:
        return (ok(SUBJECT, "Outlines and image of activity share their frame of reference."),)
    if trusted:
        text = "Outlines and image of activity differ in frame of reference; the user confirmed their coordinates."
        return (warning(SUBJECT, text),)
    raise GeometryMismatchError(
        "Outlines and image of activity are in different frames of reference, so the activity has no known place on "
        "the CT; register them first, or confirm with --trust-frames that the coordinates are shared."
    )
