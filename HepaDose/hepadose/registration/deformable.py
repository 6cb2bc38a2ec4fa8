"""The B-spline stage: the smoothest deformation that the images and the liver contours ask for.

Minimizes, by a quasi-Newton method over a coarse and a fine level, the sum of the local-regression residual of the CTs,
the distance between the liver contours (where both are known) and the bending energy. The planning images come already
resampled through the linear stage onto the working grid, so the deformation found here is applied first and the linear
transform after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage, optimize

from hepadose.images import Image
from hepadose.registration.freeform import Lattice
from hepadose.registration.settings import RegistrationSettings
from hepadose.registration.similarity import LocalRegression

_WINDOW_MM = 21.0
_BENDING_WEIGHT = 20.0
"""Weight of the bending energy in 1/mm. Tuned on known deformations of 1–4 mm over 60–150 mm, on top of breathing."""
_CONTOUR_PATCH_MM = 3.0
"""Contour errors within such a patch are the same error."""
_CONTOUR_REACH_MM = 6.0
CONTOUR_BAND_MM = 4.5
"""Half width of the shell around the liver's surface in which the contours are compared."""
_LEVEL_FACTORS = (2.0, 1.0)
_ITERATIONS = 40
_TOLERANCE = 1e-6
_NOISE_RANGE_HU = (2.0, 40.0)


@dataclass(frozen=True, eq=False)
class WorkingPair:
    """Everything the deformable stage compares, on one isotropic grid in the space of the follow-up CT.

    Parameters
    ----------
    fixed, moving : Image
        Clipped HU of the follow-up CT and of the planning CT after the linear stage.
    region : numpy.ndarray of bool
        Voxels whose HU count.
    liver : numpy.ndarray of bool
        Voxels of the liver that both scans cover, for figures of quality.
    band : numpy.ndarray of bool or None
        Voxels at the follow-up liver's surface, where both scans cover it.
    fixed_distance_mm, moving_distance_mm : numpy.ndarray or None
        Signed distance to the liver contour (negative inside); None where no follow-up contour exists.
    """

    fixed: Image
    moving: Image
    region: np.ndarray
    liver: np.ndarray
    band: np.ndarray | None = None
    fixed_distance_mm: np.ndarray | None = None
    moving_distance_mm: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Deformation:
    """A lattice with the coefficients that minimize the energy."""

    lattice: Lattice
    coefficients: np.ndarray
    objective: Objective

    def displacements(self) -> np.ndarray:
        """Displacement in mm at every voxel of the working grid; shape (3, k, j, i)."""
        return self.lattice.displacements(self.coefficients)


def deform(
    pair: WorkingPair,
    settings: RegistrationSettings,
    tick: Callable[[float], None],
) -> Deformation:
    """Find the deformation of the follow-up space that makes the planning CT match the follow-up CT.

    Parameters
    ----------
    pair : WorkingPair
        The images and contours.
    settings : RegistrationSettings
        Control spacing, stiffness and contour error.
    tick : callable
        Called with the fraction done; may raise to stop.

    Returns
    -------
    Deformation
        At the finest level.
    """
    deformation = None
    for level, factor in enumerate(_LEVEL_FACTORS):
        lattice = Lattice(pair.fixed, settings.control_spacing_mm * factor)
        start = np.zeros(lattice.shape)
        if deformation is not None:
            start = deformation.lattice.refined(deformation.coefficients, lattice)
        objective = Objective(pair, lattice, settings.stiffness, settings.contour_error_mm)
        objective.calibrate(start)
        found = _minimize(objective, start, lambda done, at=level: tick((at + done) / len(_LEVEL_FACTORS)))
        deformation = Deformation(lattice, found, objective)
    return deformation


def _minimize(objective: Objective, start: np.ndarray, tick: Callable[[float], None]) -> np.ndarray:
    iterations = 0

    def on_iteration(_: np.ndarray) -> None:
        nonlocal iterations
        iterations += 1
        tick(min(iterations / _ITERATIONS, 1.0))

    options = {"maxiter": _ITERATIONS, "maxcor": 12, "ftol": _TOLERANCE}
    found = optimize.minimize(
        objective, start.ravel(), jac=True, method="L-BFGS-B", callback=on_iteration, options=options
    )
    return found.x.reshape(start.shape)


