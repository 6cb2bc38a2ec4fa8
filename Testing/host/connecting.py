"""``connect`` and ``disconnect`` of every object, as PythonQt offers them."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QMetaMethod

from host import signals
from host.raw import qt_meta_object
from host.signals import find_signal, parameter_types
from host.signatures import normalized
from host.slots import SlotTable


def connect(sender, signal, receiver, slot=None, connection_type=None):
    """``connect(signal, callable)`` or ``connect(signal, receiver, slot)``."""
    signature = find_signal(sender, signal)
    if slot is None:
        return signals.add(sender, signature, receiver)
    found = find_slot(receiver, slot)
    expected, given = parameter_types(found), parameter_types(signature)
    if expected != given[: len(expected)]:
        raise ValueError(f"{type(sender).__name__}.{signature} does not fit {type(receiver).__name__}.{found}")
    return signals.add_delivery(sender, signature, (receiver, found), _call(receiver, found))


def disconnect(sender, signal, receiver=None, slot=None):
    """``disconnect(signal)``, ``disconnect(signal, callable)`` or ``disconnect(signal, receiver, slot)``."""
    signature = find_signal(sender, signal)
    if receiver is None:
        return signals.remove(sender, signature)
    return signals.remove(sender, signature, (receiver, find_slot(receiver, slot)) if slot else receiver)


def find_slot(receiver, text: str) -> str:
    """The normalized signature of a slot of an object.

    Raises
    ------
    ValueError
        If the class has no such slot; names class and signature.
    """
    signature = normalized(text)
    if signature in SlotTable.of(type(receiver)) or _is_qt_slot(receiver, signature):
        return signature
    raise ValueError(f"{type(receiver).__name__} has no slot '{text}'")


def _is_qt_slot(receiver, signature):
    meta = qt_meta_object(type(receiver))
    index = meta.indexOfMethod(signature)
    return index >= 0 and meta.method(index).methodType() in (
        QMetaMethod.MethodType.Slot,
        QMetaMethod.MethodType.Signal,
    )


def _call(receiver, signature):
    name, count = signature.partition("(")[0], len(parameter_types(signature))

    def deliver(*arguments):
        if shiboken6.isValid(receiver):
            getattr(receiver, name)(*arguments[:count])

    return deliver


METHODS = {"connect": connect, "disconnect": disconnect}
