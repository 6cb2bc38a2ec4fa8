"""Checkerboard and blend: cubes along the patient's axes, the node reused, other grids refused."""

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, MissingInputError, SettingsError
from hepadose.images import Image
from hepadose.mrml.images import image_to_volume_node, volume_node_to_image
from hepadose.mrml.nodes import new_node
from hepadose.mrml.overlay import checkerboard, second_tiles, set_blend
from hepadose.mrml.views import SLICE_VIEWS

from flr_example import tilted_direction


def constant(scene, grid, value, name, window=(40.0, 350.0)):
    return image_to_volume_node(scene, grid.with_array(np.full(grid.shape, value, np.int16)), name, window=window)


@pytest.fixture
def grid():
    return Image(np.zeros((6, 8, 10)), (0.9, 1.1, 2.5), (-30.0, 12.0, 5.0), tilted_direction(17.0))


def test_tiles_alternate_along_all_three_axes_of_the_patient():
    tiles = second_tiles(Image(np.zeros((4, 4, 4)), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), 2.0)
    expected = np.zeros((4, 4, 4), bool)
    for k in range(4):
        for j in range(4):
            for i in range(4):
                expected[k, j, i] = (k // 2 + j // 2 + i // 2) % 2
    np.testing.assert_array_equal(tiles, expected)


def test_on_an_oblique_anisotropic_grid_the_tiles_follow_the_patient_not_the_voxels(grid):
    tiles = second_tiles(grid, 4.0)
    k, j, i = np.meshgrid(*(np.arange(size) for size in grid.shape), indexing="ij")
    points = grid.ijk_to_points(np.stack([i, j, k], axis=-1))
    np.testing.assert_array_equal(tiles, np.floor(points / 4.0 + 1e-9).astype(int).sum(axis=-1) % 2 == 1)


def test_negative_coordinates_keep_the_tiles_even():
    tiles = second_tiles(Image(np.zeros((1, 1, 8)), (1.0, 1.0, 1.0), (-4.0, 0.0, 0.0)), 2.0)
    assert tiles[0, 0].astype(int).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_the_board_shows_both_volumes_and_is_filled_anew_in_place(scene, grid):
    first, second = constant(scene, grid, 10, "Follow-up CT"), constant(scene, grid, 20, "Planning CT, aligned")
    board = checkerboard(scene, first, second, 4.0, "Checkerboard")
    volumes = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    image = volume_node_to_image(board)
    assert image.same_grid_as(grid)
    np.testing.assert_array_equal(image.array, np.where(second_tiles(grid, 4.0), 20, 10))
    assert checkerboard(scene, first, second, 9.0, "Checkerboard") is board
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == volumes
    np.testing.assert_array_equal(volume_node_to_image(board).array, np.where(second_tiles(grid, 9.0), 20, 10))
    display = board.GetDisplayNode()
    assert (display.GetLevel(), display.GetWindow()) == (40.0, 350.0)


def test_volumes_on_different_grids_or_under_a_transform_are_refused_in_words(scene, grid):
    first = constant(scene, grid, 10, "Follow-up CT")
    shifted = Image(np.zeros(grid.shape), grid.spacing_mm, (-29.0, 12.0, 5.0), grid.direction)
    with pytest.raises(GeometryMismatchError, match="Follow-up CT and Planning CT are on different grids"):
        checkerboard(scene, first, constant(scene, shifted, 20, "Planning CT"), 4.0, "Board")
    moved = constant(scene, grid, 20, "Moved")
    moved.SetAndObserveTransformNodeID(new_node(scene, "vtkMRMLLinearTransformNode", "t").GetID())
    with pytest.raises(GeometryMismatchError, match="harden"):
        checkerboard(scene, first, moved, 4.0, "Board")
    with pytest.raises(SettingsError, match="edge of a tile"):
        checkerboard(scene, first, first, 0.0, "Board")
    with pytest.raises(MissingInputError, match="second volume is missing"):
        checkerboard(scene, first, None, 4.0, "Board")


def test_a_blend_shows_both_volumes_in_every_slice_view(scene, grid):
    first, second = constant(scene, grid, 10, "A"), constant(scene, grid, 20, "B")
    set_blend(scene, first, second, 0.3)
    for view in SLICE_VIEWS:
        composite = scene.GetSingletonNode(view, "vtkMRMLSliceCompositeNode")
        assert composite.GetBackgroundVolumeID() == first.GetID()
        assert composite.GetForegroundVolumeID() == second.GetID()
        assert composite.GetForegroundOpacity() == pytest.approx(0.3)
    set_blend(scene, second, None, 0.0)
    assert composite.GetForegroundVolumeID() is None
    with pytest.raises(SettingsError, match="between 0 and 1"):
        set_blend(scene, first, second, 1.5)
    with pytest.raises(MissingInputError, match="no volume to show"):
        set_blend(scene, None, second, 0.5)
