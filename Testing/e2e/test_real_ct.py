"""The whole path on a real CT with a planted dose and reaction."""

from __future__ import annotations

import pytest

from hepadose.batch.flr import run_flr
from hepadose.batch.job import FlrJob

from real_ct import PLANTED_GY, make_real_case


@pytest.fixture(scope="module")
def case(shared_data, tmp_path_factory):
    return make_real_case(shared_data / "totalsegmentator_ct", tmp_path_factory.mktemp("real"))


def test_true_mask_and_transform_recover_the_dose_within_one_gray(case, tmp_path):
    job = FlrJob(reaction_file=case.reaction_file, transform_file=case.transform_file, transform_error_mm=0.5)
    best = run_flr(case.dicom, tmp_path / "result", job).result.best
    assert best.refined_gy == pytest.approx(PLANTED_GY, abs=1.0)
    assert best.interval_gy[0] <= PLANTED_GY <= best.interval_gy[1]


def test_registration_and_segmenter_come_near_the_dose(case, tmp_path):
    outcome = run_flr(case.dicom, tmp_path / "result")
    best = outcome.result.best
    assert best.refined_gy == pytest.approx(PLANTED_GY, abs=3.0)
    assert best.interval_gy[0] <= PLANTED_GY <= best.interval_gy[1]
    assert outcome.result.registration.liver_dice > 0.95
