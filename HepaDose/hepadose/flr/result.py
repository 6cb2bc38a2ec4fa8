"""What the focal-liver-reaction analysis returns: frozen, at full precision, never rounded.

Doses ending in ``_gy`` are in the quantity named by :class:`DoseContext` (physical dose, EQD2 or BED).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.findings import Finding
from hepadose.flr.settings import DoseQuantity, FlrSettings, PlanarDefinition
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin


@dataclass(frozen=True, eq=False)
class FlrImages:
    """The images of one analysis, all on the grid of the follow-up CT.

    ``planning_ct`` (HU) and ``dose_gy`` (physical dose, Gy) were resampled through the registration; ``liver`` and
    ``reaction`` are boolean masks. ``planning_ct`` is None where there is none.
    """

    follow_up_ct: Image
    dose_gy: Image
    liver: Image
    reaction: Image
    planning_ct: Image | None = None


@dataclass(frozen=True, eq=False)
class LevelCurve:
    """Agreement of the reaction with the isodose region of every level; all arrays have one entry per level.

    Undefined values (both regions or both bands empty) are NaN.
    """

    levels_gy: np.ndarray
    boundary_iou: np.ndarray
    iou: np.ndarray
    dice: np.ndarray
    volume_ratio: np.ndarray
    """Isodose region over reaction."""
    region_ml: np.ndarray
    """Volume of the isodose region inside the liver."""
    overlap_ml: np.ndarray
    """Volume common to isodose region and reaction."""
    boundary_iou_mean_over_slices: np.ndarray | None = None
    """Mean of the slices' own Boundary IoU (macro average), for a band measured in-plane; ``boundary_iou`` pools the
    voxels of all slices (micro average)."""


@dataclass(frozen=True)
class BestLevel:
    """The isodose that the reaction follows best, and how sure that is."""

    level_gy: float
    """Level of the largest Boundary IoU."""
    boundary_iou: float
    refined_gy: float
    """Vertex of the parabola fitted to the top of the curve: the headline value."""
    plateau_gy: tuple[float, float]
    """Lowest and highest level with at least 95 % of the largest Boundary IoU."""
    bootstrap_interval_gy: tuple[float, float]
    """95 % interval over blocks of liver."""
    registration_error_mm: float
    gradient_gy_per_mm: float
    """Median dose gradient at the reaction's intrahepatic boundary."""
    dose_uncertainty_gy: float
    """Mean registration error × gradient; the interval uses it as if it were one standard deviation."""
    interval_gy: tuple[float, float]
    """95 % interval with the dose uncertainty of the registration included: the interval to quote."""


@dataclass(frozen=True)
class SurfaceRow:
    """Distances between the intrahepatic boundaries of reaction and isodose region at one level, in mm."""

    level_gy: float
    mean_mm: float
    """Pooled symmetric mean (ASSD); NaN where a boundary is empty."""
    hd95_mm: float
    """Larger of the two directed 95th percentiles."""
    reaction_to_isodose_mm: float
    isodose_to_reaction_mm: float


@dataclass(frozen=True, eq=False)
class PlanarCurve:
    """Mean over slices of a published 2-D Boundary IoU per level; comparable with publications only."""

    definition: PlanarDefinition
    levels_gy: np.ndarray
    boundary_iou: np.ndarray


@dataclass(frozen=True)
class CompanionEstimators:
    """Threshold doses by the definitions other publications use."""

    volume_match_gy: float
    """Dose whose isodose volume in the liver equals the reaction's volume (Herfarth, Takeda)."""
    d90_gy: float
    """Dose received by at least 90 % of the reaction (Seidensticker); not the dose at its edge."""
    logistic_d50_gy: float
    """Dose of 50 % probability in a logistic fit over liver voxels; NaN where the fit has no solution."""
    logistic_width_gy: float
    """Dose between 50 % and 73 % probability: 1 / slope."""
    auc: float
    youden_gy: float
    concordance_of_reaction: float
    """Fraction of the reaction inside the best isodose."""
    concordance_of_isodose: float
    """Fraction of the best isodose region inside the reaction."""


@dataclass(frozen=True)
class DvhMetrics:
    """Dose metrics of one structure in physical Gy, voxel-step definition without interpolation."""

    structure: str
    volume_ml: float
    mean_gy: float
    minimum_gy: float
    maximum_gy: float
    d2_gy: float
    d50_gy: float
    d90_gy: float
    d95_gy: float
    d98_gy: float


@dataclass(frozen=True)
class DoseContext:
    """What a dose value means here; a dose is never shown without it."""

    quantity: DoseQuantity
    fractions: int | None
    alpha_beta_gy: float | None
    """None for physical dose."""
    maximum_gy: float
    """Largest physical dose of the dose distribution as read."""
    banner: str
    """One line for people, e.g. "maximum 48.2 Gy in 25 fractions, physical dose"."""

    @property
    def unit(self) -> str:
        """ "Gy", with the quantity where it is not physical dose: "Gy EQD2"."""
        return "Gy" if self.quantity is DoseQuantity.PHYSICAL else f"Gy {self.quantity.label}"

    @property
    def unit_label(self) -> str:
        """Quantity with unit and alpha/beta, e.g. "EQD2 (α/β 3 Gy) in Gy"."""
        if self.quantity is DoseQuantity.PHYSICAL:
            return "Physical dose in Gy"
        return f"{self.quantity.label} (α/β {self.alpha_beta_gy:g} Gy) in Gy"


@dataclass(frozen=True)
class RegistrationSummary:
    """How the follow-up CT was brought to the planning CT, as it enters the result.

    Figures that could not be measured (no liver contour on the follow-up CT) are None.
    """

    method: str
    estimated_error_mm: float
    liver_dice: float | None = None
    liver_mean_distance_mm: float | None = None
    folded_fraction: float | None = None
    planning_liver_origin: SegmentationOrigin | None = None
    """Where the liver of the planning CT came from that guided the registration; None where it is not known."""


@dataclass(frozen=True, eq=False)
class FlrResult:
    """The answer of FLRDose for one patient."""

    settings: FlrSettings
    dose: DoseContext
    liver_ml: float
    reaction_ml: float
    interface_cm2: float
    """Area of the reaction's intrahepatic boundary (capsule excluded)."""
    curve: LevelCurve
    best: BestLevel
    best_equivalents: dict[str, float]
    """The refined level in other quantities, by label, where fractions are known."""
    surface: tuple[SurfaceRow, ...]
    estimators: CompanionEstimators
    dvh: tuple[DvhMetrics, ...]
    reaction_origin: SegmentationOrigin
    liver_origin: SegmentationOrigin
    registration: RegistrationSummary
    findings: tuple[Finding, ...]
    """Pre-flight findings, quality gates and warnings, in the order they arose."""
    software_version: str
    planar: tuple[PlanarCurve, ...] = ()
    """Published 2-D definitions, where asked for."""
