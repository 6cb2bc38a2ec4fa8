"""The automatic result is kept, compared and restored: after edits, in shared labelmaps, after saving and loading."""

import numpy as np
import pytest

from hepadose.errors import MissingInputError
from hepadose.images import Image
from hepadose.mrml.automatic import (
    KEPT_REFERENCE,
    fingerprint,
    has_automatic,
    keep_automatic,
    restore_automatic,
    same_fingerprint,
    segment_origin_now,
    state_origin,
)
from hepadose.mrml.flr_input import segment_origin
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.save import save_scene
from hepadose.mrml.segmentation import (
    SegmentMask,
    find_segment,
    masks_to_segmentation_node,
    segment_names,
    segment_to_mask,
    set_segment_mask,
)
from hepadose.provenance import SegmentationOrigin

from flr_example import tilted_direction

ORIGIN = SegmentationOrigin("Density difference", "1", detail="threshold −12 HU | 5: fast")
RED = (1.0, 0.0, 0.0)


@pytest.fixture
def grid():
    return Image(np.zeros((6, 8, 10), np.int16), (0.9, 1.1, 2.5), (-30.0, 12.0, 5.0), tilted_direction(17.0))


@pytest.fixture
def found(grid):
    mask = np.zeros(grid.shape, bool)
    mask[2:5, 2:6, 3:7] = True
    return grid.with_array(mask)


@pytest.fixture
def node(scene, grid, found):
    liver = grid.with_array(np.ones(grid.shape, bool))
    masks = [SegmentMask("Liver", liver, RED), SegmentMask("Reaction", found, RED)]
    return masks_to_segmentation_node(scene, masks, image_to_volume_node(scene, grid, "CT"), "Segmentation")


@pytest.fixture
def reaction(node):
    identifier = find_segment(node, "Reaction")
    keep_automatic(node, identifier, ORIGIN)
    return identifier


def edited(mask, *voxel):
    array = mask.array.copy()
    array[voxel] ^= True
    return mask.with_array(array)


def test_an_untouched_result_is_not_edited_and_keeps_source_version_and_detail(node, reaction):
    assert segment_origin_now(node, reaction) == ORIGIN
    assert segment_origin(node, "Reaction") == ORIGIN


def test_a_single_voxel_makes_it_edited_and_taking_it_back_unmakes_it(node, reaction, found):
    set_segment_mask(node, reaction, edited(found, 3, 3, 3))
    assert segment_origin_now(node, reaction) == ORIGIN.as_edited()
    set_segment_mask(node, reaction, found)
    assert segment_origin_now(node, reaction) == ORIGIN


def test_the_same_shape_at_another_place_is_edited(node, reaction, found):
    set_segment_mask(node, reaction, found.with_array(np.roll(found.array, 1, axis=2)))
    assert segment_origin_now(node, reaction).edited


def test_the_automatic_result_comes_back_exactly_after_edits(node, reaction, found, grid):
    set_segment_mask(node, reaction, found.with_array(np.zeros(grid.shape, bool)))
    assert segment_origin_now(node, reaction).edited
    restore_automatic(node, reaction)
    np.testing.assert_array_equal(segment_to_mask(node, reaction, grid).array, found.array)
    assert not segment_origin_now(node, reaction).edited
    assert segment_to_mask(node, "Liver", grid).array.all()


def test_sharing_a_labelmap_with_another_segment_is_no_edit(node, reaction, found, grid):
    set_segment_mask(node, "Liver", grid.with_array(~found.array))
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    assert segment_origin_now(node, reaction) == ORIGIN
    set_segment_mask(node, reaction, edited(found, 2, 2, 3))
    restore_automatic(node, reaction)
    np.testing.assert_array_equal(segment_to_mask(node, reaction, grid).array, found.array)
    np.testing.assert_array_equal(segment_to_mask(node, "Liver", grid).array, ~found.array)


