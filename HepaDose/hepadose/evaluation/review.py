"""What a person said about an automatic outline: its quality, and what had to be corrected where."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from hepadose.errors import SettingsError, UnreadableFileError
from hepadose.evaluation.corrections import REGIONS, Correction
from hepadose.evaluation.quality_score import require_score
from hepadose.evaluation.score_words import WORDS


@dataclass(frozen=True)
class JudgedCorrection:
    """One correction and what it is about.

    Parameters
    ----------
    added_ml, removed_ml : float
    region : str
        One of :data:`hepadose.evaluation.corrections.REGIONS`.
    center_lps : tuple of 3 float
        In mm.
    confirmed : bool
        Whether a person said so; else it is a proposal.

    Raises
    ------
    SettingsError
        If there is no such region.
    """

    added_ml: float
    removed_ml: float
    region: str
    center_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    confirmed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "center_lps", tuple(self.center_lps))
        if self.region not in REGIONS:
            raise SettingsError(f'There is no region "{self.region}"; regions are {", ".join(REGIONS)}.')

    @property
    def volume_text(self) -> str:
        """Volume with the direction of the change: "+3.2 ml"."""
        return f"+{self.added_ml:.1f} ml" if self.added_ml else f"−{self.removed_ml:.1f} ml"


@dataclass(frozen=True)
class ContourReview:
    """A person's judgment of one outline.

    Parameters
    ----------
    score : float, optional
        1–5 in half points, see :mod:`hepadose.evaluation.quality_score`.
    corrections : tuple of JudgedCorrection

    Raises
    ------
    SettingsError
        If the score is not on the scale.
    """

    score: float | None = None
    corrections: tuple[JudgedCorrection, ...] = ()

    def __post_init__(self) -> None:
        if self.score is not None:
            require_score(self.score)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return self.score is None and not self.corrections

    @property
    def score_text(self) -> str:
        """The score with its wording; empty without one."""
        return "" if self.score is None else f"{self.score:g}: {WORDS[self.score]}"


def proposed(corrections: Iterable[Correction]) -> tuple[JudgedCorrection, ...]:
    """Found corrections as proposals."""
    return tuple(
        JudgedCorrection(each.added_ml, each.removed_ml, each.proposed, each.center_lps) for each in corrections
    )


def corrections_to_text(corrections: Iterable[JudgedCorrection]) -> str:
    """One line that :func:`corrections_from_text` reads back.

    Examples
    --------
    >>> one = JudgedCorrection(2.5, 0.0, "left tip", confirmed=True)
    >>> corrections_from_text(corrections_to_text([one])) == (one,)
    True
    """
    return json.dumps([asdict(each) for each in corrections])


def corrections_from_text(text: str) -> tuple[JudgedCorrection, ...]:
    """What :func:`corrections_to_text` wrote; none for an empty text.

    Raises
    ------
    UnreadableFileError
        If the text is something else.
    """
    try:
        return tuple(JudgedCorrection(**each) for each in json.loads(text or "[]"))
    except (ValueError, TypeError) as problem:
        raise UnreadableFileError("The stored corrections cannot be read; propose them again.") from problem
