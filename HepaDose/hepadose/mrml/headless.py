"""A scene of one's own: beside the application's, or where there is no Slicer application at all.

Without the application it stands on the packages slicer-core and trame-slicer. On Linux, VTK needs the system
libraries libGL or libEGL only for drawing; building, saving and reading a scene needs none.
"""

from __future__ import annotations

import logging
import sys
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepadose.errors import MissingDependencyError, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slicer import vtkMRMLScene


@dataclass(frozen=True, eq=False)
class HeadlessScene:
    """A scene with the logic that keeps it alive; hold on to it as long as the scene is used.

    ``application`` is None for a scene beside the running application's.
    """

    scene: vtkMRMLScene
    application: Any

    def open(self, path: Path) -> None:
        """Add the content of a saved scene (.mrb or .mrml).

        Raises
        ------
        UnreadableFileError
            If the file is missing or is not a scene.
        """
        if not self.application.io_manager.load_scene(Path(path)):
            raise UnreadableFileError(f"{Path(path).name} cannot be opened as a scene; expected an .mrb or .mrml file.")


def require_scenes() -> None:
    """Check that scenes can be made here, before anything is computed for one.

    Raises
    ------
    MissingDependencyError
        If there is neither a running application nor trame-slicer.
    """
    if _running_application_scene() is None:
        _application_class()


def new_scene() -> HeadlessScene:
    """An empty scene apart from what the user has loaded: results of several patients never meet in it.

    Raises
    ------
    MissingDependencyError
        As :func:`require_scenes`.
    """
    running = _running_application_scene()
    if running is None:
        return new_headless_scene()
    scene = type(running)()
    running.CopyRegisteredNodesToScene(scene)
    return HeadlessScene(scene, None)


def new_headless_scene() -> HeadlessScene:
    """An empty scene with Slicer's node classes and module logic, without the application.

    Raises
    ------
    MissingDependencyError
        If trame-slicer or a system library that it needs is missing.
    """
    application = _application_class()()
    _register_color_legends(application.scene)
    # The editor's own settings node has no place in a saved result.
    application.scene.GetFirstNodeByClass("vtkMRMLSegmentEditorNode").SetSaveWithScene(False)
    _send_messages_to_log()
    headless = HeadlessScene(application.scene, application)
    # The folder into which scenes are unpacked goes when the scene does.
    weakref.finalize(headless, application.io_manager.cache_dir.cleanup)
    return headless


def _register_color_legends(scene: vtkMRMLScene) -> None:
    """Let a scene know the legends that Slicer's Colors module defines, so that saved ones are not lost."""
    from slicer import vtkMRMLColorLegendDisplayNode

    scene.RegisterNodeClass(vtkMRMLColorLegendDisplayNode())


def _running_application_scene() -> vtkMRMLScene | None:
    """The scene of the Slicer application that runs this code; None elsewhere."""
    return getattr(sys.modules.get("slicer"), "mrmlScene", None)


def _application_class() -> type:
    try:
        from trame_slicer.core import SlicerApp
    except ImportError as problem:
        raise MissingDependencyError(
            f"A scene without the Slicer application needs trame-slicer ({problem}); "
            'install it with: python -m pip install "trame-slicer[standalone]==2.0.0"'
        ) from problem
    return SlicerApp


def _send_messages_to_log() -> None:
    """Pass VTK's warnings and errors to the log "hepadose.mrml" instead of the console, and drop its chatter."""
    from vtkmodules.vtkCommonCore import vtkLogger, vtkOutputWindow

    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    window = vtkOutputWindow()
    window.SetDisplayModeToNever()
    log = logging.getLogger("hepadose.mrml")
    for event, write in (("WarningEvent", log.warning), ("ErrorEvent", log.error)):
        _observe_text(window, event, write)
    vtkOutputWindow.SetInstance(window)


def _observe_text(window: Any, event: str, write: Callable[[str], None]) -> None:
    def receive(_caller: Any, _event: str, text: str) -> None:
        write(text.strip())

    # VTK hands the text over only to observers that declare its type.
    receive.CallDataType = "string0"
    window.AddObserver(event, receive)
