"""Partition model: tumors, normal perfused liver and lungs as compartments of their own, for several territories.

The uptake ratio r is that of concentrations, tumor over normal liver, not the ratio of activities.

References
----------
Ho S et al., Eur J Nucl Med 1996;23:947-952, doi:10.1007/BF01084369.
"""

from __future__ import annotations

from dataclasses import dataclass

from hepadose.checks import require_range
from hepadose.errors import SettingsError
from hepadose.findings import Finding, warning
from hepadose.sirt.inputs import UPTAKE_RATIO
from hepadose.sirt.mird import Delivery, lung_dose_gy, require_mass
from hepadose.sirt.physics import DosePreset


@dataclass(frozen=True)
class TumorUptake:
    """One tumor and how much more of the activity it takes up than normal liver, per mass.

    Parameters
    ----------
    mass_kg : float
    ratio : float
        T/N ratio of concentrations, 0.1–50.
    name : str

    Raises
    ------
    SettingsError
    """

    mass_kg: float
    ratio: float
    name: str = "tumor"

    def __post_init__(self) -> None:
        require_mass(self.name, self.mass_kg)
        require_range(f"T/N ratio of the {self.name}", self.ratio, *UPTAKE_RATIO)


@dataclass(frozen=True)
class Territory:
    """What one injection reaches: normal liver and tumors.

    Parameters
    ----------
    normal_kg : float
        Normal liver in it, 0 or more; with 0 it needs a tumor.
    tumors : tuple of TumorUptake

    Raises
    ------
    SettingsError
    """

    normal_kg: float
    tumors: tuple[TumorUptake, ...] = ()

    def __post_init__(self) -> None:
        if self.normal_kg < 0.0 or not self.weighted_kg > 0.0:
            raise SettingsError(
                f"A territory needs normal liver or a tumor, got {self.normal_kg:g} kg of normal liver."
            )

    @property
    def weighted_kg(self) -> float:
        """Mass in kg with every tumor weighted by its uptake: r·m_T + m_N."""
        return self.normal_kg + sum(tumor.ratio * tumor.mass_kg for tumor in self.tumors)


@dataclass(frozen=True)
class PartitionDose:
    """Mean doses in Gy of one injection.

    Parameters
    ----------
    normal_gy : float
        Normal liver of the territory.
    tumors_gy : tuple of float
        In the order of the tumors.
    lungs_gy : float
    """

    normal_gy: float
    tumors_gy: tuple[float, ...]
    lungs_gy: float


def partition_dose(activity_gbq: float, territory: Territory, delivery: Delivery, preset: DosePreset) -> PartitionDose:
    """Mean doses from an activity in the vial.

    Parameters
    ----------
    activity_gbq : float
    territory : Territory
    delivery : Delivery
    preset : DosePreset

    Returns
    -------
    PartitionDose

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> territory = Territory(1.2, (TumorUptake(0.2, 5),))
    >>> dose = partition_dose(2.0, territory, Delivery(0.07), PARTITION)
    >>> round(dose.normal_gy, 4), round(dose.tumors_gy[0], 4), round(dose.lungs_gy, 4)
    (41.9937, 209.9686, 6.9538)
    """
    normal_gy = preset.gy_kg_per_gbq * activity_gbq * delivery.to_liver / territory.weighted_kg
    tumors_gy = tuple(tumor.ratio * normal_gy for tumor in territory.tumors)
    return PartitionDose(normal_gy, tumors_gy, lung_dose_gy(activity_gbq, delivery, preset))


def activity_for_normal_gbq(dose_gy: float, territory: Territory, delivery: Delivery, preset: DosePreset) -> float:
    """Activity in the vial that gives normal liver of the territory a mean dose.

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> territory = Territory(1.2, (TumorUptake(0.2, 5),))
    >>> round(activity_for_normal_gbq(40, territory, Delivery(0.07), PARTITION), 4)
    1.905
    """
    return dose_gy * territory.weighted_kg / (preset.gy_kg_per_gbq * delivery.to_liver)


def activity_for_tumor_gbq(
    dose_gy: float, number: int, territory: Territory, delivery: Delivery, preset: DosePreset
) -> float:
    """Activity in the vial that gives one tumor, counted from 0, a mean dose.

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> territory = Territory(1.2, (TumorUptake(0.2, 5),))
    >>> round(activity_for_tumor_gbq(120, 0, territory, Delivery(0.07), PARTITION), 4)
    1.143
    """
    return activity_for_normal_gbq(dose_gy / territory.tumors[number].ratio, territory, delivery, preset)


def ratio_of_counts(tumor_counts: float, tumor_ml: float, normal_counts: float, normal_ml: float) -> float:
    """T/N ratio from counts of a scan; densities cancel.

    Raises
    ------
    SettingsError
        If a volume or the counts of normal liver are not positive.

    Examples
    --------
    >>> ratio_of_counts(6e5, 200, 9e5, 1200)
    4.0
    """
    if not (tumor_ml > 0.0 and normal_ml > 0.0 and normal_counts > 0.0):
        raise SettingsError("The T/N ratio needs tumor and normal liver with volume, and counts in normal liver.")
    return (tumor_counts / tumor_ml) / (normal_counts / normal_ml)


def ratio_findings(territory: Territory) -> tuple[Finding, ...]:
    """Tumors that take up less than normal liver."""
    return tuple(
        warning("Uptake", f"The {tumor.name} takes up less than normal liver (T/N {tumor.ratio:.2g}).")
        for tumor in territory.tumors
        if tumor.ratio < 1.0
    )
