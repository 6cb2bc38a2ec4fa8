"""Quality gates: what must hold before the best level may be believed, each in words."""

from __future__ import annotations

import numpy as np

from hepadose.findings import Finding, error, ok, warning
from hepadose.flr.result import BestLevel

MINIMUM_REACTION_ML = 5.0
MINIMUM_COVERAGE = 0.99
REFUSED_COVERAGE = 0.90
LARGE_UNCERTAINTY_GY = 3.0
WEAK_AGREEMENT = 0.3
USELESS_WIDTH = 1.0
"""An interval wider than so many times the best level says next to nothing."""
MOST_DIGITS = 6


def gate_coverage(covered_fraction: float) -> Finding:
    """Whether the dose grid covers the liver."""
    percent = f"{100 * covered_fraction:.1f} %"
    if covered_fraction >= MINIMUM_COVERAGE:
        return ok("Dose coverage", f"The dose grid covers {percent} of the liver.")
    text = f"The dose grid covers only {percent} of the liver; the rest is left out."
    if covered_fraction >= REFUSED_COVERAGE:
        return warning("Dose coverage", text)
    return error("Dose coverage", f"{text} Export the dose on a larger grid or check the registration.")


def gate_reaction_volume(reaction_ml: float) -> Finding:
    """Whether the reaction is large enough to follow an isodose."""
    if reaction_ml >= MINIMUM_REACTION_ML:
        return ok("Reaction volume", f"{reaction_ml:.1f} ml inside the liver.")
    return warning(
        "Reaction volume",
        f"Only {reaction_ml:.1f} ml inside the liver; a stable match needs at least {MINIMUM_REACTION_ML:g} ml.",
    )


def gate_reaction_inside_liver(outside_ml: float, reaction_ml: float) -> Finding:
    """Whether the reaction was drawn within the liver."""
    if outside_ml <= 0.01 * max(reaction_ml, 1e-9):
        return ok("Reaction and liver", "The reaction lies inside the liver.")
    return warning(
        "Reaction and liver",
        f"{outside_ml:.1f} ml of the reaction lie outside the liver (or the dose) and are ignored.",
    )


def gate_range(best: BestLevel, levels_gy: np.ndarray, unit: str = "Gy") -> Finding:
    """Whether the best level lies strictly inside the range of levels."""
    first, last = float(levels_gy[0]), float(levels_gy[-1])
    levels = f"{first:g}–{last:g} {unit}"
    if best.level_gy in (first, last):
        return error(
            "Range of levels",
            f"Out of range: the best level {best.level_gy:.1f} {unit} is the end of the range {levels}, "
            "so the true one may lie beyond; extend the range.",
        )
    if best.plateau_gy[0] == first or best.plateau_gy[1] == last:
        return warning("Range of levels", f"The plateau around the best level touches the end of the range {levels}.")
    return ok("Range of levels", f"The best level lies inside the range {levels}.")


def gate_interval(best: BestLevel, unit: str = "Gy") -> Finding:
    """Whether the interval is narrow enough to say anything."""
    low, high = best.interval_gy
    text = f"The 95 % interval {low:.1f}–{high:.1f} {unit} is {high - low:.1f} {unit} wide"
    if high - low <= USELESS_WIDTH * best.refined_gy:
        return ok("Interval", f"{text}.")
    return warning(
        "Interval",
        f"{text}, wider than the best level of {best.refined_gy:.1f} {unit} itself: it hardly says at which dose the "
        "liver reacted. Look at the dose uncertainty and at the outline of the reaction.",
    )


def gate_agreement(best: BestLevel) -> Finding:
    """Whether any isodose follows the reaction well."""
    value = f"largest Boundary IoU {best.boundary_iou:.2f}"
    if best.boundary_iou >= WEAK_AGREEMENT:
        return ok("Agreement", f"An isodose follows the reaction ({value}).")
    return warning(
        "Agreement", f"No isodose follows the reaction well ({value}); look at the overlay before quoting it."
    )


def product_text(best: BestLevel, unit: str = "Gy") -> str:
    """The dose uncertainty as a product that is right as it is printed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> best = SimpleNamespace(registration_error_mm=0.7553, gradient_gy_per_mm=7.8152, dose_uncertainty_gy=5.9028)
    >>> product_text(best)
    '0.76 mm × 7.82 Gy/mm = 5.9 Gy'
    """
    result = f"{best.dose_uncertainty_gy:.1f}"
    for digits in range(2, MOST_DIGITS + 1):
        error, gradient = f"{best.registration_error_mm:.{digits}f}", f"{best.gradient_gy_per_mm:.{digits}f}"
        if f"{float(error) * float(gradient):.1f}" == result:
            break
    return f"{error} mm × {gradient} {unit}/mm = {result} {unit}"


def gate_dose_uncertainty(best: BestLevel, unit: str = "Gy") -> Finding:
    """The dose uncertainty from registration error and gradient; always shown."""
    if not np.isfinite(best.dose_uncertainty_gy):
        return warning(
            "Dose uncertainty",
            "The registration error is unknown, so the interval covers the sampling of the edge only.",
        )
    text = f"Mean registration error × dose gradient: {product_text(best, unit)}."
    make = warning if best.dose_uncertainty_gy > LARGE_UNCERTAINTY_GY else ok
    return make("Dose uncertainty", text)


def gate_band(band_mm: float, spacing_kji_mm: tuple[float, float, float], error_mm: float, in_plane: bool) -> Finding:
    """Whether the band is wide enough for the voxels and for the registration error."""
    if np.isfinite(error_mm) and band_mm < error_mm:
        return warning(
            "Boundary band",
            f"The band of {band_mm:g} mm is narrower than the registration error of {error_mm:.1f} mm; widen it.",
        )
    if in_plane:
        return ok("Boundary band", f"{band_mm:g} mm, measured within slices of {spacing_kji_mm[0]:g} mm.")
    layers = band_mm / max(spacing_kji_mm)
    return ok("Boundary band", f"{band_mm:g} mm, {layers:.1f} times the largest voxel spacing.")
