"""Dose-volume metrics by the voxel-step definition, without interpolation.

D_x% is the smallest dose of the hottest x % of the voxels: the doses sorted downwards, at index ceil(n·x/100) − 1.
V_y is the part of the volume with at least y Gy. All voxels weigh the same: a voxel belongs to a structure when its
center does.

References
----------
Drzymala RE et al., Int J Radiat Oncol Biol Phys 1991;21:71-78, doi:10.1016/0360-3016(91)90168-4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import EmptyRegionError, SettingsError


@dataclass(frozen=True, eq=False)
class DoseVolumeHistogram:
    """Doses of the voxels of one structure.

    Parameters
    ----------
    doses_gy : numpy.ndarray, shape (n,)
        Dose of each voxel in Gy, in any order; at least one.
    voxel_volume_ml : float
        Volume of one voxel in ml.

    Raises
    ------
    EmptyRegionError
        If there is no voxel.
    """

    doses_gy: np.ndarray
    voxel_volume_ml: float

    def __post_init__(self) -> None:
        doses = np.sort(np.asarray(self.doses_gy, dtype=float).ravel())[::-1]
        if not doses.size:
            raise EmptyRegionError("A dose-volume histogram needs at least one voxel; the structure is empty.")
        object.__setattr__(self, "doses_gy", doses)

    @property
    def volume_ml(self) -> float:
        """Volume of the structure in ml."""
        return self.doses_gy.size * self.voxel_volume_ml

    @property
    def mean_gy(self) -> float:
        """Mean dose in Gy."""
        return float(self.doses_gy.mean())

    def dose_at_percent_gy(self, percent: float) -> float:
        """D_x%: smallest dose in Gy of the hottest ``percent`` (above 0, up to 100) of the volume.

        Parameters
        ----------
        percent : float

        Returns
        -------
        float

        Raises
        ------
        SettingsError
            If it is not above 0 and up to 100.

        Examples
        --------
        >>> dvh = DoseVolumeHistogram(np.arange(10, 101, 10), 1.0)
        >>> dvh.dose_at_percent_gy(50), dvh.dose_at_percent_gy(95)
        (60.0, 10.0)
        """
        if not 0 < percent <= 100:
            raise SettingsError(f"D_x% needs a percentage above 0 and up to 100, got {percent:g}.")
        # 1e-9 keeps 0.7·10 = 7.000000000000001 from reaching for the eighth voxel.
        index = int(np.ceil(self.doses_gy.size * percent / 100.0 - 1e-9)) - 1
        return float(self.doses_gy[max(index, 0)])

    def dose_at_volume_gy(self, volume_ml: float) -> float:
        """D_xcc: smallest dose in Gy of the hottest ``volume_ml``; NaN if the structure is smaller.

        Parameters
        ----------
        volume_ml : float

        Returns
        -------
        float
        """
        if volume_ml > self.volume_ml + 1e-9:
            return float("nan")
        return self.dose_at_percent_gy(100.0 * volume_ml / self.volume_ml)

    def volume_fraction_at(self, dose_gy: float) -> float:
        """V_y: fraction (0–1) of the volume with at least ``dose_gy``.

        Parameters
        ----------
        dose_gy : float

        Returns
        -------
        float

        Examples
        --------
        >>> DoseVolumeHistogram(np.arange(10, 101, 10), 1.0).volume_fraction_at(50)
        0.6
        """
        return float(np.searchsorted(-self.doses_gy, -dose_gy, side="right") / self.doses_gy.size)

    def cumulative(self, doses_gy: np.ndarray) -> np.ndarray:
        """V_y for many doses at once: fractions (0–1), same shape as ``doses_gy``.

        Parameters
        ----------
        doses_gy : numpy.ndarray

        Returns
        -------
        numpy.ndarray, same shape
        """
        counts = np.searchsorted(-self.doses_gy, -np.asarray(doses_gy, dtype=float), side="right")
        return counts / self.doses_gy.size
