"""Portal and hepatic veins inside a liver: the digital patient's trunks, varied, with twigs of few straight pieces.

On grids of 1.5 to 3 mm a twig's curvature does not show, but every piece costs time.
"""

from __future__ import annotations

import numpy as np

from hepadose.phantom.shapes import Shape, tube, union
from hepadose.phantom.vessels import HEPATIC_ROOTS, PORTAL_ROOTS, direction_of, twig_starts
from hepadose.training.abdomen.shaping import path

THINNEST_MM, GENERATIONS = 1.0, 3


def portal_tree(wide_mm: float, random: np.random.Generator) -> Shape:
    """Portal branches, ``wide_mm`` wider than usual, in the anatomical frame.

    Parameters
    ----------
    wide_mm : float
        Added to every radius; may be negative.
    random : numpy.random.Generator

    Returns
    -------
    Shape
        In mm.
    """
    return _tree(PORTAL_ROOTS, wide_mm, random)


def hepatic_tree(wide_mm: float, random: np.random.Generator) -> Shape:
    """Hepatic veins, ``wide_mm`` wider than usual, in the anatomical frame.

    Parameters
    ----------
    wide_mm, random
        As for :func:`portal_tree`.

    Returns
    -------
    Shape
        In mm.
    """
    return _tree(HEPATIC_ROOTS, wide_mm, random)


def _tree(roots, wide_mm: float, random: np.random.Generator) -> Shape:
    branches = []
    for points, radii in roots:
        line = np.asarray(points, float)
        # The first point joins the parent and stays where it is.
        line[1:] += random.normal(0.0, 3.0, (len(line) - 1, 3))
        radii = np.maximum(np.asarray(radii) + wide_mm, THINNEST_MM)
        branches.append(tube(line, radii, 2))
        branches += _twigs(line, radii, random)
    return union(*branches)


def _twigs(line: np.ndarray, radii: np.ndarray, random: np.random.Generator, generation: int = 1) -> list[Shape]:
    """Side branches along a line and at its end, thinner and shorter with every generation."""
    twigs = []
    forward = direction_of(line)
    for start, radius_mm in twig_starts(line, radii, THINNEST_MM, generation, random):
        heading = forward + random.normal(0.0, 0.55, 3)
        heading *= (10.0 + 5.0 * radius_mm) * random.uniform(0.8, 1.25) / np.linalg.norm(heading)
        branch = np.array([start, start + heading])
        narrowing = radius_mm * np.array([1.0, 0.6])
        twigs.append(path(branch, narrowing))
        if generation < GENERATIONS:
            twigs += _twigs(branch, narrowing, random, generation + 1)
    return twigs
