"""Lists that a user wrote as CSV: columns checked, cells as text, numbers with the case they belong to."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from hepadose.errors import MissingInputError, UnreadableFileError


def read_lines(path: Path, needed: tuple[str, ...], optional: tuple[str, ...], missing: str) -> list[dict[str, str]]:
    """The lines of a CSV file in UTF-8, each cell without surrounding blanks.

    Parameters
    ----------
    path : Path
    needed, optional : tuple of str
        Columns that it must and may have; there must be no others.
    missing : str
        The sentence for a file that does not exist.

    Returns
    -------
    list of dict of str to str
        At least one line.

    Raises
    ------
    MissingInputError
        If there is no such file, or it has no line.
    UnreadableFileError
        If it is no CSV in UTF-8, or has other columns.
    """
    if not path.is_file():
        raise MissingInputError(missing)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            lines = [{name: (value or "").strip() for name, value in line.items() if name} for line in reader]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise UnreadableFileError(f"{path.name} cannot be read; save it as CSV in UTF-8.") from problem
    absent, unknown = sorted(set(needed) - set(columns)), sorted(set(columns) - {*needed, *optional})
    if absent or unknown:
        raise UnreadableFileError(
            f"{path.name} needs the columns {', '.join(needed)} and may have {', '.join(optional)}; "
            f"missing: {', '.join(absent) or 'none'}, unknown: {', '.join(unknown) or 'none'}."
        )
    if not lines:
        raise MissingInputError(f"{path.name} lists nothing.")
    return lines


def number_in(line: dict[str, str], name: str) -> float | None:
    """A finite number of a line with a column "case"; None where the cell is empty or the column absent.

    Raises
    ------
    UnreadableFileError
        If it is no number.
    """
    text = line.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnreadableFileError(f'Case {line["case"]}: {name} must be a number, got "{text}".')
    return value
