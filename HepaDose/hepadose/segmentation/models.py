"""Where models lie: beside the package in the source tree and in an installed extension, and where the user says."""

from __future__ import annotations

import os
from pathlib import Path

from hepadose.errors import ModelIntegrityError, SettingsError
from hepadose.segmentation.bundle_metadata import (
    METADATA_FILE,
    InferenceSettings,
    ModelDescription,
    read_description,
    read_inference,
)

FOLDERS_VARIABLE = "HEPADOSE_MODELS"
"""Environment variable with further folders of models, separated as in PATH; they are looked into first."""


def model_folders() -> tuple[Path, ...]:
    """The folders of all models, each with a ``configs/metadata.json``; of two with one name the first counts.

    Returns
    -------
    tuple of Path
        By place, then by name.
    """
    found: dict[str, Path] = {}
    for place in _places():
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if (folder / METADATA_FILE).is_file():
                found.setdefault(folder.name, folder)
    return tuple(found.values())


def available_models() -> tuple[tuple[Path, ModelDescription, InferenceSettings], ...]:
    """All models whose description can be read; the others are refused, with the reason, when they are asked for.

    Returns
    -------
    tuple
        Folder, description and settings of each.
    """
    found = []
    for folder in model_folders():
        try:
            found.append((folder, read_description(folder), read_inference(folder)))
        except ModelIntegrityError:
            continue
    return tuple(found)


def find_model(name: str) -> Path:
    """The folder of a model.

    Parameters
    ----------
    name : str
        Of an available model, or the path of a model's folder.

    Returns
    -------
    Path

    Raises
    ------
    SettingsError
        Listing the models there are.
    """
    folders = {folder.name: folder for folder in model_folders()}
    if name in folders:
        return folders[name]
    if (Path(name) / METADATA_FILE).is_file():
        return Path(name)
    known = ", ".join(sorted(folders)) or f"none; let {FOLDERS_VARIABLE} name a folder of models"
    raise SettingsError(f"There is no model {Path(name).name!r}. Models on this computer: {known}.")


def _places() -> list[Path]:
    stated = [Path(text) for text in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if text]
    beside = Path(__file__).resolve().parents[2]
    # Installed, the package lies beside Resources; in the source tree, one folder deeper.
    return [*stated, beside / "Resources" / "Models", beside.parent / "Resources" / "Models"]
