"""The widget that shows a plot view node's chart."""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

from vtkmodules.vtkCommonCore import vtkCommand

from host.standin import stand_in
from host.views import PaintedWidget
from host.views_events import EventBridge
from host.views_follow import Follower
from host.views_plot_chart import PlotChart


@stand_in(api={"base": "QWidget", "properties": {}})
class QVTKWidget(PaintedWidget):
    """Base of the widgets with a VTK window of their own."""


@stand_in
class ctkVTKOpenGLNativeWidget(QVTKWidget):
    """Base of the chart view."""


@stand_in
class ctkVTKChartView(ctkVTKOpenGLNativeWidget):
    """A widget with one VTK chart."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._plot = PlotChart()
        self._bridge = EventBridge(self, self._plot.context.GetInteractor())
        self._plot.context.GetScene().AddObserver(vtkCommand.ModifiedEvent, lambda *_: self._request())

    def chart(self):
        return self._plot.chart

    def scene(self):
        return self._plot.context.GetScene()

    def renderWindow(self):
        return self._plot.context.GetRenderWindow()

    def setAxesToChartBounds(self):
        self._plot.chart.RecalculateBounds()
        self._request()

    def _resize(self, width, height):
        self._plot.resize(width, height)


@stand_in
class qMRMLPlotView(ctkVTKChartView):
    """The chart that a plot view node names, drawn again when chart, series or table change."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._view_node, self._changed = None, True
        self._followed_node = Follower(self._follow_chart).until_destroyed(self)
        self._followed_chart = Follower(self._follow_chart).until_destroyed(self)
        self._followed_parts = Follower(self._redraw).until_destroyed(self)

    def setMRMLScene(self, newScene):
        """The view node has the scene already."""

    def setMRMLPlotViewNode(self, newPlotViewNode):
        self._view_node = newPlotViewNode
        self._followed_node.follow([newPlotViewNode], vtkCommand.ModifiedEvent)
        self._follow_chart()

    def fitToContent(self):
        self.setAxesToChartBounds()

    def _chart_node(self):
        return self._view_node.GetPlotChartNode() if self._view_node is not None else None

    def _follow_chart(self):
        chart = self._chart_node()
        count = 0 if chart is None else chart.GetNumberOfPlotSeriesNodes()
        series = [chart.GetNthPlotSeriesNode(number) for number in range(count)]
        tables = [each.GetTableNode() for each in series if each is not None]
        self._followed_chart.follow([chart], vtkCommand.ModifiedEvent)
        self._followed_parts.follow([*series, *tables], vtkCommand.ModifiedEvent)
        self._redraw()

    def _redraw(self):
        self._changed = True
        self._request()

    def _draw(self):
        if self._changed:
            self._changed = False
            self._plot.update(self._chart_node())
        self._plot.render()
