"""Volume overlap of two masks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepadose.errors import GeometryMismatchError
from hepadose.evaluation.overlap import dice, iou, volume_ratio


def cells(text: str) -> np.ndarray:
    return np.array([character == "#" for character in text])


EMPTY = cells("......")


def test_two_of_four_cells_in_common_give_known_values():
    a, b = cells("####.."), cells("..##..")
    assert dice(a, b) == pytest.approx(2 * 2 / 6)
    assert iou(a, b) == pytest.approx(0.5)
    assert volume_ratio(a, b) == pytest.approx(2.0)


def test_both_masks_empty_is_undefined():
    assert math.isnan(dice(EMPTY, EMPTY))
    assert math.isnan(iou(EMPTY, EMPTY))
    assert math.isnan(volume_ratio(EMPTY, EMPTY))


def test_one_empty_mask_is_total_disagreement():
    assert dice(cells("##...."), EMPTY) == 0.0
    assert iou(EMPTY, cells("##....")) == 0.0
    assert volume_ratio(EMPTY, cells("##....")) == 0.0


def test_no_ratio_exists_to_an_empty_reference():
    assert math.isnan(volume_ratio(cells("##...."), EMPTY))


def test_masks_stored_as_255_count_like_booleans():
    a, b = cells("####..").astype(np.uint8) * 255, cells("..##..").astype(np.uint8)
    assert iou(a, b) == pytest.approx(0.5)


def test_other_shapes_are_refused():
    with pytest.raises(GeometryMismatchError, match=r"shapes \(6,\) and \(5,\)"):
        dice(EMPTY, cells("....."))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_dice_and_iou_are_symmetric_and_tied_together(pairs):
    a, b = (np.array(column) for column in zip(*pairs, strict=True))
    if not (a.any() or b.any()):
        return
    assert dice(a, b) == dice(b, a)
    assert iou(a, b) == pytest.approx(dice(a, b) / (2 - dice(a, b)))
