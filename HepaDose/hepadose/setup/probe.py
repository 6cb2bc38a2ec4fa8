"""``python -m hepadose.setup.probe NAME=MODULE …``: import packages and print one JSON line about each.

Runs in a child process of :mod:`hepadose.setup.packages`, which reads the lines.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys


def main(pairs: list[str]) -> None:
    """Print what is known of each package as soon as it is known: the next import may end this process."""
    for pair in pairs:
        name, _, module = pair.partition("=")
        answer = {"name": name, "version": _version(name), **_import(module)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _import(module: str) -> dict[str, str | None]:
    """Why the import fails, without paths, which may hold names of people; what it computes on where it works."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as problem:
        missing = problem.name or module
        return {"problem": f"the module {missing} is missing", "culprit": _owner(missing, module)}
    except Exception as problem:
        return {"problem": f"its import fails ({type(problem).__name__})"}
    # What an interrupted removal leaves behind is a folder without code, which imports as an empty namespace.
    if getattr(found, "__file__", None) is None:
        return {"problem": "its files are missing"}
    return {"problem": None, "device": _device(found) if module == "torch" else ""}


def _owner(missing: str, module: str) -> str:
    """The installed package to which a missing module of another package belongs; empty where there is none."""
    top = missing.partition(".")[0]
    owners = [] if top == module else importlib.metadata.packages_distributions().get(top, [])
    return owners[0] if owners else ""


def _device(torch) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


if __name__ == "__main__":
    main(sys.argv[1:])
