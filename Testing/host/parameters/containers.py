"""Lists, tuples and dictionaries as parameters; a change of what was read is written back."""

from __future__ import annotations

import collections.abc
import typing

from host.parameters.serializers import Checked, Serializer, parameterNodeSerializer, serializer_of
from host.parameters.validators import IsInstance, NotNone


class ObservedList(collections.abc.MutableSequence):
    """A list that writes itself to its node after every change."""

    def __init__(self, parameterNode, serializer, name, values):
        self._place, self._values = (parameterNode, serializer, name), values

    def __getitem__(self, index):
        return self._values[index]

    def __setitem__(self, index, value):
        changed = list(self._values)
        changed[index] = value
        self._save(changed)

    def __delitem__(self, index):
        changed = list(self._values)
        del changed[index]
        self._save(changed)

    def __len__(self):
        return len(self._values)

    def insert(self, index, value):
        changed = list(self._values)
        changed.insert(index, value)
        self._save(changed)

    def _save(self, values):
        node, serializer, name = self._place
        serializer.write(node, name, values)
        self._values = list(serializer.read(node, name))

    def __eq__(self, other):
        return list(self._values) == (list(other) if isinstance(other, ObservedList) else other)

    __hash__ = None

    def __repr__(self):
        return f"ObservedList({self._values})"


class ObservedDict(collections.abc.MutableMapping):
    """A dictionary that writes itself to its node after every change."""

    def __init__(self, parameterNode, serializer, name, values):
        self._place, self._values = (parameterNode, serializer, name), values

    def __getitem__(self, key):
        return self._values[key]

    def __setitem__(self, key, value):
        self._save({**self._values, key: value})

    def __delitem__(self, key):
        self._save({other: value for other, value in self._values.items() if other != key})

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def _save(self, values):
        node, serializer, name = self._place
        serializer.write(node, name, values)
        self._values = dict(serializer.read(node, name))

    def __repr__(self):
        return f"ObservedDict({self._values})"


@parameterNodeSerializer
class ListOf(Serializer):
    """A list of one type."""

    def __init__(self, element):
        self.element = element

    @staticmethod
    def canSerialize(type_):
        return type_ is list or typing.get_origin(type_) is list

    @classmethod
    def create(cls, type_):
        if not typing.get_args(type_):
            raise TypeError("Unable to create serializer for a list without the type of its elements")
        return Checked(cls(serializer_of(typing.get_args(type_)[0])), [NotNone(), IsInstance(list, ObservedList)])

    def default(self):
        return []

    def isIn(self, parameterNode, name):
        return parameterNode.HasParameter(f"{name}_len")

    def write(self, parameterNode, name, value):
        former = self._length(parameterNode, name)
        for index, item in enumerate(value):
            self.element.write(parameterNode, f"{name}_{index}", item)
        for index in range(len(value), former):
            self.element.remove(parameterNode, f"{name}_{index}")
        parameterNode.SetParameter(f"{name}_len", str(len(value)))

    def read(self, parameterNode, name):
        values = [self.element.read(parameterNode, f"{name}_{i}") for i in range(self._length(parameterNode, name))]
        return ObservedList(parameterNode, self, name, values)

    def remove(self, parameterNode, name):
        for index in range(self._length(parameterNode, name)):
            self.element.remove(parameterNode, f"{name}_{index}")
        parameterNode.UnsetParameter(f"{name}_len")

    def supportsCaching(self):
        return self.element.supportsCaching()

    def _length(self, parameterNode, name):
        return int(parameterNode.GetParameter(f"{name}_len") or 0)


@parameterNodeSerializer
class TupleOf(Serializer):
    """A tuple of a fixed number of types."""

    def __init__(self, elements):
        self.elements = elements

    @staticmethod
    def canSerialize(type_):
        return type_ is tuple or typing.get_origin(type_) is tuple

    @classmethod
    def create(cls, type_):
        kinds = typing.get_args(type_)
        if not kinds or Ellipsis in kinds:
            raise TypeError(f"Unable to create serializer for {type_}: a tuple needs the type of each element")
        return Checked(cls([serializer_of(kind) for kind in kinds]), [NotNone(), IsInstance(tuple)])

    def default(self):
        return tuple(element.default() for element in self.elements)

    def isIn(self, parameterNode, name):
        return self.elements[0].isIn(parameterNode, f"{name}_0")

    def write(self, parameterNode, name, value):
        if len(value) != len(self.elements):
            raise ValueError(f"{name} needs {len(self.elements)} elements, got {len(value)}")
        for index, (element, item) in enumerate(zip(self.elements, value, strict=True)):
            element.write(parameterNode, f"{name}_{index}", item)

    def read(self, parameterNode, name):
        return tuple(element.read(parameterNode, f"{name}_{i}") for i, element in enumerate(self.elements))

    def remove(self, parameterNode, name):
        for index, element in enumerate(self.elements):
            element.remove(parameterNode, f"{name}_{index}")

    def supportsCaching(self):
        return all(element.supportsCaching() for element in self.elements)


@parameterNodeSerializer
class DictOf(Serializer):
    """A dictionary of one type of keys and one of values."""

    def __init__(self, keys, values):
        self.keys, self.values = keys, values

    @staticmethod
    def canSerialize(type_):
        return type_ is dict or typing.get_origin(type_) is dict

    @classmethod
    def create(cls, type_):
        kinds = typing.get_args(type_)
        if len(kinds) != 2:
            raise TypeError("Unable to create serializer for a dict without the types of keys and values")
        parts = [ListOf(serializer_of(kind)) for kind in kinds]
        return Checked(cls(*parts), [NotNone(), IsInstance(dict, ObservedDict)])

    def default(self):
        return {}

    def isIn(self, parameterNode, name):
        return self.keys.isIn(parameterNode, f"{name}_keys")

    def write(self, parameterNode, name, value):
        self.keys.write(parameterNode, f"{name}_keys", list(value))
        self.values.write(parameterNode, f"{name}_values", list(value.values()))

    def read(self, parameterNode, name):
        keys = self.keys.read(parameterNode, f"{name}_keys")
        values = self.values.read(parameterNode, f"{name}_values")
        return ObservedDict(parameterNode, self, name, dict(zip(keys, values, strict=True)))

    def remove(self, parameterNode, name):
        self.keys.remove(parameterNode, f"{name}_keys")
        self.values.remove(parameterNode, f"{name}_values")

    def supportsCaching(self):
        return self.keys.supportsCaching() and self.values.supportsCaching()
