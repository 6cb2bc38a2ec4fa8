"""A real MRML scene where there is no Slicer application: for scripts, batch runs and tests.

It stands on the packages slicer-core and trame-slicer. On Linux, VTK needs the system libraries libGL or libEGL only
for drawing; building, saving and reading a scene needs none.
"""

from __future__ import annotations

import logging
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
    """A scene with the application logic that keeps it alive; hold on to it as long as the scene is used."""

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


def new_headless_scene() -> HeadlessScene:
    """An empty scene with Slicer's node classes and module logic.

    Raises
    ------
    MissingDependencyError
        If trame-slicer or a system library that it needs is missing.
    """
    try:
        from trame_slicer.core import SlicerApp
    except ImportError as problem:
        raise MissingDependencyError(
            f"A scene without the Slicer application needs trame-slicer ({problem}); "
            'install it with: python -m pip install "trame-slicer[standalone]==2.0.0"'
        ) from problem
    application = SlicerApp()
    # The editor's own settings node has no place in a saved result.
    application.scene.GetFirstNodeByClass("vtkMRMLSegmentEditorNode").SetSaveWithScene(False)
    _send_messages_to_log()
    headless = HeadlessScene(application.scene, application)
    # The folder into which scenes are unpacked goes when the scene does.
    weakref.finalize(headless, application.io_manager.cache_dir.cleanup)
    return headless


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
