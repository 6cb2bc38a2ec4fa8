"""The table of what PythonQt shows of CTK and Slicer classes: properties, slots, signals, invokable methods.

Read off the headers of CTK and Slicer; ``api/extract.py`` takes from it what this project uses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from host.signatures import Declaration, parse

# What Python decorators and inline declarations add to the headers' slots, signals and Q_INVOKABLE methods:
# qSlicerBaseQTBasePythonQtDecorators, qSlicerBaseQTGUIPythonQtDecorators, qSlicerAbstractCoreModule.h.
DECORATED = {
    "qSlicerCoreApplication": ("void processEvents()", "bool testingEnabled()"),
    "qSlicerAbstractCoreModule": ("vtkMRMLAbstractLogic* logic()", "vtkMRMLScene* mrmlScene()"),
    "qSlicerAbstractModule": (
        "qSlicerAbstractModuleWidget* widgetRepresentation()",
        "qSlicerAbstractModuleWidget* createNewWidgetRepresentation()",
    ),
    "qSlicerAbstractModuleWidget": ("qSlicerAbstractModule* module()",),
}
FILE = Path(__file__).resolve().parent / "api" / "widgets.json"


@dataclass(frozen=True)
class Property:
    """A property of a C++ class."""

    name: str
    type: str
    writable: bool


@dataclass(frozen=True)
class Api:
    """What PythonQt shows of one C++ class, without its bases."""

    name: str
    base: str
    properties: dict[str, Property]
    slots: tuple[Declaration, ...]
    signals: tuple[Declaration, ...]
    invokables: tuple[Declaration, ...]

    @property
    def methods(self) -> dict[str, tuple[str, ...]]:
        """Signatures of every slot and invokable method, by name."""
        return _by_name((*self.slots, *self.invokables))

    @property
    def signal_signatures(self) -> dict[str, tuple[str, ...]]:
        """Signatures of every signal, by name."""
        return _by_name(self.signals)


def api_of(name: str) -> Api:
    """What PythonQt shows of a class.

    Raises
    ------
    KeyError
        If the class is not in the project's part of the table.
    """
    try:
        entry = _classes()[name]
    except KeyError:
        raise KeyError(f"{name} is not in {FILE.name}: no such class, or run api/extract.py to take it in") from None
    return make_api(name, entry)


def known(name: str) -> bool:
    """Whether the class is in the project's part of the table."""
    return name in _classes()


def make_api(name: str, entry: dict) -> Api:
    """The API of a class from an entry of the table's form; missing parts are empty."""
    properties = {key: Property(key, value["type"], value["writable"]) for key, value in entry["properties"].items()}
    slots, signals, invokables = (
        tuple(parse(text) for text in (*entry.get(part, ()), *more))
        for part, more in (("slots", ()), ("signals", ()), ("invokables", DECORATED.get(name, ())))
    )
    return Api(name, entry["base"], properties, slots, signals, invokables)


@cache
def _classes() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))["classes"]


def _by_name(declarations) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for declaration in declarations:
        found[declaration.name] = found.get(declaration.name, ()) + declaration.signatures
    return found
