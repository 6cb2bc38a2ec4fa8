"""A network over a volume larger than what it can see at once: overlapping tiles, blended with Gaussian weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

Shape = tuple[int, int, int]
_SIGMA_SHARE, _LEAST_WEIGHT = 1.0 / 8.0, 1e-3


def tile_starts(size: int, tile: int, overlap: float) -> list[int]:
    """First voxels of the tiles along one axis, spread evenly.

    Parameters
    ----------
    size, tile : int
        Of the volume and of a tile, in voxels.
    overlap : float
        Least share of a tile that the next one covers again (0 to below 1).

    Returns
    -------
    list of int
        Ascending; the last tile ends with the volume.

    Examples
    --------
    >>> tile_starts(200, 96, 0.5)
    [0, 35, 69, 104]
    >>> tile_starts(50, 96, 0.5)
    [0]
    """
    if size <= tile:
        return [0]
    step = max(int(tile * (1.0 - overlap)), 1)
    count = -(-(size - tile) // step) + 1
    return [round(start) for start in np.linspace(0, size - tile, count)]


def tile_count(shape: Shape, tile: Shape, overlap: float) -> int:
    """How many tiles a volume needs.

    Parameters
    ----------
    shape, tile : tuple of 3 int
        Voxels of the volume and of a tile along k, j, i.
    overlap : float
        Least share of a tile that the next one covers again.

    Returns
    -------
    int
    """
    return int(np.prod([len(tile_starts(s, t, overlap)) for s, t in zip(shape, tile, strict=True)]))


def fitting_tile(shape: Shape, tile: Shape, multiple: Shape) -> Shape:
    """The tile, smaller where the volume is, but no less than half: a network needs some surroundings.

    Parameters
    ----------
    shape, tile : tuple of 3 int
        Voxels of the volume and of the wanted tile along k, j, i.
    multiple : tuple of 3 int
        Sides of the tile must be multiples of it.

    Returns
    -------
    tuple of 3 int

    Examples
    --------
    >>> fitting_tile((20, 70, 300), (96, 96, 96), (16, 16, 16))
    (48, 80, 96)
    """
    return tuple(
        min(t, max(-(-s // m) * m, -(-t // (2 * m)) * m)) for s, t, m in zip(shape, tile, multiple, strict=True)
    )


def smaller_tile(tile: Shape, multiple: Shape, least: int = 32) -> Shape | None:
    """The tile with its longest axis halved; None where it can shrink no more.

    Parameters
    ----------
    tile : tuple of 3 int
        Along k, j, i.
    multiple : tuple of 3 int
        Sides of the tile must be multiples of it.
    least : int
        Side below which no axis is halved, in voxels.

    Returns
    -------
    tuple of 3 int or None

    Examples
    --------
    >>> smaller_tile((96, 96, 64), (16, 16, 16))
    (48, 96, 64)
    >>> smaller_tile((32, 32, 32), (16, 16, 16)) is None
    True
    """
    axis = int(np.argmax(tile))
    half = max(tile[axis] // 2, least) // multiple[axis] * multiple[axis]
    if not 0 < half < tile[axis]:
        return None
    return tuple(half if index == axis else size for index, size in enumerate(tile))


def tile_weights(tile: Shape) -> np.ndarray:
    """Gaussian weights: 1 in a tile's middle, little at its edge, where a network sees least; never zero.

    Parameters
    ----------
    tile : tuple of 3 int
        Voxels along k, j, i.

    Returns
    -------
    numpy.ndarray, shape ``tile``
        32-bit floats.
    """
    weights = np.ones((1, 1, 1), np.float32)
    for axis, size in enumerate(tile):
        offsets = np.arange(size) - (size - 1) / 2
        line = np.exp(-0.5 * (offsets / max(size * _SIGMA_SHARE, 0.5)) ** 2).astype(np.float32)
        weights = weights * line.reshape([-1 if index == axis else 1 for index in range(3)])
    return np.maximum(weights / weights.max(), _LEAST_WEIGHT)


def slide(
    volume: np.ndarray,
    predict: Callable[[np.ndarray], np.ndarray],
    tile: Shape,
    overlap: float,
    before_tile: Callable[[int, int], None] = lambda number, count: None,
) -> np.ndarray:
    """Blend a network's outputs over a whole volume.

    Parameters
    ----------
    volume : numpy.ndarray, shape (C, k, j, i)
        32-bit floats; smaller volumes are continued by their outermost voxels to a tile.
    predict : callable
        From a tile (1, C, k, j, i) to outputs (labels, k, j, i).
    tile : tuple of 3 int
        Along k, j, i.
    overlap : float
        Least share of a tile that the next one covers again.
    before_tile : callable
        Told how many tiles are done and how many there are, before each; may raise to stop.

    Returns
    -------
    numpy.ndarray, shape (labels, k, j, i)
        32-bit floats.
    """
    size = volume.shape[1:]
    missing = [max(t - s, 0) for s, t in zip(size, tile, strict=True)]
    if any(missing):
        # A few slices continue as they are: surrounded by air they would be no body at all.
        volume = np.pad(volume, [(0, 0), *((count // 2, count - count // 2) for count in missing)], mode="edge")
    starts = list(product(*(tile_starts(s, t, overlap) for s, t in zip(volume.shape[1:], tile, strict=True))))
    weights, outputs = tile_weights(tile), None
    total = np.zeros(volume.shape[1:], np.float32)
    for number, start in enumerate(starts):
        before_tile(number, len(starts))
        box = tuple(slice(first, first + count) for first, count in zip(start, tile, strict=True))
        found = predict(np.ascontiguousarray(volume[(slice(None), *box)])[None])
        if outputs is None:
            outputs = np.zeros((found.shape[0], *volume.shape[1:]), np.float32)
        outputs[(slice(None), *box)] += found * weights
        total[box] += weights
    outputs /= total
    inside = tuple(slice(count // 2, count // 2 + s) for count, s in zip(missing, size, strict=True))
    return outputs[(slice(None), *inside)]


def softmax(logits: np.ndarray, targets: tuple[int, ...]) -> np.ndarray:
    """Summed probability of some labels.

    Parameters
    ----------
    logits : numpy.ndarray, shape (labels, k, j, i)
    targets : tuple of int
        Labels that are summed.

    Returns
    -------
    numpy.ndarray, shape (k, j, i)
        0 to 1, 32-bit floats.

    Examples
    --------
    >>> float(softmax(np.zeros((4, 1, 1, 1), np.float32), (1, 3))[0, 0, 0])
    0.5
    """
    shifted = np.exp(logits - logits.max(axis=0))
    return shifted[list(targets)].sum(axis=0) / shifted.sum(axis=0)
