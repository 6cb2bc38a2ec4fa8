"""Cases for the final judgment: neither trained on nor used to choose the weights; as the network sees them, or whole.

A finished model gets whole CTs, as its users have them, and the true liver where it looks inside the liver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hepadose.images import Image
from hepadose.segmentation.bundle_metadata import SOURCES, ModelDescription
from hepadose.training.config import TrainingConfig
from hepadose.training.config_parts import DataSettings, LabelRule, NetworkChoice, RunSettings
from hepadose.training.data_cases import Case
from hepadose.training.data_folder import (
    CaseFiles,
    CaseReader,
    FolderSource,
    find_cases,
    label_numbers,
    without_duplicates,
)
from hepadose.training.data_synthetic import TEST_SEED, SyntheticSource

_LIVER = "liver"
_TUMOR_NAMES = ("cancer", "tumor", "tumour", "tumors", "tumours", "lesion", "lesions")
"""What data sets call tumors in the liver."""
_SHARES = {"tumor": {"tumor_share": 1.0}, "reaction": {"reaction_share": 1.0}}
"""Synthetic patients without what is looked for say little."""


@dataclass(frozen=True, eq=False)
class WholeCase:
    """A case as users have it.

    Parameters
    ----------
    case : Case
        Uncut.
    liver : Image or None
        The true liver with everything in it, boolean, on the labels' grid; None where the data set names no liver.
    """

    case: Case
    liver: Image | None


def unseen_cases(config: TrainingConfig, count: int, folder: Path | None = None) -> Iterator[Case]:
    """Cases on the network's grid, cut as the network sees them.

    Parameters
    ----------
    config : TrainingConfig
    count : int
        Number of synthetic cases; of a training on a folder, all cases that were kept for validation are used.
    folder : Path, optional
        Labeled CTs to judge on instead: all of them but the images that the training had; of the training's own folder
        those that were kept.

    Yields
    ------
    Case

    Raises
    ------
    MissingInputError, SettingsError
        If the folder lacks images or labels.
    """
    if folder is None and config.data.source == "synthetic":
        yield from SyntheticSource(config).cases(TEST_SEED, count)
        return
    reader, files = _labeled_cases(config, folder)
    yield from (reader.read(each) for each in files)


def whole_cases(config: TrainingConfig, count: int, folder: Path | None = None) -> Iterator[WholeCase]:
    """The cases of :func:`unseen_cases` uncut; those of a folder on their CT's own grid.

    Parameters
    ----------
    config, count, folder
        See :func:`unseen_cases`, also for what is raised.

    Yields
    ------
    WholeCase
    """
    in_folder = folder is not None or config.data.source == "folder"
    has_liver = not in_folder or _liver_name(Path(folder or config.data.folder)) is not None
    if has_liver:
        config = _with_liver(config, folder)
    data = replace(config.data, region="body", channels=stored_images(config.data.channels))
    config = replace(config, data=data)
    if in_folder:
        reader, files = _labeled_cases(config, folder)
        cases = (reader.read_whole(each) for each in files)
    else:
        cases = unseen_cases(config, count)
    for case in cases:
        yield _without_liver(case) if has_liver else WholeCase(case, None)


def stored_images(channels: tuple[str, ...]) -> tuple[str, ...]:
    """The images from which a network's channels are made; a model makes its own channels of them.

    Parameters
    ----------
    channels : tuple of str
        As a configuration names them.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> stored_images(("ct_in_liver", "planning_in_liver"))
    ('ct', 'planning_ct')
    """
    return tuple(dict.fromkeys(source for name in channels for source in SOURCES[name]))


def config_of_model(description: ModelDescription) -> TrainingConfig:
    """What a model without its training is judged by: its task, grid and channels.

    Parameters
    ----------
    description : ModelDescription

    Returns
    -------
    TrainingConfig
    """
    task = description.task
    return TrainingConfig(
        name=description.name,
        task=task,
        labels=(LabelRule(task, (task,), tuple(each.name for each in description.labels if each.value)),),
        network=NetworkChoice(description.network_class, description.network_arguments),
        data=DataSettings(
            spacing_mm=description.spacing_mm,
            channels=tuple(each.image for each in description.channels),
            anatomy=_SHARES.get(task, {}),
        ),
        run=RunSettings(steps=1),
    )


def _with_liver(config: TrainingConfig, folder: Path | None) -> TrainingConfig:
    """The liver as first label; the others are painted over it."""
    root = folder or (Path(config.data.folder) if config.data.source == "folder" else None)
    dataset_labels = () if root is None else (_liver_name(root),)
    return replace(config, labels=(LabelRule(_LIVER, (_LIVER,), dataset_labels), *config.labels))


def _without_liver(case: Case) -> WholeCase:
    numbers = case.labels.array
    # Whatever a model of the liver looks for lies in it.
    liver = case.labels.with_array(numbers > 0)
    return WholeCase(replace(case, labels=case.labels.with_array(np.maximum(numbers, 1) - 1)), liver)


def _liver_name(root: Path) -> str | None:
    return next((name for name in label_numbers(root) if name.lower() == _LIVER), None)


def _labeled_cases(config: TrainingConfig, folder: Path | None) -> tuple[CaseReader, tuple[CaseFiles, ...]]:
    trained = Path(config.data.folder) if config.data.source == "folder" else None
    if folder is None or (trained is not None and trained.resolve() == folder.resolve()):
        source = FolderSource(config)
        return source.reader, source.validation
    reader, files = CaseReader(_moved(config, folder)), find_cases(folder)
    # Well-known data sets contain each other's images.
    seen = find_cases(trained) if trained is not None and trained.is_dir() else ()
    kept, _ = without_duplicates((*seen, *files))
    return reader, tuple(each for each in kept if each in files)


def _moved(config: TrainingConfig, folder: Path) -> TrainingConfig:
    """The configuration on another folder, whose labels may have other names."""
    names = label_numbers(folder)
    data = replace(config.data, source="folder", folder=str(folder))
    labels = tuple(replace(rule, dataset_labels=_names_in(names, rule, config.task)) for rule in config.labels)
    return replace(config, data=data, labels=labels)


def _names_in(names: dict[str, int], rule: LabelRule, task: str) -> tuple[str, ...]:
    wanted = {each.lower() for each in (rule.name, *rule.dataset_labels)}
    found = [name for name in names if name.lower() in wanted]
    is_whole_liver = _LIVER in wanted and found
    if is_whole_liver or (task == "tumor" and not found):
        found += [name for name in names if name.lower() in _TUMOR_NAMES and name not in found]
    return tuple(found) or rule.dataset_labels
