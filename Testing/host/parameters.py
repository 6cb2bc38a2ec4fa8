"""Stand-in for slicer.parameterNodeWrapper: typed fields with checked values, kept by the node they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

_VALUES: dict[tuple[int, str], dict[str, Any]] = {}


@dataclass(frozen=True)
class WithinRange:
    """Allowed range of a number, both ends included."""

    minimum: float
    maximum: float

    def check(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within {self.minimum} and {self.maximum}")


@dataclass(frozen=True)
class Choice:
    """Allowed values."""

    choices: list

    def check(self, value):
        if value not in self.choices:
            raise ValueError(f"{value} is not one of {self.choices}")


def parameterNodeWrapper(cls):
    """Turn a class of annotated fields into one that wraps a parameter node."""
    hints = get_type_hints(cls, include_extras=True)
    for name, hint in hints.items():
        bare, validators = _split(hint)
        setattr(cls, name, _Field(name, bare, validators, getattr(cls, name, None)))

    def initialize(self, node):
        self.parameterNode = node
        self._values = _VALUES.setdefault((id(node), node.GetID()), {})

    cls.__init__ = initialize
    return cls


def _split(hint):
    if get_origin(hint) is Annotated:
        bare, *validators = get_args(hint)
        return bare, validators
    return hint, []


class _Field:
    def __init__(self, name, bare, validators, default):
        self.name, self.bare, self.validators, self.default = name, bare, validators, default

    def __get__(self, instance, owner):
        if instance is None:
            return self
        return instance._values.get(self.name, self.default)

    def __set__(self, instance, value):
        is_node = self.default is None
        if not (is_node and value is None) and not isinstance(value, self.bare):
            raise TypeError(f"{self.name} must be {self.bare.__name__}, got {type(value).__name__}")
        for validator in self.validators:
            validator.check(value)
        instance._values[self.name] = value
