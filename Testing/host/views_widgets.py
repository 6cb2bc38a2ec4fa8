"""View widgets of the layout: bar above, picture below."""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout
from trame_slicer.views import SliceView, ThreeDView
from vtkmodules.vtkCommonCore import vtkCommand

from host.qmrml_widgets import qMRMLWidget
from host.standin import stand_in
from host.views import qMRMLSliceView, qMRMLThreeDView
from host.views_bars import (
    qMRMLPlotViewControllerWidget,
    qMRMLSliceControllerWidget,
    qMRMLTableViewControllerWidget,
    qMRMLThreeDViewControllerWidget,
)
from host.views_plot import qMRMLPlotView
from host.views_table import qMRMLTableView


@stand_in
class qMRMLAbstractViewWidget(qMRMLWidget):
    """Base: a bar above a view."""

    def __init__(self, bar, view, parent=None):
        super().__init__(parent)
        self._bar = bar
        self._shown = view
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(view, 1)

    def controllerWidget(self):
        return self._bar

    def viewWidget(self):
        return self._shown

    def mrmlAbstractViewNode(self):
        return self._bar._view_node


@stand_in
class qMRMLSliceWidget(qMRMLAbstractViewWidget):
    """One slice view with its bar."""

    def __init__(self, view: SliceView, parent=None):
        super().__init__(qMRMLSliceControllerWidget(view), qMRMLSliceView(view), parent)
        self._view = view
        view.modified.connect(self._follow)

    def _follow(self, *_):
        self._bar.updateWidgetFromMRMLView()

    def sliceLogic(self):
        return self._bar.sliceLogic()

    def sliceView(self):
        return self._shown

    def sliceController(self):
        return self._bar

    def mrmlSliceNode(self):
        return self._bar.mrmlSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._bar.mrmlSliceCompositeNode()

    def fitSliceToBackground(self):
        self._bar.fitSliceToBackground()

    def setSliceOrientation(self, orientation):
        self._bar.setSliceOrientation(orientation)


@stand_in
class qMRMLThreeDWidget(qMRMLAbstractViewWidget):
    """One 3-D view with its bar."""

    def __init__(self, view: ThreeDView, parent=None):
        super().__init__(qMRMLThreeDViewControllerWidget(view), qMRMLThreeDView(view), parent)
        self._view = view

    def threeDView(self):
        return self._shown

    def threeDController(self):
        return self._bar

    def mrmlViewNode(self):
        return self._view.get_view_node()

    def viewLogic(self):
        return self._view.logic


class _NodeViewWidget(qMRMLAbstractViewWidget):
    """A view of one node that the view node names; follows that choice."""

    def __init__(self, bar, view, parent=None):
        super().__init__(bar, view, parent)
        self._observed = bar._view_node
        self._tag = self._observed.AddObserver(vtkCommand.ModifiedEvent, self._follow)
        self._follow()

    def _follow(self, *_):
        self._bar._update()


@stand_in
class qMRMLPlotWidget(_NodeViewWidget):
    """One plot view with its bar."""

    def __init__(self, view_node, parent=None):
        super().__init__(qMRMLPlotViewControllerWidget(view_node), qMRMLPlotView(), parent)
        self._shown.setMRMLPlotViewNode(view_node)

    def plotView(self):
        return self._shown

    def plotController(self):
        return self._bar

    def mrmlPlotViewNode(self):
        return self._observed


@stand_in
class qMRMLTableWidget(_NodeViewWidget):
    """One table view with its bar."""

    def __init__(self, view_node, parent=None):
        super().__init__(qMRMLTableViewControllerWidget(view_node), qMRMLTableView(), parent)
        self._shown.setMRMLTableViewNode(view_node)

    def tableView(self):
        return self._shown

    def tableController(self):
        return self._bar

    def mrmlTableViewNode(self):
        return self._observed
