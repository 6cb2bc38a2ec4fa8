"""The whole work in the panel by clicking and typing, on a digital patient, in the stand-in of Slicer."""

import numpy as np
import pytest

from flrdose_work import (
    LONG_S,
    align,
    copied_text,
    erase_a_little,
    finish,
    load,
    nodes_in,
    segment_names,
    shown_numbers,
    texts_of,
)
from gui_hand import Hand


def test_a_case_is_loaded_aligned_segmented_edited_matched_and_reported(slicer_app, panel, hand, case_folder, tmp_path):
    ui = panel.ui
    load(slicer_app, panel, hand, case_folder)
    assert "in 5 fractions" in ui.doseBanner.text
    assert {row[0] for row in texts_of(ui.preflightTable)} <= {"OK", "Check"}

    align(slicer_app, panel, hand)
    assert any("Estimated mean error" in row[2] for row in texts_of(ui.registrationTable))

    hand.click("segmentButton")
    finish(slicer_app, panel)
    assert ui.originLabel.text.endswith("not edited")

    hand.click("applyMatchButton")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    assert "95 % interval" in ui.answerLabel.text
    automatic = panel.match.result

    erase_a_little(slicer_app, panel, hand)
    slicer_app.wait_until(lambda: panel.match.result not in (None, automatic), LONG_S)
    assert panel.match.result.reaction_ml < automatic.reaction_ml
    assert panel.match.result.liver_ml == automatic.liver_ml
    assert ui.originLabel.text.endswith("edited by hand")
    assert ui.editTimeLabel.text.startswith("Edited: ")

    hand.click("isodoseSegmentButton")
    assert any(name.startswith("Isodose") and name.endswith("ml)") for name in segment_names(panel))

    hand.type_path("reportFolder", tmp_path / "report")
    hand.click("reportSaveButton")
    assert ui.savedLabel.text == "Report saved."
    assert "edited by hand" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    hand.click("copyButton")
    assert "edited by hand" in copied_text()


