"""Byte-compile the scripts of a module as Slicer's build does: what does not compile is reported, nothing stops.

Call: ``compile_scripts.py MARKER SCRIPT…``; the marker file says that the step is done.
"""

import py_compile
import sys
from pathlib import Path


def main(marker, scripts):
    for script in scripts:
        try:
            py_compile.compile(script, doraise=True)
        except py_compile.PyCompileError as problem:
            print(problem.msg)
    Path(marker).write_text("Done", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
