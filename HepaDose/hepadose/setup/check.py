"""Check this computer: what works on it and what does not, in words."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hepadose.findings import Finding, Level, error, ok, warning
from hepadose.setup.machine import Machine, look_at_machine
from hepadose.setup.packages import (
    PACKAGES,
    PackageGroup,
    PackageState,
    PackageStatus,
    probe_packages,
    release_of,
)

Progress = Callable[[str, float], None]

SLICER_FLOOR = "5.12"
LEAST_MEMORY_GB, GOOD_AVAILABLE_GB = 6.0, 3.0
"""A case of 512 x 512 x 200 voxels takes about 2 GB; Slicer itself and the system need the rest."""
LEAST_TEMPORARY_GB, GOOD_TEMPORARY_GB = 1.0, 5.0
GOOD_CORES = 4


@dataclass(frozen=True)
class ApplicationFacts:
    """What only the application knows.

    Parameters
    ----------
    slicer_version : str
        Empty outside of 3D Slicer.
    slicerrt : bool or None
        Whether the SlicerRT extension is installed; None outside of 3D Slicer.
    pytorch_extension : bool or None
        Whether the PyTorch extension is installed; None outside of 3D Slicer.
    """

    slicer_version: str = ""
    slicerrt: bool | None = None
    pytorch_extension: bool | None = None


@dataclass(frozen=True)
class ComputerCheck:
    """Everything that was found.

    Parameters
    ----------
    findings : tuple of Finding
        In words: green, amber and red, without paths or names.
    packages : tuple of PackageStatus
        For planning an installation.
    """

    findings: tuple[Finding, ...]
    packages: tuple[PackageStatus, ...]


def examine_computer(
    python: str,
    application: ApplicationFacts | None = None,
    *,
    environment: dict[str, str] | None = None,
    progress: Progress = lambda text, share: None,
) -> ComputerCheck:
    """Look at the computer: seconds, in which PyTorch may be imported in a child process.

    Parameters
    ----------
    python : str
        Interpreter whose packages are meant: the one that computes.
    application : ApplicationFacts, optional
        What the application told; outside of 3D Slicer if omitted.
    environment : dict, optional
        Environment of child processes; must let them find this library.
    progress : callable, optional
        Called with what is being done and the share done (0–1).

    Returns
    -------
    ComputerCheck
    """
    progress("Looking at the computer", 0.0)
    machine = look_at_machine()
    progress("Looking at the Python packages", 0.3)
    statuses = probe_packages(python, PACKAGES, environment=environment)
    return ComputerCheck(describe(machine, statuses, application or ApplicationFacts()), statuses)


def check_computer(python: str, application: ApplicationFacts | None = None) -> tuple[Finding, ...]:
    """The findings of :func:`examine_computer` alone.

    Parameters
    ----------
    python, application
        As for :func:`examine_computer`.

    Returns
    -------
    tuple of Finding
    """
    return examine_computer(python, application).findings


def describe(machine: Machine, statuses: Sequence[PackageStatus], application: ApplicationFacts) -> tuple[Finding, ...]:
    """Put what was found into words, in the order in which it matters to the user.

    Parameters
    ----------
    machine : Machine
    statuses : sequence of PackageStatus
        Of all packages.
    application : ApplicationFacts

    Returns
    -------
    tuple of Finding
    """
    return (
        *_application(application),
        _processor(machine),
        _memory(machine),
        _disk(machine),
        _graphics(machine, statuses),
        *(finding for group in PackageGroup for finding in _packages(statuses, group)),
    )


def _application(facts: ApplicationFacts) -> list[Finding]:
    python = ok("Python", f"Version {platform.python_version()}.")
    if not facts.slicer_version:
        return [ok("3D Slicer", "Not used here: HepaDose runs in Python alone."), python]
    found = f"Version {facts.slicer_version}"
    if release_of(facts.slicer_version) < release_of(SLICER_FLOOR):
        slicer = warning(
            "3D Slicer", f"{found} is older than {SLICER_FLOOR}, with which HepaDose is tested; update it."
        )
    else:
        slicer = ok("3D Slicer", f"{found}.")
    return [slicer, python, _slicerrt(facts)]


def _slicerrt(facts: ApplicationFacts) -> Finding:
    if facts.slicerrt:
        return ok("SlicerRT", "Installed: 3D Slicer itself loads doses and structures.")
    return warning(
        "SlicerRT",
        "Not installed: HepaDose reads the folder of a case itself, but 3D Slicer's own DICOM browser shows no doses "
        "and structures; the Extensions Manager installs it.",
    )


def _processor(machine: Machine) -> Finding:
    found = f"{machine.cores} core{'s' if machine.cores > 1 else ''}"
    if machine.cores < GOOD_CORES:
        return warning("Processor", f"{found}: everything works, registration and segmentation take longer.")
    return ok("Processor", f"{found}.")


def _memory(machine: Machine) -> Finding:
    if math.isnan(machine.memory_gb):
        return warning("Memory", f"The system does not tell; at least {LEAST_MEMORY_GB:.0f} GB are needed.")
    found = f"{machine.memory_gb:.0f} GB"
    if machine.memory_gb < LEAST_MEMORY_GB:
        return error(
            "Memory", f"{found}: too little for a CT of full size; at least {LEAST_MEMORY_GB:.0f} GB are needed."
        )
    if machine.available_gb < GOOD_AVAILABLE_GB:
        return warning("Memory", f"{found}, but only {machine.available_gb:.1f} GB are free: close other programs.")
    free = "" if math.isnan(machine.available_gb) else f", {machine.available_gb:.0f} GB free"
    return ok("Memory", f"{found}{free}.")


def _disk(machine: Machine) -> Finding:
    subject = "Disk space"
    if math.isnan(machine.temporary_gb):
        return warning(subject, "The system does not tell how much room is left for temporary files.")
    found = f"{machine.temporary_gb:.1f} GB free for temporary files"
    if machine.temporary_gb < LEAST_TEMPORARY_GB:
        return error(subject, f"{found}: work in the background will fail; make room.")
    if machine.temporary_gb < GOOD_TEMPORARY_GB:
        return warning(subject, f"{found}: enough for a few cases; make room.")
    return ok(subject, f"{found}.")


def _graphics(machine: Machine, statuses: Sequence[PackageStatus]) -> Finding:
    """What neural networks would run on; nothing else needs a graphics card."""
    subject = "Graphics card"
    usable = _is_ready("torch", statuses)
    device = next((status.device for status in statuses if status.package.name == "torch"), "")
    if not machine.graphics_cards:
        if usable and device == "mps":
            return ok(subject, "Apple graphics processor, used by neural networks.")
        return ok(subject, "None for computing; only neural networks use one.")
    found = "; ".join(f"{card.name} with {card.memory_gb:.0f} GB" for card in machine.graphics_cards)
    if not usable:
        return ok(subject, f"{found}; neural networks use it where PyTorch is installed.")
    if device == "cpu":
        return warning(subject, f"{found}, but the installed PyTorch cannot use it: install PyTorch anew.")
    return ok(subject, f"{found}.")


def _is_ready(name: str, statuses: Iterable[PackageStatus]) -> bool:
    return any(status.package.name == name and status.state is PackageState.READY for status in statuses)


_TITLES = {
    PackageGroup.CORE: "Computing packages",
    PackageGroup.REPORT: "Report packages",
    PackageGroup.NETWORKS: "Networks",
    PackageGroup.GRAPHICS_CARD: "PyTorch",
    PackageGroup.TRAINING: "Training packages",
    PackageGroup.MONAI: "MONAI",
}


_FOR_FEW = (PackageGroup.GRAPHICS_CARD, PackageGroup.TRAINING, PackageGroup.MONAI)


def _packages(statuses: Sequence[PackageStatus], group: PackageGroup) -> list[Finding]:
    """One green line for everything that works, one line for everything that is absent, one for each defect."""
    own = [status for status in statuses if status.package.group is group]
    ready = [status for status in own if status.state is PackageState.READY]
    absent = [status for status in own if status.state is PackageState.ABSENT]
    findings = []
    if ready:
        names = ", ".join(f"{status.package.name} {status.version}".strip() for status in ready)
        findings.append(ok(_TITLES[group], f"{names}."))
    if absent:
        findings.append(_absent(absent, group, _is_ready("torch", statuses)))
    return findings + [_defect(status) for status in own if status not in ready and status not in absent]


def _absent(absent: Sequence[PackageStatus], group: PackageGroup, has_torch: bool) -> Finding:
    names = ", ".join(status.package.name for status in absent)
    without = "; ".join(dict.fromkeys(status.package.gives for status in absent))
    if group in _FOR_FEW:
        # Nobody should install gigabytes for nothing.
        return ok(_TITLES[group], f"Not installed: {names}. Only needed for: {without}.")
    if group is PackageGroup.NETWORKS and has_torch:
        return ok(_TITLES[group], f"Not installed: {names}. PyTorch runs the networks in its place, more slowly.")
    text = f"Not installed: {names}. Without them HepaDose lacks: {without}."
    return (
        error(_TITLES[group], text)
        if group is PackageGroup.CORE
        else warning(_TITLES[group], f"{text} All else works.")
    )


def _defect(status: PackageStatus) -> Finding:
    """An outdated or half-installed package."""
    package = status.package
    level = Level.ERROR if package.group is PackageGroup.CORE else Level.WARNING
    if status.state is PackageState.OUTDATED:
        text = f"{package.name} {status.version} is too old, {package.minimum} is needed for {package.gives}."
    else:
        text = (
            f"{package.name} {status.version} is half installed: {status.reason}. Without it HepaDose lacks: "
            f"{package.gives}. Installing again repairs it."
        )
    return Finding(level, _TITLES[package.group], text)
