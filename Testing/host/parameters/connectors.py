"""Ties between a widget and a parameter: which exact class of widget can show which type."""

from __future__ import annotations

import abc
import enum
from dataclasses import dataclass

from host.parameters.serializers import PATH_TYPES, OneOf
from host.parameters.types import FloatRange
from host.parameters.validators import (
    Choice,
    Maximum,
    Minimum,
    RangeBounds,
    WithinRange,
    annotation_of,
    split_annotated,
)

INT_LIMITS = -(2**31), 2**31 - 1
NO_LIMITS = float("-inf"), float("inf")


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


@parameterNodeGuiConnector
class RangeWidget(GuiConnector):
    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        bounds = annotation_of(datatype, RangeBounds)
        if bounds is None:
            raise RuntimeError(f"{type(widget).__name__} '{widget.objectName}' needs a RangeBounds annotation")
        for kind, name in ((Decimals, "decimals"), (SingleStep, "singleStep")):
            given = annotation_of(datatype, kind)
            if given is not None:
                setattr(widget, name, given.value)
        widget.setRange(bounds.minimum, bounds.maximum)

    @staticmethod
    def canRepresent(widget, datatype):
        names = "ctkRangeWidget", "ctkDoubleRangeSlider", "qMRMLRangeWidget"
        return bare(datatype) is FloatRange and is_exactly(widget, *names)

    def _connect(self):
        self._widget.valuesChanged.connect(self.changed)

    def _disconnect(self):
        self._widget.valuesChanged.disconnect(self.changed)

    def read(self):
        return FloatRange(self._widget.minimumValue, self._widget.maximumValue)

    def write(self, value):
        self._widget.setValues(value.minimum, value.maximum)


@parameterNodeGuiConnector
class PathEdit(PropertyConnector):
    signal, attribute = "currentPathChanged", "currentPath"

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) in PATH_TYPES and is_exactly(widget, "ctkPathLineEdit")

    def read(self):
        return bare(self._datatype)(super().read())

    def write(self, value):
        super().write(str(value))


@parameterNodeGuiConnector
class Directory(PathEdit):
    signal, attribute = "directoryChanged", "directory"

    @staticmethod
    def canRepresent(widget, datatype):
        return bare(datatype) in PATH_TYPES and is_exactly(widget, "ctkDirectoryButton")


@parameterNodeGuiConnector
class ColorButton(PropertyConnector):
    signal, attribute = "colorChanged", "color"

    @staticmethod
    def canRepresent(widget, datatype):
        return getattr(bare(datatype), "__name__", "") == "QColor" and is_exactly(widget, "ctkColorPickerButton")


@parameterNodeGuiConnector
class NodeBox(PropertyConnector):
    signal = "currentNodeChanged"

    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        widget.nodeTypes = [kind.__name__ for kind in node_types(datatype)]

    @staticmethod
    def canRepresent(widget, datatype):
        return is_exactly(widget, "qMRMLNodeComboBox") and bool(node_types(datatype))

    def read(self):
        return self._widget.currentNode()

    def write(self, value):
        self._widget.setCurrentNode(value)


def node_types(datatype) -> list[type]:
    """The node classes of a type: itself, or those of a union; empty if another type is among them."""
    import typing

    from slicer import vtkMRMLNode

    kind = bare(datatype)
    kinds = typing.get_args(kind) if OneOf.canSerialize(kind) else [kind]
    kinds = [bare(item) for item in kinds if item is not type(None)]
    are_nodes = all(isinstance(item, type) and issubclass(item, vtkMRMLNode) for item in kinds)
    return kinds if are_nodes else []


@parameterNodeGuiConnector
class PackBox(GuiConnector):
    """A container whose children carry the names of a pack's fields."""

    PROPERTY = "SlicerPackParameterName"

    def __init__(self, widget, datatype):
        super().__init__(widget, datatype)
        fields = self._fields(widget)
        kind = bare(datatype)
        self._parts = {name: createGuiConnector(fields[name], kind.dataType(name)) for name in kind._pack_hints}

    @classmethod
    def canRepresent(cls, widget, datatype):
        hints = getattr(bare(datatype), "_pack_hints", None)
        return bool(hints) and set(hints) <= cls._fields(widget).keys()

    @classmethod
    def _fields(cls, widget):
        children = widget.findChildren("QWidget")
        return {child.property(cls.PROPERTY): child for child in children if child.property(cls.PROPERTY)}

    def _connect(self):
        for part in self._parts.values():
            part.onChanged(self.changed)

    def _disconnect(self):
        for part in self._parts.values():
            part.onChanged(None)

    def read(self):
        return bare(self._datatype)(**{name: part.read() for name, part in self._parts.items()})

    def write(self, value):
        for name, part in self._parts.items():
            part.write(value.getValue(name))
