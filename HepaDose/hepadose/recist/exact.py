"""Lengths and changes as exact fractions, so that −30 % is −30 %.

In floating point (10.1 − 7.07) / 10.1 is below 0.3, and a partial response would be missed.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

from hepadose.errors import UnitsError

Number = int | float | str | Decimal | Fraction
RECORDED_MM = Decimal("0.1")
"""Resolution with which lengths from masks and lines are recorded, classified and written to reports."""


def exact(value: Number) -> Fraction:
    """A number as the fraction that its decimal notation means.

    Parameters
    ----------
    value : int, float, str, Decimal or Fraction
        A float counts as the shortest decimal that reads back as it.

    Raises
    ------
    UnitsError
        If it is no finite number of at least 0.

    Examples
    --------
    >>> exact(7.07)
    Fraction(707, 100)
    """
    try:
        fraction = Fraction(value if isinstance(value, Fraction | Decimal | int) else str(value).strip())
    except (ValueError, OverflowError, InvalidOperation) as problem:
        raise UnitsError(f'A length, area or volume must be a number, got "{value}".') from problem
    if fraction < 0:
        raise UnitsError(f"A length, area or volume must be at least 0, got {value}.")
    return fraction


def recorded_mm(length_mm: float) -> Decimal:
    """A measured length as it is recorded: to 0.1 mm, halves up.

    Examples
    --------
    >>> recorded_mm(40.05)
    Decimal('40.1')
    """
    return Decimal(str(length_mm)).quantize(RECORDED_MM, rounding=ROUND_HALF_UP)


def percent_change(current: Number, reference: Number) -> Fraction | None:
    """Change in percent of the reference; None where the reference is 0.

    Examples
    --------
    >>> percent_change("7.07", "10.1")
    Fraction(-30, 1)
    """
    base = exact(reference)
    return None if base == 0 else 100 * (exact(current) - base) / base
