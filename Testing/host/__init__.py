"""Stand-in for the parts of the Slicer application that module files need; never installed.

MRML, VTK and ``slicer.util`` are Slicer's own. Only what exists in the application alone is imitated, as strictly as
it is there: what is not here raises.
"""

from __future__ import annotations

import importlib.util
import sys
import types
import unittest
from pathlib import Path

from host.parameters import Choice, WithinRange, parameterNodeWrapper

PROJECT = Path(__file__).resolve().parents[2]


class ScriptedLoadableModule:
    """Base of the class that describes a module."""

    def __init__(self, parent):
        self.parent = parent


class ScriptedLoadableModuleWidget:
    """Base of the panel; the tests of logic never make one."""

    def __init__(self, parent=None):
        self.parent = parent


class ScriptedLoadableModuleLogic:
    """Base of the logic: one parameter node per module and scene."""

    def __init__(self, parent=None):
        self.parent = parent
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self):
        import slicer

        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node = slicer.mrmlScene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of the self-tests."""


class ParentModule:
    """The module object that Slicer hands over; only properties that qSlicerScriptedLoadableModule has."""

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
        "title",
        "widgetRepresentationCreationEnabled",
    )


def install(scene, set_item, set_attribute):
    """Make the running Python look like Slicer with a scene.

    Parameters
    ----------
    scene : vtkMRMLScene
        Becomes ``slicer.mrmlScene``.
    set_item, set_attribute : callable
        ``monkeypatch.setitem`` and ``monkeypatch.setattr``, so that everything is undone after the test.
    """
    import slicer

    parts = {
        "ScriptedLoadableModule": {
            base.__name__: base
            for base in (
                ScriptedLoadableModule,
                ScriptedLoadableModuleWidget,
                ScriptedLoadableModuleLogic,
                ScriptedLoadableModuleTest,
            )
        },
        "parameterNodeWrapper": {
            "parameterNodeWrapper": parameterNodeWrapper,
            "Choice": Choice,
            "WithinRange": WithinRange,
        },
        "i18n": {"tr": lambda text: text, "translate": lambda context, text: text},
    }
    for name, members in parts.items():
        module = types.ModuleType(f"slicer.{name}")
        vars(module).update(members)
        set_item(sys.modules, f"slicer.{name}", module)
        set_attribute(slicer, name, module, raising=False)
    set_attribute(slicer, "mrmlScene", scene, raising=False)


def load_module(name):
    """The Python module of an extension module's file, as Slicer loads it."""
    path = PROJECT / name / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
