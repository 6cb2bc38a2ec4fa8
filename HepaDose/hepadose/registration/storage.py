"""Transforms on disk: ITK's HDF5 or text files, which Slicer opens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose.errors import OutputError, SettingsError, UnreadableFileError

if TYPE_CHECKING:
    import SimpleITK as sitk

_SUFFIXES = (".h5", ".hdf", ".hdf5", ".tfm", ".txt")


def write_transform(path: Path | str, transform: sitk.Transform) -> Path:
    """Write a transform under a temporary name in the same folder, then rename it.

    Parameters
    ----------
    path : Path or str
        Ends in .h5, .hdf, .hdf5, .tfm or .txt.
    transform : SimpleITK.Transform
        Any transform, composite ones included.

    Raises
    ------
    SettingsError
        If the ending names no transform format.
    OutputError
        If the folder cannot be written to; nothing is left behind.
    """
    import SimpleITK as sitk

    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise SettingsError(f"A transform is stored as {', '.join(_SUFFIXES)}, got {path.suffix or 'no ending'!r}.")
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        sitk.WriteTransform(transform, str(temporary))
        os.replace(temporary, path)
    except (RuntimeError, OSError) as reason:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"The transform {path.name} cannot be written; choose a folder that exists, is writable and has space left."
        ) from reason
    return path


def read_transform(path: Path | str) -> sitk.Transform:
    """Read a transform, or a displacement field stored as an image of three-component voxels (mm, LPS).

    Raises
    ------
    UnreadableFileError
        If the file is absent or holds no transform.
    """
    import SimpleITK as sitk

    path = Path(path)
    try:
        if path.suffix.lower() in _SUFFIXES:
            return sitk.ReadTransform(str(path))
        field = sitk.ReadImage(str(path), sitk.sitkVectorFloat64)
        return sitk.DisplacementFieldTransform(field)
    except RuntimeError as reason:
        raise UnreadableFileError(
            f"The file {path.name} holds no readable transform; store it again as .h5 or .tfm, or as a displacement "
            "field."
        ) from reason
