"""Where the slices of a series lie: sorting by position, duplicates, gaps, uneven spacing, gantry tilt.

Works on numbers only; :mod:`hepadose.dicom.ct` reads the files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import GeometryMismatchError

SAME_POSITION_MM = 0.01
SAME_POSITION_PART = 0.02
MIXED_PART = 0.2
"""Where more of the gaps than this are larger than the smallest, the spacing is mixed rather than slices missing."""
UNEVEN_PART = 0.05
"""A slice may lie this part of the spacing off its even place, as files round positions."""
SHEAR_MM = 0.01
"""In-plane shift per slice above which a series counts as tilted."""


@dataclass(frozen=True, eq=False)
class SliceLadder:
    """The even ladder of slots that a series' slices stand on.

    Parameters
    ----------
    positions_mm : numpy.ndarray, shape (n,)
        Ascending positions along the normal of the slices there are.
    slots : numpy.ndarray of int, shape (n,)
        The slot of every slice, from 0.
    spacing_mm : float
        Distance of neighboring slots.
    uneven_mm : float
        Largest distance of a slice from its slot.
    """

    positions_mm: np.ndarray
    slots: np.ndarray
    spacing_mm: float
    uneven_mm: float

    @property
    def slot_count(self) -> int:
        """Number of slots from the first to the last slice."""
        return int(self.slots[-1]) + 1

    @property
    def missing(self) -> np.ndarray:
        """Slots without a slice."""
        return np.setdiff1d(np.arange(self.slot_count), self.slots)

    @property
    def is_even(self) -> bool:
        """Whether every slice stands on its slot, within 5 % of the spacing."""
        return self.uneven_mm <= UNEVEN_PART * self.spacing_mm

    @property
    def steps(self) -> np.ndarray:
        """Number of slots from every slice to the next."""
        return np.diff(self.slots)

    @property
    def is_mixed(self) -> bool:
        """Whether whole parts of the series have a larger spacing, rather than single slices missing."""
        wide = np.count_nonzero(self.steps > 1)
        return wide >= 3 and wide > MIXED_PART * len(self.steps)

    @property
    def slot_positions_mm(self) -> np.ndarray:
        """Position of every slot along the normal."""
        return self.positions_mm[0] + self.spacing_mm * np.arange(self.slot_count)


def slice_ladder(positions_mm: np.ndarray) -> SliceLadder:
    """Find the even spacing that slice positions stand on.

    Parameters
    ----------
    positions_mm : numpy.ndarray, shape (n,)
        Ascending, no two the same, n ≥ 2.

    Returns
    -------
    SliceLadder
        With holes where slices are missing (gaps near a whole multiple of the spacing). Where the gaps fit no ladder,
        the ladder is not even and has as many slots as the median gap gives.

    Raises
    ------
    GeometryMismatchError
        If there are fewer than 2 slices.

    Examples
    --------
    >>> ladder = slice_ladder(np.array([0.0, 2.5, 7.5, 10.0]))
    >>> float(ladder.spacing_mm), ladder.missing.tolist()
    (2.5, [2])
    """
    if len(positions_mm) < 2:
        raise GeometryMismatchError(f"A CT series needs at least 2 slices to have a spacing, got {len(positions_mm)}.")
    gaps_mm = np.diff(positions_mm)
    nominal_mm = float(np.median(gaps_mm[gaps_mm < 1.5 * gaps_mm.min()]))
    steps = np.rint(gaps_mm / nominal_mm).astype(int)
    even = np.abs(gaps_mm - steps * nominal_mm).max() <= 2 * UNEVEN_PART * nominal_mm
    if even:
        slots = np.concatenate([[0], np.cumsum(steps)])
        spacing_mm = float(positions_mm[-1] - positions_mm[0]) / slots[-1]
    else:
        spacing_mm = float(np.median(gaps_mm))
        slots = np.rint((positions_mm - positions_mm[0]) / spacing_mm).astype(int)
    uneven_mm = float(np.abs(positions_mm - positions_mm[0] - slots * spacing_mm).max())
    return SliceLadder(np.asarray(positions_mm, dtype=float), slots, spacing_mm, uneven_mm)


def describe_gaps(ladder: SliceLadder) -> str:
    """Where slices are missing, in words: "2 after slice 14 (at 35.0 mm from the first)"."""
    jumps = np.flatnonzero(np.diff(ladder.slots) > 1)
    words = []
    for jump in jumps[:5]:
        count = int(ladder.slots[jump + 1] - ladder.slots[jump]) - 1
        along_mm = ladder.positions_mm[jump] - ladder.positions_mm[0]
        words.append(f"{count} after slice {jump + 1} ({along_mm:.1f} mm from the first)")
    more = f" and {len(jumps) - 5} more gaps" if len(jumps) > 5 else ""
    return ", ".join(words) + more


def describe_steps(ladder: SliceLadder) -> str:
    """How often every spacing occurs: "20 gaps of 2.50 mm, 10 gaps of 5.00 mm"."""
    values, counts = np.unique(ladder.steps, return_counts=True)
    pairs = zip(values, counts, strict=True)
    return ", ".join(f"{count} gaps of {value * ladder.spacing_mm:.2f} mm" for value, count in pairs)


def same_position_mm(positions_mm: np.ndarray) -> float:
    """How near two slices of a series count as being at the same place: 0.01 mm or 2 % of the spacing."""
    gaps_mm = np.diff(positions_mm)
    gaps_mm = gaps_mm[gaps_mm > SAME_POSITION_MM]
    return max(SAME_POSITION_MM, SAME_POSITION_PART * float(np.median(gaps_mm))) if gaps_mm.size else SAME_POSITION_MM


def interpolate_slices(volume: np.ndarray, positions_mm: np.ndarray, wanted_mm: np.ndarray) -> np.ndarray:
    """Slices at other positions along the normal, linearly between the nearest two.

    Parameters
    ----------
    volume : numpy.ndarray, shape (n, j, i)
        Slices at ``positions_mm`` (ascending, mm).
    wanted_mm : numpy.ndarray, shape (m,)
        Positions within the range; outside it the end slice is repeated.

    Returns
    -------
    numpy.ndarray, shape (m, j, i)
        32-bit floats.
    """
    upper = np.clip(np.searchsorted(positions_mm, wanted_mm), 1, len(positions_mm) - 1)
    lower = upper - 1
    part = (wanted_mm - positions_mm[lower]) / (positions_mm[upper] - positions_mm[lower])
    part = np.clip(part, 0.0, 1.0).astype(np.float32)
    result = np.empty((len(wanted_mm), *volume.shape[1:]), np.float32)
    for k, weight in enumerate(part):
        result[k] = volume[lower[k]] if weight == 0 else (1 - weight) * volume[lower[k]] + weight * volume[upper[k]]
    return result


def in_plane_shifts(origins_lps: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Shift of every slice against the first within its own plane, in mm along i and j; shape (n, 2).

    ``origins_lps`` has shape (n, 3) and is sorted by position; the columns of ``axes`` are the row, column and normal
    direction.

    Raises
    ------
    GeometryMismatchError
        If the shift does not grow evenly with position, as it does for a tilted gantry.
    """
    local_mm = (origins_lps - origins_lps[0]) @ axes
    along_mm, shifts_mm = local_mm[:, 2], local_mm[:, :2]
    slope = shifts_mm[-1] / along_mm[-1]
    if np.abs(shifts_mm - along_mm[:, None] * slope).max() > max(0.1, 0.01 * np.abs(shifts_mm).max()):
        raise GeometryMismatchError(
            "The slices of the CT series are shifted against each other within their planes by up to "
            f"{np.abs(shifts_mm).max():.1f} mm without being a tilted gantry; they cannot form one volume."
        )
    return along_mm[:, None] * slope


