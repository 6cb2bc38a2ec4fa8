"""Livers by a network in the FLRDose panel: by clicking, beside what is drawn, and told in scene and result."""

import json
import shutil

import numpy as np
import pydicom
import pytest

from hepadose.segmentation.models import FOLDERS_VARIABLE

from flrdose_work import LONG_S, align, another_result, finish, load, nodes_in, segment_names, texts_of
from model_example import band_weights, inference, metadata, write_model

FOUND = "Liver (model liver-band 0.1.0)"
OPENED = [
    {"operation": "erode_largest_restore", "radius_mm": 12.0, "restore": "opening"},
    {"operation": "fill_holes"},
]
"""Parts muscles and vessels of the same density from the liver."""
MODEL = "liver model liver-band 0.1.0 (weights "


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """A model for the liver and one for tumors, the only ones on this computer."""
    folder = tmp_path / "models"
    write_model(folder / "liver-band", tensors=band_weights(40.0, 150.0), run=inference(postprocessing=OPENED))
    write_model(folder / "tumor-band", about=metadata(name="tumor-band", task="tumor"))
    monkeypatch.setattr("hepadose.segmentation.models._places", lambda: [folder])
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


@pytest.fixture
def case_without_liver(case_folder, tmp_path):
    """The same case, in which nothing is called liver."""
    folder = tmp_path / "case"
    shutil.copytree(case_folder, folder)
    for file in folder.rglob("*.dcm"):
        structures = pydicom.dcmread(file)
        if structures.Modality == "RTSTRUCT":
            for structure in structures.StructureSetROISequence:
                structure.ROIName = structure.ROIName.replace("Liver", "Organ")
            structures.save_as(file)
    return folder


def find_on(slicer_app, panel, hand, button):
    """Let the network look for the liver, to the end."""
    hand.click(button)
    assert panel.why_busy() == "The search for the liver is not finished."
    finish(slicer_app, panel)


def names_in(node):
    stored = node.GetSegmentation()
    return [stored.GetNthSegment(place).GetName() for place in range(stored.GetNumberOfSegments())]


def voxels_of(node, segment_id):
    """Where a segment's voxels are, whatever lies around it."""
    from hepadose.mrml.automatic import fingerprint
    from hepadose.mrml.segmentation import labelmap_mask

    return fingerprint(labelmap_mask(node, segment_id))


