"""What the shipped network's outline of the liver does to volumes and activities, on two digital patients."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.segmentation.backends import open_segmenter

from sirt_cohort import BSA, MIRD, PART, PARTITION, WHOLE, carried_over, cohort_settings, measure

PATIENTS = (0, 1)


@pytest.fixture(scope="module")
def rows():
    segmenter = open_segmenter("liver")
    return [measure(number, segmenter) for number in PATIENTS]


def test_the_outline_is_near_the_true_liver(rows):
    for row in rows:
        assert row.dice > 0.93
        assert row.assd_mm < 3.0
        assert row.volume_ratio == pytest.approx(1.0, abs=0.08)


def test_one_compartment_follows_the_volume_and_body_surface_does_not(rows):
    for row in rows:
        ratios = row.ratios[WHOLE]
        # Tumors that the outline leaves out belong to the liver all the same.
        assert ratios[MIRD] == pytest.approx(row.volume_ratio, abs=0.02)
        assert ratios[BSA] == pytest.approx(1.0, abs=0.01)
        assert abs(ratios[BSA] - 1.0) < abs(ratios[MIRD] - 1.0)
        assert (ratios[BSA] - 1.0) * (ratios[MIRD] - 1.0) <= 0.0


def test_activities_for_a_part_of_the_liver_stay_within_a_tenth(rows):
    for row in rows:
        assert set(row.ratios[PART]) == {BSA, MIRD, PARTITION}
        assert all(ratio == pytest.approx(1.0, abs=0.10) for ratio in row.ratios[PART].values())


def test_patients_differ_in_what_is_treated():
    assert len({cohort_settings(number).part for number in range(3)}) == 3


def test_the_surface_between_the_lobes_is_carried_over_to_another_outline():
    liver, territory, found = (np.zeros((3, 4, 12), bool) for _ in range(3))
    liver[:, :, 2:10] = True
    territory[:, :, 2:6] = True
    found[:, :, 0:9] = True
    carried = carried_over(Image(territory), Image(liver), Image(found))
    assert carried.array[:, :, :6].all() and not carried.array[:, :, 6:].any()
