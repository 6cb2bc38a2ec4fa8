"""A small scene whose pixels in the views can be worked out by hand, and what tests do to views."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from vtkmodules.vtkFiltersSources import vtkSphereSource

SHAPE_KJI = (21, 41, 41)
SPACING_MM = (2.0, 2.0, 3.0)
# The middle voxel lies at the origin.
ORIGIN_RAS = (-40.0, -40.0, -30.0)
LOW_HU, HIGH_HU = 0.0, 100.0
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def add_volume(scene, array, name="CT", window=200.0, level=50.0):
    """A scalar volume on the example's grid, shown with a fixed gray window.

    Parameters
    ----------
    array : ndarray
        Values [k, j, i].
    """
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(array, dtype=np.float32))
    node.SetSpacing(*SPACING_MM)
    node.SetOrigin(*ORIGIN_RAS)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(window, level)
    node.GetDisplayNode().SetInterpolate(False)
    return node


def half_and_half():
    """Values of a CT with 0 HU where x (RAS) is negative and 100 HU elsewhere."""
    array = np.full(SHAPE_KJI, LOW_HU)
    array[:, :, SHAPE_KJI[2] // 2 :] = HIGH_HU
    return array


def box(low=-16.0, high=16.0):
    """Mask of the voxels whose centers lie from ``low`` to ``high`` mm on every axis."""
    k, j, i = np.meshgrid(*(np.arange(size) for size in SHAPE_KJI), indexing="ij")
    places = [index * step + start for index, step, start in zip((i, j, k), SPACING_MM, ORIGIN_RAS, strict=True)]
    return np.all([(low <= place) & (place <= high) for place in places], axis=0).astype(np.uint8)


def add_segmentation(scene, volume, masks):
    """A segmentation with one segment per name, its mask and its color."""
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Structures")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name, (mask, color) in masks.items():
        node.GetSegmentation().AddEmptySegment(name, name, color)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, name, volume)
    return node


def add_sphere(scene, radius_mm, color, center=(0.0, 0.0, 0.0)):
    """A model of a sphere, also drawn as a line of 3 pixels in the slices."""
    sphere = vtkSphereSource()
    sphere.SetRadius(radius_mm)
    sphere.SetCenter(center)
    sphere.SetThetaResolution(64)
    sphere.SetPhiResolution(64)
    sphere.Update()
    model = scene.AddNewNodeByClass("vtkMRMLModelNode", "Sphere")
    model.SetAndObservePolyData(sphere.GetOutput())
    model.CreateDefaultDisplayNodes()
    model.GetDisplayNode().SetColor(*color)
    model.GetDisplayNode().SetVisibility2D(True)
    model.GetDisplayNode().SetSliceIntersectionThickness(3)
    return model


def segment_array(segmentation, segment_id, volume):
    """Mask of a segment on a volume's grid, [k, j, i]."""
    import slicer

    return slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment_id, volume).copy()


def pixel(view, ras):
    """The widget's pixel (x, y from the top left) where a point lies."""
    x, y, _ = view.convertRASToXYZ(list(ras))
    return round(x), round(view.height - 1 - y)


def color_at(view, ras):
    """RGB that the widget shows at a point of the patient."""
    return rgb(view, *pixel(view, ras))


def rgb(widget, x, y):
    """RGB of a pixel of a widget."""
    color = widget.grab().toImage().pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def shown(widget):
    """What a widget shows: RGB, shape (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def turn_wheel(view, steps):
    """Turn the mouse wheel over the middle of a view; positive steps away from the user."""
    middle = QPointF(view.width / 2, view.height / 2)
    QTest.mouseMove(view, middle.toPoint())
    for _step in range(abs(steps)):
        delta = QPoint(0, 120 if steps > 0 else -120)
        place = QPointF(view.mapToGlobal(middle.toPoint()))
        event = QWheelEvent(
            middle,
            place,
            QPoint(),
            delta,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view, event)


def drag(view, points_ras):
    """Press, move and release the left button at points of the patient."""
    first, *rest = [QPoint(*pixel(view, point)) for point in points_ras]
    QTest.mouseMove(view, first)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    for point in rest:
        QTest.mouseMove(view, point)
        QApplication.processEvents()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=(rest or [first])[-1])
    QApplication.processEvents()
