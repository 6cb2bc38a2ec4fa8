"""Folders that are made once and kept: they appear complete or not at all, and are checked bit by bit before use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

MANIFEST = "manifest.json"

_ABANDONED_S = 3600.0
"""Age at which a half-made folder belongs to nobody any more."""


def is_intact(place: Path, reference: str) -> bool:
    """Whether a folder holds what belongs to a reference, every file bit by bit as it was written.

    Parameters
    ----------
    place : Path
    reference : str
        What the content was made from; another one makes it out of date.

    Returns
    -------
    bool
    """
    try:
        return json.loads((place / MANIFEST).read_text(encoding="utf-8")) == _manifest_of(place, reference)
    except (OSError, ValueError):
        return False


def write_manifest(folder: Path, reference: str) -> None:
    """Write the checksums of all files of a finished folder into it."""
    manifest = json.dumps(_manifest_of(folder, reference), indent=1)
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")


def remove_abandoned(folder: Path, name: str) -> None:
    """Remove what killed processes left behind: old hidden folders beside a kept one of this name."""
    for left in folder.glob(f".{name}-*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)


def put_in_place(made: Path, place: Path, reference: str) -> None:
    """Rename a finished folder; where another process was faster, its content is as good.

    Raises
    ------
    OSError
        If the folder cannot be put there.
    """
    arrived = place.with_name(f".{place.name}-arriving-{uuid.uuid4().hex}")
    try:
        # The move may cross disks and take its time; the rename does not.
        shutil.move(made, arrived)
        if place.exists() and not is_intact(place, reference):
            shutil.rmtree(place)
        with suppress(OSError):
            os.replace(arrived, place)
        if not is_intact(place, reference):
            raise OSError(0, "the finished folder cannot be renamed")
    finally:
        shutil.rmtree(arrived, ignore_errors=True)


def sha256(path: Path) -> str:
    """The checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _manifest_of(folder: Path, reference: str) -> dict:
    """Checksums of all files but the manifest, and the reference they were made from."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {"reference": reference, "files": {path.relative_to(folder).as_posix(): sha256(path) for path in files}}
