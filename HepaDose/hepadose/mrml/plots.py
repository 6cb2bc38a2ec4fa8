"""The agreement curve as Slicer's interactive plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hepadose.flr.result import DoseContext, FlrResult, LevelCurve
from hepadose.mrml.nodes import new_node
from hepadose.mrml.tables import CURVE_COLUMNS, level_title
from hepadose.report.text import fractionation, headline

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLPlotSeriesNode, vtkMRMLScene, vtkMRMLTableNode

SERIES = {"boundary_iou": (0.04, 0.36, 0.54), "dice": (0.70, 0.33, 0.12)}
AGREEMENT_RANGE = (0.0, 1.05)
"""A little more than agreement can reach, so that a line at 1 is seen."""


def curve_chart(scene: vtkMRMLScene, result: FlrResult, table: vtkMRMLTableNode) -> vtkMRMLPlotChartNode:
    """A chart of Boundary IoU and DSC over the level, drawn from the curve's table node."""
    chart = new_node(scene, "vtkMRMLPlotChartNode", "FLR agreement over dose")
    for name, color in SERIES.items():
        series = new_node(scene, "vtkMRMLPlotSeriesNode", CURVE_COLUMNS[name])
        draw_line(series, table, level_title(result.dose), CURVE_COLUMNS[name], color)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(headline(result))
    set_axes(chart, result.dose, result.curve)
    return chart


def draw_line(
    series: vtkMRMLPlotSeriesNode,
    table: vtkMRMLTableNode,
    x_column: str,
    y_column: str,
    color: tuple[float, float, float],
    *,
    dashed: bool = False,
) -> None:
    """Let a plot series draw one column of a table over another as a line without markers."""
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(x_column)
    series.SetYColumnName(y_column)
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleNone)
    series.SetLineStyle(series.LineStyleDash if dashed else series.LineStyleSolid)
    series.SetLineWidth(2)
    series.SetColor(*color)


def set_axes(chart: vtkMRMLPlotChartNode, dose: DoseContext, curve: LevelCurve) -> None:
    """Titles with units and the ranges of both axes."""
    # The charts' font has no Greek letters.
    unit = dose.unit_label.replace("α/β", "alpha/beta")
    chart.SetXAxisTitle(f"{unit}, {fractionation(dose)}")
    chart.SetYAxisTitle("Agreement (0–1)")
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(float(curve.levels_gy[0]), float(curve.levels_gy[-1]))
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(*AGREEMENT_RANGE)


def set_small_fonts(chart: vtkMRMLPlotChartNode) -> None:
    """Sizes at which title and legend fit into a plot beside the slice views."""
    chart.SetTitleFontSize(13)
    chart.SetLegendFontSize(11)
    chart.SetAxisTitleFontSize(13)
    chart.SetAxisLabelFontSize(11)
