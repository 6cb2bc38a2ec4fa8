"""What could mislead in the FLRDose panel is told or taken away: fractions, leftovers, the keyboard."""

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from flrdose_work import another_result, erase_a_little, finish, load, texts_of


def amber(table):
    return [row[2] for row in texts_of(table) if row[0] == "Check"]


def test_fractions_other_than_the_plans_are_amber_and_every_dose_speaks_of_them(slicer_app, matched, hand):
    earlier = matched.match.result
    hand.type_text(matched.ui.fractions, "25")
    result = another_result(slicer_app, matched, earlier)
    words = "25 fractions are stated, but the plan of the dose says 5"
    assert any(words in text for text in amber(matched.ui.preflightTable))
    assert any(words in finding.text for finding in result.findings)
    assert "in 25 fractions" in matched.ui.doseBanner.text
    assert "25 fractions" in result.dose.banner
    assert "5 fractions" not in matched.ui.provenanceLabel.text.replace("25 fractions", "")


def test_the_shown_isodose_stays_with_the_best_level_through_edits_and_scales(slicer_app, matched, hand):
    automatic = matched.match.result
    hand.click("bestButton")
    assert matched.ui.levelLabel.text.startswith("Shown, the best level: ")
    erase_a_little(slicer_app, matched, hand)
    edited = another_result(slicer_app, matched, automatic)
    assert matched.parameters.isodoseGy == pytest.approx(edited.best.refined_gy, abs=0.06)
    hand.choose("quantity", "EQD2")
    equivalent = another_result(slicer_app, matched, edited)
    matched.ui.alphaBetaGy.value = 2.0
    other = another_result(slicer_app, matched, equivalent)
    assert matched.parameters.isodoseGy == pytest.approx(other.best.refined_gy, abs=0.06)


def test_an_isodose_that_was_moved_away_stays_where_it_is_when_the_reaction_is_edited(slicer_app, matched, hand):
    automatic = matched.match.result
    matched.ui.isodoseGy.value = 40.0
    slicer_app.process_events()
    assert matched.ui.levelLabel.text.startswith("Shown: 40.0")
    erase_a_little(slicer_app, matched, hand)
    another_result(slicer_app, matched, automatic)
    assert matched.parameters.isodoseGy == 40.0


def test_undo_takes_back_one_thing_at_a_time(slicer_app, matched, hand):
    automatic = matched.match.result
    erase_a_little(slicer_app, matched, hand)
    edited = another_result(slicer_app, matched, automatic)
    hand.click("restoreButton")
    restored = another_result(slicer_app, matched, edited)
    hand.click("isodoseSegmentButton")
    segmentation = matched.parameters.segmentation.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 3
    matched.ui.segmentEditor.undo()
    slicer_app.process_events(0.2)
    assert segmentation.GetNumberOfSegments() == 2
    assert matched.ui.originLabel.text.endswith("not edited")
    matched.ui.segmentEditor.undo()
    assert another_result(slicer_app, matched, restored).best == edited.best


def test_a_reaction_made_from_an_isodose_is_a_problem(slicer_app, matched, hand):
    automatic = matched.match.result
    hand.click("isodoseSegmentButton")
    box = matched.ui.reactionSegment
    names = [box.itemText(place) for place in range(box.count)]
    assert any("physical, 5 fractions" in name for name in names)
    hand.choose("reactionSegment", next(name for name in names if name.startswith("Isodose")))
    another_result(slicer_app, matched, automatic)
    assert texts_of(matched.ui.gatesTable)[0][::2] == [
        "Problem",
        "This segment was made from an isodose; its agreement says nothing about the liver.",
    ]


def test_a_comparison_with_publications_goes_away_with_what_it_was_made_from(slicer_app, matched, hand):
    hand.choose("modality", "CT")
    hand.choose("phase", "portal venous")
    hand.choose("childPugh", "A")
    matched.ui.monthsSinceTreatment.value = 6.0
    hand.click("compareButton")
    assert matched.ui.publishedTable.rowCount > 0
    hand.choose("childPugh", "B")
    assert matched.ui.publishedTable.rowCount == 0


