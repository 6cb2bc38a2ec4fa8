"""PET and SPECT written as DICOM for tests: made here from the standard, as the library only reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage, PositronEmissionTomographyImageStorage

from hepadose.dicom.study import DicomStudy, decimal, decimals, fill, fill_grid, item, new_object, save, set_instance
from hepadose.images import Image

Y90_HALF_LIFE_S = 64.1 * 3600
INJECTION, SCAN = "20230301100000", "20230302100000"
"""A scan a day after the injection."""


def pharmaceutical(start: str = INJECTION, half_life_s: float = Y90_HALF_LIFE_S) -> Dataset:
    """Item of the Radiopharmaceutical Information Sequence."""
    return item(
        RadiopharmaceuticalStartDateTime=start,
        RadionuclideHalfLife=decimal(half_life_s),
        RadionuclideTotalDose=decimal(1e9),
    )


def write_pet(folder: Path, image: Image, study: DicomStudy, name: str = "PET", **attributes: object) -> list[Path]:
    """A PET series in Bq/ml, one file per slice with a slope of its own, corrected to the start of the scan.

    ``attributes`` replace those of every slice; ``None`` removes one.
    """
    paths = []
    for k in range(image.shape[0]):
        dataset = new_object(
            study,
            PositronEmissionTomographyImageStorage,
            study.uid(name, k),
            modality="PT",
            series_uid=study.uid(name, "series"),
            series_number=7,
            series_description=name,
        )
        fill_grid(dataset, image)
        dataset.ImagePositionPatient = decimals(np.round(image.ijk_to_points([0, 0, k]), 6))
        slope = float(image.array[k].max()) / 30000.0 or 1.0
        fill(dataset, FrameOfReferenceUID=study.frame_of_reference_uid, Units="BQML", DecayCorrection="START")
        fill(dataset, AcquisitionDate=SCAN[:8], AcquisitionTime=SCAN[8:], InstanceNumber=k + 1)
        fill(dataset, RadiopharmaceuticalInformationSequence=[pharmaceutical()])
        fill(dataset, RescaleSlope=decimal(slope), RescaleIntercept=decimal(0), SliceThickness=decimal(3))
        _fill_pixels(dataset, np.rint(image.array[k] / slope).astype("<i2"), signed=1)
        for keyword, value in attributes.items():
            delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
        paths.append(save(dataset, folder / f"{name}{image.shape[0] - k:03d}.dcm"))
    return paths


def write_spect(path: Path, image: Image, study: DicomStudy, downward: bool = False, **attributes: object) -> Path:
    """A reconstructed SPECT in counts: all slices in one file, on request from head to feet."""
    counts = np.rint(image.array).astype("<u2")
    dataset = new_object(
        study,
        NuclearMedicineImageStorage,
        study.uid("NM"),
        modality="NM",
        series_uid=study.uid("NM series"),
        series_number=8,
        series_description="SPECT",
    )
    fill_grid(dataset, image)
    first = image.ijk_to_points([0, 0, image.shape[0] - 1 if downward else 0])
    del dataset.ImagePositionPatient
    detector = item(
        ImagePositionPatient=decimals(np.round(first, 6)), ImageOrientationPatient=dataset.ImageOrientationPatient
    )
    del dataset.ImageOrientationPatient
    fill(dataset, DetectorInformationSequence=[detector], ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"])
    fill(dataset, NumberOfFrames=len(counts), NumberOfSlices=len(counts), SliceVector=list(range(1, len(counts) + 1)))
    fill(dataset, SpacingBetweenSlices=decimal(-image.spacing_mm[2] if downward else image.spacing_mm[2]))
    fill(dataset, FrameOfReferenceUID=study.frame_of_reference_uid)
    _fill_pixels(dataset, counts[::-1] if downward else counts, signed=0)
    for keyword, value in attributes.items():
        delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
    return save(set_instance(dataset, dataset.SOPInstanceUID), path)


def _fill_pixels(dataset: Dataset, stored: np.ndarray, signed: int) -> None:
    fill(dataset, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", PixelRepresentation=signed)
    fill(dataset, BitsAllocated=16, BitsStored=16, HighBit=15, PixelData=stored.tobytes())
