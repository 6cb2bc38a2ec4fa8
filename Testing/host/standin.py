"""Stand-ins of CTK's and Slicer's own classes, held to the table of what PythonQt shows of them.

A stand-in is a class derived from a Qt class and decorated with :func:`stand_in`. Its properties are Python properties;
its slots and invokable methods are methods; its signals come from the table and are emitted with
:func:`host.signals.emit`. Names that begin with an underscore are its own business. A public name that the real class
does not have is refused when the class is made; what the real class has and the stand-in has not is made as far as
that is honest: a property keeps its value, ``setX`` sets the property ``x``, every other method raises
NotImplementedError.
"""

from __future__ import annotations

import functools
import inspect

from PySide6 import QtCore, QtGui, QtWidgets

from host import pythonqt
from host.raw import mark_cpp, raw_set, static_member
from host.signals import SignalAttribute
from host.slots import SlotTable
from host.table import Api, Property, api_of, known, make_api
from host.values import accepted, default_of

STORED = "_host_stored"


class TypedProperty:
    """A property of a stand-in: its type and whether it can be written come from the table."""

    def __init__(self, entry: Property, behavior: property | None = None):
        self.entry, self.behavior = entry, behavior

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        if self.behavior is not None:
            return self.behavior.fget(instance)
        values = vars(instance).get(STORED, {})
        if self.entry.name in values:
            return values[self.entry.name]
        return getattr(type(instance), "_defaults", {}).get(self.entry.name, default_of(self.entry.type))

    def __set__(self, instance, value):
        owner, name = type(instance).__name__, self.entry.name
        if not self.entry.writable:
            raise AttributeError(f"Property '{name}' of {owner} object is not writable")
        value = accepted(value, self.entry.type, owner, name)
        if self.behavior is not None:
            self.behavior.fset(instance, value)
        else:
            stored(instance)[name] = value


def stored(instance) -> dict:
    """Values of the properties of a stand-in that have no behavior here."""
    if STORED not in vars(instance):
        raw_set(instance, STORED, {})
    return vars(instance)[STORED]


def stand_in(cls=None, *, api: dict | None = None):
    """Class decorator: hold a stand-in to what PythonQt shows of the real class of the same name.

    Parameters
    ----------
    api : dict, optional
        Entry of the table's form, for a real class that the table does not have.

    Raises
    ------
    TypeError
        If the class has a public name that the real class lacks, or another base; names class and name.
    """
    if cls is None:
        return functools.partial(stand_in, api=api)
    pythonqt.install()
    entry = make_api(cls.__name__, api) if api is not None else api_of(cls.__name__)
    _check_base(cls, entry)
    _check_names(cls, entry)
    for name, item in entry.properties.items():
        _add_property(cls, name, item)
    for name, signatures in entry.signal_signatures.items():
        inherited = static_member(cls, name)
        native = inherited.native if isinstance(inherited, SignalAttribute) else {}
        setattr(cls, name, SignalAttribute(name, {**dict.fromkeys(signatures, False), **native}))
    for name, signatures in entry.methods.items():
        if static_member(cls, name) is None:
            setattr(cls, name, _method(cls.__name__, name, signatures, entry))
    SlotTable.declare(cls, [text for slot in entry.slots for text in slot.signatures])
    mark_cpp(cls)
    return cls


def bare(name: str) -> type:
    """A stand-in without behavior of its own, for a class that only the table knows."""
    entry = api_of(name)
    base = bare(entry.base) if known(entry.base) else _qt_class(entry.base, name)
    return stand_in(type(base)(name, (base,), {"__module__": __name__, "__doc__": f"{name} without behavior."}))


def _qt_class(base: str, name: str) -> type:
    for module in (QtWidgets, QtGui, QtCore):
        if hasattr(module, base):
            return getattr(module, base)
    raise NotImplementedError(f"{name} derives from {base}, which the stand-in of Slicer does not have")


def _check_base(cls, entry: Api):
    if entry.base not in [base.__name__ for base in cls.__mro__[1:]]:
        raise TypeError(f"{cls.__name__} derives from {entry.base} in Slicer, here from {cls.__base__.__name__}")


def _check_names(cls, entry: Api):
    shown = {*entry.properties, *entry.methods, *entry.signal_signatures}
    for name, member in vars(cls).items():
        if name.startswith("_") or name in shown or inspect.isclass(member) or isinstance(member, int):
            continue
        if static_member(cls.__base__, name) is None:
            raise TypeError(f"{cls.__name__}.{name}: PythonQt shows no such property, slot, signal or Q_INVOKABLE")


def _add_property(cls, name, item: Property):
    own = static_member(cls, name)
    behavior = own if isinstance(own, property) else None
    if behavior is not None and item.writable and behavior.fset is None:
        raise TypeError(f"{cls.__name__}.{name} is writable in Slicer and needs a setter")
    setattr(cls, name, TypedProperty(item, behavior))


def _method(owner: str, name: str, signatures, entry: Api):
    changed = name[3:4].lower() + name[4:]
    if name.startswith("set") and changed in entry.properties:

        def method(self, value):
            setattr(self, changed, value)
    else:

        def method(self, *arguments):
            raise NotImplementedError(f"{owner}.{name}: the stand-in of Slicer has {signatures} without behavior")

    method.__name__ = name
    return method
