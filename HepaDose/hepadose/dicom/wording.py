"""Small grammar for findings and messages."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "slice"), counted(3, "slice"), counted(2, "copy", "copies")
    ('1 slice', '3 slices', '2 copies')
    """
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def were(count: int) -> str:
    """The verb that goes with a number: "was" or "were"."""
    return "was" if count == 1 else "were"


def are(count: int) -> str:
    """The verb that goes with a number: "is" or "are"."""
    return "is" if count == 1 else "are"
