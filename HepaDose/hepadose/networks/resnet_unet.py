"""A slice-by-slice U-Net with a ResNet-18 encoder, for the focal liver reaction."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from hepadose.errors import SettingsError
from hepadose.networks.blocks import normalization, require_multiple

RESNET18_WIDTHS = (64, 128, 256, 512)


class ResNetUNet(nn.Module):
    """U-Net over axial slices; a slice may see its neighbors as further channels ("2.5-D").

    Parameters
    ----------
    in_channels, out_channels : int
        Images (follow-up CT; optionally the registered planning CT; never the dose, which would tell the answer) and
        labels (background included).
    widths : sequence of 4 int
        Channels of the encoder's stages at strides 4, 8, 16 and 32; the stem at stride 2 has the first one. The default
        keeps 16-bit weights below 6 MB; :data:`RESNET18_WIDTHS` is the encoder of the study.
    decoder_widths : sequence of 5 int
        Channels of the decoder from stride 16 to full resolution. The study's code lists them ascending, which puts the
        widest layer at full resolution; here they descend.
    slices : int
        Odd number of neighboring slices that one slice is judged by; 1 is plain 2-D.
    norm : {"instance", "batch"}
        Batch normalization in the study.

    Notes
    -----
    Differs from the study where that is a defect: a fixed window in place of each slice's own minimum and maximum; one
    channel in place of the same gray three times; no weights from photographs; softmax over labels in place of one
    sigmoid. Slices beyond the volume are copies of the outermost one. Decoder: nearest-neighbor enlargement,
    concatenation, two 3² convolutions with normalization and ReLU.
    """

    size_divisors = (1, 32, 32)

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        widths: Sequence[int] = (24, 48, 96, 192),
        decoder_widths: Sequence[int] = (96, 64, 32, 24, 16),
        slices: int = 3,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        if slices < 1 or slices % 2 == 0:
            raise SettingsError(f"A slice has as many neighbors above as below: slices must be odd, got {slices}.")
        self.slices = slices
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels * slices, widths[0], 7, 2, padding=3, bias=False),
            normalization(norm, widths[0], 2),
            nn.ReLU(),
        )
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        before = (widths[0], *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(_BasicBlock(inner, outer, 1 if level == 0 else 2, norm), _BasicBlock(outer, outer, 1, norm))
            for level, (inner, outer) in enumerate(zip(before, widths, strict=True))
        )
        skips = (*reversed(widths[:-1]), widths[0], 0)
        below = (widths[-1], *decoder_widths[:-1])
        self.up = nn.ModuleList(
            _two_convolutions(inner + skip, outer, norm)
            for inner, skip, outer in zip(below, skips, decoder_widths, strict=True)
        )
        self.labels = nn.Conv2d(decoder_widths[-1], out_channels, 3, padding=1)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, labels, k, j, i)`` of volumes ``(N, C, k, j, i)``; j and i are multiples of 32, k is any.

        Raises
        ------
        GeometryMismatchError
            If a size does not fit.
        """
        require_multiple(volume, self.size_divisors)
        planes = self._planes(volume)
        logits = self._judge(planes)
        stacked = logits.reshape(volume.shape[0], volume.shape[2], logits.shape[1], *logits.shape[2:])
        return stacked.permute(0, 2, 1, 3, 4)

    def _planes(self, volume: torch.Tensor) -> torch.Tensor:
        """Every slice with its neighbors as channels: ``(N·k, C·slices, j, i)``."""
        reach = self.slices // 2
        padded = functional.pad(volume, (0, 0, 0, 0, reach, reach), mode="replicate") if reach else volume
        count = volume.shape[2]
        shifted = torch.cat([padded[:, :, offset : offset + count] for offset in range(self.slices)], dim=1)
        return shifted.permute(0, 2, 1, 3, 4).flatten(0, 1)

    def _judge(self, planes: torch.Tensor) -> torch.Tensor:
        features = self.stem(planes)
        skips = [features]
        features = self.pool(features)
        for stage in self.stages:
            features = stage(features)
            skips.append(features)
        skips.pop()
        for convolve in self.up:
            features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = convolve(torch.cat((features, skips.pop()), dim=1) if skips else features)
        return self.labels(features)


class _BasicBlock(nn.Module):
    """Two 3² convolutions beside a shortcut, as in ResNet-18."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            normalization(norm, out_channels, 2),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            normalization(norm, out_channels, 2),
        )
        same = stride == 1 and in_channels == out_channels
        projection = (
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
            normalization(norm, out_channels, 2),
        )
        self.shortcut = nn.Identity() if same else nn.Sequential(*projection)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features of the same or, with a stride, of half the size; the input is added."""
        return functional.relu(self.body(features) + self.shortcut(features))


def _two_convolutions(in_channels: int, out_channels: int, norm: str) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        normalization(norm, out_channels, 2),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
        normalization(norm, out_channels, 2),
        nn.ReLU(),
    )
