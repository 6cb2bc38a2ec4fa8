"""Progress of a whole job from the progress of its parts, in proportion to the time they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1)."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """Progress of one part as progress of the whole."""
    return lambda stage, fraction: progress(stage, start + (stop - start) * fraction)


def shares(costs: Sequence[float]) -> list[tuple[float, float]]:
    """Start and stop (0–1) of parts that follow each other, from what each costs.

    Examples
    --------
    >>> shares([1.0, 3.0])
    [(0.0, 0.25), (0.25, 1.0)]
    """
    ends = np.cumsum(costs) / np.sum(costs)
    return list(zip([0.0, *map(float, ends[:-1])], map(float, ends), strict=True))


def reshaped(progress: Progress, reported: Sequence[float], costs: Sequence[float]) -> Progress:
    """Progress whose fractions follow the time.

    Parameters
    ----------
    progress : callable
        Told the reshaped fractions.
    reported : sequence of float
        Fractions at which the parts of the work end, as the work reports them; ascending, the last one is 1.
    costs : sequence of float
        What each part costs, in any unit.

    Examples
    --------
    >>> told = []
    >>> reshaped(lambda stage, fraction: told.append(fraction), [0.5, 1.0], [1.0, 3.0])("Half", 0.5)
    >>> told
    [0.25]
    """
    ends = [0.0, *(stop for _, stop in shares(costs))]
    known = [0.0, *reported]
    return lambda stage, fraction: progress(stage, float(np.interp(fraction, known, ends)))
