"""The FLRDose panel keeps up with its user: other segments, cases and modules, undo, the keyboard."""

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from flrdose_work import LONG_S, align, another_result, copied_text, erase_a_little, finish, load, texts_of


def test_undo_and_redo_are_followed(slicer_app, matched, hand):
    automatic = matched.match.result
    erase_a_little(slicer_app, matched, hand)
    edited = another_result(slicer_app, matched, automatic)
    assert edited.reaction_ml < automatic.reaction_ml
    matched.ui.segmentEditor.undo()
    undone = another_result(slicer_app, matched, edited)
    assert undone.best == automatic.best
    assert matched.ui.originLabel.text.endswith("not edited")
    matched.ui.segmentEditor.redo()
    assert another_result(slicer_app, matched, undone).best == edited.best


def test_another_segment_as_reaction_is_matched_instead(slicer_app, matched, hand):
    automatic = matched.match.result
    hand.click("isodoseSegmentButton")
    box = matched.ui.reactionSegment
    hand.choose(
        "reactionSegment", next(text for place in range(box.count) if "Isodose" in (text := box.itemText(place)))
    )
    of_the_isodose = another_result(slicer_app, matched, automatic)
    assert of_the_isodose.best.boundary_iou > 0.97
    assert of_the_isodose.best.refined_gy == pytest.approx(automatic.best.refined_gy, abs=0.5)


def test_a_removed_reaction_leaves_no_number_behind(slicer_app, matched, hand):
    parameters = matched.parameters
    parameters.segmentation.GetSegmentation().RemoveSegment(parameters.reactionSegment)
    slicer_app.wait_until(lambda: "choose the reaction" in matched.ui.answerLabel.text, 5)
    assert matched.match.result is None
    assert matched.ui.estimatorsTable.rowCount == 0
    assert not matched.ui.reportSaveButton.enabled
    assert not matched.ui.copyButton.enabled


def test_a_removed_dose_leaves_no_number_behind(slicer_app, matched):
    import slicer

    slicer.mrmlScene.RemoveNode(matched.parameters.alignedDose)
    slicer_app.wait_until(lambda: "Align the follow-up CT" in matched.ui.answerLabel.text, 5)
    assert matched.match.result is None


def test_another_case_takes_the_earlier_answer_away(slicer_app, matched, hand, case_folder):
    import slicer

    earlier = matched.parameters.segmentation
    load(slicer_app, matched, hand, case_folder)
    assert matched.match.live is None
    assert matched.ui.answerLabel.text == ""
    assert not slicer.util.getNode("Isodose").GetDisplayNode().GetVisibility()
    assert not earlier.GetDisplayNode().GetVisibility()
    assert matched.parameters.segmentation is None


def test_an_edit_in_another_module_is_followed(slicer_app, matched):
    automatic = matched.match.result
    slicer_app.select_module("HepaDose")
    shrink(matched.parameters)
    edited = another_result(slicer_app, matched, automatic)
    assert edited.reaction_ml < automatic.reaction_ml
    assert edited.reaction_origin.edited
    slicer_app.select_module("FLRDose")
    assert matched.match.result is edited


