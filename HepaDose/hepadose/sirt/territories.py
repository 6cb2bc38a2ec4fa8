"""Prescriptions for several territories of one liver, each with its own volumes, by every model."""

from __future__ import annotations

from dataclasses import replace

from hepadose.errors import SettingsError
from hepadose.images import Image
from hepadose.sirt.prescription import Prescription, PrescriptionInput, prescribe
from hepadose.sirt.regions import OutlinedRegions, treatment_regions


def prescribe_territories(
    outlined: OutlinedRegions,
    territories: dict[str, Image],
    given: PrescriptionInput,
    uptake: dict[str, float] | None = None,
) -> dict[str, Prescription]:
    """Every model for every territory.

    Parameters
    ----------
    outlined : OutlinedRegions
        Liver and tumors; its territory is not used.
    territories : dict of str to Image
        By name, boolean, on the grid of the liver.
    given : PrescriptionInput
        What all share; its volumes and its uptake are replaced by those of each territory.
    uptake : dict of str to float, optional
        T/N ratio of tumors by name; a tumor counts where it lies in the territory, with its part there.

    Returns
    -------
    dict of str to Prescription
        Limits hold for each alone; what all give together is for :func:`hepadose.sirt.sessions.session_dose`.

    Raises
    ------
    SettingsError
        If there is no territory, or a T/N ratio names no tumor.
    GeometryMismatchError
        If a territory is on another grid.
    EmptyRegionError
        If a territory does not touch the liver.
    """
    known = {name for name, _ in outlined.tumors}
    unknown = sorted(set(uptake or {}) - known)
    if unknown or not territories:
        what = f"{', '.join(unknown)} is no tumor" if unknown else "there is no territory"
        raise SettingsError(f"Territories cannot be prescribed: {what}.")
    return {name: _prescribed(outlined, image, given, uptake or {}) for name, image in territories.items()}


def _prescribed(
    outlined: OutlinedRegions, territory: Image, given: PrescriptionInput, uptake: dict[str, float]
) -> Prescription:
    regions = treatment_regions(replace(outlined, territory=territory))
    treated = regions.treated_tumors_ml()
    own = tuple((name, treated[name], ratio) for name, ratio in uptake.items() if treated[name] > 0.0)
    return prescribe(replace(given, volumes=regions.volumes, uptake=own))
