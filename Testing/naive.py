"""Boundary bands and counts by the definition, one level and one distance transform at a time: the yardstick."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from hepadose.flr.settings import BandMode


def scipy_distance(mask: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance in mm of every voxel to the nearest voxel of a mask; infinite where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return ndimage.distance_transform_edt(~mask, sampling=spacing_kji_mm)


def naive_band(
    region: np.ndarray,
    liver: np.ndarray,
    spacing_kji_mm: tuple[float, float, float],
    distance_mm: float,
    mode: BandMode,
    distance: Callable = scipy_distance,
) -> np.ndarray:
    """The boundary band as domain and distance transform define it."""
    inside, rest = region & liver, liver & ~region
    limit = distance_mm * (1 + 1e-9)
    band = np.zeros_like(liver)
    if mode is not BandMode.OUTER:
        band |= inside & (distance(rest, spacing_kji_mm) <= limit)
    if mode is not BandMode.INNER:
        band |= rest & (distance(inside, spacing_kji_mm) <= limit)
    return band


def naive_counts(
    dose: np.ndarray,
    reaction: np.ndarray,
    liver: np.ndarray,
    spacing_kji_mm: tuple[float, float, float],
    levels_gy: np.ndarray,
    distance_mm: float,
    mode: BandMode,
    distance: Callable = scipy_distance,
) -> np.ndarray:
    """Region, overlap, band and band overlap in voxels for every level; shape (4, levels)."""
    own = naive_band(reaction, liver, spacing_kji_mm, distance_mm, mode, distance)
    columns = []
    for level in levels_gy:
        region = (dose >= level) & liver
        band = naive_band(region, liver, spacing_kji_mm, distance_mm, mode, distance)
        columns.append([np.count_nonzero(mask) for mask in (region, region & reaction, band, band & own)])
    return np.array(columns).T
