"""The widget that shows a plot view node's chart."""

# Classes and arguments bear Slicer's own names.
# ruff: noqa: N801

from __future__ import annotations

from vtkmodules.vtkCommonCore import vtkCommand

from host.views import PaintedView
from host.views_events import EventBridge
from host.views_follow import Follower
from host.views_plot_chart import PlotChart


class qMRMLPlotView(PaintedView):
    """The chart that a plot view node names, drawn again when chart, series or table change."""

    def __init__(self, view_node, parent=None):
        super().__init__(parent)
        self._view_node = view_node
        self._plot = PlotChart()
        self._changed = True
        self._followed_chart = Follower(self._update)
        self._followed_parts = Follower(self._redraw)
        self._bridge = EventBridge(self, self._plot.context.GetInteractor())
        self._plot.context.GetScene().AddObserver(vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def chart(self):
        return self._plot.chart

    def scene(self):
        return self._plot.context.GetScene()

    def renderWindow(self):
        return self._plot.context.GetRenderWindow()

    def fitToContent(self):
        self._plot.chart.RecalculateBounds()
        self.scheduleRender()

    def _update(self):
        chart = self._view_node.GetPlotChartNode()
        series = (
            [] if chart is None else [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
        )
        tables = [each.GetTableNode() for each in series if each is not None]
        self._followed_chart.follow([chart], vtkCommand.ModifiedEvent)
        self._followed_parts.follow([*series, *tables], vtkCommand.ModifiedEvent)
        self._redraw()

    def _redraw(self):
        self._changed = True
        self.scheduleRender()

    def _resize(self, width, height):
        self._plot.resize(width, height)

    def _draw(self):
        if self._changed:
            self._changed = False
            self._plot.update(self._view_node.GetPlotChartNode())
        self._plot.render()
