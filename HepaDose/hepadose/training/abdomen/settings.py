"""What may be asked of a synthetic abdomen and of its CT."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hepadose.errors import SettingsError
from hepadose.phantom.settings import ContrastPhase


class LiverKind(StrEnum):
    """The form of a liver."""

    NORMAL = "normal"
    RIGHT_DOMINANT = "right dominant"
    LARGE_LEFT_LOBE = "large left lobe"
    RIEDEL = "Riedel lobe"
    ENLARGED = "enlarged"
    CIRRHOTIC = "cirrhotic"
    RIGHT_RESECTED = "right liver resected"
    LEFT_RESECTED = "left liver resected"
    DISPLACED = "displaced"


class FieldOfView(StrEnum):
    """How much of the body the scan shows from head to foot."""

    ABDOMEN = "abdomen"
    UPPER_ABDOMEN = "upper abdomen"
    CHEST_AND_ABDOMEN = "chest and abdomen"
    TORSO = "torso"
    CUT_ABOVE = "upper part of the liver missing"
    CUT_BELOW = "lower part of the liver missing"


@dataclass(frozen=True)
class AbdomenSettings:
    """What is drawn at random and what is fixed about an anatomy.

    Parameters
    ----------
    spacing_mm : float
        Spacing of the label map along all axes, 1 to 4 mm.
    shape : tuple of 3 int, optional
        Voxels along k, j, i; if omitted, the field of view is drawn and the shape follows from it.
    field_of_view, liver_kind : optional
        Fixed instead of drawn.
    tumor_share, reaction_share : float
        Share of livers with tumors, and with a reaction to radiotherapy, 0 to 1.
    most_tumors : int
        Largest number of tumors in one liver.

    Raises
    ------
    SettingsError
        If a value is outside its range.
    """

    spacing_mm: float = 3.0
    shape: tuple[int, int, int] | None = None
    field_of_view: FieldOfView | None = None
    liver_kind: LiverKind | None = None
    tumor_share: float = 0.65
    reaction_share: float = 0.2
    most_tumors: int = 12

    def __post_init__(self) -> None:
        _as_choice(self, "field_of_view", FieldOfView)
        _as_choice(self, "liver_kind", LiverKind)
        if not 1.0 <= self.spacing_mm <= 4.0:
            raise SettingsError(f"The label map's spacing must be 1 to 4 mm, got {self.spacing_mm} mm.")
        if self.shape is not None and (len(self.shape) != 3 or min(self.shape) < 16):
            raise SettingsError(f"The label map needs 3 axes of at least 16 voxels, got {self.shape}.")
        _require_share(tumor_share=self.tumor_share, reaction_share=self.reaction_share)


@dataclass(frozen=True)
class RenderingSettings:
    """What is drawn at random and what is fixed about a CT.

    Parameters
    ----------
    phase : ContrastPhase, optional
        Fixed instead of drawn.
    random_intensity_share : float
        Share of CTs whose tissues get arbitrary CT numbers, which no phase of contrast explains.
    noise_hu : tuple of 2 float
        Range of the noise's standard deviation in HU where voxels measure 1 mm, see
        :func:`hepadose.training.abdomen.artifacts.add_noise`.
    slice_thickness_mm : tuple of 2 float
        Range of the slice thickness in mm.
    fatty_liver_share, oral_contrast_share, metal_share, table_share, circle_share : float
        Share of CTs with a fatty liver, with oral contrast, with metal and its streaks, with a table, and with a
        circular field of view.
    tissue_spread : float
        Scale of the tissues' variation about their means; 0 gives the mean of each phase.

    Raises
    ------
    SettingsError
        If a value is outside its range.
    """

    phase: ContrastPhase | None = None
    random_intensity_share: float = 0.2
    noise_hu: tuple[float, float] = (4.0, 40.0)
    slice_thickness_mm: tuple[float, float] = (1.0, 7.5)
    fatty_liver_share: float = 0.2
    oral_contrast_share: float = 0.3
    metal_share: float = 0.06
    table_share: float = 0.8
    circle_share: float = 0.3
    tissue_spread: float = 1.0

    def __post_init__(self) -> None:
        _as_choice(self, "phase", ContrastPhase)
        shares = ("random_intensity", "fatty_liver", "oral_contrast", "metal", "table", "circle")
        _require_share(**{f"{name}_share": getattr(self, f"{name}_share") for name in shares})
        for name in ("noise_hu", "slice_thickness_mm"):
            low, high = getattr(self, name)
            if not 0.0 <= low <= high:
                raise SettingsError(f"{name} must be a range of two rising values from 0 on, got {(low, high)}.")


def _as_choice(settings: object, name: str, kind: type[StrEnum]) -> None:
    """Take a choice by its text as well, as a configuration file gives it."""
    value = getattr(settings, name)
    if value is None:
        return
    if value not in list(kind):
        raise SettingsError(f"{name} must be one of {', '.join(kind)}; got {value!r}.")
    object.__setattr__(settings, name, kind(value))


def _require_share(**shares: float) -> None:
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise SettingsError(f"{name} must be between 0 and 1, got {share}.")
