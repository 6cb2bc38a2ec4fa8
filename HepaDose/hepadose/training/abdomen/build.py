"""One patient's size, posture and deformation: where a place in the scan lies in the anatomical frame, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepadose.phantom.fields import smooth_field, upsample
from hepadose.phantom.shapes import turned
from hepadose.training.abdomen.shaping import within

BEND_STEP_MM = 12.0
BEND_LOW_MM = np.array([-324.0, -264.0, -468.0])
BEND_COUNTS = (79, 45, 55)
"""Lattice (k, j, i) of the deformation; it does not depend on the field of view, so the patient does not either."""
SMALL_MM = 45.0
"""Shapes smaller than this are sought where the deformation takes their center."""


@dataclass(frozen=True, eq=False)
class Build:
    """Size, posture and smooth deformation.

    Parameters
    ----------
    scale : numpy.ndarray, shape (3,)
        Factors along x, y, z from the anatomical frame to the patient.
    axes : numpy.ndarray, shape (3, 3)
        The patient's turn on the table.
    domes_mm : tuple of 2 float
        How far the right and the left dome of the diaphragm stand higher than in the anatomical frame.
    recess_mm : float
        How much farther down the lungs reach behind liver and spleen.
    bends_mm : tuple of 3 numpy.ndarray, shape ``BEND_COUNTS``
        Displacement along x, y, z in mm of the anatomical frame.
    """

    scale: np.ndarray
    axes: np.ndarray
    domes_mm: tuple[float, float]
    recess_mm: float
    bends_mm: tuple[np.ndarray, ...]

    @property
    def enlargement(self) -> float:
        """Volume in the patient relative to the anatomical frame.

        Returns
        -------
        float
        """
        return float(np.prod(self.scale))

    def anatomical(self, low_mm: np.ndarray, counts: tuple[int, int, int], step_mm: float) -> tuple[np.ndarray, ...]:
        """Anatomical x, y, z in mm of a lattice in the scan.

        Parameters
        ----------
        low_mm : numpy.ndarray, shape (3,)
            Place of the first point, x, y, z in the scan.
        counts : tuple of 3 int
            Points along k, j, i.
        step_mm : float
            Distance between points.

        Returns
        -------
        tuple of 3 numpy.ndarray, float32, shape ``counts``
        """
        lines = [(low_mm[axis] + step_mm * np.arange(counts[2 - axis])) / self.scale[axis] for axis in range(3)]
        place = np.meshgrid(*(line.astype(np.float32) for line in lines[::-1]), indexing="ij", sparse=True)[::-1]
        axes = self.axes.astype(np.float32)
        start = tuple((low_mm - BEND_LOW_MM)[::-1] / BEND_STEP_MM)
        found = []
        for axis, bend in enumerate(self.bends_mm):
            local = upsample(bend, counts, (step_mm / BEND_STEP_MM,) * 3, start)
            for row in range(3):
                local += axes[row, axis] * place[row]
            found.append(local)
        found[2] -= self._lift(*found)
        return tuple(found)

    def _lift(self, x, y, z):
        """How far the diaphragm with what is near it stands higher (mm) at points of the bent frame."""
        right, left = self.domes_mm
        lift = right * np.exp(-(((x + 72) / 62) ** 2)) + left * np.exp(-(((x - 76) / 58) ** 2))
        lift = lift * np.exp(-((y / 95) ** 2) - ((z - 75) / 75) ** 2)
        behind = within(y, 30.0, 85.0) * within(np.abs(x), 22.0, 55.0)
        return lift - self.recess_mm * behind * np.exp(-(((z - 40) / 60) ** 2))

    def in_scan(self, low_mm: np.ndarray, high_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes in the scan that surely hold boxes of the anatomical frame.

        Parameters
        ----------
        low_mm, high_mm : numpy.ndarray, shape (n, 3)
            Lowest and highest corners in the anatomical frame; may be infinite.

        Returns
        -------
        tuple of 2 numpy.ndarray, shape (n, 3)
            Lowest and highest corners in the scan, in mm.
        """
        low, high = np.clip(low_mm, -2e3, 2e3), np.clip(high_mm, -2e3, 2e3)
        middle, half = (low + high) / 2, (high - low) / 2
        size = half.max(axis=1, keepdims=True) * 2
        # Big shapes feel every displacement; small ones the one at their center, which changes little within them.
        reach = np.where(size < SMALL_MM, 5.0 + 0.2 * size, self._largest_bend)
        shift = np.where(size < SMALL_MM, self._shift(middle), 0.0)
        middle = (middle + shift) @ self.axes.T * self.scale
        half = (half + reach) @ np.abs(self.axes).T * self.scale
        return middle - half, middle + half

    @cached_property
    def _largest_bend(self) -> np.ndarray:
        lift_mm = np.array([0.0, 0.0, max(abs(value) for value in self.domes_mm) + self.recess_mm])
        return lift_mm + [3.0 + float(np.abs(bend).max()) for bend in self.bends_mm]

    def _shift(self, points_mm: np.ndarray) -> np.ndarray:
        """How far points of the anatomical frame are displaced in the patient, before scaling and turning."""
        shift = np.zeros_like(points_mm)
        for _ in range(3):
            index = ((points_mm + shift) @ self.axes.T * self.scale - BEND_LOW_MM) / BEND_STEP_MM
            index = np.clip(np.rint(index), 0, np.array(BEND_COUNTS)[::-1] - 1).astype(int)
            bend = np.stack([values[index[:, 2], index[:, 1], index[:, 0]] for values in self.bends_mm], axis=1)
            bend[:, 2] -= self._lift(*(points_mm + shift + bend).T)
            shift = -bend
        return shift


def random_build(random: np.random.Generator) -> Build:
    """Size, posture and deformation of a random adult.

    Parameters
    ----------
    random : numpy.random.Generator

    Returns
    -------
    Build
    """
    size = random.normal(1.0, 0.07)
    scale = (size * random.normal((0.96, 1.13, 1.0), (0.05, 0.09, 0.06))).clip(0.78, 1.4)
    axes = turned(random.normal(0.0, 4.0), 2) @ turned(random.normal(0.0, 2.0), 1) @ turned(random.normal(0.0, 2.5), 0)
    domes_mm = tuple(random.normal((2.0, 0.0), (11.0, 9.0)).clip(-24.0, 26.0))
    coarse_mm, fine_mm = random.uniform(2.0, 6.5), random.uniform(0.6, 2.0)
    steps = (BEND_STEP_MM,) * 3
    bends = tuple(
        coarse_mm * smooth_field(BEND_COUNTS, steps, 60.0, random).clip(-2.5, 2.5)
        + fine_mm * smooth_field(BEND_COUNTS, steps, 24.0, random).clip(-2.5, 2.5)
        for _ in range(3)
    )
    return Build(scale, axes, domes_mm, float(random.uniform(5.0, 45.0)), bends)
