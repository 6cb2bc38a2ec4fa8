"""Volume nodes: LPS becomes RAS once, and nothing is lost on the way there and back."""

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, MissingDependencyError, MissingInputError
from hepadose.images import Image
from hepadose.mrml.images import image_to_volume_node, swap_lps_ras, volume_node_to_image
from hepadose.mrml.nodes import new_node

from flr_example import tilted_direction


@pytest.fixture
def an_oblique_image():
    values = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4) - 10
    return Image(values, (0.9, 1.1, 2.5), (-100.25, 37.5, -812.125), tilted_direction(23.0))


def test_a_voxel_lies_in_ras_where_lps_says_with_two_signs_changed(scene, an_oblique_image):
    node = image_to_volume_node(scene, an_oblique_image, "CT")
    center_lps = an_oblique_image.ijk_to_points(np.array([3.0, 2.0, 1.0]))
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    ijk_to_ras = vtkMatrix4x4()
    node.GetIJKToRASMatrix(ijk_to_ras)
    center_ras = np.array(ijk_to_ras.MultiplyPoint((3.0, 2.0, 1.0, 1.0)))[:3]
    np.testing.assert_allclose(center_ras, center_lps * [-1, -1, 1], atol=1e-9)
    assert node.GetImageData().GetScalarComponentAsDouble(3, 2, 1, 0) == an_oblique_image.array[1, 2, 3]


def test_an_image_comes_back_as_it_was(scene, an_oblique_image):
    back = volume_node_to_image(image_to_volume_node(scene, an_oblique_image, "CT"))
    np.testing.assert_array_equal(back.array, an_oblique_image.array)
    assert back.array.dtype == np.int16
    np.testing.assert_allclose(back.ijk_to_lps, an_oblique_image.ijk_to_lps, atol=1e-9)


def test_a_left_handed_grid_comes_back_as_it_was(scene):
    image = Image(np.zeros((2, 2, 2)), direction=np.diag([1.0, 1.0, -1.0]))
    back = volume_node_to_image(image_to_volume_node(scene, image, "CT"))
    np.testing.assert_allclose(back.direction, image.direction, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64, ">i2"])
def test_every_usual_voxel_type_keeps_its_values(scene, dtype):
    image = Image((np.arange(8).reshape(2, 2, 2) * 3).astype(dtype))
    np.testing.assert_array_equal(
        volume_node_to_image(image_to_volume_node(scene, image, "x")).array, image.array.astype(float)
    )


def test_a_mask_becomes_a_label_map_and_stays_boolean(scene):
    image = Image(np.array([[[True, False], [False, True]]]))
    node = image_to_volume_node(scene, image, "mask")
    assert node.IsA("vtkMRMLLabelMapVolumeNode")
    back = volume_node_to_image(node)
    assert back.array.dtype == bool
    np.testing.assert_array_equal(back.array, image.array)


def test_the_copy_does_not_share_memory_with_the_node(scene, an_oblique_image):
    node = image_to_volume_node(scene, an_oblique_image, "CT")
    volume_node_to_image(node).array[:] = 0
    np.testing.assert_array_equal(volume_node_to_image(node).array, an_oblique_image.array)


def test_the_display_window_is_center_and_width(scene, an_oblique_image):
    display = image_to_volume_node(scene, an_oblique_image, "CT", window=(40.0, 350.0)).GetDisplayNode()
    assert (display.GetLevel(), display.GetWindow()) == (40.0, 350.0)
    assert not display.GetAutoWindowLevel()


def test_a_node_under_a_transform_is_refused_with_the_remedy(scene, an_oblique_image):
    node = image_to_volume_node(scene, an_oblique_image, "CT")
    node.SetAndObserveTransformNodeID(new_node(scene, "vtkMRMLLinearTransformNode", "t").GetID())
    with pytest.raises(GeometryMismatchError, match=r"follow-up CT lies under a transform; harden"):
        volume_node_to_image(node, "follow-up CT")


@pytest.mark.parametrize("missing", ["no node", "no voxels"])
def test_a_missing_volume_is_said(scene, missing):
    node = None if missing == "no node" else new_node(scene, "vtkMRMLScalarVolumeNode", "empty")
    with pytest.raises(MissingInputError, match="dose is missing or has no voxels"):
        volume_node_to_image(node, "dose")


def test_a_node_class_the_scene_does_not_know_is_named(scene):
    with pytest.raises(MissingDependencyError, match="vtkMRMLNoSuchNode"):
        new_node(scene, "vtkMRMLNoSuchNode", "x")


def test_swapping_twice_changes_nothing():
    matrix = np.random.default_rng(0).normal(size=(4, 4))
    np.testing.assert_array_equal(swap_lps_ras(swap_lps_ras(matrix)), matrix)
