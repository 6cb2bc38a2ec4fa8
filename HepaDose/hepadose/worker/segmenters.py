"""Which segmenters there are; a network is added as one more entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from hepadose.segmentation.protocol import Segmenter


@dataclass(frozen=True)
class SegmenterChoice:
    """A segmenter as a user can choose it.

    Parameters
    ----------
    key : str
        Stays the same over versions; what is saved in a scene.
    name, version : str
        As they enter the provenance of a segmentation.
    needs : tuple of str
        Attributes of :class:`~hepadose.segmentation.protocol.SegmentationInputs` that must be given beside the
        follow-up CT: "liver", "planning_ct".
    description : str
        What it does, in one sentence.
    """

    key: str
    name: str
    version: str
    needs: tuple[str, ...]
    description: str


def _density_difference() -> Segmenter:
    from hepadose.segmentation.difference import DensityDifferenceSegmenter

    return DensityDifferenceSegmenter()


@dataclass(frozen=True)
class _Entry:
    """How to make a segmenter (called where it is used, so that listing costs nothing), and what to say about it."""

    make: Callable[[], Segmenter]
    name: str
    needs: tuple[str, ...]
    description: str
    version: Callable[[], str]


def _own_version() -> str:
    from hepadose import __version__

    return __version__


_ENTRIES: dict[str, _Entry] = {
    "density_difference": _Entry(
        make=_density_difference,
        name="Density difference",
        needs=("liver", "planning_ct"),
        description="The part of the liver whose density changed most since the planning CT; no dose, no network.",
        version=_own_version,
    ),
}


def available_segmenters() -> tuple[SegmenterChoice, ...]:
    """All segmenters, the default first."""
    return tuple(
        SegmenterChoice(key, entry.name, entry.version(), entry.needs, entry.description)
        for key, entry in _ENTRIES.items()
    )


def require_segmenter(key: str) -> None:
    """Refuse a key that no segmenter has.

    Raises
    ------
    SettingsError
        Listing the keys there are.
    """
    if key not in _ENTRIES:
        raise SettingsError(f"The segmenter must be one of {', '.join(_ENTRIES)}; got {key!r}.")


def make_segmenter(key: str) -> Segmenter:
    """The segmenter of a key.

    Raises
    ------
    SettingsError
        If there is none.
    """
    require_segmenter(key)
    return _ENTRIES[key].make()
