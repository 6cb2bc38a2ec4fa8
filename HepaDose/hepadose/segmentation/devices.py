"""Whether a graphics card can be relied on: it must compute what the processor computes."""

from __future__ import annotations

import ctypes.util
import sys
from pathlib import Path

from hepadose.errors import HepaDoseError, MissingDependencyError

_TOLERANCE = 5e-2
"""Of a 16-bit convolution against the 32-bit one of the processor, for outputs of about 1."""


class DeviceError(HepaDoseError):
    """A graphics card is absent or computes wrongly; the processor can be used instead."""


def driver_is_present() -> bool:
    """Whether the driver of a CUDA card is installed; costs next to nothing.

    Returns
    -------
    bool
        True does not promise that a card works, see :func:`require_working_gpu`.
    """
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return Path("/proc/driver/nvidia").exists() or Path("/dev/nvidiactl").exists()


def require_working_gpu() -> str:
    """The graphics card that PyTorch can use, tested by a small convolution.

    Returns
    -------
    str
        "cuda" or "mps".

    Raises
    ------
    MissingDependencyError
        If PyTorch cannot be imported.
    DeviceError
        If there is no card, or it fails or computes something else than the processor.
    """
    try:
        import torch
    except ImportError as problem:
        raise MissingDependencyError("A graphics card needs PyTorch, which is missing: pip install torch.") from problem
    device = _name_of_gpu(torch)
    try:
        difference = _largest_difference(torch, device)
    except RuntimeError as problem:
        raise DeviceError(f"The graphics card failed its self-test ({type(problem).__name__}).") from problem
    if not difference <= _TOLERANCE:
        raise DeviceError(f"The graphics card failed its self-test: it computes {difference:.2g} beside the processor.")
    return device


def _name_of_gpu(torch) -> str:
    if torch.cuda.is_available():
        return "cuda"
    if getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        return "mps"
    raise DeviceError("PyTorch finds no graphics card that it can use.")


def _largest_difference(torch, device: str) -> float:
    """Between the card, as it will be used, and the processor."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randn((1, 8, 16, 16, 16), generator=generator)
    kernel = torch.randn((8, 8, 3, 3, 3), generator=generator) / (8 * 27) ** 0.5
    expected = torch.nn.functional.conv3d(values, kernel, padding=1)
    with torch.inference_mode(), torch.autocast(device, dtype=torch.float16):
        found = torch.nn.functional.conv3d(values.to(device), kernel.to(device), padding=1)
    return float((found.float().cpu() - expected).abs().max())
