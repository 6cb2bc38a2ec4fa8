"""The digital patient as sample data: made once, kept in a folder, checked before every use."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hepadose.errors import HepaDoseError, OutputError
from hepadose.setup import kept

Progress = Callable[[str, float], None]

SAMPLE_FOLDER = "hepadose-digital-patient"
DICOM_FOLDER = "dicom"
REFERENCE = Path(__file__).with_name("sample_reference.json")

_MAKING = 0.9
"""Part of the time that making the patient takes; the rest is reading it back."""


class SampleIntegrityError(HepaDoseError):
    """The patient that was made is not the one it should be; install the extension again."""


def sample_patient_folder(
    cache_folder: Path, progress: Progress | None = None, *, build_folder: Path | None = None
) -> Path:
    """The DICOM folder of the sample patient; makes the patient where it is absent, out of date or damaged.

    Parameters
    ----------
    cache_folder : Path
        Where the patient is kept, in a folder of its own; created where absent.
    progress : callable, optional
        Called with what is being done and the share done (0–1).
    build_folder : Path, optional
        Folder in which the patient is built before it takes its place; whoever stops this call may remove it. Without
        it, a hidden folder in ``cache_folder`` is used.

    Returns
    -------
    Path
        All DICOM files of the case, as a hospital exports them. Beside it lies ``truth``, what was planted.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    SampleIntegrityError
        If what was made is not the patient that belongs to this version.
    """
    report = progress or (lambda text, share: None)
    place = Path(cache_folder) / SAMPLE_FOLDER
    report("Looking for the digital patient", 0.0)
    if not is_intact(place):
        try:
            _make(place, report, build_folder)
        except OSError as problem:
            raise OutputError(
                f"The digital patient cannot be stored: {problem.strerror or type(problem).__name__}; choose another "
                "folder for temporary files or make room on the disk."
            ) from problem
    report("Done", 1.0)
    return place / DICOM_FOLDER


def is_intact(place: Path) -> bool:
    """Whether a folder holds the patient of this version, every file bit by bit as it was written."""
    return kept.is_intact(place, kept.sha256(REFERENCE))


def _make(place: Path, report: Progress, build_folder: Path | None) -> None:
    """Make, check, and let the folder appear complete."""
    from hepadose.phantom.patient import make_digital_patient
    from hepadose.setup.sample_figures import differences, measure_sample

    place.parent.mkdir(parents=True, exist_ok=True)
    kept.remove_abandoned(place.parent, SAMPLE_FOLDER)
    building = Path(tempfile.mkdtemp(prefix=f".{SAMPLE_FOLDER}-", dir=build_folder or place.parent))
    try:
        patient = make_digital_patient(building / "patient", None, lambda text, share: report(text, _MAKING * share))
        report("Checking the digital patient", _MAKING)
        wrong = differences(measure_sample(patient.dicom_folder), json.loads(REFERENCE.read_text(encoding="utf-8")))
        if wrong:
            raise SampleIntegrityError(
                f"The digital patient that was made is not the expected one: {wrong[0]}; install HepaDose again."
            )
        kept.write_manifest(patient.folder, kept.sha256(REFERENCE))
        kept.put_in_place(patient.folder, place, kept.sha256(REFERENCE))
    finally:
        shutil.rmtree(building, ignore_errors=True)
