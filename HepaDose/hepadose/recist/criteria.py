"""Response criteria as data: what is summed, and at which change a response or a progression begins."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path

from hepadose.errors import SettingsError
from hepadose.recist.exact import Number, exact


class Quantity(StrEnum):
    """What is measured of each lesion."""

    DIAMETER = "diameter"
    """Long axis in mm; short axis of lymph nodes."""
    PRODUCT = "product"
    """Long times perpendicular short axis in mm²."""
    VOLUME = "volume"
    """In ml."""


UNITS = {Quantity.DIAMETER: "mm", Quantity.PRODUCT: "mm²", Quantity.VOLUME: "ml"}


@dataclass(frozen=True)
class Criterion:
    """One set of rules.

    Parameters
    ----------
    key, name, source : str
    quantity : Quantity
    tissue : {"whole", "viable"}
        Viable is what enhances in the arterial phase.
    partial_percent : Fraction
        Change against the baseline (negative) from which on the response is partial.
    progression_percent : Fraction
        Change against the smallest sum so far from which on the disease progresses.
    progression_includes_limit : bool
        Whether exactly that change is progression already.
    progression_absolute : Fraction, optional
        Increase in the quantity's unit that progression needs as well.
    progression_per_lesion : bool
        One lesion's increase is enough.
    node_target_mm, node_hilum_target_mm : Fraction
        Short axis from which on a lymph node can be a target, elsewhere and at the hilum of the liver.
    caveat : str
        What must be said with a category; about treatment for ``caveat_months`` after it, where these are given.
    caveat_months : int, optional
    """

    key: str
    name: str
    source: str
    quantity: Quantity
    tissue: str
    partial_percent: Fraction
    progression_percent: Fraction
    progression_includes_limit: bool
    progression_absolute: Fraction | None = None
    progression_per_lesion: bool = False
    node_target_mm: Fraction = Fraction(15)
    node_hilum_target_mm: Fraction = Fraction(15)
    caveat: str = ""
    caveat_months: int | None = None

    @property
    def unit(self) -> str:
        """Unit of the quantity."""
        return UNITS[self.quantity]

    def is_partial(self, baseline: Number, current: Number) -> bool:
        """Whether a sum is small enough against the baseline; the limit itself is.

        Examples
        --------
        >>> criterion("recist-1.1").is_partial("10.1", "7.07")
        True
        """
        base = exact(baseline)
        return base > 0 and 100 * exact(current) <= (100 + self.partial_percent) * base

    def is_progression(self, smallest: Number, current: Number) -> bool:
        """Whether a sum is large enough against the smallest one so far.

        Where that is 0, any increase that is large enough in the quantity's unit counts.

        Examples
        --------
        >>> criterion("recist-1.1").is_progression(20, "24.9"), criterion("recist-1.1").is_progression(20, 25)
        (False, True)
        """
        low, now = exact(smallest), exact(current)
        limit = (100 + self.progression_percent) * low
        relative = 100 * now >= limit if self.progression_includes_limit else 100 * now > limit
        enough = self.progression_absolute is None or now - low >= self.progression_absolute
        return now > low and relative and enough

    def with_limits(
        self,
        partial_percent: str | None = None,
        progression_percent: str | None = None,
        progression_absolute: Number | None = None,
    ) -> Criterion:
        """The same rules with other limits, as a protocol may want them.

        Parameters
        ----------
        partial_percent, progression_percent : str, optional
            Decimals ("-65").
        progression_absolute : number, optional

        Raises
        ------
        SettingsError
            If a partial response is no decrease or a progression no increase.
        """
        partial = self.partial_percent if partial_percent is None else Fraction(partial_percent)
        progression = self.progression_percent if progression_percent is None else Fraction(progression_percent)
        absolute = self.progression_absolute if progression_absolute is None else exact(progression_absolute)
        if not -100 < partial < 0 < progression:
            raise SettingsError(
                "A partial response is a decrease of less than 100 %, a progression an increase; "
                f"got {float(partial):g} % and {float(progression):g} %."
            )
        return replace(self, partial_percent=partial, progression_percent=progression, progression_absolute=absolute)


@cache
def _file() -> dict:
    return json.loads(Path(__file__).with_name("criteria.json").read_text(encoding="utf-8"))


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by key.

    Examples
    --------
    >>> list(criteria())
    ['recist-1.1', 'mrecist', 'who', 'easl', 'volume']
    """
    return {entry["key"]: _criterion(entry) for entry in _file()["criteria"]}


def _criterion(entry: dict) -> Criterion:
    numbers = (
        "partial_percent",
        "progression_percent",
        "progression_absolute",
        "node_target_mm",
        "node_hilum_target_mm",
    )
    read = {name: Fraction(entry[name]) for name in numbers if entry.get(name) is not None}
    return Criterion(**entry | {"progression_absolute": None} | read | {"quantity": Quantity(entry["quantity"])})


def criterion(key: str) -> Criterion:
    """One criterion.

    Raises
    ------
    SettingsError
        If there is none of this key.
    """
    if key not in criteria():
        raise SettingsError(f'Response criteria are {", ".join(criteria())}; got "{key}".')
    return criteria()[key]


def variability_limits() -> tuple[dict[str, tuple[Fraction, Fraction]], str]:
    """95 % limits of agreement between measurements in percent by situation, and their source."""
    entry = _file()["variability"]
    return {name: (Fraction(low), Fraction(high)) for name, (low, high) in entry["limits_percent"].items()}, entry[
        "source"
    ]
