"""Values between two processes as files: JSON for what is small, uncompressed .npy for arrays, never a pickle.

Only the types listed in :data:`TYPES` can be written or read, so that a file can create nothing else.
"""

from __future__ import annotations

import errno
import importlib
import json
import math
import os
import shutil
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.errors import HepaDoseError, OutputError, UnreadableFileError

TYPES = {
    "ApplicationFacts": "hepadose.setup.check",
    "CaseChoices": "hepadose.dicom.choices",
    "CaseSources": "hepadose.worker.outcomes",
    "ComputerCheck": "hepadose.setup.check",
    "Finding": "hepadose.findings",
    "Image": "hepadose.images",
    "Level": "hepadose.findings",
    "LoadedCase": "hepadose.worker.outcomes",
    "LoadedPreflight": "hepadose.worker.outcomes",
    "LoadedStructure": "hepadose.worker.outcomes",
    "LoadedTreatment": "hepadose.worker.treatment",
    "Package": "hepadose.setup.packages",
    "PackageGroup": "hepadose.setup.packages",
    "PackageState": "hepadose.setup.packages",
    "PackageStatus": "hepadose.setup.packages",
    "Registration": "hepadose.registration.quality",
    "RegistrationMethod": "hepadose.registration.settings",
    "RegistrationOutcome": "hepadose.worker.outcomes",
    "RegistrationQuality": "hepadose.registration.quality",
    "Segmentation": "hepadose.segmentation.protocol",
    "SegmentationInputs": "hepadose.segmentation.protocol",
    "SegmentationOrigin": "hepadose.provenance",
}
"""Data classes and enumerations that may cross, by name, with their module."""

_INLINE_VALUES = 16
_SPARE_BYTES = 32 * 2**20
_NPY_VERSION = (1, 0)


def save_value(folder: Path, name: str, value: Any) -> None:
    """Write a value as ``<name>.json`` with its arrays beside it; the JSON file appears last and complete.

    Parameters
    ----------
    folder : Path
        Exists.
    name : str
        Of the files, without ending.
    value
        None, booleans, numbers, texts, paths, tuples, lists, dicts with text keys, NumPy arrays, SimpleITK transforms,
        HepaDose errors, and the types in :data:`TYPES`.

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    TypeError
        If the value holds something else.
    """
    try:
        _require_space(folder, value)
        packed = _Packer(folder, name).pack(value)
        partial = folder / f"{name}.partial"
        partial.write_text(json.dumps(packed), encoding="ascii")
        os.replace(partial, folder / f"{name}.json")
    except OSError as problem:
        raise OutputError(reason_in_words(problem)) from problem


def load_value(folder: Path, name: str) -> Any:
    """Read what :func:`save_value` wrote; arrays are read into memory, so the files may go.

    Raises
    ------
    UnreadableFileError
        If a file is absent, cut off, or holds a type that may not cross.
    """
    try:
        packed = json.loads((folder / f"{name}.json").read_text(encoding="ascii"))
        return _Unpacker(folder).unpack(packed)
    except (OSError, KeyError, TypeError, AttributeError) as problem:
        raise _unreadable() from problem
    except ValueError as problem:
        if isinstance(problem, HepaDoseError):
            raise
        raise _unreadable() from problem


def reason_in_words(problem: OSError) -> str:
    """Why the exchange folder cannot be used, and what to do; names no path."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            "The disk of the temporary folder is full; free some space, or let TMPDIR (on Windows TEMP) name a folder "
            "on another disk."
        )
    reason = problem.strerror or type(problem).__name__
    return f"The temporary folder cannot be used ({reason}); let TMPDIR (on Windows TEMP) name one you may write to."


def _unreadable() -> UnreadableFileError:
    return UnreadableFileError("What was handed over between the two processes cannot be read; run the step again.")


def _require_space(folder: Path, value: Any) -> None:
    """Refuse before the disk is full: others need it too."""
    needed = array_bytes(value)
    if needed and shutil.disk_usage(folder).free < needed + _SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def array_bytes(value: Any) -> int:
    """Size of all arrays in a value in bytes."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(array_bytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(array_bytes, value))
    if is_dataclass(value):
        return sum(array_bytes(getattr(value, field.name)) for field in fields(value))
    return 0


