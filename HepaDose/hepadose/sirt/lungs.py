"""Dose of the lungs from an image of activity: lungs are lighter than liver, so the same concentration gives more.

The mass is the one that the prescription uses. Where the lungs are not wholly in the scan, mass over outlined volume is
no density any more; then the nearest plausible one is taken, and that is told.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hepadose.findings import Finding, warning
from hepadose.images import Image
from hepadose.sirt.guidance import lung_limits
from hepadose.sirt.image_dose import RegionDose
from hepadose.sirt.prescription import PrescriptionInput
from hepadose.sirt.regions import TreatmentRegions

PLAUSIBLE_G_PER_ML = (0.1, 0.5)


def lung_density_g_per_ml(lungs_ml: float, lung_mass_kg: float) -> float:
    """Density of outlined lungs of a given mass, kept within 0.1–0.5 g/ml.

    Parameters
    ----------
    lungs_ml : float
        Above 0.
    lung_mass_kg : float

    Returns
    -------
    float

    Examples
    --------
    >>> lung_density_g_per_ml(4000.0, 1.0), lung_density_g_per_ml(800.0, 1.0)
    (0.25, 0.5)
    """
    return float(np.clip(1000.0 * lung_mass_kg / lungs_ml, *PLAUSIBLE_G_PER_ML))


def with_lung_dose(dose: Image, regions: TreatmentRegions, given: PrescriptionInput) -> Image:
    """A dose that was computed with the density of liver everywhere, with that of lungs in the lungs.

    Parameters
    ----------
    dose : Image
        In Gy on the grid of the regions; interpolated before, so that nothing of the lungs' factor reaches the liver.
    regions : TreatmentRegions
    given : PrescriptionInput
        Density of liver and mass of the lungs.

    Returns
    -------
    Image
        The same image where no lungs are outlined.
    """
    if regions.lungs is None or not regions.lungs.any():
        return dose
    lighter = given.density_g_per_ml / lung_density_g_per_ml(regions.ml(regions.lungs), given.delivery.lung_mass_kg)
    return dose.with_array(np.where(regions.lungs, dose.array * np.float32(lighter), dose.array))


def lung_findings(
    doses: Iterable[RegionDose], regions: TreatmentRegions, given: PrescriptionInput
) -> tuple[Finding, ...]:
    """What is unusual about the lungs in an image: a dose above the limit, or an outline that their mass does not fit.

    Parameters
    ----------
    doses : iterable of RegionDose
    regions : TreatmentRegions
    given : PrescriptionInput

    Returns
    -------
    tuple of Finding
    """
    limit, mass_kg = lung_limits().per_session_gy, given.delivery.lung_mass_kg
    found = []
    for row in doses:
        if row.kind != "lungs":
            continue
        if row.mean_gy > limit:
            text = f"The image gives the lungs {row.mean_gy:.1f} Gy on average, above {limit:g} Gy per session."
            found.append(warning("Lungs", text))
        density = lung_density_g_per_ml(row.volume_ml, mass_kg)
        if not np.isclose(density * row.volume_ml, 1000.0 * mass_kg):
            text = (
                f"Lungs of {mass_kg:g} kg do not fit the {row.volume_ml:.0f} ml outlined; their dose is computed with "
                f"{density:g} g/ml. Outline both lungs whole, or give their mass."
            )
            found.append(warning("Lungs", text))
    return tuple(found)
