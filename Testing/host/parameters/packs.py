"""Several parameters under one name: ``parameterPack``."""

from __future__ import annotations

import typing

from host.parameters import containers  # noqa: F401 (registers its serializers)
from host.parameters.serializers import Checked, Serializer, parameterNodeSerializer, serializer_of
from host.parameters.validators import Default, IsInstance, NotNone, annotation_of


def parameterPack(cls=None):
    """Class decorator: a class of typed fields that can be the type of a parameter."""
    if cls is None:
        return parameterPack
    hints = typing.get_type_hints(cls, include_extras=True)
    cls._pack_hints = hints
    cls._pack_serializers = {name: serializer_of(hint) for name, hint in hints.items()}
    serializers = cls._pack_serializers
    cls._pack_defaults = {name: default_of(cls, name, hint, serializers[name]) for name, hint in hints.items()}
    cls.__init__, cls.__setattr__, cls.__eq__, cls.__hash__ = _initialize, _set, _equal, None
    cls.getValue, cls.setValue = _get_value, _set_value
    cls.dataType = classmethod(_data_type)
    return cls


def isParameterPack(classOrObj) -> bool:
    """Whether something is a pack or its class."""
    return hasattr(classOrObj, "_pack_hints")


def default_of(owner, name, hint, serializer):
    """The default of a field: ``= value``, ``Default(value)``, or that of its type."""
    if hasattr(owner, name):
        return getattr(owner, name)
    given = annotation_of(hint, Default)
    return given.value if given is not None else serializer.default()


def _initialize(self, *values, **named):
    names = list(self._pack_hints)
    unknown = set(named) - set(names)
    if unknown or len(values) > len(names):
        raise TypeError(f"{type(self).__name__} has the fields {', '.join(names)}")
    object.__setattr__(self, "_place", None)
    for name, value in {**self._pack_defaults, **dict(zip(names, values, strict=False)), **named}.items():
        setattr(self, name, value)


def _set(self, name, value):
    if name not in self._pack_hints:
        raise AttributeError(f"{type(self).__name__} has no field '{name}'; it has {', '.join(self._pack_hints)}")
    for validator in self._pack_serializers[name].validators:
        validator.validate(value)
    object.__setattr__(self, name, value)
    if self._place is not None:
        node, own_name = self._place
        self._pack_serializers[name].write(node, f"{own_name}.{name}", value)


def _equal(self, other):
    return type(self) is type(other) and all(getattr(self, n) == getattr(other, n) for n in self._pack_hints)


def _get_value(self, name):
    first, _, rest = name.partition(".")
    value = getattr(self, first)
    return value.getValue(rest) if rest else value


def _set_value(self, name, value):
    first, _, rest = name.partition(".")
    if rest:
        getattr(self, first).setValue(rest, value)
    else:
        setattr(self, first, value)


def _data_type(cls, name):
    first, _, rest = name.partition(".")
    if first not in cls._pack_hints:
        raise ValueError(f"Cannot find a param with the given name: {first} in {cls.__name__}")
    return cls._pack_hints[first].dataType(rest) if rest else cls._pack_hints[first]


@parameterNodeSerializer
class Pack(Serializer):
    """A pack: every field under its own name after a dot."""

    def __init__(self, type_):
        self.type = type_

    @staticmethod
    def canSerialize(type_):
        return isParameterPack(type_)

    @classmethod
    def create(cls, type_):
        return Checked(cls(type_), [NotNone(), IsInstance(type_)])

    def default(self):
        return self.type()

    def isIn(self, parameterNode, name):
        return all(part.isIn(parameterNode, f"{name}.{key}") for key, part in self.type._pack_serializers.items())

    def write(self, parameterNode, name, value):
        for key, part in self.type._pack_serializers.items():
            part.write(parameterNode, f"{name}.{key}", getattr(value, key))

    def read(self, parameterNode, name):
        parts = self.type._pack_serializers.items()
        pack = self.type(**{key: part.read(parameterNode, f"{name}.{key}") for key, part in parts})
        object.__setattr__(pack, "_place", (parameterNode, name))
        return pack

    def remove(self, parameterNode, name):
        for key, part in self.type._pack_serializers.items():
            part.remove(parameterNode, f"{name}.{key}")

    def supportsCaching(self):
        return False
