"""The layout manager: which views the main window shows, and where.

The layouts themselves are Slicer's: vtkMRMLLayoutLogic describes each number and keeps the view nodes.
"""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget
from slicer import vtkMRMLLayoutLogic, vtkMRMLLayoutNode, vtkMRMLScene
from trame_slicer.views import ViewLayoutDefinition, ViewProps, ViewType
from vtkmodules.vtkCommonCore import vtkCommand

from host.signals import emit
from host.standin import stand_in
from host.views_of_layout import ViewFactory
from host.views_widgets import qMRMLPlotWidget, qMRMLSliceWidget, qMRMLTableWidget, qMRMLThreeDWidget

RENDERED = {"vtkMRMLSliceNode": qMRMLSliceWidget, "vtkMRMLViewNode": qMRMLThreeDWidget}
OF_NODES = {"vtkMRMLPlotViewNode": qMRMLPlotWidget, "vtkMRMLTableViewNode": qMRMLTableWidget}


@stand_in
class ctkLayoutManager(QObject):
    """Base of the layout managers."""


@stand_in
class ctkLayoutFactory(ctkLayoutManager):
    """Base of the layout managers that make their views."""


@stand_in
class qMRMLLayoutManager(ctkLayoutFactory):
    """Fills a viewport widget with the views of the scene's layout node.

    Parameters
    ----------
    slicer_app : trame_slicer.core.SlicerApp
        Scene, application logic and view manager.
    viewport : QWidget
        Gets the views.
    """

    def __init__(self, slicer_app, viewport):
        super().__init__(viewport)
        self._app = slicer_app
        self._viewport = viewport
        self._root = None
        self._shown = None
        self._widgets = {}
        self._nodes_were_replaced = False
        self._column = QVBoxLayout(viewport)
        self._column.setContentsMargins(0, 0, 0, 0)
        slicer_app.view_manager.register_factory(ViewFactory())
        self._logic = vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(slicer_app.app_logic)
        self._logic.SetMRMLScene(slicer_app.scene)
        self._observe(slicer_app.scene)
        self.setLayout(vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def _observe(self, scene):
        self._logic.GetLayoutNode().AddObserver(vtkCommand.ModifiedEvent, self._follow)
        for event in (vtkMRMLScene.EndCloseEvent, vtkMRMLScene.EndImportEvent, vtkMRMLScene.EndBatchProcessEvent):
            scene.AddObserver(event, self._follow)
        for event in (vtkMRMLScene.NodeAddedEvent, vtkMRMLScene.NodeRemovedEvent):
            scene.AddObserver(event, self._refresh_bars)
        for event in (vtkMRMLScene.EndCloseEvent, vtkMRMLScene.EndImportEvent):
            scene.AddObserver(event, self._note_replaced_nodes)
        scene.AddObserver(vtkMRMLScene.EndBatchProcessEvent, self._map_views_anew)

    @property
    def layout(self):
        """Number of the layout shown (vtkMRMLLayoutNode.SlicerLayout…)."""
        return self._logic.GetLayoutNode().GetViewArrangement()

    @layout.setter
    def layout(self, number):
        self.setLayout(number)

    def setLayout(self, number):
        """Show a layout by its number.

        Raises
        ------
        ValueError
            If Slicer describes no such layout.
        """
        if not self._is_described(number):
            raise ValueError(f"There is no layout number {number}; vtkMRMLLayoutNode describes none.")
        self._logic.GetLayoutNode().SetViewArrangement(number)

    def layoutLogic(self):
        return self._logic

    def mrmlScene(self):
        return self._app.scene

    def viewport(self):
        return self._viewport

    def sliceViewNames(self):
        return tuple(name for name, each in self._by_name(qMRMLSliceWidget).items())

    def sliceWidget(self, name):
        return self._by_name(qMRMLSliceWidget).get(name)

    def threeDWidget(self, which):
        return self._nth(qMRMLThreeDWidget, which)

    def plotWidget(self, which):
        return self._nth(qMRMLPlotWidget, which)

    def tableWidget(self, which):
        return self._nth(qMRMLTableWidget, which)

    @property
    def threeDViewCount(self):
        return len(self._by_name(qMRMLThreeDWidget))

    @property
    def plotViewCount(self):
        return len(self._by_name(qMRMLPlotWidget))

    @property
    def tableViewCount(self):
        return len(self._by_name(qMRMLTableWidget))

    def viewWidget(self, node):
        return self._widgets.get(node.GetID())

    def mrmlSliceLogics(self):
        return self._app.app_logic.GetSliceLogics()

    def resetSliceViews(self):
        for widget in self._by_name(qMRMLSliceWidget).values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self):
        """Center and frame what the 3-D views show; a visible box counts, and Slicer's encloses every volume."""
        for widget in self._by_name(qMRMLThreeDWidget).values():
            widget.threeDView().resetFocalPoint()
            widget.threeDView().resetCamera()

    def setRenderPaused(self, pause):
        for widget in self._widgets.values():
            if hasattr(widget.viewWidget(), "setRenderPaused"):
                widget.viewWidget().setRenderPaused(pause)

    def pauseRender(self):
        self.setRenderPaused(True)

    def resumeRender(self):
        self.setRenderPaused(False)

    def _is_described(self, number):
        node = self._logic.GetLayoutNode()
        return bool(node.IsLayoutDescription(number)) and bool(node.GetLayoutDescription(number).strip())

    def _by_name(self, kind):
        """Widgets of one kind that were made so far, by the view's layout name."""
        return {
            each.mrmlAbstractViewNode().GetLayoutName(): each
            for each in self._widgets.values()
            if isinstance(each, kind)
        }

    def _nth(self, kind, which):
        widgets = self._by_name(kind)
        if isinstance(which, str):
            return widgets.get(which)
        return list(widgets.values())[which] if which < len(widgets) else None

    def _follow(self, *_):
        number = self.layout
        if number == self._shown or self._app.scene.IsBatchProcessing():
            return
        if not self._is_described(number):
            # Closing the scene resets the layout node; the views stay as they are.
            self._logic.GetLayoutNode().SetViewArrangement(self._shown)
            return
        self._shown = number
        self._rebuild(ElementTree.fromstring(self._logic.GetLayoutNode().GetLayoutDescription(number)))
        emit(self, "layoutChanged(int)", number)

    def _note_replaced_nodes(self, *_):
        self._nodes_were_replaced = True

    def _map_views_anew(self, *_):
        """Tell the views of their nodes after a scene was loaded or closed.

        Displayable managers pass over what changes meanwhile: the slices' new places would stay unknown to them.
        """
        if self._nodes_were_replaced and not self._app.scene.IsBatchProcessing():
            self._nodes_were_replaced = False
            for widget in self._widgets.values():
                widget.mrmlAbstractViewNode().Modified()

    def _rebuild(self, description):
        for widget in self._widgets.values():
            widget.setParent(None)
        if self._root is not None:
            self._column.removeWidget(self._root)
            self._root.deleteLater()
        elements = list(description.iter("view"))
        self._root = self._build(description)
        self._column.addWidget(self._root)
        for element in elements:
            self._widget(element).show()
        # Views that are not shown are not drawn.
        self._app.view_manager.set_current_view_ids([each.get("singletontag") for each in elements])

    def _build(self, element):
        """Widget of a layout element, down to the views."""
        if element.tag == "view":
            return self._widget(element)
        if element.tag == "viewports":
            return self._build(element.find("layout"))
        return CONTAINERS[_kind(element)](element, [self._build(item[0]) for item in element.findall("item")])

    def _widget(self, element):
        node = self._app.scene.GetSingletonNode(element.get("singletontag"), element.get("class"))
        if node.GetID() not in self._widgets:
            self._widgets[node.GetID()] = self._new_widget(element, node)
        return self._widgets[node.GetID()]

    def _new_widget(self, element, node):
        class_name = element.get("class")
        if class_name in OF_NODES:
            return OF_NODES[class_name](node)
        definition = ViewLayoutDefinition(element.get("singletontag"), ViewType(class_name), ViewProps())
        return RENDERED[class_name](self._app.view_manager.create_view(definition))

    def _refresh_bars(self, *_):
        for kind in OF_NODES.values():
            for widget in self._by_name(kind).values():
                widget._bar._update()


