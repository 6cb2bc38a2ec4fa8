"""Doses of the regions of a treatment from a dose map, and the T/N ratios of its tumors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.images import Image, require_same_grid
from hepadose.sirt.regions import TreatmentRegions

PERCENTS = (50.0, 70.0, 90.0, 95.0)
LEVELS_GY = (100.0, 120.0, 205.0, 400.0)


@dataclass(frozen=True)
class RegionDose:
    """Dose metrics of one region.

    Parameters
    ----------
    name : str
    kind : str
        "tumor", "normal_territory", "normal_liver", "territory", "liver" or "lungs".
    volume_ml, mean_gy, highest_gy : float
    dose_at_percent_gy : dict of float to float
        D50, D70, D90 and D95.
    fraction_at_gy : dict of float to float
        V100, V120, V205 and V400, as fractions.
    uptake_ratio : float or None
        T/N of a tumor: mean dose over that of the territory's normal liver.
    """

    name: str
    kind: str
    volume_ml: float
    mean_gy: float
    highest_gy: float
    dose_at_percent_gy: dict[float, float]
    fraction_at_gy: dict[float, float]
    uptake_ratio: float | None = None


def region_doses(dose: Image, regions: TreatmentRegions) -> tuple[RegionDose, ...]:
    """Dose metrics of every region that is not empty.

    Parameters
    ----------
    dose : Image
        In Gy, on the grid of the regions.
    regions : TreatmentRegions

    Returns
    -------
    tuple of RegionDose
        Tumors first, then normal liver, whole territory and liver, lungs.

    Raises
    ------
    GeometryMismatchError
    """
    require_same_grid(dose=dose, liver=regions.grid)
    normal_gy = _mean(dose, regions.normal_territory)
    found = [
        _metrics(name, "tumor", dose, tumor, _mean(dose, tumor) / normal_gy if normal_gy > 0.0 else None)
        for name, tumor in regions.tumors.items()
        if tumor.any()
    ]
    rest = {
        ("normal liver in the territory", "normal_territory"): regions.normal_territory,
        ("whole normal liver", "normal_liver"): regions.normal_liver,
        ("territory", "territory"): regions.territory,
        ("liver", "liver"): regions.liver,
        ("lungs", "lungs"): regions.lungs,
    }
    found += [
        _metrics(name, kind, dose, mask) for (name, kind), mask in rest.items() if mask is not None and mask.any()
    ]
    return tuple(found)


def histogram(dose: Image, region: np.ndarray) -> DoseVolumeHistogram:
    """The dose-volume histogram of a region.

    Raises
    ------
    EmptyRegionError
        If it is empty.
    """
    return DoseVolumeHistogram(dose.array[region], dose.voxel_volume_ml)


def _metrics(name: str, kind: str, dose: Image, region: np.ndarray, ratio: float | None = None) -> RegionDose:
    dvh = histogram(dose, region)
    return RegionDose(
        name,
        kind,
        dvh.volume_ml,
        dvh.mean_gy,
        float(dvh.doses_gy[0]),
        {percent: dvh.dose_at_percent_gy(percent) for percent in PERCENTS},
        {level: dvh.volume_fraction_at(level) for level in LEVELS_GY},
        ratio,
    )


def _mean(dose: Image, region: np.ndarray) -> float:
    return float(np.mean(dose.array[region], dtype=float)) if region.any() else float("nan")


def image_activity_gbq(concentration: Image, region: np.ndarray) -> float:
    """Activity in a region in GBq, from a concentration in MBq/ml.

    Raises
    ------
    EmptyRegionError
        If the region is empty.
    """
    if not region.any():
        raise EmptyRegionError("The region is empty.")
    return float(concentration.array[region].sum(dtype=float)) * concentration.voxel_volume_ml / 1000.0
