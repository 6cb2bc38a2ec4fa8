"""Classes of CTK and of the application by name: those with behavior here, and bare ones for the rest of the table."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

from host import standin, table
from host.raw import is_cpp

# Modules of this package whose classes stand for classes of CTK or Slicer.
ROOMS = re.compile(r"ctk_(?!module)|qmrml_|slicer_|views|(layout|segment_editor|main_window)$")
PREFIXES = ("ctk", "qMRML", "qSlicer")


@cache
def application_class(name: str) -> type | None:
    """The stand-in of a class of CTK or Slicer; None if the name is not one of theirs.

    Raises
    ------
    KeyError
        If it is one of theirs by its name but neither here nor in the table.
    """
    if not name.startswith(PREFIXES):
        return None
    found = _with_behavior().get(name)
    if found is not None:
        return found
    table.api_of(name)
    return standin.bare(name)


@cache
def _with_behavior() -> dict[str, type]:
    names = [item.name for item in pkgutil.iter_modules([str(Path(__file__).parent)])]
    rooms = [importlib.import_module(f"host.{name}") for name in names if ROOMS.match(name)]
    members = [cls for room in rooms for _name, cls in inspect.getmembers(room, inspect.isclass)]
    return {cls.__name__: cls for cls in members if is_cpp(cls) and cls.__name__.startswith(PREFIXES)}
