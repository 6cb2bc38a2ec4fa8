"""Ties of ranges, paths, colors, nodes and packs."""

from __future__ import annotations

from host.parameters.connectors import (
    Decimals,
    GuiConnector,
    PropertyConnector,
    SingleStep,
    bare,
    createGuiConnector,
    is_exactly,
    parameterNodeGuiConnector,
)
from host.parameters.serializers import PATH_TYPES
from host.parameters.serializers_of_objects import OneOf
from host.parameters.types import FloatRange
from host.parameters.validators import RangeBounds, annotation_of


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
