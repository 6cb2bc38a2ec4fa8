"""What a model says about itself: its description and how it wants to be run, as checked data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hepadose.segmentation.bundle_text import Entries, read_json
from hepadose.segmentation.density import DensitySettings
from hepadose.segmentation.postprocess import Operation, operations_of

METADATA_FILE = Path("configs", "metadata.json")
INFERENCE_FILE = Path("configs", "inference.json")
TASKS = ("liver", "reaction", "tumor")
EDGES = ("network", "change")
SOURCES = {
    "ct": ("ct",),
    "ct_in_liver": ("ct",),
    "planning_ct": ("planning_ct",),
    "planning_in_liver": ("planning_ct",),
    "change_in_liver": ("ct", "planning_ct"),
}
"""The CTs of which a channel's image is made, see :func:`~hepadose.segmentation.preprocess.channel_image`."""
IMAGES = tuple(SOURCES)
_INPUTS = {
    name: tuple(source for source in sources if source != "ct") + (("liver",) if name.endswith("_in_liver") else ())
    for name, sources in SOURCES.items()
}
"""What must be given beside the CT for an image."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_LABELS, _MOST_CHANNELS = 32, 8


@dataclass(frozen=True)
class Label:
    """One output channel.

    Parameters
    ----------
    value : int
        Place among the network's outputs; 0 is background.
    name : str
    snomed_code, snomed_meaning : str
        Empty where the model states none.
    """

    value: int
    name: str
    snomed_code: str = ""
    snomed_meaning: str = ""


@dataclass(frozen=True)
class Channel:
    """One input channel.

    Parameters
    ----------
    name : str
    image : str
        "ct" (the image that is segmented), "ct_in_liver" (its HU above the liver's median, see
        :func:`~hepadose.segmentation.preprocess.inside_liver`), "planning_ct" (registered onto it),
        "planning_in_liver" (the same of that one, by the same liver) or "change_in_liver" (the difference of both).
    window_hu : tuple of 2 float
        Mapped linearly to 0 and 1; values outside are clipped.
    required : bool
        Where False, a missing image is given as zeros.
    """

    name: str
    image: str
    window_hu: tuple[float, float]
    required: bool = True


@dataclass(frozen=True)
class ModelDescription:
    """A model's ``metadata.json``.

    Parameters
    ----------
    name, version, task, description, intended_use, hepadose_version : str
        Task is "liver", "reaction" or "tumor".
    labels : tuple of Label
    target_labels : tuple of int
        Outputs whose sum is the probability of what the model finds.
    channels : tuple of Channel
    spacing_mm : tuple of 3 float
        Of the grid on which the network works, along i, j, k.
    patch_size : tuple of 3 int
        Tile of the sliding window along k, j, i.
    patch_multiple : tuple of 3 int
        Input sizes must be multiples of it.
    network_class : str
    network_arguments : dict
    sha256 : dict
        Of the files by their path in the model's folder.
    memory_bytes_per_voxel : float
        Largest memory use per voxel of a tile on the processor.
    """

    name: str
    version: str
    task: str
    description: str
    intended_use: str
    hepadose_version: str
    labels: tuple[Label, ...]
    target_labels: tuple[int, ...]
    channels: tuple[Channel, ...]
    spacing_mm: tuple[float, float, float]
    patch_size: tuple[int, int, int]
    patch_multiple: tuple[int, int, int]
    network_class: str
    network_arguments: dict[str, Any]
    sha256: dict[str, str]
    memory_bytes_per_voxel: float

    @property
    def needs(self) -> tuple[str, ...]:
        """Inputs beside the CT without which the model cannot run."""
        return tuple(sorted({name for c in self.channels if c.required for name in _INPUTS.get(c.image, ())}))


@dataclass(frozen=True)
class InferenceSettings:
    """A model's ``inference.json``.

    Parameters
    ----------
    overlap : float
        Share of a tile that the next one covers again.
    threshold : float
        Probability above which a voxel belongs to what is looked for.
    region : str
        Where to look: "body", or "liver" (a mask that is given).
    margin_mm : float
        Kept around the region.
    least_volume_ml : float
        Whatever is found must be at least so large.
    density : DensitySettings or None
        How the organ's own CT numbers correct the probability; None leaves it as the network gave it.
    edge : str
        Who draws the edge: the "network", or the "change" since the planning CT where the network points.
    postprocessing : tuple of Operation
    """

    overlap: float = 0.5
    threshold: float = 0.5
    region: str = "body"
    margin_mm: float = 30.0
    least_volume_ml: float = 1.0
    density: DensitySettings | None = None
    edge: str = "network"
    postprocessing: tuple[Operation, ...] = ()


def read_description(folder: Path) -> ModelDescription:
    """Read and check a model's ``configs/metadata.json``.

    Parameters
    ----------
    folder : Path
        Of the model.

    Returns
    -------
    ModelDescription

    Raises
    ------
    ModelIntegrityError
        Naming the entry and what it must be.
    """
    entries = read_json(folder / METADATA_FILE)
    labels = _labels(entries)
    network = entries.part("network")
    patch = entries.integers("patch_size", 3, 1, 512)
    multiple = entries.integers("patch_multiple", 3, 1, 64, default=(1, 1, 1) if 1 in patch else (16, 16, 16))
    if any(size % step for size, step in zip(patch, multiple, strict=True)):
        raise entries.wrong("patch_size", f"multiples of {list(multiple)}")
    return ModelDescription(
        name=_name(entries, "name"),
        version=_name(entries, "version"),
        task=entries.choice("task", TASKS),
        description=entries.text("description", default=""),
        intended_use=entries.text("intended_use", default=""),
        hepadose_version=entries.text("hepadose_version", default=""),
        labels=labels,
        target_labels=_targets(entries, labels),
        channels=_channels(entries),
        spacing_mm=entries.numbers("spacing_mm", 3, 0.3, 10.0),
        patch_size=patch,
        patch_multiple=multiple,
        network_class=network.text("class"),
        network_arguments=dict(network.raw("arguments") or {}),
        sha256=_hashes(entries),
        memory_bytes_per_voxel=entries.number("memory_bytes_per_voxel", 1.0, 1e6, default=2000.0),
    )


def read_inference(folder: Path) -> InferenceSettings:
    """Read and check a model's ``configs/inference.json``.

    Parameters
    ----------
    folder : Path
        Of the model.

    Returns
    -------
    InferenceSettings

    Raises
    ------
    ModelIntegrityError
        Naming the entry and what it must be.
    """
    entries, default = read_json(folder / INFERENCE_FILE), InferenceSettings()
    region = entries.part("region", default={})
    return InferenceSettings(
        overlap=entries.number("overlap", 0.0, 0.9, default.overlap),
        threshold=entries.number("threshold", 0.01, 0.99, default.threshold),
        region=region.choice("from", ("body", "liver"), default.region),
        margin_mm=region.number("margin_mm", 0.0, 200.0, default.margin_mm),
        least_volume_ml=entries.number("least_volume_ml", 0.0, 1000.0, default.least_volume_ml),
        density=_density(entries),
        edge=entries.choice("edge", EDGES, default.edge),
        postprocessing=operations_of(entries.parts("postprocessing", default=[])),
    )


def _density(entries: Entries) -> DensitySettings | None:
    if not entries.has("density"):
        return None
    part = entries.part("density")
    return DensitySettings(
        part.number("raised", 0.0, 10.0), part.number("lowered", 0.0, 10.0), part.number("width", 0.5, 20.0)
    )


def _name(entries: Entries, key: str) -> str:
    text = entries.text(key)
    # It becomes part of origins, keys and file names.
    if not _NAME.fullmatch(text):
        raise entries.wrong(key, "of letters, digits, dots and dashes, at most 64")
    return text


def _labels(entries: Entries) -> tuple[Label, ...]:
    parts = entries.parts("labels")
    if not 2 <= len(parts) <= _MOST_LABELS:
        raise entries.wrong("labels", f"a list of 2 to {_MOST_LABELS} objects")
    labels = []
    for part in parts:
        snomed = part.part("snomed", default={})
        value = int(part.number("value", 0, _MOST_LABELS))
        labels.append(Label(value, part.text("name"), str(snomed.raw("code", "")), str(snomed.raw("meaning", ""))))
    if sorted(label.value for label in labels) != list(range(len(labels))):
        raise entries.wrong("labels", "numbered from 0 without gaps")
    return tuple(sorted(labels, key=lambda label: label.value))


def _targets(entries: Entries, labels: tuple[Label, ...]) -> tuple[int, ...]:
    if not entries.has("target_labels"):
        return tuple(label.value for label in labels if label.value)
    values = {label.name: label.value for label in labels if label.value}
    names = entries.raw("target_labels")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n in values for n in names):
        raise entries.wrong("target_labels", "names of labels other than the background")
    return tuple(values[name] for name in names)


def _channels(entries: Entries) -> tuple[Channel, ...]:
    parts = entries.parts("channels")
    if not 1 <= len(parts) <= _MOST_CHANNELS:
        raise entries.wrong("channels", f"a list of 1 to {_MOST_CHANNELS} objects")
    channels = []
    for part in parts:
        low, high = part.numbers("window_hu", 2, -5000.0, 10000.0)
        if not low < high:
            raise part.wrong("window_hu", "a lower and a higher value")
        image = part.choice("image", IMAGES, "ct")
        channels.append(Channel(part.text("name"), image, (low, high), part.flag("required", True)))
    if all(channel.image.startswith("planning") for channel in channels):
        raise entries.wrong("channels", 'a list with the image "ct" or "ct_in_liver"')
    return tuple(channels)


def _hashes(entries: Entries) -> dict[str, str]:
    values = entries.raw("sha256")
    if not isinstance(values, dict) or not values:
        raise entries.wrong("sha256", "an object with the hash of each file")
    for value in values.values():
        if not isinstance(value, str) or not _SHA256.fullmatch(value):
            raise entries.wrong("sha256", "64 hexadecimal digits per file")
    return dict(values)
