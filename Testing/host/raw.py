"""What lies under the rules: reading and writing without them, and telling C++ classes from Python ones."""

from __future__ import annotations

import shiboken6

raw_set = shiboken6.Object.__setattr__

_cpp_classes: set[type] = set()


def mark_cpp(cls: type) -> None:
    """Treat a class as one of C++: its objects take no new attributes."""
    _cpp_classes.add(cls)


def is_cpp(cls: type) -> bool:
    """Whether the class stands for one of C++, in contrast to one that Python code derived from it."""
    return cls in _cpp_classes


def qt_meta_object(cls: type):
    """Meta-object of the Qt class behind a class.

    Classes made in Python have meta-objects of their own; PySide6 may take one of them for another that is gone.
    """
    return next(base for base in cls.__mro__ if base.__module__.startswith("PySide6.")).staticMetaObject


def static_member(cls: type, name: str):
    """A member of a class as it is written there, without binding it; None if there is none."""
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def cpp_name(cls: type) -> str:
    """The name of the C++ class behind a class."""
    return next(base.__name__ for base in cls.__mro__ if base in _cpp_classes)
