"""Images know their place in the patient, whatever their orientation."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from hepadose.errors import GeometryMismatchError
from hepadose.images import Image, bounding_box, require_same_grid, resample

OBLIQUE = Rotation.from_euler("xyz", [10, -20, 30], degrees=True).as_matrix()


def an_oblique_image() -> Image:
    array = np.random.default_rng(0).normal(0, 50, (5, 6, 7)).astype(np.float32)
    return Image(array, (0.9, 1.1, 2.5), (-100.0, 20.0, 300.0), OBLIQUE)


def test_indices_and_points_are_inverse_of_each_other():
    image = an_oblique_image()
    ijk = np.array([[0, 0, 0], [6, 5, 4], [1.5, 2.5, 3.5]])
    np.testing.assert_allclose(image.lps_to_ijk(image.ijk_to_points(ijk)), ijk, atol=1e-12)
    homogeneous = np.concatenate([ijk, np.ones((3, 1))], axis=1) @ image.ijk_to_lps.T
    np.testing.assert_allclose(homogeneous[:, :3], image.ijk_to_points(ijk), atol=1e-12)


def test_points_agree_with_simpleitk():
    image = an_oblique_image()
    point = image.to_sitk().TransformContinuousIndexToPhysicalPoint((1.5, 2.0, 3.25))
    np.testing.assert_allclose(image.ijk_to_points([1.5, 2.0, 3.25]), point, atol=1e-9)


def test_the_way_through_simpleitk_changes_nothing():
    image = an_oblique_image()
    back = Image.from_sitk(image.to_sitk())
    assert back.same_grid_as(image)
    np.testing.assert_array_equal(back.array, image.array)


def test_masks_have_a_volume_in_ml():
    mask = an_oblique_image().with_array(np.ones((5, 6, 7), bool))
    assert mask.volume_ml() == pytest.approx(5 * 6 * 7 * 0.9 * 1.1 * 2.5 / 1000)
    assert mask.with_array(np.zeros((5, 6, 7), bool)).volume_ml() == 0.0


def test_a_crop_stays_in_place():
    image = an_oblique_image()
    part = image.cropped((slice(1, 4), slice(2, 6), slice(3, 5)))
    np.testing.assert_allclose(part.ijk_to_points([0, 0, 0]), image.ijk_to_points([3, 2, 1]))
    assert part.array[0, 0, 0] == image.array[1, 2, 3]


def test_grids_that_differ_are_named_with_both_geometries():
    image = an_oblique_image()
    moved = Image(image.array, image.spacing_mm, (-99.0, 20.0, 300.0), image.direction)
    assert not image.same_grid_as(moved)
    with pytest.raises(GeometryMismatchError, match=r"liver and dose are on different grids: .*0\.9 × 1\.1 × 2\.5 mm"):
        require_same_grid(liver=image, dose=moved)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"array": np.zeros((3, 3))}, "needs 3 dimensions"),
        ({"array": np.zeros((3, 3, 3)), "spacing_mm": (1, 0, 1)}, "spacing must be positive"),
        ({"array": np.zeros((3, 3, 3)), "direction": np.array([[1, 0.2, 0], [0, 1, 0], [0, 0, 1]])}, "orthogonal"),
    ],
)
def test_impossible_geometry_is_refused(arguments, message):
    with pytest.raises(GeometryMismatchError, match=message):
        Image(**arguments)


def test_another_shape_does_not_fit_the_grid():
    with pytest.raises(GeometryMismatchError, match="new array"):
        an_oblique_image().with_array(np.zeros((1, 2, 3)))


def test_a_linear_ramp_is_resampled_exactly_through_a_transform():
    grid = Image(np.zeros((12, 14, 16)), (2.0, 2.0, 3.0), (-10, -20, -30))
    k, j, i = np.indices(grid.shape)
    points = grid.ijk_to_points(np.stack([i, j, k], axis=-1))
    ramp = grid.with_array(points @ np.array([0.5, -0.25, 0.125]))
    target = Image(np.zeros((4, 5, 6)), (1.0, 1.5, 2.0), (-2, -8, -15), OBLIQUE)
    shift = sitk.TranslationTransform(3, (1.0, 2.0, 3.0))
    k, j, i = np.indices(target.shape)
    moved = target.ijk_to_points(np.stack([i, j, k], axis=-1)) + np.array([1.0, 2.0, 3.0])
    expected = moved @ np.array([0.5, -0.25, 0.125])
    np.testing.assert_allclose(resample(ramp, target, shift).array, expected, atol=1e-4)


def test_outside_the_source_the_given_value_is_used_and_masks_stay_masks():
    source = Image(np.ones((2, 2, 2), bool))
    target = Image(np.zeros((2, 2, 5)))
    sampled = resample(source, target)
    assert sampled.array.dtype == bool
    assert sampled.array.sum() == 8
    dose = resample(source.with_array(np.ones((2, 2, 2), np.float32)), target, outside=np.nan)
    assert np.isnan(dose.array[..., 2:]).all()
    assert np.isfinite(dose.array[..., :2]).all()


def test_an_empty_mask_has_no_box():
    assert bounding_box(np.zeros((2, 3, 4), bool)) is None
