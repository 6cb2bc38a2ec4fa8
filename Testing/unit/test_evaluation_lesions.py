"""Lesions found, missed and made up, counted by hand."""

import math

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError
from hepadose.evaluation.lesions import Lesion, by_size, detect_lesions


def test_a_lesion_counts_from_a_tenth_of_its_volume_on():
    true, found = np.zeros((2, 5, 10), bool), np.zeros((2, 5, 10), bool)
    true[0, 1] = True
    found[0, 1, 0] = True
    assert [each.is_detected for each in detect_lesions(found, true, 1.0).lesions] == [True]
    true[0, 2, 0] = True
    assert [each.is_detected for each in detect_lesions(found, true, 1.0).lesions] == [False]


def test_regions_that_meet_at_a_corner_are_one_lesion_and_separate_ones_are_two():
    true = np.zeros((4, 4, 4), bool)
    true[0, 0, 0] = true[1, 1, 1] = True
    assert len(detect_lesions(true, true, 1.0).lesions) == 1
    true[3, 3, 3] = True
    assert len(detect_lesions(true, true, 1.0).lesions) == 2


def test_a_find_that_grazes_a_lesion_is_neither_a_detection_nor_a_false_positive():
    true, found = np.zeros((1, 5, 20), bool), np.zeros((1, 5, 20), bool)
    true[0, 1] = True
    found[0, 1:5, 0] = True
    result = detect_lesions(found, true, 1.0)
    assert (result.lesions[0].is_detected, result.false_positives) == (False, 0)


def test_whatever_is_found_in_a_case_without_lesions_is_false():
    found = np.zeros((3, 3, 9), bool)
    found[1, 1, :2] = found[1, 1, 6:] = True
    result = detect_lesions(found, np.zeros_like(found), 0.5)
    assert (result.lesions, result.false_positives, result.false_positive_ml) == ((), 2, 2.5)
    nothing = np.zeros_like(found)
    assert detect_lesions(nothing, nothing, 0.5).false_positives == 0


@pytest.mark.parametrize(("diameter_mm", "place"), [(9.9, 0), (10.1, 1), (19.9, 1), (20.1, 2), (49.9, 3), (200.0, 4)])
def test_lesions_are_sorted_by_the_diameter_of_their_sphere(diameter_mm, place):
    volume_ml = math.pi / 6.0 * diameter_mm**3 / 1000.0
    classes = by_size([Lesion(volume_ml, 1.0)])
    assert [each.lesions for each in classes] == [int(number == place) for number in range(5)]
    assert classes[place].sensitivity == 1.0
    assert math.isnan(classes[place - 1].sensitivity)


def test_masks_of_different_grids_are_refused():
    with pytest.raises(GeometryMismatchError, match="one grid"):
        detect_lesions(np.zeros((2, 2, 2), bool), np.zeros((2, 2, 3), bool), 1.0)
