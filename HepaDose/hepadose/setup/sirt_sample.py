"""The digital patient of radioembolization as sample data: made once, kept in a folder, checked before every use."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import hepadose
from hepadose.errors import OutputError
from hepadose.setup import kept
from hepadose.sirt_patient.patient import make_sirt_patient
from hepadose.sirt_patient.settings import CLINICAL_PET, CLINICAL_SPECT, SirtPatientSettings, TreatedPart

Progress = Callable[[str, float], None]

SIRT_SAMPLE_FOLDER = "hepadose-sirt-patient"
SIRT_SAMPLE = SirtPatientSettings(
    product="glass",
    injected_gbq=3.6,
    lung_shunt=0.05,
    residual=0.02,
    part=TreatedPart.RIGHT,
    tumor_diameters_mm=(60.0, 36.0, 22.0),
    uptake_ratios=(4.0, 2.5, 6.0),
    pet=CLINICAL_PET,
    spect=CLINICAL_SPECT,
    seed=1,
)
"""The images are as blurred and noisy as clinical ones: activities of the whole are true, those of small tumors low."""


def make_sirt_sample(folder: Path, progress: Progress | None = None, *, build_folder: Path | None = None) -> Path:
    """The folder of the sample patient; makes the patient where it is absent, out of date or damaged.

    Parameters
    ----------
    folder : Path
        Where sample data are kept, the patient in a folder of its own; created where absent.
    progress : callable, optional
        Called with what is being done and the share done (0–1).
    build_folder : Path, optional
        Folder in which the patient is built before it takes its place; whoever stops this call may remove it. Without
        it, a hidden folder in ``folder`` is used.

    Returns
    -------
    Path
        With ``ct.nrrd`` (HU), ``pet.nrrd`` (Bq/ml at injection), ``spect.nrrd`` (counts), ``segments.seg.nrrd`` (Liver,
        Lungs, Territory, Tumor 1, Tumor 2, Tumor 3) and ``truth.json``.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    report = progress or (lambda text, share: None)
    place = Path(folder) / SIRT_SAMPLE_FOLDER
    report("Looking for the digital patient", 0.0)
    if not kept.is_intact(place, _reference()):
        try:
            _make(place, report, build_folder)
        except OSError as problem:
            raise OutputError(
                f"The digital patient cannot be stored: {problem.strerror or type(problem).__name__}; choose another "
                "folder for temporary files or make room on the disk."
            ) from problem
    report("Done", 1.0)
    return place


def _reference() -> str:
    """What the patient was made from; another version of HepaDose or other settings make it anew."""
    return f"{hepadose.__version__} {SIRT_SAMPLE}"


def _make(place: Path, report: Progress, build_folder: Path | None) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    kept.remove_abandoned(place.parent, place.name)
    building = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=build_folder or place.parent))
    try:
        made = building / "patient"
        make_sirt_patient(made, SIRT_SAMPLE, lambda text, share: report(text, 0.95 * share))
        kept.write_manifest(made, _reference())
        kept.put_in_place(made, place, _reference())
    finally:
        shutil.rmtree(building, ignore_errors=True)
