"""What may be chosen for a digital patient of radioembolization, checked once at the border."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hepadose.checks import require_range
from hepadose.errors import SettingsError
from hepadose.sirt.inputs import LUNG_MASS_KG, UPTAKE_RATIO, require_residual, require_shunt
from hepadose.sirt.products import product_named
from hepadose.training.abdomen import LiverKind

MOST_TUMORS = 4
TUMOR_MM = (8.0, 90.0)


class TreatedPart(StrEnum):
    """What the microspheres reach."""

    WHOLE = "whole liver"
    RIGHT = "right lobe"
    LEFT = "left lobe"
    POSTERIOR = "right posterior sector"


@dataclass(frozen=True)
class ActivityScan:
    """How an image of activity is taken; as it stands, every voxel holds exactly what was planted.

    Parameters
    ----------
    spacing_mm : float, optional
        Voxels of the image, 1.5 to 10 mm; those of the CT if omitted.
    fwhm_mm : float
        Full width at half maximum of the camera's resolution, 0 to 25 mm.
    noise : float
        Standard deviation in normal liver of the territory, relative to its mean, 0 to 1.
    calibration : float
        What the image tells over the true activity, 0.2 to 5.

    Raises
    ------
    SettingsError
        If a value is outside its range.
    """

    spacing_mm: float | None = None
    fwhm_mm: float = 0.0
    noise: float = 0.0
    calibration: float = 1.0

    def __post_init__(self) -> None:
        if self.spacing_mm is not None:
            require_range("spacing of the image of activity", self.spacing_mm, 1.5, 10.0, "mm")
        require_range("resolution of the camera", self.fwhm_mm, 0.0, 25.0, "mm")
        require_range("noise of the image of activity", self.noise, 0.0, 1.0)
        require_range("calibration of the image of activity", self.calibration, 0.2, 5.0)


CLINICAL_PET = ActivityScan(4.0, 6.0, 0.12)
"""About what a scanner with time of flight shows of Y-90."""
CLINICAL_SPECT = ActivityScan(4.8, 12.0, 0.10)
"""About what a gamma camera shows of Tc-99m MAA."""


@dataclass(frozen=True)
class SirtPatientSettings:
    """Settings of one patient; the same settings always give the same one.

    Parameters
    ----------
    product : str
        Microspheres, by their id; density and dose constant of the truth are theirs.
    injected_gbq : float
        In the vial at injection, 0.1 to 20 GBq.
    lung_shunt, residual : float
        Fraction that goes to the lungs (0–0.5), and that stays in vial and tubing (0–0.3).
    lung_mass_kg : float
        Both lungs, 0.3 to 2 kg.
    part : TreatedPart
    tumor_diameters_mm : tuple of float, optional
        One to four, 8 to 90 mm; drawn if omitted. A tumor for which the territory has no room is made smaller.
    uptake_ratios : tuple of float, optional
        T/N of each tumor, 0.1 to 50; drawn if omitted.
    hours_after_injection : float
        When the PET is taken; it shows the activity of that time. 0 to 72.
    pet, spect : ActivityScan
        The SPECT is in counts, so its calibration means nothing.
    spacing_mm : float
        Voxels of the CT, 1.5 to 4 mm along all axes.
    liver_kind : LiverKind, optional
        Drawn if omitted.
    seed : int
        Chooses the anatomy, whatever is drawn, and the noise; 0 to 1 000 000 000.

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    product: str = "glass"
    injected_gbq: float = 3.0
    lung_shunt: float = 0.05
    residual: float = 0.02
    lung_mass_kg: float = 1.0
    part: TreatedPart = TreatedPart.RIGHT
    tumor_diameters_mm: tuple[float, ...] | None = None
    uptake_ratios: tuple[float, ...] | None = None
    hours_after_injection: float = 0.0
    pet: ActivityScan = ActivityScan()
    spect: ActivityScan = ActivityScan()
    spacing_mm: float = 2.5
    liver_kind: LiverKind | None = LiverKind.NORMAL
    seed: int = 1

    def __post_init__(self) -> None:
        product_named(self.product)
        if self.part not in list(TreatedPart):
            raise SettingsError(f'The treated part must be one of {", ".join(TreatedPart)}; got "{self.part}".')
        object.__setattr__(self, "part", TreatedPart(self.part))
        require_range("injected activity", self.injected_gbq, 0.1, 20.0, "GBq")
        require_shunt(self.lung_shunt)
        require_residual(self.residual)
        require_range("lung mass", self.lung_mass_kg, *LUNG_MASS_KG, "kg")
        require_range("time of the PET", self.hours_after_injection, 0.0, 72.0, "h")
        require_range("spacing of the CT", self.spacing_mm, 1.5, 4.0, "mm")
        require_range("seed", self.seed, 0, 1_000_000_000)
        self._check_tumors()

    def _check_tumors(self) -> None:
        for diameter_mm in self.tumor_diameters_mm or ():
            require_range("diameter of a tumor", diameter_mm, *TUMOR_MM, "mm")
        for ratio in self.uptake_ratios or ():
            require_range("T/N ratio", ratio, *UPTAKE_RATIO)
        given = [len(values) for values in (self.tumor_diameters_mm, self.uptake_ratios) if values is not None]
        if any(not 1 <= count <= MOST_TUMORS for count in given):
            raise SettingsError(f"The patient can have 1 to {MOST_TUMORS} tumors, got {given[0]}.")
        if len(set(given)) > 1:
            raise SettingsError(f"Each tumor needs a diameter and a T/N ratio; got {given[0]} and {given[1]}.")
