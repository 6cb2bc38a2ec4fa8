"""The 3-D residual U-Net of the radioembolization study, and the smaller one that HepaDose ships."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from hepadose.errors import SettingsError
from hepadose.networks.blocks import normalization, require_multiple

PAPER = {"widths": (16, 32, 64, 128, 256), "dropout": 0.1}
"""Arguments of the smallest network that fits the published description: 4 806 464 parameters with two labels."""


class ResidualUNet3D(nn.Module):
    """3-D U-Net of residual units: four strided convolutions down, four transposed ones up.

    Parameters
    ----------
    in_channels, out_channels : int
        Images and labels (background included).
    widths : sequence of int
        Channels at the strides 2, 4, 8, 16 and of the bottom, which keeps the stride of 16. The study does not state
        them. The default keeps 16-bit weights below 6 MB by not widening the bottom; :data:`PAPER` doubles all the way.
    stem_width : int
        Channels of a residual unit at full resolution whose output is joined again before the labels. 0, as in the
        study, has none: then the finest features lie at half resolution.
    dropout : float
        Share of channels' values dropped in training. The study says 0.1 "in deeper layers"; here from stride 8 down.
    norm : {"instance", "batch"}
        Not stated in the study.
    slope : float
        Negative slope of LeakyReLU; not stated, 0.01 as PyTorch has it.

    Notes
    -----
    Unstated and chosen: kernels of 3³; every convolution but the last is followed by normalization, dropout and
    activation, in this order; a residual unit on the way down has two convolutions, of which the first carries the
    stride, and a shortcut that is a strided 3³ (with stride) or a 1³ convolution (where only the width changes); on the
    way up the transposed convolution is followed by a unit of one convolution with an identity as shortcut; skips are
    concatenated; the last unit ends in a plain convolution.
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        widths: Sequence[int] = (16, 32, 64, 128, 128),
        stem_width: int = 0,
        dropout: float = 0.1,
        norm: str = "instance",
        slope: float = 0.01,
    ) -> None:
        super().__init__()
        if len(widths) < 2 or min(widths) < 1:
            raise SettingsError(f"A U-Net needs at least two positive widths, got {tuple(widths)}.")
        levels = len(widths) - 1
        self.size_divisors = (2**levels,) * 3
        style = {"norm": norm, "slope": slope}
        rates = [dropout if level >= 2 else 0.0 for level in range(levels + 1)]
        inputs = (stem_width or in_channels, *widths)
        self.stem = _ResidualUnit(in_channels, stem_width, 1, 2, 0.0, **style) if stem_width else None
        self.down = nn.ModuleList(
            _ResidualUnit(inputs[level], widths[level], 2, 2, rates[level], **style) for level in range(levels)
        )
        self.bottom = _ResidualUnit(widths[-2], widths[-1], 1, 2, rates[-1], **style)
        # From coarse to fine: what comes from below, beside the skip of the same size, and what goes up.
        outputs = (*reversed(widths[: levels - 1]), stem_width or out_channels)
        below = (widths[-1], *outputs[:-1])
        self.up = nn.ModuleList(
            _Up(under + widths[level], out, rates[level], plain_end=level == 0 and not stem_width, **style)
            for level, under, out in zip(reversed(range(levels)), below, outputs, strict=True)
        )
        self.join = _ResidualUnit(2 * stem_width, stem_width, 1, 1, 0.0, **style) if stem_width else None
        self.labels = nn.Conv3d(stem_width, out_channels, 1) if stem_width else None

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, labels, k, j, i)`` of volumes ``(N, C, k, j, i)``, multiples of ``size_divisors`` in size.

        Raises
        ------
        GeometryMismatchError
            If a size does not fit.
        """
        require_multiple(volume, self.size_divisors)
        fine = features = self.stem(volume) if self.stem is not None else volume
        skips = []
        for unit in self.down:
            features = unit(features)
            skips.append(features)
        features = self.bottom(features)
        for unit in self.up:
            features = unit(torch.cat((skips.pop(), features), dim=1))
        if self.labels is None:
            return features
        return self.labels(self.join(torch.cat((fine, features), dim=1)))


class _ConvolutionUnit(nn.Sequential):
    """Convolution, normalization, dropout, activation."""

    def __init__(self, convolution: nn.Module, dropout: float, norm: str, slope: float) -> None:
        super().__init__(
            convolution,
            normalization(norm, convolution.out_channels),
            nn.Dropout(dropout),
            nn.LeakyReLU(slope),
        )


class _ResidualUnit(nn.Module):
    """Convolutions beside a shortcut; the first convolution carries the stride."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        convolutions: int,
        dropout: float,
        norm: str,
        slope: float,
        plain_end: bool = False,
    ) -> None:
        super().__init__()
        first = nn.Conv3d(in_channels, out_channels, 3, stride, padding=1)
        others = [nn.Conv3d(out_channels, out_channels, 3, padding=1) for _ in range(convolutions - 1)]
        units = [_ConvolutionUnit(convolution, dropout, norm, slope) for convolution in (first, *others)]
        if plain_end:
            units[-1] = units[-1][0]
        self.units = nn.Sequential(*units)
        self.shortcut = _shortcut(in_channels, out_channels, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features of the same or, with a stride, of a smaller size; the input is added."""
        return self.units(features) + self.shortcut(features)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    if stride > 1:
        return nn.Conv3d(in_channels, out_channels, 3, stride, padding=1)
    return nn.Identity() if in_channels == out_channels else nn.Conv3d(in_channels, out_channels, 1)


class _Up(nn.Module):
    """Transposed convolution to twice the size, then a residual unit of one convolution."""

    def __init__(
        self, in_channels: int, out_channels: int, dropout: float, norm: str, slope: float, plain_end: bool
    ) -> None:
        super().__init__()
        transposed = nn.ConvTranspose3d(in_channels, out_channels, 3, 2, padding=1, output_padding=1)
        self.widen = _ConvolutionUnit(transposed, dropout, norm, slope)
        self.unit = _ResidualUnit(out_channels, out_channels, 1, 1, dropout, norm, slope, plain_end)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features of twice the size."""
        return self.unit(self.widen(features))
