"""One patient as the only source of a training: as scanned, and as treatment might have changed the tumor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hepadose.images import bounding_box, resample
from hepadose.segmentation.preprocess import channel_image, model_grid, to_grid
from hepadose.training.config import TrainingConfig
from hepadose.training.data_cases import Case, region_box
from hepadose.training.personal.case import PersonalCase, load_case
from hepadose.training.personal.change import TumorChange, changed

VALIDATION_SEED = 77_000
AROUND_MM = 40.0


class PersonalSource:
    """Gives one patient again and again.

    Parameters
    ----------
    config : TrainingConfig
        Its folder holds the case.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._case = network_case(load_case(Path(config.data.folder)), config)
        self._change = TumorChange(tuple(config.data.tumor_scale))

    def training_case(self, step: int, random: np.random.Generator) -> Case:
        """The patient, changed in a share of the steps."""
        if random.random() >= self._config.data.tumor_change_share:
            return self._case
        return changed(self._case, self._change, random)

    def validation_cases(self) -> Iterator[Case]:
        """The patient with changes that no training step meets."""
        for number in range(self._config.run.validation_cases):
            yield changed(self._case, self._change, np.random.default_rng((VALIDATION_SEED, number)))


def network_case(case: PersonalCase, config: TrainingConfig) -> Case:
    """A patient on the network's grid, cut to what the network sees.

    Parameters
    ----------
    case : PersonalCase
    config : TrainingConfig

    Returns
    -------
    Case
        Label 1 is tumor.
    """
    margin = tuple(int(np.ceil(AROUND_MM / spacing)) for spacing in case.ct.spacing_kji_mm)
    box = bounding_box(case.liver.array, margin)
    ct, liver, tumor = (image.cropped(box) for image in (case.ct, case.liver, case.tumor))
    grid = model_grid(ct, config.data.spacing_mm)
    hu = to_grid(ct, grid)
    masks = [resample(mask, grid, nearest=True).array > 0 for mask in (liver, tumor)]
    images = np.stack([channel_image(name, {"ct": hu.array}, masks[0]) for name in config.data.channels])
    labels = grid.with_array((masks[1] & masks[0]).astype(np.uint8))
    part = region_box(masks[0], grid.spacing_kji_mm, config.data)
    return Case("patient", np.asarray(images, np.float32), labels).cropped(part)
