"""Widgets that show Slicer's slice and 3-D views; VTK draws them off screen, the widget paints the picture.

A view is not drawn whenever the scene changes but when its turn comes: many changes within one turn of the event loop
cost one rendering.
"""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

import time

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget
from trame_slicer.views import ViewDirection

from host.standin import stand_in
from host.views_annotation import SliceAnnotation
from host.views_events import EventBridge
from host.views_queue import render_queue
from host.views_render import LazyRendering, picture, resize

AXES = {
    "L": ViewDirection.LEFT,
    "R": ViewDirection.RIGHT,
    "P": ViewDirection.POSTERIOR,
    "A": ViewDirection.ANTERIOR,
    "I": ViewDirection.INFERIOR,
    "S": ViewDirection.SUPERIOR,
}


class PaintedWidget(QWidget):
    """A widget that paints what a VTK window shows; the base of every rendered view.

    Subclasses give the window (``renderWindow``), a new size to it (``_resize``) and draw it (``_draw``).
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMinimumSize(60, 60)
        self._image, self._stale, self._pauses = None, True, 0
        self._render_ms = []

    def _request(self):
        """Have the view drawn in one of the next turns of the event loop."""
        self._stale = True
        render_queue().add(self)

    def _can_be_drawn(self):
        """Whether drawing is of use and allowed: a hidden view is drawn when it is shown, a paused one when resumed."""
        return self._stale and not self._pauses and self.isVisible()

    def _render_now(self):
        started = time.perf_counter()
        self._stale = False
        self._draw()
        rows = picture(self.renderWindow())
        height, width, _ = rows.shape
        # The image shares the rows' memory; a copy outlives them.
        self._image = QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self._render_ms.append(1000.0 * (time.perf_counter() - started))
        self.update()

    def grab(self, *arguments):
        """Picture of the view as it is now, drawn out of turn where that is needed."""
        if self._stale and not self._pauses:
            self._render_now()
        return super().grab(*arguments)

    def paintEvent(self, _event):
        if self._image is not None:
            painter = QPainter(self)
            painter.drawImage(0, 0, self._image)
            painter.end()
        if self._stale:
            render_queue().add(self)

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self._resize(self.width, self.height)
        self._request()


@stand_in
class ctkVTKAbstractView(PaintedWidget):
    """Base of the slice and 3-D views.

    Parameters
    ----------
    view : AbstractView
        Draws the scene through displayable managers.
    """

    def __init__(self, view, parent=None):
        super().__init__(parent)
        self._view = view
        view.set_scheduled_render(LazyRendering(self._request))
        self._bridge = EventBridge(self, view.interactor())

    def scheduleRender(self):
        self._request()

    def forceRender(self):
        self._render_now()

    def setRenderPaused(self, pause):
        """Pause or resume drawing; pauses are counted. Returns how many are left."""
        self._pauses = max(self._pauses + (1 if pause else -1), 0)
        if not self._pauses:
            self._request()
        return self._pauses

    def pauseRender(self):
        return self.setRenderPaused(True)

    def resumeRender(self):
        return self.setRenderPaused(False)

    def renderWindow(self):
        return self._view.render_window()

    def interactor(self):
        return self._view.interactor()

    def interactorStyle(self):
        return self._view.interactor_style()

    def _resize(self, width, height):
        resize(self._view, width, height)

    def _draw(self):
        self._view.render()


@stand_in
class ctkVTKSliceView(ctkVTKAbstractView):
    """Base of the slice view."""


@stand_in
class ctkVTKRenderView(ctkVTKAbstractView):
    """Base of the 3-D view."""

    def resetFocalPoint(self):
        self._view.reset_focal_point()
        self._request()

    def zoomIn(self):
        self._view.zoom_in()

    def zoomOut(self):
        self._view.zoom_out()


@stand_in
class qMRMLSliceView(ctkVTKSliceView):
    """The picture of one slice."""

    def __init__(self, view, parent=None):
        super().__init__(view, parent)
        self._annotation = SliceAnnotation(view)

    def mrmlSliceNode(self):
        return self._view.get_view_node()

    def displayableManagerByClassName(self, className):
        return self._view.get_displayable_manager_by_class(className)

    def cornerAnnotation(self):
        return self._annotation.actor

    def convertDeviceToXYZ(self, xy):
        """Slice coordinates of a widget pixel (x, y from the top left)."""
        return [float(xy[0]), float(self.height - 1 - xy[1]), 0.0]

    def convertXYZToRAS(self, xyz):
        return list(self.mrmlSliceNode().GetXYToRAS().MultiplyPoint([*xyz, 1.0])[:3])

    def convertRASToXYZ(self, ras):
        ras_to_xy = type(self.mrmlSliceNode().GetXYToRAS())()
        ras_to_xy.DeepCopy(self.mrmlSliceNode().GetXYToRAS())
        ras_to_xy.Invert()
        return list(ras_to_xy.MultiplyPoint([*ras, 1.0])[:3])

    def _draw(self):
        self._annotation.update()
        super()._draw()


@stand_in
class qMRMLThreeDView(ctkVTKRenderView):
    """The picture of the scene in 3-D."""

    def mrmlViewNode(self):
        return self._view.get_view_node()

    def cameraNode(self):
        return self._view.get_camera_node()

    def displayableManagerByClassName(self, className):
        return self._view.get_displayable_manager_by_class(className)

    def resetCamera(self, resetRotation=True, resetTranslation=True, resetDistance=True):
        self.cameraNode().Reset(resetRotation, resetTranslation, resetDistance, self._view.renderer())
        self._request()

    def rotateToViewAxis(self, axis):
        """Look from an axis: its number (vtkMRMLCameraNode) or its letter."""
        self._view.rotate_to_view_direction(AXES[axis[0].upper()] if isinstance(axis, str) else ViewDirection(axis))
        self._request()
