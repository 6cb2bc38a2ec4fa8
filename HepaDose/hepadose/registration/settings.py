"""What the user may choose for the registration, checked once at the border."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hepadose.checks import require_range


class RegistrationMethod(StrEnum):
    """The last stage that is run; each one starts from the one before."""

    NONE = "none"
    RIGID = "rigid"
    AFFINE = "affine"
    BSPLINE = "bspline"

    @property
    def label(self) -> str:
        """The method in words, as it is printed."""
        return {
            "none": "none (taken as they lie)",
            "rigid": "rigid",
            "affine": "rigid + affine",
            "bspline": "rigid + affine + B-spline",
        }[self.value]


@dataclass(frozen=True)
class RegistrationSettings:
    """Settings of the registration of a follow-up CT to the planning CT.

    Parameters
    ----------
    method : RegistrationMethod
        The last stage; B-spline by default.
    working_spacing_mm : float
        Isotropic voxel size at which the images are compared (1.5–6 mm).
    control_spacing_mm : float
        Distance between B-spline control points at the finest level (10–80 mm).
    margin_mm : float
        How far beyond the liver the images count where no follow-up contour is given (0–40 mm).
    stiffness : float
        Weight of the bending energy relative to its default; larger gives smoother deformations (0.01–100).
    contour_error_mm : float
        How far a liver contour may lie from the true capsule (one standard deviation, 0.5–10 mm).
    seed : int
        Seed of the random sampling of the linear stages: the same input gives the same transform.
    threads : int
        Threads of SimpleITK; fixed, so that results do not depend on the machine.

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    method: RegistrationMethod = RegistrationMethod.BSPLINE
    working_spacing_mm: float = 3.0
    control_spacing_mm: float = 30.0
    margin_mm: float = 9.0
    stiffness: float = 1.0
    contour_error_mm: float = 1.5
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        require_range("registration's working voxel size", self.working_spacing_mm, 1.5, 6.0, "mm")
        require_range("registration's distance between control points", self.control_spacing_mm, 10.0, 80.0, "mm")
        require_range("registration's margin around the liver", self.margin_mm, 0.0, 40.0, "mm")
        require_range("registration's stiffness", self.stiffness, 0.01, 100.0)
        require_range("registration's contour error", self.contour_error_mm, 0.5, 10.0, "mm")
        require_range("registration's number of threads", self.threads, 1, 64)
