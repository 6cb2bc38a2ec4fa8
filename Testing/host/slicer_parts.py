"""Puts into the package ``slicer`` what slicer-core leaves out because it belongs to the application."""

from __future__ import annotations

import inspect
import sys
import types
from functools import cache
from pathlib import Path

from host import packages, parameters, scripted

BASES = (
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleWidget",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
)
PUBLIC = {
    "ScriptedLoadableModule": (scripted, BASES),
    "parameterNodeWrapper": (parameters, parameters.__all__),
    "packaging": (packages, ("pip_check", "pip_ensure", "pip_install", "pip_uninstall")),
}


class ModulesNamespace(types.ModuleType):
    """``slicer.modules``: module objects in lower case, and the widgets of scripted modules."""

    def __getattr__(self, name):
        raise AttributeError(f"module 'slicer.modules' has no attribute '{name}'")


def submodules() -> dict[str, types.ModuleType]:
    """The modules that are the same with and without widgets, by their name in ``slicer``."""
    made = {}
    for part, (source, shown) in PUBLIC.items():
        module = types.ModuleType(f"slicer.{part}")
        vars(module).update({name: getattr(source, name) for name in shown})
        made[part] = module
    made["i18n"] = _module("i18n", tr=tr, translate=translate, getContext=get_context)
    made["testing"] = _module("testing", exitSuccess=lambda: None, exitFailure=_exit_failure)
    return made


def _module(name, **members):
    module = types.ModuleType(f"slicer.{name}")
    vars(module).update(members)
    return module


def tr(text):
    """Translate a text of the calling file; the stand-in has no translations."""
    caller = sys._getframe(1)
    return translate(get_context(inspect.getsourcefile(caller) or caller.f_code.co_filename), text)


def translate(context, text):
    """Translate a text of a context."""
    if not isinstance(text, str):
        raise TypeError(f"a text to translate must be a str, got {type(text).__name__}")
    return text


@cache
def get_context(source_file):
    """Name under which the texts of a file are translated."""
    path = Path(source_file)
    is_in_package = (path.parent / "__init__.py").is_file()
    return f"{path.parent.name}.{path.stem}" if is_in_package else path.stem


def _exit_failure(message=""):
    raise RuntimeError(message)


def application_member(name: str):
    """What ``slicer`` has of the application's widget classes; for the package's ``__getattr__``."""
    from host.classes import application_class

    if name.startswith(("qMRML", "qSlicer")):
        try:
            return application_class(name)
        except KeyError as problem:
            raise AttributeError(f"module 'slicer' has no attribute '{name}': {problem.args[0]}") from None
    raise AttributeError(f"module 'slicer' has no attribute '{name}'")
