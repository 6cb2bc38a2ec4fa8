"""Reloading the library together with a module."""

from __future__ import annotations

import sys


def forget_library(package: str = "hepadose") -> None:
    """Drop the library from the loaded modules, so that the next import reads its files again.

    Parameters
    ----------
    package : str
        Top-level package to drop with everything below it.
    """
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
