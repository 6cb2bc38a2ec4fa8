"""Read a PET or NM (SPECT) series: what it stores, in which unit, and when; no decay is corrected here.

PET has one file per slice, a reconstructed SPECT one file with all of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage, PositronEmissionTomographyImageStorage

from hepadose.dicom import ct_geometry as geometry
from hepadose.dicom.emission_times import EmissionTimes, emission_times
from hepadose.dicom.files import orientation, read_dataset, refusing_damage, required, tolerant, uid_of, vector
from hepadose.dicom.nm import nm_volume
from hepadose.dicom.seg_frames import Frame, frame_grid
from hepadose.dicom.wording import counted
from hepadose.errors import (
    AmbiguousInputError,
    GeometryMismatchError,
    HepaDoseError,
    MissingInputError,
    UnreadableFileError,
)
from hepadose.images import Image

SUBJECT = "Image of activity"
BECQUEREL_PER_ML = "BQML"


@dataclass(frozen=True, eq=False)
class EmissionImage:
    """A PET or SPECT as it is stored.

    Parameters
    ----------
    image : Image
        Rescaled values, 32-bit floats.
    modality : {"PT", "NM"}
    units : str
        Units (0054,1001): "BQML" for a concentration in Bq/ml, else counts or something relative.
    times : EmissionTimes
    frame_of_reference_uid : str
    attenuation_corrected : bool or None
        None where the files do not say so.
    """

    image: Image
    modality: str
    units: str
    times: EmissionTimes
    frame_of_reference_uid: str = ""
    attenuation_corrected: bool | None = None

    @property
    def is_concentration(self) -> bool:
        """Whether the values are Bq/ml."""
        return self.units == BECQUEREL_PER_ML


def read_emission(source: Path, number: int | None = None) -> EmissionImage:
    """Read an image of activity from DICOM.

    Parameters
    ----------
    source : Path
        A folder with a PET or NM series, whatever else is in it; or the one file of an NM image.
    number : int, optional
        Which series of a folder with several, from 1, in the order the message lists them.

    Returns
    -------
    EmissionImage

    Raises
    ------
    MissingInputError
        If there is no such file or folder, or it holds no PET or NM image.
    AmbiguousInputError
        If there are several series and none was chosen.
    GeometryMismatchError
        If slices are missing, unevenly spaced, of different size, or several at one place.
    UnreadableFileError, MissingTagError
        If a file is damaged or does not say where it lies.

    References
    ----------
    DICOM PS3.3 C.8.9.1 (PET Series), C.8.9.4 (PET Image), C.8.4.8 (NM Multi-frame), C.8.4.15 (NM Reconstruction).
    """
    series = _series_in(Path(source))
    if number is not None and not 1 <= number <= len(series):
        raise MissingInputError(f"There is no series {number} of activity; there are: {_listed(series)}.")
    if number is None and len(series) > 1:
        raise AmbiguousInputError(
            f"There are {len(series)} series of activity ({_listed(series)}); say which one is meant "
            "(--activity-series N)."
        )
    chosen = series[(number or 1) - 1]
    datasets = [_with_pixels(path) for path in chosen]
    return _nm_image(datasets[0], chosen[0]) if datasets[0].Modality == "NM" else _pet_image(datasets, chosen)


def _series_in(source: Path) -> list[list[Path]]:
    """The files of every PET or NM series; NM images are one file each."""
    if not source.exists():
        raise MissingInputError(f'There is no file or folder "{source.name}"; choose a PET or SPECT.')
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in paths:
        key = _series_of(path)
        if key is not None:
            groups[key].append(path)
    if not groups:
        raise MissingInputError(
            f'"{source.name}" holds no PET or NM image; choose the folder with the series (a multi-frame PET must be '
            "exported slice by slice)."
        )
    return [groups[key] for key in sorted(groups)]


def _series_of(path: Path) -> tuple[str, str] | None:
    """What the files of one series share; None for what is no PET or NM slice."""
    try:
        dataset = read_dataset(path, pixels=False)
    except UnreadableFileError:
        return None
    # Some anonymizers blank the class; the modality stands for it then.
    kind = uid_of(dataset, "SOPClassUID") or str(dataset.get("Modality"))
    if kind in (NuclearMedicineImageStorage, "NM"):
        return "NM", str(path)
    if kind in (PositronEmissionTomographyImageStorage, "PT"):
        return "PT", uid_of(dataset, "SeriesInstanceUID")
    return None


def _listed(series: list[list[Path]]) -> str:
    words = []
    for number, paths in enumerate(series, start=1):
        dataset = read_dataset(paths[0], pixels=False)
        stated = [str(dataset.get("Units") or "")[:16], _attenuation_words(dataset)]
        parts = [dataset.Modality, counted(len(paths), "file"), *(word for word in stated if word)]
        words.append(f"series {number}: {', '.join(parts)}")
    return "; ".join(words)


def _corrected(dataset: Dataset) -> bool | None:
    """Whether attenuation is corrected, by Corrected Image (0028,0051); None where that is absent."""
    stated = dataset.get("CorrectedImage")
    if not stated:
        return None
    return "ATTN" in ([stated] if isinstance(stated, str) else list(stated))


def _attenuation_words(dataset: Dataset) -> str:
    words = {True: "corrected for attenuation", False: "not corrected for attenuation", None: ""}
    return words[_corrected(dataset)]


@refusing_damage
def _with_pixels(path: Path) -> Dataset:
    dataset = read_dataset(path)
    if "PixelData" not in dataset:
        raise UnreadableFileError(f"The file {path.name} is cut off before its pixels; export it again.")
    return dataset


@tolerant
def _nm_image(dataset: Dataset, path: Path) -> EmissionImage:
    subject = f"The NM image {path.name}"
    image, units = nm_volume(dataset, _pixels(dataset, path), subject)
    frame = uid_of(dataset, "FrameOfReferenceUID")
    return EmissionImage(image, "NM", units, emission_times([dataset]), frame, _corrected(dataset))


@tolerant
def _pet_image(datasets: list[Dataset], paths: list[Path]) -> EmissionImage:
    frames = []
    for dataset, path in zip(datasets, paths, strict=True):
        subject = f"The PET slice {path.name}"
        frames.append(
            Frame(
                vector(dataset, "ImagePositionPatient", 3, subject),
                orientation(dataset, subject),
                tuple(vector(dataset, "PixelSpacing", 2, subject)),
                float("nan"),
                (int(dataset.Rows), int(dataset.Columns)),
            )
        )
    along_mm = np.array([frame.origin_lps @ frames[0].axes[:, 2] for frame in frames])
    _require_every_slice(along_mm)
    grid = frame_grid(frames, "PET")
    units = {str(dataset.get("Units") or "").upper() for dataset in datasets}
    if len(units) > 1:
        raise GeometryMismatchError(f"The slices of the PET are in different units ({', '.join(sorted(units))}).")
    volume = np.zeros(grid.image.shape, np.float32)
    for dataset, path, slot in zip(datasets, paths, grid.slots, strict=True):
        volume[slot] = _rescaled(dataset, path)
    order = np.argsort(grid.slots)
    times = emission_times([datasets[place] for place in order])
    frame = uid_of(datasets[0], "FrameOfReferenceUID")
    image = grid.image.with_array(volume)
    return EmissionImage(image, "PT", units.pop(), times, frame, _corrected(datasets[0]))


def _require_every_slice(along_mm: np.ndarray) -> None:
    """Refuse a series with holes, or with several images at one place (a dynamic or gated one)."""
    positions_mm = np.sort(along_mm)
    if len(positions_mm) < 2:
        raise GeometryMismatchError("The PET holds one slice only; choose the folder with the whole series.")
    if np.diff(positions_mm).min() <= geometry.SAME_POSITION_MM:
        raise GeometryMismatchError(
            "The PET holds several images at one place (a dynamic or gated scan, or two series in one); give one "
            "static series."
        )
    ladder = geometry.slice_ladder(positions_mm)
    if not ladder.is_even:
        raise GeometryMismatchError("The slices of the PET are unevenly spaced; export the complete series again.")
    if ladder.missing.size:
        raise GeometryMismatchError(
            f"{counted(ladder.missing.size, 'slice')} of the PET missing: {geometry.describe_gaps(ladder)}; export the "
            "complete series again."
        )


def _rescaled(dataset: Dataset, path: Path) -> np.ndarray:
    """Stored × Rescale Slope + Rescale Intercept of this very slice: every PET slice has a slope of its own."""
    subject = f"The PET slice {path.name}"
    slope = float(required(dataset, "RescaleSlope", subject))
    intercept = float(dataset.get("RescaleIntercept") or 0.0)
    return _pixels(dataset, path).astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _pixels(dataset: Dataset, path: Path) -> np.ndarray:
    try:
        return dataset.pixel_array
    except HepaDoseError:
        raise
    except (ValueError, RuntimeError, AttributeError, NotImplementedError, OSError, EOFError) as problem:
        raise UnreadableFileError(
            f"The pixels of {path.name} cannot be read: the file is cut off, damaged or compressed in a way no "
            "installed decoder knows; export it again uncompressed."
        ) from problem
