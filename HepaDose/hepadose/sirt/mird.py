"""One compartment: activity for a mean dose to the perfused territory, and back; and the dose to the lungs.

The shunted and the residual part are lost to the territory: the activity is divided by what arrives, (1 − F)(1 − R).
Public calculators that multiply instead prescribe (1 − F)² of it, 72 % at a shunt of 15 %.
"""

from __future__ import annotations

from dataclasses import dataclass

from hepadose.checks import require_range
from hepadose.errors import SettingsError
from hepadose.sirt.inputs import HIGHEST_TARGET_GY, LUNG_MASS_KG, require_residual, require_shunt
from hepadose.sirt.physics import DosePreset


@dataclass(frozen=True)
class Delivery:
    """What becomes of the activity in the vial.

    Parameters
    ----------
    lung_shunt : float
        Fraction that goes to the lungs, 0–0.5.
    residual : float
        Fraction that stays in vial and tubing, 0–0.3.
    lung_mass_kg : float
        Both lungs with their blood, 0.3–2.0 kg.

    Raises
    ------
    SettingsError, UnitsError
    """

    lung_shunt: float = 0.0
    residual: float = 0.0
    lung_mass_kg: float = 1.0

    def __post_init__(self) -> None:
        require_shunt(self.lung_shunt)
        require_residual(self.residual)
        require_range("lung mass", self.lung_mass_kg, *LUNG_MASS_KG, "kg")

    @property
    def to_liver(self) -> float:
        """Share of the vial's activity that reaches the liver."""
        return (1.0 - self.lung_shunt) * (1.0 - self.residual)

    @property
    def to_lungs(self) -> float:
        """Share of the vial's activity that reaches the lungs."""
        return self.lung_shunt * (1.0 - self.residual)


def mird_activity_gbq(dose_gy: float, mass_kg: float, delivery: Delivery, preset: DosePreset) -> float:
    """Activity in the vial for a mean dose to the territory.

    Parameters
    ----------
    dose_gy : float
        Above 0, up to 1000 Gy.
    mass_kg : float
        Of the perfused territory with its tumors, above 0.
    delivery : Delivery
    preset : DosePreset

    Returns
    -------
    float
        In GBq.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> from hepadose.sirt.physics import GLASS_IFU
    >>> round(mird_activity_gbq(120, 1.5 * 1.03, Delivery(0.05, 0.02), GLASS_IFU), 6)
    3.982814
    """
    require_mass("territory", mass_kg)
    if not 0.0 < dose_gy <= HIGHEST_TARGET_GY:
        raise SettingsError(f"The wanted dose must lie above 0 and up to {HIGHEST_TARGET_GY:g} Gy, got {dose_gy:g} Gy.")
    return dose_gy * mass_kg / (preset.gy_kg_per_gbq * delivery.to_liver)


def mird_dose_gy(activity_gbq: float, mass_kg: float, delivery: Delivery, preset: DosePreset) -> float:
    """Mean dose to the territory from an activity in the vial.

    Examples
    --------
    >>> from hepadose.sirt.physics import GLASS_IFU
    >>> round(mird_dose_gy(3.0, 1.2, Delivery(0.06, 0.01), GLASS_IFU), 3)
    116.325
    """
    require_mass("territory", mass_kg)
    return preset.gy_kg_per_gbq * activity_gbq * delivery.to_liver / mass_kg


def lung_dose_gy(activity_gbq: float, delivery: Delivery, preset: DosePreset) -> float:
    """Mean dose to the lungs from an activity in the vial.

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> round(lung_dose_gy(2.0, Delivery(0.07), PARTITION), 4)
    6.9538
    """
    return preset.gy_kg_per_gbq * activity_gbq * delivery.to_lungs / delivery.lung_mass_kg


def lung_limited_activity_gbq(limit_gy: float, delivery: Delivery, preset: DosePreset) -> float:
    """Largest activity in the vial that keeps the lungs at a dose; infinite without a shunt.

    Examples
    --------
    >>> from hepadose.sirt.physics import PARTITION
    >>> round(lung_limited_activity_gbq(30.0, Delivery(0.07), PARTITION), 4)
    8.6284
    """
    per_gbq = lung_dose_gy(1.0, delivery, preset)
    return limit_gy / per_gbq if per_gbq > 0.0 else float("inf")


def require_mass(name: str, mass_kg: float) -> None:
    """Refuse a mass that is not positive.

    Raises
    ------
    SettingsError
    """
    if not mass_kg > 0.0:
        raise SettingsError(f"The mass of the {name} must be positive, got {mass_kg:g} kg.")
