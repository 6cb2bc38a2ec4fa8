"""Models of other projects as folders, and modules under their names; what would run code when it is unpickled."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

from model_example import band_module, band_weights, safetensors_bytes


def fake_module(monkeypatch, name: str, **members) -> None:
    """A module under its real name, with its parents."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        path = ".".join(parts[:count])
        if path not in sys.modules:
            monkeypatch.setitem(sys.modules, path, types.ModuleType(path))
        if count > 1:
            monkeypatch.setattr(sys.modules[".".join(parts[: count - 1])], parts[count - 1], sys.modules[path], False)
    for key, value in members.items():
        monkeypatch.setattr(sys.modules[name], key, value, raising=False)


class Payload:
    """What would run when it is unpickled."""

    def __reduce__(self):
        return (print, ("this ran",))


def nnunet_folder(tmp_path, labels=None, channels=None, folds=("fold_0", "fold_1")) -> Path:
    """A trained model's folder as nnU-Net v2 leaves it."""
    folder = tmp_path / "Dataset900_Liver" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    checkpoint = {
        "network_weights": band_module().state_dict(),
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_fullres"},
        "_best_ema": np.float64(0.9),
        "logging": {"mean_fg_dice": [np.float64(0.5)], "lrs": [1e-2]},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    for fold in folds:
        (folder / fold).mkdir(parents=True)
        torch.save(checkpoint, folder / fold / "checkpoint_final.pth")
    folder.mkdir(parents=True, exist_ok=True)
    dataset = {"channel_names": channels or {"0": "CT"}, "labels": labels or {"background": 0, "liver": 1}}
    (folder / "dataset.json").write_text(json.dumps({"name": "Dataset900_Liver", "file_ending": ".nii.gz", **dataset}))
    (folder / "plans.json").write_text("{}")
    return folder


def monai_folder(tmp_path, network=None, transforms=None, labels=None, safe=True) -> Path:
    """A bundle in the layout of MONAI's model zoo."""
    folder = tmp_path / "liver_ct"
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    steps = [
        {"_target_": "LoadImaged", "keys": "image"},
        {"_target_": "EnsureChannelFirstd", "keys": "image"},
        {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
        {"_target_": "Spacingd", "keys": "image", "pixdim": [5.0, 5.0, 5.0], "mode": "bilinear"},
        {"_target_": "ScaleIntensityRanged", "a_min": -200, "a_max": 300, "b_min": 0, "b_max": 1, "clip": True},
        {"_target_": "EnsureTyped", "keys": "image"},
    ]
    inference = {
        "imports": ["$import glob"],
        "network_def": network or {"_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2},
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": transforms or steps},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 32], "sw_batch_size": 4, "overlap": 0.5},
    }
    image = {"modality": "CT", "num_channels": 1}
    form = {
        "inputs": {"image": image},
        "outputs": {"pred": {"channel_def": labels or {"0": "background", "1": "liver"}}},
    }
    metadata = {"version": "0.2.0", "task": "Liver segmentation", "network_data_format": form}
    (folder / "configs" / "inference.json").write_text(json.dumps(inference))
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    state = {name: array.astype(np.float32) for name, array in band_weights().items()}
    if safe:
        (folder / "models" / "model.safetensors").write_bytes(safetensors_bytes(state))
    else:
        tensors = {name: torch.from_numpy(array) for name, array in state.items()}
        torch.save({"model": tensors}, folder / "models" / "model.pt")
    return folder
