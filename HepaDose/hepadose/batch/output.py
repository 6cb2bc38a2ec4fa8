"""An output folder that appears complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hepadose.errors import OutputError

MARKER = "result.json"
"""A folder that holds this file is an earlier result and may be replaced."""


@contextmanager
def complete_folder(output: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A working folder that takes the name of ``output`` when the block ends without an error.

    The working folder lies beside ``output``, so that the final renaming cannot be half done. After an error, a
    cancellation or Ctrl-C it is removed and ``output`` is what it was before.

    Parameters
    ----------
    output : Path
        Where the result shall be; must not exist, be empty, or hold an earlier result with ``overwrite``.
    overwrite : bool
        Replace an earlier result.

    Yields
    ------
    Path
        The working folder.

    Raises
    ------
    OutputError
        If the folder holds something else, or cannot be created or filled.
    """
    output = output.absolute()
    _require_replaceable(output, overwrite)
    working = _new_working_folder(output)
    try:
        yield working
        _swap(working, output)
    except OSError as problem:
        raise OutputError(
            f"The result cannot be written: {problem.strerror or problem}. Nothing was kept."
        ) from problem
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _require_replaceable(output: Path, overwrite: bool) -> None:
    if not output.exists():
        return
    if not output.is_dir():
        raise OutputError("The output must be a folder, but a file of this name exists; choose another name.")
    if not any(output.iterdir()):
        return
    if not (output / MARKER).is_file():
        raise OutputError("The output folder holds files that are no HepaDose result; choose an empty or new folder.")
    if not overwrite:
        raise OutputError("The output folder holds an earlier result; choose another one or allow overwriting.")


def _new_working_folder(output: Path) -> Path:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".partial", dir=output.parent))
    except OSError as problem:
        raise OutputError(
            f"The output folder cannot be written: {problem.strerror}. Choose a folder with write permission."
        ) from problem


def _swap(working: Path, output: Path) -> None:
    """Give the working folder its final name; an earlier result goes only after the new one is in place."""
    os.chmod(working, 0o777 & ~_umask())
    if not output.exists():
        os.replace(working, output)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".old", dir=output.parent))
    os.replace(output, retired / "result")
    try:
        os.replace(working, output)
    except OSError:
        os.replace(retired / "result", output)
        raise
    finally:
        shutil.rmtree(retired, ignore_errors=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def holds_result(folder: Path) -> bool:
    """Whether saving here would replace an earlier result."""
    return (folder / MARKER).is_file()
