"""Write a dose grid with 32 bits per voxel (RT Dose IOD, PS3.3 A.18)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage

from hepadose.dicom.study import DicomStudy, ObjectReference, decimal, decimals, fill, fill_grid, item, new_object, save
from hepadose.errors import GeometryMismatchError, UnitsError
from hepadose.images import Image

LARGEST_STORED = 2**32 - 1


@dataclass(frozen=True)
class DoseSettings:
    """What a dose object says about itself.

    Parameters
    ----------
    summation_type : str
        Dose Summation Type (3004,000A): "PLAN", "BEAM", "FRACTION", "MULTI_PLAN".
    dose_type : str
        Dose Type (3004,0004): "PHYSICAL" or "EFFECTIVE".
    beam_number : int, optional
        The beam this is the dose of; needed for "BEAM".
    absolute_offsets : bool
        Write Grid Frame Offset Vector as patient z positions (rule b) instead of offsets from the first plane (rule
        a); possible only for an axial grid.
    description : str
        Series description.
    series_number, instance_number : int
        Tell the doses of one study apart.
    """

    summation_type: str = "PLAN"
    dose_type: str = "PHYSICAL"
    beam_number: int | None = None
    absolute_offsets: bool = False
    description: str = "Dose"
    series_number: int = 301
    instance_number: int = 1


def write_rtdose(
    path: Path, dose: Image, study: DicomStudy, plan: ObjectReference, settings: DoseSettings | None = None
) -> ObjectReference:
    """Write a dose in Gy.

    Parameters
    ----------
    path : Path
        The file to write.
    dose : Image
        Gy, finite and not negative; i along rows, j along columns, k = i × j.
    study : DicomStudy
        The study of the planning CT.
    plan : ObjectReference
        From :func:`hepadose.dicom.write_rtplan.write_rtplan`.
    settings : DoseSettings, optional

    Returns
    -------
    ObjectReference
        The written object.

    Raises
    ------
    UnitsError
        If the dose is negative or not finite.
    GeometryMismatchError
        If the grid is left-handed, or absolute offsets are asked for on a grid that is not axial.
    OutputError
        If the file cannot be written.

    References
    ----------
    DICOM PS3.3 C.8.8.3 (RT Dose module), C.8.8.3.2 (Grid Frame Offset Vector).
    """
    settings = settings or DoseSettings()
    _check(dose, settings)
    parts = (settings.series_number, settings.instance_number, settings.summation_type, settings.beam_number)
    reference = ObjectReference(RTDoseStorage, study.uid("RTDOSE", *parts))
    dataset = new_object(
        study,
        RTDoseStorage,
        reference.sop_instance_uid,
        modality="RTDOSE",
        series_uid=study.uid("RTDOSE series", settings.series_number),
        series_number=settings.series_number,
        series_description=settings.description,
    )
    fill(dataset, InstanceNumber=settings.instance_number, ContentDate=study.study_date, ContentTime=study.study_time)
    fill(dataset, FrameOfReferenceUID=study.frame_of_reference_uid, PositionReferenceIndicator="")
    fill(dataset, DoseUnits="GY", DoseType=settings.dose_type, DoseSummationType=settings.summation_type)
    _fill_frames(dataset, dose, settings)
    _fill_pixels(dataset, dose)
    dataset.ReferencedRTPlanSequence = [_plan_item(plan, settings)]
    save(dataset, path)
    return reference


def _check(dose: Image, settings: DoseSettings) -> None:
    if not np.isfinite(dose.array).all() or dose.array.min() < 0:
        raise UnitsError("A dose must be finite and not negative to be written as RTDOSE.")
    if np.linalg.det(dose.direction) < 0:
        raise GeometryMismatchError("A dose grid must be right-handed (k = i × j); flip the image along k first.")
    if settings.absolute_offsets and not np.allclose(dose.direction, np.eye(3), atol=1e-6):
        raise GeometryMismatchError("Absolute frame offsets need an axial dose grid (PS3.3 C.8.8.3.2, rule b).")


def _fill_frames(dataset: object, dose: Image, settings: DoseSettings) -> None:
    fill_grid(dataset, dose)
    offsets_mm = np.arange(dose.shape[0]) * dose.spacing_mm[2]
    if settings.absolute_offsets:
        offsets_mm = offsets_mm + dose.origin_lps[2]
    fill(dataset, NumberOfFrames=dose.shape[0], FrameIncrementPointer=Tag("GridFrameOffsetVector"))
    fill(dataset, GridFrameOffsetVector=decimals(np.round(offsets_mm, 6)), SliceThickness=decimal(dose.spacing_mm[2]))


def _fill_pixels(dataset: object, dose: Image) -> None:
    # The scaling is rounded to the 16 characters of a DS first, so that stored × scaling is the dose.
    scaling = decimal(max(float(dose.array.max()), 1e-6) / LARGEST_STORED * (1 + 1e-9))
    stored = np.rint(dose.array.astype(np.float64) / float(scaling)).clip(0, LARGEST_STORED).astype("<u4")
    fill(dataset, DoseGridScaling=scaling, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2")
    fill(dataset, BitsAllocated=32, BitsStored=32, HighBit=31, PixelRepresentation=0)
    fill(dataset, PixelData=stored.tobytes())


def _plan_item(plan: ObjectReference, settings: DoseSettings) -> object:
    reference = plan.as_item()
    if settings.beam_number is not None:
        beam = item(ReferencedBeamNumber=settings.beam_number)
        group = item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=[beam])
        reference.ReferencedFractionGroupSequence = [group]
    return reference
