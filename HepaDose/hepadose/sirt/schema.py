"""Check a JSON value against a JSON schema and say every defect in a sentence.

Only the keywords that the shipped schemas use are known; a schema with another one is refused, so that no rule can be
written there without being checked here.

References
----------
JSON Schema, draft 2020-12, https://json-schema.org/draft/2020-12/json-schema-validation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from hepadose.errors import SettingsError

Rule = Callable[[Any, Any], str]
"""From a value and what a keyword demands to what is wrong in words; empty where nothing is."""

_TYPES = {
    "object": ("an object in braces", lambda value: isinstance(value, dict)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "number": (
        "a number",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    ),
}
_ANNOTATIONS = {"$schema", "title", "description"}
_INSIDE = {"properties", "required", "additionalProperties", "items"}


def defects(value: Any, schema: dict[str, Any], where: str = "The file") -> list[str]:
    """Every way in which a value breaks a schema.

    Parameters
    ----------
    value : object
        As ``json.loads`` gives it.
    schema : dict
        A JSON schema of the keywords known here.
    where : str
        The value as messages call it.

    Returns
    -------
    list of str
        Sentences in the order of the file; empty for a valid value.

    Raises
    ------
    SettingsError
        If the schema has a keyword that cannot be checked.

    Examples
    --------
    >>> schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number", "minimum": 0}}}
    >>> defects({"a": -1}, schema), defects({}, schema)
    (['The file: a must be 0 or more, got -1.'], ['The file: a is missing.'])
    """
    unknown = sorted(set(schema) - set(_RULES) - _ANNOTATIONS - _INSIDE - {"type"})
    if unknown:
        raise SettingsError(f"The schema has rules that cannot be checked: {', '.join(unknown)}.")
    words, fits = _TYPES[schema["type"]]
    if not fits(value):
        return [f"{where} must be {words}, got {shown(value)}."]
    found = [
        f"{where} {text}."
        for keyword, rule in _RULES.items()
        if keyword in schema
        for text in [rule(value, schema[keyword])]
        if text
    ]
    if schema["type"] == "object":
        found += _object_defects(value, schema, where)
    if schema["type"] == "array" and "items" in schema:
        for number, item in enumerate(value, start=1):
            found += defects(item, schema["items"], _item_name(where, number, item))
    return found


def shown(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _object_defects(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: {name} is missing."
    if schema.get("additionalProperties") is False:
        for name in value:
            if name not in known:
                yield f"{where}: {shown(name)} is not known; known are {', '.join(known)}."
    for name, inner in known.items():
        if name in value:
            yield from defects(value[name], inner, f"{where}: {name}")


def _item_name(where: str, number: int, item: Any) -> str:
    name = item.get("name") or item.get("id") if isinstance(item, dict) else None
    return f"{where} {number} ({shown(name)})" if isinstance(name, str) else f"{where} {number}"


def _enum(value: Any, allowed: list[Any]) -> str:
    return "" if value in allowed else f"must be one of {', '.join(map(str, allowed))}, got {shown(value)}"


def _minimum(value: float, least: float) -> str:
    return "" if value >= least else f"must be {least:g} or more, got {value:g}"


def _maximum(value: float, most: float) -> str:
    return "" if value <= most else f"must be {most:g} or less, got {value:g}"


def _exclusive_minimum(value: float, bound: float) -> str:
    return "" if value > bound else f"must be above {bound:g}, got {value:g}"


def _min_items(value: list[Any], least: int) -> str:
    return "" if len(value) >= least else f"needs {least} or more entries, got {len(value)}"


def _min_length(value: str, least: int) -> str:
    return "" if len(value) >= least else "must not be empty"


def _unique(value: list[Any], wanted: bool) -> str:
    repeated = [each for place, each in enumerate(value) if each in value[:place]]
    return f"holds {shown(repeated[0])} twice" if wanted and repeated else ""


_RULES: dict[str, Rule] = {
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _exclusive_minimum,
    "minItems": _min_items,
    "minLength": _min_length,
    "uniqueItems": _unique,
}
