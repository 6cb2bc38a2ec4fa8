"""Annotations that limit the values of a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin


class Validator:
    """Base: ``validate`` raises where a value is not allowed."""

    def validate(self, value):
        raise NotImplementedError


class NotNone(Validator):
    """Refuses None."""

    def validate(self, value):
        if value is None:
            raise ValueError("Value must not be None")


class IsNone(Validator):
    """Refuses everything but None."""

    def validate(self, value):
        if value is not None:
            raise ValueError(f"Value must be None, got {value!r}")


class IsInstance(Validator):
    """Refuses other types; None passes."""

    def __init__(self, *classtypes):
        self.classtypes = tuple(
            kind for item in classtypes for kind in (item if isinstance(item, (tuple, list)) else [item])
        )

    def validate(self, value):
        if value is not None and not isinstance(value, self.classtypes):
            names = " or ".join(kind.__name__ for kind in self.classtypes)
            raise TypeError(f"Value must be of type {names}, got {type(value).__name__} ({value!r})")


@dataclass
class WithinRange(Validator):
    """Allowed range, both ends included."""

    minimum: float
    maximum: float

    def __post_init__(self):
        if self.minimum > self.maximum:
            raise ValueError(f"WithinRange: {self.minimum} is above {self.maximum}")

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value {value} is not within range [{self.minimum}, {self.maximum}]")


@dataclass
class Minimum(Validator):
    """Smallest allowed value."""

    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value {value} is below the minimum {self.minimum}")


@dataclass
class Maximum(Validator):
    """Largest allowed value."""

    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value {value} is above the maximum {self.maximum}")


@dataclass
class RangeBounds(Validator):
    """Limits of both ends of a range."""

    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value.minimum <= value.maximum <= self.maximum:
            raise ValueError(f"Range {value} is not within [{self.minimum}, {self.maximum}]")


class Choice(Validator):
    """Allowed values."""

    def __init__(self, choices):
        self.choices = choices

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value {value!r} is not one of {self.choices}")


class Exclude(Validator):
    """Values that are not allowed."""

    def __init__(self, excludedValues):
        self.excludedValues = excludedValues

    def validate(self, value):
        if value in self.excludedValues:
            raise ValueError(f"Value {value!r} is one of the excluded {self.excludedValues}")


@dataclass
class Default:
    """The value of a parameter that nobody has set."""

    value: Any


def split_annotated(hint):
    """Bare type and annotations of a type hint."""
    if get_origin(hint) is Annotated:
        bare, *annotations = get_args(hint)
        return bare, annotations
    return hint, []


def annotation_of(hint, kind):
    """The first annotation of a kind; None if there is none."""
    return next((item for item in split_annotated(hint)[1] if isinstance(item, kind)), None)
