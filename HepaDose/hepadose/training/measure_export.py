"""Measures an exported model: does onnxruntime give what PyTorch gives, and how much memory does it take?"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from hepadose.segmentation.bundle import Bundle, read_bundle
from hepadose.segmentation.preprocess import channel_image, network_input
from hepadose.segmentation.runtime_onnx import OnnxRuntime
from hepadose.segmentation.tiles import Shape
from hepadose.training.abdomen import AbdomenSettings, FieldOfView, random_abdomen, render_ct

_UNKNOWN_BYTES = 2000.0
_FEWEST_VOXELS = 16**3


def largest_probability_difference(module: torch.nn.Module, bundle: Bundle, seed: int = 1) -> float:
    """Largest difference between the probabilities of PyTorch and onnxruntime, both with 32-bit arithmetic.

    Measured on the middle of a synthetic abdomen, about half a tile: what a network has learned decides about organs
    and their edges, while noise would leave it certain of nothing being there.

    Parameters
    ----------
    module : torch.nn.Module
        With the weights of the model.
    bundle : Bundle
    seed : int
        Chooses the abdomen.

    Returns
    -------
    float
        0 to 1.
    """
    values = torch.from_numpy(_abdomen(bundle, seed))
    with torch.inference_mode():
        expected = torch.softmax(module(values)[0], dim=0)
    found = torch.softmax(torch.from_numpy(np.array(OnnxRuntime(bundle, 1).predict(values.numpy()))), dim=0)
    return float((expected - found).abs().max())


def _abdomen(bundle: Bundle, seed: int) -> np.ndarray:
    """Input of half a tile: one CT per channel."""
    about, tile = bundle.description, half_tile(bundle)
    spacing_mm = float(np.clip(about.spacing_mm[0], 2.0, 4.0))
    shape = tuple(max(size, 16) for size in tile)
    abdomen = random_abdomen(seed, AbdomenSettings(spacing_mm, shape, FieldOfView.UPPER_ABDOMEN))
    inside = tuple(slice(0, size) for size in tile)
    cts = {"ct": render_ct(abdomen, seed).array, "planning_ct": render_ct(abdomen, seed + 1).array}
    images = {each.image: channel_image(each.image, cts, abdomen.liver.array)[inside] for each in about.channels}
    return network_input(images, about.channels)[None]


def half_tile(bundle: Bundle) -> Shape:
    """About half a tile along each axis, as the network can take it.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    tuple of 3 int
        Voxels along k, j, i.
    """
    steps = bundle.description.patch_multiple
    return tuple(max(size // (2 * m), 2) * m for size, m in zip(bundle.description.patch_size, steps, strict=True))


def memory_bytes_per_voxel(folder: Path, bundle: Bundle) -> float:
    """Growth of a process's largest memory per voxel, from half a tile to a whole one; a guess on Windows.

    Parameters
    ----------
    folder : Path
        Of the model.
    bundle : Bundle

    Returns
    -------
    float
    """
    if sys.platform == "win32":
        return _UNKNOWN_BYTES
    small, large = half_tile(bundle), bundle.description.patch_size
    more_voxels = np.prod(large) - np.prod(small)
    if more_voxels < _FEWEST_VOXELS:
        return _UNKNOWN_BYTES
    more_bytes = _peak_bytes(folder, large) - _peak_bytes(folder, small)
    # Small tiles hide in what a process takes anyway; nothing needs less than its input and output.
    return float(np.ceil(max(more_bytes / more_voxels, 16.0)))


def _peak_bytes(folder: Path, tile: Shape) -> float:
    """Largest memory of a new process that runs the model once."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run_once, (folder, tile))


def _run_once(folder: Path, tile: Shape) -> float:
    bundle = read_bundle(folder)
    OnnxRuntime(bundle, 1).predict(np.zeros((1, len(bundle.description.channels), *tile), np.float32))
    return _own_peak_bytes()


def _own_peak_bytes() -> float:
    status = Path("/proc/self/status")
    if status.is_file():
        # What getrusage tells on Linux also counts the process that started this one.
        (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
