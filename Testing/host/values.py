"""Which Python values a property of a C++ type takes.

Numbers and texts are told apart more strictly than PythonQt does, which turns any object into a text.
"""

from __future__ import annotations

import numbers
from pathlib import Path

import numpy as np

DEFAULTS = {"bool": False, "int": 0, "double": 0.0, "qreal": 0.0, "QString": "", "QStringList": ()}
INTEGERS = {"int", "uint", "unsigned int", "vtkIdType"}


def accepted(value, cpp_type: str, owner: str, name: str):
    """The value as the property keeps it.

    Raises
    ------
    AttributeError
        If the property's type does not take the value; names class, property and value.
    """
    convert = _CONVERSIONS.get(cpp_type)
    if convert is None:
        return value
    converted = convert(value)
    if converted is None:
        raise refusal(value, cpp_type, owner, name)
    return converted


def refusal(value, cpp_type: str, owner: str, name: str) -> AttributeError:
    """The error for a value that a property does not take."""
    return AttributeError(
        f"Property '{name}' of {owner} is of type '{cpp_type}' and does not accept an object of type "
        f"{type(value).__name__} ({value!r})"
    )


def default_of(cpp_type: str):
    """The value of a property that nobody has set."""
    value = DEFAULTS.get(cpp_type)
    return list(value) if isinstance(value, tuple) else value


def _truth(value):
    return bool(value) if isinstance(value, (bool, np.bool_, numbers.Integral)) else None


def _integer(value):
    return int(value) if isinstance(value, (numbers.Integral, np.bool_)) or _is_enum(value) else None


def _real(value):
    return float(value) if isinstance(value, numbers.Real) else None


def _text(value):
    return value if isinstance(value, str) and not isinstance(value, Path) else None


def _texts(value):
    is_list = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    return list(value) if is_list else None


def _is_enum(value):
    return hasattr(value, "value") and isinstance(value.value, int)


_CONVERSIONS = {
    "bool": _truth,
    "double": _real,
    "qreal": _real,
    "QString": _text,
    "QStringList": _texts,
    **dict.fromkeys(INTEGERS, _integer),
}
