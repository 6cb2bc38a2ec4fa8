"""What a training leaves on disk so that it can go on after a kill, and weights for export.

Files are written under a temporary name and renamed: whoever reads them meanwhile sees a whole one.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from hepadose.errors import SettingsError, UnreadableFileError

CHECKPOINT, BEST_WEIGHTS, LAST_WEIGHTS = "checkpoint.pt", "best.safetensors", "last.safetensors"


def save_checkpoint(folder: Path, content: dict[str, Any]) -> None:
    """Replace the checkpoint in a folder.

    Parameters
    ----------
    folder : Path
        Of the training; an interrupted write leaves the earlier checkpoint.
    content : dict
        Tensors, numbers, texts and containers of them.
    """
    temporary = folder / f".{CHECKPOINT}.tmp"
    with temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """The checkpoint in a folder; None if there is none. Only numbers are read, never code.

    Parameters
    ----------
    folder : Path
        Of the training.
    device : torch.device or str
        Where its tensors go.

    Returns
    -------
    dict or None
        What :func:`save_checkpoint` was given.

    Raises
    ------
    UnreadableFileError
        If the file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as problem:
        raise UnreadableFileError(f"{CHECKPOINT} is damaged; remove it to start this training anew.") from problem


def save_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Weights in full precision as safetensors.

    Parameters
    ----------
    path : Path
        Replaced when the new file is whole.
    weights : dict of torch.Tensor
        By their names in the network.
    """
    from safetensors.torch import save_file

    temporary = path.with_name(f".{path.name}.tmp")
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, temporary)
    temporary.replace(path)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Weights that :func:`save_weights` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of torch.Tensor
        On the processor, by their names in the network.

    Raises
    ------
    UnreadableFileError
        If there is no such file or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as problem:
        raise UnreadableFileError(f"There are no readable weights {path.name}; train first.") from problem


def begin_with(module: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Put the weights of another training into a network of the same shape.

    Parameters
    ----------
    module : torch.nn.Module
        Is changed. It may have more input channels: what it makes of the further ones begins at zero.
    weights : dict of torch.Tensor
        By name, of any precision.

    Raises
    ------
    SettingsError
        If they belong to another network.
    """
    own = module.state_dict()
    if set(own) != set(weights):
        raise SettingsError("The weights to start from belong to another network.")
    for name, target in own.items():
        given = weights[name].to(target.dtype)
        if given.dim() > 1 and given.shape[1] < target.shape[1]:
            more = target.new_zeros((given.shape[0], target.shape[1] - given.shape[1], *given.shape[2:]))
            given = torch.cat((given, more), dim=1)
        if given.shape != target.shape:
            raise SettingsError(f"The weights to start from do not fit: {name} has {tuple(given.shape)} numbers.")
        target.copy_(given)
