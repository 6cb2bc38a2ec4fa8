"""The module ``ctk``: classes of CTK that PythonQt shows, each made when it is first asked for."""

from __future__ import annotations

import types
from functools import cache

from host.classes import application_class


class ctkWidgetsUtils:
    """Static functions of CTK that Python sees."""

    @staticmethod
    def grabWidget(widget, *rectangle):
        return widget.grab(*rectangle).toImage()


class CtkModule(types.ModuleType):
    """Finds a class of CTK when it is first asked for."""

    def __getattr__(self, name):
        if not name.startswith("ctk"):
            raise AttributeError(f"module 'ctk' has no attribute '{name}'")
        try:
            found = application_class(name)
        except KeyError as problem:
            raise AttributeError(f"module 'ctk' has no attribute '{name}': {problem.args[0]}") from None
        setattr(self, name, found)
        return found


@cache
def make() -> CtkModule:
    """The module."""
    module = CtkModule("ctk", "CTK as Python sees it inside Slicer.")
    module.ctkWidgetsUtils = ctkWidgetsUtils
    return module