def shrink(parameters):
    """Empty the upper half of the reaction, as a script would."""
    import slicer

    chosen = parameters.segmentation, parameters.reactionSegment
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(*chosen, parameters.followUpVolume)
    used = np.flatnonzero(voxels.any(axis=(1, 2)))
    voxels[used[len(used) // 2] :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, *chosen, parameters.followUpVolume)


def test_a_job_ends_well_while_another_module_is_shown(slicer_app, panel, hand, case_folder):
    load(slicer_app, panel, hand, case_folder)
    hand.choose("registrationMethod", "Rigid")
    hand.click("registerButton")
    slicer_app.select_module("HepaDose")
    finish(slicer_app, panel)
    slicer_app.select_module("FLRDose")
    assert panel.parameters.alignedDose is not None
    assert any("Estimated mean error" in row[2] for row in texts_of(panel.ui.registrationTable))


def test_a_scene_loaded_while_another_module_is_shown_is_taken_up(slicer_app, panel, matched_scene):
    slicer_app.select_module("HepaDose")
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.process_events(0.2)
    slicer_app.select_module("FLRDose")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)


def test_what_is_wrong_with_a_case_is_told_in_the_panel_and_not_in_a_pop_up(slicer_app, matched, hand, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    hand.type_path("reportFolder", tmp_path / "taken")
    hand.click("reportSaveButton")
    assert matched.ui.savedLabel.text.startswith("Not saved: ")
    hand.click("sceneSaveButton")
    assert matched.ui.savedLabel.text.startswith("Not saved: ")
    empty(matched.parameters, matched.parameters.liverSegment)
    hand.click("applyMatchButton")
    assert "liver segment is empty" in matched.ui.answerLabel.text
    matched.parameters.doseVolume.SetAttribute("DicomRtImport.DoseUnitName", "RELATIVE")
    hand.click("registerButton")
    finish(slicer_app, matched)
    assert "Problem" in {row[0] for row in texts_of(matched.ui.registrationTable)}
    assert not matched.why_busy()
    assert slicer_app.popups == []


def empty(parameters, segment_id):
    """Take all voxels of a segment away."""
    import slicer

    chosen = parameters.segmentation, segment_id
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(*chosen, parameters.followUpVolume)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros_like(voxels), *chosen, parameters.followUpVolume)


def test_the_kept_automatic_result_is_not_drawn_in_a_loaded_scene(matched):
    import slicer

    kept = [node for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode") if node.GetHideFromEditors()]
    assert len(kept) == 1
    assert not kept[0].GetDisplayVisibility()


def test_aligning_again_matches_again(slicer_app, matched, hand):
    earlier = matched.match.result
    align(slicer_app, matched, hand)
    again = another_result(slicer_app, matched, earlier)
    assert again.best.refined_gy == pytest.approx(earlier.best.refined_gy, abs=0.3)


def test_editing_time_is_shown_and_logged_as_edited(slicer_app, matched, hand):
    before = matched.match.result
    erase_a_little(slicer_app, matched, hand)
    another_result(slicer_app, matched, before)
    slicer_app.process_events(1.2)
    assert matched.ui.editTimeLabel.text.startswith("Edited: ")
    slicer_app.select_module("HepaDose")
    slicer_app.select_module("FLRDose")
    matched.refresh()
    rows = texts_of(matched.ui.timingTable)
    assert any(row[:2] == ["Edit liver and reaction", "edited"] for row in rows), rows


def test_copied_results_have_units_interval_and_origin(matched, hand):
    hand.click("copyButton")
    text = copied_text()
    for words in ("Gy", "interval", "Boundary IoU", "Density difference", "5 fractions", "research"):
        assert words in text, words


def test_the_keyboard_goes_through_the_panel_in_the_order_of_work(slicer_app, panel):
    wanted = ["loadButton", "sampleButton", "followUpVolume", "registrationMethod", "registerButton", "liverSegment"]
    wanted += ["segmenter", "segmentButton", "segmentEditor", "quantity", "bandMm", "applyMatchButton", "isodoseGy"]
    wanted += ["bestButton", "isodoseSegmentButton", "reportFolder", "reportSaveButton", "copyButton"]
    reached = [name for name in named_in_focus_order(panel.ui.caseFolder) if name in wanted]
    assert list(dict.fromkeys(reached)) == wanted


def named_in_focus_order(first):
    """Names of the widgets in the order in which the Tab key goes through them."""
    widget = QWidget.nextInFocusChain(first)
    while widget is not first:
        yield QWidget.objectName(widget)
        widget = QWidget.nextInFocusChain(widget)


def test_reloading_keeps_what_was_chosen(slicer_app, matched):
    panel = slicer_app.reload_module("FLRDose")
    slicer_app.wait_until(lambda: panel.match.result is not None, 20)
    assert panel.ui.reportSaveButton.toolTip == "Choose a folder first."
