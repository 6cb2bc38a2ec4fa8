"""One file of a CT series: whether it is a slice of a volume, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, SecondaryCaptureImageStorage

from hepadose.dicom.files import orientation, read_dataset, refusing_damage, uid_of, vector
from hepadose.dicom.series_key import SeriesKey, is_nameless, series_key
from hepadose.errors import UnreadableFileError


@dataclass(frozen=True, eq=False)
class CtSlice:
    """One slice with its pixels still encoded.

    Parameters
    ----------
    path : Path
        The file.
    dataset : pydicom.Dataset
        All of it.
    axes : numpy.ndarray, shape (3, 3)
        Columns are the row, column and normal direction.
    origin_lps : numpy.ndarray, shape (3,)
        Center of the first pixel in mm.
    spacing_ji_mm : tuple of 2 float
        Pixel spacing between rows and between columns.
    shape : tuple of 2 int
        Rows and columns.
    acquisition : int or None
        Acquisition Number.
    series_key : tuple
        The same for all slices of a series, see :func:`hepadose.dicom.series_key.series_key`.
    instance : str
        Instance Number of a slice that names no series; else empty.
    """

    path: Path
    dataset: Dataset
    axes: np.ndarray
    origin_lps: np.ndarray
    spacing_ji_mm: tuple[float, float]
    shape: tuple[int, int]
    acquisition: int | None
    series_key: SeriesKey = ()
    instance: str = ""

    @property
    def position_mm(self) -> float:
        """Position along the slice's own normal."""
        return float(self.origin_lps @ self.axes[:, 2])


def kind_of_ct_image(dataset: Dataset) -> str:
    """The word "slice" for a slice of a volume, else why a CT object is none ("localizer", "secondary capture")."""
    sop_class = uid_of(dataset, "SOPClassUID")
    if sop_class == SecondaryCaptureImageStorage:
        return "secondary capture"
    if sop_class == EnhancedCTImageStorage or int(dataset.get("NumberOfFrames") or 1) > 1:
        return "multi-frame"
    if sop_class not in ("", CTImageStorage):
        return "other object"
    if "LOCALIZER" in [str(value).upper() for value in dataset.get("ImageType") or []]:
        return "localizer"
    return "slice"


@refusing_damage
def read_ct_slice(path: Path) -> tuple[str, CtSlice | None]:
    """What kind of CT image a file holds and, for a slice of a volume, the slice.

    Raises
    ------
    UnreadableFileError
        If the file is damaged or cut off; names it.
    MissingTagError
        If a slice does not say where it lies.
    """
    dataset = read_dataset(path)
    kind = kind_of_ct_image(dataset)
    if kind != "slice":
        return kind, None
    if "PixelData" not in dataset:
        raise UnreadableFileError(f"The file {path.name} is cut off before its pixels.")
    subject = f"The CT slice {path.name}"
    number = dataset.get("AcquisitionNumber")
    one = CtSlice(
        path=path,
        dataset=dataset,
        axes=orientation(dataset, subject),
        origin_lps=vector(dataset, "ImagePositionPatient", 3, subject),
        spacing_ji_mm=tuple(vector(dataset, "PixelSpacing", 2, subject)),  # row spacing first, PS3.3 10.7.1.1
        shape=(int(dataset.Rows), int(dataset.Columns)),
        acquisition=None if number in (None, "") else int(number),
        series_key=series_key(dataset),
        instance=str(dataset.get("InstanceNumber") or "") if is_nameless(dataset) else "",
    )
    return kind, one
