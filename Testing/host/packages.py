"""``slicer.packaging``: the same functions and arguments as Slicer's; nothing is ever installed.

A test that needs an installation puts a function of its own into ``PACKAGES.installer``.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from packaging.requirements import Requirement


@dataclass
class Packages:
    """What was asked for, and what does it in place of pip.

    Attributes
    ----------
    requests : list of list of str
        Arguments of every call of ``pip_install``.
    installer : callable, optional
        Called with the arguments and a function for lines of the log; returns pip's exit code.
    """

    requests: list[list[str]] = field(default_factory=list)
    installer: Callable | None = None

    def reset(self) -> None:
        """Forget requests and installer."""
        self.requests.clear()
        self.installer = None

    def run(self, arguments: list[str], log: Callable[[str], None]) -> int:
        """Hand a request to the test's installer."""
        self.requests.append(arguments)
        if self.installer is None:
            raise RuntimeError(f"the stand-in of Slicer installs nothing: {' '.join(arguments)}")
        return self.installer(arguments, log)


PACKAGES = Packages()


def pip_check(req, _seen=None):
    """Whether a requirement is satisfied, given as one or a list of ``packaging.requirements.Requirement``."""
    if isinstance(req, (list, tuple)):
        return all(pip_check(item) for item in req)
    if not isinstance(req, Requirement):
        raise TypeError(f"pip_check needs a packaging.requirements.Requirement, got {type(req).__name__}")
    if req.marker is not None and not req.marker.evaluate():
        return True
    try:
        installed = importlib.metadata.version(req.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return req.specifier.contains(installed, prereleases=True)


def pip_install(
    requirements,
    constraints=None,
    no_deps_requirements=None,
    skip_packages=None,
    blocking=True,
    show_progress=True,
    requester=None,
    parent=None,
    logCallback=None,
    completedCallback=None,
):
    """Ask for an installation; with ``blocking=False`` the result is told by ``completedCallback``."""
    arguments = requirements.split() if isinstance(requirements, str) else list(requirements)
    code = PACKAGES.run(arguments, logCallback or (lambda line: None))
    if not blocking:
        if completedCallback is not None:
            completedCallback(code)
    elif code:
        raise subprocess.CalledProcessError(code, ["pip", "install", *arguments])
    return [] if skip_packages is not None else None


def pip_uninstall(requirements):
    """Refused: nothing in the test's environment is taken away."""
    raise RuntimeError(f"the stand-in of Slicer uninstalls nothing: {requirements}")


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install=True,
    prompt_restart=True,
    requester=None,
    skip_in_testing=True,
    show_progress=True,
):
    """Install what is missing of the requirements, after asking."""
    import slicer

    missing = [item for item in requirements if not pip_check(item)]
    if not missing:
        return None
    title = f"{requester} - Install Python Packages" if requester else "Install Python Packages"
    text = f"{len(missing)} Python packages need to be installed. This will modify Slicer's Python environment."
    if prompt_install and not slicer.util.confirmOkCancelDisplay(
        text, title, detailedText="\n".join(map(str, missing))
    ):
        raise RuntimeError("User declined package installation")
    return pip_install([str(item) for item in missing], constraints, None, skip_packages, requester=requester)
