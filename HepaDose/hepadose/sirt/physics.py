"""How much dose an activity of Y-90 gives: the constant between GBq/kg and Gy, and the half-life.

Every result says which preset it was computed with; presets are never mixed within one report.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from hepadose.checks import require_range
from hepadose.errors import SettingsError

ELECTRON_CHARGE_C = 1.602176634e-19
IFU_HALF_LIFE_H = 64.1
EANM_HALF_LIFE_H = 64.2
DECAY_DATA_HALF_LIFE_H = 64.05


def dose_constant(energy_mev: float, half_life_h: float) -> float:
    """Dose in Gy that 1 GBq gives to 1 kg if all of it decays there and all beta energy is absorbed.

    Parameters
    ----------
    energy_mev : float
        Mean beta energy per decay in MeV, 0.8–1.1.
    half_life_h : float
        In hours, 60–70.

    Returns
    -------
    float
        In Gy·kg/GBq.

    Raises
    ------
    SettingsError
        If a value is outside its range.

    Examples
    --------
    >>> round(dose_constant(0.9337, 64.1), 4)
    49.8027
    """
    require_range("mean beta energy", energy_mev, 0.8, 1.1, "MeV")
    require_range("half-life of Y-90", half_life_h, 60.0, 70.0, "h")
    return energy_mev * 1e6 * ELECTRON_CHARGE_C * 1e9 * half_life_h * 3600.0 / log(2.0)


@dataclass(frozen=True)
class DosePreset:
    """A named choice of the constant between GBq/kg and Gy.

    Parameters
    ----------
    name : str
        As it stands in results.
    gy_kg_per_gbq : float
    source : str
    """

    name: str
    gy_kg_per_gbq: float
    source: str

    def __str__(self) -> str:
        return f"{self.name} ({self.gy_kg_per_gbq:.2f} Gy·kg/GBq, {self.source})"


GLASS_IFU = DosePreset("glass_IFU", 50.0, "instructions for use of glass microspheres")
PARTITION = DosePreset("partition_49.67", 49.67, "Ho et al. 1996")


def physical(energy_mev: float = 0.9337, half_life_h: float = IFU_HALF_LIFE_H) -> DosePreset:
    """The preset that follows from a mean energy and a half-life, see :func:`dose_constant`.

    Returns
    -------
    DosePreset
    """
    source = f"{energy_mev:g} MeV, {half_life_h:g} h"
    return DosePreset("physical", dose_constant(energy_mev, half_life_h), source)


def preset(name: str) -> DosePreset:
    """A preset by its name.

    Parameters
    ----------
    name : {"glass_IFU", "partition_49.67", "physical"}

    Returns
    -------
    DosePreset

    Raises
    ------
    SettingsError
    """
    known = {each.name: each for each in (GLASS_IFU, PARTITION, physical())}
    if name not in known:
        raise SettingsError(f'There is no dose constant called "{name}"; known are {", ".join(known)}.')
    return known[name]
