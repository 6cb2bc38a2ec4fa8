"""The selector through which ``slicer.util.selectModule`` shows a module's panel."""

# Classes and methods bear Slicer's own names.
from __future__ import annotations

from PySide6.QtWidgets import QToolBar

from host.raw import raw_set
from host.signals import emit
from host.standin import stand_in


@stand_in(
    api={
        "base": "QToolBar",
        "properties": {"selectedModule": {"type": "QString", "writable": True}},
        "slots": ["void selectModule(const QString& moduleName)"],
        "signals": ["void moduleSelected(const QString& name)"],
    }
)
class qSlicerModuleSelectorToolBar(QToolBar):
    """Selects by name; the box that the user sees is the main window's own."""

    def __init__(self, application=None, parent=None):
        super().__init__(parent)
        self._application = application

    @property
    def selectedModule(self):
        return self._application.current.name if self._application.current else ""

    @selectedModule.setter
    def selectedModule(self, moduleName):
        self.selectModule(moduleName)

    def selectModule(self, moduleName):
        self._application.select_module(moduleName)
        emit(self, "moduleSelected(QString)", moduleName)


def give_to(window, application) -> None:
    """Let a main window answer ``moduleSelector()``, which Slicer's invokable of this name does.

    Parameters
    ----------
    window : QMainWindow
        Bears the name "qSlicerMainWindow".
    application : HostApplication
        Shows the panels.
    """
    selector = qSlicerModuleSelectorToolBar(application, window)
    selector.hide()
    raw_set(window, "moduleSelector", lambda: selector)
