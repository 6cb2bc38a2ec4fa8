"""Which Python packages HepaDose can use, and in what state each of them is.

A package is looked at in a child process: an import that hangs, crashes or takes seconds must not reach the
application. This module never imports a package that it reports on.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hepadose.errors import HepaDoseError


class PackageGroup(StrEnum):
    """What packages are for."""

    CORE = "core"
    REPORT = "report"
    NETWORKS = "networks"
    """What runs the networks that HepaDose brings, on the processor."""
    GRAPHICS_CARD = "graphics card"
    """What runs networks on a graphics card, trains them, and runs networks of others; gigabytes."""
    TRAINING = "training"
    """What a training saves and exports with, beside PyTorch."""
    MONAI = "monai"
    """What the user's own MONAI bundles need, beside PyTorch."""


class PackageState(StrEnum):
    """Whether a package can be used."""

    READY = "ready"
    ABSENT = "absent"
    OUTDATED = "outdated"
    BROKEN = "broken"
    """Half installed: its description is there, its import fails."""


@dataclass(frozen=True)
class Package:
    """One package.

    Parameters
    ----------
    name : str
        As pip knows it.
    module : str
        As Python imports it.
    minimum : str
        Oldest release that will do.
    group : PackageGroup
    gives : str
        What works with it, in the user's words.
    """

    name: str
    module: str
    minimum: str
    group: PackageGroup
    gives: str

    @property
    def requirement(self) -> str:
        """For pip: "matplotlib>=3.9"."""
        return f"{self.name}>={self.minimum}"


@dataclass(frozen=True)
class PackageStatus:
    """What was found about one package.

    Parameters
    ----------
    package : Package
    state : PackageState
    version : str
        Empty where it is absent.
    reason : str
        Why it cannot be imported, without paths; empty where it can.
    culprit : str
        The installed package whose files are missing where that is another one; else empty.
    device : str
        What PyTorch computes on: "cuda", "mps" or "cpu"; empty for other packages.
    """

    package: Package
    state: PackageState
    version: str = ""
    reason: str = ""
    culprit: str = ""
    device: str = ""


# A child process must not flash a console on Windows; elsewhere there is no such flag.
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)

_COMPUTING = "all computations"
_FIGURES = "figures in the report"
_CARD = "networks on a graphics card, training, MONAI bundles"
_TRAINING = "training and exporting networks of your own"

PACKAGES: tuple[Package, ...] = (
    Package("numpy", "numpy", "2.0", PackageGroup.CORE, _COMPUTING),
    Package("scipy", "scipy", "1.14", PackageGroup.CORE, _COMPUTING),
    Package("SimpleITK", "SimpleITK", "2.4", PackageGroup.CORE, "registration and image files"),
    Package("pydicom", "pydicom", "3.0", PackageGroup.CORE, "reading DICOM without SlicerRT"),
    Package("matplotlib", "matplotlib", "3.9", PackageGroup.REPORT, _FIGURES),
    Package("jinja2", "jinja2", "3.1", PackageGroup.REPORT, "the report as a web page"),
    Package("onnxruntime", "onnxruntime", "1.20", PackageGroup.NETWORKS, "segmentation by neural networks"),
    Package("torch", "torch", "2.6", PackageGroup.GRAPHICS_CARD, _CARD),
    Package("safetensors", "safetensors", "0.4", PackageGroup.TRAINING, _TRAINING),
    Package("onnx", "onnx", "1.17", PackageGroup.TRAINING, _TRAINING),
    Package("monai", "monai", "1.4", PackageGroup.MONAI, "segmentation by MONAI bundles of your own"),
)


class ProbeError(HepaDoseError):
    """The packages cannot be looked at, because no Python interpreter can be started."""


def packages_of(*groups: PackageGroup) -> tuple[Package, ...]:
    """The packages of some groups, in the order in which they are shown.

    Returns
    -------
    tuple of Package
    """
    return tuple(package for package in PACKAGES if package.group in groups)


