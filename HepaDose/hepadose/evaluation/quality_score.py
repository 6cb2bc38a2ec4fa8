"""How usable a contour is, on the scale of five points that the KU Leuven reader study used, in half points.

References
----------
Table 3 of the study; see the project's list of publications for the full reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hepadose.errors import SettingsError
from hepadose.evaluation.score_words import WORDS

SCORES = tuple(sorted(WORDS))
USABLE, ACCEPTABLE = 4.0, 3.0


@dataclass(frozen=True)
class ScoreSummary:
    """Scores of many contours.

    Parameters
    ----------
    count : int
    histogram : dict of float to int
        Every score of the scale.
    usable, limited, unacceptable : float
        Shares of 4 and more, of 3 and 3.5, and of less than 3.
    median, mean : float
    """

    count: int
    histogram: dict[float, int]
    usable: float
    limited: float
    unacceptable: float
    median: float
    mean: float

    @property
    def acceptable(self) -> float:
        """Share of 3 and more."""
        return self.usable + self.limited


def require_score(score: float) -> None:
    """Refuse what is not on the scale.

    Raises
    ------
    SettingsError
    """
    if score not in SCORES:
        raise SettingsError(f"A score lies between 1 and 5 in half points, got {score:g}.")


def summarize_scores(scores: Iterable[float]) -> ScoreSummary:
    """Histogram and shares of the three groups.

    Parameters
    ----------
    scores : iterable of float
        On the scale; at least one.

    Returns
    -------
    ScoreSummary

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> found = summarize_scores([1] * 2 + [2] + [2.5] * 2 + [3] * 7 + [3.5] * 12 + [4] * 14 + [4.5] * 2)
    >>> found.usable, found.limited, found.unacceptable, found.median, found.mean
    (0.4, 0.475, 0.125, 3.5, 3.425)
    """
    values = np.asarray(list(scores), float)
    if not values.size:
        raise SettingsError("There are no scores.")
    for value in values:
        require_score(float(value))
    usable, acceptable = (float(np.mean(values >= level)) for level in (USABLE, ACCEPTABLE))
    counts = {score: int(np.count_nonzero(values == score)) for score in SCORES}
    limited = float(np.mean((values >= ACCEPTABLE) & (values < USABLE)))
    return ScoreSummary(
        values.size, counts, usable, limited, 1.0 - acceptable, float(np.median(values)), float(values.mean())
    )
