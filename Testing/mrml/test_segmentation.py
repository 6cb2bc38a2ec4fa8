"""Segments: overlapping, oblique, empty; read back voxel by voxel."""

import numpy as np
import pytest

from hepadose.errors import AmbiguousInputError, GeometryMismatchError, MissingInputError
from hepadose.images import Image
from hepadose.mrml.dose import isodose_segments
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.nodes import new_node
from hepadose.mrml.segmentation import (
    ORIGIN_TAG,
    SegmentMask,
    find_segment,
    masks_to_segmentation_node,
    segment_names,
    segment_to_mask,
)

from flr_example import tilted_direction

RED = (1.0, 0.0, 0.0)


@pytest.fixture
def grid():
    return Image(np.zeros((6, 8, 10), np.int16), (0.9, 1.1, 2.5), (-30.0, 12.0, 5.0), tilted_direction(17.0))


def box_on(grid, *ranges):
    mask = np.zeros(grid.shape, bool)
    mask[tuple(slice(*bounds) for bounds in ranges)] = True
    return grid.with_array(mask)


@pytest.fixture
def segmentation(scene, grid):
    reference = image_to_volume_node(scene, grid, "CT")
    masks = [
        SegmentMask("Liver", box_on(grid, (0, 6), (1, 7), (1, 9)), RED, origin="RTSTRUCT, not edited"),
        SegmentMask("Reaction", box_on(grid, (2, 5), (2, 5), (3, 6)), RED),
        SegmentMask("Nothing", box_on(grid, (0, 0)), RED),
    ]
    return masks_to_segmentation_node(scene, masks, reference, "Segmentation")


def test_overlapping_segments_come_back_voxel_by_voxel(segmentation, grid):
    liver = segment_to_mask(segmentation, "Liver", grid)
    reaction = segment_to_mask(segmentation, "reaction", grid)
    np.testing.assert_array_equal(liver.array, box_on(grid, (0, 6), (1, 7), (1, 9)).array)
    np.testing.assert_array_equal(reaction.array, box_on(grid, (2, 5), (2, 5), (3, 6)).array)
    assert liver.same_grid_as(grid)


def test_an_empty_segment_stays_empty(segmentation, grid):
    assert not segment_to_mask(segmentation, "Nothing", grid).array.any()


def test_names_order_and_origin_are_kept(segmentation):
    assert list(segment_names(segmentation).values()) == ["Liver", "Reaction", "Nothing"]
    from vtkmodules.vtkCommonCore import reference

    text = reference("")
    assert segmentation.GetSegmentation().GetSegment(find_segment(segmentation, "Liver")).GetTag(ORIGIN_TAG, text)
    assert str(text) == "RTSTRUCT, not edited"


def test_outlines_and_fillings_are_shown_as_asked_for(scene, grid):
    reference = image_to_volume_node(scene, grid, "CT")
    mask = box_on(grid, (0, 2), (0, 2), (0, 2))
    quiet = SegmentMask("Quiet", mask, RED, outline_only=True, outline_opacity=0.45, visible=False)
    node = masks_to_segmentation_node(scene, [quiet, SegmentMask("Loud", mask, RED)], reference, "x")
    display, first, second = node.GetDisplayNode(), find_segment(node, "Quiet"), find_segment(node, "Loud")
    assert [display.GetSegmentVisibility2DFill(segment) for segment in (first, second)] == [False, True]
    assert [display.GetSegmentOpacity2DOutline(segment) for segment in (first, second)] == [0.45, 1.0]
    assert [display.GetSegmentVisibility(segment) for segment in (first, second)] == [False, True]