def erase_half(node, segment_id, volume):
    """Empty the upper half of a segment, as an edit in any module does."""
    import slicer

    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume)
    used = np.flatnonzero(voxels.any(axis=(1, 2)))
    voxels[used[len(used) // 2] :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, node, segment_id, volume)


def shown_volumes():
    import slicer

    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return {slicer.mrmlScene.GetNodeByID(node.GetBackgroundVolumeID()).GetName() for node in composites}


def test_one_click_finds_the_liver_on_the_planning_ct_beside_the_drawn_one(slicer_app, matched, hand):
    parameters = matched.parameters
    structures, drawn = parameters.planningStructures, parameters.planningLiver
    before, voxels = names_in(structures), voxels_of(structures, drawn)
    find_on(slicer_app, matched, hand, "planningLiverButton")
    assert names_in(structures) == [*before, FOUND]
    assert matched.ui.planningLiver.currentText == FOUND
    assert voxels_of(structures, drawn) == voxels
    first, *_others = matched.ui.liverLabel.text.split("\n")
    assert first.startswith(f"Planning CT: {FOUND}, ")
    assert MODEL in first and first.endswith("), not edited")
    assert "check every slice" in matched.ui.liverLabel.text
    assert shown_volumes() == {"Planning CT"}
    matched.refresh()
    assert any(row[0] == "Segment liver" for row in texts_of(matched.ui.timingTable))


def test_a_planning_ct_without_structures_gets_a_segmentation_of_its_own(slicer_app, matched, hand):
    matched.parameters.planningStructures = None
    find_on(slicer_app, matched, hand, "planningLiverButton")
    assert names_in(matched.parameters.planningStructures) == [FOUND]
    assert matched.ui.planningLiver.currentText == FOUND
    assert matched.ui.registerButton.enabled


def test_one_click_finds_the_liver_on_the_follow_up_ct_and_the_match_is_made_anew(slicer_app, matched, hand):
    parameters, earlier = matched.parameters, matched.match.result
    drawn, voxels = parameters.liverSegment, voxels_of(parameters.segmentation, parameters.liverSegment)
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    assert segment_names(matched) == ["Liver", "Focal liver reaction", FOUND]
    assert matched.ui.liverSegment.currentText == FOUND
    assert matched.ui.segmentEditor.currentSegmentID() == parameters.liverSegment
    assert voxels_of(parameters.segmentation, drawn) == voxels
    slicer_app.wait_until(lambda: matched.match.result not in (None, earlier), LONG_S)
    assert matched.match.result.liver_ml != earlier.liver_ml
    assert str(matched.match.result.liver_origin).startswith(MODEL)
    hand.choose("liverSegment", "Liver")
    slicer_app.wait_until(lambda: matched.match.result and matched.match.result.liver_ml == earlier.liver_ml, LONG_S)
    assert matched.match.result.best == earlier.best


def test_the_alignment_says_that_other_livers_guided_it_until_they_are_chosen_again(slicer_app, matched, hand):
    def outdated():
        texts = [row[2] for row in texts_of(matched.ui.registrationTable)]
        told = [finding.text for finding in matched.match.result.findings]
        assert {text for text in texts if "press Align" in text} == {text for text in told if "press Align" in text}
        return [text for text in texts if "press Align" in text]

    earlier = matched.match.result
    assert outdated() == []
    find_on(slicer_app, matched, hand, "planningLiverButton")
    earlier = another_result(slicer_app, matched, earlier)
    assert outdated() == [
        "The alignment was not guided by the liver of the planning CT as it is now; press Align again."
    ]
    hand.choose("planningLiver", "Liver")
    earlier = another_result(slicer_app, matched, earlier)
    assert outdated() == []
    erase_half(matched.parameters.segmentation, matched.parameters.liverSegment, matched.parameters.followUpVolume)
    another_result(slicer_app, matched, earlier)
    assert "liver of the follow-up CT" in outdated()[0]


def test_an_edit_is_told_and_what_was_edited_is_never_written_over(slicer_app, matched, hand):
    parameters = matched.parameters
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    found = parameters.liverSegment
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    assert segment_names(matched).count(FOUND) == 1
    erase_half(parameters.segmentation, found, parameters.followUpVolume)
    slicer_app.process_events(0.1)
    assert f"{FOUND}, " in matched.ui.liverLabel.text
    assert matched.ui.liverLabel.text.endswith("edited by hand")
    edited = voxels_of(parameters.segmentation, found)
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    assert segment_names(matched) == ["Liver", "Focal liver reaction", FOUND, f"{FOUND} 2"]
    assert voxels_of(parameters.segmentation, found) == edited
    assert matched.ui.liverSegment.currentText == f"{FOUND} 2"


def test_one_undo_takes_the_found_liver_away_and_the_earlier_one_is_chosen_again(slicer_app, matched, hand):
    parameters, earlier = matched.parameters, matched.match.result
    drawn = parameters.liverSegment
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    slicer_app.wait_until(lambda: matched.match.result not in (None, earlier), LONG_S)
    matched.ui.segmentEditor.undo()
    slicer_app.wait_until(lambda: parameters.liverSegment == drawn, 5)
    assert segment_names(matched) == ["Liver", "Focal liver reaction"]
    slicer_app.wait_until(lambda: matched.match.result and matched.match.result.liver_ml == earlier.liver_ml, LONG_S)


@pytest.mark.parametrize("button", ["planningLiverButton", "followUpLiverButton"])
def test_cancel_leaves_everything_as_it_was(slicer_app, matched, hand, button):
    import slicer

    parameters, result = matched.parameters, matched.match.result
    before = nodes_in(slicer.mrmlScene), segment_names(matched), names_in(parameters.planningStructures)
    chosen = parameters.planningLiver, parameters.liverSegment
    hand.click(button)
    slicer_app.process_events(0.3)
    assert not getattr(matched.ui, button).enabled
    hand.click("liverCancel")
    assert not matched.why_busy()
    assert "Cancelled" in matched.ui.liverLabel.text
    slicer_app.process_events(0.5)
    assert (nodes_in(slicer.mrmlScene), segment_names(matched), names_in(parameters.planningStructures)) == before
    assert (parameters.planningLiver, parameters.liverSegment) == chosen
    assert matched.match.result is result
    assert getattr(matched.ui, button).enabled


def test_a_damaged_model_is_told_and_changes_nothing(slicer_app, matched, hand, models):
    before = segment_names(matched)
    weights = models / "liver-band" / "models" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"xx")
    find_on(slicer_app, matched, hand, "followUpLiverButton")
    assert "model.safetensors" in matched.ui.liverLabel.text
    assert segment_names(matched) == before
    assert slicer_app.popups == []


def test_a_liver_found_on_a_ct_that_is_no_longer_chosen_is_not_put_on_another_one(slicer_app, matched, hand):
    before = segment_names(matched)
    hand.click("followUpLiverButton")
    matched.parameters.followUpVolume = matched.parameters.planningVolume
    finish(slicer_app, matched)
    assert matched.ui.liverLabel.text == "Another follow-up CT was chosen meanwhile; nothing was changed."
    assert segment_names(matched) == before


def test_without_a_model_the_buttons_say_why_they_are_disabled(slicer_app, matched, models):
    for name in ("liver-band", "tumor-band"):
        shutil.rmtree(models / name)
    slicer_app.select_module("HepaDose")
    slicer_app.select_module("FLRDose")
    for name in ("planningLiverButton", "followUpLiverButton"):
        assert not getattr(matched.ui, name).enabled
        assert getattr(matched.ui, name).toolTip == "No model that draws the liver is installed."
    assert matched.ui.liverSegmenter.currentText == "no model installed"
    assert not matched.ui.liverSegmenter.enabled


def test_without_a_ct_the_buttons_say_which_one_is_missing(panel):
    assert panel.ui.planningLiverButton.toolTip == "Choose the planning CT first."
    assert panel.ui.followUpLiverButton.toolTip == "Choose the follow-up CT first."
    assert not panel.ui.liverLabel.visible


def test_each_model_is_offered_only_for_what_it_draws(slicer_app, panel, models):
    write_model(models / "flr-band", about=metadata(name="flr-band", task="reaction"))
    slicer_app.select_module("HepaDose")
    slicer_app.select_module("FLRDose")
    offered = {
        name: [box.itemText(place) for place in range(box.count)]
        for name, box in {"liver": panel.ui.liverSegmenter, "reaction": panel.ui.segmenter}.items()
    }
    assert offered["liver"] == ["liver model liver-band 0.1.0"]
    assert [name.rpartition(" ")[0] for name in offered["reaction"]] == [
        "Density difference",
        "reaction model flr-band",
    ]


def test_a_case_without_any_contour_of_the_liver_goes_from_loading_to_the_report(
    slicer_app, panel, hand, case_without_liver, tmp_path
):
    ui = panel.ui
    load(slicer_app, panel, hand, case_without_liver)
    assert panel.parameters.followUpVolume is not None
    assert ui.registerButton.toolTip == "Choose the liver contour of the planning CT first."
    find_on(slicer_app, panel, hand, "planningLiverButton")
    find_on(slicer_app, panel, hand, "followUpLiverButton")
    align(slicer_app, panel, hand)
    assert segment_names(panel) == [FOUND]
    hand.click("segmentButton")
    finish(slicer_app, panel)
    hand.click("applyMatchButton")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)

    hand.type_path("reportFolder", tmp_path / "report")
    hand.click("reportSaveButton")
    stored = json.loads((tmp_path / "report" / "result.json").read_text(encoding="utf-8"))
    for origin in (stored["liver_origin"], stored["registration"]["planning_liver_origin"]):
        assert (origin["source"], origin["version"]) == ("liver model liver-band", "0.1.0")
        assert origin["edited"] is False
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Liver on the planning CT" in page and "Liver on the follow-up CT" in page
    assert f"Liver of the planning CT: {MODEL}" in ui.provenanceLabel.text

    said = ui.liverLabel.text
    hand.click("sceneSaveButton")
    slicer_app.close_scene()
    slicer_app.load_scene(tmp_path / "report" / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    assert ui.liverLabel.text == said
    assert panel.match.result.registration.planning_liver_origin.source == "liver model liver-band"