class _Packer:
    """Turns a value into what JSON can hold, writing large parts to files of their own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name, self._files = folder, name, 0

    def pack(self, value: Any) -> Any:
        if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
            return value
        if isinstance(value, list):
            return [self.pack(item) for item in value]
        if isinstance(value, tuple):
            return {"tuple": [self.pack(item) for item in value]}
        if isinstance(value, dict):
            return {"dict": {str(key): self.pack(item) for key, item in value.items()}}
        if isinstance(value, Path):
            return {"path": str(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, HepaDoseError):
            return {"error": [type(value).__name__, str(value)]}
        return self._listed(value)

    def _listed(self, value: Any) -> dict[str, Any]:
        name = type(value).__name__
        if TYPES.get(name) == type(value).__module__:
            if isinstance(value, Enum):
                return {"enum": [name, value.value]}
            return {"type": name, "fields": {f.name: self.pack(getattr(value, f.name)) for f in fields(value)}}
        if type(value).__module__.startswith("SimpleITK") and hasattr(value, "TransformPoint"):
            return self._transform(value)
        raise TypeError(f"A {name} cannot be handed to another process.")

    def _array(self, array: np.ndarray) -> dict[str, Any]:
        if array.dtype.hasobject:
            raise TypeError("An array of Python objects cannot be handed to another process.")
        if array.size <= _INLINE_VALUES:
            return {"values": array.tolist(), "dtype": array.dtype.str, "shape": array.shape}
        file = self._next_file("npy")
        _write_npy(self._folder / file, array)
        return {"npy": file}

    def _transform(self, transform: Any) -> dict[str, Any]:
        from hepadose.registration.storage import write_transform

        file = self._next_file("h5")
        write_transform(self._folder / file, transform)
        return {"transform": file}

    def _next_file(self, ending: str) -> str:
        self._files += 1
        return f"{self._name}-{self._files}.{ending}"


class _Unpacker:
    """The way back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def unpack(self, packed: Any) -> Any:
        if isinstance(packed, list):
            return [self.unpack(item) for item in packed]
        if not isinstance(packed, dict):
            return packed
        (kind, content), *more = packed.items()
        return getattr(self, f"_{kind}")(content, **dict(more))

    def _tuple(self, items: list) -> tuple:
        return tuple(self.unpack(item) for item in items)

    def _dict(self, items: dict) -> dict:
        return {key: self.unpack(item) for key, item in items.items()}

    def _path(self, text: str) -> Path:
        return Path(text)

    def _values(self, values: list, dtype: str, shape: list) -> np.ndarray:
        return np.array(values, dtype=np.dtype(dtype)).reshape(shape)

    def _npy(self, file: str) -> np.ndarray:
        return _read_npy(self._folder / Path(file).name)

    def _transform(self, file: str) -> Any:
        from hepadose.registration.storage import read_transform

        return read_transform(self._folder / Path(file).name)

    def _error(self, content: list) -> HepaDoseError:
        return error_named(*content)

    def _enum(self, content: list) -> Enum:
        name, value = content
        return _class_of(name)(value)

    def _type(self, name: str, fields: dict) -> Any:
        return _class_of(name)(**{key: self.unpack(item) for key, item in fields.items()})


def _class_of(name: str) -> type:
    return getattr(importlib.import_module(TYPES[name]), name)


def error_named(name: str, message: str) -> HepaDoseError:
    """A HepaDose error by the name of its class; the root class where this process does not know the name."""
    waiting = [HepaDoseError]
    while waiting:
        found = waiting.pop()
        if found.__name__ == name:
            return found(message)
        waiting += found.__subclasses__()
    return HepaDoseError(message)


def _write_npy(path: Path, array: np.ndarray) -> None:
    """Like ``np.save``, but in few long system calls, during which other threads run."""
    array = np.ascontiguousarray(array)
    with path.open("wb", buffering=0) as file:
        header = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, header)
        rest = memoryview(array.reshape(-1)).cast("B")
        while rest.nbytes:
            rest = rest[file.write(rest) :]


def _read_npy(path: Path) -> np.ndarray:
    """Like ``np.load`` without pickles, but in few long system calls, during which other threads run."""
    with path.open("rb", buffering=0) as file:
        if np.lib.format.read_magic(file) != _NPY_VERSION:
            raise _unreadable()
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject or fortran_order:
            raise _unreadable()
        array = np.empty(math.prod(shape), dtype)
        rest = memoryview(array).cast("B")
        while rest.nbytes:
            count = file.readinto(rest)
            if not count:
                raise _unreadable()
            rest = rest[count:]
    return array.reshape(shape)
