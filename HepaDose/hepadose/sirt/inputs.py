"""What a prescription is computed from, checked where it comes in: hard limits refuse, soft ones warn in words.

Masses follow from volumes and one density; fractions are 0–1 inside and shown in percent.
"""

from __future__ import annotations

from dataclasses import dataclass

from hepadose.checks import require_range
from hepadose.errors import SettingsError, UnitsError
from hepadose.findings import Finding, warning

HEIGHT_M, WEIGHT_KG = (1.0, 2.3), (25.0, 250.0)
USUAL_BSA_M2 = (1.2, 2.6)
LIVER_ML = (200.0, 6000.0)
LARGEST_SHUNT, HIGH_SHUNT = 0.5, 0.2
LARGEST_RESIDUAL, HIGH_RESIDUAL, STRANGE_RESIDUAL = 0.3, 0.05, 0.2
UPTAKE_RATIO = (0.1, 50.0)
DENSITY_G_PER_ML, LUNG_MASS_KG = (0.9, 1.2), (0.3, 2.0)
HIGHEST_TARGET_GY = 1000.0


@dataclass(frozen=True)
class Patient:
    """Body size.

    Parameters
    ----------
    height_m : float
        In meters, 1.0–2.3; centimeters are refused, not converted.
    weight_kg : float
        25–250.

    Raises
    ------
    UnitsError
        If the height is in centimeters.
    SettingsError
        If a value is outside its range.
    """

    height_m: float
    weight_kg: float

    def __post_init__(self) -> None:
        if self.height_m > 3.0:
            raise UnitsError(
                f"The height must be given in meters, got {self.height_m:g}, which looks like centimeters; "
                f"type {self.height_m / 100:g}."
            )
        require_range("height", self.height_m, *HEIGHT_M, "m")
        require_range("weight", self.weight_kg, *WEIGHT_KG, "kg")

    @property
    def body_surface_m2(self) -> float:
        """Body surface area in m² by DuBois.

        References
        ----------
        Du Bois D, Du Bois EF, Arch Intern Med 1916;17:863-871, doi:10.1001/archinte.1916.00080130010002.

        Examples
        --------
        >>> round(Patient(1.75, 75).body_surface_m2, 4)
        1.9031
        """
        return 0.20247 * self.height_m**0.725 * self.weight_kg**0.425

    def findings(self) -> tuple[Finding, ...]:
        """What is unusual about it."""
        low, high = USUAL_BSA_M2
        if low <= self.body_surface_m2 <= high:
            return ()
        text = f"{self.body_surface_m2:.2f} m² is unusual ({low}–{high} m²); check height and weight."
        return (warning("Body surface", text),)


@dataclass(frozen=True)
class Volumes:
    """Liver, treated territory and the tumors in it.

    Parameters
    ----------
    liver_ml : float
        The whole liver with its tumors, 200–6000 ml.
    territory_ml : float
        What the microspheres reach, with its tumors; the whole liver for a whole-liver treatment.
    tumor_ml : float
        Tumors inside the territory, 0 or more.

    Raises
    ------
    SettingsError
        If the parts do not lie in each other or the liver is outside its range.
    """

    liver_ml: float
    territory_ml: float
    tumor_ml: float

    def __post_init__(self) -> None:
        require_range("liver volume", self.liver_ml, *LIVER_ML, "ml")
        if not 0.0 <= self.tumor_ml <= self.territory_ml <= self.liver_ml or not self.territory_ml > 0.0:
            raise SettingsError(
                "Volumes must lie in each other, tumor in territory in liver; got tumor "
                f"{self.tumor_ml:g} ml, territory {self.territory_ml:g} ml, liver {self.liver_ml:g} ml."
            )

    @property
    def normal_ml(self) -> float:
        """Normal liver inside the territory, in ml."""
        return self.territory_ml - self.tumor_ml

    @property
    def involvement(self) -> float:
        """Share of the territory that is tumor, 0–1."""
        return self.tumor_ml / self.territory_ml

    @property
    def is_whole_liver(self) -> bool:
        """Whether the territory is the whole liver."""
        return self.territory_ml == self.liver_ml


def require_shunt(lung_shunt: float) -> None:
    """Refuse a lung shunt fraction outside 0–0.5.

    Raises
    ------
    UnitsError
        If it looks like percent.
    SettingsError
    """
    if lung_shunt > 1.0:
        raise UnitsError(
            f"The lung shunt must be a fraction, got {lung_shunt:g}, which looks like percent; "
            f"use {lung_shunt / 100:g}."
        )
    require_range("lung shunt fraction", lung_shunt, 0.0, LARGEST_SHUNT)


def shunt_findings(lung_shunt: float) -> tuple[Finding, ...]:
    """What is unusual about a lung shunt fraction."""
    if lung_shunt <= HIGH_SHUNT:
        return ()
    return (warning("Lung shunt", f"{lung_shunt:.1%} is above 20 %: contraindicated for resin microspheres."),)


def require_residual(residual: float) -> None:
    """Refuse a residual fraction (activity that stays in vial and tubing) outside 0–0.3.

    Raises
    ------
    SettingsError
    """
    require_range("residual fraction", residual, 0.0, LARGEST_RESIDUAL)


def residual_findings(residual: float) -> tuple[Finding, ...]:
    """What is unusual about a residual fraction."""
    if residual > STRANGE_RESIDUAL:
        return (warning("Residual", f"{residual:.1%} stayed in vial and tubing; the report needs an explanation."),)
    if residual > HIGH_RESIDUAL:
        return (warning("Residual", f"{residual:.1%} stayed in vial and tubing, more than the usual 5 %."),)
    return ()
