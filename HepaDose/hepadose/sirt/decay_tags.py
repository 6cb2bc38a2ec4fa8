"""The time to which a PET is decay-corrected, from its DICOM attributes, and the factor to the time of injection.

References
----------
DICOM PS3.3 C.8.9.1 (PET Series: Units, Decay Correction) and C.8.9.2 (PET Isotope).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hepadose.checks import require_range
from hepadose.errors import UnitsError
from hepadose.sirt.decay import HOURS, hours_between
from hepadose.sirt.physics import IFU_HALF_LIFE_H

Y90_POSITRON_YIELD, F18_POSITRON_YIELD = 31.86e-6, 0.9673
F18_HALF_LIFE_H = 109.77 / 60.0


class DecayCorrection(StrEnum):
    """Values of Decay Correction (0054,1102)."""

    NONE = "NONE"
    START = "START"
    ADMIN = "ADMIN"


@dataclass(frozen=True)
class PetTimes:
    """What a PET series says about units and time.

    Parameters
    ----------
    units : str
        Units (0054,1001); only BQML can be used.
    correction : DecayCorrection
    acquisition, injection : datetime
        Start of the series and Radiopharmaceutical Start DateTime, with time zones.
    half_life_h : float
        Radionuclide Half Life (0018,1075) in hours.
    """

    units: str
    correction: DecayCorrection
    acquisition: datetime
    injection: datetime
    half_life_h: float = IFU_HALF_LIFE_H


def factor_to_injection(times: PetTimes) -> float:
    """What the stored concentrations are multiplied by to hold at the time of injection.

    Parameters
    ----------
    times : PetTimes

    Returns
    -------
    float
        1 where the scanner has corrected to the injection already.

    Raises
    ------
    UnitsError
        If the units are not Bq/ml, or a time has no zone.
    SettingsError
        If the scan lies long before or after the injection.

    Notes
    -----
    NONE means that decay during the scan is not corrected either: a scan of 30 minutes is 0.3 % low, which is left.
    """
    if times.units != "BQML":
        raise UnitsError(f'The PET must be in Bq/ml (BQML), its units are "{times.units}"; export it with that unit.')
    if times.correction is DecayCorrection.ADMIN:
        return 1.0
    hours = hours_between(times.injection, times.acquisition)
    require_range("time from injection to scan", hours, -1.0, HOURS[1], "h")
    return 2.0 ** (hours / times.half_life_h)


def factor_of_f18_protocol(hours: float, minutes: float = 0.0) -> float:
    """For scanners that know no Y-90 and were run as for F-18: takes back that decay correction and positron yield.

    Parameters
    ----------
    hours : float
        Over which the scanner corrected the decay of F-18: from the injection it was told to the scan, 0 if it
        corrected to the start of the scan only.
    minutes : float
        Duration of the scan; its own correction for F-18 is taken back by the mean over it.

    Returns
    -------
    float
    """
    decay = 2.0 ** (-(hours + minutes / 120.0) / F18_HALF_LIFE_H)
    return decay * F18_POSITRON_YIELD / Y90_POSITRON_YIELD
