"""A plot chart node drawn with VTK's charts, by the rules of Slicer's plot view; knows nothing of Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer import vtkMRMLPlotSeriesNode
from vtkmodules.vtkChartsCore import vtkAxis, vtkChart, vtkChartXY
from vtkmodules.vtkRenderingContext2D import vtkContextActor  # noqa: F401  (its factory draws the context)
from vtkmodules.vtkRenderingContextOpenGL2 import vtkOpenGLContextDevice2D  # noqa: F401  (as above)
from vtkmodules.vtkViewsContext2D import vtkContextView

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode
    from vtkmodules.vtkChartsCore import vtkPlot

VTK_TYPES = {
    vtkMRMLPlotSeriesNode.PlotTypeLine: vtkChart.LINE,
    vtkMRMLPlotSeriesNode.PlotTypeBar: vtkChart.BAR,
    vtkMRMLPlotSeriesNode.PlotTypeScatter: vtkChart.LINE,
    vtkMRMLPlotSeriesNode.PlotTypeScatterBar: vtkChart.BAR,
}
BARS = (vtkMRMLPlotSeriesNode.PlotTypeBar, vtkMRMLPlotSeriesNode.PlotTypeScatterBar)
SCATTERS = (vtkMRMLPlotSeriesNode.PlotTypeScatter, vtkMRMLPlotSeriesNode.PlotTypeScatterBar)


class PlotChart:
    """One chart in a window of its own.

    Attributes
    ----------
    context : vtkContextView
        The window, scene and interactor.
    chart : vtkChartXY
        The chart in it.
    """

    def __init__(self) -> None:
        self.context = vtkContextView()
        self.context.GetRenderWindow().SetOffScreenRendering(1)
        self.context.GetRenderWindow().SetMultiSamples(0)
        self.context.GetRenderer().SetBackground(1.0, 1.0, 1.0)
        self.chart = vtkChartXY()
        self.context.GetScene().AddItem(self.chart)
        self.context.GetInteractor().Initialize()

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        self.context.GetRenderWindow().SetSize(max(width, 1), max(height, 1))
        self.context.GetScene().SetGeometry(max(width, 1), max(height, 1))

    def render(self) -> None:
        """Draw the chart now."""
        self.context.GetRenderWindow().Render()

    def update(self, node: vtkMRMLPlotChartNode | None) -> None:
        """Take titles, axes and series from a chart node; without one the view is empty."""
        self.chart.ClearPlots()
        self.chart.SetVisible(node is not None)
        if node is None:
            return
        self._set_texts(node)
        for series in _series_of(node):
            self._add_plot(series)
        for name, axis in (("X", vtkAxis.BOTTOM), ("Y", vtkAxis.LEFT)):
            _set_axis(self.chart.GetAxis(axis), node, name)
        self.chart.RecalculateBounds()

    def _set_texts(self, node: vtkMRMLPlotChartNode) -> None:
        self.chart.SetTitle(node.GetTitle() or "" if node.GetTitleVisibility() else "")
        self.chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
        self.chart.SetShowLegend(node.GetLegendVisibility())
        self.chart.GetLegend().SetLabelSize(node.GetLegendFontSize())
        self.chart.GetLegend().SetDragEnabled(True)

    def _add_plot(self, series: vtkMRMLPlotSeriesNode) -> None:
        table = series.GetTableNode().GetTable()
        columns = _columns(series)
        if any(table.GetColumnByName(column) is None for column in columns):
            return
        plot = self.chart.AddPlot(VTK_TYPES[series.GetPlotType()])
        plot.SetInputData(table, *columns)
        plot.SetLabel(series.GetName())
        _style(plot, series)


def _series_of(node: vtkMRMLPlotChartNode) -> list[vtkMRMLPlotSeriesNode]:
    """The chart's series that have a table; a series whose table is gone is not drawn."""
    series = [node.GetNthPlotSeriesNode(number) for number in range(node.GetNumberOfPlotSeriesNodes())]
    return [each for each in series if each is not None and each.GetTableNode() is not None]


def _columns(series: vtkMRMLPlotSeriesNode) -> tuple[str, str]:
    """Names of the columns for x and y; a line without x column stands over the row number."""
    if series.GetPlotType() in SCATTERS:
        return series.GetXColumnName() or "", series.GetYColumnName() or ""
    return "indices", series.GetYColumnName() or ""


def _style(plot: vtkPlot, series: vtkMRMLPlotSeriesNode) -> None:
    color = (*series.GetColor(), series.GetOpacity())
    plot.GetPen().SetColorF(*color[:3])
    plot.GetPen().SetOpacityF(color[3])
    plot.SetWidth(series.GetLineWidth())
    if series.GetPlotType() in BARS:
        plot.GetBrush().SetColorF(*color)
        return
    plot.GetPen().SetLineType(series.GetLineStyle())
    plot.SetMarkerStyle(series.GetMarkerStyle())
    plot.SetMarkerSize(series.GetMarkerSize())


def _set_axis(axis: vtkAxis, node: vtkMRMLPlotChartNode, name: str) -> None:
    def of(field: str) -> Any:
        return getattr(node, f"Get{name}Axis{field}")()

    axis.SetTitle(of("Title") or "" if of("TitleVisibility") else "")
    axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
    axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    axis.SetGridVisible(node.GetGridVisibility())
    axis.SetLogScale(of("LogScale"))
    if of("RangeAuto"):
        axis.SetBehavior(vtkAxis.AUTO)
        return
    axis.SetBehavior(vtkAxis.FIXED)
    axis.SetRange(*of("Range"))
