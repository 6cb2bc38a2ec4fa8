"""What the user may choose for the isodose match, checked once at the border."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import SettingsError


class DoseQuantity(StrEnum):
    """Scale of the levels that are compared with the reaction."""

    PHYSICAL = "physical"
    EQD2 = "eqd2"
    BED = "bed"

    @property
    def label(self) -> str:
        """The name as it is printed."""
        return {"physical": "physical dose", "eqd2": "EQD2", "bed": "BED"}[self.value]


class BandMode(StrEnum):
    """Which side of a region's intrahepatic boundary its band lies on."""

    SYMMETRIC = "symmetric"
    INNER = "inner"
    OUTER = "outer"


class PlanarDefinition(StrEnum):
    """A published 2-D Boundary IoU, for comparison with published numbers."""

    CHENG = "cheng"
    PUBLISHED_SCRIPT = "published-script"


@dataclass(frozen=True)
class FlrSettings:
    """Settings of one focal-liver-reaction analysis.

    Parameters
    ----------
    quantity : DoseQuantity
        Scale of the levels.
    alpha_beta_gy : float
        Alpha/beta of the liver in Gy (0.5–30); used for EQD2 and BED only.
    first_level_gy, last_level_gy, level_step_gy : float
        The levels, in Gy of ``quantity``; both ends included.
    band_mode : BandMode
        Symmetric by default.
    band_mm : float
        Half width of the boundary band (distance d) in mm.
    in_plane : bool
        Measure the band within slices only (for slices thicker than ``band_mm``).
    surface_step_gy : float
        Spacing of the levels whose surface distances are tabulated.
    block_mm : float
        Edge of the liver blocks that the bootstrap resamples.
    bootstrap_samples : int
        Number of bootstrap samples.
    seed : int
        Seed of the bootstrap: the same input gives the same interval.
    planar_definitions : tuple of PlanarDefinition
        Published 2-D definitions to evaluate beside, at the levels of the surface table.

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    quantity: DoseQuantity = DoseQuantity.PHYSICAL
    alpha_beta_gy: float = 3.0
    first_level_gy: float = 5.0
    last_level_gy: float = 60.0
    level_step_gy: float = 0.1
    band_mode: BandMode = BandMode.SYMMETRIC
    band_mm: float = 5.0
    in_plane: bool = False
    surface_step_gy: float = 1.0
    block_mm: float = 20.0
    bootstrap_samples: int = 1000
    seed: int = 0
    planar_definitions: tuple[PlanarDefinition, ...] = ()

    def __post_init__(self) -> None:
        require_range("alpha/beta", self.alpha_beta_gy, 0.5, 30.0, "Gy")
        require_range("band width", self.band_mm, 0.5, 30.0, "mm")
        require_range("block edge", self.block_mm, 5.0, 200.0, "mm")
        require_range("level step", self.level_step_gy, 0.01, 10.0, "Gy")
        require_range("surface step", self.surface_step_gy, 0.01, 100.0, "Gy")
        require_range("number of bootstrap samples", self.bootstrap_samples, 100, 100_000)
        if not 0 < self.first_level_gy < self.last_level_gy:
            raise SettingsError(
                f"The levels must rise from above 0 Gy, got {self.first_level_gy:g} to {self.last_level_gy:g} Gy."
            )
        if len(self.levels_gy) < 5:
            raise SettingsError(f"At least 5 levels are needed to find a maximum, got {len(self.levels_gy)}.")

    @classmethod
    def spanning(cls, maximum_gy: float, **choices: object) -> FlrSettings:
        """Settings whose levels reach from 5 Gy to the largest dose, rounded up to a whole Gy.

        Parameters
        ----------
        maximum_gy : float
            Largest dose in the liver, in Gy of the chosen quantity.
        **choices : object
            Any other setting; ``first_level_gy`` and ``last_level_gy`` given here are kept.
        """
        choices.setdefault("last_level_gy", max(float(np.ceil(maximum_gy)), 10.0))
        # About 60 table rows at most: 1, 2 or 5 Gy apart.
        choices.setdefault("surface_step_gy", next((s for s in (1.0, 2.0) if choices["last_level_gy"] <= 65 * s), 5.0))
        return cls(**choices)

    @property
    def levels_gy(self) -> np.ndarray:
        """All levels in Gy, ascending."""
        return self._levels(self.level_step_gy)

    @property
    def table_levels_gy(self) -> np.ndarray:
        """The coarser levels of the surface table and of the 2-D definitions, in Gy."""
        return self._levels(self.surface_step_gy)

    def _levels(self, step_gy: float) -> np.ndarray:
        count = int(np.floor((self.last_level_gy - self.first_level_gy) / step_gy + 1e-9)) + 1
        return np.round(self.first_level_gy + step_gy * np.arange(count), 6)
