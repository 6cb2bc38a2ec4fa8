"""How a parameter of a type is written into a node and read again."""

from __future__ import annotations

import abc
import enum
import pathlib
import sys
import types
import typing

from host.parameters.types import FloatRange
from host.parameters.validators import IsInstance, NotNone, Validator, split_annotated

PATH_TYPES = (
    pathlib.Path,
    pathlib.PosixPath,
    pathlib.WindowsPath,
    pathlib.PurePath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
)


class Serializer(abc.ABC):
    """Base: reads and writes values of one type."""

    @staticmethod
    @abc.abstractmethod
    def canSerialize(type_) -> bool:
        """Whether this class can do it for a bare type."""

    @classmethod
    @abc.abstractmethod
    def create(cls, type_):
        """A serializer for the type, with the checks that the type needs."""

    @abc.abstractmethod
    def default(self):
        """Value where nobody gave one."""

    def isIn(self, parameterNode, name) -> bool:
        return parameterNode.HasParameter(name)

    @abc.abstractmethod
    def write(self, parameterNode, name, value) -> None:
        """Write under a name."""

    @abc.abstractmethod
    def read(self, parameterNode, name):
        """Read what is written under a name."""

    def remove(self, parameterNode, name) -> None:
        parameterNode.UnsetParameter(name)

    def supportsCaching(self) -> bool:
        return True


class Checked(Serializer):
    """A serializer that checks values before it writes them."""

    def __init__(self, serializer, validators):
        if isinstance(serializer, Checked):
            serializer, validators = serializer.serializer, [*serializer.validators, *validators]
        self.serializer, self.validators = serializer, validators

    @staticmethod
    def canSerialize(type_):
        return False

    @classmethod
    def create(cls, type_):
        raise TypeError("made from another serializer only")

    def default(self):
        return self.serializer.default()

    def isIn(self, parameterNode, name):
        return self.serializer.isIn(parameterNode, name)

    def write(self, parameterNode, name, value):
        for validator in self.validators:
            validator.validate(value)
        self.serializer.write(parameterNode, name, value)

    def read(self, parameterNode, name):
        return self.serializer.read(parameterNode, name)

    def remove(self, parameterNode, name):
        self.serializer.remove(parameterNode, name)

    def supportsCaching(self):
        return self.serializer.supportsCaching()


_registered: list[type[Serializer]] = []


def parameterNodeSerializer(cls):
    """Class decorator: use this serializer for the types that it can do."""
    _registered.append(cls)
    return cls


def serializer_of(hint) -> Serializer:
    """The serializer of a type hint, with the checks of its annotations.

    Raises
    ------
    TypeError
        If parameters cannot be of this type.
    """
    bare, annotations = split_annotated(hint)
    own = [item for item in annotations if isinstance(item, Serializer)]
    serializer = own[0] if own else _fitting(bare)
    return Checked(serializer, [item for item in annotations if isinstance(item, Validator)])


def _fitting(type_):
    for cls in _registered:
        if cls.canSerialize(type_):
            return cls.create(type_)
    raise TypeError(f"Unable to create serializer for type: {type_}")


@parameterNodeSerializer
class Scalar(Serializer):
    """Numbers, texts and paths: whatever its own type reads back from its text."""

    def __init__(self, type_):
        self.type = type_

    @staticmethod
    def canSerialize(type_):
        return type_ in (int, float, str, *PATH_TYPES)

    @classmethod
    def create(cls, type_):
        return Checked(cls(type_), [NotNone(), IsInstance((int, float) if type_ is float else type_)])

    def default(self):
        return self.type()

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, str(value))

    def read(self, parameterNode, name):
        return self.type(parameterNode.GetParameter(name))


@parameterNodeSerializer
class Truth(Serializer):
    """True or False."""

    @staticmethod
    def canSerialize(type_):
        return type_ is bool

    @classmethod
    def create(cls, type_):
        return Checked(cls(), [NotNone(), IsInstance(bool)])

    def default(self):
        return False

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, "True" if value else "False")

    def read(self, parameterNode, name):
        return parameterNode.GetParameter(name) == "True"


@parameterNodeSerializer
class Nothing(Serializer):
    """None."""

    @staticmethod
    def canSerialize(type_):
        return type_ in (None, type(None))

    @classmethod
    def create(cls, type_):
        return Checked(cls(), [IsInstance(type(None))])

    def default(self):
        return None

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, "None")

    def read(self, parameterNode, name):
        return None


@parameterNodeSerializer
class EnumMember(Serializer):
    """A member of an enum, by its name."""

    def __init__(self, type_):
        self.type = type_

    @staticmethod
    def canSerialize(type_):
        return isinstance(type_, type) and issubclass(type_, enum.Enum)

    @classmethod
    def create(cls, type_):
        return Checked(cls(type_), [NotNone(), IsInstance(type_)])

    def default(self):
        return next(iter(self.type))

    def write(self, parameterNode, name, value):
        parameterNode.SetParameter(name, value.name)

    def read(self, parameterNode, name):
        return self.type[parameterNode.GetParameter(name)]


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
