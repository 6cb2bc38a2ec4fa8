"""How nodes, ranges, colors and unions are written into a node and read again."""

from __future__ import annotations

import sys
import types
import typing

from host.parameters.serializers import Checked, Nothing, Serializer, parameterNodeSerializer, serializer_of
from host.parameters.types import FloatRange
from host.parameters.validators import IsInstance, NotNone


@parameterNodeSerializer
class Node(Serializer):
    """A node of the scene or None: a node reference, which Slicer keeps through saving and loading."""

    @staticmethod
    def canSerialize(type_):
        from slicer import vtkMRMLNode

        return isinstance(type_, type) and issubclass(type_, vtkMRMLNode)

    @classmethod
    def create(cls, type_):
        return Checked(cls(), [IsInstance(type_)])

    def default(self):
        return None

    def write(self, parameterNode, name, value):
        # The empty parameter tells that there is a value, even if it is None.
        parameterNode.SetParameter(name, "")
        parameterNode.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, parameterNode, name):
        return parameterNode.GetNodeReference(name)

    def remove(self, parameterNode, name):
        parameterNode.UnsetParameter(name)
        parameterNode.RemoveNodeReferenceIDs(name)


@parameterNodeSerializer
class Range(Serializer):
    """A FloatRange."""

    @staticmethod
    def canSerialize(type_):
        return type_ is FloatRange

    @classmethod
    def create(cls, type_):
        return Checked(cls(), [NotNone(), IsInstance(FloatRange)])

    def default(self):
        return FloatRange()

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, f"{value.minimum!r},{value.maximum!r}")

    def read(self, parameterNode, name):
        return FloatRange(*map(float, parameterNode.GetParameter(name).split(",")))

    def supportsCaching(self):
        return False


@parameterNodeSerializer
class Color(Serializer):
    """A qt.QColor."""

    @staticmethod
    def canSerialize(type_):
        return "qt" in sys.modules and type_ is sys.modules["qt"].QColor

    @classmethod
    def create(cls, type_):
        return Checked(cls(), [NotNone(), IsInstance(type_)])

    def default(self):
        return sys.modules["qt"].QColor()

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, value.name(value.NameFormat.HexArgb))

    def read(self, parameterNode, name):
        return sys.modules["qt"].QColor(parameterNode.GetParameter(name))

    def supportsCaching(self):
        return False


@parameterNodeSerializer
class OneOf(Serializer):
    """A union: the first type that takes the value; which one is written beside it."""

    def __init__(self, choices):
        self.choices = choices

    @staticmethod
    def canSerialize(type_):
        return typing.get_origin(type_) in (typing.Union, types.UnionType)

    @classmethod
    def create(cls, type_):
        return cls([serializer_of(choice) for choice in typing.get_args(type_)])

    def default(self):
        optional = any(isinstance(choice.serializer, Nothing) for choice in self.choices)
        return None if optional else self.choices[0].default()

    def isIn(self, parameterNode, name):
        return parameterNode.HasParameter(f"{name}_type")

    def write(self, parameterNode, name, value):
        problems = []
        # None goes to the choice that is None, not to a node that may be None.
        order = sorted(range(len(self.choices)), key=lambda i: not isinstance(self.choices[i].serializer, Nothing))
        for index in order:
            try:
                _check(self.choices[index], value)
            except (TypeError, ValueError) as problem:
                problems.append(str(problem))
                continue
            for choice in self.choices:
                choice.remove(parameterNode, name)
            parameterNode.SetParameter(f"{name}_type", str(index))
            self.choices[index].write(parameterNode, name, value)
            return
        raise ValueError("; ".join(problems))

    def read(self, parameterNode, name):
        return self.choices[int(parameterNode.GetParameter(f"{name}_type"))].read(parameterNode, name)

    def remove(self, parameterNode, name):
        for choice in self.choices:
            choice.remove(parameterNode, name)
        parameterNode.UnsetParameter(f"{name}_type")

    def supportsCaching(self):
        return all(choice.supportsCaching() for choice in self.choices)


def _check(choice, value):
    if value is None and not isinstance(choice.serializer, (Nothing, Node)):
        raise ValueError("Value must not be None")
    if value is not None and isinstance(choice.serializer, Nothing):
        raise ValueError("Value must be None")
    for validator in choice.validators:
        validator.validate(value)
