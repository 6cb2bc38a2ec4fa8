"""From block counts to agreement curves, the best level, its plateau and its interval."""

from __future__ import annotations

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.flr.result import BestLevel, LevelCurve
from hepadose.flr.sweep import BlockCounts

PLATEAU_FRACTION = 0.95
"""A level belongs to the plateau when its Boundary IoU is at least this part of the largest."""

NORMAL_95 = 1.959964
"""Half width of a 95 % interval in standard deviations of a normal distribution."""


def agreement_curve(counts: BlockCounts, levels_gy: np.ndarray, voxel_volume_ml: float) -> LevelCurve:
    """Boundary IoU, IoU, DSC and volumes of every level, pooled over all blocks.

    Parameters
    ----------
    counts : BlockCounts
        From :meth:`hepadose.flr.sweep.IsodoseSweep.match`.
    levels_gy : numpy.ndarray, shape (levels,)
        The levels of the counts.
    voxel_volume_ml : float
        Volume of one voxel in ml.

    Returns
    -------
    LevelCurve
        0 where one region (or band) is empty, NaN where both are.
    """
    region, overlap = counts.region.sum(axis=0), counts.overlap.sum(axis=0)
    band, band_overlap = counts.band.sum(axis=0), counts.band_overlap.sum(axis=0)
    reaction, reaction_band = counts.reaction.sum(), counts.reaction_band.sum()
    return LevelCurve(
        levels_gy=levels_gy,
        boundary_iou=_ratio(band_overlap, band + reaction_band - band_overlap),
        iou=_ratio(overlap, region + reaction - overlap),
        dice=_ratio(2 * overlap, region + reaction),
        volume_ratio=_ratio(region, np.full_like(region, reaction)),
        region_ml=region * voxel_volume_ml,
        overlap_ml=overlap * voxel_volume_ml,
    )


