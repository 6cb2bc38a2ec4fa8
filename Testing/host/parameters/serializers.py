"""How a parameter of a type is written into a node and read again."""

from __future__ import annotations

import abc
import enum
import pathlib

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
