"""Outlined patients whose shapes serve synthetic data: a folder of CTs with many organs outlined."""

from __future__ import annotations

from pathlib import Path

from hepadose.errors import SettingsError
from hepadose.images import Image, resample
from hepadose.segmentation.preprocess import model_grid, to_grid
from hepadose.training.abdomen import tissues_of
from hepadose.training.config_parts import DataSettings
from hepadose.training.data_folder import find_cases, label_numbers, read_image


def outlined_patients(data: DataSettings) -> tuple[Image, ...]:
    """The tissues of every patient of a configuration's outlined folder.

    Parameters
    ----------
    data : DataSettings

    Returns
    -------
    tuple of Image
        Values of :class:`hepadose.training.abdomen.Tissue` with the configuration's spacing; none where no share of the
        anatomies shall be theirs.

    Raises
    ------
    SettingsError
        If the share is none, or has no folder.
    MissingInputError, UnreadableFileError
        If the folder lacks something.
    """
    if not 0.0 <= data.outlined_share <= 1.0:
        raise SettingsError(f"outlined_share must be between 0 and 1, got {data.outlined_share}.")
    if not data.outlined_share:
        return ()
    if not data.outlined_folder:
        raise SettingsError("outlined_share needs an outlined_folder with label maps of many organs.")
    root = Path(data.outlined_folder)
    numbers = label_numbers(root)
    return tuple(_tissues(files.image, files.labels, numbers, data.spacing_mm) for files in find_cases(root))


def _tissues(image: Path, labels: Path, numbers: dict[str, int], spacing_mm: tuple[float, float, float]) -> Image:
    ct = read_image(image)
    grid = model_grid(ct, spacing_mm)
    return tissues_of(to_grid(ct, grid), resample(read_image(labels), grid, nearest=True).array.round(), numbers)
