"""Parts that several networks share: normalization by name, dimensions by number, the check of an input's size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from hepadose.errors import GeometryMismatchError, SettingsError

CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_NORMS = {
    ("instance", 2): nn.InstanceNorm2d,
    ("instance", 3): nn.InstanceNorm3d,
    ("batch", 2): nn.BatchNorm2d,
    ("batch", 3): nn.BatchNorm3d,
}


def normalization(name: str, channels: int, dimensions: int = 3) -> nn.Module:
    """Instance (without scale and shift) or batch normalization (with them).

    Instance normalization is the default of every network here: batches of one or two volumes give poor batch
    statistics, and images of other scanners shift them.

    Parameters
    ----------
    name : {"instance", "batch"}
    channels : int
    dimensions : int
        2 or 3.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    SettingsError
        For any other name.
    """
    if (name, dimensions) not in _NORMS:
        raise SettingsError(f"Normalization is 'instance' or 'batch', got {name!r}.")
    return _NORMS[name, dimensions](channels)


def require_multiple(volume: torch.Tensor, divisors_kji: Sequence[int]) -> None:
    """Refuse a volume whose size the network cannot halve (or divide) and restore.

    Parameters
    ----------
    volume : torch.Tensor, shape (N, C, k, j, i) or (N, C, j, i)
    divisors_kji : sequence of int
        One per axis behind the channels, in their order.

    Raises
    ------
    GeometryMismatchError
        Naming size and divisors. Not checked while a graph is traced, whose sizes are open.
    """
    if torch.jit.is_tracing():
        return
    size = tuple(volume.shape[2:])
    if any(length % divisor for length, divisor in zip(size, divisors_kji, strict=True)):
        raise GeometryMismatchError(
            f"The network needs a size [k, j, i] that is a multiple of {tuple(divisors_kji)}, got {size}; pad it."
        )
