"""Overlap of the reaction with the isodose region of every level at once.

Each liver voxel is given the number of levels its dose reaches. Its ball's minimum and maximum of that number say
for which levels it lies in the boundary band (:mod:`hepadose.flr.bands`); cumulative histograms then give the counts
of every level in one go, equal to the last voxel to thresholding and a distance transform per level. The histograms
are kept per block of liver, so that the bootstrap resamples blocks without touching the images again, and after an
edit of the reaction only the box around the change is counted anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError
from hepadose.flr.bands import ball_runs, band_limits, boundary_band
from hepadose.flr.settings import FlrSettings
from hepadose.images import bounding_box


@dataclass(frozen=True, eq=False)
class BlockCounts:
    """Voxel counts per block of liver; per-level arrays have shape (blocks, levels)."""

    region: np.ndarray
    """Liver voxels in the isodose region."""
    overlap: np.ndarray
    """Voxels in both isodose region and reaction."""
    band: np.ndarray
    """Voxels in the isodose region's boundary band."""
    band_overlap: np.ndarray
    """Voxels in both boundary bands."""
    reaction: np.ndarray
    """Voxels of the reaction, shape (blocks,)."""
    reaction_band: np.ndarray
    """Voxels of the reaction's boundary band, shape (blocks,)."""


