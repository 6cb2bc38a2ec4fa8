"""Ties of truths, numbers, choices and texts."""

from __future__ import annotations

import enum

from host.parameters.connectors import (
    Decimals,
    GuiConnector,
    PropertyConnector,
    SingleStep,
    bare,
    is_exactly,
    parameterNodeGuiConnector,
)
from host.parameters.validators import Choice, Maximum, Minimum, WithinRange, annotation_of

INT_LIMITS = -(2**31), 2**31 - 1
NO_LIMITS = float("-inf"), float("inf")


@parameterNodeGuiConnector
class CheckBox(PropertyConnector):
    signal, attribute = "stateChanged", "checked"

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is bool and is_exactly(widget, "QCheckBox", "ctkCheckBox")


@parameterNodeGuiConnector
class CheckableButton(PropertyConnector):
    signal, attribute = "toggled", "checked"

    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        widget.checkable = True

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is bool and is_exactly(widget, "QPushButton", "ctkCheckablePushButton")


class Number(PropertyConnector):
    """A number in a spin box or slider; takes over range, decimals and step from the annotations."""

    signal, attribute = "valueChanged", "value"
    limits, bounded_only = NO_LIMITS, ()

    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        for kind, name in ((Decimals, "decimals"), (SingleStep, "singleStep")):
            given = annotation_of(datatype, kind)
            if given is not None:
                setattr(widget, name, given.value)
        low, high = self._range()
        if is_exactly(widget, *self.bounded_only) and (low is None or high is None):
            raise RuntimeError(
                f"Cannot have a connection to {type(widget).__name__} (widget '{widget.objectName}') "
                "where the type is unbounded"
            )
        widget.minimum = self.limits[0] if low is None else low
        widget.maximum = self.limits[1] if high is None else high

    def _range(self):
        within = annotation_of(self._datatype, WithinRange)
        if within is not None:
            return within.minimum, within.maximum
        low, high = annotation_of(self._datatype, Minimum), annotation_of(self._datatype, Maximum)
        return low and low.minimum, high and high.maximum

    def read(self):
        return bare(self._datatype)(self._widget.value)


@parameterNodeGuiConnector
class Integer(Number):
    limits, bounded_only = INT_LIMITS, ("QSlider",)

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is int and is_exactly(widget, "QSlider", "QSpinBox")


@parameterNodeGuiConnector
class Real(Number):
    bounded_only = ("ctkSliderWidget", "ctkDoubleSlider", "qMRMLSliderWidget")

    @staticmethod
    def canRepresent(widget, datatype):
        boxes = "QDoubleSpinBox", "ctkDoubleSpinBox", "ctkDoubleSlider", "ctkSliderWidget", "qMRMLSliderWidget"
        return bare(datatype) in (int, float) and is_exactly(widget, *boxes)


@parameterNodeGuiConnector
class ChoiceBox(GuiConnector):
    """A combo box; it is filled by the tie."""

    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        kind, choice = bare(datatype), annotation_of(datatype, Choice)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            label = getattr(kind, "label", lambda member: member.name)
            self._choices = {member: label(member) for member in kind}
        elif choice is not None:
            self._choices = {value: str(value) for value in choice.choices}
        else:
            raise RuntimeError(f"{type(widget).__name__} '{widget.objectName}' requires the Choice annotation")
        widget.clear()
        for text in self._choices.values():
            widget.addItem(text)

    @staticmethod
    def canRepresent(widget, datatype):
        kind = bare(datatype)
        is_enum = isinstance(kind, type) and issubclass(kind, enum.Enum)
        return is_exactly(widget, "QComboBox", "ctkComboBox") and (is_enum or kind in (int, float, str, bool))

    def _connect(self):
        self._widget.currentIndexChanged.connect(self.changed)

    def _disconnect(self):
        self._widget.currentIndexChanged.disconnect(self.changed)

    def read(self):
        return list(self._choices)[self._widget.currentIndex]

    def write(self, value):
        if value not in self._choices:
            raise ValueError(f"Unable to find value {value!r} in choices {list(self._choices)}")
        self._widget.currentIndex = list(self._choices).index(value)


@parameterNodeGuiConnector
class LineEdit(PropertyConnector):
    signal, attribute = "textChanged", "text"

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is str and is_exactly(widget, "QLineEdit")


@parameterNodeGuiConnector
class TextEdit(LineEdit):
    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is str and is_exactly(widget, "QTextEdit")

    def read(self):
        return self._widget.toPlainText()

    def write(self, value):
        # Setting the same text would move the cursor while the user types.
        if value != self._widget.toPlainText():
            self._widget.setPlainText(value)


@parameterNodeGuiConnector
class Label(PropertyConnector):
    """A label shows and never changes."""

    attribute = "text"

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) is str and is_exactly(widget, "QLabel")

    def _connect(self):
        """Nothing to listen to."""

    def _disconnect(self):
        """Nothing to stop."""