def unsheared(volume: np.ndarray, shifts_ij: np.ndarray, fill: float) -> tuple[np.ndarray, np.ndarray]:
    """Undo a gantry tilt: move every slice within its plane, linearly, onto one upright grid.

    Parameters
    ----------
    volume : numpy.ndarray, shape (k, j, i)
        Slices as acquired.
    shifts_ij : numpy.ndarray, shape (k, 2)
        Shift of every slice in pixels along i and j.
    fill : float
        Value where a slice has no pixel.

    Returns
    -------
    tuple of numpy.ndarray
        The volume on the grid that holds all shifted slices, and the (i, j) of its first pixel on the first slice.
    """
    from scipy import ndimage

    shifts_ij = np.round(shifts_ij, 4)  # files round positions; no extra column for a rounding error
    low, high = np.floor(shifts_ij.min(axis=0)), np.ceil(shifts_ij.max(axis=0))
    extra_i, extra_j = (high - low).astype(int)
    shape = (volume.shape[1] + extra_j, volume.shape[2] + extra_i)
    result = np.empty((len(volume), *shape), np.float32)
    for k, (shift_i, shift_j) in enumerate(shifts_ij - low):
        ndimage.affine_transform(
            volume[k], np.ones(2), (-shift_j, -shift_i), output_shape=shape, output=result[k], order=1, cval=fill
        )
    return result, low
