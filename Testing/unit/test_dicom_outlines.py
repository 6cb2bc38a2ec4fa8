"""Outlines of masks and filling of polygons: hand-checkable areas, and exact round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hepadose.dicom.outlines import contains, join_holes, signed_area, trace_outlines
from hepadose.dicom.scanline import fill_even_odd

SMALL_MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def a_ring(size=12):
    mask = np.zeros((size, size), bool)
    mask[1:-1, 1:-1] = True
    mask[4:7, 5:9] = False
    return mask


@given(SMALL_MASKS)
@settings(max_examples=300, deadline=None)
def test_filling_the_outlines_gives_any_mask_back_exactly(mask):
    assert np.array_equal(fill_even_odd(trace_outlines(mask), mask.shape), mask)


@given(SMALL_MASKS)
@settings(max_examples=300, deadline=None)
def test_filling_the_keyhole_polygons_gives_any_mask_back_exactly(mask):
    assert np.array_equal(fill_even_odd(join_holes(trace_outlines(mask)), mask.shape), mask)


@given(hnp.arrays(np.float64, (7, 6), elements=st.floats(0, 1)))
@settings(max_examples=200, deadline=None)
def test_the_outlines_of_a_soft_mask_enclose_the_pixels_of_one_half_and_more(soft):
    outlines = join_holes(trace_outlines(soft))
    rounded = [np.round(outline, 3) for outline in outlines]
    assert np.array_equal(fill_even_odd(rounded, soft.shape), soft >= 0.5)


@given(SMALL_MASKS)
@settings(max_examples=100, deadline=None)
def test_there_is_one_keyhole_polygon_per_connected_part(mask):
    from scipy import ndimage

    assert len(join_holes(trace_outlines(mask))) == ndimage.label(mask)[1]


def test_a_ring_has_an_outer_outline_and_a_hole_that_turns_the_other_way():
    areas = sorted(signed_area(outline) for outline in trace_outlines(a_ring()))
    # 10 × 10 pixels less four cut corners of 1/8 pixel; the hole is larger by half a pixel all around, less corners.
    assert areas == [pytest.approx(-(3 * 4 - 4 / 8)), pytest.approx(100 - 4 / 8)]


def test_a_keyhole_polygon_has_the_area_of_the_ring():
    (polygon,) = join_holes(trace_outlines(a_ring()))
    assert signed_area(polygon) == pytest.approx(99.5 - 11.5)


def test_one_pixel_becomes_a_diamond_around_its_center():
    mask = np.zeros((3, 3), bool)
    mask[1, 2] = True
    (outline,) = trace_outlines(mask)
    assert sorted(map(tuple, outline.tolist())) == [(1.5, 1.0), (2.0, 0.5), (2.0, 1.5), (2.5, 1.0)]


def test_a_soft_edge_puts_the_outline_between_the_pixels_where_it_crosses_one_half():
    soft = np.zeros((5, 5))
    soft[1:4, 1:4] = 1.0
    soft[1:4, 4] = 0.25  # 0.5 is crossed 2/3 of the way from column 3 to 4
    (outline,) = trace_outlines(soft)
    assert outline[:, 0].max() == pytest.approx(3 + 2 / 3)


def test_an_empty_mask_has_no_outline():
    assert trace_outlines(np.zeros((4, 4), bool)) == []
    assert join_holes([]) == []


def test_straight_edges_have_no_points_in_between():
    (outline,) = trace_outlines(np.ones((50, 80), bool))
    assert len(outline) == 8


def test_a_point_is_inside_a_ring_but_not_inside_its_hole():
    (polygon,) = join_holes(trace_outlines(a_ring()))
    assert contains(polygon, np.array([2.0, 2.2]))
    assert not contains(polygon, np.array([6.4, 5.2]))
    assert not contains(polygon, np.array([20.0, 5.2]))


def test_a_pixel_center_on_the_path_is_inside():
    square = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]])
    filled = fill_even_odd([square], (6, 6))
    assert filled.sum() == 4 * 3
    assert filled[1:4, 1:5].all()


def test_a_pixel_center_on_a_slanted_edge_is_inside():
    triangle = np.array([[0.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    assert np.array_equal(fill_even_odd([triangle], (5, 5)), np.tri(5, dtype=bool))


def test_centers_on_the_path_are_found_in_spite_of_rounding_errors():
    square = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]]) + 3e-9
    assert fill_even_odd([square], (6, 6)).sum() == 12


def test_parts_beyond_the_image_are_cut_off():
    square = np.array([[-5.5, -5.5], [2.5, -5.5], [2.5, 50.5], [-5.5, 50.5]])
    filled = fill_even_odd([square], (4, 6))
    assert np.array_equal(filled, np.broadcast_to(np.arange(6) < 3, (4, 6)))


def test_a_polygon_beside_the_image_fills_nothing():
    square = np.array([[10.5, 0.5], [12.5, 0.5], [12.5, 2.5], [10.5, 2.5]])
    assert not fill_even_odd([square, square - [30, 0]], (4, 4)).any()


def test_overlapping_polygons_exclude_each_other_in_any_order():
    one = np.array([[0.5, 0.5], [3.5, 0.5], [3.5, 3.5], [0.5, 3.5]])
    two = one + 1
    filled = fill_even_odd([one, two], (6, 6))
    assert filled.sum() == 9 + 9 - 2 * 4
    assert np.array_equal(filled, fill_even_odd([two, one[::-1]], (6, 6)))


def test_no_polygon_fills_nothing():
    assert not fill_even_odd([], (3, 3)).any()


def test_random_polygons_agree_with_matplotlib_style_crossing_numbers():
    """The same points tested one by one with the crossing-number rule of :func:`contains`."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        polygon = rng.uniform(-1, 13, (7, 2))
        filled = fill_even_odd([polygon], (12, 12))
        expected = [[contains(polygon, np.array([i, j], float)) for i in range(12)] for j in range(12)]
        assert np.array_equal(filled, np.array(expected))
