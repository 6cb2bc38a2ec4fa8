"""``slicer.app``: the application object."""

# Classes, methods and arguments bear Slicer's own names.
from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QSettings
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from host.signals import emit
from host.slicer_io import qSlicerIOManager
from host.slicer_modules import qSlicerModuleManager
from host.standin import stand_in

VERSION = (5, 12, 0)


@stand_in(
    api={
        "base": "QObject",
        "properties": {},
        "invokables": ["bool parseArguments(const QStringList& arguments)"],
    }
)
class ctkCommandLineParser(QObject):
    """Base of the command-line options."""


@stand_in
class qSlicerCoreCommandOptions(ctkCommandLineParser):
    """Options of the command line."""


@stand_in
class qSlicerCommandOptions(qSlicerCoreCommandOptions):
    """Options of the command line that concern windows."""


@stand_in
class qSlicerCoreApplication(QApplication):
    """The application without windows."""

    def __init__(self):
        super().__init__(["Slicer"])
        self._home = tempfile.TemporaryDirectory(prefix="slicer-host-", ignore_cleanup_errors=True)
        self._io, self._scene, self._logic = None, None, None
        self._modules = qSlicerModuleManager(self)
        self._pauses = 0
        self.setOrganizationName("NA-MIC")
        self.setApplicationName("Slicer")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, self._home.name)
        self.temporaryPath, self.cachePath = self._folder("tmp"), self._folder("cache")

    applicationLocale = property(lambda self: QLocale())
    majorVersion = property(lambda self: VERSION[0])
    minorVersion = property(lambda self: VERSION[1])
    mainApplicationMajorVersion, mainApplicationMinorVersion = majorVersion, minorVersion
    mainApplicationPatchVersion = property(lambda self: VERSION[2])
    mainApplicationName = property(lambda self: "Slicer")
    isInstalled = property(lambda self: True)
    slicerHome = property(lambda self: self._folder("home"))
    startupWorkingPath = property(lambda self: str(Path.cwd()))
    documentationBaseUrl = property(lambda self: "https://slicer.readthedocs.io/en/latest/")

    def _folder(self, name):
        path = Path(self._home.name) / name
        path.mkdir(exist_ok=True)
        return str(path)

    def _take(self, slicer_app):
        """Take over scene, logic and reading from the parts of Slicer that are real."""
        self._scene, self._logic = slicer_app.scene, slicer_app.app_logic
        self._io = qSlicerIOManager(slicer_app.io_manager, self)

    def mrmlScene(self):
        return self._scene

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, moduleName):
        return self._logic.GetModuleLogic(moduleName)

    def moduleManager(self):
        return self._modules

    def coreIOManager(self):
        return self._io

    def settings(self):
        return QSettings()

    def userSettings(self):
        return QSettings()

    def moduleDocumentationUrl(self, moduleName):
        return f"{self.documentationBaseUrl}user_guide/modules/{moduleName.lower()}.html"

    def openUrl(self, url):
        QDesktopServices.openUrl(url)

    def processEvents(self):
        QCoreApplication.processEvents()

    @staticmethod
    def testingEnabled():
        return False

    def pauseRender(self):
        self.setRenderPaused(True)

    def resumeRender(self):
        self.setRenderPaused(False)

    def setRenderPaused(self, pause):
        self._pauses = max(0, self._pauses + (1 if pause else -1))


@stand_in
class qSlicerApplication(qSlicerCoreApplication):
    """The application with windows."""

    def __init__(self):
        super().__init__()
        self._layout_manager, self._options = None, qSlicerCommandOptions(self)

    def layoutManager(self):
        return self._layout_manager

    def setLayoutManager(self, layoutManager):
        self._layout_manager = layoutManager

    def commandOptions(self):
        return self._options

    def ioManager(self):
        return self._io

    def setRenderPaused(self, pause):
        was_paused = self._pauses > 0
        super().setRenderPaused(pause)
        if was_paused != (self._pauses > 0):
            self._layout_manager.setRenderPaused(pause)
            emit(self, "renderPaused(bool)", self._pauses > 0)
