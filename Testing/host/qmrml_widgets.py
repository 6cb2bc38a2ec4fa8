"""Slicer's widgets that know the scene, apart from node selectors and views."""

# Classes and methods bear Slicer's own names.

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from host.ctk_numbers import ctkDoubleSpinBox, ctkSliderWidget
from host.signals import emit
from host.standin import stand_in


@stand_in
class qMRMLWidget(QWidget):
    """A widget with a scene."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, newScene):
        if newScene is not self._scene:
            self._scene = newScene
            emit(self, "mrmlSceneChanged(vtkMRMLScene*)", newScene)

    def pixmapFromIcon(self, icon):
        return icon.pixmap(16, 16)


@stand_in
class qSlicerWidget(QWidget):
    """A widget with a scene; Python cannot ask it for the scene."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            emit(self, "mrmlSceneChanged(vtkMRMLScene*)", scene)


@stand_in
class qMRMLSliderWidget(ctkSliderWidget):
    """A slider whose unit can follow the scene's; the units here are those set by prefix and suffix."""

    def setMRMLScene(self, scene):
        self._scene = scene


@stand_in
class qMRMLSpinBox(ctkDoubleSpinBox):
    """A spin box whose unit can follow the scene's; the units here are those set by prefix and suffix."""

    def setMRMLScene(self, scene):
        self._scene = scene
