"""Pixels of one CT slice in Hounsfield units, whatever their compression.

pydicom's decoders come first; where none is installed for the transfer syntax, SimpleITK's GDCM reader is tried.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import get_decoder

from hepadose.dicom.files import damage_named, required, tolerant
from hepadose.errors import MissingDependencyError, UnreadableFileError

AIR_HU = -1024.0
REMEDY = (
    'install the decoders with "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pylibjpeg-rle pyjpegls", '
    'or export the series uncompressed (for example "gdcmconv --raw in.dcm out.dcm")'
)


@tolerant
def slice_hu(dataset: Dataset, path: Path) -> np.ndarray:
    """One slice in Hounsfield units.

    Parameters
    ----------
    dataset : pydicom.Dataset
        A single-frame CT image with its pixel data.
    path : Path
        The file it came from, for the second reader and for messages.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
        32-bit floats; stored × RescaleSlope + RescaleIntercept of this very slice. Padding, declared or
        recognizable as values below -1024 HU (undeclared by some GE scanners), becomes -1024 HU.

    Raises
    ------
    MissingTagError
        If rescale slope or intercept is absent: the values would have no unit.
    MissingDependencyError
        If no decoder for the compression is installed.
    UnreadableFileError
        If the pixel data is cut off or damaged.

    References
    ----------
    DICOM PS3.3 C.11.1 (Modality LUT), C.7.5.1.1.2 (Pixel Padding).
    """
    with damage_named(path):
        return _slice_hu(dataset, Path(path))


def _slice_hu(dataset: Dataset, path: Path) -> np.ndarray:
    subject = f"The CT slice {path.name}"
    slope = float(required(dataset, "RescaleSlope", subject))
    intercept = float(required(dataset, "RescaleIntercept", subject))
    stored = _stored(dataset, path, slope, intercept)
    if stored.shape != (dataset.Rows, dataset.Columns):
        raise UnreadableFileError(f"{subject} has pixels of shape {stored.shape}, expected one plane of gray values.")
    values_hu = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    padding = _padding(dataset, stored)
    if padding is not None:
        values_hu[padding] = AIR_HU
    return np.maximum(values_hu, AIR_HU, out=values_hu)


def _stored(dataset: Dataset, path: Path, slope: float, intercept: float) -> np.ndarray:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not _has_decoder(dataset):
        return _stored_by_gdcm(path, str(syntax.name), slope, intercept)
    try:
        return dataset.pixel_array
    except (ValueError, RuntimeError, AttributeError, NotImplementedError, OSError, EOFError) as problem:
        raise UnreadableFileError(
            f"The pixels of the CT slice {path.name} cannot be read ({syntax.name}): the file is cut off or damaged; "
            "export it again."
        ) from problem


def _has_decoder(dataset: Dataset) -> bool:
    try:
        return get_decoder(dataset.file_meta.TransferSyntaxUID).is_available
    except NotImplementedError:
        return False


def _stored_by_gdcm(path: Path, compression: str, slope: float, intercept: float) -> np.ndarray:
    """GDCM applies the rescale itself; take it back, so that one place applies it."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        values_hu = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as problem:
        raise MissingDependencyError(
            f"The CT slice {path.name} is compressed ({compression}) and no decoder for it is installed; {REMEDY}."
        ) from problem
    return np.rint((values_hu.reshape(values_hu.shape[-2:]) - intercept) / slope)


def _padding(dataset: Dataset, stored: np.ndarray) -> np.ndarray | None:
    """Where the scanner had nothing to reconstruct, or None."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((_as_stored(value, dataset), _as_stored(limit, dataset)))
    return (stored >= low) & (stored <= high)


def _as_stored(value: int | bytes, dataset: Dataset) -> int:
    """A padding value in the signedness of the pixels; files mix US and SS."""
    number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
    if dataset.PixelRepresentation == 1 and number >= 2**15:
        return number - 2**16
    if dataset.PixelRepresentation == 0 and number < 0:
        return number + 2**16
    return number
