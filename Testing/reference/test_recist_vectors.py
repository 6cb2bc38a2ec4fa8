"""Diameters and response categories against the vectors of the specification."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hepadose.recist.criteria import criterion
from hepadose.recist.diameters import DiameterSettings, measure_diameters
from hepadose.recist.exact import exact, percent_change
from hepadose.recist.measurable import smallest_measurable_mm
from hepadose.recist.outline import Convention
from hepadose.recist.target_response import classify_sums, respond

from recist_example import c_shape, ellipse, l_shape, lesions, measured, plane
from support import oracles

RECIST = criterion("recist-1.1")
CENTER, EDGE, CONTOUR = Convention.CENTER, Convention.EDGE, Convention.CONTOUR
CORNER = (np.mgrid[:128, :128] - 63.5) ** 2
PIXEL = ((np.mgrid[:128, :128] - 60) * 0.8) ** 2
TRIANGLE = np.add.outer(np.arange(30), np.arange(30)) < 30
# Longest diameter in mm by centers, edges and contour.
LONG_AXES = {
    "4 rows × 10 columns": (plane(np.ones((4, 10))), 9.4868, 10.7703, 10.4403),
    "the same with other pixels": (plane(np.ones((4, 10)), 2.0, 0.5), 7.5, 9.4340, 9.1788),
    "line": (plane(np.ones((1, 10)), 0.7), 6.3, 7.0349, 7.0),
    "single pixel": (plane(np.ones((1, 1)), 0.7), 0.0, 0.9899, 0.7),
    "diagonal": (plane(np.eye(20), 0.7), 18.8090, 19.7990, 19.3104),
    "disc around a corner": (plane(CORNER.sum(axis=0) <= 400), 39.9249, 41.2311, 40.8534),
    "disc around a pixel": (plane(PIXEL.sum(axis=0) <= 400, 0.8), 40.0, 41.1203, 40.8),
    "C": (plane(c_shape()), 55.1543, 56.5685, 55.8659),
    "L": (plane(l_shape()), 55.1543, 56.5685, 55.8659),
}
# By the edges: image, longest diameter, perpendicular chord, caliper, share of the diameter inside.
CHORDS = {
    "rectangle": (plane(np.ones((4, 10))), 10.7703, 4.3081, 7.4278, 1.0),
    "square": (plane(np.ones((20, 20)), 0.7), 19.7990, 19.7990, 19.7990, 1.0),
    "C": (plane(c_shape()), 56.5685, 28.2843, 56.5685, 0.5),
    "L": (plane(l_shape()), 56.5685, 14.1421, 35.3553, 0.5),
    "staircase triangle": (plane(TRIANGLE), 42.4264, 21.2132, 21.9203, 1.0),
    "ellipse": (ellipse((20, 12), 30, 0.8), 40.6192, 24.5605, 25.0207, 1.0),
}


@pytest.mark.parametrize("name", LONG_AXES)
@pytest.mark.parametrize("convention", [CENTER, EDGE, CONTOUR])
def test_longest_diameter_by_convention(name, convention):
    image, *expected = LONG_AXES[name]
    found = measure_diameters(image, DiameterSettings(convention)).long_axis.length_mm
    assert found == pytest.approx(dict(zip((CENTER, EDGE, CONTOUR), expected, strict=True))[convention], abs=6e-5)


@pytest.mark.parametrize("case", oracles("feret"))
def test_longest_diameter_of_the_table(case):
    (rows, columns, *spacing_mm), expected = next(iter(case["input"].values())), case["expected"]
    image = plane(np.ones((rows, columns)), *spacing_mm)
    for convention, name in ((CENTER, "centre"), (EDGE, "edge"), (CONTOUR, "contour")):
        found = measure_diameters(image, DiameterSettings(convention)).long_axis.length_mm
        assert found == pytest.approx(expected[name], abs=5e-5)


@pytest.mark.parametrize("name", CHORDS)
def test_perpendicular_chord_caliper_and_inside(name):
    image, long_mm, chord_mm, caliper_mm, inside = CHORDS[name]
    found = measure_diameters(image, DiameterSettings(EDGE))
    assert found.long_axis.length_mm == pytest.approx(long_mm, abs=6e-5)
    assert found.short_axis.length_mm == pytest.approx(chord_mm, abs=6e-5)
    assert found.caliper_mm == pytest.approx(caliper_mm, abs=6e-5)
    assert found.inside_fraction == pytest.approx(inside, abs=1e-4)


def test_area_of_the_ellipse():
    assert measure_diameters(CHORDS["ellipse"][0]).area_mm2 == pytest.approx(750.72)


def test_linked_islands():
    pixels = np.zeros((10, 40), bool)
    pixels[:, :10] = pixels[:, 30:] = True
    linked = measure_diameters(plane(pixels), DiameterSettings(EDGE, link_components=True))
    assert linked.long_axis.length_mm == pytest.approx(41.2311, abs=5e-5)
    assert linked.inside_fraction == 0.5 and linked.is_concave
    apart = measure_diameters(plane(pixels), DiameterSettings(EDGE))
    assert apart.long_axis.length_mm == pytest.approx(math.hypot(10, 10))


@pytest.mark.parametrize("case", oracles("recist_target"))
def test_category_of_targets(case):
    given = case["input"]
    assert classify_sums(RECIST, given["baseline"], given["nadir"], given["current"]).value == case["expected"]


def test_minus_thirty_percent_is_partial_response_where_floating_point_says_stable():
    assert not (10.1 - 7.07) / 10.1 >= 0.3
    assert percent_change(7.07, 10.1) == Fraction(-30)
    assert classify_sums(RECIST, 10.1, 10.1, 7.07).value == "PR"


@pytest.mark.parametrize("case", oracles("recist_min_size"))
def test_smallest_measurable_lesion(case):
    assert smallest_measurable_mm(case["input"]) == exact(case["expected"])


def test_who_and_recist_part_on_the_same_lesion():
    before, after = measured(40, 30, 65.45), measured(29, 20, 22.449)
    course = [{"A": before}, {"A": after}]
    by_product, by_diameter = (respond(criterion(key), lesions("A"), course) for key in ("who", "recist-1.1"))
    assert (by_product.baseline, by_product.total) == (1200, 580)
    assert float(by_product.from_baseline_percent) == pytest.approx(-51.67, abs=0.005)
    assert (by_product.category.value, by_diameter.category.value) == ("PR", "SD")
    assert float(by_diameter.from_baseline_percent) == pytest.approx(-27.5)
    by_volume = respond(criterion("volume"), lesions("A"), course)
    assert float(by_volume.from_baseline_percent) == pytest.approx(-65.7, abs=0.05)
    assert by_volume.category.value == "PR"


def test_limits_of_volume_are_those_of_the_diameter_of_a_sphere():
    rules = criterion("volume")
    cubes = [
        100 * ((1 + float(limit) / 100) ** 3 - 1) for limit in (RECIST.partial_percent, RECIST.progression_percent)
    ]
    assert cubes == pytest.approx([-65.7, 72.8], abs=0.05)
    limits = [float(rules.partial_percent), float(rules.progression_percent)]
    assert limits == pytest.approx(cubes, abs=0.75)
