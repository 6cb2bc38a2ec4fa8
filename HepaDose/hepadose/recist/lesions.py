"""Lesions and what was seen of them at each time: the records that response criteria are applied to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from hepadose.errors import SettingsError
from hepadose.recist.criteria import Quantity
from hepadose.recist.exact import exact

TOO_SMALL_MM = Fraction(5)
"""Recorded for a lesion that is seen but cannot be measured, and for a lymph node that is no longer found."""
NODE_NORMAL_MM = Fraction(10)
"""Below this short axis a lymph node is normal."""


class Kind(StrEnum):
    """What a lesion is, as far as rules differ."""

    NON_NODAL = "non-nodal"
    NODE = "node"
    BONE = "bone metastasis"
    """Measurable by its soft-tissue part alone."""
    BLASTIC_BONE = "blastic bone metastasis"
    CYSTIC_METASTASIS = "cystic metastasis"
    SIMPLE_CYST = "simple cyst"


class Role(StrEnum):
    """What a lesion counts for."""

    TARGET = "target"
    NON_TARGET = "non-target"
    NEW = "new"


class Status(StrEnum):
    """What became of a lesion at a time."""

    MEASURED = "measured"
    TOO_SMALL = "too small"
    ABSENT = "absent"
    MERGED = "merged"
    """Part of another lesion, which carries the axis of both."""
    NOT_EVALUABLE = "not evaluable"


@dataclass(frozen=True)
class Lesion:
    """What does not change about a lesion.

    Parameters
    ----------
    name : str
        As the user knows it; no name or number of a patient.
    organ : str
    kind : Kind
    irradiated_before_baseline : bool
        Lies in an area that was irradiated or treated locally before the baseline.
    progressed_since_irradiation : bool
        Has grown there since, before the baseline.
    at_liver_hilum : bool
        For lymph nodes.
    """

    name: str
    organ: str = "liver"
    kind: Kind = Kind.NON_NODAL
    irradiated_before_baseline: bool = False
    progressed_since_irradiation: bool = False
    at_liver_hilum: bool = False


@dataclass(frozen=True)
class Part:
    """Sizes of one connected part of a lesion.

    Parameters
    ----------
    long_axis_mm, short_axis_mm : Decimal
        To 0.1 mm.
    volume_ml : float
    """

    long_axis_mm: Decimal
    short_axis_mm: Decimal
    volume_ml: float = 0.0


@dataclass(frozen=True)
class Observation:
    """A lesion at one time.

    Parameters
    ----------
    status : Status
    parts : tuple of Part
        One, or several after a lesion split; empty where nothing could be read.
    merged_into : str
        The lesion that carries the axis of both.
    reappeared : bool
        Was absent at an earlier time.
    edited : bool
        Whether a person changed the lines that were measured.
    """

    status: Status
    parts: tuple[Part, ...] = ()
    merged_into: str = ""
    reappeared: bool = False
    edited: bool = False

    def __post_init__(self) -> None:
        if self.status is Status.MEASURED and not self.parts:
            raise SettingsError("A measured lesion needs its axes; record it as absent or not evaluable without them.")
        if (self.status is Status.MERGED) != bool(self.merged_into):
            raise SettingsError("A merged lesion, and no other, names the lesion that carries the axis of both.")

    def size(self, lesion: Lesion, quantity: Quantity) -> Fraction | None:
        """What the lesion adds to the sum.

        Parameters
        ----------
        lesion : Lesion
        quantity : Quantity

        Returns
        -------
        Fraction or None
            In the quantity's unit; None where the lesion is not evaluable. 0 for a lesion that is absent or part of
            another. A lymph node never becomes 0: it is still there when it is normal.
        """
        if self.status is Status.NOT_EVALUABLE:
            return None
        if self.status is Status.MERGED:
            return Fraction(0)
        is_node = lesion.kind is Kind.NODE
        if self.parts:
            return sum((_size(part, is_node, quantity) for part in self.parts), Fraction(0))
        return Fraction(0) if self.status is Status.ABSENT and not is_node else _too_small(quantity)

    def is_gone(self, lesion: Lesion) -> bool:
        """Whether the lesion is no longer disease: absent, or a lymph node of less than 10 mm."""
        if self.status is Status.NOT_EVALUABLE:
            return False
        if lesion.kind is Kind.NODE:
            return self.status is not Status.MERGED and self.size(lesion, Quantity.DIAMETER) < NODE_NORMAL_MM
        return self.status is Status.ABSENT


def _size(part: Part, is_node: bool, quantity: Quantity) -> Fraction:
    if quantity is Quantity.VOLUME:
        return exact(part.volume_ml)
    if quantity is Quantity.PRODUCT:
        return exact(part.long_axis_mm) * exact(part.short_axis_mm)
    return exact(part.short_axis_mm if is_node else part.long_axis_mm)


def _too_small(quantity: Quantity) -> Fraction:
    if quantity is Quantity.DIAMETER:
        return TOO_SMALL_MM
    # A square for two axes, a sphere for a volume in ml (π/6 of the cube).
    return TOO_SMALL_MM**2 if quantity is Quantity.PRODUCT else TOO_SMALL_MM**3 * Fraction("0.5235988") / 1000
