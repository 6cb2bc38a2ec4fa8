"""What the images and contours leave open: the spread of all deformations that explain them equally well.

Near its minimum the energy is a parabola. Drawing deformations from the Gaussian distribution that belongs to it tells
how far the deformation may be off: little at vessels and at the capsule, more where the liver shows nothing but noise
and only the smoothness speaks. The estimate knows of random errors; what the model does not know (sliding, contours
that are wrong as a whole) is added by :mod:`hepadose.registration.quality`.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import linalg

from hepadose.registration.deformable import Deformation

_SAMPLES = 4
_CG_ITERATIONS = 60
_IMAGE_TEMPER = 0.5
"""Neighboring voxels share noise and model errors; they count as this many independent ones."""


def expected_error_mm(deformation: Deformation, where: np.ndarray, seed: int) -> float:
    """Mean length of the displacement error over a region, from draws of the posterior distribution.

    Parameters
    ----------
    deformation : Deformation
        The minimum, with its energy.
    where : numpy.ndarray of bool, shape (k, j, i)
        Voxels of the working grid over which the error is averaged.
    seed : int
        Seed of the draws.

    Returns
    -------
    float
        In mm; NaN where the region is empty.

    References
    ----------
    Simpson et al., NeuroImage 59 (2012) 2438–2451, doi:10.1016/j.neuroimage.2011.09.002 (probabilistic registration).
    """
    where = where[::2, ::2, ::2]
    if not where.any():
        return float("nan")
    curvature = deformation.objective.curvature(deformation.coefficients, _IMAGE_TEMPER)
    size = deformation.coefficients.size
    operator = linalg.LinearOperator((size, size), matvec=curvature.apply, dtype=float)
    rng = np.random.default_rng(seed)
    lengths = []
    for _ in range(_SAMPLES):
        draw, _ = linalg.cg(operator, curvature.draw(rng), rtol=1e-2, maxiter=_CG_ITERATIONS)
        field = deformation.lattice.displacements(draw.reshape(deformation.coefficients.shape), step=2)
        lengths.append(float(np.sqrt((field[:, where] ** 2).sum(axis=0)).mean()))
    return float(np.mean(lengths))