def test_a_segment_drawn_in_the_scene_counts_as_edited_by_hand(node):
    origin = segment_origin_now(node, "Liver")
    assert origin.edited and origin.detail == '"Liver"'
    assert not has_automatic(node, find_segment(node, "Liver"))
    with pytest.raises(MissingInputError, match="No automatic result is kept"):
        restore_automatic(node, find_segment(node, "Liver"))


def test_a_newer_result_replaces_the_kept_one(node, reaction, found, grid):
    newer, other = edited(found, 0, 0, 0), SegmentationOrigin("Network", "2")
    set_segment_mask(node, reaction, newer)
    keep_automatic(node, reaction, other)
    set_segment_mask(node, reaction, found)
    restore_automatic(node, reaction)
    np.testing.assert_array_equal(segment_to_mask(node, reaction, grid).array, newer.array)
    assert segment_origin_now(node, reaction) == other


def test_results_of_two_segments_lie_in_one_node_that_lists_do_not_show(scene, node, reaction):
    keep_automatic(node, "Liver", SegmentationOrigin("RTSTRUCT"))
    kept = node.GetNodeReference(KEPT_REFERENCE)
    assert kept.GetHideFromEditors() and not kept.GetDisplayVisibility()
    assert kept.GetAttribute("SubjectHierarchy.ExcludeFromPotentialNodesList") == "1"
    assert list(segment_names(kept)) == [reaction, find_segment(node, "Liver")]
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 2


def test_an_origin_without_a_kept_mask_still_notices_edits(node, found):
    state_origin(node, "Reaction", ORIGIN)
    assert segment_origin_now(node, "Reaction") == ORIGIN
    set_segment_mask(node, "Reaction", edited(found, 4, 5, 6))
    assert segment_origin_now(node, "Reaction").edited
    assert not has_automatic(node, find_segment(node, "Reaction"))


def test_an_empty_result_is_kept_and_restored_as_well(node, grid, found):
    empty = grid.with_array(np.zeros(grid.shape, bool))
    set_segment_mask(node, "Reaction", empty)
    keep_automatic(node, "Reaction", ORIGIN)
    set_segment_mask(node, "Reaction", found)
    assert segment_origin_now(node, "Reaction").edited
    restore_automatic(node, find_segment(node, "Reaction"))
    assert not segment_to_mask(node, "Reaction", grid).array.any()
    assert segment_origin_now(node, "Reaction") == ORIGIN


@pytest.mark.parametrize("touched", [False, True])
def test_a_loaded_scene_knows_the_same_and_restores_the_same(node, reaction, found, grid, tmp_path, scene, touched):
    if touched:
        set_segment_mask(node, reaction, edited(found, 3, 3, 3))
    save_scene(scene, tmp_path / "case.mrb")
    opened = new_headless_scene()
    opened.open(tmp_path / "case.mrb")
    loaded = opened.scene.GetFirstNodeByName("Segmentation")
    identifier = find_segment(loaded, "Reaction")
    assert segment_origin_now(loaded, identifier) == (ORIGIN.as_edited() if touched else ORIGIN)
    assert has_automatic(loaded, identifier)
    assert loaded.GetNodeReference(KEPT_REFERENCE).GetHideFromEditors()
    restore_automatic(loaded, identifier)
    np.testing.assert_array_equal(segment_to_mask(loaded, identifier, grid).array, found.array)
    assert segment_origin_now(loaded, identifier) == ORIGIN


def test_fingerprints_tell_shapes_and_places_apart_and_forgive_rounding(found):
    wide = found.cropped((slice(1, 6), slice(1, 8), slice(2, 10)))
    assert fingerprint(wide) == fingerprint(found)
    nudged = Image(found.array, found.spacing_mm, tuple(np.array(found.origin_lps) + 0.01), found.direction)
    moved = Image(found.array, found.spacing_mm, tuple(np.array(found.origin_lps) + 0.5), found.direction)
    assert same_fingerprint(fingerprint(found), fingerprint(nudged))
    assert not same_fingerprint(fingerprint(found), fingerprint(moved))
    assert not same_fingerprint(fingerprint(found), fingerprint(edited(found, 3, 3, 3)))
