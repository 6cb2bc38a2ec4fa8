"""Which slot signatures a stand-in class declares, its bases included."""

from __future__ import annotations


class SlotTable:
    """Slots of the stand-ins by class."""

    _declared: dict[type, frozenset[str]] = {}

    @classmethod
    def declare(cls, owner: type, signatures) -> None:
        """Remember the slots that a class adds to its base."""
        cls._declared[owner] = frozenset(signatures)

    @classmethod
    def of(cls, owner: type) -> frozenset[str]:
        """Slots of a class and its bases."""
        return frozenset().union(*(cls._declared.get(base, ()) for base in owner.__mro__))