def mean_boundary_iou_over_blocks(counts: BlockCounts) -> np.ndarray:
    """Mean of the blocks' own Boundary IoU per level (macro average), over blocks where a band exists.

    With an in-plane band the blocks are the slices. NaN for levels without any band.
    """
    union = counts.band + counts.reaction_band[:, None] - counts.band_overlap
    blocks = (union > 0).sum(axis=0)
    total = np.nansum(_ratio(counts.band_overlap, union), axis=0)
    return _ratio(total, blocks)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Elementwise quotient, NaN where the denominator is 0."""
    safe = np.where(denominator > 0, denominator, 1)
    return np.where(denominator > 0, numerator / safe, np.nan)


def best_level(
    curve: LevelCurve,
    counts: BlockCounts,
    *,
    registration_error_mm: float,
    gradient_gy_per_mm: float,
    bootstrap_samples: int,
    seed: int,
) -> BestLevel:
    """The level of the largest Boundary IoU with its plateau, refinement and interval.

    Ties go to the volume ratio nearest 1, then to the lower dose. The refinement is the vertex of a least-squares
    parabola over the plateau (through the three best levels where the plateau is narrower): with finely spaced levels
    three neighbors would only measure counting noise. The interval combines the bootstrap over blocks of liver with
    the dose uncertainty of the registration in quadrature. That uncertainty is the mean error × the gradient, used as
    if it were one standard deviation: for errors of any direction the standard deviation across the edge would be
    smaller (by 1.6 for a normal distribution), so the interval is rather too wide than too narrow.

    Parameters
    ----------
    curve : LevelCurve
        The pooled curve.
    counts : BlockCounts
        The counts it was made of, for the bootstrap.
    registration_error_mm : float
        Estimated mean error of the registration in the liver in mm.
    gradient_gy_per_mm : float
        Dose gradient at the reaction's boundary in Gy/mm.
    bootstrap_samples : int
        Number of resamplings.
    seed : int
        Seed of the resampling.

    Returns
    -------
    BestLevel

    Raises
    ------
    EmptyRegionError
        If no level has a boundary band in common with the reaction's.
    """
    levels, values = curve.levels_gy, np.nan_to_num(curve.boundary_iou)
    if values.max() <= 0:
        raise EmptyRegionError(
            "No isodose of the chosen levels comes near the reaction's boundary; "
            "widen the levels or the band, or check the registration."
        )
    peak = _peak(values, curve.volume_ratio)
    first, last = _plateau(values, peak)
    refined = refine(levels, values, peak)
    bootstrap = _bootstrap(counts, levels, bootstrap_samples, seed)
    uncertainty = registration_error_mm * gradient_gy_per_mm
    return BestLevel(
        level_gy=float(levels[peak]),
        boundary_iou=float(values[peak]),
        refined_gy=refined,
        plateau_gy=(float(levels[first]), float(levels[last])),
        bootstrap_interval_gy=bootstrap,
        registration_error_mm=registration_error_mm,
        gradient_gy_per_mm=gradient_gy_per_mm,
        dose_uncertainty_gy=uncertainty,
        interval_gy=_combined_interval(refined, bootstrap, uncertainty),
    )


def _peak(values: np.ndarray, volume_ratio: np.ndarray) -> int:
    tied = np.flatnonzero(values >= values.max() * (1 - 1e-12))
    return int(tied[np.argmin(np.abs(np.nan_to_num(volume_ratio[tied], nan=np.inf) - 1.0))])


def _plateau(values: np.ndarray, peak: int) -> tuple[int, int]:
    """First and last index of the unbroken run around the peak with at least 95 % of its value."""
    low = np.flatnonzero(values < PLATEAU_FRACTION * values[peak])
    before, after = low[low < peak], low[low > peak]
    return (int(before[-1]) + 1 if before.size else 0), (int(after[0]) - 1 if after.size else len(values) - 1)


def refine(levels_gy: np.ndarray, values: np.ndarray, peak: int) -> float:
    """Vertex of the parabola over the plateau around a peak, in Gy; the peak's level where none opens downwards.

    Examples
    --------
    >>> levels = np.arange(5.0)
    >>> refine(levels, 1 - 0.3 * (levels - 2.2) ** 2, 2)
    2.2
    """
    first, last = _plateau(values, peak)
    if last - first < 2:
        first, last = max(peak - 1, 0), min(peak + 1, len(values) - 1)
    part = slice(first, last + 1)
    offsets = levels_gy[part] - levels_gy[peak]
    if offsets.size < 3:
        return float(levels_gy[peak])
    curvature, slope, _ = np.polyfit(offsets, values[part], 2)
    if curvature >= 0:
        return float(levels_gy[peak])
    vertex = np.clip(-slope / (2 * curvature), offsets[0], offsets[-1])
    return round(float(levels_gy[peak] + vertex), 9)


def _bootstrap(counts: BlockCounts, levels_gy: np.ndarray, samples: int, seed: int) -> tuple[float, float]:
    """2.5th and 97.5th percentile of the refined level over resampled blocks that hold any boundary."""
    used = (counts.reaction_band > 0) | (counts.band_overlap.max(axis=1) > 0)
    weights = np.random.default_rng(seed).multinomial(used.sum(), np.full(used.sum(), 1 / used.sum()), size=samples)
    # A block without the reaction's band still adds the isodose's own band to the union: it is always kept once.
    constant = counts.band[~used].sum(axis=0)
    # 32-bit floats hold every count below 2^24 exactly and halve the time of the products.
    overlap = weights.astype(np.float32) @ counts.band_overlap[used].astype(np.float32)
    union = weights.astype(np.float32) @ (
        counts.band[used] + counts.reaction_band[used, None] - counts.band_overlap[used]
    ).astype(np.float32)
    values = overlap / np.maximum(union + constant, 1.0)
    vertices = [refine(levels_gy, row, int(np.argmax(row))) for row in values]
    low, high = np.percentile(vertices, [2.5, 97.5])
    return float(low), float(high)


def _combined_interval(refined: float, bootstrap: tuple[float, float], uncertainty: float) -> tuple[float, float]:
    # An unknown registration error cannot enter; the quality gate says that it does not.
    uncertainty = float(np.nan_to_num(uncertainty))
    below = np.hypot(max(refined - bootstrap[0], 0.0), NORMAL_95 * uncertainty)
    above = np.hypot(max(bootstrap[1] - refined, 0.0), NORMAL_95 * uncertainty)
    return float(max(refined - below, 0.0)), float(refined + above)
