"""What counts as a change of the liver between two CTs."""

from __future__ import annotations

from dataclasses import dataclass

from hepadose.checks import require_range


@dataclass(frozen=True)
class DifferenceSettings:
    """What counts as a change of the liver.

    Parameters
    ----------
    smoothing_mm : float
        Standard deviation of the smoothing (0.5–8 mm); widened where noise hides the reaction.
    capsule_margin_mm : float
        Voxels closer to the capsule are not trusted; the region is continued up to the capsule (0–15 mm).
    least_contrast_hu : float
        A smaller change is no reaction (1–50 HU).
    least_separation : float
        A change smaller than this many standard deviations of the liver's own variation is no reaction (1–20).

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    smoothing_mm: float = 2.5
    capsule_margin_mm: float = 4.0
    least_contrast_hu: float = 6.0
    least_separation: float = 2.0

    def __post_init__(self) -> None:
        require_range("smoothing", self.smoothing_mm, 0.5, 8.0, "mm")
        require_range("capsule margin", self.capsule_margin_mm, 0.0, 15.0, "mm")
        require_range("least contrast", self.least_contrast_hu, 1.0, 50.0, "HU")
        require_range("least separation", self.least_separation, 1.0, 20.0, "standard deviations")


DEFAULT_SETTINGS = DifferenceSettings()
