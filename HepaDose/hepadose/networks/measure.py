"""What a network is, measured on the network itself: parameters, and how far it sees."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn

_NORMS = (nn.InstanceNorm2d, nn.InstanceNorm3d, nn.BatchNorm2d, nn.BatchNorm3d)
_AVERAGES = {nn.MaxPool2d: nn.AvgPool2d, nn.MaxPool3d: nn.AvgPool3d}


def parameter_count(module: nn.Module) -> int:
    """Number of trainable values.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    int
    """
    return sum(parameter.numel() for parameter in module.parameters())


def receptive_field(module: nn.Module, size_kji: Sequence[int], in_channels: int = 1) -> tuple[int, int, int]:
    """Side lengths of the box of input voxels that the central output voxel depends on.

    Measured by the gradient of a copy in which nothing can hide a connection: equal positive weights, averages in place
    of maxima. Normalizations are left out, because instance normalization connects everything.

    Parameters
    ----------
    module : torch.nn.Module
        Takes and gives ``(N, C, k, j, i)``.
    size_kji : sequence of 3 int
        Size of the volume used; where a side of the result reaches it, the field is cut off.

    Returns
    -------
    tuple of 3 int
        In voxels along k, j, i. Strided networks see a little less or more from other voxels.
    """
    plain = _positive(module)
    volume = torch.ones((1, in_channels, *size_kji), dtype=torch.float64, requires_grad=True)
    logits = plain(volume)
    center = tuple(length // 2 for length in logits.shape[2:])
    logits[(0, 0, *center)].backward()
    touched = volume.grad[0, 0] != 0
    return tuple(_extent(touched, axis) for axis in range(3))


def _positive(module: nn.Module) -> nn.Module:
    plain = copy.deepcopy(module).double().eval()
    for parent in list(plain.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _NORMS):
                setattr(parent, name, nn.Identity())
            elif type(child) in _AVERAGES:
                setattr(parent, name, _AVERAGES[type(child)](child.kernel_size, child.stride, child.padding))
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.fill_(1.0 / max(1, parameter[0].numel()))
    return plain


def _extent(touched: torch.Tensor, axis: int) -> int:
    others = tuple(other for other in range(3) if other != axis)
    hits = torch.nonzero(touched.any(dim=others[1]).any(dim=others[0])).flatten()
    return int(hits[-1] - hits[0] + 1) if len(hits) else 0
