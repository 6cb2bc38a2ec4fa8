"""The work in the FLRDose panel as a user does it, for the tests of the panel."""

from __future__ import annotations

import numpy as np

from gui_hand import view_point

LONG_S = 90


def do_the_work(slicer_app, panel, hand, case_folder):
    """Everything up to the result."""
    load(slicer_app, panel, hand, case_folder)
    align(slicer_app, panel, hand)
    hand.click("segmentButton")
    finish(slicer_app, panel)
    hand.click("applyMatchButton")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)


def finish(slicer_app, panel):
    """Wait until nothing runs in the background."""
    slicer_app.wait_until(lambda: not panel.why_busy(), LONG_S)
    slicer_app.process_events()


def load(slicer_app, panel, hand, folder):
    hand.type_path("caseFolder", folder)
    hand.click("loadButton")
    finish(slicer_app, panel)


def align(slicer_app, panel, hand):
    hand.choose("registrationMethod", "Rigid")
    hand.click("registerButton")
    finish(slicer_app, panel)


def another_result(slicer_app, panel, earlier):
    """Wait until the match has another result than an earlier one, and the panel shows it."""
    slicer_app.wait_until(lambda: panel.match.result not in (None, earlier), LONG_S)
    slicer_app.process_events(0.1)
    # What follows a moment later (an undo changes several segments one by one) is waited for too.
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    return panel.match.result


def texts_of(table):
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def shown_numbers(panel):
    """Everything that the match shows."""
    ui = panel.ui
    return [ui.answerLabel.text, ui.levelLabel.text, texts_of(ui.estimatorsTable), texts_of(ui.gatesTable)]


def erase_a_little(slicer_app, panel, hand):
    """One stroke with the eraser through the middle of the reaction."""
    center = np.zeros(3)
    panel.parameters.segmentation.GetSegmentCenterRAS(panel.parameters.reactionSegment, center)
    panel.logic.showReaction(panel.parameters)
    panel.ui.segmentEditor.setCurrentSegmentID(panel.parameters.reactionSegment)
    panel.ui.segmentEditor.setActiveEffectByName("Erase")
    slicer_app.process_events(0.2)
    view, x, y = view_point("Red", center)
    hand.stroke(view, [(x, y), (x + 4, y), (x + 8, y)])
    panel.ui.segmentEditor.setActiveEffectByName("")


def segment_names(panel):
    from hepadose.gui.segment_box import segments_of

    return [name for name, _segment_id in segments_of(panel.parameters.segmentation)]


def copied_text():
    import qt

    return qt.QApplication.clipboard().text()


def nodes_in(scene):
    return sorted(scene.GetNthNode(place).GetID() for place in range(scene.GetNumberOfNodes()))
