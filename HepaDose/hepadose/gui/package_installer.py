"""Installing optional packages through Slicer, step by step, while the window stays alive."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from subprocess import CalledProcessError

from hepadose.setup.install import InstallPlan, InstallStep, failure_in_words

Ended = Callable[[int], None]


def install_packages(plan: InstallPlan, when_done: Callable[[str], None]) -> None:
    """Carry a plan out; the user has asked for it.

    Parameters
    ----------
    plan : InstallPlan
        Its steps are taken in order; the first failure ends it.
    when_done : callable
        Called with the reason of a failure in words, or with an empty text where everything is installed.
    """
    _next_step(plan.steps, when_done)


def needs_restart(plan: InstallPlan) -> bool:
    """Whether a package of the plan was loaded before, so that its old files are in use until Slicer restarts."""
    return any(package.module in sys.modules for package in plan.packages)


def _next_step(steps: Sequence[InstallStep], when_done: Callable[[str], None]) -> None:
    if not steps:
        importlib.invalidate_caches()
        when_done("")
        return
    log: list[str] = []

    def ended(return_code: int) -> None:
        if return_code:
            when_done(failure_in_words(log))
        else:
            _next_step(steps[1:], when_done)

    if steps[0].torch_minimum:
        ended(_install_torch(steps[0].torch_minimum, log))
    else:
        _pip_install(steps[0], log, ended)


def _pip_install(step: InstallStep, log: list[str], ended: Ended) -> None:
    import slicer.packaging

    try:
        slicer.packaging.pip_install(
            list(step.arguments), blocking=False, show_progress=False, logCallback=log.append, completedCallback=ended
        )
    except RuntimeError as problem:
        # Another installation runs, or there is no interpreter.
        log.append(str(problem))
        ended(1)


def _install_torch(minimum: str, log: list[str]) -> int:
    """Let the PyTorch extension choose the build for the graphics card; 0 where PyTorch works afterwards."""
    try:
        import PyTorchUtils

        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(torchVersionRequirement=f">={minimum}")
    except (CalledProcessError, ImportError, OSError, RuntimeError, ValueError) as problem:
        log.append(str(problem))
        return 1
    return 0 if torch is not None else 1
