"""How long it will still take, said only when it can be said honestly."""

from __future__ import annotations

_LEAST_FRACTION = 0.05
_LEAST_ELAPSED_S = 1.0
_SMOOTHING = 0.3
_LEAST_GROWTH = 1.25
"""The time left is raised only when the new estimate exceeds the shown one by this factor: it shall not flicker."""


class RemainingTime:
    """Estimates the time left from the fractions that were reported.

    Parameters
    ----------
    start_s : float
        When the work began, on the clock that is used for all calls.

    Examples
    --------
    >>> time_left = RemainingTime(start_s=100.0)
    >>> time_left.report(0.5, now_s=110.0)
    >>> time_left.at(now_s=112.0)
    8.0
    """

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._fraction = 0.0
        self._end_s: float | None = None
        self._total_s: float | None = None

    def report(self, fraction: float, now_s: float) -> None:
        """Take a reported fraction (0–1) into account."""
        elapsed_s = now_s - self._start_s
        advanced = fraction > self._fraction
        self._fraction = max(self._fraction, fraction)
        if not advanced or fraction < _LEAST_FRACTION or elapsed_s < _LEAST_ELAPSED_S:
            return
        total_s = elapsed_s / fraction
        self._total_s = total_s if self._total_s is None else self._total_s + _SMOOTHING * (total_s - self._total_s)
        # The further the work is, the more the last report is worth.
        total_s = max((1 - fraction) * self._total_s + fraction * total_s, elapsed_s)
        self._move_end(self._start_s + total_s, now_s)

    def _move_end(self, end_s: float, now_s: float) -> None:
        """Earlier at once; later only when it matters."""
        if self._end_s is None or end_s <= self._end_s or end_s - now_s > _LEAST_GROWTH * max(self._end_s - now_s, 1.0):
            self._end_s = end_s

    def at(self, now_s: float) -> float | None:
        """Seconds left; None before there is ground for a number, or when the last number has run out."""
        if self._end_s is None or now_s >= self._end_s:
            return None
        return self._end_s - now_s