def missing_of(group: PackageGroup, statuses: Iterable[PackageStatus]) -> tuple[PackageStatus, ...]:
    """What of a group cannot be used as it is: absent, outdated or half installed.

    Parameters
    ----------
    group : PackageGroup
    statuses : iterable of PackageStatus

    Returns
    -------
    tuple of PackageStatus
    """
    return tuple(item for item in statuses if item.package.group is group and item.state is not PackageState.READY)


def probe_packages(
    python: str,
    packages: Sequence[Package] = PACKAGES,
    *,
    environment: dict[str, str] | None = None,
    timeout_s: float = 60.0,
) -> tuple[PackageStatus, ...]:
    """Import packages in child processes and say which of them work.

    Parameters
    ----------
    python : str
        Interpreter whose packages are meant.
    packages : sequence of Package, optional
    environment : dict, optional
        Environment of the child; the own one if omitted. It must let the child find this library.
    timeout_s : float
        For one child process; a package whose import takes longer counts as broken.

    Returns
    -------
    tuple of PackageStatus
        One per package, in their order.

    Raises
    ------
    ProbeError
        If the interpreter cannot be started.
    """
    answers: dict[str, dict] = {}
    waiting = list(packages)
    while waiting:
        reason = _ask(python, waiting, answers, environment, timeout_s)
        left = [package for package in waiting if package.name not in answers]
        if left:
            # The child died or hung at the first package without an answer; the others get another child.
            answers[left[0].name] = {"version": "?", "problem": reason}
        waiting = left[1:]
    return tuple(status_of(package, **answers[package.name]) for package in packages)


def _ask(
    python: str, packages: Iterable[Package], answers: dict[str, dict], environment: dict | None, timeout_s: float
) -> str:
    """Run one child, take up its answers, and say why it may have stopped early."""
    pairs = [f"{package.name}={package.module}" for package in packages]
    reason = "its import ends the program"
    try:
        done = subprocess.run(
            [python, "-m", "hepadose.setup.probe", *pairs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=timeout_s,
            creationflags=_NO_WINDOW,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as stopped:
        output, reason = stopped.stdout or b"", f"its import takes longer than {timeout_s:g} s"
    except OSError as problem:
        raise ProbeError(
            f"The packages cannot be looked at: Python cannot be started ({problem.strerror}); repair the installation."
        ) from problem
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            answer = json.loads(line)
            answers[answer.pop("name")] = answer
        except (ValueError, KeyError, TypeError, AttributeError):
            # Packages print what they like while they are imported.
            continue
    return reason


def status_of(
    package: Package, version: str | None, problem: str | None, culprit: str = "", device: str = ""
) -> PackageStatus:
    """What a version and an import problem mean.

    Parameters
    ----------
    package : Package
    version : str or None
        As its description states; None where it has none.
    problem : str or None
        Why its import fails; None where it works.
    culprit, device : str
        See :class:`PackageStatus`.

    Returns
    -------
    PackageStatus

    Examples
    --------
    >>> status_of(PACKAGES[4], "3.8.1", None).state
    <PackageState.OUTDATED: 'outdated'>
    >>> status_of(PACKAGES[4], "3.10.0", None).state
    <PackageState.READY: 'ready'>
    >>> status_of(PACKAGES[4], None, "there is no module of this name").state
    <PackageState.ABSENT: 'absent'>
    """
    if version is None and problem is not None:
        return PackageStatus(package, PackageState.ABSENT)
    if problem is not None:
        return PackageStatus(package, PackageState.BROKEN, version, problem, culprit)
    if version is not None and release_of(version) < release_of(package.minimum):
        return PackageStatus(package, PackageState.OUTDATED, version)
    return PackageStatus(package, PackageState.READY, version or "", device=device)


def release_of(version: str) -> tuple[int, ...]:
    """The numbers of a release, for comparison; 0 for what is no number, without trailing zeros.

    Parameters
    ----------
    version : str
        As pip states it, "2.9.1+cu130".

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> release_of("2.10.1+cu126") > release_of("2.9") > release_of("2.9rc1.dev0") == release_of("2")
    True
    """
    numbers = [int(part) if part.isdecimal() else 0 for part in version.partition("+")[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
