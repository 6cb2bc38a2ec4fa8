"""Surface distances on masks that can be checked by hand."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from hepadose.errors import GeometryMismatchError
from hepadose.evaluation.surface import boundary_voxels, distances_between, surface_distances

ONE_MM = (1.0, 1.0, 1.0)


def cube(start: int, stop: int, size: int = 20) -> np.ndarray:
    mask = np.zeros((size, size, size), bool)
    mask[start:stop, start:stop, start:stop] = True
    return mask


def random_mask(seed: int) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(12, 14, 16)), 2)
    return noise > np.quantile(noise, 0.7)


def test_the_boundary_of_a_cube_is_its_outer_layer():
    assert boundary_voxels(cube(5, 9)).sum() == 4**3 - 2**3


def test_the_image_border_counts_as_outside():
    assert boundary_voxels(np.ones((4, 4, 4), bool)).sum() == 4**3 - 2**3


def test_holes_have_boundaries_too():
    mask = cube(3, 10)
    mask[6, 6, 6] = False
    assert boundary_voxels(mask).sum() == 7**3 - 5**3 + 6


@pytest.mark.parametrize("seed", range(3))
def test_the_boundary_is_what_an_erosion_removes(seed):
    mask = random_mask(seed)
    assert np.array_equal(boundary_voxels(mask), mask & ~ndimage.binary_erosion(mask))


def test_two_voxels_are_their_distance_apart():
    a, b = np.zeros((9, 9, 9), bool), np.zeros((9, 9, 9), bool)
    a[1, 1, 1] = b[3, 4, 1] = True
    found = surface_distances(a, b, (2.0, 1.0, 1.0))
    assert found.mean_mm == found.hd_mm == found.hd95_mm == pytest.approx(5.0)
    assert (found.points_a, found.points_b) == (1, 1)


def test_a_mask_is_at_no_distance_from_itself():
    found = surface_distances(cube(4, 9), cube(4, 9), ONE_MM)
    assert (found.mean_mm, found.hd_mm, found.hd95_mm) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("a, b", list(permutations([cube(4, 9), np.zeros((20, 20, 20), bool)])))
def test_an_empty_surface_has_no_distance(a, b):
    found = surface_distances(a, b, ONE_MM)
    assert math.isnan(found.mean_mm) and math.isnan(found.hd_mm) and math.isnan(found.hd95_mean_mm)
    assert {found.points_a, found.points_b} == {0, 5**3 - 3**3}


def test_distances_scale_with_the_voxels():
    small, large = (surface_distances(cube(4, 9), cube(5, 12), (s, s, s)) for s in (1.0, 2.5))
    assert large.mean_mm == pytest.approx(2.5 * small.mean_mm)
    assert large.hd95_mm == pytest.approx(2.5 * small.hd95_mm)


def test_exchanging_the_masks_exchanges_the_directions():
    there, back = surface_distances(cube(4, 9), cube(5, 12), ONE_MM), surface_distances(cube(5, 12), cube(4, 9), ONE_MM)
    assert (there.a_to_b_mm, there.b_to_a_mm) == (back.b_to_a_mm, back.a_to_b_mm)
    assert there.mean_mm == pytest.approx(back.mean_mm)


def test_other_shapes_are_refused():
    with pytest.raises(GeometryMismatchError, match="Surfaces of one grid"):
        surface_distances(cube(4, 9), cube(4, 9, size=12), ONE_MM)


def test_a_part_of_a_surface_can_be_compared_alone():
    left, right = np.zeros((5, 5, 9), bool), np.zeros((5, 5, 9), bool)
    left[:, :, 2] = right[:, :, 5] = True
    assert distances_between(left, right, (1.0, 1.0, 0.5)).mean_mm == pytest.approx(1.5)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.tuples(*[st.floats(0.5, 4.0)] * 3))
def test_the_result_equals_that_of_a_distance_transform(seed, spacing_kji_mm):
    a, b = random_mask(seed), random_mask(seed + 1)
    to_b = ndimage.distance_transform_edt(~boundary_voxels(b), sampling=spacing_kji_mm)[boundary_voxels(a)]
    found = surface_distances(a, b, spacing_kji_mm)
    assert found.a_to_b_mm == pytest.approx(to_b.mean())
    assert found.hd_mm >= to_b.max() - 1e-9
