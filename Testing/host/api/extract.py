"""Take from a table of what PythonQt shows of CTK and Slicer widget classes the part that this project uses.

Usage: python Testing/host/api/extract.py PATH_OF_THE_WHOLE_TABLE

A class is used if a .ui file, a module, the library or the stand-in names it; its bases come with it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[2]
CLASS_NAME = re.compile(r"\b(?:ctk|qMRML|qSlicer)\w+")
ROOMS = ("FLRDose", "HepaDose", "LiverSIRT", "ResponseRECIST", "Testing/host", "Testing/gui")


def main() -> None:
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    names = with_bases(used_names() & whole["classes"].keys(), whole["classes"])
    part = {"source": whole["source"], "classes": {name: whole["classes"][name] for name in sorted(names)}}
    (HERE / "widgets.json").write_text(json.dumps(part, indent=1) + "\n", encoding="utf-8")


def used_names() -> set[str]:
    """Every word of the project that could be a class of CTK or Slicer."""
    files = [path for room in ROOMS for kind in ("*.py", "*.ui") for path in (PROJECT / room).rglob(kind)]
    return {name for path in files for name in CLASS_NAME.findall(path.read_text(encoding="utf-8"))}


def with_bases(names: set[str], classes: dict) -> set[str]:
    """The names and everything that they derive from."""
    found = set()
    for name in names:
        while name in classes:
            found.add(name)
            name = classes[name]["base"]
    return found


if __name__ == "__main__":
    main()
