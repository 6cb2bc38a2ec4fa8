"""Stand-in for the Slicer application in which module files and .ui files run untouched; never installed.

MRML, VTK, logic, displayable managers, ``slicer.util`` and Qt are the real ones. Only what exists in the application
alone is imitated, as strictly as it is there: what Slicer does not have raises, naming class and attribute.

:func:`start` gives the whole application; :func:`install` only what a module's logic needs, without Qt.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from host.application import PROJECT, HostApplication, start

__all__ = ["PROJECT", "HostApplication", "ParentModule", "install", "load_module", "start"]


class ParentModule:
    """The module object that Slicer hands over, without Qt; only properties that qSlicerScriptedLoadableModule has."""

    __slots__ = (
        "acknowledgementText",
        "associatedNodeTypes",
        "categories",
        "contributors",
        "dependencies",
        "helpText",
        "hidden",
        "icon",
        "index",
        "name",
        "path",
        "title",
        "widgetRepresentationCreationEnabled",
    )

    def __init__(self, path=""):
        self.path = str(path)


def install(scene, set_item, set_attribute):
    """Make the running Python look like Slicer with a scene, as far as logic needs it; no Qt, no application.

    Parameters
    ----------
    scene : vtkMRMLScene
        Becomes ``slicer.mrmlScene``.
    set_item, set_attribute : callable
        ``monkeypatch.setitem`` and ``monkeypatch.setattr``, so that everything is undone after the test.
    """
    import slicer

    from host import slicer_parts

    for name, module in slicer_parts.submodules().items():
        set_item(sys.modules, f"slicer.{name}", module)
        set_attribute(slicer, name, module, raising=False)
    set_attribute(slicer, "mrmlScene", scene, raising=False)


def load_module(name, folder=None):
    """The Python module of an extension module's file, as Slicer loads it.

    Parameters
    ----------
    name : str
        Name of the module.
    folder : Path, optional
        Where its file is; the module's folder of the source by default.
    """
    path = Path(folder or PROJECT / name) / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
