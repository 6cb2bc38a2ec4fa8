"""Looks into an ONNX graph before anything runs it: where its numbers come from, and whose operators it uses.

A reader of the few fields that matter, because the ``onnx`` package is not needed to run a graph. It refuses whatever
could read another file or run foreign code.

References
----------
Protocol Buffers encoding; onnx.proto3 of ONNX (field numbers of ModelProto, GraphProto, NodeProto, TensorProto).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hepadose.errors import ModelIntegrityError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_FUNCTIONS, _MODEL_TRAINING = 7, 25, 20
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 1, 2, 8, 13, 14
_OWN_DOMAINS = {"", "ai.onnx"}
_TYPES = {1: np.dtype("<f4"), 6: np.dtype("<i4"), 7: np.dtype("<i8"), 10: np.dtype("<f2"), 11: np.dtype("<f8")}
_DEEPEST = 20


@dataclass(frozen=True)
class ExternalTensor:
    """A weight of the graph that lies in the weight file."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int
    """In bytes from the start of the file."""

    @property
    def length(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def external_tensors(graph: bytes, weight_file: str, weight_bytes: int) -> tuple[ExternalTensor, ...]:
    """The weights that an ONNX graph takes from its weight file, after a look at everything else in it.

    Parameters
    ----------
    graph : bytes
        The whole ``.onnx`` file.
    weight_file : str
        Name of the only file that the graph may refer to; it lies beside the graph.
    weight_bytes : int
        Size of that file.

    Returns
    -------
    tuple of ExternalTensor
        Empty where all numbers lie in the graph itself.

    Raises
    ------
    ModelIntegrityError
        If the graph is damaged, refers to another file, or uses operators that do not belong to ONNX.
    """
    try:
        return tuple(_Reader(weight_file, weight_bytes).of_model(memoryview(graph)))
    except (IndexError, UnicodeDecodeError) as problem:
        raise ModelIntegrityError(
            "The network's graph (model.onnx) is damaged; get the model again from its source."
        ) from problem


class _Reader:
    def __init__(self, weight_file: str, weight_bytes: int) -> None:
        self._file, self._size = weight_file, weight_bytes

    def of_model(self, model: memoryview) -> Iterator[ExternalTensor]:
        """Everything that the only graph of a model takes from the weight file."""
        graphs = 0
        for number, value in _fields(model):
            if number in (_MODEL_FUNCTIONS, _MODEL_TRAINING):
                raise _foreign("functions of its own")
            if number == _MODEL_GRAPH:
                graphs += 1
                yield from self._of_graph(value, 0)
        if graphs != 1:
            raise IndexError("no graph")

    def _of_graph(self, graph: memoryview, depth: int) -> Iterator[ExternalTensor]:
        if depth > _DEEPEST:
            raise IndexError("too deep")
        for number, value in _fields(graph):
            if number == _GRAPH_NODE:
                self._check_node(value, depth)
            elif number == _GRAPH_INITIALIZER:
                found = self._external(value)
                if found is not None and depth:
                    raise _elsewhere("a part of the graph")
                if found is not None:
                    yield found
            elif number == _GRAPH_SPARSE:
                raise _foreign("sparse weights")

    def _check_node(self, node: memoryview, depth: int) -> None:
        entries = list(_fields(node))
        domain = "".join(_text(value) for number, value in entries if number == _NODE_DOMAIN)
        operator = "".join(_text(value) for number, value in entries if number == _NODE_OPERATOR)
        if domain not in _OWN_DOMAINS:
            raise _foreign(f'the operator "{operator}" of "{domain}"')
        for number, attribute in entries:
            if number == _NODE_ATTRIBUTE:
                self._check_attribute(attribute, depth)

    def _check_attribute(self, attribute: memoryview, depth: int) -> None:
        for number, value in _fields(attribute):
            if number in _ATTRIBUTE_SPARSE:
                raise _foreign("sparse weights")
            if number in _ATTRIBUTE_TENSORS and self._external(value) is not None:
                raise _elsewhere("an attribute")
            if number in _ATTRIBUTE_GRAPHS:
                # Run to the end: the generator checks as it goes.
                list(self._of_graph(value, depth + 1))

    def _external(self, tensor: memoryview) -> ExternalTensor | None:
        entries = list(_fields(tensor))
        stored = dict(_pair(value) for number, value in entries if number == _TENSOR_EXTERNAL)
        outside = any(number == _TENSOR_LOCATION and value == 1 for number, value in entries)
        if not stored and not outside:
            return None
        name = "".join(_text(value) for number, value in entries if number == _TENSOR_NAME)
        if stored.get("location") != self._file:
            raise ModelIntegrityError(
                f'The network\'s graph (model.onnx) takes the weight "{name}" from a file outside of the model '
                f"instead of {self._file}; it is not loaded, get the model again from its source."
            )
        kind = next((value for number, value in entries if number == _TENSOR_TYPE), 0)
        return self._placed(name, kind, _dims(entries), stored)

    def _placed(self, name: str, kind: int, shape: tuple[int, ...], stored: dict[str, str]) -> ExternalTensor:
        numbers = [stored.get("offset", "0"), stored.get("length", "0")]
        if kind not in _TYPES or not all(text.isdecimal() for text in numbers):
            raise IndexError("type or offset")
        found = ExternalTensor(name, _TYPES[kind], shape, int(numbers[0]))
        fits = "length" not in stored or int(numbers[1]) == found.length
        if not fits or found.offset + found.length > self._size:
            raise ModelIntegrityError(
                f'The network\'s graph (model.onnx) places the weight "{name}" outside of {self._file}; '
                "get the model again from its source."
            )
        return found


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or bytes."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _varint(message, position)
        elif wire == _BYTES:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
            value, position = message[position : position + length], position + length
        else:
            raise IndexError("wire type")
        if position > len(message):
            raise IndexError("cut off")
        yield number, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
        if shift > 63:
            raise IndexError("varint")


def _dims(entries: list[tuple[int, int | memoryview]]) -> tuple[int, ...]:
    """Shape; stored packed or one by one."""
    shape: list[int] = []
    for number, value in entries:
        if number == _TENSOR_DIMS and isinstance(value, int):
            shape.append(value)
        elif number == _TENSOR_DIMS:
            position = 0
            while position < len(value):
                size, position = _varint(value, position)
                shape.append(size)
    return tuple(shape)


def _pair(entry: memoryview) -> tuple[str, str]:
    values = dict(_fields(entry))
    return _text(values.get(1, b"")), _text(values.get(2, b""))


def _text(value: memoryview | bytes | int) -> str:
    if isinstance(value, int):
        raise IndexError("no text")
    return bytes(value).decode("utf-8")


def _foreign(what: str) -> ModelIntegrityError:
    return ModelIntegrityError(
        f"The network's graph (model.onnx) uses {what}, which could run foreign code; it is not loaded, "
        "export the model with the standard operators of ONNX."
    )


def _elsewhere(place: str) -> ModelIntegrityError:
    return ModelIntegrityError(
        f"The network's graph (model.onnx) takes numbers from a file inside {place}, where none may be; "
        "get the model again from its source."
    )