@stand_in
class qSlicerLayoutManager(qMRMLLayoutManager):
    """The layout manager of the application."""


def _kind(element):
    if element.get("split") == "true":
        return "split"
    return element.get("type")


def _split(element, parts):
    vertical = element.get("type") == "vertical"
    splitter = QSplitter(Qt.Orientation.Vertical if vertical else Qt.Orientation.Horizontal)
    for part in parts:
        splitter.addWidget(part)
    splitter.setSizes([int(item.get("splitSize", "500")) for item in element.findall("item")])
    return splitter


def _box(layout_class):
    def build(_element, parts):
        frame = QWidget()
        box = layout_class(frame)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        for part in parts:
            box.addWidget(part, 1)
        return frame

    return build


def _grid(element, parts):
    frame = QWidget()
    grid = QGridLayout(frame)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(2)
    for item, part in zip(element.findall("item"), parts, strict=True):
        grid.addWidget(part, int(item.get("row", "0")), int(item.get("column", "0")))
    return frame


def _tabs(element, parts):
    tabs = QTabWidget()
    for item, part in zip(element.findall("item"), parts, strict=True):
        tabs.addTab(part, item.get("name") or part.mrmlAbstractViewNode().GetLayoutName())
    return tabs


CONTAINERS = {
    "split": _split,
    "horizontal": _box(QHBoxLayout),
    "vertical": _box(QVBoxLayout),
    "grid": _grid,
    "tab": _tabs,
}