def test_a_saved_scene_shows_the_same_numbers_after_loading(slicer_app, panel, matched_scene):
    folder, shown = matched_scene
    slicer_app.load_scene(folder / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    assert shown_numbers(panel) == shown
    assert panel.ui.originLabel.text.endswith("not edited")


def test_the_automatic_result_comes_back_after_edits_also_from_a_saved_scene(slicer_app, panel, hand, matched_scene):
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    before = panel.match.result
    assert not panel.ui.restoreButton.enabled
    assert "automatic result" in panel.ui.restoreButton.toolTip
    erase_a_little(slicer_app, panel, hand)
    slicer_app.wait_until(lambda: panel.match.result not in (None, before), LONG_S)
    edited = panel.match.result
    hand.click("restoreButton")
    slicer_app.wait_until(lambda: panel.match.result not in (None, edited), LONG_S)
    assert panel.match.result.best == before.best
    assert panel.ui.originLabel.text.endswith("not edited")


def test_the_isodose_moves_with_the_slider_and_goes_back_to_the_best_level(slicer_app, panel, hand, matched_scene):
    import slicer

    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    best = panel.match.result.best.refined_gy
    bounds = isodose_bounds(slicer)
    panel.ui.isodoseGy.value = best + 10.0
    slicer_app.process_events()
    assert f"{best + 10.0:.1f}" in panel.ui.levelLabel.text
    smaller = isodose_bounds(slicer)
    assert (smaller[::2] > bounds[::2]).all() and (smaller[1::2] < bounds[1::2]).all()
    hand.click("bestButton")
    assert panel.ui.isodoseGy.value == pytest.approx(best, abs=0.06)
    hand.check("showIsodose", False)
    assert not slicer.util.getNode("Isodose").GetDisplayNode().GetVisibility()


def isodose_bounds(slicer):
    bounds = np.zeros(6)
    slicer.util.getNode("Isodose").GetRASBounds(bounds)
    return bounds


def test_another_quantity_is_matched_at_once_and_says_its_alpha_beta(slicer_app, panel, hand, matched_scene):
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    physical = panel.match.result
    hand.choose("quantity", "EQD2")
    slicer_app.wait_until(lambda: panel.match.result not in (None, physical), LONG_S)
    assert "EQD2 with α/β 3" in panel.ui.answerLabel.text
    found = panel.match.result.best_equivalents["physical dose in 5 fractions"]
    assert found == pytest.approx(physical.best.refined_gy, abs=0.5)


def test_published_thresholds_are_compared_only_after_four_things_are_stated(slicer_app, panel, hand, matched_scene):
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    hand.click("compareButton")
    ((state, _about, text),) = texts_of(panel.ui.publishedTable)
    assert state == "Problem"
    assert "Child-Pugh" in text
    hand.choose("modality", "CT")
    hand.choose("phase", "portal venous")
    hand.choose("childPugh", "A")
    panel.ui.monthsSinceTreatment.value = 6.0
    hand.click("compareButton")
    rows = texts_of(panel.ui.publishedTable)
    assert len(rows) > 5
    assert any("against" in row[1] and "Gy" in row[1] for row in rows)


@pytest.mark.parametrize(("start", "cancel"), [("loadButton", "loadCancel"), ("registerButton", "registerCancel")])
def test_cancel_in_the_middle_of_a_long_step_leaves_the_scene_as_it_was(
    slicer_app, panel, hand, case_folder, start, cancel
):
    import slicer

    hand.type_path("caseFolder", case_folder)
    if start != "loadButton":
        hand.click("loadButton")
        finish(slicer_app, panel)
    before = nodes_in(slicer.mrmlScene)
    hand.click(start)
    slicer_app.process_events(0.8)
    assert panel.why_busy()
    assert not getattr(panel.ui, start).enabled
    hand.click(cancel)
    assert not panel.why_busy()
    assert nodes_in(slicer.mrmlScene) == before
    assert getattr(panel.ui, start).enabled


def test_cancel_during_the_search_for_the_reaction_keeps_the_scene(slicer_app, panel, hand, matched_scene):
    import slicer

    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    before, origin = nodes_in(slicer.mrmlScene), panel.ui.originLabel.text
    hand.click("segmentButton")
    slicer_app.process_events(0.3)
    hand.click("segmentCancel")
    assert nodes_in(slicer.mrmlScene) == before
    assert "Cancelled" in panel.ui.originLabel.text
    panel.refresh()
    assert segment_names(panel) == ["Liver", "Focal liver reaction"]
    assert origin


def test_closing_the_scene_while_something_runs_ends_it_and_leaves_an_empty_panel(slicer_app, panel, hand, case_folder):
    load(slicer_app, panel, hand, case_folder)
    hand.click("registerButton")
    slicer_app.process_events(0.5)
    slicer_app.close_scene()
    slicer_app.process_events(0.2)
    assert not panel.why_busy()
    assert panel.parameters.followUpVolume is None
    assert "Load a DICOM folder" in texts_of(panel.ui.preflightTable)[0][2]
    assert panel.ui.registerButton.toolTip == "Choose the follow-up CT first."


def test_a_folder_without_a_case_is_told_in_the_list_without_a_pop_up(slicer_app, panel, hand, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    load(slicer_app, panel, hand, tmp_path)
    assert "Problem" in {row[0] for row in texts_of(panel.ui.preflightTable)}
    assert slicer_app.popups == []


def test_buttons_say_why_they_are_disabled(panel):
    ui = panel.ui
    expected = {
        "loadButton": "Choose the folder",
        "registerButton": "Choose the follow-up CT first.",
        "segmentButton": "Choose the follow-up CT first.",
        "applyMatchButton": "Choose the follow-up CT first.",
        "reportSaveButton": "press Match first",
    }
    for name, words in expected.items():
        assert not getattr(ui, name).enabled, name
        assert words in getattr(ui, name).toolTip


def test_reload_gives_a_working_panel(slicer_app, hand, case_folder):
    panel = slicer_app.reload_module("FLRDose")
    again = Hand(slicer_app, panel.ui)
    load(slicer_app, panel, again, case_folder)
    assert panel.parameters.followUpVolume is not None


def test_the_panel_needs_no_horizontal_scrolling_at_1280_by_800(slicer_app, panel):
    top = panel.ui.researchLabel.parentWidget()
    for name in ("inputs", "alignment", "reaction", "match", "report"):
        getattr(panel.ui, f"{name}Button").collapsed = False
    for box in ("definitionsBox", "estimatorsBox", "publishedBox", "timingBox"):
        getattr(panel.ui, box).collapsed = False
    slicer_app.process_events(0.2)
    assert top.minimumSizeHint.width() <= 455
