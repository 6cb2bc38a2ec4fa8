"""The running stand-in of Slicer: one per process."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MODULE_FOLDERS = tuple(
    PROJECT / name for name in ("HepaDose", "FLRDose", "LiverSIRT", "ResponseRECIST") if (PROJECT / name).is_dir()
)
# Modules of the application whose logic exists without it.
APPLICATION_LOGICS = {
    "volumes": "volumes_logic",
    "segmentations": "segmentations_logic",
    "terminologies": "terminologies_logic",
    "subjecthierarchy": "subject_hierarchy_logic",
    "colors": "color_logic",
    "data": "data_logic",
}
POLL_S = 0.005


class HostApplication:
    """What a test does with Slicer as a whole.

    Attributes
    ----------
    slicer_app : trame_slicer.core.SlicerApp
        The real parts: scene, logic, view manager, segmentation editor.
    app : qSlicerApplication
        ``slicer.app``.
    errors : list of Exception
        What was raised where nobody catches it: in slots, timers and observers.
    popups : list of host.popups.Popup
        Dialogs that would have been shown.
    answers : collections.deque
        What the next dialogs are answered.
    packages : host.packages.Packages
        Requests to install packages.
    """

    def __init__(self, folders):
        from host import errors, packages, popups, setup

        self.errors, self.packages = errors.ERRORS, packages.PACKAGES
        self.popups, self.answers = popups.POPUPS.shown, popups.POPUPS.answers
        self.app, self.slicer_app = setup.start()
        self.current = None
        self.window = setup.build_window(self)
        self.register(folders)

    @property
    def scene(self):
        """``slicer.mrmlScene``."""
        return self.slicer_app.scene

    def register(self, folders) -> list[str]:
        """Make the modules of the folders known, as Slicer does at its start.

        Every folder is on the search path before any module is made.

        Parameters
        ----------
        folders : iterable of Path
            Every .py file directly in them is a module.

        Returns
        -------
        list of str
            Names of the modules.
        """
        import slicer

        from host.slicer_modules import make_scripted_module

        folders = [Path(folder).resolve() for folder in folders]
        for folder in folders:
            if str(folder) not in sys.path:
                sys.path.append(str(folder))
        paths = [path for folder in folders for path in sorted(folder.glob("*.py"))]
        for path in paths:
            module = make_scripted_module(path.stem, path)
            self.app.moduleManager()._add(module)
            setattr(slicer.modules, path.stem.lower(), module)
        self._offer_modules()
        return [path.stem for path in paths]

    def _offer_modules(self):
        manager = self.app.moduleManager()
        modules = [manager.module(name) for name in manager.modulesNames()]
        titles = {module.name: module.title for module in modules if not module.hidden}
        self.window.offer_modules(titles, self.select_module)

    def select_module(self, name: str):
        """Show a module's panel, as a choice in the module selector does.

        Returns
        -------
        ScriptedLoadableModuleWidget
            The Python object of the panel; made and set up when the module is first selected.
        """
        module = self.app.moduleManager().module(name)
        if module is None:
            raise KeyError(f"there is no module {name}; there are {', '.join(self.app.moduleManager().modulesNames())}")
        panel = module.widgetRepresentation()
        if self.current is not module:
            self._leave()
            self.current = module
            self.window.show_panel(module.title, panel)
            panel.enter()
        self.process_events()
        return panel.self()

    def reload_module(self, name: str):
        """Press the module's Reload button; gives the new panel object."""
        self.app.moduleManager().module(name).widgetRepresentation().self().onReload()
        self.process_events()
        return self.app.moduleManager().module(name).widgetRepresentation().self()

    def _leave(self):
        if self.current is not None:
            self.current.widgetRepresentation().exit()
            self.window.show_panel("", None)
            self.current = None

    def close_scene(self) -> None:
        """File > Close scene."""
        self.scene.Clear(0)
        self.process_events()

    def save_scene(self, path) -> None:
        """Save the scene as .mrb or .mrml."""
        import slicer

        if not slicer.util.saveScene(str(path)):
            raise RuntimeError(f"the scene could not be saved as {path}")

    def load_scene(self, path) -> None:
        """Close the scene and load another."""
        import slicer

        self.scene.Clear(0)
        slicer.util.loadScene(str(path))
        self.process_events()

    def process_events(self, seconds: float = 0.0) -> None:
        """Let the window live for some time; 0 handles what is waiting, with the drawing of views."""
        from host.views_queue import render_queue

        end = time.monotonic() + seconds
        self.app.processEvents()
        while not render_queue().is_empty():
            self.app.processEvents()
        while time.monotonic() < end:
            time.sleep(POLL_S)
            self.app.processEvents()

    def wait_until(self, condition, timeout_s: float = 30.0) -> None:
        """Let the window live until a condition holds.

        Raises
        ------
        TimeoutError
            If it does not hold in time.
        """
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"the condition did not hold within {timeout_s:g} s")
            self.process_events(POLL_S)

    def screenshot(self, path):
        """Picture of the whole main window."""
        from host.screenshots import window_screenshot

        return window_screenshot(self.window.window, Path(path))

    def reset(self) -> None:
        """Close the scene and drop every panel, so that the next test starts as after a start of Slicer."""
        from host import popups

        self._leave()
        for name in self.app.moduleManager().modulesNames():
            self._drop_panel(self.app.moduleManager().module(name))
        self.scene.Clear(0)
        self._forget_parameters()
        self.process_events()
        self.app.settings().clear()
        popups.POPUPS.reset()
        self.packages.reset()

    def _forget_parameters(self):
        """Remove the modules' parameter nodes, which outlive a closed scene with all their observers."""
        import slicer

        for node in slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"):
            self.scene.RemoveNode(node)

    def _drop_panel(self, module):
        import slicer

        from host.signals import emit

        if module._panel is None:
            return
        emit(self.app.moduleManager(), "moduleAboutToBeUnloaded(QString)", module.name)
        module._panel.deleteLater()
        module._panel = None
        delattr(slicer.modules, f"{module.name}Widget")


_running: list[HostApplication] = []


def start(folders=MODULE_FOLDERS) -> HostApplication:
    """Start the stand-in of Slicer, or give the one that runs.

    Parameters
    ----------
    folders : iterable of Path
        Folders of the modules to register; read at the first call only.
    """
    if not _running:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _running.append(HostApplication(folders))
    return _running[0]
