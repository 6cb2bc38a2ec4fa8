"""Table and chart of the live match: filled in place, and found again in a loaded scene."""

import numpy as np
import pytest

from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.match_display import BEST_X, INTERVAL_X, MatchDisplay
from hepadose.mrml.save import save_scene
from hepadose.mrml.tables import level_title, table_column

NODE_CLASSES = ("vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode")


def counts(scene):
    return [scene.GetNumberOfNodesByClass(name) for name in NODE_CLASSES]


def series_names(display):
    chart = display.chart
    return [chart.GetNthPlotSeriesNode(place).GetName() for place in range(chart.GetNumberOfPlotSeriesNodes())]


@pytest.fixture
def result(oblique_example):
    return oblique_example.result


def test_many_updates_fill_the_same_nodes(scene, result):
    display = MatchDisplay(scene)
    display.show(result.curve, result.best, result.dose)
    before = counts(scene)
    column = display.table.GetTable().GetColumnByName("Boundary IoU")
    for _ in range(5):
        display.show(result.curve, result.best, result.dose)
    assert counts(scene) == before == [2, 1, 4]
    assert display.table.GetTable().GetColumnByName("Boundary IoU") is column
    np.testing.assert_array_equal(table_column(display.table, "Boundary IoU"), result.curve.boundary_iou)


def test_each_update_tells_the_plot_once(scene, result):
    display, told = MatchDisplay(scene), []
    display.show(result.curve, result.best, result.dose)
    display.table.AddObserver("ModifiedEvent", lambda *_: told.append(1))
    display.show(result.curve, result.best, result.dose)
    assert len(told) == 1


def test_best_level_and_interval_are_drawn_only_where_they_are_known(scene, result):
    display = MatchDisplay(scene)
    display.show(result.curve, None, result.dose)
    assert series_names(display) == ["Boundary IoU", "DSC"]
    display.show(result.curve, result.best, result.dose)
    assert series_names(display) == ["Boundary IoU", "DSC", "Best level", "95 % interval"]
    assert set(table_column(display.marks, BEST_X)) == {result.best.refined_gy}
    assert sorted(set(table_column(display.marks, INTERVAL_X))) == list(result.best.interval_gy)
    display.show(result.curve, None, result.dose)
    assert series_names(display) == ["Boundary IoU", "DSC"]


def test_axes_say_unit_quantity_and_fractions(scene, result):
    display = MatchDisplay(scene)
    display.show(result.curve, result.best, result.dose)
    assert display.chart.GetXAxisTitle() == "Physical dose in Gy, 5 fractions"
    assert display.chart.GetYAxisTitle() == "Agreement (0–1)"
    level, (low, high) = result.best.refined_gy, result.best.interval_gy
    assert display.chart.GetTitle() == f"Best {level:.1f}\xa0Gy (95 % interval {low:.1f}–{high:.1f}\xa0Gy)"


def test_another_quantity_reconnects_the_series_to_its_column(scene, result):
    from dataclasses import replace

    from hepadose.flr.settings import DoseQuantity

    display = MatchDisplay(scene)
    display.show(result.curve, None, result.dose)
    eqd2 = replace(result.dose, quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0)
    display.show(result.curve, None, eqd2)
    assert display.chart.GetNthPlotSeriesNode(0).GetXColumnName() == level_title(eqd2)
    assert display.table.GetTable().GetColumnByName(level_title(result.dose)) is None
    assert display.chart.GetXAxisTitle() == "EQD2 (alpha/beta 3 Gy) in Gy, 5 fractions"


def test_an_outdated_curve_says_so_above_itself(scene, result):
    display = MatchDisplay(scene)
    display.show(result.curve, result.best, result.dose)
    display.show_outdated("The focal liver reaction is empty.")
    assert display.chart.GetTitle() == "Out of date"
    assert display.chart.GetDescription() == "The focal liver reaction is empty."


def test_a_loaded_scene_keeps_its_chart_and_numbers(scene, result, tmp_path):
    MatchDisplay(scene).show(result.curve, result.best, result.dose)
    save_scene(scene, tmp_path / "case.mrb")
    loaded = new_headless_scene()
    loaded.open(tmp_path / "case.mrb")
    before = counts(loaded.scene)
    display = MatchDisplay(loaded.scene)
    np.testing.assert_allclose(table_column(display.table, "Boundary IoU"), result.curve.boundary_iou, rtol=1e-5)
    display.show(result.curve, result.best, result.dose)
    assert counts(loaded.scene) == before == [2, 1, 4]
    assert display.chart.GetNumberOfPlotSeriesNodes() == 4
