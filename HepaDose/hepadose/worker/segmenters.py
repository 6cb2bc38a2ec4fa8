"""Which segmenters there are: those of the library, and one for every model on this computer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from hepadose.segmentation.protocol import Segmenter

REACTION = "reaction"
_MODEL_PREFIX = "model:"
"""Before a model's name in the key of its segmenter."""


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
    draws : str
        "reaction", "liver" or "tumor".
    """

    key: str
    name: str
    version: str
    needs: tuple[str, ...]
    description: str
    draws: str = REACTION


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


def available_segmenters(draws: str = REACTION) -> tuple[SegmenterChoice, ...]:
    """All segmenters that draw one thing, the default first.

    Parameters
    ----------
    draws : str
        "reaction", "liver" or "tumor".

    Returns
    -------
    tuple of SegmenterChoice
        Models follow in the order of their names; of those on this computer only descriptions are read.
    """
    own = () if draws != REACTION else _ENTRIES.items()
    choices = [SegmenterChoice(key, entry.name, entry.version(), entry.needs, entry.description) for key, entry in own]
    return (*choices, *(choice for choice in _model_choices() if choice.draws == draws))


def _model_choices() -> list[SegmenterChoice]:
    from hepadose.segmentation.models import available_models
    from hepadose.segmentation.network_segmenter import display_name, needs_of

    return [
        SegmenterChoice(
            f"{_MODEL_PREFIX}{folder.name}",
            display_name(description),
            description.version,
            needs_of(description, inference),
            description.description or f"A network that draws the {description.task}.",
            description.task,
        )
        for folder, description, inference in available_models()
    ]


def require_segmenter(key: str) -> None:
    """Refuse a key that no segmenter has.

    Raises
    ------
    SettingsError
        Listing the keys there are.
    """
    if key in _ENTRIES:
        return
    if isinstance(key, str) and key.startswith(_MODEL_PREFIX):
        from hepadose.segmentation.models import find_model

        find_model(key.removeprefix(_MODEL_PREFIX))
        return
    known = [*_ENTRIES, *(choice.key for choice in _model_choices())]
    raise SettingsError(f"The segmenter must be one of {', '.join(known)}; got {key!r}.")


def make_segmenter(key: str) -> Segmenter:
    """The segmenter of a key.

    Raises
    ------
    SettingsError
        If there is none.
    """
    require_segmenter(key)
    if key in _ENTRIES:
        return _ENTRIES[key].make()
    from hepadose.segmentation.models import find_model
    from hepadose.segmentation.network_segmenter import NetworkSegmenter

    return NetworkSegmenter(find_model(key.removeprefix(_MODEL_PREFIX)))
