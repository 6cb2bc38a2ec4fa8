"""Gives PySide6's classes the manners of PythonQt, for the whole process.

Properties of the meta-object are attributes and hide methods of the same name; signals are connected by signature;
objects of C++ classes take no new attributes; dynamic properties and child objects answer as attributes.
"""

from __future__ import annotations

import sys
from functools import cache

import shiboken6
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from PySide6.QtCore import QMetaMethod, QObject

from host import connecting, finding
from host.raw import cpp_name, is_cpp, mark_cpp, raw_set, static_member
from host.signals import SignalAttribute
from host.values import accepted, refusal

MODULES = (QtCore, QtGui, QtWidgets, QtUiTools)
LOADER = "host.ui_loader"
NATIVE_PROPERTY = QObject.property
NATIVE_SET_PROPERTY = QObject.setProperty


class QtProperty:
    """A property of a Qt class: readable, and writable where Qt says so."""

    def __init__(self, cls: type, meta: QtCore.QMetaProperty):
        self.name, self.type, self.owner = meta.name(), meta.typeName(), cls.__name__
        self.is_writable, self.is_enum = meta.isWritable(), meta.isEnumType()
        # Such as the static method QTimer.singleShot, of which the property is only a namesake.
        self._of_class = getattr(cls, self.name, None)
        self._getter = _method(cls, self.name, f"is{self.name[:1].upper()}{self.name[1:]}")
        self._setter = _method(cls, f"set{self.name[:1].upper()}{self.name[1:]}")

    def __get__(self, instance, owner=None):
        if instance is None:
            return self._of_class or self
        return self._getter(instance) if self._getter else NATIVE_PROPERTY(instance, self.name)

    def __set__(self, instance, value):
        owner = type(instance).__name__
        if not self.is_writable:
            raise AttributeError(f"Property '{self.name}' of {owner} object is not writable")
        value = accepted(value, self.type, owner, self.name)
        if self.is_enum and isinstance(value, int):
            value = type(self.__get__(instance))(value)
        try:
            self._write(instance, value)
        except (TypeError, ValueError):
            raise refusal(value, self.type, owner, self.name) from None

    def _write(self, instance, value):
        if self._setter:
            self._setter(instance, value)
        elif not NATIVE_SET_PROPERTY(instance, self.name, value):
            raise TypeError(self.name)


def _method(cls, *names):
    for name in names:
        is_static = isinstance(static_member(cls, name), staticmethod)
        method = getattr(cls, name, None)
        if callable(method) and not is_static and not isinstance(method, QtCore.Signal):
            return method
    return None


@cache
def install() -> None:
    """Change the classes once; later calls do nothing."""
    classes = [cls for module in MODULES for cls in vars_of(module) if issubclass(cls, shiboken6.Object)]
    members = {cls: _members(cls) for cls in classes if issubclass(cls, QObject)}
    keeps_own = {cls: _looks_up_itself(cls) for cls in members}
    for cls in classes:
        mark_cpp(cls)
        cls.__setattr__ = write
        cls.__getattr__ = missing
    for cls, found in members.items():
        cls.__bool__ = _is_alive
        if not keeps_own[cls]:
            cls.__getattribute__ = object.__getattribute__
        for name, member in found.items():
            setattr(cls, name, member)
    for name, function in {**connecting.METHODS, **finding.METHODS}.items():
        setattr(QObject, name, function)


def vars_of(module) -> list[type]:
    """Classes of a PySide6 module, each once."""
    found = [getattr(module, name) for name in dir(module)]
    return list({id(item): item for item in found if isinstance(item, type)}.values())


def _looks_up_itself(cls: type) -> bool:
    """Whether PySide6 looks up the attributes of a class in a way of its own, e.g. for static namesakes (QFile.exists).

    QObject's own way would put PySide6's connect and disconnect before those of the class.
    """
    return any("__getattribute__" in vars(base) for base in cls.__mro__[: cls.__mro__.index(QObject)])


def _members(cls: type) -> dict:
    """The properties and signals that a class adds to its base, or whose getter it overrides."""
    meta = cls.staticMetaObject
    offset = meta.propertyOffset()
    metas = [
        meta.property(i) for i in range(meta.propertyCount()) if i >= offset or meta.property(i).name() in vars(cls)
    ]
    properties = [QtProperty(cls, item) for item in metas]
    methods = [meta.method(i) for i in range(meta.methodOffset(), meta.methodCount())]
    signals: dict[str, dict[str, bool]] = {}
    for method in methods:
        if method.methodType() == QMetaMethod.MethodType.Signal:
            name = method.name().data().decode()
            signals.setdefault(name, {})[method.methodSignature().data().decode()] = True
    found = {name: SignalAttribute(name, native) for name, native in signals.items()}
    return {**found, **{item.name: item for item in properties}}


def write(self, name: str, value) -> None:
    """Set an attribute of a Qt object under PythonQt's rules."""
    cls = type(self)
    member = static_member(cls, name)
    if hasattr(type(member), "__set__"):
        type(member).__set__(member, self, value)
    elif not is_cpp(cls) or _is_own_state(name):
        raw_set(self, name, value)
    elif isinstance(self, QObject) and _write_dynamic(self, name, value):
        return
    elif sys._getframe(1).f_globals.get("__name__") == LOADER:
        return  # PySide6 writes every child as an attribute of the form; here children are found by name.
    elif member is not None:
        raise AttributeError(f"Slot '{name}' can not be overwritten on {cls.__name__} object")
    else:
        raise AttributeError(
            f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects is not allowed"
        )


def _is_alive(self):
    """PythonQt's truth of an object: false once Qt has deleted it."""
    return shiboken6.isValid(self)


def _is_own_state(name):
    """Whether a stand-in, and not the code under test, writes to its own private state."""
    if not name.startswith("_"):
        return False
    return sys._getframe(2).f_globals.get("__name__", "").partition(".")[0] == "host"


def _write_dynamic(self, name, value):
    if name == "name":
        self.setObjectName(value)
        return True
    if name in _dynamic_names(self):
        NATIVE_SET_PROPERTY(self, name, value)
        return True
    return False


def missing(self, name: str):
    """Answer for an attribute that the class lacks: dynamic property, child of that name, or an error."""
    if not name.startswith("__") and isinstance(self, QObject) and shiboken6.isValid(self):
        if name == "name":
            return self.objectName
        if name in _dynamic_names(self):
            return NATIVE_PROPERTY(self, name)
        for child in self.children():
            if child.objectName == name:
                return child
    raise AttributeError(f"{cpp_name(type(self))} has no attribute named '{name}'")


def _dynamic_names(self):
    return {bytes(name.data()).decode() for name in self.dynamicPropertyNames()}
