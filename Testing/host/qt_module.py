"""The module ``qt``: Qt's own classes under PythonQt's rules, without what only PySide6 has.

Dialogs that would wait for a person are answered by what the test prepared; see :mod:`host.popups`.
"""

from __future__ import annotations

import importlib
import types
from functools import cache

from PySide6 import QtCore, QtGui, QtWidgets

from host import popups, pythonqt
from host.ui_loader import StrictUiLoader

PARTS = ("QtCore", "QtGui", "QtWidgets", "QtUiTools", "QtNetwork", "QtPrintSupport", "QtSvg", "QtTest", "QtXml")
SINGLE = {"Qt": QtCore.Qt}
# PySide6's helpers that begin like a class.
NOT_QT = {"QT_TR_NOOP", "QT_TR_NOOP_UTF8", "QT_TRANSLATE_NOOP", "QT_TRID_NOOP", "QEnum", "QFlag"}


class QtModule(types.ModuleType):
    """Finds a class of Qt when it is first asked for."""

    def __getattr__(self, name):
        found = SINGLE.get(name) or self._class(name)
        if found is None:
            raise AttributeError(f"module 'qt' has no attribute '{name}'")
        setattr(self, name, found)
        return found

    def _class(self, name):
        if not name.startswith("Q") or name in NOT_QT:
            return None
        for part in PARTS:
            found = getattr(importlib.import_module(f"PySide6.{part}"), name, None)
            if isinstance(found, type):
                return found
        return None


@cache
def make() -> QtModule:
    """The module; Qt's classes are changed when it is first made."""
    pythonqt.install()
    for cls in (QtWidgets.QDialog, QtWidgets.QMenu, QtCore.QEventLoop, QtGui.QDrag):
        cls.exec_ = cls.exec
    popups.install()
    module = QtModule("qt", "Qt as Python sees it inside Slicer.")
    module.QUiLoader = StrictUiLoader
    return module
