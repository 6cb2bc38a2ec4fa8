"""A folder of labeled images in which a small network soon finds a bright ball, and the configuration to train it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hepadose.images import Image
from hepadose.training.config import TrainingConfig, config_from_json

SIDE, SPACING_MM = 24, 3.0


def ball_image(seed: int) -> tuple[Image, Image]:
    """Noise with a bright ball, some air in front, and the ball's label 2."""
    random = np.random.default_rng(seed)
    center = random.uniform(8, SIDE - 8, 3)
    distance = np.linalg.norm(np.indices((SIDE,) * 3).T - center, axis=-1).T
    ball = distance < random.uniform(5, 7)
    hu = np.where(ball, 110.0, 10.0) + random.normal(0, 12, ball.shape)
    hu[:, :2] = -1000.0
    place = {"spacing_mm": (SPACING_MM,) * 3, "origin_lps": (10.0, -20.0, 30.0)}
    return Image(np.rint(hu).astype(np.int16), **place), Image(2 * ball.astype(np.uint8), **place)


def write_case(root: Path, name: str, image: Image, labels: Image, suffix: str = "") -> None:
    """Put a case into a folder; the suffix "_0000" is that of nnU-Net."""
    import SimpleITK as sitk

    for folder, file, content in (("imagesTr", f"{name}{suffix}", image), ("labelsTr", name, labels)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(content.to_sitk(), str(root / folder / f"{file}.nii.gz"))


def write_data_set(root: Path, cases: int = 5) -> Path:
    """A folder as the Medical Segmentation Decathlon has it."""
    for seed in range(cases):
        write_case(root, f"case_{seed:02d}", *ball_image(seed))
    labels = {"0": "background", "1": "nothing", "2": "ball"}
    (root / "dataset.json").write_text(json.dumps({"labels": labels}))
    return root


def ball_config(root: Path, **changes) -> TrainingConfig:
    """A training that takes milliseconds per step; changes are merged into the parts."""
    content = {
        "name": "ball",
        "task": "liver",
        "description": "Finds a ball.",
        "intended_use": "Tests.",
        "labels": [{"name": "ball", "dataset_labels": ["ball"]}],
        "network": {"name": "ResidualUNet3D", "arguments": {"widths": [4, 8, 8], "stem_width": 4, "dropout": 0.1}},
        "data": {"source": "folder", "folder": str(root), "spacing_mm": [SPACING_MM] * 3, "window_hu": [-100, 200]},
        "patches": {"size": [16, 16, 16], "batch": 2},
        "optimizer": {"learning_rate": 0.01, "warmup_steps": 2, "average": 0.9},
        "run": {"steps": 8, "validate_every_steps": 4, "workers": 0, "threads": 1, "device": "cpu"},
    }
    for part, values in changes.items():
        content[part] = {**content[part], **values} if isinstance(values, dict) and part in content else values
    return config_from_json(json.dumps(content))
