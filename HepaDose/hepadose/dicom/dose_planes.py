"""Where the planes of a dose grid lie: the two meanings of Grid Frame Offset Vector (PS3.3 C.8.8.3.2)."""

from __future__ import annotations

import numpy as np

from hepadose.errors import GeometryMismatchError

FIRST_OFFSET_MM = 0.01
"""How exactly the first element must be 0 (rule a) or the first plane's z (rule b)."""
UNEVEN_MM = 0.01
"""Plane gaps that differ by no more than this count as even."""

_REMEDY = "export the dose again from the planning system"


def frame_offsets(vector_mm: np.ndarray, origin_lps: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Distance of every frame from the first one along the normal (row × column direction), in mm.

    Parameters
    ----------
    vector_mm : numpy.ndarray, shape (n,)
        Grid Frame Offset Vector (3004,000C).
    origin_lps : numpy.ndarray, shape (3,)
        Image Position (Patient) in mm.
    axes : numpy.ndarray, shape (3, 3)
        Columns are the row, column and normal direction.

    Returns
    -------
    numpy.ndarray, shape (n,)
        The first is 0; negative where the frames run against the normal.

    Raises
    ------
    GeometryMismatchError
        If neither rule applies, or the offsets neither rise nor fall throughout.

    Notes
    -----
    Rule a: the first element is 0; the elements are offsets along the normal. Rule b: the first element is the z of
    the first plane and the orientation is (1,0,0,0,1,0); the elements are patient z.

    References
    ----------
    DICOM PS3.3 C.8.8.3.2.

    Examples
    --------
    >>> frame_offsets(np.array([-100.0, -97, -94]), np.array([0.0, 0, -100]), np.eye(3)).tolist()
    [0.0, 3.0, 6.0]
    """
    vector_mm = np.asarray(vector_mm, dtype=float)
    _require_monotonic(vector_mm)
    if abs(vector_mm[0]) <= FIRST_OFFSET_MM:
        return vector_mm - vector_mm[0]
    is_axial = np.allclose(axes, np.eye(3), atol=1e-4)
    if is_axial and abs(vector_mm[0] - origin_lps[2]) <= FIRST_OFFSET_MM:
        return vector_mm - vector_mm[0]
    where = f"the first plane lies at z = {origin_lps[2]:.2f} mm" if is_axial else "the planes are not axial"
    raise GeometryMismatchError(
        f"The dose grid's frame offsets start at {vector_mm[0]:.2f} mm, which is neither 0 (offsets) nor the first "
        f"plane's z (absolute positions): {where}; {_REMEDY}."
    )


def plane_positions(vector_mm: np.ndarray, origin_lps: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Position of every frame's first pixel in LPS mm, shape (n, 3); arguments as in :func:`frame_offsets`."""
    return np.asarray(origin_lps) + frame_offsets(vector_mm, origin_lps, axes)[:, None] * np.asarray(axes)[:, 2]


def even_offsets(offsets_mm: np.ndarray) -> np.ndarray | None:
    """Even plane offsets for uneven ones: the same range in steps no larger than the smallest gap.

    Parameters
    ----------
    offsets_mm : numpy.ndarray, shape (n,)
        Ascending, n ≥ 2.

    Returns
    -------
    numpy.ndarray or None
        None where the given offsets are even already (gaps within 0.01 mm).
    """
    gaps_mm = np.diff(offsets_mm)
    if np.ptp(gaps_mm) <= UNEVEN_MM:
        return None
    steps = int(np.ceil((offsets_mm[-1] - offsets_mm[0]) / gaps_mm.min() - 1e-6))
    return np.linspace(offsets_mm[0], offsets_mm[-1], steps + 1)


def _require_monotonic(vector_mm: np.ndarray) -> None:
    gaps_mm = np.diff(vector_mm)
    if (gaps_mm > 0).all() or (gaps_mm < 0).all():
        return
    wrong = int(np.flatnonzero(np.sign(gaps_mm) != np.sign(gaps_mm[0]) if gaps_mm[0] else gaps_mm == 0)[0])
    raise GeometryMismatchError(
        f"The dose grid's frame offsets neither rise nor fall throughout: {vector_mm[wrong]:.2f} mm is followed by "
        f"{vector_mm[wrong + 1]:.2f} mm at frame {wrong + 2}; {_REMEDY}."
    )
