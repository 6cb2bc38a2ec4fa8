"""Livers by a network in the FLRDose panel: by clicking, beside what is drawn, and told in scene and result."""

import json

import numpy as np
import pytest

from hepadose.segmentation.models import FOLDERS_VARIABLE

from flrdose_work import LONG_S, align, finish, load, nodes_in, texts_of
from gui_hand import Hand
from model_example import inference, metadata, write_model

MODEL = "liver model liver-band 0.1.0"


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """A model for the liver and one for tumors, the only ones on this computer."""
    folder = tmp_path / "models"
    write_model(folder / "liver-band", run=inference(least_volume_ml=50))
    write_model(folder / "tumor-band", about=metadata(name="tumor-band", task="tumor"))
    monkeypatch.setattr("hepadose.segmentation.models._places", lambda: [folder])
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


@pytest.fixture
def loaded(slicer_app, panel, hand, case_folder):
    """The panel with a case whose planning CT has a drawn liver."""
    load(slicer_app, panel, hand, case_folder)
    return panel


def names_in(node):
    stored = node.GetSegmentation()
    return [stored.GetNthSegment(place).GetName() for place in range(stored.GetNumberOfSegments())]


def test_one_click_finds_the_liver_on_the_planning_ct_beside_the_drawn_one(slicer_app, loaded, hand):
    parameters = loaded.parameters
    drawn, before = parameters.planningLiver, names_in(parameters.planningStructures)
    voxels = parameters.planningStructures.GetSegmentation().GetSegment(drawn)
    hand.click("planningLiverButton")
    assert loaded.why_busy() == "The search for the liver is not finished."
    finish(slicer_app, loaded)
    print(loaded.ui.liverLabel.text)
    assert names_in(parameters.planningStructures) == [*before, "Liver (model liver-band 0.1.0)"]
    assert parameters.planningLiver != drawn
    assert loaded.ui.planningLiver.currentText == "Liver (model liver-band 0.1.0)"
    assert MODEL in loaded.ui.liverLabel.text


def test_one_click_finds_the_liver_on_the_follow_up_ct(slicer_app, loaded, hand):
    hand.click("followUpLiverButton")
    finish(slicer_app, loaded)
    print(loaded.ui.liverLabel.text)
    assert loaded.ui.liverSegment.currentText == "Liver (model liver-band 0.1.0)"
