"""The reaction's intrahepatic boundary: its area, the dose gradient along it and its distance to an isodose."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from hepadose.evaluation.surface import summarize_distances
from hepadose.flr.result import SurfaceRow

NEIGHBORS = ndimage.generate_binary_structure(3, 1)


def interface_voxels(region: np.ndarray, liver: np.ndarray) -> np.ndarray:
    """Voxels of a region with a face neighbor in the rest of the liver; the capsule is no boundary.

    Parameters
    ----------
    region, liver : numpy.ndarray of bool, shape (k, j, i)

    Returns
    -------
    numpy.ndarray of bool
        Same shape; empty where the region is empty or fills the liver.
    """
    inside = region & liver
    return inside & ndimage.binary_dilation(liver & ~inside, NEIGHBORS)


def interface_area_cm2(region: np.ndarray, liver: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> float:
    """Area of the boundary between a region and the rest of the liver in cm².

    The integral of the gradient of the region, smoothed over two slice or pixel spacings within the liver only: unlike
    counting voxel faces it does not grow with a surface's obliqueness. 0 where there is no boundary.
    """
    sigma = [max(spacing_kji_mm) / spacing for spacing in spacing_kji_mm]
    weight = ndimage.gaussian_filter(liver.astype(np.float32), sigma)
    smooth = ndimage.gaussian_filter((region & liver).astype(np.float32), sigma) / np.maximum(weight, 1e-6)
    slope = np.sqrt(sum(part**2 for part in np.gradient(smooth, *spacing_kji_mm)))
    return float(slope[liver].sum() * np.prod(spacing_kji_mm) / 100.0)


def median_gradient(dose: np.ndarray, interface: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> float:
    """Median size of the dose gradient over the voxels of a boundary in Gy/mm; NaN where none has one."""
    slope = np.sqrt(sum(part**2 for part in np.gradient(dose, *spacing_kji_mm)))[interface]
    slope = slope[np.isfinite(slope)]
    return float(np.median(slope)) if slope.size else float("nan")


def surface_table(
    dose: np.ndarray,
    reaction: np.ndarray,
    liver: np.ndarray,
    spacing_kji_mm: tuple[float, float, float],
    levels_gy: np.ndarray,
) -> tuple[SurfaceRow, ...]:
    """Distances between the intrahepatic boundaries of reaction and isodose region for several levels.

    Parameters
    ----------
    dose : numpy.ndarray, shape (k, j, i)
        Dose in Gy of the levels' quantity.
    reaction, liver : numpy.ndarray of bool, same shape
        Reaction and domain.
    spacing_kji_mm : tuple of 3 float
        Spacing along k, j, i in mm.
    levels_gy : numpy.ndarray
        Levels to tabulate.

    Returns
    -------
    tuple of SurfaceRow
        One per level; NaN where either boundary is empty.
    """
    scale = np.asarray(spacing_kji_mm)
    boundary = interface_voxels(reaction, liver)
    own = np.argwhere(boundary) * scale
    to_reaction = ndimage.distance_transform_edt(~boundary, sampling=spacing_kji_mm)
    # A voxel is on the boundary of {dose ≥ level} exactly when its own dose reaches the level and a face
    # neighbor's in the liver does not: one minimum serves all levels.
    neighbors = ndimage.minimum_filter(np.where(liver, dose, np.inf), footprint=NEIGHBORS, mode="nearest")
    candidates = np.nonzero(liver & (neighbors < dose))
    own_dose, other_dose, back = dose[candidates], neighbors[candidates], to_reaction[candidates]
    points = np.stack(candidates, axis=1) * scale
    rows = []
    for level in levels_gy:
        chosen = (own_dose >= level) & (other_dose < level)
        rows.append(_surface_row(float(level), own, points[chosen], back[chosen]))
    return tuple(rows)


def _surface_row(level_gy: float, own: np.ndarray, points: np.ndarray, back: np.ndarray) -> SurfaceRow:
    if not len(own) or not len(points):
        return SurfaceRow(level_gy, *[float("nan")] * 4)
    forth = cKDTree(points, balanced_tree=False, compact_nodes=False).query(own, workers=2)[0]
    distances = summarize_distances(forth, back)
    return SurfaceRow(
        level_gy=level_gy,
        mean_mm=distances.mean_mm,
        hd95_mm=distances.hd95_mm,
        reaction_to_isodose_mm=distances.a_to_b_mm,
        isodose_to_reaction_mm=distances.b_to_a_mm,
    )
