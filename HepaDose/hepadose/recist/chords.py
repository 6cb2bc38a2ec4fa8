"""Chords within an outline: the longest one across an axis, how much of a line lies inside, the longest one of all.

Points are in millimeters within a slice; knows nothing of voxels.
"""

from __future__ import annotations

import math

import numpy as np

SAME_MM = 1e-7
"""Positions closer than this are one."""
BESIDE_MM = 1e-6
"""How far beside a line its inside is looked at, on either side: a line that follows the outline is inside."""
COARSE_DEGREES, FINE_DEGREES = 1.0, 0.05


def longest_chord(segments_mm: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, float]:
    """The longest line within an outline at right angles to an axis.

    Between two neighboring corners, seen along the axis, the length of a chord changes linearly, so that the longest
    one ends a strip between corners.

    Parameters
    ----------
    segments_mm : numpy.ndarray, shape (n, 2, 2)
        The closed outline.
    axis : numpy.ndarray, shape (2,)
        Unit vector.

    Returns
    -------
    ends_mm : numpy.ndarray, shape (2, 2)
        Of equal chords the first one along the axis.
    length_mm : float
        0 where the outline has no inside.

    Examples
    --------
    >>> corners = np.array([[0, 0], [4, 0], [4, 10], [0, 10]], float)
    >>> square = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    >>> longest_chord(square, np.array([0.0, 1.0]))[1]
    4.0
    """
    normal = np.array([-axis[1], axis[0]])
    along, across = segments_mm @ axis, segments_mm @ normal
    positions, index = _strips(along)
    lower, upper = _chords_of_strips(positions, index, across)
    if not lower.size:
        middle = segments_mm.reshape(-1, 2).mean(axis=0)
        return np.stack([middle, middle]), 0.0
    lengths = upper[:, 1:] - lower[:, 1:]
    strip, end = np.unravel_index(np.argmax(lengths >= lengths.max() - SAME_MM), lengths.shape)
    place = positions[int(lower[strip, 0]) + end]
    ends = np.array([lower[strip, 1 + end], upper[strip, 1 + end]])
    return place * axis + ends[:, None] * normal, float(lengths[strip, end])


def _strips(along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all corners along the axis, and for each end of a segment which position is its own."""
    flat = along.ravel()
    order = np.argsort(flat, kind="stable")
    number = np.concatenate([[0], np.cumsum(np.diff(flat[order]) > SAME_MM)])
    index = np.empty(flat.size, int)
    index[order] = number
    return flat[order][np.searchsorted(number, np.arange(number[-1] + 1))], index.reshape(along.shape)


def _chords_of_strips(positions: np.ndarray, index: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of all chords: (strip, at its beginning, at its end), shape (m, 3) each."""
    turned = index[:, 0] > index[:, 1]
    index, across = np.where(turned[:, None], index[:, ::-1], index), np.where(turned[:, None], across[:, ::-1], across)
    first, last = index[:, 0], index[:, 1]
    count = last - first
    segment = np.repeat(np.arange(len(first)), count)
    strip = np.arange(segment.size) - np.repeat(np.cumsum(count) - count, count) + first[segment]
    length = (positions[last] - positions[first])[segment]
    values = [strip.astype(float)]
    for place in (positions[strip], positions[strip + 1]):
        share = (place - positions[first[segment]]) / length
        values.append(across[segment, 0] + share * (across[segment, 1] - across[segment, 0]))
    table = np.stack(values, axis=1)
    # A closed outline crosses every strip an even number of times: in, out, in, out.
    table = table[np.lexsort((table[:, 1] + table[:, 2], strip))]
    return table[::2], table[1::2]


def inside_fraction(segments_mm: np.ndarray, start_mm: np.ndarray, end_mm: np.ndarray) -> float:
    """How much of a line lies inside an outline.

    Parameters
    ----------
    segments_mm : numpy.ndarray, shape (n, 2, 2)
        The closed outline.
    start_mm, end_mm : numpy.ndarray, shape (2,)

    Returns
    -------
    float
        0 to 1, to four digits; 1 for a line without length.
    """
    length = math.dist(start_mm, end_mm)
    if length <= SAME_MM:
        return 1.0
    axis = (end_mm - start_mm) / length
    along = (segments_mm - start_mm) @ axis
    across = (segments_mm - start_mm) @ np.array([-axis[1], axis[0]])
    pieces = sorted(piece for side in (-BESIDE_MM, BESIDE_MM) for piece in _inside_pieces(along, across - side))
    covered, reached = 0.0, 0.0
    for begin, end in pieces:
        begin, end = max(begin, reached), min(end, length)
        if end > begin:
            covered, reached = covered + end - begin, end
    return round(covered / length, 4)


def _inside_pieces(along: np.ndarray, across: np.ndarray) -> list[tuple[float, float]]:
    crossing = (across[:, 0] > 0.0) != (across[:, 1] > 0.0)
    one, other = across[crossing, 0], across[crossing, 1]
    share = one / (one - other)
    places = np.sort(along[crossing, 0] + share * (along[crossing, 1] - along[crossing, 0]))
    return list(zip(places[::2].tolist(), places[1::2].tolist(), strict=True))


def longest_internal_chord(segments_mm: np.ndarray) -> tuple[np.ndarray, float]:
    """The longest line that never leaves an outline, found over all directions.

    Parameters
    ----------
    segments_mm : numpy.ndarray, shape (n, 2, 2)
        The closed outline.

    Returns
    -------
    ends_mm : numpy.ndarray, shape (2, 2)
    length_mm : float
        The best of directions every 0.05 degrees around the best of those every degree.
    """
    coarse = np.arange(0.0, 180.0, COARSE_DEGREES)
    best = max(coarse, key=lambda degrees: _chord_across(segments_mm, degrees)[1])
    fine = best + np.arange(-COARSE_DEGREES, COARSE_DEGREES + FINE_DEGREES / 2, FINE_DEGREES)
    return max((_chord_across(segments_mm, degrees) for degrees in fine), key=lambda found: found[1])


def _chord_across(segments_mm: np.ndarray, degrees: float) -> tuple[np.ndarray, float]:
    angle = math.radians(degrees)
    return longest_chord(segments_mm, np.array([math.cos(angle), math.sin(angle)]))
