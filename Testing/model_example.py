"""A tiny model that finds tissue of a band of HU, written as a folder, and a CT in which it finds the liver."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from hepadose.images import Image

WINDOW_HU = (-200.0, 300.0)
LIVER_HU, TISSUE_HU, LUNG_HU, AIR_HU = 120.0, 20.0, -800.0, -1000.0
SPACING_MM = (5.0, 5.0, 5.0)


def band_weights(low_hu: float = 50.0, high_hu: float = 190.0, gain: float = 60.0) -> dict[str, np.ndarray]:
    """Weights of conv 3³ – ReLU – conv 1³ whose second output is positive between two HU: a tent of three ramps."""
    low, high = WINDOW_HU
    edges = (np.array([low_hu, (low_hu + high_hu) / 2, high_hu]) - low) / (high - low)
    mean = np.full((3, 1, 3, 3, 3), 1 / 27)
    tent = gain * np.array([1.0, -2.0, 1.0])
    return {
        "0.weight": mean.astype(np.float16),
        "0.bias": (-edges).astype(np.float16),
        "2.weight": np.stack([np.zeros(3), tent]).reshape(2, 3, 1, 1, 1).astype(np.float16),
        "2.bias": np.array([0.0, -2.0], np.float16),
    }


def band_module():
    """The same network in PyTorch, with random weights."""
    from torch import nn

    return nn.Sequential(nn.Conv3d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv3d(3, 2, 1))


def safetensors_bytes(tensors: dict[str, np.ndarray]) -> bytes:
    """A file in the safetensors format, written out by hand."""
    names = {np.dtype(np.float16): "F16", np.dtype(np.float32): "F32"}
    header, offset = {}, 0
    for name, array in tensors.items():
        stop = offset + array.nbytes
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, stop],
        }
        offset = stop
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in tensors.values())


def offsets_in(weights: bytes) -> dict[str, tuple[int, int]]:
    """First byte and length of every tensor in a weight file."""
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + length])
    places = {name: entry["data_offsets"] for name, entry in header.items()}
    return {name: (8 + length + start, stop - start) for name, (start, stop) in places.items()}


def band_graph(weights: bytes, location: str = "model.safetensors", domain: str = "") -> bytes:
    """The network as an ONNX graph whose numbers lie in the weight file."""
    from onnx import TensorProto, helper

    tensors = []
    for name, (offset, length) in offsets_in(weights).items():
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT16, data_location=TensorProto.EXTERNAL)
        tensor.dims.extend(band_weights()[name].shape)
        for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
        tensors.append(tensor)
    casts = [helper.make_node("Cast", [tensor.name], [f"{tensor.name}.32"], to=1) for tensor in tensors]
    nodes = [
        *casts,
        helper.make_node("Conv", ["image", "0.weight.32", "0.bias.32"], ["a"], kernel_shape=[3] * 3, pads=[1] * 6),
        helper.make_node("Relu", ["a"], ["b"], domain=domain),
        helper.make_node("Conv", ["b", "2.weight.32", "2.bias.32"], ["logits"], kernel_shape=[1] * 3),
    ]
    inputs = [helper.make_tensor_value_info("image", 1, ["n", 1, "k", "j", "i"])]
    outputs = [helper.make_tensor_value_info("logits", 1, ["n", 2, "k", "j", "i"])]
    graph = helper.make_graph(nodes, "band", inputs, outputs, tensors)
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def metadata(**changes) -> dict:
    """A description of the model; without hashes."""
    return {
        "name": "liver-band",
        "version": "0.1.0",
        "task": "liver",
        "description": "Finds tissue of a band of densities.",
        "intended_use": "Tests.",
        "labels": [
            {"value": 0, "name": "background"},
            {"value": 1, "name": "liver", "snomed": {"code": "10200004", "meaning": "Liver"}},
        ],
        "channels": [{"name": "ct", "image": "ct", "window_hu": list(WINDOW_HU)}],
        "spacing_mm": list(SPACING_MM),
        "patch_size": [32, 32, 32],
        "patch_multiple": [8, 8, 8],
        "network": {"class": "Band", "arguments": {}},
        "memory_bytes_per_voxel": 50,
        **changes,
    }


def inference(**changes) -> dict:
    """How the model is run."""
    return {
        "overlap": 0.5,
        "region": {"from": "body", "margin_mm": 30},
        "least_volume_ml": 50,
        "postprocessing": [{"operation": "largest_component"}, {"operation": "fill_holes"}],
        **changes,
    }


def write_model(
    folder: Path,
    *,
    about: dict | None = None,
    run: dict | None = None,
    tensors: dict[str, np.ndarray] | None = None,
    with_graph: bool = True,
) -> Path:
    """Write the model's folder and return it."""
    weights = safetensors_bytes(tensors or band_weights())
    files = {"models/model.safetensors": weights}
    if with_graph:
        files["models/model.onnx"] = band_graph(weights)
    for name in ("configs", "models", "docs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "docs" / "README.md").write_text("# A model for tests\n")
    (folder / "LICENSE").write_text("Apache-2.0\n")
    (folder / "configs" / "metadata.json").write_text(json.dumps(about or metadata()))
    (folder / "configs" / "inference.json").write_text(json.dumps(run or inference()))
    state_hashes(folder)
    return folder


def state_hashes(folder: Path) -> None:
    """Write the hashes of the files as they are now into the description."""
    path = folder / "configs" / "metadata.json"
    content = json.loads(path.read_text())
    names = [name for name in ("models/model.safetensors", "models/model.onnx") if (folder / name).exists()]
    content["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    path.write_text(json.dumps(content))


def example_ct(spacing_mm=SPACING_MM, shape_kji=(48, 64, 72), liver: bool = True) -> tuple[Image, Image]:
    """A body with a liver, a hole in it, a bright lump elsewhere, and the table; and the true liver mask.

    The extent in mm is that of ``shape_kji`` at 5 mm.
    """
    counts = [round(n * 5.0 / s) for n, s in zip(shape_kji, spacing_mm[::-1], strict=True)]
    grid = Image(np.broadcast_to(np.uint8(0), counts), spacing_mm, (-177.5, -157.5, 12.5))
    axes = [np.arange(n) * s + o for n, s, o in zip(counts, spacing_mm[::-1], grid.origin_lps[::-1], strict=True)]
    z, y, x = axes[0][:, None, None], axes[1][:, None], axes[2]
    array = np.full(counts, AIR_HU, np.float32)
    array[np.broadcast_to((x / 150) ** 2 + (y / 110) ** 2 < 1, counts)] = TISSUE_HU
    array[np.broadcast_to(((x + 70) / 50) ** 2 + (y / 60) ** 2 + ((z - 210) / 40) ** 2 < 1, counts)] = LUNG_HU
    array[np.broadcast_to((np.abs(y - 135) < 6) & (np.abs(x) < 160), counts)] = TISSUE_HU
    true = np.zeros(counts, bool)
    if liver:
        true = np.broadcast_to(((x + 60) / 70) ** 2 + (y / 60) ** 2 + ((z - 110) / 55) ** 2 < 1, counts).copy()
        array[true] = LIVER_HU
    array[np.broadcast_to((x - 90) ** 2 + y**2 + (z - 110) ** 2 < 22**2, counts)] = LIVER_HU
    return grid.with_array(array), grid.with_array(true)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Dice of two masks."""
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))
