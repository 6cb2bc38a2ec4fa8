"""Cases from a folder in the layout of the Medical Segmentation Decathlon or of nnU-Net, split by patient."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from hepadose.errors import MissingInputError, SettingsError, UnreadableFileError
from hepadose.findings import Finding, warning
from hepadose.images import Image, resample
from hepadose.segmentation.preprocess import inside_liver, model_grid, to_grid
from hepadose.training.config import TrainingConfig
from hepadose.training.data_cases import Case, region_box

ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha")
_CASES_IN_MEMORY = 16


@dataclass(frozen=True)
class CaseFiles:
    """Image and labels of one case."""

    name: str
    patient: str
    image: Path
    labels: Path


class CaseReader:
    """Reads cases of a folder with the labels that a training knows.

    Parameters
    ----------
    config : TrainingConfig

    Raises
    ------
    MissingInputError, SettingsError
        If the folder lacks labels that the configuration names, or the network wants more than a CT.
    """

    def __init__(self, config: TrainingConfig) -> None:
        if config.data.channels not in (("ct",), ("ct_in_liver",)):
            raise SettingsError("A folder of cases gives one channel, the CT; synthetic data have two.")
        self._data = config.data
        self._numbers = label_numbers(Path(config.data.folder))
        self._rules = tuple(self._values(rule.name, rule.dataset_labels) for rule in config.labels)

    def _values(self, name: str, dataset_labels: tuple[str, ...]) -> list[int]:
        wrong = [each for each in dataset_labels if each not in self._numbers]
        if wrong or not dataset_labels:
            raise SettingsError(
                f'The label "{name}" needs "dataset_labels" that the folder has; {wrong or "none"} given, '
                f"dataset.json has {', '.join(self._numbers)}."
            )
        return [self._numbers[each] for each in dataset_labels]

    def read(self, files: CaseFiles) -> Case:
        """A case on the network's grid, cut to the region that the network sees."""
        image, labels = read_image(files.image), read_image(files.labels)
        grid = model_grid(image, self._data.spacing_mm)
        numbers = resample(labels, grid, nearest=True).array.round().astype(np.uint8)
        hu = to_grid(image, grid).array
        if self._data.channels == ("ct_in_liver",):
            hu = inside_liver(hu, self._liver_and_targets(numbers))
        case = Case(files.name, hu[None], grid.with_array(self._mapped(numbers)))
        return case.cropped(region_box(self._liver(numbers), grid.spacing_kji_mm, self._data))

    def read_whole(self, files: CaseFiles) -> Case:
        """A case as it is stored, uncut and on its CT's own grid."""
        image, labels = read_image(files.image), read_image(files.labels)
        numbers = resample(labels, image, nearest=True).array.round().astype(np.uint8)
        return Case(files.name, image.array[None], image.with_array(self._mapped(numbers)))

    def _mapped(self, numbers: np.ndarray) -> np.ndarray:
        mapped = np.zeros(numbers.shape, np.uint8)
        for value, originals in enumerate(self._rules, start=1):
            mapped[np.isin(numbers, originals)] = value
        return mapped

    def _liver_and_targets(self, numbers: np.ndarray) -> np.ndarray:
        """The liver with whatever the network looks for in it, which many data sets label in place of the liver."""
        return self._liver(numbers) | (self._mapped(numbers) > 0)

    def _liver(self, numbers: np.ndarray) -> np.ndarray:
        """What is labeled as liver, or anything where nothing is called so; only its box is used."""
        values = [value for name, value in self._numbers.items() if name.lower() == "liver"]
        return np.isin(numbers, values) if values else numbers > 0


