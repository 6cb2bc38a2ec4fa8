"""Cases from the generator of synthetic abdomens, made while training runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy import ndimage

from hepadose.errors import SettingsError
from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.segmentation.bundle_metadata import IMAGES, SOURCES
from hepadose.segmentation.morphology import close_gaps
from hepadose.segmentation.preprocess import channel_image
from hepadose.training.abdomen import (
    Abdomen,
    AbdomenSettings,
    RenderingSettings,
    Tissue,
    bent_abdomen,
    random_abdomen,
    render_ct,
    with_reaction,
)
from hepadose.training.config import TrainingConfig
from hepadose.training.config_parts import DataSettings
from hepadose.training.data_cases import Case, region_box
from hepadose.training.data_outlined import outlined_patients

TRAINING_SEED, VALIDATION_SEED, TEST_SEED = 0, 10_000_000, 20_000_000
"""First seeds of the anatomies for training, validation and the final test; they never meet."""
GROUPS = {
    "liver": lambda abdomen: abdomen.liver.array,
    "tumor": lambda abdomen: abdomen.tumor.array,
    "reaction": lambda abdomen: abdomen.reaction_mask.array,
}
"""Names that stand for several tissues, or for a region with whatever lies in it."""


class SyntheticSource:
    """Synthetic abdomens by number: the anatomies made last, each rendered a few times over while it is among them.

    Parameters
    ----------
    config : TrainingConfig

    Raises
    ------
    SettingsError
        If a tissue, a channel or a setting of the generator does not exist, or the spacing is not the same along all
        axes.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        data = config.data
        if len(set(data.spacing_mm)) != 1:
            raise SettingsError(f"Synthetic abdomens have the same spacing along all axes, got {data.spacing_mm} mm.")
        if set(data.channels) - set(IMAGES):
            raise SettingsError(f"Channels are {', '.join(IMAGES)}; got {data.channels}.")
        for rule in config.labels:
            _check_tissues(rule.tissues)
        self._anatomy, self._rendering = _generator_settings(data)
        # One process keeps what the next patches draw from.
        self._outlined = outlined_patients(data)
        self._abdomen = lru_cache(maxsize=data.recent_cases)(self._patient)
        self._rendered = lru_cache(maxsize=data.recent_cases)(self._render)

    def training_case(self, step: int, random: np.random.Generator) -> Case:
        """One of the anatomies made last, as it is rendered at its age."""
        data = self._config.data
        newest = step // data.new_case_every_steps + data.recent_cases - 1
        age = int(random.integers(data.recent_cases))
        return self._rendered(TRAINING_SEED + newest - age, age * data.renderings_per_case // data.recent_cases)

    def _patient(self, seed: int) -> Abdomen:
        random = stream(seed, "source")
        if not self._outlined or random.random() >= self._config.data.outlined_share:
            return random_abdomen(seed, self._anatomy)
        return bent_abdomen(self._outlined[int(random.integers(len(self._outlined)))], seed, self._anatomy)

    def _render(self, seed: int, rendering: int) -> Case:
        rendering_seed = seed * self._config.data.renderings_per_case + rendering
        abdomen = self._abdomen(seed)
        return self.case_of(abdomen, rendering_seed, self._imperfect(abdomen.liver, rendering_seed))

    def validation_cases(self) -> Iterator[Case]:
        """The fixed cases, made when asked for."""
        return self.cases(VALIDATION_SEED, self._config.run.validation_cases)

    def cases(self, first_seed: int, count: int) -> Iterator[Case]:
        """Cases by seed; those from :data:`TEST_SEED` on serve neither training nor validation."""
        for seed in range(first_seed, first_seed + count):
            yield self.case_of(random_abdomen(seed, self._anatomy), seed)

    def case_of(self, abdomen: Abdomen, rendering_seed: int, liver: np.ndarray | None = None) -> Case:
        """One rendering of one anatomy, cut to the region that the network sees; the liver that it is shown or its own.

        Parameters
        ----------
        abdomen : Abdomen
        rendering_seed : int
        liver : numpy.ndarray of bool, shape of the abdomen, optional

        Returns
        -------
        Case
        """
        box = region_box(abdomen.liver.array, abdomen.labels.spacing_kji_mm, self._config.data)
        names = self._config.data.channels
        liver = abdomen.liver.array if liver is None else liver
        cts = self._cts(abdomen, rendering_seed, {source for name in names for source in SOURCES[name]})
        images = np.stack([channel_image(name, cts, liver) for name in names])
        labels = self._labels(abdomen)
        if all(name.endswith("_in_liver") for name in names):
            # What a liver that is too small leaves out cannot be seen, nor is it kept in use.
            labels.array[~liver] = 0
        return Case(f"synthetic-{abdomen.seed}", images, labels).cropped(box)

    def _imperfect(self, liver: Image, seed: int) -> np.ndarray:
        """Too small or too large all around, and in half of the cases with the fissures and the hilum filled."""
        most_mm = self._config.data.liver_error_mm
        random = np.random.default_rng((seed, 7))
        error_mm, filled_mm = most_mm * random.uniform(-1.0, 1.0), most_mm * random.uniform(-3.0, 3.0)
        filled = close_gaps(liver.array, max(filled_mm, 0.0), liver.spacing_kji_mm)
        return _grown(filled, error_mm, liver.spacing_mm[0])

    def _cts(self, abdomen: Abdomen, seed: int, wanted: set[str]) -> dict[str, np.ndarray]:
        cts = {"ct": render_ct(abdomen, seed, self._rendering).array} if "ct" in wanted else {}
        return cts | ({"planning_ct": self._planning_hu(abdomen, seed)} if "planning_ct" in wanted else {})

    def _planning_hu(self, abdomen: Abdomen, seed: int) -> np.ndarray:
        """Before treatment: no reaction, a scan of its own, and not registered perfectly."""
        ct = render_ct(with_reaction(abdomen, None), seed + 1, self._rendering)
        error_mm = self._config.data.registration_error_mm * np.random.default_rng((seed, 3)).standard_normal(3)
        return ndimage.shift(ct.array, error_mm / ct.spacing_kji_mm, order=1, mode="nearest", prefilter=False)

    def _labels(self, abdomen: Abdomen) -> Image:
        labels = np.zeros(abdomen.labels.shape, np.uint8)
        for value, rule in enumerate(self._config.labels, start=1):
            for tissue in rule.tissues:
                labels[_mask(abdomen, tissue)] = value
        return abdomen.labels.with_array(labels)


def _grown(liver: np.ndarray, by_mm: float, spacing_mm: float) -> np.ndarray:
    steps = round(abs(by_mm) / spacing_mm)
    if not steps:
        return liver
    change = ndimage.binary_dilation if by_mm > 0 else ndimage.binary_erosion
    return change(liver, iterations=steps)


def _mask(abdomen: Abdomen, tissue: str) -> np.ndarray:
    if tissue in GROUPS:
        return GROUPS[tissue](abdomen)
    return abdomen.labels.array == Tissue[tissue.upper()]


def _check_tissues(tissues: tuple[str, ...]) -> None:
    wrong = [tissue for tissue in tissues if tissue not in GROUPS and tissue.upper() not in Tissue.__members__]
    if wrong or not tissues:
        known = ", ".join([*GROUPS, *(tissue.name.lower() for tissue in Tissue)])
        raise SettingsError(
            f"A label of synthetic data consists of tissues; {wrong or 'none'} given, known are {known}."
        )


def _generator_settings(data: DataSettings) -> tuple[AbdomenSettings, RenderingSettings]:
    def ranges(values: dict) -> dict:
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}

    try:
        anatomy = AbdomenSettings(spacing_mm=data.spacing_mm[0], **ranges(data.anatomy))
        return anatomy, RenderingSettings(**ranges(data.rendering))
    except TypeError as problem:
        raise SettingsError(f"The generator of synthetic abdomens has no such setting: {problem}") from problem
