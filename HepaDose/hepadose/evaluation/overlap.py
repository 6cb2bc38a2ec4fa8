"""How much two masks agree in volume: Dice, intersection over union, volume ratio.

Masks are boolean arrays of one grid. Both masks empty is undefined (NaN); one empty is total disagreement (0). This
file knows nothing of surfaces, doses or files.
"""

from __future__ import annotations

import numpy as np

from hepadose.errors import GeometryMismatchError


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice similarity coefficient ``2 |A ∩ B| / (|A| + |B|)``.

    Parameters
    ----------
    a, b : numpy.ndarray of bool, same shape
        The two masks.

    Returns
    -------
    float
        0 to 1; NaN where both masks are empty, 0 where one is.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.

    References
    ----------
    Dice, Ecology 26 (1945) 297–302, doi:10.2307/1932409.

    Examples
    --------
    >>> dice(np.array([1, 1, 0], bool), np.array([0, 1, 1], bool))
    0.5
    """
    size_a, size_b, common = _counts(a, b)
    return 2.0 * common / (size_a + size_b) if size_a + size_b else float("nan")


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union (Jaccard index) ``|A ∩ B| / |A ∪ B|``.

    Parameters
    ----------
    a, b : numpy.ndarray of bool, same shape
        The two masks.

    Returns
    -------
    float
        0 to 1; NaN where both masks are empty, 0 where one is.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.

    Examples
    --------
    >>> iou(np.array([1, 1, 0, 0], bool), np.array([0, 1, 1, 1], bool))
    0.25
    """
    size_a, size_b, common = _counts(a, b)
    union = size_a + size_b - common
    return common / union if union else float("nan")


def volume_ratio(a: np.ndarray, b: np.ndarray) -> float:
    """Volume of the test mask over that of the reference, ``|A| / |B|``.

    Parameters
    ----------
    a, b : numpy.ndarray of bool, same shape
        Test and reference mask.

    Returns
    -------
    float
        0 where only the test mask is empty; NaN where the reference is empty, since no ratio exists then.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.

    Examples
    --------
    >>> volume_ratio(np.array([1, 0, 0], bool), np.array([1, 1, 0], bool))
    0.5
    """
    size_a, size_b, _ = _counts(a, b)
    return size_a / size_b if size_b else float("nan")


def _counts(a: np.ndarray, b: np.ndarray) -> tuple[int, int, int]:
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    if a.shape != b.shape:
        raise GeometryMismatchError(f"Two masks of one grid are compared, got shapes {a.shape} and {b.shape}.")
    return int(np.count_nonzero(a)), int(np.count_nonzero(b)), int(np.count_nonzero(a & b))
