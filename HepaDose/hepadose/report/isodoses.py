"""Which isodose lines are drawn beside the best one."""

from __future__ import annotations

import numpy as np

STEPS_GY = (2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0)
MAXIMUM_LINES = 6


def round_levels(highest_gy: float, best_gy: float) -> list[float]:
    """Round levels in Gy up to the highest dose shown, at most six, none so near the best that lines merge.

    Parameters
    ----------
    highest_gy : float
        Largest dose in the picture, in Gy of the shown quantity; NaN or 0 gives no lines.
    best_gy : float
        The level that is drawn anyway.

    Examples
    --------
    >>> round_levels(62.0, 31.4)
    [10.0, 20.0, 40.0, 50.0, 60.0]
    """
    if not np.isfinite(highest_gy) or highest_gy <= 0:
        return []
    step = next((step for step in STEPS_GY if highest_gy / step <= MAXIMUM_LINES + 0.5), highest_gy / MAXIMUM_LINES)
    levels = step * np.arange(1, int(highest_gy / step) + 1)
    return [float(level) for level in levels if abs(level - best_gy) > 0.3 * step]
