"""Which part of a liver the microspheres reach: lobes and a sector, divided as the hepatic veins divide them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.images import Image
from hepadose.phantom.fields import smooth_field
from hepadose.sirt_patient.settings import TreatedPart

RIGHT_SHARE = (0.55, 0.70)
"""Share of the right lobe in the whole liver."""
POSTERIOR_SHARE = (0.40, 0.55)
"""Share of the posterior sector in the right lobe."""
MIDDLE_VEIN = (0.96, -0.28, 0.0)
"""Across the plane from vena cava to gallbladder, towards the left lobe (LPS)."""
RIGHT_VEIN = (-0.34, 0.94, 0.0)
"""Across the plane of the right hepatic vein, towards the back (LPS)."""
TURN_DEG = 6.0
WAVE_MM, WAVE_LENGTH_MM = 4.0, 25.0
"""Watersheds are no planes: standard deviation and size of their waves."""


def treated_part(liver: Image, part: TreatedPart, random: np.random.Generator) -> np.ndarray:
    """The part of a liver that one catheter position reaches.

    Parameters
    ----------
    liver : Image
        Boolean.
    part : TreatedPart
    random : numpy.random.Generator
        Chooses shares, directions and waves.

    Returns
    -------
    numpy.ndarray of bool, shape (k, j, i)
        In one piece, inside the liver.
    """
    whole = np.asarray(liver.array, bool)
    if part is TreatedPart.WHOLE:
        return whole
    share = random.uniform(*RIGHT_SHARE)
    right = _lowest(liver, whole, MIDDLE_VEIN, share, random)
    if part is TreatedPart.LEFT:
        return _largest(whole & ~right)
    if part is TreatedPart.RIGHT:
        return _largest(right)
    front = _lowest(liver, right, RIGHT_VEIN, 1.0 - random.uniform(*POSTERIOR_SHARE), random)
    return _largest(right & ~front)


def _lowest(grid: Image, region: np.ndarray, normal, share: float, random: np.random.Generator) -> np.ndarray:
    """The share of a region that lies farthest back along a direction, behind a wavy surface."""
    axis = np.asarray(normal) + np.radians(TURN_DEG) * random.normal(size=3)
    axis /= np.linalg.norm(axis)
    waves = WAVE_MM * smooth_field(grid.shape, grid.spacing_kji_mm, WAVE_LENGTH_MM, random)
    along_mm = grid.ijk_to_points(np.argwhere(region)[:, ::-1]) @ axis + waves[region]
    lowest = np.zeros(region.shape, bool)
    lowest[region] = along_mm <= np.quantile(along_mm, share)
    return lowest


def _largest(mask: np.ndarray) -> np.ndarray:
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()
