"""The models that ship: whole, small, described, and judged on enough cases."""

from __future__ import annotations

import json

import pytest

from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.models import available_models

from support import PROJECT

MODELS = PROJECT / "Resources" / "Models"
NAMES = sorted(path.name for path in MODELS.iterdir() if path.is_dir())
LARGEST_BYTES = 6_000_000
FEWEST_CASES = 40


def test_one_outlines_the_liver():
    assert read_bundle(MODELS / "liver").description.task == "liver"


def test_all_are_offered():
    assert set(NAMES) <= {folder.name for folder, _, _ in available_models()}


@pytest.mark.parametrize("name", NAMES)
class TestModel:
    def test_its_files_are_those_that_were_exported(self, name):
        bundle = read_bundle(MODELS / name)
        assert bundle.description.name == name
        assert (MODELS / name / "models" / "model.safetensors").stat().st_size <= LARGEST_BYTES
        assert (MODELS / name / "LICENSE").is_file()

    def test_it_was_judged_on_enough_unseen_cases_and_its_card_tells_the_result(self, name):
        about = json.loads((MODELS / name / "configs" / "metadata.json").read_text())
        judged = about["metrics"][0]
        assert judged["cases"] >= FEWEST_CASES
        assert "never seen in training" in judged["kind"]
        card = (MODELS / name / "docs" / "README.md").read_text()
        (row,) = judged["labels"].values()
        assert f"{row['mean_dice']:.3f}" in card
        assert f"{about['training']['steps']} steps" in card

    def test_it_says_what_it_is_for_and_that_it_is_for_research(self, name):
        card = (MODELS / name / "docs" / "README.md").read_text()
        assert "Intended use" in card
        assert "For research use only" in card
        assert "No patient's image was used" in card or "gray values are synthetic there too" in card
