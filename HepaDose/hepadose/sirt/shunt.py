"""Lung shunt from planar views or SPECT, lung mass from CT, and the shunt at which the lungs limit the activity."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from hepadose.errors import EmptyRegionError, SettingsError
from hepadose.findings import Finding, warning
from hepadose.images import Image, require_same_grid
from hepadose.sirt.inputs import require_shunt


@dataclass(frozen=True)
class PlanarCounts:
    """Counts of one organ in the two views, and of the background beside it.

    Parameters
    ----------
    anterior, posterior : float
        Counts in the region, 0 or more.
    area : float
        Pixels of the region; needed where there is a background.
    background : tuple of 2 float
        Mean counts per pixel beside the organ, anterior and posterior.

    Raises
    ------
    SettingsError
        If counts are negative, or a background comes without an area.
    """

    anterior: float
    posterior: float
    area: float = 0.0
    background: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.anterior, self.posterior, *self.background) < 0.0:
            raise SettingsError("Counts of a planar view cannot be negative.")
        if any(self.background) and not self.area > 0.0:
            raise SettingsError("Subtracting a background needs the region's number of pixels.")

    @property
    def net(self) -> tuple[float, float]:
        """Counts without background, anterior and posterior; not below 0."""
        pairs = zip((self.anterior, self.posterior), self.background, strict=True)
        return tuple(max(counts - mean * self.area, 0.0) for counts, mean in pairs)

    @property
    def geometric_mean(self) -> float:
        """√(anterior · posterior) of the counts without background."""
        anterior, posterior = self.net
        return sqrt(anterior * posterior)

    def findings(self, organ: str) -> tuple[Finding, ...]:
        """A background that is larger than the organ's counts."""
        if all(self.net) or not self.anterior * self.posterior:
            return ()
        return (warning("Lung shunt", f"The background exceeds the counts of the {organ}; they are taken as 0."),)


def planar_shunt(lungs: PlanarCounts, liver: PlanarCounts, overlap: float = 0.0) -> float:
    """Lung shunt fraction from the geometric means of both views.

    Parameters
    ----------
    lungs, liver : PlanarCounts
    overlap : float
        Pixels that both regions share.

    Returns
    -------
    float
        0–0.5.

    Raises
    ------
    SettingsError
        If the regions overlap, or the fraction lies above 0.5, which no patient has.
    EmptyRegionError
        If there are no counts.

    Examples
    --------
    >>> round(planar_shunt(PlanarCounts(12000, 10500), PlanarCounts(210000, 165000)), 8)
    0.05687272
    """
    if overlap > 0.0:
        raise SettingsError(f"The regions of lungs and liver overlap in {overlap:g} pixels; draw them apart.")
    return _fraction(lungs.geometric_mean, liver.geometric_mean)


def volume_shunt(lung_counts: float, liver_counts: float) -> float:
    """Lung shunt fraction from counts of lungs and whole liver in a corrected SPECT.

    Raises
    ------
    SettingsError, EmptyRegionError

    Examples
    --------
    >>> volume_shunt(1.2e6, 28.8e6)
    0.04
    """
    return _fraction(lung_counts, liver_counts)


def _fraction(lungs: float, liver: float) -> float:
    if lungs < 0.0 or liver < 0.0:
        raise SettingsError("Counts cannot be negative.")
    if not lungs + liver > 0.0:
        raise EmptyRegionError("Neither lungs nor liver have counts; check the regions.")
    shunt = lungs / (lungs + liver)
    require_shunt(shunt)
    return shunt


def lung_mass_kg(ct: Image, lungs: Image) -> float:
    """Mass of the lungs from the CT numbers: air weighs nothing, water 1 g/ml, and the rest in proportion.

    Parameters
    ----------
    ct : Image
        In HU.
    lungs : Image
        Boolean, on the same grid.

    Returns
    -------
    float
        In kg.

    Raises
    ------
    GeometryMismatchError
    EmptyRegionError
        If the lungs are empty.
    """
    require_same_grid(CT=ct, lungs=lungs)
    hu = ct.array[np.asarray(lungs.array, bool)]
    if not hu.size:
        raise EmptyRegionError("The lungs are empty; outline them or give their mass.")
    g_per_ml = np.clip(hu.astype(float) + 1000.0, 0.0, None) / 1000.0
    return float(g_per_ml.sum()) * ct.voxel_volume_ml / 1000.0


def binding_shunt(lung_limit_gy: float, lung_kg: float, liver_limit_gy: float, liver_kg: float) -> float:
    """Smallest lung shunt at which the limit of the lungs, not that of the liver, decides about the activity.

    Examples
    --------
    >>> round(binding_shunt(30.0, 1.0, 150.0, 1.545), 6)
    0.114613
    """
    lungs, liver = lung_limit_gy * lung_kg, liver_limit_gy * liver_kg
    return lungs / (lungs + liver)
