"""The agreement curve as Slicer's interactive plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hepadose.flr.result import FlrResult
from hepadose.mrml.nodes import new_node
from hepadose.mrml.tables import CURVE_COLUMNS, level_title
from hepadose.report.text import fractionation, headline

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLScene, vtkMRMLTableNode

SERIES = {"boundary_iou": (0.04, 0.36, 0.54), "dice": (0.70, 0.33, 0.12)}


def curve_chart(scene: vtkMRMLScene, result: FlrResult, table: vtkMRMLTableNode) -> vtkMRMLPlotChartNode:
    """A chart of Boundary IoU and DSC over the level, drawn from the curve's table node."""
    chart = new_node(scene, "vtkMRMLPlotChartNode", "FLR agreement over dose")
    for name, color in SERIES.items():
        series = new_node(scene, "vtkMRMLPlotSeriesNode", CURVE_COLUMNS[name])
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(level_title(result))
        series.SetYColumnName(CURVE_COLUMNS[name])
        series.SetPlotType(series.PlotTypeScatter)
        series.SetMarkerStyle(series.MarkerStyleNone)
        series.SetLineWidth(2)
        series.SetColor(*color)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(headline(result))
    chart.SetXAxisTitle(f"{result.dose.unit_label}, {fractionation(result.dose)}")
    chart.SetYAxisTitle("Agreement (0–1)")
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(float(result.curve.levels_gy[0]), float(result.curve.levels_gy[-1]))
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.02)
    return chart
