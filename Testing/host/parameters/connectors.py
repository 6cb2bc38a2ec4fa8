"""Ties between a widget and a parameter: which exact class of widget can show which type."""

from __future__ import annotations

import abc
from dataclasses import dataclass

from host.parameters.validators import split_annotated


@dataclass
class Decimals:
    """Annotation: how many decimals a widget shows."""

    value: int


@dataclass
class SingleStep:
    """Annotation: how far one step of a widget goes."""

    value: float


class GuiConnector(abc.ABC):
    """Base of a tie; ``read`` and ``write`` translate between widget and parameter."""

    def __init__(self, widget, datatype):
        self._widget, self._datatype, self._callback = widget, datatype, None

    @staticmethod
    @abc.abstractmethod
    def canRepresent(widget, datatype) -> bool:
        """Whether this tie is for the widget's class and the type."""

    @classmethod
    def create(cls, widget, datatype):
        return cls(widget, datatype)

    def widget(self):
        return self._widget

    def onChanged(self, callback):
        self._callback = callback
        if callback is None:
            self._disconnect()
        else:
            self._connect()

    def changed(self):
        if self._callback is not None:
            self._callback()

    @abc.abstractmethod
    def _connect(self):
        """Listen to the widget."""

    @abc.abstractmethod
    def _disconnect(self):
        """Stop listening."""

    @abc.abstractmethod
    def read(self):
        """The widget's value, in the parameter's type."""

    @abc.abstractmethod
    def write(self, value):
        """Show a value."""


_registered: list[type[GuiConnector]] = []


def parameterNodeGuiConnector(cls):
    """Class decorator: use this tie for what it can represent."""
    _registered.append(cls)
    return cls


def createGuiConnector(widget, datatype):
    """The tie of a widget and a type.

    Raises
    ------
    RuntimeError
        If Slicer has none for this class of widget and this type.
    """
    for cls in _registered:
        if cls.canRepresent(widget, datatype):
            return cls.create(widget, datatype)
    raise RuntimeError(
        f"Unable to create GUI connector from datatype '{datatype}' to widget type '{type(widget).__name__}' "
        f"(widget '{widget.objectName}')"
    )


def is_exactly(widget, *names) -> bool:
    """Whether a widget is of one of the classes itself, not of one derived from it."""
    return type(widget).__name__ in names


def bare(datatype):
    """Type without annotations."""
    return split_annotated(datatype)[0]


class PropertyConnector(GuiConnector):
    """A tie to one property of the widget, whose changes one signal tells."""

    signal, attribute = "", ""

    def _connect(self):
        getattr(self._widget, self.signal).connect(self.changed)

    def _disconnect(self):
        getattr(self._widget, self.signal).disconnect(self.changed)

    def read(self):
        return getattr(self._widget, self.attribute)

    def write(self, value):
        setattr(self._widget, self.attribute, value)
