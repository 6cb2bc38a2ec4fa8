"""A model's folder, checked before anything of it is used: nothing in it can run, and nothing was changed.

The layout is that of a MONAI bundle: ``configs/metadata.json``, ``configs/inference.json``,
``models/model.safetensors`` and ``models/model.onnx``. All checked bytes are kept in memory, so that what was checked
is what is run, whatever happens to the files meanwhile.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from hepadose.errors import MissingInputError, ModelIntegrityError
from hepadose.segmentation.bundle_metadata import (
    INFERENCE_FILE,
    METADATA_FILE,
    InferenceSettings,
    ModelDescription,
    read_description,
    read_inference,
)
from hepadose.segmentation.onnx_graph import ExternalTensor, external_tensors
from hepadose.segmentation.safetensors_file import read_safetensors

WEIGHTS_FILE, GRAPH_FILE = "models/model.safetensors", "models/model.onnx"
LARGEST_WEIGHTS_BYTES, LARGEST_GRAPH_BYTES = 400 * 2**20, 20 * 2**20
LARGEST_FOLDER_BYTES, MOST_FILES = 500 * 2**20, 200

PICKLES = {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".ts", ".joblib", ".npy", ".npz", ".bin"}
"""Endings of files that Python would unpickle, or that hold compiled code."""
ALLOWED = {".json", ".yaml", ".yml", ".md", ".txt", ".csv", ".png", ".jpg", ".svg", ".safetensors", ".onnx", ""}


@dataclass(frozen=True, eq=False)
class Bundle:
    """A checked model.

    Parameters
    ----------
    description : ModelDescription
    inference : InferenceSettings
    tensors : dict of numpy.ndarray
        Weights by name, read-only, as they are stored (16-bit).
    weights : bytes
        The weight file.
    graph : bytes
        The ONNX graph; empty where the model has none.
    external : tuple of ExternalTensor
        What the graph takes from the weight file.
    """

    description: ModelDescription
    inference: InferenceSettings
    tensors: dict[str, np.ndarray]
    weights: bytes
    graph: bytes
    external: tuple[ExternalTensor, ...]

    @property
    def weights_sha256(self) -> str:
        """Hash of the weight file."""
        return self.description.sha256[WEIGHTS_FILE]

    @property
    def title(self) -> str:
        """Name, version and weights, as they stand in a segmentation's origin."""
        return f"{self.description.name} {self.description.version} (weights {self.weights_sha256[:8]})"


def read_bundle(folder: Path) -> Bundle:
    """Check a model's folder and read it.

    Parameters
    ----------
    folder : Path
        Of one model.

    Returns
    -------
    Bundle

    Raises
    ------
    MissingInputError
        If there is no such folder.
    ModelIntegrityError
        If a file is missing, changed, too large, a link, or of a kind that could run code; if an entry of the
        description cannot be used; if the graph refers to anything outside.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingInputError(f'There is no folder of a model named "{folder.name}"; choose one that exists.')
    check_files(folder)
    description, inference = read_description(folder), read_inference(folder)
    if inference.edge == "change" and not {"liver", "planning_ct"} <= set(description.needs):
        raise ModelIntegrityError(
            f'The model "{folder.name}" wants its edge drawn at the change since the planning CT, but has no channels '
            "that need planning CT and liver; correct its description."
        )
    weights = _checked_bytes(folder, WEIGHTS_FILE, description, LARGEST_WEIGHTS_BYTES)
    graph = b""
    if (folder / GRAPH_FILE).exists():
        graph = _checked_bytes(folder, GRAPH_FILE, description, LARGEST_GRAPH_BYTES)
    tensors = read_safetensors(weights)
    external = external_tensors(graph, Path(WEIGHTS_FILE).name, len(weights)) if graph else ()
    return Bundle(description, inference, tensors, weights, graph, external)


def check_files(folder: Path) -> None:
    """Refuse a folder with files that no model needs, or that could run code.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ModelIntegrityError
        Naming the file.
    """
    total = count = 0
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            shown = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise ModelIntegrityError(f'The model holds a link, "{shown}", which may lead anywhere; copy the file.')
            if path.is_file():
                _check_kind(path, shown)
                total, count = total + path.stat().st_size, count + 1
        if total > LARGEST_FOLDER_BYTES or count > MOST_FILES:
            raise ModelIntegrityError(
                f"The model's folder holds more than {LARGEST_FOLDER_BYTES >> 20} MB or {MOST_FILES} files; "
                "choose the folder of one model."
            )
    for needed in (METADATA_FILE.as_posix(), INFERENCE_FILE.as_posix(), WEIGHTS_FILE):
        if not (folder / needed).is_file():
            raise ModelIntegrityError(f'The model "{folder.name}" is incomplete: {needed} is missing; get it again.')


def _check_kind(path: Path, shown: str) -> None:
    ending = path.suffix.lower()
    if ending in PICKLES or _looks_pickled(path):
        raise ModelIntegrityError(
            f'The model holds "{shown}", a kind of file that can run code when it is read; convert the weights to '
            "safetensors and remove it."
        )
    if ending not in ALLOWED:
        raise ModelIntegrityError(f'The model holds "{shown}", which no model needs; remove the file.')


def _looks_pickled(path: Path) -> bool:
    """Whether a file is a pickle, or the archive that PyTorch writes around one, whatever its name says."""
    with path.open("rb") as file:
        start = file.read(8)
    if path.suffix.lower() == ".safetensors" and int.from_bytes(start, "little") < path.stat().st_size:
        # Such a file starts with the length of its header, which may happen to read like a pickle's first bytes.
        return False
    return start[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"} or start[:4] == b"PK\x03\x04"


def _checked_bytes(folder: Path, name: str, description: ModelDescription, largest: int) -> bytes:
    """A file of the model, read once and compared with its hash."""
    expected = description.sha256.get(name)
    if expected is None:
        raise ModelIntegrityError(f'The model\'s metadata.json states no hash ("sha256") of {name}; get it again.')
    path = folder.joinpath(*PurePosixPath(name).parts)
    if path.stat().st_size > largest:
        raise ModelIntegrityError(f"The model's file {name} is larger than {largest >> 20} MB; it is not read.")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelIntegrityError(
            f"The model's file {name} is not the one its metadata.json describes (sha256 {found[:8]}… instead of "
            f"{expected[:8]}…): it was changed or damaged; get the model again from its source."
        )
    return content
