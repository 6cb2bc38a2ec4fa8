"""The models that ship, as users run them, on patients that no training has seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hepadose.batch.flr import run_flr
from hepadose.dicom.choices import CaseChoices
from hepadose.evaluation.overlap import dice
from hepadose.images import Image
from hepadose.phantom.truth import read_truth
from hepadose.segmentation.backends import open_segmenter
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.training.abdomen import AbdomenSettings, FieldOfView, random_abdomen, render_ct, with_reaction

from e2e_support import truth_job

UNSEEN_SEED = 30_000_001


@pytest.fixture(scope="module")
def abdomen():
    settings = AbdomenSettings(
        spacing_mm=2.5, field_of_view=FieldOfView.UPPER_ABDOMEN, tumor_share=1.0, reaction_share=1.0
    )
    return random_abdomen(UNSEEN_SEED, settings)


@pytest.fixture(scope="module")
def ct(abdomen) -> Image:
    return render_ct(abdomen, UNSEEN_SEED)


def test_the_liver_model_outlines_an_unseen_liver(abdomen, ct):
    found = open_segmenter("liver").segment(SegmentationInputs(ct))
    assert dice(found.mask.array, abdomen.liver.array) > 0.88
    assert found.origin.source == "liver model liver"
    assert found.origin.version
    assert "weights" in found.origin.detail


def test_livers_without_a_contour_are_outlined_and_the_planted_dose_is_still_found(patient, tmp_path):
    job = dataclasses.replace(truth_job(patient), liver_model="liver", choices=CaseChoices(liver="no such structure"))
    result = run_flr(patient / "dicom", tmp_path / "result", job).result
    assert result.liver_origin.source == "liver model liver"
    warned = [finding.text for finding in result.findings if "has no contour of the liver" in finding.text]
    assert [where for where in ("planning CT", "follow-up CT") if any(where in text for text in warned)] == [
        "planning CT",
        "follow-up CT",
    ]
    assert result.best.refined_gy == pytest.approx(read_truth(patient).planted_physical_gy, abs=1.0)


def test_the_reaction_model_finds_the_planted_dose(patient, tmp_path):
    job = dataclasses.replace(truth_job(patient), reaction_file=None, reaction_model="flr")
    result = run_flr(patient / "dicom", tmp_path / "result", job).result
    assert result.reaction_origin.source == "reaction model flr"
    assert "edge at the change" in result.reaction_origin.detail
    assert result.best.refined_gy == pytest.approx(read_truth(patient).planted_physical_gy, abs=1.5)


def test_the_reaction_model_draws_an_unseen_reaction(abdomen, ct):
    planning_ct = render_ct(with_reaction(abdomen, None), UNSEEN_SEED + 1)
    found = open_segmenter("flr").segment(SegmentationInputs(ct, abdomen.liver, planning_ct))
    assert not np.any(found.mask.array & ~abdomen.liver.array)
    assert dice(found.mask.array, abdomen.reaction_mask.array) > 0.85
    assert any("edge is drawn" in finding.text for finding in found.findings)
