"""Checked access to the JSON files of a model: every refusal names the file, the entry and what it must be."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hepadose.errors import ModelIntegrityError

_LARGEST_JSON = 2**20


def read_json(path: Path) -> Entries:
    """A JSON object from a file.

    Parameters
    ----------
    path : Path
        At most 1 MB.

    Returns
    -------
    Entries

    Raises
    ------
    ModelIntegrityError
        If there is no such file, it is too large, or holds something else.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise ModelIntegrityError(f"The model's file {name} is larger than 1 MB, which no description is.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ModelIntegrityError(f"The model has no readable file {name}; get the model again.") from problem
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, ModelIntegrityError):
            raise
        raise ModelIntegrityError(f"The model's file {name} is no JSON text; get the model again.") from problem
    if not isinstance(content, dict):
        raise ModelIntegrityError(f"The model's file {name} is no JSON object; get the model again.")
    return Entries(name, content)


class Entries:
    """The entries of a JSON object.

    Every method takes the name of an entry as ``key``, most a ``default`` for where there is no such entry. A wrong
    entry, or an absent one without a default, is refused by a :class:`hepadose.errors.ModelIntegrityError`, see
    :meth:`wrong`.

    Parameters
    ----------
    name : str
        Where it stands, for messages ("configs/metadata.json").
    content : dict
    """

    def __init__(self, name: str, content: dict[str, Any]) -> None:
        self.name, self._content = name, content

    @property
    def names(self) -> tuple[str, ...]:
        """Of all entries."""
        return tuple(self._content)

    def has(self, key: str) -> bool:
        """Whether there is an entry of this name."""
        return key in self._content

    def raw(self, key: str, default: Any = None) -> Any:
        """An entry as it is, unchecked."""
        return self._content.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty, unless the default is."""
        value = self._content.get(key, default)
        if not isinstance(value, str) or not (value or value == default):
            raise self.wrong(key, "a text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of several words."""
        value = self._content.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"one of {', '.join(allowed)}")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number within bounds, both allowed."""
        value = self._content.get(key, default)
        if not _is_number(value) or not low <= value <= high:
            raise self.wrong(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def numbers(
        self, key: str, count: int, low: float, high: float, default: tuple[float, ...] | None = None
    ) -> tuple[float, ...]:
        """A list of ``count`` numbers, each within bounds that are both allowed."""
        value = self._content.get(key, default)
        good = isinstance(value, list | tuple) and len(value) == count and all(map(_is_number, value))
        if not good or not all(low <= one <= high for one in value):
            raise self.wrong(key, f"{count} numbers from {low:g} to {high:g}")
        return tuple(float(one) for one in value)

    def integers(self, key: str, count: int, low: int, high: int, default: tuple[int, ...] | None = None) -> tuple:
        """A list of ``count`` whole numbers, each within bounds that are both allowed."""
        values = self.numbers(key, count, low, high, default)
        if any(value != int(value) for value in values):
            raise self.wrong(key, f"{count} whole numbers")
        return tuple(int(value) for value in values)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._content.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def part(self, key: str, default: dict | None = None) -> Entries:
        """An object within the object, whose messages name this entry."""
        value = self._content.get(key, default)
        if not isinstance(value, dict):
            raise self.wrong(key, "an object")
        return Entries(f'{self.name}, entry "{key}"', value)

    def parts(self, key: str, default: list | None = None) -> list[Entries]:
        """A list of objects, whose messages name this entry."""
        value = self._content.get(key, default)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of objects")
        return [Entries(f'{self.name}, entry "{key}"', item) for item in value]

    def wrong(self, key: str, expected: str) -> ModelIntegrityError:
        """The refusal of an entry.

        Parameters
        ----------
        key : str
            Name of the entry.
        expected : str
            What it must be, in words.

        Returns
        -------
        ModelIntegrityError
            To be raised; tells what was got.
        """
        got = "nothing" if key not in self._content else json.dumps(self._content[key])[:60]
        return ModelIntegrityError(
            f'The model\'s file {self.name} cannot be used: the entry "{key}" must be {expected}, got {got}.'
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
