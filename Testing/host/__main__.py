"""Start the stand-in of Slicer on folders of modules, open every module, print the names.

Usage: python -m host FOLDER [FOLDER ...]

The folders come before everything else on the search path, so that a library in them is the one that is tried, even
where the project is installed for development. Exits with 1 after any error.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path


def main(folders: list[str]) -> int:
    """Open every module; the exit code."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path[:0] = [str(Path(folder).resolve()) for folder in folders]
    import host

    application = host.start(())
    names = application.register(folders)
    for name in names:
        application.select_module(name)
        application.process_events()
        print(name)
    application.reset()
    for problem in application.errors:
        logging.error("%s: %s", type(problem).__name__, problem)
    return 1 if application.errors or not names else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(code)
