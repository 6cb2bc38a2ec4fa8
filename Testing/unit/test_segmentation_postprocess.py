"""Post-processing of masks: the published method's vector, and what can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from hepadose.segmentation.morphology import Element, dilate, erode, fill_holes, largest_component, remove_small
from hepadose.segmentation.postprocess import Operation, OperationKind, Restore, erode_largest_restore, postprocess

UNIT = (1.0, 1.0, 1.0)


def two_cubes():
    """A 20³ and a 14³ cube joined by a 2×2×6 bridge: 10768 voxels, one component."""
    mask = np.zeros((30, 30, 50), bool)
    mask[5:25, 5:25, 3:23] = True
    mask[8:22, 8:22, 29:43] = True
    mask[14:16, 14:16, 23:29] = True
    return mask


def cube_with_fin():
    mask = np.zeros((30, 30, 40), bool)
    mask[5:25, 5:25, 5:25] = True
    mask[15, 5:25, 25:31] = True
    return mask


def test_the_two_cubes_are_those_of_the_vector():
    assert two_cubes().sum() == 10768
    assert ndimage.label(two_cubes(), np.ones((3, 3, 3)))[1] == 1


@pytest.mark.parametrize(
    ("element", "core", "opening", "nearest"),
    [(Element.BALL, 5836, 7780, 8004), (Element.BOX, 5832, 8000, 8000)],
    ids=["cross of 6 neighbors", "3×3×3 box"],
)
def test_the_bridge_is_cut_and_the_large_cube_restored(element, core, opening, nearest):
    eroded = erode(two_cubes(), 1.0, UNIT, element)
    assert ndimage.label(eroded, np.ones((3, 3, 3)))[1] == 2
    assert largest_component(eroded).sum() == core
    for restore, expected in ((Restore.OPENING, opening), (Restore.NEAREST_SEED, nearest)):
        found, findings = erode_largest_restore(two_cubes(), 1.0, UNIT, restore=restore, element=element)
        assert (found.sum(), findings) == (expected, [])


@pytest.mark.parametrize(("element", "kept"), [(Element.BALL, 7796), (Element.BOX, 8000)])
def test_the_opening_takes_a_fin_away(element, kept):
    assert cube_with_fin().sum() == 8120
    found, _ = erode_largest_restore(cube_with_fin(), 1.0, UNIT, restore=Restore.OPENING, element=element)
    assert found.sum() == kept


def test_the_same_bodies_at_other_spacing_give_the_same_voxels():
    spacing = (1.4, 1.4, 1.4)
    found, _ = erode_largest_restore(two_cubes(), 1.4, spacing)
    assert found.sum() == 8004


def test_an_element_in_millimeters_reaches_fewer_thick_slices():
    mask = np.zeros((9, 21, 21), bool)
    mask[2:7, 3:18, 3:18] = True
    eroded = erode(mask, 2.0, (5.0, 1.0, 1.0), Element.BOX)
    assert eroded.sum() == 5 * 11 * 11


def test_what_erosion_swallows_whole_is_kept_with_a_warning():
    mask = np.zeros((9, 9, 20), bool)
    mask[4, 4, 2:10] = True
    mask[4, 4, 12:15] = True
    found, findings = erode_largest_restore(mask, 1.0, UNIT)
    assert found.sum() == 8
    assert "thinner than 2 mm everywhere" in findings[0].text


def test_the_border_of_the_array_is_an_edge():
    full = np.ones((5, 5, 5), bool)
    for element in Element:
        assert erode(full, 1.0, UNIT, element).sum() == 27


def test_equal_parts_are_told_apart_by_probability_then_order():
    mask = np.zeros((1, 1, 7), bool)
    mask[0, 0, [0, 1, 5, 6]] = True
    probability = np.where(np.arange(7) > 3, 0.9, 0.6)[None, None]
    assert largest_component(mask, probability)[0, 0].tolist() == [False] * 5 + [True] * 2
    assert largest_component(mask)[0, 0].tolist() == [True] * 2 + [False] * 5


def test_only_holes_up_to_a_size_are_filled():
    mask = np.ones((9, 9, 20), bool)
    mask[4, 4, 4] = False
    mask[3:6, 3:6, 10:14] = False
    assert (~fill_holes(mask, 5)).sum() == 36
    assert fill_holes(mask).all()


def test_parts_below_a_volume_go():
    mask = np.zeros((5, 5, 10), bool)
    mask[1, 1, 1:5] = True
    mask[1, 1, 7] = True
    assert remove_small(mask, 2).sum() == 4
    assert not remove_small(mask, 5).any()


def test_operations_run_in_their_order_in_milliliters():
    mask = np.zeros((12, 12, 12), bool)
    mask[1:6, 1:6, 1:6] = True
    mask[3, 3, 3] = False
    mask[9, 9, 9] = True
    operations = (Operation(OperationKind.REMOVE_SMALL, 0.5), Operation(OperationKind.FILL_HOLES, 1.0))
    found, _ = postprocess(mask, operations, (5.0, 5.0, 5.0))
    assert found.sum() == 125


def test_what_lies_outside_the_liver_goes_beyond_a_margin():
    mask, liver = np.ones((1, 1, 10), bool), np.zeros((1, 1, 10), bool)
    liver[..., :3] = True
    operation = Operation(OperationKind.INSIDE_LIVER, 2.0)
    assert postprocess(mask, (operation,), UNIT, liver=liver)[0].sum() == 5
    assert postprocess(mask, (operation,), UNIT)[0].sum() == 10


@pytest.mark.parametrize("kind", list(OperationKind))
def test_an_empty_mask_stays_empty(kind):
    empty = np.zeros((4, 4, 4), bool)
    found, findings = postprocess(empty, (Operation(kind, 1.0),), UNIT)
    assert not found.any()
    assert findings == ()
    assert not erode_largest_restore(empty, 1.0, UNIT)[0].any()
    assert not dilate(empty, 1.0, UNIT, Element.BALL).any()
