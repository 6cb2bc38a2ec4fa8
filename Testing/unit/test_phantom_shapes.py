"""Implicit shapes and smooth random fields, checked by hand."""

import numpy as np
import pytest

from hepadose.phantom.canvas import Canvas
from hepadose.phantom.fields import smooth_field, stream, upsample
from hepadose.phantom.shapes import (
    blend,
    capsule,
    carve,
    common,
    ellipsoid,
    half_space,
    smooth_minimum,
    tube,
    turned,
    union,
)


def at(shape, *point):
    return float(shape.distance(*(np.float32(value) for value in point)))


def test_a_sphere_measures_the_exact_distance():
    sphere = ellipsoid((1, 2, 3), (10, 10, 10))
    assert at(sphere, 1, 2, 18) == pytest.approx(5.0, abs=1e-4)
    assert at(sphere, 1, 2, 8) == pytest.approx(-5.0, abs=1e-4)
    assert np.isfinite(at(sphere, 1, 2, 3))


def test_an_ellipsoid_is_zero_on_its_surface_and_bounded_by_its_box():
    shape = ellipsoid((0, 0, 0), (30, 20, 10), turned(30.0, 2))
    tip = turned(30.0, 2) @ [30.0, 0.0, 0.0]
    assert at(shape, *tip) == pytest.approx(0.0, abs=1e-3)
    assert np.all(tip <= shape.bounds_mm[1] + 1e-4) and np.all(tip >= shape.bounds_mm[0] - 1e-4)


def test_a_capsule_is_as_thick_as_its_radius_changes():
    pipe = capsule((0, 0, 0), (0, 0, 10), 2.0, 4.0)
    assert at(pipe, 5, 0, 5) == pytest.approx(2.0, abs=1e-4)
    assert at(pipe, 0, 0, 16) == pytest.approx(2.0, abs=1e-4)


def test_a_tube_passes_through_its_points():
    pipe = tube([(0, 0, 0), (10, 5, 0), (20, 0, 5)], [3, 2, 1])
    assert at(pipe, 10, 5, 0) == pytest.approx(-2.0, abs=1e-3)
    assert at(pipe, 20, 0, 5) == pytest.approx(-1.0, abs=1e-3)


def test_smooth_minimum_is_the_minimum_where_the_surfaces_are_far_apart():
    assert smooth_minimum(np.float64(1.0), np.float64(9.0), 8.0) == 1.0
    assert smooth_minimum(np.float64(2.0), np.float64(2.0), 8.0) == 0.0


def test_intersection_and_difference_of_half_spaces_and_balls():
    ball = ellipsoid((0, 0, 0), (10, 10, 10))
    left_half = common(ball, half_space((0, 0, 0), (1, 0, 0)), 0.5)
    right_half = carve(ball, half_space((0, 0, 0), (1, 0, 0)), 0.5)
    assert at(left_half, -5, 0, 0) < 0 < at(left_half, 5, 0, 0)
    assert at(right_half, 5, 0, 0) < 0 < at(right_half, -5, 0, 0)


def test_a_blend_fills_the_crease_that_a_union_leaves():
    first, second = ellipsoid((-8, 0, 0), (10, 10, 10)), ellipsoid((8, 0, 0), (10, 10, 10))
    assert at(blend(first, second, 8.0), 0, 7, 0) < at(union(first, second), 0, 7, 0)


def test_growing_moves_the_surface_outwards():
    assert at(ellipsoid((0, 0, 0), (10, 10, 10)).grown(3.0), 13, 0, 0) == pytest.approx(0.0, abs=1e-4)


def test_upsampling_is_exact_for_a_linear_ramp():
    ramp = np.arange(5.0)[:, None, None] + 10 * np.arange(4.0)[None, :, None] + np.zeros(3)
    fine = upsample(ramp, (9, 7, 5), (0.5, 0.5, 0.5))
    assert np.allclose(fine[:, 0, 0], np.arange(9) / 2)
    assert np.allclose(fine[3, :, 2], 1.5 + 10 * np.arange(7) / 2)


def test_random_fields_have_unit_variance_and_follow_the_seed():
    field = smooth_field((60, 60, 60), (2.0, 2.0, 2.0), 4.0, stream(3, "test"))
    assert field.std() == pytest.approx(1.0, abs=0.2)
    assert abs(field.mean()) < 0.1
    assert np.array_equal(field, smooth_field((60, 60, 60), (2.0, 2.0, 2.0), 4.0, stream(3, "test")))
    assert not np.array_equal(field, smooth_field((60, 60, 60), (2.0, 2.0, 2.0), 4.0, stream(3, "other")))


def test_a_canvas_gives_a_ball_its_volume_on_coarse_and_fine_points():
    canvas = Canvas((-40, -40, -40), (40, 40, 40), 2.0, seed=5)
    ball = ellipsoid((0, 0, 0), (20, 20, 20))
    expected_ml = 4 / 3 * np.pi * 20**3 / 1000 * np.prod(canvas.scale)
    for thin in (False, True):
        occupancy = canvas.region("", "liver", ball, thin=thin).occupancy
        assert occupancy.sum() / 255 * 2.0**3 / 1000 == pytest.approx(expected_ml, rel=0.12)


def test_a_shape_outside_the_canvas_gives_no_region():
    canvas = Canvas((-40, -40, -40), (40, 40, 40), 4.0, seed=5)
    assert canvas.region("", "liver", ellipsoid((0, 0, 200), (20, 20, 20))) is None
