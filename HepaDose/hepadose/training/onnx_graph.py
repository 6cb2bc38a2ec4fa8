"""A network as an ONNX graph whose numbers lie in the model's weight file, in 16 bits, where PyTorch reads them too."""

from __future__ import annotations

import io
import json
import warnings

import torch

from hepadose.errors import MissingDependencyError

OPSET = 17
_LENGTH_BYTES = 8


def graph_over_weights(module: torch.nn.Module, in_channels: int, weights: bytes, weight_file: str) -> bytes:
    """The graph of a network.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, with ``size_divisors``.
    in_channels : int
    weights : bytes
        A safetensors file with the network's tensors in 16 bits.
    weight_file : str
        Name of that file, which lies beside the graph.

    Returns
    -------
    bytes
        An ONNX file with the input "image" (n, C, k, j, i) and the output "logits" (n, labels, k, j, i); every weight
        is an external tensor of 16 bits that is widened to 32.

    Raises
    ------
    MissingDependencyError
        If the package ``onnx`` is missing.
    """
    try:
        import onnx
    except ImportError as problem:
        raise MissingDependencyError("Export needs the package onnx: pip install onnx") from problem
    model = onnx.load_from_string(_traced(module, in_channels))
    places = tensor_places(weights)
    kept, casts = [], []
    for tensor in model.graph.initializer:
        if tensor.name in places and tensor.data_type == onnx.TensorProto.FLOAT:
            stored = f"{tensor.name}.stored"
            kept.append(_external(onnx, stored, tensor.dims, places[tensor.name], weight_file))
            casts.append(onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT))
        else:
            kept.append(tensor)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    # Where and by whom it was made is of no use here, and differs between computers.
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
    return model.SerializeToString()


def tensor_places(weights: bytes) -> dict[str, tuple[int, int]]:
    """Offset and length in bytes of every 16-bit tensor of a safetensors file, from the file's start.

    Parameters
    ----------
    weights : bytes
        The whole file.

    Returns
    -------
    dict of tuple of 2 int
        By the tensors' names.
    """
    length = int.from_bytes(weights[:_LENGTH_BYTES], "little")
    header = json.loads(weights[_LENGTH_BYTES : _LENGTH_BYTES + length])
    return {
        name: (_LENGTH_BYTES + length + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F16"
    }


def _traced(module: torch.nn.Module, in_channels: int) -> bytes:
    # Two divisors per side: with one, sizes at the bottom would be 1 and could be taken for constants.
    example = torch.zeros(1, in_channels, *(max(2 * divisor, 4) for divisor in module.size_divisors))
    buffer = io.BytesIO()
    axes = {0: "n", 2: "k", 3: "j", 4: "i"}
    with warnings.catch_warnings():
        # The exporter warns of its own end (the other one needs a package more) and of sizes that it might take for
        # constants; whether it did is measured on the finished graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            # Folded or fused weights would no longer be those of the weight file.
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": axes, "logits": axes},
        )
    return buffer.getvalue()


def _external(onnx, name: str, dims, place: tuple[int, int], weight_file: str):
    tensor = onnx.TensorProto(
        name=name,
        data_type=onnx.TensorProto.FLOAT16,
        data_location=onnx.TensorProto.EXTERNAL,
        dims=dims,
    )
    for key, value in (("location", weight_file), ("offset", str(place[0])), ("length", str(place[1]))):
        tensor.external_data.add(key=key, value=value)
    return tensor
