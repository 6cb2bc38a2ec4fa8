"""Looks into a PyTorch checkpoint without running it: every name that it would import is compared with a list.

nnU-Net reads its checkpoints with Python's pickle, which runs whatever they name. Here each is unpickled beforehand
with stand-ins in place of everything it names, so that nothing but the names comes to light.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

from hepadose.errors import ModelIntegrityError

_HARMLESS_NAMES = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "Size"),
    ("torch", "device"),
    ("torch.serialization", "_get_layout"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool", "Untyped")
_HARMLESS = _HARMLESS_NAMES | {("torch", f"{kind}Storage") for kind in _STORAGES}
_LARGEST_PICKLE = 64 * 2**20


def require_harmless_checkpoint(path: Path) -> None:
    """Refuse a checkpoint that could run code when it is read.

    Parameters
    ----------
    path : Path
        A file of ``torch.save``.

    Raises
    ------
    ModelIntegrityError
        If it names anything but tensors, numbers and containers, or is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
            if len(entries) != 1 or entries[0].file_size > _LARGEST_PICKLE:
                raise _unreadable(path)
            content = archive.read(entries[0])
    except (OSError, zipfile.BadZipFile, RuntimeError) as problem:
        raise _unreadable(path) from problem
    try:
        _Scanner(io.BytesIO(content), path.name).load()
    except ModelIntegrityError:
        raise
    except Exception as problem:
        # A damaged pickle can raise anything.
        raise _unreadable(path) from problem


class _Inert:
    """Stands for whatever a pickle makes; takes everything and does nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **options: Any) -> _Inert:
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        """As a list would."""

    def extend(self, values: Any) -> None:
        """As a list would."""


class _Scanner(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, name: str) -> None:
        super().__init__(file)
        self._name = name

    def find_class(self, module: str, name: str) -> type:
        """Refuse every name but those of tensors and containers; called for each name in the file."""
        if (module, name) not in _HARMLESS:
            raise ModelIntegrityError(
                f'The checkpoint {self._name} would run "{module}.{name}" when it is read; it is not loaded, get the '
                "model from a source that you trust."
            )
        return _Inert

    def persistent_load(self, identifier: Any) -> _Inert:
        """Take a stored tensor for nothing: its values are of no interest here."""
        return _Inert()


def _unreadable(path: Path) -> ModelIntegrityError:
    return ModelIntegrityError(f"The checkpoint {path.name} is no readable file of PyTorch; get the model again.")