def test_another_case_takes_every_word_about_the_earlier_one_away(slicer_app, matched, hand, case_folder, tmp_path):
    ui, automatic = matched.ui, matched.match.result
    hand.type_path("reportFolder", tmp_path)
    hand.choose("childPugh", "B")
    erase_a_little(slicer_app, matched, hand)
    another_result(slicer_app, matched, automatic)
    hand.click("copyButton")
    load(slicer_app, matched, hand, case_folder)
    slicer_app.process_events(1.1)
    said = [ui.answerLabel.text, ui.levelLabel.text, ui.savedLabel.text, ui.reportFolder.currentPath]
    assert said == ["", "", "", ""]
    assert ui.childPugh.currentText == "not stated"
    assert ui.editTimeLabel.text == "Not edited by hand."
    assert matched.parameters.registrationErrorMm < 0
    assert legends_shown() == []
    assert plotted_series() == 0


def legends_shown():
    import slicer

    legends = slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    return [legend.GetName() for legend in legends if legend.GetVisibility()]


def plotted_series():
    import slicer

    return sum(chart.GetNumberOfPlotSeriesNodes() for chart in slicer.util.getNodesByClass("vtkMRMLPlotChartNode"))


def test_the_reaction_is_an_outline_while_the_dose_is_shown_and_the_legend_goes_with_the_dose(matched, hand):
    display = matched.parameters.segmentation.GetDisplayNode()
    reaction = matched.parameters.reactionSegment
    hand.choose("overlayMode", "Follow-up CT with dose")
    assert legends_shown()
    assert not display.GetSegmentVisibility2DFill(reaction)
    hand.choose("overlayMode", "Blend")
    assert legends_shown() == []
    assert display.GetSegmentVisibility2DFill(reaction)


def test_the_keyboard_stays_with_the_button_and_never_lands_in_a_number(slicer_app, matched, hand):
    hand.choose("registrationMethod", "Rigid")
    matched.ui.registerButton.setFocus()
    hand.click("registerButton")
    error_mm = matched.parameters.registrationErrorMm
    QTest.keyClicks(QApplication.focusWidget(), "7")
    slicer_app.process_events(0.5)
    assert matched.parameters.registrationErrorMm == error_mm
    hand.click("registerCancel")
    assert QApplication.focusWidget() in (None, matched.ui.registerButton)
    assert {row[0] for row in texts_of(matched.ui.registrationTable)} <= {"OK", "Check"}
    assert any("Cancelled" in row[2] for row in texts_of(matched.ui.registrationTable))


def test_the_keyboard_goes_to_cancel_and_back(slicer_app, matched, hand):
    hand.choose("registrationMethod", "Rigid")
    matched.ui.registerButton.setFocus()
    hand.click("registerButton")
    assert QApplication.focusWidget() is matched.ui.registerCancel
    hand.click("registerCancel")
    finish(slicer_app, matched)
    assert QApplication.focusWidget() is matched.ui.registerButton


def test_a_failed_load_is_told_beside_the_case_that_is_still_open(slicer_app, matched, hand, tmp_path):
    before = len(texts_of(matched.ui.preflightTable))
    load(slicer_app, matched, hand, tmp_path / "nothing here")
    rows = texts_of(matched.ui.preflightTable)
    assert rows[0][0] == "Problem"
    assert len(rows) == before + 1
    assert matched.match.result is not None


def test_alpha_beta_can_be_changed_while_the_scale_is_physical_dose(slicer_app, matched):
    before = matched.match.result
    matched.ui.alphaBetaGy.value = 2.0
    after = another_result(slicer_app, matched, before)
    assert after.best.refined_gy == pytest.approx(before.best.refined_gy, abs=1e-9)
    assert "α/β 2 Gy" in matched.ui.answerLabel.text.replace("\xa0", " ")
