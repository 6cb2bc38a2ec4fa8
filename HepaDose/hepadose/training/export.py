"""Turns a trained network into a model's folder: weights, graph, description, model card, and a check of all of it."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import hepadose
from hepadose.errors import ModelIntegrityError, OutputError
from hepadose.networks import build
from hepadose.segmentation.bundle import GRAPH_FILE, WEIGHTS_FILE, read_bundle
from hepadose.segmentation.bundle_metadata import INFERENCE_FILE, METADATA_FILE
from hepadose.training.checkpoint import BEST_WEIGHTS, load_checkpoint, load_weights
from hepadose.training.config import TrainingConfig, read_config
from hepadose.training.loop import CONFIG_FILE
from hepadose.training.measure_export import largest_probability_difference, memory_bytes_per_voxel
from hepadose.training.model_card import CARD_FILE, model_card
from hepadose.training.onnx_graph import graph_over_weights
from hepadose.training.progress import TrainingProgress

LARGEST_SHIPPED_BYTES = 6_000_000
AGREEMENT = 2e-3
"""Largest difference between the probabilities of PyTorch and onnxruntime that an export may have."""
LICENSE_TEXT = "Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Parameters
    ----------
    folder : Path
    weights_bytes : int
    largest_probability_difference : float
        Between PyTorch and onnxruntime.
    """

    folder: Path
    weights_bytes: int
    largest_probability_difference: float


def export_training(
    training: Path,
    bundle: Path,
    version: str = "0.1.0",
    weights: str = BEST_WEIGHTS,
) -> Exported:
    """Export what a training has learned so far; it may still be running.

    Parameters
    ----------
    training : Path
        Its folder.
    bundle : Path
        The model's folder; files of an earlier export are replaced.
    version : str
        Of the model.
    weights : str
        Which weights of the training.

    Returns
    -------
    Exported

    Raises
    ------
    HepaDoseError
        If the training has no weights yet, or see :func:`export_bundle`.
    """
    config = read_config(training / CONFIG_FILE)
    module = build(config.network.name, config.network.arguments)
    module.load_state_dict(load_weights(training / weights))
    about = metadata_of(config, version) | {"training": training_summary(training, config, weights)}
    return export_bundle(module, about, bundle, config.inference)


def training_summary(training: Path, config: TrainingConfig, weights: str = BEST_WEIGHTS) -> dict[str, Any]:
    """How long the training has lasted, where, and which of its weights are meant; empty before the first checkpoint.

    Parameters
    ----------
    training : Path
        Its folder.
    config : TrainingConfig
    weights : str
        Which weights of the training.

    Returns
    -------
    dict
        "steps" until these weights, "patches_per_step", "hours" until the last checkpoint, "device", "precision", and
        "weights" in words.
    """
    stored = load_checkpoint(training)
    if stored is None:
        return {}
    progress, is_best = TrainingProgress(**stored["progress"]), weights == BEST_WEIGHTS
    return {
        "steps": progress.best_step if is_best else progress.step,
        "patches_per_step": config.patches.batch,
        "hours": round(progress.elapsed_s / 3600, 2),
        "device": stored.get("device", "cpu"),
        "precision": config.run.precision,
        "weights": "running mean, best on the validation cases" if is_best else "running mean at the last step",
    }


def state_metrics(model: Path, summaries: list[dict[str, Any]]) -> None:
    """Write what was measured with a finished model into its description and card.

    Parameters
    ----------
    model : Path
        Its folder.
    summaries : list of dict
        See :func:`hepadose.training.scores.summary_of`; replaces what was stated before.
    """
    about = json.loads((model / METADATA_FILE).read_text(encoding="utf-8"))
    about["metrics"] = summaries
    inference = json.loads((model / INFERENCE_FILE).read_text(encoding="utf-8"))
    _write(model, {METADATA_FILE.as_posix(): _json(about), CARD_FILE: model_card(about, inference).encode()})


