"""Panel and report speak with the same words."""

import json
import re

import pytest

from hepadose.report.definitions import estimator_rows

from flrdose_work import LONG_S, texts_of


@pytest.fixture
def matched(slicer_app, panel, matched_scene):
    """The panel on a scene whose isodoses are matched."""
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    return panel


def test_the_panel_names_and_explains_the_estimators_as_the_report_does(matched):
    table = matched.ui.estimatorsTable
    rows = estimator_rows(matched.match.result)
    assert texts_of(table) == [[name, value] for name, value, _meaning in rows]
    tips = [[table.item(row, column).toolTip() for column in range(2)] for row in range(len(rows))]
    assert tips == [[meaning, meaning] for _name, _value, meaning in rows]


def test_the_report_holds_what_the_user_stated_and_the_same_comparison_as_the_panel(matched, hand, tmp_path):
    hand.click("compareButton")
    for name, text in {"modality": "CT", "phase": "portal venous", "childPugh": "A"}.items():
        hand.choose(name, text)
    matched.ui.monthsSinceTreatment.value = 6.0
    hand.click("compareButton")
    hand.type_path("reportFolder", tmp_path / "report")
    hand.click("reportSaveButton")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Child-Pugh class: <i>A</i>" in page
    assert "not recorded here" not in page
    compared = texts_of(matched.ui.publishedTable)
    assert len(compared) > 5
    for source, answer, *_rest in compared:
        assert re.search(rf"<td>{re.escape(source)}</td><td>{re.escape(answer)}</td>", page)
    stored = json.loads((tmp_path / "report" / "result.json").read_text(encoding="utf-8"))
    assert stored["patient"]["months_since_treatment"] == 6.0


def test_an_error_stated_by_the_user_is_one_line_in_the_panel_and_in_the_result(slicer_app, matched):
    before = matched.match.result
    matched.ui.registrationErrorMm.value = 5.5
    slicer_app.wait_until(lambda: matched.match.result not in (None, before), LONG_S)
    said = "Mean error in the liver 5.5 mm, stated by the user (estimated"
    tables = (texts_of(matched.ui.registrationTable), texts_of(matched.ui.gatesTable))
    findings = [[finding.text] for finding in matched.match.result.findings]
    for rows in (*tables, findings):
        about = [row[-1] for row in rows if "ean error in the liver" in row[-1]]
        assert len(about) == 1
        assert about[0].startswith(said)
