"""Which vial to order for an activity that is needed at an hour, whatever the clocks of hospital and manufacturer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from hepadose.sirt.decay import VialChoice, choose_vials, hours_between, ordered_gbq
from hepadose.sirt.products import Product

TOLERANCE = 0.05


@dataclass(frozen=True)
class VialOrder:
    """What can be ordered.

    Parameters
    ----------
    hours : float
        From calibration to injection.
    exact_gbq : float
        At calibration, for exactly the needed activity.
    choices : tuple of VialChoice
        That fit, the closest first.
    """

    hours: float
    exact_gbq: float
    choices: tuple[VialChoice, ...]


def order_vial(
    product: Product, needed_gbq: float, calibration: datetime, injection: datetime, tolerance: float = TOLERANCE
) -> VialOrder:
    """Vials of a product whose activity at injection fits.

    Parameters
    ----------
    product : Product
    needed_gbq : float
        In the vial at injection, above 0.
    calibration, injection : datetime
        With their time zones, which may differ.
    tolerance : float
        Largest deviation as a fraction.

    Returns
    -------
    VialOrder

    Raises
    ------
    UnitsError
        If a time has no time zone.
    SettingsError
        If the activity is not positive or the times lie too far apart.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> from hepadose.sirt.products import products
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> found = order_vial(products()["glass"], 3.98, noon, noon + timedelta(hours=21))
    >>> round(found.exact_gbq, 3), [choice.vial_gbq for choice in found.choices]
    (4.995, [5.0])
    """
    hours = hours_between(calibration, injection)
    choices = choose_vials(needed_gbq, hours, vials_on_offer(product), tolerance, product.half_life_h)
    return VialOrder(hours, ordered_gbq(needed_gbq, hours, product.half_life_h), choices)


def vials_on_offer(product: Product) -> tuple[float, ...]:
    """Every activity at calibration that can be ordered, in GBq: the usual vials and the steps between them.

    Parameters
    ----------
    product : Product
    """
    usual = sorted(product.vials_gbq)
    if not product.vial_step_gbq:
        return tuple(float(each) for each in usual)
    steps = np.arange(usual[0], usual[-1] + product.vial_step_gbq / 2.0, product.vial_step_gbq)
    return tuple(sorted({round(float(each), 3) for each in (*usual, *steps)}))