class IsodoseSweep:
    """All isodose regions of one dose in one liver, ready to be compared with any reaction.

    Parameters
    ----------
    dose : numpy.ndarray, shape (k, j, i)
        Dose in Gy of the quantity the levels are given in; NaN where unknown.
    liver : numpy.ndarray of bool, same shape
        Domain of the analysis; voxels without a dose are left out.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing along k, j, i in mm.
    settings : FlrSettings
        Levels, band and block size.

    Raises
    ------
    GeometryMismatchError
        If dose and liver differ in shape.
    EmptyRegionError
        If no liver voxel has a dose.
    SettingsError
        If the band is thinner than a slice and not measured in-plane.
    """

    def __init__(
        self,
        dose: np.ndarray,
        liver: np.ndarray,
        spacing_kji_mm: tuple[float, float, float],
        settings: FlrSettings,
    ) -> None:
        if dose.shape != liver.shape:
            raise GeometryMismatchError(f"Dose {dose.shape} and liver {liver.shape} differ in shape [k, j, i].")
        if not settings.in_plane and settings.band_mm < spacing_kji_mm[0] * (1 - 1e-9):
            raise SettingsError(
                f"A band of {settings.band_mm:g} mm is thinner than a slice of {spacing_kji_mm[0]:g} mm: "
                "choose a wider band or measure it in-plane."
            )
        self.settings = settings
        self.levels_gy = settings.levels_gy
        self.shape = dose.shape
        box = bounding_box(liver)
        if box is None:
            raise EmptyRegionError("The liver is empty on this image; check the structure and the registration.")
        self.box = box
        self._prepare(dose[self.box], liver[self.box], spacing_kji_mm)

    def _prepare(self, dose: np.ndarray, liver: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> None:
        self.liver = liver & np.isfinite(dose)
        if not self.liver.any():
            raise EmptyRegionError("No liver voxel has a dose: the dose grid does not reach the liver.")
        self._runs = ball_runs(spacing_kji_mm, self.settings.band_mm, self.settings.in_plane)
        self._reach = tuple(int(value) for value in np.abs(self._runs).max(axis=0))
        self.level_index = count_levels_reached(dose, self.levels_gy)
        self.low, self.high = band_limits(self.level_index, self.liver, self._runs, self.settings.band_mode)
        block_mm = (0.0, np.inf, np.inf) if self.settings.in_plane else (self.settings.block_mm,) * 3
        self.block = _block_numbers(self.liver.shape, spacing_kji_mm, block_mm)
        self.blocks = int(self.block.max()) + 1
        everywhere = self._positions(self.liver)
        self._region = self._reaching(everywhere)
        self._band = self._within_band(everywhere)
        self._reaction: np.ndarray | None = None

    def _positions(self, mask: np.ndarray, box: tuple[slice, ...] = (slice(None),) * 3) -> tuple[np.ndarray, ...]:
        """Block number, level index and band limits of the voxels of a mask given on a box of the liver's crop."""
        # Boolean indexing once per array costs more than one search for the indices.
        index = np.flatnonzero(mask)
        return tuple(
            np.take(array[box].ravel(), index) for array in (self.block, self.level_index, self.low, self.high)
        )

    def _histogram(self, block: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Voxels per block whose number is at most t, for every level t; shape (blocks, levels)."""
        width = len(self.levels_gy) + 1
        keys = block * width + number
        counts = np.bincount(keys, minlength=self.blocks * width).reshape(self.blocks, width)
        return np.cumsum(counts, axis=1)[:, :-1]

    def _reaching(self, positions: tuple[np.ndarray, ...]) -> np.ndarray:
        """Voxels per block and level whose dose reaches the level."""
        block, index, _, _ = positions
        total = np.bincount(block, minlength=self.blocks)
        return total[:, None] - self._histogram(block, index)

    def _within_band(self, positions: tuple[np.ndarray, ...]) -> np.ndarray:
        """Voxels per block and level in the level's boundary band."""
        block, _, low, high = positions
        return self._histogram(block, low) - self._histogram(block, high)

    def match(self, reaction: np.ndarray) -> BlockCounts:
        """Counts of every level for a reaction; after the first call only what changed is counted again.

        Parameters
        ----------
        reaction : numpy.ndarray of bool, shape (k, j, i)
            On the grid of the dose; the part outside the liver is ignored.

        Returns
        -------
        BlockCounts

        Raises
        ------
        GeometryMismatchError
            If the shape is not the dose's.
        """
        if reaction.shape != self.shape:
            raise GeometryMismatchError(f"Reaction {reaction.shape} and dose {self.shape} differ in shape [k, j, i].")
        inside = reaction[self.box] & self.liver
        if self._reaction is None:
            self._start_empty()
        changed = bounding_box(inside ^ self._reaction, self._reach)
        if changed is not None:
            self._recount(inside, changed)
        return BlockCounts(
            region=self._region,
            overlap=self._overlap.copy(),
            band=self._band,
            band_overlap=self._band_overlap.copy(),
            reaction=self._reaction_count.copy(),
            reaction_band=self._reaction_band_count.copy(),
        )

    def _start_empty(self) -> None:
        """State of a reaction without voxels, from which every reaction is an edit."""
        self._reaction = np.zeros_like(self.liver)
        self._reaction_band = np.zeros_like(self.liver)
        levels = len(self.levels_gy)
        self._overlap, self._band_overlap = (np.zeros((self.blocks, levels), dtype=np.int64) for _ in range(2))
        self._reaction_count, self._reaction_band_count = (np.zeros(self.blocks, dtype=np.int64) for _ in range(2))

    def _recount(self, inside: np.ndarray, box: tuple[slice, slice, slice]) -> None:
        """Replace the counts of a box that contains every changed voxel of the reaction and of its band."""
        self._add(box, -1)
        # The band inside the box depends on voxels up to one ball further out.
        wide = bounding_box_grown(box, self._reach, inside.shape)
        inner = tuple(
            slice(narrow.start - outer.start, narrow.stop - outer.start)
            for narrow, outer in zip(box, wide, strict=True)
        )
        band = boundary_band(inside[wide], self.liver[wide], self._runs, self.settings.band_mode)
        self._reaction[box] = inside[box]
        self._reaction_band[box] = band[inner]
        self._add(box, +1)

    def _add(self, box: tuple[slice, slice, slice], sign: int) -> None:
        reaction = self._positions(self._reaction[box], box)
        band = self._positions(self._reaction_band[box], box)
        self._overlap += sign * self._reaching(reaction)
        self._band_overlap += sign * self._within_band(band)
        self._reaction_count += sign * np.bincount(reaction[0], minlength=self.blocks)
        self._reaction_band_count += sign * np.bincount(band[0], minlength=self.blocks)


def count_levels_reached(dose: np.ndarray, levels_gy: np.ndarray) -> np.ndarray:
    """How many of the ascending, evenly spaced levels each voxel's dose reaches (dose ≥ level); NaN reaches none.

    Returns
    -------
    numpy.ndarray of uint16
        Same shape; exactly ``numpy.searchsorted(levels_gy, dose, side="right")``, but about ten times faster.

    Examples
    --------
    >>> count_levels_reached(np.array([4.9, 5.0, 6.2, np.nan]), np.array([5.0, 6.0, 7.0])).tolist()
    [0, 1, 2, 0]
    """
    count, step = len(levels_gy), (levels_gy[-1] - levels_gy[0]) / (len(levels_gy) - 1)
    guess = np.nan_to_num((dose - levels_gy[0]) * (1.0 / step), nan=-1.0) + 1.0
    index = np.clip(guess, 0.0, float(count)).astype(np.uint16)
    padded = np.concatenate([[-np.inf], levels_gy, [np.inf]])
    # Rounding puts the guess at most one level off; the comparison with the levels themselves settles it.
    index += dose >= padded[1:].take(index)
    index -= dose < padded.take(index)
    return index


def bounding_box_grown(
    box: tuple[slice, slice, slice], margin: tuple[int, int, int], shape: tuple[int, int, int]
) -> tuple[slice, slice, slice]:
    """A box grown by a margin on all sides and clipped to an array of the given shape."""
    return tuple(
        slice(max(part.start - grow, 0), min(part.stop + grow, size))
        for part, grow, size in zip(box, margin, shape, strict=True)
    )


def _block_numbers(
    shape: tuple[int, int, int], spacing_kji_mm: tuple[float, float, float], block_mm: tuple[float, float, float]
) -> np.ndarray:
    """Number of the block each voxel lies in; an edge of 0 mm means one voxel."""
    number = np.zeros(shape, dtype=np.int32)
    for axis in range(3):
        steps = np.arange(shape[axis])
        if block_mm[axis] > 0:
            # The slack keeps a spacing that a file format rounded from moving a slice into another block.
            steps = np.floor(steps * spacing_kji_mm[axis] / block_mm[axis] + 1e-6).astype(int)
        number = number * (int(steps[-1]) + 1) + steps.reshape([-1 if axis == other else 1 for other in range(3)])
    return number.astype(np.int32)
