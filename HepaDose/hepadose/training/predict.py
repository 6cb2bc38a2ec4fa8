"""A network over whole cases while it is trained or judged, by the same tiles and blending as in use."""

from __future__ import annotations

import numpy as np
import torch

from hepadose.segmentation.tiles import fitting_tile, slide
from hepadose.training.config import TrainingConfig
from hepadose.training.data_cases import Case
from hepadose.training.data_patches import windowed

OVERLAP = 0.5


def predict_labels(module: torch.nn.Module, case: Case, config: TrainingConfig) -> np.ndarray:
    """The most probable label of every voxel, without any post-processing.

    Parameters
    ----------
    module : torch.nn.Module
        Is run as it is; switch it to evaluation first.
    case : Case
    config : TrainingConfig

    Returns
    -------
    numpy.ndarray, shape (k, j, i)
        uint8.
    """
    return logits_of(module, case, config).argmax(axis=0).astype(np.uint8)


def logits_of(module: torch.nn.Module, case: Case, config: TrainingConfig) -> np.ndarray:
    """Blended logits of a whole case, shape (labels, k, j, i), 32-bit floats.

    Parameters
    ----------
    module : torch.nn.Module
        Is run as it is, on the device of its parameters.
    case : Case
    config : TrainingConfig

    Returns
    -------
    numpy.ndarray, shape (labels, k, j, i)
        32-bit floats; the background first.
    """
    device = next(module.parameters()).device

    def run(tile: np.ndarray) -> np.ndarray:
        """Logits (labels, k, j, i) of a tile (1, C, k, j, i)."""
        with torch.inference_mode():
            return module(torch.from_numpy(tile).to(device))[0].float().cpu().numpy()

    volume = windowed(case.images_hu, config.data.window_hu).astype(np.float32)
    tile = fitting_tile(case.labels.shape, config.patches.size, module.size_divisors)
    return slide(volume, run, tile, OVERLAP)
