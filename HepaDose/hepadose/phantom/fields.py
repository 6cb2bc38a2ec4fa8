"""Smooth random fields, reproducible from a seed: the irregularity of anatomy, texture and reaction edge."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A random generator of its own for each purpose, so that one more draw in one place changes nothing elsewhere."""
    return np.random.default_rng([seed, *purpose.encode()])


def smooth_field(
    shape: tuple[int, int, int],
    spacing_kji_mm: tuple[float, float, float],
    correlation_mm: float,
    random: np.random.Generator,
) -> np.ndarray:
    """A Gaussian random field of mean 0 and standard deviation 1 (over all realizations).

    Parameters
    ----------
    shape : tuple of 3 int
        Voxels along k, j, i.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing along k, j, i in mm.
    correlation_mm : float
        Standard deviation of the Gaussian kernel that smooths the white noise, in mm.
    random : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    numpy.ndarray, float32, shape (k, j, i)
        Linear interpolation from a lattice of half the correlation length.
    """
    from scipy import ndimage

    step_mm = max(correlation_mm / 2.0, min(spacing_kji_mm))
    extent_mm = (np.asarray(shape) - 1) * spacing_kji_mm
    lattice = random.standard_normal(np.ceil(extent_mm / step_mm).astype(int) + 2).astype(np.float32)
    sigma = correlation_mm / step_mm
    lattice = ndimage.gaussian_filter(lattice, sigma, mode="wrap")
    # White noise smoothed by a Gaussian of width s (in samples) keeps the variance (2 s sqrt(pi))^-3.
    lattice *= (2.0 * np.sqrt(np.pi) * sigma) ** 1.5
    return upsample(lattice, shape, tuple(spacing / step_mm for spacing in spacing_kji_mm))


def upsample(
    lattice: np.ndarray,
    shape: tuple[int, int, int],
    step: tuple[float, float, float],
    start: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> np.ndarray:
    """Sample a coarse array linearly at ``start + step * index`` along each axis, in lattice samples."""
    result = lattice.astype(np.float32)
    for axis in range(3):
        weights = _linear_weights(lattice.shape[axis], start[axis] + step[axis] * np.arange(shape[axis]))
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(result)


def _linear_weights(samples: int, positions: np.ndarray) -> np.ndarray:
    lower = np.clip(np.floor(positions).astype(int), 0, samples - 2)
    share = np.clip(positions - lower, 0.0, 1.0)
    weights = np.zeros((len(positions), samples), np.float32)
    rows = np.arange(len(positions))
    weights[rows, lower] = 1.0 - share
    weights[rows, lower + 1] += share
    return weights
