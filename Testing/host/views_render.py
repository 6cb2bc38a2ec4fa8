"""Slicer's slice, 3-D and plot rendering off screen, as images; knows nothing of Qt.

The displayable managers are Slicer's own. VTK draws into an off-screen buffer (EGL or OSMesa), from where the picture
is copied: there is no screen into which VTK could draw by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from slicer import vtkMRMLLayerDisplayableManager
from trame_slicer.views import ScheduledRenderStrategy
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkCommonDataModel import vtkImageData

if TYPE_CHECKING:
    from collections.abc import Callable

    from trame_slicer.views import AbstractView
    from vtkmodules.vtkRenderingCore import vtkRenderWindow


class LazyRendering(ScheduledRenderStrategy):
    """Passes every wish to render on to one callback, which decides when that happens.

    Parameters
    ----------
    request : callable
        Called without arguments each time the scene wants the view redrawn.
    """

    def __init__(self, request: Callable[[], None]) -> None:
        super().__init__()
        self._request = request

    def schedule_render(self) -> None:
        self._request()


def picture(render_window: vtkRenderWindow) -> np.ndarray:
    """What a render window shows since its last rendering.

    Returns
    -------
    ndarray
        RGB, uint8, shape (height, width, 3), row 0 at the top.
    """
    buffer = vtkImageData()
    vtkMRMLLayerDisplayableManager.RenderWindowBufferToImage(render_window, buffer)
    width, height, _ = buffer.GetDimensions()
    rows = vtk_to_numpy(buffer.GetPointData().GetScalars()).reshape(height, width, -1)
    return np.ascontiguousarray(rows[::-1, :, :3])


def resize(view: AbstractView, width: int, height: int) -> None:
    """Give a view's buffer a size in pixels; the scale of a slice (mm per pixel) stays."""
    view.update_size(max(width, 1), max(height, 1))
    # The slice view follows this event, which no window without a screen ever sends.
    view.interactor().InvokeEvent(vtkCommand.WindowResizeEvent)


def rendered(view: AbstractView) -> np.ndarray:
    """Render a view now and return its picture, as :func:`picture`."""
    view.render()
    return picture(view.render_window())