def export_bundle(
    module: torch.nn.Module, metadata: dict[str, Any], folder: Path, inference: dict[str, Any] | None = None
) -> Exported:
    """Write a model's folder and check it.

    Parameters
    ----------
    module : torch.nn.Module
        With its trained weights; is not changed.
    metadata : dict
        See :func:`metadata_of`; hashes, and memory and agreement as measured here, are added.
    folder : Path
    inference : dict, optional
        Content of ``inference.json``.

    Returns
    -------
    Exported

    Raises
    ------
    OutputError
        If the weights are too large to be shipped or cannot be held in 16 bits.
    ModelIntegrityError
        If PyTorch and onnxruntime disagree, or the folder cannot be read back.
    """
    module = _rounded(module)
    weights = _weights_file(module)
    graph = graph_over_weights(module, len(metadata["channels"]), weights, Path(WEIGHTS_FILE).name)
    files = {WEIGHTS_FILE: weights, GRAPH_FILE: graph, "LICENSE": LICENSE_TEXT.encode()}
    about = dict(metadata)
    about["sha256"] = {name: hashlib.sha256(files[name]).hexdigest() for name in (WEIGHTS_FILE, GRAPH_FILE)}
    files[METADATA_FILE.as_posix()] = _json(about)
    files[INFERENCE_FILE.as_posix()] = _json(inference or {})
    _write(folder, files)
    checked = read_bundle(folder)
    difference = largest_probability_difference(module, checked)
    if difference > AGREEMENT:
        raise ModelIntegrityError(
            f"PyTorch and onnxruntime differ by {difference:.2g} in probability, {AGREEMENT:g} is allowed; "
            "the model is not usable."
        )
    about["memory_bytes_per_voxel"] = memory_bytes_per_voxel(folder, checked)
    about["agreement"] = {"largest_probability_difference_onnxruntime_pytorch": float(f"{difference:.3g}")}
    _write(folder, {METADATA_FILE.as_posix(): _json(about), CARD_FILE: model_card(about, inference).encode()})
    return Exported(folder, len(weights), difference)


def metadata_of(config: TrainingConfig, version: str) -> dict[str, Any]:
    """A model's description, all but what is measured on the exported files.

    Parameters
    ----------
    config : TrainingConfig
    version : str
        Of the model.

    Returns
    -------
    dict
    """
    divisors = build(config.network.name, config.network.arguments).size_divisors
    labels = [{"value": 0, "name": "background"}]
    for value, rule in enumerate(config.labels, start=1):
        snomed = {"code": rule.snomed_code, "meaning": rule.snomed_meaning}
        labels.append({"value": value, "name": rule.name, **({"snomed": snomed} if rule.snomed_code else {})})
    return {
        "name": config.name,
        "version": version,
        "task": config.task,
        "description": config.description,
        "intended_use": config.intended_use,
        "hepadose_version": hepadose.__version__,
        "labels": labels,
        "target_labels": list(config.targets or (rule.name for rule in config.labels)),
        "channels": [
            {"name": name, "image": name, "window_hu": list(config.data.window_hu)} for name in config.data.channels
        ],
        "spacing_mm": list(config.data.spacing_mm),
        "patch_size": list(config.patches.size),
        "patch_multiple": list(divisors),
        "network": {"class": config.network.name, "arguments": config.network.arguments},
        "training_data": training_data_words(config),
        "metrics": [],
    }


def training_data_words(config: TrainingConfig) -> str:
    """What the network learned from, in a sentence that names no patient and no path.

    Parameters
    ----------
    config : TrainingConfig

    Returns
    -------
    str
    """
    if config.data.source == "synthetic":
        words = (
            "Synthetic abdomens only: random anatomy rendered as CT of any phase, noise, slice thickness and field of "
            "view."
        )
        if not config.data.outlined_share:
            return f"{words} No patient's image was used."
        return (
            f"{words} In {config.data.outlined_share:.0%} of the patients the shapes of the body are those of "
            f"{config.data.outlined_source}, turned, stretched, bent and cut at random; gray values are synthetic "
            "there too."
        )
    if config.data.source == "personal":
        return "The CT and contour of one patient before treatment; personal data."
    return f'Labeled CTs of the data set "{Path(config.data.folder).name}", split by patient.'


def _rounded(module: torch.nn.Module) -> torch.nn.Module:
    """A copy with the weights as 16 bits hold them, in evaluation mode."""
    module = copy.deepcopy(module).cpu().eval()
    state = {name: value.half() if value.is_floating_point() else value for name, value in module.state_dict().items()}
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        raise OutputError("The weights do not fit into 16 bits; train with a lower learning rate or more weight decay.")
    module.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    )
    return module


def _weights_file(module: torch.nn.Module) -> bytes:
    from safetensors.numpy import save

    tensors = {name: value.numpy() for name, value in module.state_dict().items()}
    weights = save(
        {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in tensors.items()}
    )
    if len(weights) > LARGEST_SHIPPED_BYTES:
        raise OutputError(
            f"The weights take {len(weights) / 1e6:.1f} MB, {LARGEST_SHIPPED_BYTES / 1e6:g} MB are allowed; "
            "choose smaller widths."
        )
    return weights


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)
