"""Cubic B-spline deformations on a regular lattice: evaluation, adjoint and bending energy, all separable.

A deformation is an array of coefficients ``[component, k, j, i]`` in mm on a lattice whose first node lies one lattice
spacing before the first voxel of the working grid, as SimpleITK's ``BSplineTransform`` has it. This file knows nothing
of images.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image

if TYPE_CHECKING:
    import SimpleITK as sitk

_ORDER = 3
_BENDING_TERMS = {(2, 0, 0): 1.0, (0, 2, 0): 1.0, (0, 0, 2): 1.0, (1, 1, 0): 2.0, (1, 0, 1): 2.0, (0, 1, 1): 2.0}
"""Orders of the derivatives along k, j, i and how often each occurs in the sum over all second derivatives."""


@dataclass(frozen=True)
class Lattice:
    """Control points over a working grid with axes along LPS.

    Parameters
    ----------
    grid : Image
        The working grid (its values are not used).
    spacing_mm : float
        Distance between control points; rounded down so that a whole number of them spans the grid.
    """

    grid: Image
    spacing_mm: float

    @cached_property
    def meshes(self) -> tuple[int, int, int]:
        """Number of B-spline cells along k, j, i."""
        extents = [(n - 1) * s for n, s in zip(self.grid.shape, self.grid.spacing_kji_mm, strict=True)]
        return tuple(max(1, int(np.ceil(extent / self.spacing_mm))) for extent in extents)

    @cached_property
    def cells_kji_mm(self) -> tuple[float, float, float]:
        """Edge lengths of a cell in mm."""
        triples = zip(self.grid.shape, self.grid.spacing_kji_mm, self.meshes, strict=True)
        return tuple((n - 1) * s / mesh for n, s, mesh in triples)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the coefficients: 3 components (x, y, z) and the nodes along k, j, i."""
        return (3, *(mesh + _ORDER for mesh in self.meshes))

    @cached_property
    def bases(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Per axis the matrix that takes coefficients to values at the voxels, shape (voxels, nodes)."""
        return tuple(
            _basis(np.linspace(0.0, mesh, n), mesh) for n, mesh in zip(self.grid.shape, self.meshes, strict=True)
        )

    def displacements(self, coefficients: np.ndarray, step: int = 1) -> np.ndarray:
        """Displacement in mm at every ``step``-th voxel along each axis; shape (3, k, j, i)."""
        return _apply(tuple(basis[::step] for basis in self.bases), coefficients)

    def adjoint(self, forces: np.ndarray, step: int = 1) -> np.ndarray:
        """Gradient with respect to the coefficients of a gradient at every ``step``-th voxel, shape (3, k, j, i)."""
        return _apply(tuple(basis[::step].T for basis in self.bases), forces)

    @cached_property
    def _grams(self) -> tuple[tuple[np.ndarray, ...], ...]:
        return tuple(
            tuple(_gram(mesh, cell, order) for order in range(3))
            for mesh, cell in zip(self.meshes, self.cells_kji_mm, strict=True)
        )

    def bending_gradient(self, coefficients: np.ndarray) -> np.ndarray:
        """Gradient of half the bending energy ``∫ |∂²u|² dx`` (mm); the energy is its product with the coefficients.

        References
        ----------
        Rueckert et al., IEEE Trans Med Imaging 18 (1999) 712–721, doi:10.1109/42.796284.
        """
        total = np.zeros_like(coefficients)
        for derivative, factor in _BENDING_TERMS.items():
            matrices = tuple(self._grams[axis][order] for axis, order in enumerate(derivative))
            total += factor * _apply(matrices, coefficients)
        return total

    def bending_draw(self, rng: np.random.Generator) -> np.ndarray:
        """Random coefficients whose covariance is the matrix of the bending energy."""
        total = np.zeros(self.shape)
        for derivative, factor in _BENDING_TERMS.items():
            roots = tuple(_root(self._grams[axis][order]) for axis, order in enumerate(derivative))
            total += np.sqrt(factor) * _apply(roots, rng.normal(size=self.shape))
        return total

    def to_transform(self, coefficients: np.ndarray, fade_mm: float = 80.0) -> sitk.Transform:
        """The deformation as a SimpleITK transform that fades to zero outside the working grid.

        A B-spline transform jumps to the identity at its border; the added nodes let it fade over ``fade_mm`` instead
        and change nothing inside the grid.
        """
        import SimpleITK as sitk

        layers = [int(np.ceil(fade_mm / cell)) + _ORDER for cell in self.cells_kji_mm]
        padded = np.pad(coefficients, [(0, 0), *[(n, n) for n in layers]], mode="edge")
        for axis, count in enumerate(layers):
            padded *= _fade(padded.shape[axis + 1], count).reshape([-1 if a == axis + 1 else 1 for a in range(4)])
        cells = np.asarray(self.cells_kji_mm)
        origin = np.asarray(self.grid.origin_lps) - (cells * (np.asarray(layers) + 1))[::-1]
        images = [Image(component, tuple(cells[::-1]), tuple(origin)).to_sitk() for component in padded]
        return sitk.BSplineTransform(images, _ORDER)

    def refined(self, coefficients: np.ndarray, finer: Lattice) -> np.ndarray:
        """Coefficients on another lattice over the same grid that give the same displacements by least squares."""
        pairs = zip(finer.bases, self.bases, strict=True)
        return _apply(tuple(np.linalg.lstsq(fine, coarse, rcond=None)[0] for fine, coarse in pairs), coefficients)


def _basis(positions: np.ndarray, mesh: int) -> np.ndarray:
    """Values of the ``mesh + 3`` cubic B-splines at positions in cells (0 … mesh)."""
    nodes = np.arange(mesh + _ORDER) - 1.0
    return _cubic(np.asarray(positions)[:, None] - nodes)


def _cubic(distance: np.ndarray) -> np.ndarray:
    t = np.abs(distance)
    inner = 2.0 / 3.0 - t**2 + t**3 / 2.0
    return np.where(t < 1.0, inner, np.where(t < 2.0, (2.0 - t) ** 3 / 6.0, 0.0))


def _cubic_derivative(distance: np.ndarray, order: int) -> np.ndarray:
    t, sign = np.abs(distance), np.sign(distance)
    if order == 1:
        return sign * np.where(t < 1.0, -2.0 * t + 1.5 * t**2, np.where(t < 2.0, -((2.0 - t) ** 2) / 2.0, 0.0))
    return np.where(t < 1.0, -2.0 + 3.0 * t, np.where(t < 2.0, 2.0 - t, 0.0))


def _gram(mesh: int, cell_mm: float, order: int) -> np.ndarray:
    """Integrals over the box of products of two B-splines' derivatives: 4 Gauss points per cell are exact."""
    points, weights = np.polynomial.legendre.leggauss(4)
    positions = (np.arange(mesh)[:, None] + (points + 1.0) / 2.0).ravel()
    distance = positions[:, None] - (np.arange(mesh + _ORDER) - 1.0)
    values = (_cubic(distance) if order == 0 else _cubic_derivative(distance, order)) / cell_mm**order
    return values.T @ (values * (np.tile(weights, mesh) * cell_mm / 2.0)[:, None])


def _root(gram: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(gram)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _fade(size: int, count: int) -> np.ndarray:
    """One inside, falling to zero over ``count`` nodes at both ends; the last three nodes are zero."""
    steps = np.clip((np.arange(size) - (_ORDER - 1)) / max(count - _ORDER + 1, 1), 0.0, 1.0)
    rise = 0.5 - 0.5 * np.cos(np.pi * steps)
    return np.minimum(rise, rise[::-1])


def _apply(matrices: tuple[np.ndarray, ...], values: np.ndarray) -> np.ndarray:
    for axis, matrix in enumerate(matrices, start=1):
        values = _along(matrix, values, axis)
    return values


def _along(matrix: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
