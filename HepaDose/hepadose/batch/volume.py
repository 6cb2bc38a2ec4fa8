"""A CT for a segmentation from whatever the user has: a DICOM folder, or a NIfTI, NRRD or MetaImage file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepadose.errors import (
    AmbiguousInputError,
    GeometryMismatchError,
    MissingInputError,
    UnreadableFileError,
)
from hepadose.findings import Finding
from hepadose.images import Image

SUBJECT = "CT"
IMAGE_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A CT in HU, and what was noticed while it was read."""

    image: Image
    findings: tuple[Finding, ...] = ()


def read_ct(source: Path, series: int | None = None) -> CtVolume:
    """Read a CT.

    Parameters
    ----------
    source : Path
        DICOM folder, or an image file in HU.
    series : int, optional
        Which CT series of a folder with several, from 1, older ones first.

    Raises
    ------
    MissingInputError
        If there is no such file or folder, or it holds no CT.
    AmbiguousInputError
        If a folder holds several CT series and none was chosen.
    UnreadableFileError, GeometryMismatchError
        If the image cannot be read or is not 3-D.
    """
    source = Path(source)
    if source.is_dir():
        return _from_folder(source, series)
    if not source.is_file():
        raise MissingInputError(f'There is no file or folder "{source.name}"; choose a DICOM folder or an image file.')
    if not source.name.lower().endswith(IMAGE_ENDINGS):
        endings = ", ".join(IMAGE_ENDINGS)
        raise UnreadableFileError(
            f'The file "{source.name}" is no image file ({endings}); for DICOM choose the folder that holds the files.'
        )
    return CtVolume(read_image(source))


def read_mask(path: Path) -> Image:
    """A mask from an image file: true where the value is above zero.

    Raises
    ------
    MissingInputError, UnreadableFileError, GeometryMismatchError
        As :func:`read_image`.
    """
    image = read_image(Path(path))
    return image.with_array(image.array > 0)


def read_image(path: Path) -> Image:
    """A 3-D image from a file.

    Raises
    ------
    MissingInputError
        If the file does not exist.
    UnreadableFileError
        If it cannot be read.
    GeometryMismatchError
        If it has other than 3 dimensions or several values per voxel.
    """
    import SimpleITK as sitk

    if not path.is_file():
        raise MissingInputError(f'There is no file "{path.name}"; choose an image file.')
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as problem:
        raise UnreadableFileError(
            f'The file "{path.name}" cannot be read as an image; it is damaged or its axes are sheared.'
        ) from problem
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise GeometryMismatchError(
            f'The file "{path.name}" holds {image.GetDimension()} dimensions with '
            f"{image.GetNumberOfComponentsPerPixel()} values per voxel; give one 3-D image."
        )
    return Image.from_sitk(image)


def _from_folder(folder: Path, number: int | None) -> CtVolume:
    from hepadose.dicom.choose import series_by_number
    from hepadose.dicom.ct import read_ct_series
    from hepadose.dicom.scan import scan_folder

    found = scan_folder(folder)
    if not found.ct_series:
        raise MissingInputError(f'The folder "{folder.name}" holds no CT series; choose the folder with the CT.')
    if number is None and len(found.ct_series) > 1:
        listed = "; ".join(series.describe() for series in found.ct_series)
        raise AmbiguousInputError(
            f"The folder holds {len(found.ct_series)} CT series ({listed}); say which one is meant (--series N)."
        )
    chosen = found.ct_series[0] if number is None else series_by_number(found.ct_series, number)
    series = read_ct_series(chosen.paths, subject=SUBJECT)
    # No network's window needs more than whole HU, and half the memory serves the rest.
    return CtVolume(_whole_hu(series.image), (*found.findings, *series.findings))


def _whole_hu(image: Image) -> Image:
    if image.array.dtype.kind in "iu" or not np.isfinite(image.array).all():
        return image
    return image.with_array(np.rint(np.clip(image.array, -32768, 32767)).astype(np.int16))
