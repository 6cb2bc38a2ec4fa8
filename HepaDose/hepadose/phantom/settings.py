"""What may be chosen for a digital patient, checked once at the border."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hepadose.checks import require_range
from hepadose.errors import SettingsError
from hepadose.flr.radiobiology import biologically_effective_dose, dose_for_bed, equivalent_dose
from hepadose.flr.settings import DoseQuantity


class Technique(StrEnum):
    """How the tumor was irradiated."""

    SBRT5 = "sbrt5"
    CONVENTIONAL25 = "conventional25"

    @property
    def fractions(self) -> int:
        """Number of equal fractions."""
        return {Technique.SBRT5: 5, Technique.CONVENTIONAL25: 25}[self]

    @property
    def prescription_gy(self) -> float:
        """Dose that encloses the planning target volume, in Gy."""
        return {Technique.SBRT5: 50.0, Technique.CONVENTIONAL25: 55.0}[self]

    @property
    def planted_range_gy(self) -> tuple[float, float]:
        """Physical doses in Gy between which a reaction may be planted."""
        return {Technique.SBRT5: (20.0, 45.0), Technique.CONVENTIONAL25: (25.0, 50.0)}[self]


class ContrastPhase(StrEnum):
    """When after the contrast injection a CT was taken."""

    NATIVE = "native"
    ARTERIAL = "arterial"
    PORTAL_VENOUS = "portal venous"
    DELAYED = "delayed"


@dataclass(frozen=True)
class DigitalPatientSettings:
    """Settings of one digital patient; the same settings always give the same patient.

    Parameters
    ----------
    technique : Technique
        Five-fraction stereotactic or 25-fraction treatment.
    planted_gy : float
        Dose at the edge of the reaction in Gy of ``planted_quantity``.
    planted_quantity : DoseQuantity
        Physical dose, EQD2 or BED.
    alpha_beta_gy : float
        Alpha/beta of the liver in Gy for EQD2 and BED.
    matrix : int
        Rows and columns of both CTs (64–512); up to 128 meant for tests.
    planning_slice_mm, follow_up_slice_mm : float
        Slice spacing, equal to the slice thickness (2–6 mm and 1–6 mm).
    planning_phase, follow_up_phase : ContrastPhase
        Contrast phases of the CTs.
    noise_hu : float
        Standard deviation of the noise in the body's center in slices of 3 mm; thinner slices are noisier.
    reaction_hu : float or None
        Contrast of the reaction against the liver in HU; None takes -28 HU in the portal venous phase, +24 HU in
        the delayed, +18 HU in the arterial and -12 HU in the native one.
    edge_irregularity_mm : float
        Standard deviation of the irregular displacement of the reaction's edge about the isodose (0–2.5 mm).
    edge_blur_mm : float
        Standard deviation of the gradual transition at the edge in the CT (0–8 mm).
    position_shift_mm, position_turn_deg : float
        Size of the random rigid displacement of the patient between the CTs.
    breathing_mm : float
        Cranio-caudal shift of the liver by the other breathing state (0–25 mm).
    deformation_mm : float
        Standard deviation of further smooth random deformation (0–4 mm).
    shrinkage_percent : float
        Loss of liver volume between the CTs (0–20 %).
    follow_up_liver_contour : bool
        Whether a structure set with the liver contour of the follow-up CT is written.
    dose_spacing_mm : float
        Spacing of the dose grid (2–5 mm).
    seed : int
        Chooses the anatomy, the tumor's place, the motion and the noise.

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    technique: Technique = Technique.SBRT5
    planted_gy: float = 30.0
    planted_quantity: DoseQuantity = DoseQuantity.PHYSICAL
    alpha_beta_gy: float = 3.0
    matrix: int = 256
    planning_slice_mm: float = 2.5
    follow_up_slice_mm: float = 3.0
    planning_phase: ContrastPhase = ContrastPhase.ARTERIAL
    follow_up_phase: ContrastPhase = ContrastPhase.PORTAL_VENOUS
    noise_hu: float = 12.0
    reaction_hu: float | None = None
    edge_irregularity_mm: float = 1.5
    edge_blur_mm: float = 1.5
    position_shift_mm: float = 12.0
    position_turn_deg: float = 3.0
    breathing_mm: float = 10.0
    deformation_mm: float = 1.0
    shrinkage_percent: float = 7.0
    follow_up_liver_contour: bool = True
    dose_spacing_mm: float = 2.5
    seed: int = 1

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            object.__setattr__(self, name, _choice(name.replace("_", " "), choices, getattr(self, name)))
        for name, low, high, unit in _RANGES:
            label = name.rpartition("_")[0] if unit else name
            require_range(label.replace("_", " "), getattr(self, name), low, high, unit)
        low, high = self.technique.planted_range_gy
        if not low <= self.planted_physical_gy <= high:
            raise SettingsError(
                f"A reaction at {self.planted_physical_gy:.1f} Gy physical dose does not fit the technique "
                f"{self.technique.value}; choose {self._in_quantity(low):.1f} to {self._in_quantity(high):.1f} Gy "
                f"{self.planted_quantity.label}."
            )

    @property
    def planted_physical_gy(self) -> float:
        """The planted dose as physical dose in Gy."""
        if self.planted_quantity is DoseQuantity.PHYSICAL:
            return self.planted_gy
        bed_gy = self.planted_gy
        if self.planted_quantity is DoseQuantity.EQD2:
            bed_gy = self.planted_gy * (1.0 + 2.0 / self.alpha_beta_gy)
        return float(dose_for_bed(bed_gy, self.technique.fractions, self.alpha_beta_gy))

    def _in_quantity(self, physical_gy: float) -> float:
        if self.planted_quantity is DoseQuantity.PHYSICAL:
            return physical_gy
        bed_gy = biologically_effective_dose(physical_gy, self.technique.fractions, self.alpha_beta_gy)
        return float(
            bed_gy if self.planted_quantity is DoseQuantity.BED else equivalent_dose(bed_gy, self.alpha_beta_gy)
        )

    @property
    def reaction_contrast_hu(self) -> float:
        """Contrast of the reaction against the liver in HU."""
        if self.reaction_hu is not None:
            return self.reaction_hu
        return _REACTION_HU[self.follow_up_phase]


