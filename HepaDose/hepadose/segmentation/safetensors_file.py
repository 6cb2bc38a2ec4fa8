"""Reads weights in the safetensors format from memory; nothing in such a file can run.

Written out here because the format is a length, a JSON header and numbers: who only uses a network then needs no
further package, and the bytes whose hash was checked are the bytes that are used.

References
----------
https://huggingface.co/docs/safetensors, section Format.
"""

from __future__ import annotations

import json
import math

import numpy as np

from hepadose.errors import ModelIntegrityError

DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_LENGTH_BYTES = 8
_LONGEST_HEADER = 10 * 2**20


def read_safetensors(content: bytes, name: str = "model.safetensors") -> dict[str, np.ndarray]:
    """All tensors of a file.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        Of the file, for messages.

    Returns
    -------
    dict of numpy.ndarray
        Read-only views into ``content`` by name; empty for a file without tensors.

    Raises
    ------
    ModelIntegrityError
        If the file is no safetensors file, is cut off, or places tensors outside of itself or over each other.
    """
    header, data = _header_and_data(content, name)
    header.pop("__metadata__", None)
    places = {key: _place(key, entry, len(data), name) for key, entry in header.items()}
    end = 0
    for key, (_, _, start, stop) in sorted(places.items(), key=lambda item: item[1][2:]):
        if start < end:
            raise _damaged(name, f'the tensor "{key}" lies over another one')
        end = stop
    return {
        key: np.frombuffer(data[start:stop], dtype).reshape(shape)
        for key, (dtype, shape, start, stop) in places.items()
    }


def _header_and_data(content: bytes, name: str) -> tuple[dict, memoryview]:
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    if len(content) < _LENGTH_BYTES or not 2 <= length <= min(_LONGEST_HEADER, len(content) - _LENGTH_BYTES):
        raise _damaged(name, "its header is cut off or missing")
    try:
        header = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + length].decode("utf-8"))
    except ValueError as problem:
        raise _damaged(name, "its header is no JSON text") from problem
    if not isinstance(header, dict):
        raise _damaged(name, "its header is no JSON object")
    return header, memoryview(content)[_LENGTH_BYTES + length :]


def _place(key: str, entry: object, size: int, name: str) -> tuple[np.dtype, tuple[int, ...], int, int]:
    """Type, shape, and where the tensor lies."""
    try:
        dtype = DTYPES[entry["dtype"]]
        shape = tuple(int(value) for value in entry["shape"])
        start, stop = (int(value) for value in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as problem:
        raise _damaged(name, f'the description of the tensor "{key}" is wrong or of an unknown type') from problem
    if not 0 <= start <= stop <= size or min(shape, default=0) < 0:
        raise _damaged(name, f'the tensor "{key}" reaches outside of the file')
    if math.prod(shape) * dtype.itemsize != stop - start:
        raise _damaged(name, f'the tensor "{key}" has another size than its shape says')
    return dtype, shape, start, stop


def _damaged(name: str, reason: str) -> ModelIntegrityError:
    return ModelIntegrityError(f"The weight file {name} is damaged: {reason}; get the model again from its source.")
