"""A command without the main window: run within Slicer or Python, and end the program on every path."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import NoReturn


def run_and_leave(command: str, arguments: Sequence[str]) -> NoReturn:
    """Run one command of ``hepadose`` and end the program with its exit code.

    Parameters
    ----------
    command : str
        As on the command line ("flr").
    arguments : sequence of str
        Its options; the "--" that keeps Slicer from reading them is left out.
    """
    leave(exit_code_of([command, *(argument for argument in arguments if argument != "--")]))


def exit_code_of(arguments: list[str]) -> int:
    """Exit code of one call: 0 the result is there, 1 it cannot be made, 2 the call is wrong.

    Parameters
    ----------
    arguments : list of str
        As on the command line.

    Returns
    -------
    int
    """
    try:
        from hepadose.cli import main

        return main(arguments)
    except SystemExit as stop:  # argparse: wrong call or --help
        return stop.code if isinstance(stop.code, int) else 2
    except BaseException:  # whatever happens, Slicer must not be left running
        traceback.print_exc()
        return 1


def leave(code: int) -> NoReturn:
    """End Slicer where there is one, which does not end by itself, else Python.

    Parameters
    ----------
    code : int
        Exit code.
    """
    try:
        import slicer.util
    except ImportError:
        raise SystemExit(code) from None
    if hasattr(slicer, "app"):
        slicer.util.exit(code)
    raise SystemExit(code)
