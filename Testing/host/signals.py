"""Signals as PythonQt shows them: ``connect`` by name and signature, or on the signal itself.

A signal or slot that the class does not have is refused; PythonQt only prints a warning there.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import shiboken6
from PySide6.QtCore import SIGNAL, QObject

from host.raw import raw_set, static_member
from host.signatures import normalized

NATIVE_CONNECT = QObject.connect
NATIVE_DISCONNECT = QObject.disconnect
NATIVE_EMIT = QObject.emit
CONNECTIONS = "_host_connections"


@dataclass(frozen=True)
class Connection:
    """One receiver of one signal; ``deliver`` is called with all arguments of the signal."""

    signature: str
    receiver: Any
    deliver: Any


class SignalAttribute:
    """Class attribute for all overloads of a signal.

    ``native`` maps a signature to True where Qt itself emits it, to False where a stand-in does.
    """

    def __init__(self, name: str, native: dict[str, bool]):
        self.name, self.native = name, native

    def __get__(self, instance, owner=None):
        return self if instance is None else BoundSignal(instance, self)

    def __set__(self, instance, value):
        raise AttributeError(f"Signal '{self.name}' can not be overwritten on {type(instance).__name__} object")


class BoundSignal:
    """A signal of one object."""

    def __init__(self, sender, attribute: SignalAttribute):
        self._sender, self._attribute = sender, attribute

    def connect(self, receiver):
        return add(self._sender, self._first(), receiver)

    def disconnect(self, *receiver):
        return remove(self._sender, self._first(), *receiver)

    def emit(self, *arguments):
        emit(self._sender, self._fitting(arguments), *arguments)

    __call__ = emit

    def _first(self):
        # PythonQt takes the first overload that the class declares.
        return next(iter(self._attribute.native))

    def _fitting(self, arguments):
        for signature in self._attribute.native:
            types = parameter_types(signature)
            if len(types) == len(arguments) and all(map(_fits, arguments, types)):
                return signature
        raise TypeError(
            f"{type(self._sender).__name__}.{self._attribute.name} is no signal of {arguments!r}; "
            f"it has {', '.join(self._attribute.native)}"
        )


def find_signal(sender, text: str) -> str:
    """The normalized signature of a signal of an object.

    Raises
    ------
    ValueError
        If the class has no such signal; names class and signature.
    """
    signature = normalized(text)
    attribute = static_member(type(sender), signature.partition("(")[0])
    offered = attribute.native if isinstance(attribute, SignalAttribute) else {}
    if signature not in offered:
        hint = f"; it has {', '.join(offered)}" if offered else ""
        raise ValueError(f"{type(sender).__name__} has no signal '{text}'{hint}")
    return signature


def add(sender, signature: str, receiver) -> bool:
    """Call ``receiver`` with as many of the signal's arguments as it takes."""
    if not callable(receiver):
        raise TypeError(f"{type(sender).__name__}.{signature} can only be connected to a callable, got {receiver!r}")
    return add_delivery(sender, signature, receiver, _delivery(receiver))


def add_delivery(sender, signature: str, receiver, deliver) -> bool:
    """Keep a connection under the key ``receiver``."""
    connections = vars(sender).get(CONNECTIONS)
    if connections is None:
        connections = []
        raw_set(sender, CONNECTIONS, connections)
    connections.append(Connection(signature, receiver, deliver))
    if _is_native(sender, signature):
        NATIVE_CONNECT(sender, SIGNAL(signature), deliver)
    return True


def remove(sender, signature: str, *receiver) -> bool:
    """Forget one receiver, or all of them where none is given; False if there was none."""
    connections = vars(sender).get(CONNECTIONS, [])
    gone = [c for c in connections if c.signature == signature and (not receiver or c.receiver == receiver[0])]
    for connection in gone:
        connections.remove(connection)
        if _is_native(sender, signature):
            NATIVE_DISCONNECT(sender, SIGNAL(signature), connection.deliver)
    return bool(gone)


def emit(sender, signature: str, *arguments) -> None:
    """Emit a signal.

    Parameters
    ----------
    signature : str
        As declared, e.g. ``"currentNodeChanged(vtkMRMLNode*)"``; refused if the class has no such signal.
    """
    signature = find_signal(sender, signature)
    if _is_native(sender, signature):
        NATIVE_EMIT(sender, SIGNAL(signature), *arguments)
        return
    if sender.signalsBlocked():
        return
    for connection in list(vars(sender).get(CONNECTIONS, ())):
        if connection.signature == signature and shiboken6.isValid(sender):
            connection.deliver(*arguments)


def parameter_types(signature: str) -> list[str]:
    """Types of a normalized signature."""
    inner = signature.partition("(")[2][:-1]
    return inner.split(",") if inner else []


def _is_native(sender, signature):
    return static_member(type(sender), signature.partition("(")[0]).native[signature]


def _fits(argument, cpp_type):
    if cpp_type == "bool":
        return isinstance(argument, bool)
    if cpp_type == "QString":
        return isinstance(argument, str)
    if cpp_type in {"int", "double"}:
        return isinstance(argument, (int, float)) and not isinstance(argument, bool)
    return not isinstance(argument, (bool, str, float))


def _delivery(receiver):
    """PythonQt drops surplus arguments for functions and methods, and for them only: not for a partial."""
    function = receiver.__func__ if inspect.ismethod(receiver) else receiver
    if not inspect.isfunction(function):
        return lambda *arguments: receiver(*arguments)
    code = function.__code__
    if code.co_flags & inspect.CO_VARARGS:
        return lambda *arguments: receiver(*arguments)
    count = code.co_argcount - inspect.ismethod(receiver)
    return lambda *arguments: receiver(*arguments[:count])
