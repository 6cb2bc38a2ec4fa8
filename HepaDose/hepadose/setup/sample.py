"""The digital patient as sample data: made once, kept in a folder, checked before every use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hepadose.errors import HepaDoseError, OutputError

Progress = Callable[[str, float], None]

SAMPLE_FOLDER = "hepadose-digital-patient"
DICOM_FOLDER = "dicom"
MANIFEST = "manifest.json"
REFERENCE = Path(__file__).with_name("sample_reference.json")

_ABANDONED_S = 3600.0
"""Age at which a half-made patient belongs to nobody any more."""

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
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        return manifest == _manifest_of(place)
    except (OSError, ValueError):
        return False


def _make(place: Path, report: Progress, build_folder: Path | None) -> None:
    """Make, check, and let the folder appear complete."""
    from hepadose.phantom.patient import make_digital_patient
    from hepadose.setup.sample_figures import differences, measure_sample

    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(place.parent)
    building = Path(tempfile.mkdtemp(prefix=f".{SAMPLE_FOLDER}-", dir=build_folder or place.parent))
    try:
        patient = make_digital_patient(building / "patient", None, lambda text, share: report(text, _MAKING * share))
        report("Checking the digital patient", _MAKING)
        wrong = differences(measure_sample(patient.dicom_folder), json.loads(REFERENCE.read_text(encoding="utf-8")))
        if wrong:
            raise SampleIntegrityError(
                f"The digital patient that was made is not the expected one: {wrong[0]}; install HepaDose again."
            )
        manifest = json.dumps(_manifest_of(patient.folder), indent=1)
        (patient.folder / MANIFEST).write_text(manifest, encoding="utf-8")
        _put_in_place(patient.folder, place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _remove_abandoned(cache_folder: Path) -> None:
    """What a killed process left behind."""
    for folder in cache_folder.glob(f".{SAMPLE_FOLDER}-*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(made: Path, place: Path) -> None:
    """Rename the finished folder; where another process was faster, its patient is as good."""
    arrived = place.with_name(f".{place.name}-arriving-{uuid.uuid4().hex}")
    try:
        # The move may cross disks and take its time; the rename does not.
        shutil.move(made, arrived)
        if place.exists() and not is_intact(place):
            shutil.rmtree(place)
        with suppress(OSError):
            os.replace(arrived, place)
        if not is_intact(place):
            raise OSError(0, "the finished folder cannot be renamed")
    finally:
        shutil.rmtree(arrived, ignore_errors=True)


def _manifest_of(folder: Path) -> dict:
    """Checksums of all files but the manifest, and of the reference they were held against."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        "reference": _sha256(REFERENCE),
        "files": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
