"""The three-pathway DeepMedic of the multi-center liver study: fine detail, surroundings, and the whole abdomen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from hepadose.errors import SettingsError
from hepadose.networks.blocks import normalization, require_multiple

RATES = (1, 5, 15)
LAYERS = 10
OUTPUT_SIZE = 15
"""Side of the smallest segment of labels that all pathways can share, in voxels."""


class DeepMedic(nn.Module):
    """Three pathways of ten valid 3³ convolutions, on the image and on the image reduced 5 and 15 times.

    A segment of 15³ labels needs 35³ voxels of the image, 23³ of the one reduced by 5 and 21³ of the one reduced by
    15, all with the same center: 49, 161 and 441 mm at 1.4 mm. :meth:`forward_segments` takes these three inputs.
    :meth:`forward` takes a whole volume, reduces and pads it itself, and gives in one pass what the segments would
    give where their inputs lie inside the volume.

    Parameters
    ----------
    in_channels, out_channels : int
        Images and labels (background included).
    widths, wide_widths : sequence of 10 int
        Channels of the layers of the first and of the two reduced pathways. The study states only that the latter
        "increase in deeper layers". Default: DeepMedic's own 30, 30, 40, 40, 40, 40, 50, 50, continued with 50, 50.
    joined_width : int
        Channels of the two 1³ "fully connected" layers; not stated, DeepMedic's own is 150.
    dropout : float
        In the two 1³ layers; not stated, 0 by default.
    norm : {"instance", "batch"}
        Not stated. "batch" is the default: valid convolutions of a segment and of a whole volume give the same only
        where the statistics do not depend on the input.

    Notes
    -----
    Unstated and chosen: the image is reduced by averaging blocks, not by dropping voxels; reduced features are brought
    back by repeating them; each layer is convolution, normalization, PReLU; no residual connections; the two labels
    have a softmax in place of one sigmoid; volumes are continued beyond their border by their outermost voxels.
    """

    size_divisors = (OUTPUT_SIZE,) * 3

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        widths: Sequence[int] = (30, 30, 40, 40, 40, 40, 50, 50, 50, 50),
        wide_widths: Sequence[int] | None = None,
        joined_width: int = 150,
        dropout: float = 0.0,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        wide_widths = widths if wide_widths is None else wide_widths
        if len(widths) != LAYERS or len(wide_widths) != LAYERS:
            raise SettingsError(f"DeepMedic has {LAYERS} layers per pathway, got {len(widths)} and {len(wide_widths)}.")
        self.pathways = nn.ModuleList(_pathway(in_channels, each, norm) for each in (widths, wide_widths, wide_widths))
        self.classify = nn.Sequential(
            *_layer(widths[-1] + 2 * wide_widths[-1], joined_width, 1, norm),
            nn.Dropout(dropout),
            *_layer(joined_width, joined_width, 1, norm),
            nn.Dropout(dropout),
            nn.Conv3d(joined_width, out_channels, 1),
        )

    def forward_segments(self, fine: torch.Tensor, middle: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """Logits of segments ``(N, labels, 15, 15, 15)`` from inputs of sides 35, 23 and 21 voxels with one center.

        Parameters
        ----------
        fine, middle, coarse : torch.Tensor, shape (N, C, side, side, side)
            The same place at the network's spacing, and averaged over 5 and 15 voxels.

        Returns
        -------
        torch.Tensor, shape (N, labels, 15, 15, 15)
            Logits of the middle voxels.
        """
        features = [
            functional.interpolate(pathway(part), scale_factor=float(rate), mode="nearest")
            if rate > 1
            else pathway(part)
            for pathway, part, rate in zip(self.pathways, (fine, middle, coarse), RATES, strict=True)
        ]
        return self.classify(torch.cat(features, dim=1))

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, labels, k, j, i)`` of volumes ``(N, C, k, j, i)`` whose sizes are multiples of 15.

        Raises
        ------
        GeometryMismatchError
            If a size does not fit.
        """
        require_multiple(volume, self.size_divisors)
        reduced = (functional.avg_pool3d(volume, rate) if rate > 1 else volume for rate in RATES)
        return self.forward_segments(*(functional.pad(part, (LAYERS,) * 6, mode="replicate") for part in reduced))


def input_sizes() -> tuple[int, int, int]:
    """Sides of the three inputs of one segment of 15³ labels, in voxels of each pathway.

    Returns
    -------
    tuple of 3 int
        Of the fine, the middle and the coarse pathway.

    Examples
    --------
    >>> input_sizes()
    (35, 23, 21)
    """
    return tuple(OUTPUT_SIZE // rate + 2 * LAYERS for rate in RATES)


def _pathway(in_channels: int, widths: Sequence[int], norm: str) -> nn.Sequential:
    inputs = (in_channels, *widths[:-1])
    layers = (_layer(before, after, 3, norm) for before, after in zip(inputs, widths, strict=True))
    return nn.Sequential(*(part for layer in layers for part in layer))


def _layer(in_channels: int, out_channels: int, size: int, norm: str) -> tuple[nn.Module, ...]:
    return nn.Conv3d(in_channels, out_channels, size), normalization(norm, out_channels), nn.PReLU()
