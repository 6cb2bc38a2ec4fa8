"""Network architectures, by name: the room that training and the PyTorch runtime of the segmenters share.

Networks take ``(N, C, k, j, i)`` and give logits ``(N, labels, k, j, i)`` of the same size, one channel per label with
the background first. This room knows neither images nor files. PyTorch is imported when a network is built; whoever
only runs an exported network needs none of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hepadose.errors import MissingDependencyError, SettingsError

if TYPE_CHECKING:
    import torch

NETWORKS = {
    "ResidualUNet3D": "residual_unet",
    "DeepMedic": "deepmedic",
    "FCDenseNet3D": "fc_densenet",
    "ResNetUNet": "resnet_unet",
}
"""Class name of every network and the file that holds it."""


def build(name: str, arguments: Mapping[str, Any] | None = None) -> torch.nn.Module:
    """A network with random weights.

    Parameters
    ----------
    name : str
        One of :data:`NETWORKS`.
    arguments : mapping, optional
        Keyword arguments of its class; lists, as JSON has them, serve as tuples.

    Returns
    -------
    torch.nn.Module
        In training mode; its ``size_divisors`` tell of what its input's sizes (k, j, i) must be multiples.

    Raises
    ------
    SettingsError
        If no such network exists or it does not take these arguments.
    MissingDependencyError
        If PyTorch is not installed.
    """
    if name not in NETWORKS:
        raise SettingsError(f"There is no network {name!r}; known are {', '.join(NETWORKS)}.")
    try:
        module = import_module(f"hepadose.networks.{NETWORKS[name]}")
    except ModuleNotFoundError as problem:
        if problem.name != "torch":
            raise
        raise MissingDependencyError(
            "Networks are built with PyTorch, which is missing: pip install torch"
        ) from problem
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (arguments or {}).items()}
    try:
        return getattr(module, name)(**given)
    except TypeError as problem:
        raise SettingsError(f"The network {name} cannot be built with {given}: {problem}") from problem
