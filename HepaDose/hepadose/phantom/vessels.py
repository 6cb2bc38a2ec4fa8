"""Portal and hepatic veins: trunks by anatomy, branches grown from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hepadose.phantom.shapes import Shape, tube, union

PORTAL_ROOTS = (
    ([(-26, -8, -4), (-44, -4, 2), (-62, 0, 4)], (6.5, 5.8, 5.2)),
    ([(-62, 0, 4), (-80, -22, 14), (-96, -40, 26)], (4.6, 3.8, 3.0)),
    ([(-62, 0, 4), (-84, 16, 4), (-106, 30, 4)], (4.6, 3.8, 3.0)),
    ([(-80, 14, 4), (-92, 10, -28), (-98, 2, -56)], (3.6, 3.0, 2.4)),
    ([(-80, -22, 14), (-84, -36, -10), (-88, -46, -34)], (3.4, 2.8, 2.2)),
    ([(-84, 16, 4), (-92, 28, 34), (-98, 32, 58)], (3.4, 2.8, 2.2)),
    ([(-26, -8, -4), (-10, -26, 10), (2, -42, 22), (4, -58, 24)], (5.6, 4.6, 4.4, 3.2)),
    ([(2, -42, 22), (24, -50, 32), (46, -54, 38)], (3.4, 2.8, 2.0)),
    ([(2, -44, 22), (-12, -60, 28), (-24, -66, 32)], (3.0, 2.4, 1.8)),
)
HEPATIC_ROOTS = (
    ([(-32, 6, 68), (-62, 14, 56), (-92, 16, 30), (-108, 12, -4), (-108, 4, -34)], (5.5, 5.0, 4.4, 3.4, 2.4)),
    ([(-26, -2, 68), (-40, -26, 54), (-54, -42, 30), (-62, -48, 2)], (5.2, 4.6, 3.8, 2.6)),
    ([(-22, -4, 68), (-2, -28, 60), (18, -44, 52), (40, -52, 46)], (4.6, 4.0, 3.2, 2.2)),
    ([(-62, 14, 56), (-80, 34, 58), (-94, 44, 50)], (3.4, 2.8, 2.0)),
    ([(-54, -42, 30), (-76, -50, 36), (-92, -52, 40)], (3.0, 2.6, 2.0)),
)


THINNEST_MM = 0.9


def portal_trunk() -> Shape:
    """Superior mesenteric and splenic vein, joining behind the pancreas and running to the hilum."""
    mesenteric = tube([(-6, -32, -120), (-4, -28, -70), (-6, -22, -34)], [4.5, 5.5, 6.5])
    splenic = tube([(82, 22, 8), (54, 4, 0), (26, -14, -12), (-6, -22, -34)], [3.6, 4.2, 4.8, 5.5])
    main = tube([(-6, -22, -34), (-16, -16, -18), (-26, -8, -4)], [7.0, 6.8, 6.5])
    return union(mesenteric, splenic, main)


def portal_tree(random: np.random.Generator) -> Shape:
    """Portal branches inside the liver."""
    return _tree(PORTAL_ROOTS, random)


def hepatic_tree(random: np.random.Generator) -> Shape:
    """Right, middle and left hepatic vein with their tributaries."""
    return _tree(HEPATIC_ROOTS, random)


def _tree(roots: Sequence, random: np.random.Generator) -> Shape:
    branches = []
    for points, radii in roots:
        line = np.asarray(points, float)
        branches.append(tube(line, radii))
        branches.extend(_twigs(line, np.asarray(radii), random))
    return union(*branches)


def _twigs(line: np.ndarray, radii: np.ndarray, random: np.random.Generator, generation: int = 1) -> list[Shape]:
    """Side branches along a line and at its end, thinner and shorter with every generation."""
    twigs = []
    forward = direction_of(line)
    for start, radius_mm in twig_starts(line, radii, THINNEST_MM, generation, random):
        branch = _branch(start, forward, radius_mm, random)
        twigs.append(tube(branch, [radius_mm, 0.8 * radius_mm, 0.6 * radius_mm], pieces_per_span=2))
        if generation < 3:
            twigs.extend(_twigs(branch, np.array([1.0, 0.8, 0.6]) * radius_mm, random, generation + 1))
    return twigs


def twig_starts(
    line: np.ndarray, radii: np.ndarray, thinnest_mm: float, generation: int, random: np.random.Generator
) -> Iterator[tuple[np.ndarray, float]]:
    """Where side branches leave a vessel: some along it, two at its end.

    Parameters
    ----------
    line : numpy.ndarray, shape (n, 3)
        Points of its middle line in mm.
    radii : numpy.ndarray, shape (n,)
        In mm.
    thinnest_mm : float
        Thinner branches are left out.
    generation : int
        1 for branches of a trunk, which has more of them.
    random : numpy.random.Generator
        Draws the places when the first one is asked for; whoever asks may draw in between.

    Yields
    ------
    start : numpy.ndarray, shape (3,)
    radius_mm : float
        Of the branch where it starts.
    """
    stations = [*random.uniform(0.25, 0.9, 3 if generation == 1 else 1), 1.0, 1.0]
    knots = np.linspace(0.0, 1.0, len(line))
    for station in stations:
        start = np.array([np.interp(station, knots, line[:, axis]) for axis in range(3)])
        radius_mm = 0.68 * float(np.interp(station, knots, radii))
        if radius_mm >= thinnest_mm:
            yield start, radius_mm


def direction_of(line: np.ndarray) -> np.ndarray:
    """Unit vector from the first to the last point of a line, shape (n, 3); zero where both are one."""
    return (line[-1] - line[0]) / max(np.linalg.norm(line[-1] - line[0]), 1e-6)


def _branch(start: np.ndarray, forward: np.ndarray, radius_mm: float, random: np.random.Generator) -> np.ndarray:
    heading = forward + random.normal(0.0, 0.55, 3)
    heading /= np.linalg.norm(heading)
    bend = heading + random.normal(0.0, 0.30, 3)
    length_mm = (9.0 + 5.0 * radius_mm) * random.uniform(0.8, 1.25)
    middle = start + 0.5 * length_mm * heading
    return np.array([start, middle, middle + 0.5 * length_mm * bend / np.linalg.norm(bend)])
