"""Livers as segments: what is drawn stays, what was found is added beside, and an alignment knows what guided it."""

import numpy as np
import pytest

from hepadose.findings import ok, warning
from hepadose.images import Image
from hepadose.mrml.automatic import segment_origin_now, state_origin
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.livers import (
    GuidingLivers,
    is_made_by_alignment,
    liver_findings,
    put_found_liver,
    take_guided_liver,
    takes_segments,
)
from hepadose.mrml.segmentation import (
    SegmentMask,
    add_segment,
    masks_to_segmentation_node,
    segment_names,
    segment_to_mask,
    set_segment_mask,
)
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.protocol import Segmentation

MODEL = SegmentationOrigin("liver model quick", "1.0.0", detail="weights 12345678")
NOTES = (warning("Liver", "It may be cut off | look."), ok("Liver", "Fine."))


@pytest.fixture
def ct():
    return Image(np.zeros((6, 8, 10), np.float32), (2.0, 2.0, 3.0), (10.0, -20.0, 30.0))


@pytest.fixture
def node(scene, ct):
    """A segmentation with a liver from a structure set."""
    volume = image_to_volume_node(scene, ct, "CT")
    drawn = SegmentMask("Liver", mask_of(ct, 2), (1, 0, 0))
    made = masks_to_segmentation_node(scene, [drawn], volume, "Structures")
    state_origin(made, "Liver", SegmentationOrigin("RTSTRUCT", detail='structure "Liver"'))
    return made


def mask_of(ct, thickness):
    array = np.zeros(ct.shape, bool)
    array[1 : 1 + thickness, 2:6, 3:8] = True
    return ct.with_array(array)


def found(ct, thickness=3, origin=MODEL):
    return Segmentation(mask_of(ct, thickness), origin, NOTES)


def test_a_found_liver_is_a_new_segment_with_its_origin_and_what_was_noticed(node, ct):
    identifier = put_found_liver(node, found(ct))
    assert list(segment_names(node).values()) == ["Liver", "Liver (model quick 1.0.0)"]
    assert segment_origin_now(node, identifier) == MODEL
    assert liver_findings(node, identifier) == NOTES
    np.testing.assert_array_equal(segment_to_mask(node, "Liver", ct).array, mask_of(ct, 2).array)


def test_the_same_model_again_fills_its_own_segment_unless_somebody_edited_it(node, ct):
    first = put_found_liver(node, found(ct))
    assert put_found_liver(node, found(ct, thickness=4)) == first
    set_segment_mask(node, first, mask_of(ct, 1))
    assert liver_findings(node, first) == ()
    second = put_found_liver(node, found(ct))
    assert segment_names(node)[second] == "Liver (model quick 1.0.0) 2"
    np.testing.assert_array_equal(segment_to_mask(node, first, ct).array, mask_of(ct, 1).array)


def test_another_version_of_a_model_is_another_segment(node, ct):
    put_found_liver(node, found(ct))
    put_found_liver(node, found(ct, origin=SegmentationOrigin("liver model quick", "1.1.0")))
    assert list(segment_names(node).values())[1:] == ["Liver (model quick 1.0.0)", "Liver (model quick 1.1.0)"]


def test_a_carried_over_liver_names_the_one_it_comes_from_and_is_replaced_only_as_long_as_nobody_edits_it(node, ct):
    livers = GuidingLivers(planning=MODEL)
    first = take_guided_liver(node, mask_of(ct, 3), livers, carried_over=True)
    assert segment_names(node)[first] == "Liver 2"
    origin = segment_origin_now(node, first)
    assert str(origin) == (
        "liver model quick 1.0.0 (weights 12345678; liver of the planning CT, carried over by registration), not edited"
    )
    assert take_guided_liver(node, mask_of(ct, 4), livers, carried_over=True) == first
    assert is_made_by_alignment(node, first)
    set_segment_mask(node, first, mask_of(ct, 1))
    assert not is_made_by_alignment(node, first)
    second = take_guided_liver(node, mask_of(ct, 3), livers, carried_over=True)
    assert segment_names(node)[second] == "Liver 3"


def test_a_liver_carried_over_from_an_edited_one_stays_edited_and_is_replaced_by_the_next(node, ct):
    livers = GuidingLivers(planning=MODEL.as_edited())
    first = take_guided_liver(node, mask_of(ct, 3), livers, carried_over=True)
    assert segment_origin_now(node, first).edited
    assert take_guided_liver(node, mask_of(ct, 4), livers, carried_over=True) == first


def test_a_liver_that_guided_the_registration_stays_as_it_is(node, ct):
    livers = GuidingLivers(planning=MODEL, follow_up=MODEL, segment_id="Liver")
    assert take_guided_liver(node, mask_of(ct, 5), livers, carried_over=False) == "Liver"
    np.testing.assert_array_equal(segment_to_mask(node, "Liver", ct).array, mask_of(ct, 2).array)


def test_contours_of_a_structure_set_are_not_given_up_for_a_mask(scene, node):
    from slicer import vtkMRMLSegmentationNode

    assert takes_segments(node)
    assert takes_segments(scene.AddNode(vtkMRMLSegmentationNode()))
    node.CreateClosedSurfaceRepresentation()
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    assert not takes_segments(node)


def test_the_id_of_a_segment_is_unique_also_for_equal_masks(node, ct):
    same = add_segment(node, SegmentMask("Liver copy", mask_of(ct, 2), (0, 1, 0)))
    assert segment_origin_now(node, same).edited
    assert not segment_origin_now(node, "Liver").edited
