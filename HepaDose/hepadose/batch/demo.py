"""The whole path on a digital patient, and how near it comes to the truth."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hepadose.batch.flr import FlrOutcome, Progress, Writer, run_flr
from hepadose.batch.job import FlrJob
from hepadose.errors import OutputError
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings
from hepadose.phantom.truth import read_truth

PATIENT_SHARE = 0.4
"""Part of the demonstration's time that the digital patient takes, for the progress display."""


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demonstration found and what was planted, in Gy physical dose."""

    outcome: FlrOutcome
    planted_gy: float

    def comparison(self) -> str:
        """One line: found against planted dose."""
        best = self.outcome.result.best
        low, high = best.interval_gy
        inside = "inside" if low <= self.planted_gy <= high else "OUTSIDE"
        return (
            f"Found {best.refined_gy:.1f} Gy, planted {self.planted_gy:.1f} Gy physical dose: "
            f"error {best.refined_gy - self.planted_gy:+.1f} Gy, {inside} the stated interval {low:.1f}–{high:.1f} Gy."
        )


def run_demo(
    folder: Path,
    settings: DigitalPatientSettings | None = None,
    *,
    writers: Sequence[Writer] = (),
    progress: Progress = lambda stage, fraction: None,
) -> Demo:
    """Write a digital patient as DICOM into ``folder/patient``, analyze it into ``folder/result``.

    Parameters
    ----------
    folder : Path
        Created where absent; the patient and the result of an earlier demonstration are replaced.
    settings : DigitalPatientSettings, optional
        The patient; the default one is the documented demonstration.
    writers, progress
        As for :func:`hepadose.batch.flr.run_flr`.

    Returns
    -------
    Demo

    Raises
    ------
    HepaDoseError
        If the folder cannot be written or the analysis fails.
    """
    settings = settings or DigitalPatientSettings()
    patient = folder / "patient"
    try:
        shutil.rmtree(patient, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"The demonstration folder cannot be written: {problem.strerror}.") from problem
    make_digital_patient(patient, settings, progress=lambda stage, part: progress(stage, PATIENT_SHARE * part))
    outcome = run_flr(
        patient / "dicom",
        folder / "result",
        FlrJob(),
        writers=writers,
        overwrite=True,
        progress=lambda stage, part: progress(stage, PATIENT_SHARE + (1 - PATIENT_SHARE) * part),
    )
    return Demo(outcome=outcome, planted_gy=read_truth(patient).planted_physical_gy)
