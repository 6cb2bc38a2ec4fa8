"""How much memory a segmentation will need."""

from __future__ import annotations

import numpy as np

from hepadose.segmentation.tiles import Shape

_BYTES_PER_INPUT_VOXEL = 9
"""The CT as it is given, once more for SimpleITK, and the mask."""
_BYTES_PER_WORKING_VOXEL = 24
"""Region, blended outputs, weights, probability."""
_FIXED_BYTES = 300e6


def needed_bytes(input_voxels: int, region: Shape, labels: int, tile: Shape, bytes_per_tile_voxel: float) -> float:
    """Largest memory use that is to be expected.

    Parameters
    ----------
    input_voxels : int
        Of the CT as it was given.
    region : tuple of 3 int
        On the model's grid.
    labels : int
        Outputs of the network.
    tile : tuple of 3 int
    bytes_per_tile_voxel : float
        What the network needs per voxel of a tile.

    Returns
    -------
    float
    """
    working = float(np.prod(region)) * (_BYTES_PER_WORKING_VOXEL + 8 * labels)
    return _FIXED_BYTES + input_voxels * _BYTES_PER_INPUT_VOXEL + working + float(np.prod(tile)) * bytes_per_tile_voxel
