"""The volume of a reconstructed NM image (SPECT): all slices in one file, in counts or, rarely, in Bq/ml.

References
----------
DICOM PS3.3 C.8.4.8 (NM Multi-frame), C.8.4.11 (NM Detector), C.8.4.15 (NM Reconstruction), C.7.6.16.2.11 (Real World
Value Mapping).
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.files import orientation, vector
from hepadose.errors import GeometryMismatchError, MissingTagError, UnitsError
from hepadose.images import Image

COUNTS, BQML = "CNTS", "BQML"
PER_ML = {"Bq/ml": 1.0, "Bq/mL": 1.0, "kBq/ml": 1e3, "kBq/mL": 1e3, "MBq/ml": 1e6, "MBq/mL": 1e6, "{counts}": None}
"""UCUM units of a mapping, and how many Bq/ml one is."""


def nm_volume(dataset: Dataset, stored: np.ndarray, subject: str) -> tuple[Image, str]:
    """Values and place of a reconstructed NM image.

    Parameters
    ----------
    dataset : pydicom.Dataset
    stored : numpy.ndarray, shape (frames, rows, columns)
    subject : str
        The image as messages call it.

    Returns
    -------
    Image
        32-bit floats.
    str
        "BQML" where a real-world mapping says so, else "CNTS".

    Raises
    ------
    UnitsError
        If it is no reconstruction (planar, or projections), or maps to a unit that cannot be used.
    GeometryMismatchError
        If frames and slices disagree.
    MissingTagError
    """
    kinds = [str(value).upper() for value in dataset.get("ImageType") or []]
    if len(kinds) > 2 and "RECON" not in kinds[2]:
        raise UnitsError(
            f"{subject} is no reconstructed SPECT but {kinds[2].lower()}; give the reconstructed slices (RECON TOMO)."
        )
    if stored.ndim != 3 or stored.shape[0] < 2:
        raise GeometryMismatchError(f"{subject} holds one plane only; a dose needs the reconstructed slices.")
    slices = int(dataset.get("NumberOfSlices") or stored.shape[0])
    if slices != stored.shape[0]:
        raise GeometryMismatchError(
            f"{subject} holds {stored.shape[0]} frames of {slices} slices (gated or dynamic); give one static image."
        )
    values, units = _in_units(dataset, stored.astype(np.float32), subject)
    return _placed(dataset, values, subject), units


def _placed(dataset: Dataset, values: np.ndarray, subject: str) -> Image:
    """On the grid of its detector's vectors; slices that descend along the normal are turned over."""
    detectors = dataset.get("DetectorInformationSequence") or [dataset]
    axes = orientation(detectors[0], subject)
    origin_lps = vector(detectors[0], "ImagePositionPatient", 3, subject)
    row_mm, column_mm = vector(dataset, "PixelSpacing", 2, subject)
    step_mm = float(dataset.get("SpacingBetweenSlices") or dataset.get("SliceThickness") or 0.0)
    if step_mm == 0.0:
        raise MissingTagError(f"{subject} has no SpacingBetweenSlices (0018,0088); export it again from the source.")
    if step_mm < 0.0:  # PS3.3 C.8.4.15: negative where slices run against the normal
        origin_lps = origin_lps + axes[:, 2] * step_mm * (values.shape[0] - 1)
        values, step_mm = values[::-1], -step_mm
    return Image(values, (column_mm, row_mm, step_mm), tuple(origin_lps), axes)


def _in_units(dataset: Dataset, values: np.ndarray, subject: str) -> tuple[np.ndarray, str]:
    """Bq/ml by the real-world mapping, where there is one; else counts with the rescale, if any."""
    for mapping in dataset.get("RealWorldValueMappingSequence") or []:
        unit = str((mapping.get("MeasurementUnitsCodeSequence") or [Dataset()])[0].get("CodeValue") or "")
        if unit not in PER_ML:
            raise UnitsError(f'{subject} maps its values to "{unit[:16]}"; Bq/ml is needed, or counts (--counts).')
        if PER_ML[unit] is not None:
            slope, intercept = float(mapping.RealWorldValueSlope), float(mapping.RealWorldValueIntercept)
            return (values * slope + intercept) * np.float32(PER_ML[unit]), BQML
    slope, intercept = float(dataset.get("RescaleSlope") or 1.0), float(dataset.get("RescaleIntercept") or 0.0)
    return values * np.float32(slope) + np.float32(intercept), COUNTS
