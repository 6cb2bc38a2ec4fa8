"""One case as a network learns it, and where cases come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hepadose.images import Image, bounding_box
from hepadose.training.config import TrainingConfig
from hepadose.training.config_parts import DataSettings


@dataclass(frozen=True, eq=False)
class Case:
    """Images and labels on the network's grid.

    Parameters
    ----------
    name : str
    images_hu : numpy.ndarray, shape (C, k, j, i)
        One per channel, in HU.
    labels : Image
        uint8; 0 is background, then the configuration's labels in their order.
    """

    name: str
    images_hu: np.ndarray
    labels: Image

    def cropped(self, box: tuple[slice, slice, slice]) -> Case:
        """The part inside a box.

        Parameters
        ----------
        box : tuple of 3 slice
            Along k, j, i.

        Returns
        -------
        Case
        """
        return Case(self.name, self.images_hu[(slice(None), *box)], self.labels.cropped(box))


class CaseSource(Protocol):
    """Gives cases for training, the same ones for the same numbers, and fixed ones for validation."""

    def training_case(self, step: int, random: np.random.Generator) -> Case:
        """A case for a patch of this step; everything random is drawn from ``random``.

        Parameters
        ----------
        step : int
            Counted from 0.
        random : numpy.random.Generator

        Returns
        -------
        Case
        """

    def validation_cases(self) -> Iterator[Case]:
        """Cases that no training step sees; always the same.

        Returns
        -------
        iterator of Case
            Each is made or read when asked for.
        """


def open_source(config: TrainingConfig) -> CaseSource:
    """The source that a configuration asks for.

    Parameters
    ----------
    config : TrainingConfig

    Returns
    -------
    CaseSource

    Raises
    ------
    SettingsError, MissingInputError
        If the folder or a label's rule does not serve.
    """
    if config.data.source == "folder":
        from hepadose.training.data_folder import FolderSource

        return FolderSource(config)
    if config.data.source == "personal":
        from hepadose.training.personal.source import PersonalSource

        return PersonalSource(config)
    from hepadose.training.data_synthetic import SyntheticSource

    return SyntheticSource(config)


def region_box(liver: np.ndarray, spacing_kji_mm: tuple[float, float, float], data: DataSettings):
    """The box that the network sees: everything, or the liver with a margin (everything where there is no liver).

    Parameters
    ----------
    liver : numpy.ndarray of bool, shape (k, j, i)
        May be empty.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    data : DataSettings

    Returns
    -------
    tuple of 3 slice
        Along k, j, i.
    """
    if data.region == "body":
        return tuple(slice(0, size) for size in liver.shape)
    margin = tuple(int(np.ceil(data.margin_mm / spacing)) for spacing in spacing_kji_mm)
    return bounding_box(liver, margin) or tuple(slice(0, size) for size in liver.shape)