def test_a_segment_is_read_on_a_finer_grid_at_the_same_place(segmentation, grid):
    spacing = tuple(value / 2 for value in grid.spacing_mm)
    shift = grid.direction @ (np.array(grid.spacing_mm) * -0.25)
    fine = Image(np.zeros((12, 16, 20)), spacing, tuple(np.array(grid.origin_lps) + shift), grid.direction)
    mask = segment_to_mask(segmentation, "Reaction", fine)
    expected = np.repeat(np.repeat(np.repeat(box_on(grid, (2, 5), (2, 5), (3, 6)).array, 2, 0), 2, 1), 2, 2)
    np.testing.assert_array_equal(mask.array, expected)


def test_shared_labelmap_layers_are_told_apart(scene, grid):
    reference = image_to_volume_node(scene, grid, "CT")
    halves = [
        SegmentMask("Left", box_on(grid, (0, 6), (0, 8), (5, 10)), RED),
        SegmentMask("Right", box_on(grid, (0, 6), (0, 8), (0, 5)), RED),
    ]
    node = masks_to_segmentation_node(scene, halves, reference, "Halves")
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    for half in halves:
        np.testing.assert_array_equal(segment_to_mask(node, half.name, grid).array, half.mask.array)


def test_a_closed_surface_is_turned_into_voxels(scene, segmentation, grid):
    segmentation.CreateClosedSurfaceRepresentation()
    segmentation.GetSegmentation().SetSourceRepresentationName("Closed surface")
    segmentation.RemoveBinaryLabelmapRepresentation()
    mask = segment_to_mask(segmentation, "Liver", grid)
    assert mask.volume_ml() == pytest.approx(box_on(grid, (0, 6), (1, 7), (1, 9)).volume_ml(), rel=0.2)


def test_an_unknown_segment_is_refused_with_what_there_is(segmentation, grid):
    with pytest.raises(MissingInputError, match='no segment "Spleen"; it has Liver, Reaction, Nothing'):
        segment_to_mask(segmentation, "Spleen", grid)
    with pytest.raises(MissingInputError, match="No segmentation was given"):
        segment_to_mask(None, "Liver", grid)


def test_two_segments_of_one_name_are_ambiguous(scene, grid):
    mask = box_on(grid, (0, 2), (0, 2), (0, 2))
    reference = image_to_volume_node(scene, grid, "CT")
    twice = [SegmentMask("GTV", mask, RED), SegmentMask("gtv", mask, RED)]
    node = masks_to_segmentation_node(scene, twice, reference, "Twice")
    with pytest.raises(AmbiguousInputError, match='2 segments are called "GTV"'):
        find_segment(node, "GTV")


def test_a_segmentation_under_a_transform_is_refused(scene, segmentation, grid):
    segmentation.SetAndObserveTransformNodeID(new_node(scene, "vtkMRMLLinearTransformNode", "t").GetID())
    with pytest.raises(GeometryMismatchError, match="harden"):
        segment_to_mask(segmentation, "Liver", grid)


def test_masks_on_different_grids_are_refused(scene, grid):
    other = Image(np.zeros((2, 2, 2), bool))
    reference = image_to_volume_node(scene, grid, "CT")
    masks = [SegmentMask("A", box_on(grid, (0, 1)), RED), SegmentMask("B", other, RED)]
    with pytest.raises(GeometryMismatchError, match="A and B"):
        masks_to_segmentation_node(scene, masks, reference, "x")


def test_isodose_segments_are_inclusive_named_with_volume_and_cut_to_a_mask():
    dose = Image(np.array([[[10.0, 20.0, 31.4, np.nan]]]), (10.0, 10.0, 100.0))
    half = dose.with_array(np.array([[[True, False, True, True]]]))
    low, high, none = isodose_segments(dose, [20.0, 31.4, 50.0])
    assert [segment.name for segment in (low, high, none)] == [
        "20.0 Gy isodose (20 ml)",
        "31.4 Gy isodose (10 ml)",
        "50.0 Gy isodose (0 ml)",
    ]
    assert low.mask.array.tolist() == [[[False, True, True, False]]]
    (cut,) = isodose_segments(dose, [20.0], quantity="EQD2", within=half)
    assert cut.name == "20.0 Gy EQD2 isodose (10 ml)"
