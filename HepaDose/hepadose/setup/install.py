"""Which commands would install what is missing, and what to say when they fail. Nothing is installed here."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hepadose.errors import HepaDoseError, MissingDependencyError
from hepadose.setup.packages import Package, PackageGroup, PackageState, PackageStatus, missing_of

TORCH = "torch"
OFFERED = (PackageGroup.REPORT, PackageGroup.NETWORKS, PackageGroup.GRAPHICS_CARD)
"""Groups that the panel installs; whoever trains networks or brings MONAI bundles installs the others."""


class WheelFolderError(HepaDoseError):
    """The folder for an installation without network does not hold what is needed; choose or fill another one."""


@dataclass(frozen=True)
class InstallStep:
    """One step.

    Parameters
    ----------
    arguments : tuple of str
        For ``pip install``; empty where the PyTorch extension installs.
    torch_minimum : str
        Oldest release of PyTorch for the PyTorch extension to install; empty in a step of pip.
    """

    arguments: tuple[str, ...] = ()
    torch_minimum: str = ""


@dataclass(frozen=True)
class InstallPlan:
    """What would be installed, in order.

    Parameters
    ----------
    packages : tuple of Package
        What will work afterwards.
    steps : tuple of InstallStep
        Empty where everything works already.
    """

    packages: tuple[Package, ...] = ()
    steps: tuple[InstallStep, ...] = ()


def plan_installation(
    group: PackageGroup,
    statuses: Iterable[PackageStatus],
    *,
    wheel_folder: Path | None = None,
    pytorch_extension: bool = True,
) -> InstallPlan:
    """Plan the installation of one group of packages.

    Parameters
    ----------
    group : PackageGroup
        The packages that are wanted.
    statuses : iterable of PackageStatus
        Of all packages, as found on this computer.
    wheel_folder : Path, optional
        Folder of wheels for a computer without network.
    pytorch_extension : bool
        Whether the PyTorch extension is there to choose the build of PyTorch that fits the graphics card.

    Returns
    -------
    InstallPlan
        Packages that compute already are pinned, so that none that the application has loaded is replaced.

    Raises
    ------
    WheelFolderError
        If the folder lacks a wheel of a wanted package.
    MissingDependencyError
        If PyTorch is wanted from the network and the PyTorch extension is absent.
    """
    statuses = tuple(statuses)
    wanted = missing_of(group, statuses)
    if not wanted:
        return InstallPlan()
    offline = _offline_options(wheel_folder, wanted) if wheel_folder else ()
    steps = [_repair_step(wanted, offline)]
    names = [item.package for item in wanted]
    if not offline and any(package.name == TORCH for package in names):
        steps.append(_torch_step(names, pytorch_extension))
        names = [package for package in names if package.name != TORCH]
    if names:
        pins = [f"{item.package.name}=={item.version}" for item in statuses if _keeps(item)]
        steps.append(InstallStep((*offline, *(package.requirement for package in names), *pins)))
    return InstallPlan(tuple(item.package for item in wanted), tuple(step for step in steps if step))


def _keeps(status: PackageStatus) -> bool:
    return status.package.group is PackageGroup.CORE and status.state is PackageState.READY and bool(status.version)


def _repair_step(wanted: Sequence[PackageStatus], offline: tuple[str, ...]) -> InstallStep | None:
    """pip takes a half-installed package for installed, unless told to install it again."""
    broken = [item for item in wanted if item.state is PackageState.BROKEN]
    names = [item.culprit or item.package.requirement for item in broken]
    if not names:
        return None
    return InstallStep((*offline, "--force-reinstall", "--no-deps", *dict.fromkeys(names)))


def _torch_step(packages: Iterable[Package], pytorch_extension: bool) -> InstallStep:
    if not pytorch_extension:
        raise MissingDependencyError(
            "PyTorch is installed by the PyTorch extension, which knows the builds for each graphics card; install "
            "that extension with the Extensions Manager first, or choose a folder of wheels."
        )
    return InstallStep(torch_minimum=next(package.minimum for package in packages if package.name == TORCH))


def _offline_options(folder: Path, wanted: Iterable[PackageStatus]) -> tuple[str, ...]:
    wheels = {_normal(path.name.partition("-")[0]) for path in Path(folder).glob("*.whl")}
    missing = [item.package.name for item in wanted if _normal(item.package.name) not in wheels]
    if missing:
        raise WheelFolderError(
            f"The chosen folder holds no wheel of {', '.join(missing)}; ask for the files with the command below, or "
            "leave the folder empty to install from the network."
        )
    return ("--no-index", "--find-links", str(folder))


def _normal(name: str) -> str:
    """Names of packages are compared as PEP 503 says."""
    return re.sub(r"[-_.]+", "-", name).lower()


def commands_for_it(
    statuses: Iterable[PackageStatus], *, wheel_folder: Path | None = None, pytorch_extension: bool = True
) -> str:
    """What to type to install what is missing of :data:`OFFERED`, or to fill the folder of wheels where it lacks some.

    Parameters
    ----------
    statuses, wheel_folder, pytorch_extension
        As for :func:`plan_installation`.

    Returns
    -------
    str
        One line per command; empty where nothing is missing.
    """
    statuses = tuple(statuses)
    lines = []
    for group in OFFERED:
        try:
            options = {"wheel_folder": wheel_folder, "pytorch_extension": pytorch_extension}
            lines.append(install_command(plan_installation(group, statuses, **options)))
        except HepaDoseError:
            lines.append(download_command(item.package for item in missing_of(group, statuses)))
    return "\n".join(line for line in lines if line)


def install_command(plan: InstallPlan, python: str = "PythonSlicer") -> str:
    """What somebody with the right to do so may type to get the same, one line per step.

    Parameters
    ----------
    plan : InstallPlan
    python : str
        The interpreter's name in a shell.

    Returns
    -------
    str
        Empty where the plan is.

    Examples
    --------
    >>> install_command(InstallPlan((), (InstallStep(("jinja2>=3.1",)),)))
    'PythonSlicer -m pip install "jinja2>=3.1"'
    """
    lines = []
    for step in plan.steps:
        arguments = step.arguments or (f"{TORCH}>={step.torch_minimum}",)
        lines.append(" ".join([python, "-m pip install", *(_quoted(argument) for argument in arguments)]))
    return "\n".join(lines)


def download_command(packages: Iterable[Package]) -> str:
    """What fills a folder of wheels on a computer that has a network, for the Python and system of this one.

    Parameters
    ----------
    packages : iterable of Package

    Returns
    -------
    str
    """
    version = ".".join(platform.python_version_tuple()[:2])
    names = " ".join(_quoted(package.requirement) for package in packages)
    return f"python -m pip download --only-binary=:all: --python-version {version} --dest wheels {names}"


def _quoted(argument: str) -> str:
    """In double quotes where a shell of any system would take it for something else."""
    return argument if re.fullmatch(r"[\w./:=+-]+", argument) else f'"{argument}"'


_REASONS = (
    (r"No space left|not enough space", "there is no room left on the disk"),
    (r"Permission denied|Access is denied|WinError 5\b", "this account may not write into 3D Slicer's folder"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", "the network's certificate is not trusted, as behind a hospital's proxy"),
    (r"ProxyError|407 ", "the network's proxy refuses the connection"),
    (
        r"NewConnectionError|Failed to establish|name resolution|getaddrinfo|ConnectTimeout|timed out|No route to host",
        "there is no connection to the package server",
    ),
    (r"ResolutionImpossible|conflicting dependencies", "the packages do not fit the ones that are installed"),
    (r"No matching distribution|Could not find a version", "a package is offered nowhere for this Python and system"),
)


def failure_in_words(log: Iterable[str]) -> str:
    """Why pip failed, in words, without what it printed: that may hold paths and names.

    Parameters
    ----------
    log : iterable of str
        Lines that pip printed.

    Returns
    -------
    str

    Examples
    --------
    >>> failure_in_words(["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"])
    'there is no room left on the disk'
    """
    text = "\n".join(log)
    return next(
        (words for pattern, words in _REASONS if re.search(pattern, text)), "the installer gives no known reason"
    )
