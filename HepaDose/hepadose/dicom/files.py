"""Open one DICOM file: tolerant of a missing Part-10 header, strict about being DICOM at all.

Also the small helpers that every reader needs: required attributes with a remedy, vectors, dates. Messages name a file
by its base name only.
"""

from __future__ import annotations

import datetime
import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hepadose.errors import HepaDoseError, MissingTagError, UnreadableFileError

P = ParamSpec("P")
R = TypeVar("R")

MAGIC_OFFSET = 128
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
"""First bytes of a file without preamble: group 0002 or 0008, little endian, or 0008, big endian."""


def tolerant(function: Callable[P, R]) -> Callable[P, R]:
    """Silence pydicom's remarks on values that break the letter of the standard but can be read all the same."""

    @functools.wraps(function)
    def quietly(*args: P.args, **kwargs: P.kwargs) -> R:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom(\..*)?")
            return function(*args, **kwargs)

    return quietly


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes a reader stumble over into an error that names the file.

    Raises
    ------
    UnreadableFileError
        Instead of any error that is not ours.
    """
    try:
        yield
    except HepaDoseError:
        raise
    except Exception as problem:  # what pydicom raises on damaged content has no common root
        raise UnreadableFileError(_broken(Path(path))) from problem


def refusing_damage(function: Callable[[Path], R]) -> Callable[[Path], R]:
    """A reader of one file under :func:`damage_named` and :func:`tolerant`."""

    @functools.wraps(function)
    def read(path: Path) -> R:
        with damage_named(path):
            return function(path)

    return tolerant(read)


@tolerant
def read_dataset(path: Path, *, pixels: bool = True) -> Dataset:
    """Read one DICOM file, with or without the Part-10 header.

    Parameters
    ----------
    path : Path
        The file.
    pixels : bool
        Whether to read the pixel data too.

    Returns
    -------
    pydicom.Dataset
        With a transfer syntax in its file meta information.

    Raises
    ------
    UnreadableFileError
        If the file cannot be opened, is cut off or is not DICOM; names the file.
    """
    path = Path(path)
    _require_dicom_start(path)
    with damage_named(path):
        dataset = dcmread(path, force=True, stop_before_pixels=not pixels)
        known = any(dataset.get(keyword) for keyword in ("SOPClassUID", "Modality", "DirectoryRecordSequence"))
    if not known:
        raise UnreadableFileError(_broken(path))
    _complete_file_meta(dataset)
    return dataset


def looks_like_dicom(path: Path) -> bool:
    """Whether a file says that it is DICOM: by the magic word, or by the suffix ``.dcm`` or ``.ima``."""
    if path.suffix.lower() in (".dcm", ".ima", ".dicom"):
        return True
    try:
        return _has_magic_word(path)
    except OSError:
        return True  # cannot be opened: to be told, not to be passed over


def _has_magic_word(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(MAGIC_OFFSET)
        return file.read(4) == b"DICM"


def _require_dicom_start(path: Path) -> None:
    """Refuse a file without the magic word that does not begin with a plausible group either (Part-10 header absent).

    pydicom would take any content for DICOM when forced, and may be busy with it for long.
    """
    try:
        with path.open("rb") as file:
            plausible = _has_magic_word(path) or file.read(2) in _FIRST_GROUPS
    except OSError as problem:
        raise UnreadableFileError(f"The file {path.name} cannot be opened: {problem.strerror or problem}.") from problem
    if not plausible:
        raise UnreadableFileError(_broken(path))


def _broken(path: Path) -> str:
    return f"The file {path.name} is no readable DICOM file (cut off or damaged); export it again or remove it."


def _complete_file_meta(dataset: Dataset) -> None:
    """Files without Part-10 header (Monaco, CMS): state the transfer syntax they were found to have."""
    if getattr(dataset, "file_meta", None) is None:
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" in dataset.file_meta:
        return
    implicit, little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def required(dataset: Dataset, keyword: str, subject: str, remedy: str = "export it again from the source") -> Any:
    """The value of an attribute that the computation needs.

    Raises
    ------
    MissingTagError
        If it is absent or empty, naming the object, the attribute and its tag.
    """
    value = dataset.get(keyword)
    if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0):
        raise MissingTagError(f"{subject} has no {keyword} {Tag(keyword)}, which is needed; {remedy}.")
    return value


def vector(dataset: Dataset, keyword: str, length: int, subject: str) -> np.ndarray:
    """A required attribute as an array of finite numbers of a given length.

    Raises
    ------
    MissingTagError
        If it is absent, has another length or holds something that is not a number.
    """
    try:
        values = np.atleast_1d(np.asarray(required(dataset, keyword, subject), dtype=float))
    except (TypeError, ValueError) as problem:
        if isinstance(problem, HepaDoseError):
            raise
        values = np.empty(0)
    if values.shape != (length,) or not np.isfinite(values).all():
        raise MissingTagError(
            f"{subject} has an unusable {keyword} {Tag(keyword)}: {length} finite numbers are needed."
        )
    return values


def orientation(dataset: Dataset, subject: str) -> np.ndarray:
    """Image Orientation (Patient) as a 3×3 matrix whose columns are the row, column and normal direction.

    The columns are made exactly orthonormal, as files round the cosines.

    Raises
    ------
    MissingTagError
        If the attribute is absent or its vectors are not two perpendicular unit vectors (within 0.5 %).
    """
    cosines = vector(dataset, "ImageOrientationPatient", 6, subject)
    row, column = cosines[:3], cosines[3:]
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    if np.abs(lengths - 1).max() > 5e-3 or abs(row @ column) > 5e-3:
        raise MissingTagError(
            f"{subject} has an unusable ImageOrientationPatient (0020,0037): two perpendicular unit vectors needed, "
            f"got lengths {lengths[0]:.3f} and {lengths[1]:.3f}."
        )
    row = row / lengths[0]
    column = column - (row @ column) * row
    column = column / np.linalg.norm(column)
    return np.column_stack([row, column, np.cross(row, column)])


def date_of(dataset: Dataset) -> datetime.date | None:
    """The day an image was taken: acquisition, else content, series or study date; None where no usable one is."""
    for keyword in ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
        text = str(dataset.get(keyword) or "").replace(".", "")
        try:
            return datetime.datetime.strptime(text[:8], "%Y%m%d").date()
        except ValueError:
            continue
    return None


def uid_of(dataset: Dataset, keyword: str) -> str:
    """A UID as text; empty where absent."""
    return str(dataset.get(keyword) or "").strip()


def maker_of(dataset: Dataset) -> str:
    """Who made the object, as a reader knows it: "Varian Medical Systems Eclipse"; empty where unknown."""
    words = [str(dataset.get(keyword) or "").strip() for keyword in ("Manufacturer", "ManufacturerModelName")]
    return " ".join(dict.fromkeys(word for word in words if word))
