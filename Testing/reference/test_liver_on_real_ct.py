"""The liver model on real CTs against outlines of another program or of a person; no training has seen their images.

The shapes of the two that nobody has outlined have served training.
"""

from __future__ import annotations

import pytest

from hepadose.evaluation.overlap import dice
from hepadose.segmentation.backends import open_segmenter
from hepadose.segmentation.protocol import SegmentationInputs

from real_livers import real_livers

LOWEST_DICE = {"example_ct": 0.92, "example_ct_dicom": 0.93, "liver_ct_3slice": 0.89}
PLAUSIBLE_ML = (900.0, 2600.0)


@pytest.fixture(scope="module")
def cases(shared_data):
    return {case.name: case for case in real_livers(shared_data)}


@pytest.mark.parametrize("name", LOWEST_DICE)
def test_the_liver_is_outlined(cases, name):
    case = cases[name]
    found = open_segmenter("liver").segment(SegmentationInputs(case.ct)).mask
    assert dice(found.array, case.liver.array) >= LOWEST_DICE[name]


def test_of_a_few_slices_it_says_that_the_contour_is_less_reliable(cases):
    found = open_segmenter("liver").segment(SegmentationInputs(cases["liver_ct_3slice"].ct))
    assert any("less reliable" in finding.text for finding in found.findings)


@pytest.mark.parametrize("name", ["CRLM-CT-1004", "CRLM-CT-1006"])
def test_a_liver_that_nobody_has_outlined_has_a_plausible_volume(cases, name):
    found = open_segmenter("liver").segment(SegmentationInputs(cases[name].ct)).mask
    assert PLAUSIBLE_ML[0] < found.volume_ml() < PLAUSIBLE_ML[1]
