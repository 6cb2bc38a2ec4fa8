"""The narrow bars above the views: label in the view's color, and what each kind of view can be told there."""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStyle,
    QToolButton,
)
from vtkmodules.vtkCommonCore import reference

from host.qmrml_widgets import qMRMLWidget
from host.standin import stand_in
from host.views_annotation import normal_letter

BAR_HEIGHT_PX = 24


@stand_in
class qMRMLViewControllerBar(qMRMLWidget):
    """Base of the bars."""

    def __init__(self, view_node, parent=None):
        super().__init__(parent)
        self._view_node = view_node
        self.setFixedHeight(BAR_HEIGHT_PX)
        self._label = QLabel(view_node.GetLayoutLabel() or "")
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._label.setFixedWidth(24)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 2, 0)
        self._row.setSpacing(3)
        self._row.addWidget(self._label)
        self.setAutoFillBackground(True)
        self._set_color(QColor.fromRgbF(*view_node.GetLayoutColor()))

    def viewLabel(self):
        return self._label

    def _set_color(self, color):
        self._label.setStyleSheet(f"background: {color.name()}; color: black; font-weight: bold;")

    def _tool(self, icon, tip, action):
        button = QToolButton()
        button.setIcon(self.style().standardIcon(icon))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setFixedSize(QSize(22, 20))
        button.clicked.connect(lambda: action())
        self._row.addWidget(button)
        return button


@stand_in
class qMRMLSliceControllerWidget(qMRMLViewControllerBar):
    """Offset slider and number of a slice view."""

    def __init__(self, view, parent=None):
        super().__init__(view.get_view_node(), parent)
        self._view = view
        self._fit = self._tool(
            QStyle.StandardPixmap.SP_TitleBarMaxButton,
            "Fit the slice to the background volume",
            self.fitSliceToBackground,
        )
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setMinimumWidth(20)
        self._row.addWidget(self._slider, 1)
        self._number = QDoubleSpinBox()
        self._number.setDecimals(1)
        self._number.setSuffix(" mm")
        self._number.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self._number.setKeyboardTracking(False)
        self._number.setFixedWidth(92)
        self._number.setFixedHeight(20)
        self._row.addWidget(self._number)
        self._slider.valueChanged.connect(lambda step: self.setSliceOffsetValue(self._start + step * self._step))
        self._number.valueChanged.connect(self.setSliceOffsetValue)
        self._start, self._step = 0.0, 1.0
        self.updateWidgetFromMRMLView()

    def sliceLogic(self):
        return self._view.logic

    def mrmlSliceNode(self):
        return self._view.get_view_node()

    def mrmlSliceCompositeNode(self):
        return self.sliceLogic().GetSliceCompositeNode()

    def fitToWindowToolButton(self):
        return self._fit

    def setSliceOffsetValue(self, offset):
        """Move the slice to an offset in mm."""
        if abs(offset - self.sliceLogic().GetSliceOffset()) > 1e-6:
            self.sliceLogic().SetSliceOffset(offset)

    def setSliceVisible(self, visible):
        self.mrmlSliceNode().SetSliceVisible(visible)

    def setForegroundOpacity(self, opacity):
        self.mrmlSliceCompositeNode().SetForegroundOpacity(opacity)

    def setSliceLink(self, linked):
        """Link or unlink all slice views, as the chain button does."""
        scene = self.mrmlSliceNode().GetScene()
        for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
            scene.GetNthNodeByClass(number, "vtkMRMLSliceCompositeNode").SetLinkedControl(linked)

    def setSliceOrientation(self, orientation):
        self.mrmlSliceNode().SetOrientation(orientation)

    def fitSliceToBackground(self):
        self._view.fit_view_to_content()

    def updateWidgetFromMRMLView(self):
        """Take range, step and offset from the slice."""
        low_high, resolution = [0.0, 0.0], reference(1.0)
        known = self.sliceLogic().GetSliceOffsetRangeResolution(low_high, resolution)
        self._start, self._step = low_high[0], max(float(resolution), 1e-3) if known else 1.0
        offset = self.sliceLogic().GetSliceOffset()
        with QSignalBlocker(self._slider), QSignalBlocker(self._number):
            self._slider.setEnabled(bool(known))
            self._slider.setRange(0, round((low_high[1] - low_high[0]) / self._step))
            self._slider.setValue(round((offset - self._start) / self._step))
            # The letter is that of the direction in which the offset grows.
            self._number.setPrefix(f"{normal_letter(self.mrmlSliceNode())}: ")
            self._number.setRange(min(low_high[0], offset), max(low_high[1], offset))
            self._number.setSingleStep(self._step)
            self._number.setValue(offset)


@stand_in
class qMRMLThreeDViewControllerWidget(qMRMLViewControllerBar):
    """Bar of a 3-D view."""

    def __init__(self, view, parent=None):
        super().__init__(view.get_view_node(), parent)
        self._view = view
        self._tool(QStyle.StandardPixmap.SP_TitleBarMaxButton, "Center the view on the scene", self.resetFocalPoint)
        self._row.addStretch(1)

    def mrmlThreeDViewNode(self):
        return self._view.get_view_node()

    def resetFocalPoint(self):
        self._view.reset_focal_point()
        self._view.schedule_render()


class _NodeBar(qMRMLViewControllerBar):
    """A bar in which the node shown (chart or table) is chosen."""

    def __init__(self, view_node, parent=None):
        super().__init__(view_node, parent)
        self._choice = QComboBox()
        self._choice.setFixedHeight(20)
        self._choice.setMinimumWidth(40)
        self._choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._choice.activated.connect(lambda _index: self._choose(self._choice.currentData))
        self._row.addWidget(self._choice, 1)

    def _offer(self, class_name, current_id):
        scene = self._view_node.GetScene()
        nodes = [scene.GetNthNodeByClass(n, class_name) for n in range(scene.GetNumberOfNodesByClass(class_name))]
        with QSignalBlocker(self._choice):
            self._choice.clear()
            self._choice.addItem("None", "")
            for node in nodes:
                self._choice.addItem(node.GetName(), node.GetID())
            self._choice.setCurrentIndex(max(self._choice.findData(current_id or ""), 0))


@stand_in
class qMRMLPlotViewControllerWidget(_NodeBar):
    """Bar of a plot view: which chart it shows."""

    def mrmlPlotViewNode(self):
        return self._view_node

    def _choose(self, node_id):
        self._view_node.SetPlotChartNodeID(node_id)

    def _update(self):
        self._offer("vtkMRMLPlotChartNode", self._view_node.GetPlotChartNodeID())


@stand_in
class qMRMLTableViewControllerWidget(_NodeBar):
    """Bar of a table view: which table it shows."""

    def mrmlTableViewNode(self):
        return self._view_node

    def _choose(self, node_id):
        self._view_node.SetTableNodeID(node_id)

    def _update(self):
        self._offer("vtkMRMLTableNode", self._view_node.GetTableNodeID())
