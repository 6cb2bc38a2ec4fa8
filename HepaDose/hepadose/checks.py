"""Checks of settings at the border, worded the same everywhere."""

from __future__ import annotations

from hepadose.errors import SettingsError


def require_range(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Refuse a setting outside its range, NaN included.

    Parameters
    ----------
    name : str
        The setting as the user knows it.
    value : float
        What was given.
    low, high : float
        Smallest and largest allowed value.
    unit : str
        Of all three; empty for a plain number.

    Raises
    ------
    SettingsError
        Naming the setting, what is allowed and what was got.

    Examples
    --------
    >>> require_range("band width", 0.1, 0.5, 30, "mm")
    Traceback (most recent call last):
    hepadose.errors.SettingsError: The band width must lie between 0.5 and 30 mm, got 0.1 mm.
    """
    if not low <= value <= high:
        suffix = f" {unit}" if unit else ""
        raise SettingsError(f"The {name} must lie between {low:g} and {high:g}{suffix}, got {value:g}{suffix}.")
