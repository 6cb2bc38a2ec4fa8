"""Decay between instants that know their time zone, what to order, which vial to take, and what stayed in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from hepadose.checks import require_range
from hepadose.errors import SettingsError, UnitsError
from hepadose.sirt.inputs import require_residual
from hepadose.sirt.physics import IFU_HALF_LIFE_H

HOURS = (-24.0, 400.0)


def hours_between(start: datetime, end: datetime) -> float:
    """Hours from one instant to another.

    Parameters
    ----------
    start, end : datetime
        With time zones: calibration is often stated in the manufacturer's, and a clock change costs 1.1 %.

    Returns
    -------
    float

    Raises
    ------
    UnitsError
        If one has no time zone.

    Examples
    --------
    >>> from datetime import UTC, timezone
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> hours_between(noon, datetime(2026, 3, 2, 14, tzinfo=timezone(timedelta(hours=1))))
    1.0
    """
    if start.utcoffset() is None or end.utcoffset() is None:
        raise UnitsError("Times of calibration and injection need a time zone; say in which zone they are meant.")
    return (end - start) / timedelta(hours=1)


def decayed_gbq(activity_gbq: float, hours: float, half_life_h: float = IFU_HALF_LIFE_H) -> float:
    """Activity after some hours, or before them where they are negative.

    Parameters
    ----------
    activity_gbq : float
    hours : float
    half_life_h : float

    Returns
    -------
    float
        In GBq.

    Examples
    --------
    >>> round(decayed_gbq(3.0, 24), 5), round(decayed_gbq(3.0, -12), 5)
    (2.31425, 3.41567)
    """
    return activity_gbq * 2.0 ** (-hours / half_life_h)


def ordered_gbq(needed_gbq: float, hours: float, half_life_h: float = IFU_HALF_LIFE_H) -> float:
    """Activity at calibration that has decayed to the needed one after some hours.

    Examples
    --------
    >>> round(ordered_gbq(2.0, 53), 6)
    3.547575
    """
    return decayed_gbq(needed_gbq, -hours, half_life_h)


def hours_until(activity_gbq: float, wanted_gbq: float, half_life_h: float = IFU_HALF_LIFE_H) -> float:
    """Hours until an activity has decayed to a smaller one; negative if it is already below it.

    Raises
    ------
    SettingsError
        If an activity is not positive.

    Examples
    --------
    >>> round(hours_until(5.0, 3.9831), 3)
    21.027
    """
    if not (activity_gbq > 0.0 and wanted_gbq > 0.0):
        raise SettingsError("Activities must be positive.")
    return half_life_h * log2(activity_gbq / wanted_gbq)


@dataclass(frozen=True)
class VialChoice:
    """A vial at the time of injection.

    Parameters
    ----------
    vial_gbq : float
        At calibration.
    activity_gbq : float
        At injection.
    deviation : float
        From the needed activity, as a fraction of it.
    """

    vial_gbq: float
    activity_gbq: float
    deviation: float


def choose_vials(
    needed_gbq: float,
    hours: float,
    vials_gbq: Iterable[float],
    tolerance: float = 0.05,
    half_life_h: float = IFU_HALF_LIFE_H,
) -> tuple[VialChoice, ...]:
    """Vials whose activity at injection fits, the closest first; empty if none does.

    Parameters
    ----------
    needed_gbq : float
        At injection, above 0.
    hours : float
        From calibration to injection.
    vials_gbq : iterable of float
        What can be ordered.
    tolerance : float
        Largest deviation as a fraction.
    half_life_h : float

    Returns
    -------
    tuple of VialChoice

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> [choice.vial_gbq for choice in choose_vials(3.98, 21, (3, 5, 7, 10))]
    [5]
    """
    if not needed_gbq > 0.0:
        raise SettingsError(f"The needed activity must be positive, got {needed_gbq:g} GBq.")
    require_range("time from calibration to injection", hours, *HOURS, "h")
    choices = []
    for vial_gbq in vials_gbq:
        activity_gbq = decayed_gbq(vial_gbq, hours, half_life_h)
        deviation = activity_gbq / needed_gbq - 1.0
        if abs(deviation) <= tolerance:
            choices.append(VialChoice(vial_gbq, activity_gbq, deviation))
    return tuple(sorted(choices, key=lambda choice: abs(choice.deviation)))


def residual_fraction(waste: float, before: float, background: float = 0.0) -> float:
    """Share of the activity that stayed in vial and tubing, from exposure readings in the same geometry.

    Parameters
    ----------
    waste, before, background : float
        Readings in one unit: of the waste, of the full vial, and of the room.

    Returns
    -------
    float
        0–0.3.

    Raises
    ------
    SettingsError
        If the readings contradict each other.

    Examples
    --------
    >>> round(residual_fraction(0.06, 1.85), 7), round(residual_fraction(0.06, 1.85, 0.01), 7)
    (0.0324324, 0.0271739)
    """
    if not before > background or waste < background:
        raise SettingsError(
            f"Readings must rise from background ({background:g}) to waste ({waste:g}) to full vial ({before:g})."
        )
    residual = (waste - background) / (before - background)
    require_residual(residual)
    return residual
