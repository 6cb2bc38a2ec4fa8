"""Models among the segmenters that a panel offers, and in the child process that runs them."""

from __future__ import annotations

import pytest

from hepadose.errors import SettingsError
from hepadose.segmentation.models import FOLDERS_VARIABLE
from hepadose.segmentation.network_segmenter import NetworkSegmenter
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.worker import available_segmenters, start_segment
from hepadose.worker.segmenters import make_segmenter, require_segmenter

from model_example import dice, example_ct, inference, metadata, write_model
from worker_support import finished


@pytest.fixture
def models(tmp_path, monkeypatch):
    write_model(tmp_path / "liver-band")
    run = inference(region={"from": "liver", "margin_mm": 10})
    channels = [*metadata()["channels"], {"name": "before", "image": "planning_ct", "window_hu": [-100, 200]}]
    about = metadata(name="flr-band", task="reaction", description="", channels=channels)
    write_model(tmp_path / "flr-band", about=about, run=run)
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_without_models_the_density_difference_stays_the_only_one_and_the_default(monkeypatch, tmp_path):
    monkeypatch.setattr("hepadose.segmentation.models._places", lambda: [tmp_path / "nowhere"])
    assert [choice.key for choice in available_segmenters()] == ["density_difference"]
    assert available_segmenters("liver") == ()


def test_models_are_offered_by_what_they_draw_with_what_they_need(models):
    assert available_segmenters()[0].key == "density_difference"
    (reaction,) = [choice for choice in available_segmenters() if choice.key == "model:flr-band"]
    assert (reaction.name, reaction.draws) == ("reaction model flr-band", "reaction")
    assert reaction.needs == ("liver", "planning_ct")
    assert reaction.description == "A network that draws the reaction."
    (liver,) = [choice for choice in available_segmenters("liver") if choice.key == "model:liver-band"]
    assert (liver.version, liver.needs) == ("0.1.0", ())


def test_an_offered_model_can_be_made_and_is_named_alike(models):
    for draws in ("reaction", "liver", "tumor"):
        for choice in available_segmenters(draws):
            segmenter = make_segmenter(choice.key)
            assert (segmenter.name, segmenter.version) == (choice.name, choice.version)
    assert isinstance(make_segmenter("model:liver-band"), NetworkSegmenter)


def test_a_model_that_is_not_here_is_refused_at_once(models):
    with pytest.raises(SettingsError, match=r"no model 'magic'.*liver-band"):
        require_segmenter("model:magic")
    with pytest.raises(SettingsError, match=r"density_difference, .*model:liver-band"):
        require_segmenter("magic")


def test_a_model_runs_in_a_child_process(models):
    ct, liver = example_ct()
    job = start_segment("model:liver-band", SegmentationInputs(ct))
    try:
        finished(job)
        found = job.result()
    finally:
        job.close()
    assert dice(found.mask.array, liver.array) > 0.95
    assert str(found.origin).startswith("liver model liver-band 0.1.0 (weights ")
