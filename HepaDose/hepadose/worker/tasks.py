"""What a child process can be asked to do."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepadose.errors import OutputError
from hepadose.images import Image
from hepadose.registration import Registration, RegistrationMethod, RegistrationSettings, register
from hepadose.timing import TimingLog
from hepadose.worker.outcomes import LoadedPreflight, RegistrationOutcome
from hepadose.worker.process import child_environment, find_python
from hepadose.worker.stages import Progress, part, reshaped, shares

if TYPE_CHECKING:
    from hepadose.setup.check import ComputerCheck

Task = Callable[[dict[str, Any], Progress, TimingLog], Any]

_REGISTRATION_PARTS = (0.05, 0.15, 0.30, 0.90, 1.0)
"""Where the registration's parts end in the fractions that it reports: start, rigid, affine, B-spline, quality."""


def run_load_case(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> LoadedPreflight:
    """Read and check a DICOM folder, and fill its structures."""
    from hepadose.worker.loading import load_case

    return load_case(inputs["folder"], inputs["choices"], progress, log)


def run_register(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> RegistrationOutcome:
    """Register, and bring dose, planning CT and liver onto the follow-up CT."""
    follow_up, planning, liver = inputs["follow_up"], inputs["planning"], inputs["follow_up_liver"]
    method = RegistrationMethod(inputs["method"])
    costs = _registration_costs(follow_up, planning, liver is not None)
    (_, half), (_, _) = shares([sum(costs), _carrying_cost(follow_up, liver is not None)])
    with log.step("Register", method=method.value):
        registration = register(
            follow_up,
            planning,
            inputs["planning_liver"],
            liver,
            settings=RegistrationSettings(method=method),
            progress=reshaped(part(progress, 0.0, half), _REGISTRATION_PARTS, costs),
        )
    with log.step("Resample dose"):
        return _carried_over(inputs, registration, part(progress, half, 1.0))


def _carried_over(inputs: dict[str, Any], registration: Registration, progress: Progress) -> RegistrationOutcome:
    from hepadose.worker.aligned import AIR_HU, AlignedGrid

    progress("Carrying the liver over", 0.0)
    aligned = AlignedGrid(inputs["follow_up"], registration.transform)
    own_liver = inputs["follow_up_liver"]
    liver = aligned.liver(inputs["planning_liver"]) if own_liver is None else own_liver
    aligned.look_around(liver)
    progress("Resampling the planning CT", 0.35 if own_liver is None else 0.05)
    planning = aligned.resampled(inputs["planning"], AIR_HU)
    dose = inputs["dose_gy"]
    if dose is not None:
        progress("Resampling the dose", 0.7 if own_liver is None else 0.5)
        dose = aligned.resampled(dose, float("nan"))
    progress("Handing over the result", 0.99)
    return RegistrationOutcome(registration, liver, planning, dose, own_liver is None)


def _registration_costs(follow_up: Image, planning: Image, with_liver: bool) -> list[float]:
    """Seconds of start, rigid, affine, B-spline and quality on the machine on which they were measured.

    Only their proportions matter: how much faster a machine is, shows soon.
    """
    both, later = (follow_up.array.size + planning.array.size) / 1e6, follow_up.array.size / 1e6
    if with_liver:
        return [0.2 + 0.03 * both, 0.3 + 0.013 * both, 0.3 + 0.012 * both, 3.0, 0.5 + 0.3 * later]
    return [0.2 + 0.07 * both, 0.3 + 0.02 * both, 0.3 + 0.018 * both, 6.0, 0.5]


def _carrying_cost(follow_up: Image, with_liver: bool) -> float:
    return 0.3 + (0.2 if with_liver else 0.35) * follow_up.array.size / 1e6


def run_segment(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> Any:
    """Find the liver, the reaction or a tumor."""
    from hepadose.worker.segmenters import REACTION, make_segmenter

    segmenter = make_segmenter(inputs["segmenter"])
    with log.step(f"Segment {getattr(segmenter, 'task', REACTION)}", segmenter=segmenter.name):
        return segmenter.segment(inputs["images"], progress)


def run_sample_patient(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> Path:
    """Make the digital patient unless it is there, and give its DICOM folder."""
    from hepadose.setup.sample import sample_patient_folder

    building: Path = inputs["building"]
    with _building_in(building), log.step("Sample patient"):
        return sample_patient_folder(inputs["folder"], progress, build_folder=building)


def run_sample_treatment(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> Any:
    """Make the digital patient of radioembolization unless it is there, and load it."""
    from hepadose.setup.sirt_sample import make_sirt_sample
    from hepadose.worker.treatment import load_sample_treatment

    building: Path = inputs["building"]
    with _building_in(building), log.step("Sample patient"):
        folder = make_sirt_sample(inputs["folder"], part(progress, 0.0, 0.9), build_folder=building)
    return load_sample_treatment(folder, part(progress, 0.9, 1.0), log)


def run_load_treatment(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> Any:
    """Read and check the DICOM folder of a radioembolization."""
    from hepadose.worker.treatment import load_treatment

    return load_treatment(inputs["folder"], progress, log)


@contextlib.contextmanager
def _building_in(building: Path) -> Iterator[None]:
    """A folder in which sample data are built; gone afterwards, and told where it cannot be written."""
    try:
        building.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise OutputError(
            f"The folder of the sample data cannot be written ({reason}); choose another folder for temporary files."
        ) from problem
    finally:
        shutil.rmtree(building, ignore_errors=True)


def run_check_computer(inputs: dict[str, Any], progress: Progress, log: TimingLog) -> ComputerCheck:
    """Look at the computer with the interpreter that computes."""
    from hepadose.setup.check import examine_computer

    with log.step("Check computer"):
        return examine_computer(
            find_python(), inputs["application"], environment=child_environment(), progress=progress
        )


TASKS: dict[str, Task] = {
    "load_case": run_load_case,
    "load_treatment": run_load_treatment,
    "register": run_register,
    "segment": run_segment,
    "sample_patient": run_sample_patient,
    "sample_treatment": run_sample_treatment,
    "check_computer": run_check_computer,
}
"""By the name in the request."""
