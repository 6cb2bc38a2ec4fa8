"""Activity of resin microspheres by body surface, with the reduction for the lung shunt; and the empirical table.

References
----------
SIR-Spheres instructions for use; van Roekel C, thesis, Utrecht University 2021; Lau WY et al., Int J Radiat Oncol Biol
Phys 2012;82:401-407, doi:10.1016/j.ijrobp.2010.08.015.
"""

from __future__ import annotations

from hepadose.sirt.inputs import Patient, Volumes, require_shunt

SHUNT_STEPS = ((0.10, 1.0), (0.15, 0.8))
"""Below each shunt its factor holds; equality belongs to the next step, the careful side."""
LAST_STEP, CONTRAINDICATED = (0.20, 0.6), 0.0


def shunt_factor(lung_shunt: float) -> float:
    """Factor on the activity of resin microspheres for a lung shunt; 0 above 20 %, where they are contraindicated.

    Parameters
    ----------
    lung_shunt : float
        Fraction, 0–0.5.

    Returns
    -------
    float
        1, 0.8, 0.6 or 0.

    Examples
    --------
    >>> [shunt_factor(shunt) for shunt in (0.0, 0.10, 0.15, 0.20, 0.2001)]
    [1.0, 0.8, 0.6, 0.6, 0.0]
    """
    require_shunt(lung_shunt)
    for limit, factor in SHUNT_STEPS:
        if lung_shunt < limit:
            return factor
    limit, factor = LAST_STEP
    return factor if lung_shunt <= limit else CONTRAINDICATED


def bsa_activity_gbq(patient: Patient, volumes: Volumes) -> float:
    """Activity by body surface, before the lung shunt reduces it.

    Parameters
    ----------
    patient : Patient
    volumes : Volumes
        A territory smaller than the liver gets its share of the activity of body surface, and its tumors count whole.

    Returns
    -------
    float
        In GBq; may be zero or negative for a very small body, which no treatment follows from.

    Examples
    --------
    >>> round(bsa_activity_gbq(Patient(1.75, 75), Volumes(1800, 1800, 200)), 4)
    1.8142
    >>> round(bsa_activity_gbq(Patient(1.75, 75), Volumes(1800, 1100, 200)), 4)
    1.1519
    """
    by_surface = (patient.body_surface_m2 - 0.2) * volumes.territory_ml / volumes.liver_ml
    return by_surface + volumes.tumor_ml / volumes.liver_ml


def empirical_activity_gbq(involvement: float) -> float:
    """Activity of the empirical table, before the lung shunt reduces it; a cross-check only, no longer recommended.

    Parameters
    ----------
    involvement : float
        Share of the liver that is tumor, 0–1.

    Returns
    -------
    float
        In GBq.

    Examples
    --------
    >>> [empirical_activity_gbq(share) for share in (0.25, 0.26, 0.50, 0.51)]
    [2.0, 2.5, 2.5, 3.0]
    """
    if involvement <= 0.25:
        return 2.0
    return 2.5 if involvement <= 0.50 else 3.0