class FolderSource:
    """Cases of a folder: some patients for training, the others for validation.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    reader : CaseReader
    training, validation : tuple of CaseFiles
        No patient and no image stands in both.
    findings : tuple of Finding
        Images that were left out because another case has the same.

    Raises
    ------
    MissingInputError, SettingsError
        If the folder lacks something, or is too small to be split.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.reader = CaseReader(config)
        cases, self.findings = without_duplicates(find_cases(Path(config.data.folder), config.data.patient_pattern))
        self.training, self.validation = split_by_patient(cases, config.data.validation_share, config.run.seed)
        self._case = lru_cache(maxsize=_CASES_IN_MEMORY)(self.reader.read)

    def training_case(self, step: int, random: np.random.Generator) -> Case:
        """Any case of the training patients."""
        return self._case(self.training[int(random.integers(len(self.training)))])

    def validation_cases(self) -> Iterator[Case]:
        """All cases of the patients that were kept."""
        return (self.reader.read(files) for files in self.validation)


def read_image(path: Path) -> Image:
    """An image of a data set.

    Raises
    ------
    UnreadableFileError
        If it cannot be read.
    """
    import SimpleITK as sitk

    try:
        return Image.from_sitk(sitk.ReadImage(str(path)))
    except RuntimeError as problem:
        raise UnreadableFileError(
            f"The image {path.name} cannot be read; get it again or remove the case."
        ) from problem


def label_numbers(root: Path) -> dict[str, int]:
    """Names and numbers of the labels in a ``dataset.json``, which the two layouts write the other way round.

    Raises
    ------
    MissingInputError, UnreadableFileError
    """
    path = root / "dataset.json"
    if not path.is_file():
        raise MissingInputError(f'The folder "{root.name}" has no dataset.json, which names the labels.')
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
        pairs = [(key, value) if str(key).isdigit() else (value, key) for key, value in labels.items()]
        return {str(name): int(number) for number, name in pairs if not isinstance(number, list)}
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise UnreadableFileError(
            'dataset.json needs "labels": {"0": "background", …} or the other way round.'
        ) from problem


def find_cases(root: Path, patient_pattern: str = "") -> tuple[CaseFiles, ...]:
    """Every image in ``imagesTr`` that has labels in ``labelsTr``, by name.

    Parameters
    ----------
    root : Path
    patient_pattern : str
        Regular expression; its first group in a case's name is the patient. Without one, every case is a patient.

    Raises
    ------
    MissingInputError
        If there are none.
    SettingsError
        If the pattern is wrong or does not fit a name.
    """
    cases = []
    for labels in sorted((root / "labelsTr").glob("*")) if (root / "labelsTr").is_dir() else ():
        ending = next((ending for ending in ENDINGS if labels.name.endswith(ending)), None)
        # Archives hold "._" files of another system beside the images.
        if ending is None or labels.name.startswith("."):
            continue
        name = labels.name.removesuffix(ending)
        image = next((path for path in _image_paths(root / "imagesTr", name, ending) if path.is_file()), None)
        if image is not None:
            cases.append(CaseFiles(name, _patient(name, patient_pattern), image, labels))
    if not cases:
        raise MissingInputError(f'The folder "{root.name}" holds no pair of imagesTr/… and labelsTr/… files.')
    return tuple(cases)


def _image_paths(folder: Path, name: str, ending: str) -> tuple[Path, Path]:
    return folder / f"{name}_0000{ending}", folder / f"{name}{ending}"


def _patient(name: str, pattern: str) -> str:
    if not pattern:
        return name
    try:
        return re.search(pattern, name)[1]
    except (re.error, TypeError, IndexError) as problem:
        raise SettingsError(f'The pattern "{pattern}" finds no patient in the name "{name}".') from problem


def image_hash(image: Image) -> str:
    """Hash of an image's values in HU and its size, whatever file, type or header holds it.

    Axes that are stored in the other direction are turned first: copies of a data set differ in that.
    """
    values = image.array
    # Columns are i, j, k; bring each axis to grow toward L, P or S.
    for axis_ijk in range(3):
        column = image.direction[:, axis_ijk]
        if column[np.argmax(np.abs(column))] < 0:
            values = np.flip(values, 2 - axis_ijk)
    whole = np.ascontiguousarray(np.rint(values).astype(np.int32))
    return hashlib.sha256(repr(whole.shape).encode() + whole.tobytes()).hexdigest()


def without_duplicates(cases: tuple[CaseFiles, ...]) -> tuple[tuple[CaseFiles, ...], tuple[Finding, ...]]:
    """The cases without those whose image another one has already; well-known data sets contain each other's images."""
    kept, findings, seen = [], [], {}
    for case in cases:
        key = image_hash(read_image(case.image))
        if key in seen:
            findings.append(
                warning("Training data", f"{case.name} shows the same image as {seen[key]} and is left out.")
            )
        else:
            seen[key] = case.name
            kept.append(case)
    return tuple(kept), tuple(findings)


def split_by_patient(
    cases: tuple[CaseFiles, ...], share: float, seed: int
) -> tuple[tuple[CaseFiles, ...], tuple[CaseFiles, ...]]:
    """Training and validation cases; all cases of a patient stand on one side.

    Raises
    ------
    SettingsError
        If there are fewer than two patients.
    """
    patients = sorted({case.patient for case in cases})
    if len(patients) < 2:
        raise SettingsError("Training and validation need at least two patients.")
    count = min(max(round(share * len(patients)), 1), len(patients) - 1)
    kept = set(np.random.default_rng(seed).permutation(patients)[:count])
    return tuple(c for c in cases if c.patient not in kept), tuple(c for c in cases if c.patient in kept)
