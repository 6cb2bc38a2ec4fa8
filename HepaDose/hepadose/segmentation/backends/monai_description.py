"""What a MONAI bundle states, taken over as data: network, orientation, spacing, window, tile and labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hepadose.errors import ModelIntegrityError
from hepadose.segmentation.bundle_metadata import Channel, InferenceSettings, Label, ModelDescription
from hepadose.segmentation.bundle_text import Entries, read_json
from hepadose.segmentation.postprocess import Operation, OperationKind

NETWORKS = ("UNet", "BasicUNet", "DynUNet", "SegResNet", "AttentionUnet", "FlexibleUNet", "SwinUNETR", "VNet")
"""Classes of ``monai.networks.nets`` that a bundle may name."""

_IGNORED = {"LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "CastToTyped", "CropForegroundd", "ToTensord"}
_READ = {"Orientationd", "Spacingd", "ScaleIntensityRanged"}
_AXES = {"L": (2, 1), "R": (2, -1), "P": (1, 1), "A": (1, -1), "S": (0, 1), "I": (0, -1)}
"""Letter of an axis code to the axis of [k, j, i] and whether it runs along it."""
_TASK_WORDS = {"tumor": ("tumor", "tumour", "lesion"), "reaction": ("reaction",), "liver": ("liver",)}


@dataclass(frozen=True)
class MonaiDescription:
    """A bundle in HepaDose's terms, and which axes of [k, j, i] its network wants to run the other way."""

    model: ModelDescription
    inference: InferenceSettings
    flips: tuple[int, ...]


def read_monai_bundle(folder: Path) -> MonaiDescription:
    """Read a bundle's ``metadata.json`` and ``inference.json``.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    MonaiDescription

    Raises
    ------
    ModelIntegrityError
        If something is missing, is a Python expression, or names a network or a transform that is not known here.
    """
    metadata, inference = (read_json(folder / "configs" / f"{name}.json") for name in ("metadata", "inference"))
    network = inference.part("network_def")
    name = network.text("_target_").rpartition(".")[2]
    if name not in NETWORKS or network.text("_target_") not in (name, f"monai.networks.nets.{name}"):
        raise network.wrong("_target_", f"one of {', '.join(NETWORKS)}")
    steps = _transforms(inference)
    labels, targets, task = _labels(metadata)
    inferer = inference.part("inferer", default={})
    patch = inferer.integers("roi_size", 3, 16, 512, default=(96, 96, 96))[::-1]
    spacing = steps["Spacingd"].numbers("pixdim", 3, 0.3, 10.0)
    model = ModelDescription(
        name=metadata.text("name", default=folder.name).replace(" ", "-"),
        version=metadata.text("version"),
        task=task,
        description=metadata.text("description", default=""),
        intended_use=metadata.text("intended_use", default=""),
        hepadose_version="",
        labels=labels,
        target_labels=targets,
        channels=(_channel(metadata, steps["ScaleIntensityRanged"]),),
        # A bundle's arrays are [x, y, z]: its spacings lie along i, j, k already, its tiles do not.
        spacing_mm=spacing,
        patch_size=patch,
        patch_multiple=tuple(16 if size % 16 == 0 else size for size in patch),
        network_class=name,
        network_arguments=_plain(network, without="_target_"),
        sha256={},
        memory_bytes_per_voxel=2000.0,
    )
    settings = InferenceSettings(
        overlap=inferer.number("overlap", 0.0, 0.9, default=0.5),
        postprocessing=(Operation(OperationKind.LARGEST_COMPONENT),) if task == "liver" else (),
    )
    return MonaiDescription(model, settings, _flips(steps.get("Orientationd")))


def _transforms(inference: Entries) -> dict[str, Entries]:
    """The preprocessing steps that matter, by their class."""
    found: dict[str, Entries] = {}
    for step in inference.part("preprocessing").parts("transforms"):
        name = step.text("_target_").rpartition(".")[2]
        if name in _READ:
            found[name] = step
        elif name not in _IGNORED:
            raise step.wrong("_target_", f"one of {', '.join(sorted(_READ | _IGNORED))}")
    for name in ("Spacingd", "ScaleIntensityRanged"):
        if name not in found:
            raise inference.wrong("preprocessing", f"a list of transforms with {name}")
    return found


def _channel(metadata: Entries, scale: Entries) -> Channel:
    image = metadata.part("network_data_format").part("inputs").part("image")
    if image.text("modality", default="CT").upper() != "CT" or image.number("num_channels", 1, 64) != 1:
        raise image.wrong("modality", "CT with one channel")
    low, high = (scale.number(key, -5000, 10000) for key in ("a_min", "a_max"))
    target = [scale.number(key, -1, 1) for key in ("b_min", "b_max")]
    if target != [0.0, 1.0] or not scale.flag("clip", False) or not low < high:
        raise scale.wrong("b_max", "1 with b_min 0, a_min below a_max and clip true")
    return Channel("ct", "ct", (low, high))


def _labels(metadata: Entries) -> tuple[tuple[Label, ...], tuple[int, ...], str]:
    """All labels, the one that is drawn, and what it is."""
    stated = metadata.part("network_data_format").part("outputs").part("pred").part("channel_def")
    names: list[str] = []
    while stated.has(str(len(names))):
        names.append(stated.text(str(len(names))))
    labels = tuple(Label(value, name) for value, name in enumerate(names))
    for task, words in _TASK_WORDS.items():
        for label in labels[1:]:
            if any(word in label.name.lower() for word in words):
                return labels, (label.value,), task
    raise ModelIntegrityError(f"The bundle draws none of liver, tumor and reaction: its labels are {', '.join(names)}.")


def _flips(orientation: Entries | None) -> tuple[int, ...]:
    code = "RAS" if orientation is None else orientation.text("axcodes")
    axes = [_AXES.get(letter) for letter in code]
    if None in axes or [axis for axis, _ in axes] != [2, 1, 0]:
        raise orientation.wrong("axcodes", "L or R, then P or A, then S or I")
    return tuple(axis for axis, way in axes if way < 0)


def _plain(entries: Entries, without: str) -> dict[str, Any]:
    """All entries but one, of which none may be an expression or a reference."""
    content = {key: entries.raw(key) for key in entries.names if key != without}
    for key, value in content.items():
        if any(isinstance(text, str) and text[:1] in "$@%" for text in _texts(value)):
            raise entries.wrong(key, "a plain value, not an expression")
    return content


def _texts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [text for item in (*value.keys(), *value.values()) for text in _texts(item)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else [value]
