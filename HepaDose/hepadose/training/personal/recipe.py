"""How a general network becomes a personal one: as published, and as HepaDose does it."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

from hepadose.errors import SettingsError
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.bundle_metadata import INFERENCE_FILE
from hepadose.training.config import TrainingConfig
from hepadose.training.config_parts import (
    AugmentationSettings,
    DataSettings,
    LabelRule,
    LossSettings,
    NetworkChoice,
    OptimizerSettings,
    PatchSettings,
    RunSettings,
)

PAPER_EPOCHS = 350
DEFAULT_SECONDS = 240.0


class Recipe(StrEnum):
    """Which training.

    ``PAPER`` is intentional deep overfit learning as published: Adam, 0.001 falling polynomially, cross entropy with
    its dual and Dice, random brightness and cropping, 350 epochs (each of one patch, which is not stated), the last
    weights. ``OURS`` changes the tumor as treatment may, bends and rescales the patient, averages the weights, takes
    the best ones on changes that were kept apart, and ends after a budget of seconds.
    """

    PAPER = "paper"
    OURS = "ours"


def personal_config(base: Path, folder: Path, recipe: Recipe, seconds: float = DEFAULT_SECONDS) -> TrainingConfig:
    """The training of a personal model.

    Parameters
    ----------
    base : Path
        Folder of the general model; it draws tumors inside a given liver.
    folder : Path
        Holds the patient's case, see :func:`hepadose.training.personal.case.save_case`.
    recipe : Recipe
    seconds : float
        Budget of ours.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    SettingsError
        If the general model draws something else or sees more than one CT.
    """
    about = read_bundle(base).description
    channels = tuple(channel.image for channel in about.channels)
    if about.task != "tumor" or not set(channels) <= {"ct", "ct_in_liver"}:
        raise SettingsError("A personal model begins with a model that draws tumors on one CT; choose another one.")
    inference = json.loads((base / INFERENCE_FILE).read_text(encoding="utf-8"))
    foreground = [label for label in about.labels if label.value]
    is_ours = recipe is Recipe.OURS
    return TrainingConfig(
        name=f"personal-{about.name}",
        task=about.task,
        labels=tuple(LabelRule(label.name) for label in foreground),
        network=NetworkChoice(about.network_class, about.network_arguments),
        description="Tumors of one patient, learned from this patient's own CT and contour. Personal data.",
        intended_use="A draft of the contours on later CTs of this patient, to be checked and corrected by a person.",
        data=DataSettings(
            source="personal",
            folder=str(folder),
            spacing_mm=about.spacing_mm,
            window_hu=tuple(about.channels[0].window_hu),
            channels=channels,
            region="liver",
            margin_mm=inference.get("region", {}).get("margin_mm", 5),
            tumor_change_share=0.85 if is_ours else 0.0,
        ),
        patches=PatchSettings(about.patch_size, 2 if is_ours else 1, 0.8),
        augmentation=_augmentation(recipe),
        loss=LossSettings(_losses(recipe)),
        optimizer=_optimizer(recipe),
        run=_run(recipe, seconds),
        inference=inference,
    )


def _augmentation(recipe: Recipe) -> AugmentationSettings:
    if recipe is Recipe.OURS:
        return AugmentationSettings(rotation_deg=6, scale=0.06, bend_mm=3.0, shift_hu=(0, 8), contrast=0.1, noise_hu=6)
    return AugmentationSettings(
        rotation_deg=0, scale=0, bend_mm=0, shift_hu=(0, 0), contrast=0.1, noise_hu=0, blur_voxels=0
    )


def _losses(recipe: Recipe) -> dict[str, float]:
    if recipe is Recipe.OURS:
        return {"dice": 1.0, "cross_entropy": 1.0}
    return {"dice": 1.0, "cross_entropy": 1.0, "dual_cross_entropy": 1.0}


def _optimizer(recipe: Recipe) -> OptimizerSettings:
    if recipe is Recipe.OURS:
        return OptimizerSettings("adamw", 8e-4, 1e-4, schedule="cosine", warmup_steps=20, average=0.98)
    return OptimizerSettings("adam", 1e-3, 0.0, schedule="polynomial", warmup_steps=0, power=0.9, average=0.0)


def _run(recipe: Recipe, seconds: float) -> RunSettings:
    if recipe is Recipe.OURS:
        return RunSettings(
            seconds=seconds,
            validation_cases=3,
            validate_every_steps=60,
            patience=6,
            checkpoint_every_s=20,
            workers=0,
            precision="bfloat16",
        )
    return RunSettings(steps=PAPER_EPOCHS, validation_cases=1, validate_every_steps=PAPER_EPOCHS, workers=0)