def _choice(label: str, choices: type[StrEnum], value: str) -> StrEnum:
    """The member of an enumeration that a value or its text means."""
    try:
        return choices(value)
    except ValueError as problem:
        known = ", ".join(choices)
        raise SettingsError(f"The {label} must be one of {known}; got {value!r}.") from problem


_CHOICES: dict[str, type[StrEnum]] = {
    "technique": Technique,
    "planted_quantity": DoseQuantity,
    "planning_phase": ContrastPhase,
    "follow_up_phase": ContrastPhase,
}

_REACTION_HU = {
    ContrastPhase.NATIVE: -12.0,
    ContrastPhase.ARTERIAL: 18.0,
    ContrastPhase.PORTAL_VENOUS: -28.0,
    ContrastPhase.DELAYED: 24.0,
}

_RANGES = (
    ("alpha_beta_gy", 0.5, 30.0, "Gy"),
    ("matrix", 64, 512, ""),
    ("planning_slice_mm", 2.0, 6.0, "mm"),
    ("follow_up_slice_mm", 1.0, 6.0, "mm"),
    ("noise_hu", 0.0, 60.0, "HU"),
    ("edge_irregularity_mm", 0.0, 2.5, "mm"),
    ("edge_blur_mm", 0.0, 8.0, "mm"),
    ("position_shift_mm", 0.0, 40.0, "mm"),
    ("position_turn_deg", 0.0, 10.0, "degrees"),
    ("breathing_mm", 0.0, 25.0, "mm"),
    ("deformation_mm", 0.0, 4.0, "mm"),
    ("shrinkage_percent", 0.0, 20.0, "%"),
    ("dose_spacing_mm", 2.0, 5.0, "mm"),
)
