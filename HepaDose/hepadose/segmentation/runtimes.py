"""What runs a network: one protocol, several runtimes, and the choice between them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from hepadose.errors import HepaDoseError, MissingDependencyError
from hepadose.findings import Finding, warning
from hepadose.segmentation.bundle import Bundle

SUBJECT = "Network"


class DeviceMemoryError(HepaDoseError):
    """A tile does not fit into the memory of the device; smaller tiles may."""


class DeviceFailedError(HepaDoseError):
    """A device has stopped working or computes what are no numbers; another one may do."""


class RuntimeName(StrEnum):
    """Which library runs a network."""

    AUTOMATIC = "automatic"
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


class DeviceName(StrEnum):
    """Where a network runs."""

    AUTOMATIC = "automatic"
    CPU = "cpu"
    GPU = "gpu"


class Runtime(Protocol):
    """A network that is ready to run."""

    description: str
    """Library, version and device, for results and logs."""
    on_gpu: bool

    def predict(self, tile: np.ndarray) -> np.ndarray:
        """Run the network once.

        Parameters
        ----------
        tile : numpy.ndarray, shape (1, C, k, j, i)
            32-bit floats.

        Returns
        -------
        numpy.ndarray, shape (labels, k, j, i)
            Logits, 32-bit floats.

        Raises
        ------
        DeviceMemoryError
            If the memory does not suffice for a tile of this size.
        DeviceFailedError
            If a graphics card fails for another reason.
        """


@dataclass(frozen=True)
class RuntimeChoice:
    """What runs a network, and where.

    Parameters
    ----------
    runtime : RuntimeName
    device : DeviceName
    threads : int
        On the processor; 0 takes OMP_NUM_THREADS where it is set, else all cores.
    """

    runtime: RuntimeName = RuntimeName.AUTOMATIC
    device: DeviceName = DeviceName.AUTOMATIC
    threads: int = 0

    @property
    def thread_count(self) -> int:
        """Threads on the processor.

        Returns
        -------
        int
        """
        stated = os.environ.get("OMP_NUM_THREADS", "")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.threads or (int(stated) if stated.isdecimal() and int(stated) else cores)


Opener = Callable[[], Runtime]


@dataclass(frozen=True)
class Ladder:
    """Ways to run a network, the first one first; each later one is for when the memory of the earlier one ends."""

    steps: tuple[Opener, ...]
    findings: tuple[Finding, ...] = ()


def ladder_for(bundle: Bundle, choice: RuntimeChoice | None = None) -> Ladder:
    """The ways to run a model on this computer.

    A graphics card comes first where PyTorch can use one that passes its self-test; on the processor onnxruntime, which
    is the faster one there; else PyTorch.

    Parameters
    ----------
    bundle : Bundle
    choice : RuntimeChoice, optional
        Everything automatic if omitted.

    Returns
    -------
    Ladder

    Raises
    ------
    MissingDependencyError
        If what was chosen, or everything, is not installed; the message says what to install.
    """
    choice = choice or RuntimeChoice()
    findings: list[Finding] = []
    steps: list[Opener] = []
    if choice.device is DeviceName.GPU and choice.runtime is RuntimeName.ONNXRUNTIME:
        findings.append(warning(SUBJECT, "onnxruntime is used on the processor only; choose PyTorch for the card."))
    elif choice.device is not DeviceName.CPU and choice.runtime is not RuntimeName.ONNXRUNTIME:
        steps += _on_gpu(bundle, choice, findings)
    steps += _on_processor(bundle, choice)
    return Ladder(tuple(steps), tuple(findings))


def is_installed(package: str) -> bool:
    """Whether a package can be found, without importing it.

    Parameters
    ----------
    package : str
        As Python imports it.

    Returns
    -------
    bool
    """
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _on_gpu(bundle: Bundle, choice: RuntimeChoice, findings: list[Finding]) -> list[Opener]:
    from hepadose.segmentation.devices import driver_is_present, require_working_gpu

    asked = choice.device is DeviceName.GPU
    if not is_installed("torch"):
        if asked:
            findings.append(
                warning(
                    SUBJECT, "A graphics card is used through PyTorch only, which is missing; the processor is used."
                )
            )
        return []
    # Importing PyTorch takes seconds, which is for nothing where no driver is installed.
    if not asked and not driver_is_present():
        return []
    try:
        device = require_working_gpu()
    except HepaDoseError as problem:
        findings.append(warning(SUBJECT, f"{problem} The processor is used."))
        return []
    from hepadose.segmentation.runtime_torch import TorchRuntime

    return [lambda: TorchRuntime(bundle, device, choice.thread_count)]


def _on_processor(bundle: Bundle, choice: RuntimeChoice) -> list[Opener]:
    threads = choice.thread_count
    if choice.runtime is not RuntimeName.TORCH and bundle.graph and is_installed("onnxruntime"):
        from hepadose.segmentation.runtime_onnx import OnnxRuntime

        return [lambda: OnnxRuntime(bundle, threads)]
    if choice.runtime is not RuntimeName.ONNXRUNTIME and is_installed("torch"):
        from hepadose.segmentation.runtime_torch import TorchRuntime

        return [lambda: TorchRuntime(bundle, "cpu", threads)]
    raise MissingDependencyError(_what_to_install(bundle, choice))


def _what_to_install(bundle: Bundle, choice: RuntimeChoice) -> str:
    if choice.runtime is not RuntimeName.TORCH and not bundle.graph:
        return (
            f"The model {bundle.description.name} has no ONNX graph and needs PyTorch, which is missing: "
            "pip install torch"
        )
    package = "torch" if choice.runtime is RuntimeName.TORCH else "onnxruntime"
    return f"Networks need the package {package}, which is missing: pip install {package}"