class Objective:
    """The energy of a deformation and its gradient.

    Parameters
    ----------
    pair : WorkingPair
        The images.
    lattice : Lattice
        Control points over the grid of ``pair``.
    stiffness : float
        Factor of the bending energy.
    contour_error_mm : float
        Standard deviation of the contours.
    """

    def __init__(self, pair: WorkingPair, lattice: Lattice, stiffness: float, contour_error_mm: float) -> None:
        self.pair, self.lattice = pair, lattice
        self._spacing_mm = pair.fixed.spacing_mm[0]
        self._window = 2 * round(0.5 * _WINDOW_MM / self._spacing_mm) + 1
        self.similarity = LocalRegression(pair.fixed.array, pair.region, self._window)
        self._bending = stiffness * _BENDING_WEIGHT
        self._support = np.flatnonzero(pair.region)
        self._moving = _with_gradient(pair.moving.array, self._spacing_mm)
        self._band, self._band_weight = self._contour_band(contour_error_mm)
        if len(self._band):
            self._distance = _with_gradient(pair.moving_distance_mm, self._spacing_mm)

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = flat.reshape(self.lattice.shape)
        displacements = self.lattice.displacements(coefficients)
        forces = np.zeros(displacements.shape)  # in C order, so that flat views can be added to
        energy = self._add_images(displacements, forces) + self._add_contours(displacements, forces)
        bending = self._bending * self.lattice.bending_gradient(coefficients)
        energy += 0.5 * float(np.vdot(bending, coefficients))
        return energy, (self.lattice.adjoint(forces) + bending).ravel()

    def calibrate(self, coefficients: np.ndarray) -> None:
        """Measure noise and global slope at a deformation, for the iterations that start from it."""
        warped = self.warped(coefficients)
        self.similarity.global_slope = self._global_slope(warped)
        variance = self.similarity.fit(warped).residual_variance[self.depth]
        self.similarity.noise_hu = float(np.clip(np.sqrt(np.median(variance)), *_NOISE_RANGE_HU))

    @cached_property
    def depth(self) -> np.ndarray:
        """The liver's depth, whose windows do not see the capsule; all of the region where the liver has none."""
        inner = ndimage.binary_erosion(self.pair.liver, iterations=self._window // 2) & self.pair.region
        return inner if np.count_nonzero(inner) >= self._window**3 else self.pair.region

    def _global_slope(self, warped: np.ndarray) -> float:
        """Regression of the fine structure in the liver's depth, where the capsule's edges do not decide."""
        fixed, moving = (
            values[self.depth] - ndimage.uniform_filter(values.astype(float), self._window)[self.depth]
            for values in (self.pair.fixed.array, warped)
        )
        return float(np.clip(np.vdot(fixed, moving) / max(np.vdot(moving, moving), 1e-9), -2.0, 2.0))

    def warped(self, coefficients: np.ndarray) -> np.ndarray:
        """The moving image through the deformation, within the region; elsewhere as it was."""
        displacements = self.lattice.displacements(coefficients)
        values = self.pair.moving.array.astype(float).copy()
        values.ravel()[self._support] = self._sample(self._moving[:1], displacements, self._support)[0]
        return values

    def _add_images(self, displacements: np.ndarray, forces: np.ndarray) -> float:
        sampled = self._sample(self._moving, displacements, self._support)
        moving = np.zeros(self.pair.fixed.shape)
        moving.ravel()[self._support] = sampled[0]
        fit = self.similarity.fit(moving)
        forces.reshape(3, -1)[:, self._support] += fit.force.ravel()[self._support] * sampled[1:]
        return fit.energy

    def _add_contours(self, displacements: np.ndarray, forces: np.ndarray) -> float:
        if not len(self._band):
            return 0.0
        sampled = self._sample(self._distance, displacements, self._band)
        gap_mm = sampled[0] - self.pair.fixed_distance_mm.ravel()[self._band]
        # Pseudo-Huber: a contour that disagrees by centimeters is an error of the contour, not of the liver.
        root = np.sqrt(1.0 + (gap_mm / _CONTOUR_REACH_MM) ** 2)
        forces.reshape(3, -1)[:, self._band] += self._band_weight * gap_mm / root * sampled[1:]
        return float(self._band_weight * _CONTOUR_REACH_MM**2 * np.sum(root - 1.0))

    def curvature(self, coefficients: np.ndarray, image_temper: float, bending_temper: float) -> Curvature:
        """The quadratic form of the energy around a deformation, images and bending scaled by the tempers."""
        displacements = self.lattice.displacements(coefficients)
        sampled = self._sample(self._moving, displacements, self._support)
        scale = np.sqrt(image_temper) * abs(self.similarity.global_slope) / self.similarity.noise_hu
        directions = np.zeros((2, 3, self.pair.region.size), dtype=np.float32)
        directions[0][:, self._support] = scale * sampled[1:]
        if len(self._band):
            normals = self._sample(self._distance, displacements, self._band)[1:]
            directions[1][:, self._band] = np.sqrt(self._band_weight) * normals
        # Every other voxel along each axis stands for eight.
        thinned = np.sqrt(8.0) * directions.reshape(2, *displacements.shape)[..., ::2, ::2, ::2]
        return Curvature(self.lattice, thinned, bending_temper * self._bending)

    def _contour_band(self, contour_error_mm: float) -> tuple[np.ndarray, float]:
        if self.pair.band is None:
            return np.empty(0, int), 0.0
        voxels_per_patch = (_CONTOUR_PATCH_MM / self._spacing_mm) ** 2 * 2.0 * CONTOUR_BAND_MM / self._spacing_mm
        return np.flatnonzero(self.pair.band), 1.0 / (voxels_per_patch * contour_error_mm**2)

    def _sample(self, volumes: np.ndarray, displacements: np.ndarray, support: np.ndarray) -> np.ndarray:
        k, j, i = np.unravel_index(support, self.pair.fixed.shape)
        x, y, z = displacements.reshape(3, -1)[:, support] / self._spacing_mm
        coordinates = np.stack([k + z, j + y, i + x])
        return np.stack([ndimage.map_coordinates(v, coordinates, order=1, mode="nearest") for v in volumes])


@dataclass(frozen=True, eq=False)
class Curvature:
    """Gauss-Newton approximation of the energy's second derivatives.

    Parameters
    ----------
    lattice : Lattice
        The control points.
    directions : numpy.ndarray, shape (terms, 3, k, j, i)
        Derivatives of the residuals, in units of their noise, with respect to the displacement in mm of every other
        voxel along each axis.
    bending : float
        Weight of the bending energy.
    """

    lattice: Lattice
    directions: np.ndarray
    bending: float

    def apply(self, flat: np.ndarray) -> np.ndarray:
        """The matrix times a vector of coefficients."""
        coefficients = flat.reshape(self.lattice.shape)
        moved = self.lattice.displacements(coefficients, step=2)
        forces = sum(d * (d * moved).sum(axis=0) for d in self.directions)
        return (
            self.lattice.adjoint(forces, step=2) + self.bending * self.lattice.bending_gradient(coefficients)
        ).ravel()

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random vector whose covariance is the matrix."""
        forces = sum(d * rng.normal(size=d.shape[1:]) for d in self.directions)
        return (self.lattice.adjoint(forces, step=2) + np.sqrt(self.bending) * self.lattice.bending_draw(rng)).ravel()


def _with_gradient(array: np.ndarray, spacing_mm: float) -> np.ndarray:
    """The image and its derivatives along x, y, z per mm."""
    by_k, by_j, by_i = np.gradient(array.astype(np.float32), spacing_mm)
    return np.stack([array.astype(np.float32), by_i, by_j, by_k])
