"""The jobs that can be started; each call returns at once."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose.images import Image
from hepadose.worker.job import WorkerJob
from hepadose.worker.runner import Runner
from hepadose.worker.segmenters import require_segmenter

if TYPE_CHECKING:
    from hepadose.dicom.choices import CaseChoices
    from hepadose.registration.settings import RegistrationMethod
    from hepadose.segmentation.protocol import Segmentation, SegmentationInputs
    from hepadose.setup.check import ApplicationFacts, ComputerCheck
    from hepadose.worker.outcomes import LoadedPreflight, RegistrationOutcome
    from hepadose.worker.treatment import LoadedTreatment


def start_load_case(
    folder: Path, choices: CaseChoices | None = None, *, python: str | None = None
) -> WorkerJob[LoadedPreflight]:
    """Read and check the DICOM folder of a case and fill its structures.

    Parameters
    ----------
    folder : Path
        All DICOM files of the case, in any order and depth.
    choices : CaseChoices, optional
        Where the files leave a choice.
    python : str, optional
        The interpreter of the child process.

    Returns
    -------
    WorkerJob
        Its result is a :class:`~hepadose.worker.LoadedPreflight`: bad data are no failure of the job.
    """
    return WorkerJob(Runner("load_case", {"folder": Path(folder).absolute(), "choices": choices}, python=python))


def start_load_treatment(folder: Path, *, python: str | None = None) -> WorkerJob[LoadedTreatment]:
    """Read and check the DICOM folder of a radioembolization.

    Parameters
    ----------
    folder : Path
        All files of the case, in any order and depth: CT, outlines, PET or SPECT.
    python : str, optional
        The interpreter of the child process.

    Returns
    -------
    WorkerJob
        Its result is a :class:`~hepadose.worker.LoadedTreatment`.
    """
    return WorkerJob(Runner("load_treatment", {"folder": Path(folder).absolute()}, python=python))


def start_register(
    follow_up: Image,
    planning: Image,
    planning_liver: Image,
    follow_up_liver: Image | None,
    method: RegistrationMethod,
    *,
    dose_gy: Image | None = None,
    python: str | None = None,
) -> WorkerJob[RegistrationOutcome]:
    """Register the follow-up CT to the planning CT and bring planning CT, dose and liver onto its grid.

    Parameters
    ----------
    follow_up, planning : Image
        HU. None of the arrays may be changed before the job says that it is past handing over images.
    planning_liver : Image
        Boolean, on the grid of ``planning``.
    follow_up_liver : Image or None
        Boolean, on the grid of ``follow_up``.
    method : RegistrationMethod
        The last stage.
    dose_gy : Image, optional
        In the planning CT's coordinates.
    python : str, optional
        The interpreter of the child process.
    """
    inputs = {
        "follow_up": follow_up,
        "planning": planning,
        "planning_liver": planning_liver,
        "follow_up_liver": follow_up_liver,
        "method": str(method.value),
        "dose_gy": dose_gy,
    }
    return WorkerJob(Runner("register", inputs, python=python))


def start_segment(segmenter: str, inputs: SegmentationInputs, *, python: str | None = None) -> WorkerJob[Segmentation]:
    """Run a segmenter.

    Parameters
    ----------
    segmenter : str
        Key of one of :func:`~hepadose.worker.available_segmenters`.
    inputs : SegmentationInputs
        None of the arrays may be changed before the job says that it is past handing over images.
    python : str, optional
        The interpreter of the child process.

    Raises
    ------
    SettingsError
        If there is no such segmenter.
    """
    require_segmenter(segmenter)
    return WorkerJob(Runner("segment", {"segmenter": segmenter, "images": inputs}, python=python))


def start_sample_patient(folder: Path, *, python: str | None = None) -> WorkerJob[Path]:
    """Make the digital patient of the sample data where it is not there yet.

    Parameters
    ----------
    folder : Path
        Where sample data are kept between sessions; the patient appears in it when it is complete.
    python : str, optional
        The interpreter of the child process.

    Returns
    -------
    WorkerJob
        Its result is the patient's DICOM folder.
    """
    return _start_in_sample_folder("sample_patient", folder, python)


def start_sample_treatment(folder: Path, *, python: str | None = None) -> WorkerJob[LoadedTreatment]:
    """Make the digital patient of radioembolization where it is not there yet, and load it.

    Parameters
    ----------
    folder : Path
        Where sample data are kept between sessions; the patient appears in it when it is complete.
    python : str, optional
        The interpreter of the child process.

    Returns
    -------
    WorkerJob
        Its result is a :class:`~hepadose.worker.LoadedTreatment`.
    """
    return _start_in_sample_folder("sample_treatment", folder, python)


def _start_in_sample_folder(task: str, folder: Path, python: str | None) -> WorkerJob:
    folder = Path(folder).absolute()
    # On the same disk, so that the finished patient is only renamed; unlike the job's folder, which may be elsewhere.
    building = folder / f".building-{secrets.token_hex(4)}"
    return WorkerJob(Runner(task, {"folder": folder, "building": building}, python=python, leftovers=[building]))


def start_check_computer(
    application: ApplicationFacts | None = None, *, python: str | None = None
) -> WorkerJob[ComputerCheck]:
    """Look at what this computer can do; packages are imported in further processes, never here.

    Parameters
    ----------
    application : ApplicationFacts, optional
        What only the application knows.
    python : str, optional
        The interpreter of the child process, and the one whose packages are looked at.

    Returns
    -------
    WorkerJob
        Its result is a :class:`~hepadose.setup.check.ComputerCheck`.
    """
    return WorkerJob(Runner("check_computer", {"application": application}, python=python))
