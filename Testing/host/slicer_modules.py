"""Modules of the application: the C++ objects behind ``slicer.modules`` and around a scripted module's widget."""

# Classes and methods bear Slicer's own names.
from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QVBoxLayout

from host.qmrml_widgets import qSlicerWidget
from host.signals import emit
from host.standin import stand_in


@stand_in
class qSlicerAbstractCoreModule(QObject):
    """What every module is."""

    def __init__(self, name="", path="", logic=None, parent=None):
        super().__init__(parent)
        self._name, self._path, self._logic = name, path, logic

    name = property(lambda self: self._name)
    path = property(lambda self: self._path)

    def logic(self):
        return self._logic

    def mrmlScene(self):
        import slicer

        return slicer.mrmlScene


@stand_in
class qSlicerAbstractModule(qSlicerAbstractCoreModule):
    """A module that can have a panel."""

    def __init__(self, name="", path="", logic=None, parent=None):
        super().__init__(name, path, logic, parent)
        self._panel = None

    def widgetRepresentation(self):
        if self._panel is None:
            self._panel = self.createNewWidgetRepresentation()
        return self._panel


@stand_in
class qSlicerLoadableModule(qSlicerAbstractModule):
    """A module in a library; of those that belong to the application, only the logic is here."""


@stand_in
class qSlicerScriptedLoadableModule(qSlicerLoadableModule):
    """A module in a Python file."""

    def createNewWidgetRepresentation(self):
        return qSlicerScriptedLoadableModuleWidget._of_module(self)


@stand_in
class qSlicerAbstractModuleWidget(qSlicerWidget):
    """The panel of a module; knows whether it is the one that the user sees."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._is_entered, self._module = False, None

    isEntered = property(lambda self: self._is_entered)

    def module(self):
        return self._module

    def enter(self):
        self._is_entered = True

    def exit(self):
        self._is_entered = False


@stand_in
class qSlicerScriptedLoadableModuleWidget(qSlicerAbstractModuleWidget):
    """The panel of a module in a Python file: holds the object whose ``parent`` it is."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._python = None
        QVBoxLayout(self)

    @classmethod
    def _of_module(cls, module):
        import slicer

        widget = cls()
        widget._module = module
        widget.setObjectName(f"{module.name}ModuleWidget")
        widget._make_python()
        widget.setMRMLScene(slicer.mrmlScene)
        widget._python.setup()
        return widget

    moduleName = property(lambda self: self._module.name)

    def self(self):
        return self._python

    def enter(self):
        super().enter()
        self._call("enter")

    def exit(self):
        super().exit()
        self._call("exit")

    def reload(self):
        self._make_python()
        self._python.setup()

    def _make_python(self):
        import slicer

        name = f"{self._module.name}Widget"
        self._python = getattr(sys.modules[self._module.name], name)(self)
        setattr(slicer.modules, name, self._python)

    def _call(self, method):
        # Slicer calls these where the class has them.
        function = getattr(self._python, method, None)
        if function is not None:
            function()


@stand_in
class qSlicerAbstractModuleFactoryManager(QObject):
    """Knows which modules there are."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._modules = {}

    def registeredModuleNames(self):
        return list(self._modules)

    def instantiatedModuleNames(self):
        return list(self._modules)

    def isRegistered(self, name):
        return name in self._modules

    def isInstantiated(self, name):
        return name in self._modules

    def moduleInstance(self, moduleName):
        return self._modules.get(moduleName)


@stand_in
class qSlicerModuleFactoryManager(qSlicerAbstractModuleFactoryManager):
    """Knows which modules are loaded."""

    def loadedModuleNames(self):
        return list(self._modules)

    def isLoaded(self, name):
        return name in self._modules

    def loadedModule(self, name):
        return self._modules.get(name)


@stand_in
class qSlicerModuleManager(QObject):
    """Gives modules by name and tells when they come and go."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._factory = qSlicerModuleFactoryManager(self)

    def factoryManager(self):
        return self._factory

    def modulesNames(self):
        return self._factory.loadedModuleNames()

    def module(self, name):
        return self._factory.loadedModule(name)

    def _add(self, module):
        self._factory._modules[module.name] = module
        emit(self, "moduleLoaded(QString)", module.name)

    def _unload(self, name):
        emit(self, "moduleAboutToBeUnloaded(QString)", name)
        del self._factory._modules[name]


def import_module_file(name: str, path: Path):
    """The Python module of an extension module's file, as Slicer imports it: known under the module's name."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if not inspect.isclass(getattr(module, name, None)):
        raise AttributeError(f"{path} is taken for a module and must define a class {name}")
    return module


def make_scripted_module(name: str, path: Path) -> qSlicerScriptedLoadableModule:
    """Import a module file and describe the module by its class."""
    python = import_module_file(name, path)
    module = qSlicerScriptedLoadableModule(name, str(path))
    module.setObjectName(f"{name}Module")
    # Slicer keeps the describing object as long as the module; its runTest is registered by it.
    module._description = getattr(python, name)(module)
    return module
