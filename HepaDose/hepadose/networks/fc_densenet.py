"""The 3-D FC-DenseNet ("Tiramisu") of the tumor follow-up study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from hepadose.errors import SettingsError
from hepadose.networks.blocks import normalization, require_multiple


class FCDenseNet3D(nn.Module):
    """Densely connected encoder and decoder: blocks of 2, 3, 4 and 5 layers, a bottom of 7, and the same back up.

    Parameters
    ----------
    in_channels, out_channels : int
        Images and labels (background included).
    layers : sequence of int
        Layers of the dense blocks; the last one is the bottom. The study lists five blocks (2, 3, 4, 5, 7) without
        saying which is which; read here as four down and the bottom, so that sizes must be multiples of 16.
    growth : int
        New channels per layer.
    first_width : int
        Channels of the first convolution; not stated, 48 as in the original 2-D network.
    dropout : float
        Not stated; 0.2 as in the original 2-D network.
    norm : {"instance", "batch"}
        The original has batch normalization; "instance" is the default, because the study trains on single volumes.

    Notes
    -----
    Widths with the default: skips of 72, 108, 156 and 216 channels, a bottom that hands 84 up, blocks on the way up
    that see 300, 216, 156 and 108, and 132 before the labels. Chosen as in the original: a layer is normalization,
    ReLU, 3³ convolution, dropout; a transition down is normalization, ReLU, 1³ convolution, dropout, maximum of 2³; a
    transition up is a transposed 3³ convolution of stride 2 on the features that the block below has added; the last
    block hands on what it saw and what it added.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        layers: Sequence[int] = (2, 3, 4, 5, 7),
        growth: int = 12,
        first_width: int = 48,
        dropout: float = 0.2,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        if len(layers) < 2 or min(layers) < 1:
            raise SettingsError(f"FC-DenseNet needs at least two blocks of at least one layer, got {tuple(layers)}.")
        self.size_divisors = (2 ** (len(layers) - 1),) * 3
        self.bookkeeping = widths_of(layers, growth, first_width)
        style = {"growth": growth, "dropout": dropout, "norm": norm}
        books = self.bookkeeping
        self.first = nn.Conv3d(in_channels, first_width, 3, padding=1)
        before = (first_width, *books.skips)
        self.down = nn.ModuleList(
            _DenseBlock(width, count, **style) for width, count in zip(before[:-1], layers[:-1], strict=True)
        )
        self.reduce = nn.ModuleList(_transition_down(width, dropout, norm) for width in books.skips)
        self.bottom = _DenseBlock(books.skips[-1], layers[-1], **style)
        self.widen = nn.ModuleList(_transition_up(count * growth) for count in reversed(layers[1:]))
        self.up = nn.ModuleList(
            _DenseBlock(width, count, **style)
            for width, count in zip(books.up_inputs, reversed(layers[:-1]), strict=True)
        )
        self.labels = nn.Conv3d(books.last, out_channels, 1)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, labels, k, j, i)`` of volumes ``(N, C, k, j, i)``, multiples of ``size_divisors`` in size.

        Raises
        ------
        GeometryMismatchError
            If a size does not fit.
        """
        require_multiple(volume, self.size_divisors)
        features = self.first(volume)
        skips = []
        for block, reduce in zip(self.down, self.reduce, strict=True):
            skips.append(torch.cat((features, block(features)), dim=1))
            features = reduce(skips[-1])
        added = self.bottom(features)
        for widen, block in zip(self.widen, self.up, strict=True):
            features = torch.cat((widen(added), skips.pop()), dim=1)
            added = block(features)
        return self.labels(torch.cat((features, added), dim=1))


@dataclass(frozen=True)
class ChannelCounts:
    """Channels at every seam of the network.

    Parameters
    ----------
    skips : tuple of int
        Handed across, from fine to coarse.
    bottom : int
        Handed up by the bottom.
    up_inputs : tuple of int
        Seen by the blocks on the way up, from coarse to fine.
    last : int
        Seen by the convolution that gives the labels.
    """

    skips: tuple[int, ...]
    bottom: int
    up_inputs: tuple[int, ...]
    last: int


def widths_of(layers: Sequence[int], growth: int, first_width: int) -> ChannelCounts:
    """Channels at the seams of a network.

    Parameters
    ----------
    layers : sequence of int
        Layers per block on the way down; the last one is the bottom.
    growth : int
        Channels that each layer adds.
    first_width : int
        Channels of the first convolution.

    Returns
    -------
    ChannelCounts

    Examples
    --------
    >>> counts = widths_of((2, 3, 4, 5, 7), growth=12, first_width=48)
    >>> counts.skips, counts.bottom, counts.up_inputs, counts.last
    ((72, 108, 156, 216), 84, (300, 216, 156, 108), 132)
    """
    skips, width = [], first_width
    for count in layers[:-1]:
        width += count * growth
        skips.append(width)
    # Coarse to fine: what the block below has added, beside the skip.
    inputs = [below * growth + skip for below, skip in zip(reversed(layers[1:]), reversed(skips), strict=True)]
    return ChannelCounts(tuple(skips), layers[-1] * growth, tuple(inputs), inputs[-1] + layers[0] * growth)


class _DenseBlock(nn.Module):
    """Layers that each see everything before them; gives only what they added."""

    def __init__(self, in_channels: int, layers: int, growth: int, dropout: float, norm: str) -> None:
        super().__init__()
        widths = (in_channels + index * growth for index in range(layers))
        self.layers = nn.ModuleList(
            nn.Sequential(
                normalization(norm, width), nn.ReLU(), nn.Conv3d(width, growth, 3, padding=1), nn.Dropout(dropout)
            )
            for width in widths
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """What the layers add, shape (N, layers · growth, k, j, i)."""
        added = []
        for layer in self.layers:
            added.append(layer(torch.cat((features, *added), dim=1)))
        return torch.cat(added, dim=1)


def _transition_down(width: int, dropout: float, norm: str) -> nn.Sequential:
    return nn.Sequential(
        normalization(norm, width), nn.ReLU(), nn.Conv3d(width, width, 1), nn.Dropout(dropout), nn.MaxPool3d(2)
    )


def _transition_up(width: int) -> nn.ConvTranspose3d:
    return nn.ConvTranspose3d(width, width, 3, 2, padding=1, output_padding=1)
