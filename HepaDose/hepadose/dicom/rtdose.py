"""Read one RT Dose object as a dose grid in Gy, or refuse it with the reason.

Never guessed: a missing dose grid scaling, relative units, plane positions. See :mod:`hepadose.dicom.dose_sum` for
totals over several objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.ct_geometry import interpolate_slices
from hepadose.dicom.dose_planes import even_offsets, frame_offsets
from hepadose.dicom.files import maker_of, orientation, read_dataset, refusing_damage, required, uid_of, vector
from hepadose.dicom.wording import counted
from hepadose.errors import GeometryMismatchError, MissingTagError, UnitsError, UnreadableFileError
from hepadose.findings import Finding, error, warning
from hepadose.images import Image

SUBJECT = "Dose"
PLAUSIBLE_MAXIMUM_GY = (1.0, 150.0)
"""Outside this range the maximum of an external-beam plan is told as a warning (cGy for Gy, scaling)."""

HISTOGRAM_TOLERANCE = 1.05
"""A stored DVH may exceed the grid's maximum by this factor, as systems interpolate."""


class DoseType(StrEnum):
    """Dose Type (3004,0004) that can be used."""

    PHYSICAL = "PHYSICAL"
    EFFECTIVE = "EFFECTIVE"

    @property
    def label(self) -> str:
        """The name as it is printed."""
        return {"PHYSICAL": "physical dose", "EFFECTIVE": "effective dose (biologically weighted)"}[self.value]


class DoseSummation(StrEnum):
    """Dose Summation Type (3004,000A): what the dose is the sum of."""

    PLAN = "PLAN"
    MULTI_PLAN = "MULTI_PLAN"
    PLAN_OVERVIEW = "PLAN_OVERVIEW"
    FRACTION = "FRACTION"
    BEAM = "BEAM"
    BRACHY = "BRACHY"
    FRACTION_SESSION = "FRACTION_SESSION"
    BEAM_SESSION = "BEAM_SESSION"
    BRACHY_SESSION = "BRACHY_SESSION"
    CONTROL_POINT = "CONTROL_POINT"
    RECORD = "RECORD"


@dataclass(frozen=True, eq=False)
class RtDose:
    """One dose grid.

    Parameters
    ----------
    image : Image
        Gy, 32-bit floats, right-handed, planes ascending along the normal, evenly spaced.
    maximum_gy : float
        Highest stored dose.
    summation_type : DoseSummation
    dose_type : DoseType
    frame_of_reference_uid : str
    referenced_plan_uid : str
        SOP Instance UID of the plan; empty where none is referred to.
    referenced_beam_number : int or None
        The beam of a BEAM dose; None where none or several are referred to.
    manufacturer : str
        Planning system.
    findings : tuple of Finding
    sop_instance_uid : str
        Of the object that stores this very dose; empty for a dose that was computed from stored ones.
    """

    image: Image
    maximum_gy: float
    summation_type: DoseSummation
    dose_type: DoseType
    frame_of_reference_uid: str
    referenced_plan_uid: str = ""
    referenced_beam_number: int | None = None
    manufacturer: str = ""
    findings: tuple[Finding, ...] = ()
    sop_instance_uid: str = ""


@refusing_damage
def read_rtdose(path: Path) -> RtDose:
    """Read one RT Dose file.

    Parameters
    ----------
    path : Path
        With or without Part-10 header.

    Returns
    -------
    RtDose
        Uneven planes are resampled linearly (told as a finding); frames that run against the normal are reversed.

    Raises
    ------
    UnitsError
        If the units are RELATIVE or unknown, the dose type is ERROR or the scaling is not positive.
    MissingTagError
        If an attribute that gives values or places is absent.
    GeometryMismatchError
        If the planes have no unique place, or there is only one.
    UnreadableFileError
        If the file is no dose or its pixels cannot be read.

    References
    ----------
    DICOM PS3.3 C.8.8.3 (RT Dose module).
    """
    dataset = read_dataset(path)
    if dataset.get("Modality") != "RTDOSE":
        raise UnreadableFileError(
            f"The file {Path(path).name} is no RT Dose, its modality is {dataset.get('Modality')}."
        )
    _require_gray(dataset)
    dose_type, summation = _dose_type(dataset), _summation(dataset)
    values_gy, pixel_findings = _values_gy(dataset)
    image, plane_findings = _on_even_planes(dataset, values_gy)
    maximum_gy = float(values_gy.max())
    plan_uid, beam = _references(dataset)
    return RtDose(
        image=image,
        maximum_gy=maximum_gy,
        summation_type=summation,
        dose_type=dose_type,
        frame_of_reference_uid=uid_of(dataset, "FrameOfReferenceUID"),
        referenced_plan_uid=plan_uid,
        referenced_beam_number=beam,
        manufacturer=maker_of(dataset),
        findings=(
            *pixel_findings,
            *plane_findings,
            *_plausibility(maximum_gy),
            *_histogram_findings(dataset, maximum_gy),
            *_type_findings(dose_type),
        ),
        sop_instance_uid=uid_of(dataset, "SOPInstanceUID"),
    )


def dose_banner(dose: RtDose, fractions: int | None) -> str:
    """The dose in one line: "maximum 48.2 Gy in 25 fractions, physical dose, Varian Medical Systems Eclipse"."""
    courses = "number of fractions unknown" if fractions is None else f"in {counted(fractions, 'fraction')}"
    maker = dose.manufacturer or "planning system not stated"
    separator = ", " if fractions is None else " "
    return f"maximum {dose.maximum_gy:.1f} Gy{separator}{courses}, {dose.dose_type.label}, {maker}"


def _require_gray(dataset: Dataset) -> None:
    units = str(required(dataset, "DoseUnits", SUBJECT)).upper()
    if units == "RELATIVE":
        raise UnitsError(
            "The dose is RELATIVE (DoseUnits (3004,0002)), without Gy; export it from the planning system as absolute "
            "dose in Gy."
        )
    if units != "GY":
        raise UnitsError(f"The dose has the units {units[:16]} (DoseUnits (3004,0002)), expected GY; export it in Gy.")


def _dose_type(dataset: Dataset) -> DoseType:
    value = str(required(dataset, "DoseType", SUBJECT)).upper()
    if value == "ERROR":
        raise UnitsError("The dose object holds dose errors (DoseType ERROR), no dose; choose the plan's dose.")
    if value not in DoseType.__members__:
        raise UnitsError(f"The dose has the unknown DoseType {value[:16]}, expected PHYSICAL or EFFECTIVE.")
    return DoseType(value)


def _summation(dataset: Dataset) -> DoseSummation:
    value = str(required(dataset, "DoseSummationType", SUBJECT)).upper()
    if value not in DoseSummation.__members__:
        raise UnitsError(f"The dose has the unknown DoseSummationType {value[:16]}; export the dose of the whole plan.")
    return DoseSummation(value)


def _values_gy(dataset: Dataset) -> tuple[np.ndarray, list[Finding]]:
    """Stored pixels × dose grid scaling, shape (frames, rows, columns)."""
    scaling = float(required(dataset, "DoseGridScaling", SUBJECT, "no scaling is ever assumed; export the dose again"))
    if not (np.isfinite(scaling) and scaling > 0):
        raise UnitsError(f"The dose grid scaling is {scaling:g} Gy, expected a positive number; export the dose again.")
    required(dataset, "PixelData", SUBJECT)
    try:
        stored = dataset.pixel_array
    except (ValueError, RuntimeError, AttributeError, NotImplementedError) as problem:
        raise UnreadableFileError(
            "The pixels of the dose cannot be read (cut off?); export the dose again."
        ) from problem
    stored = stored.reshape(-1, dataset.Rows, dataset.Columns)
    values_gy = (stored * np.float64(scaling)).astype(np.float32)
    negative = int(np.count_nonzero(values_gy < 0))
    if not negative:
        return values_gy, []
    text = f"{negative} voxels are negative (lowest {values_gy.min():.3g} Gy) and were set to 0."
    return np.maximum(values_gy, 0), [warning(SUBJECT, text)]


def _on_even_planes(dataset: Dataset, values_gy: np.ndarray) -> tuple[Image, list[Finding]]:
    axes = orientation(dataset, SUBJECT)
    origin_lps = vector(dataset, "ImagePositionPatient", 3, SUBJECT)
    row_mm, column_mm = vector(dataset, "PixelSpacing", 2, SUBJECT)  # row spacing first, PS3.3 10.7.1.1
    frames = len(values_gy)
    if frames < 2:
        raise GeometryMismatchError(
            "The dose has one plane; a volume needs several frames in one object. Export it so."
        )
    offsets_mm = frame_offsets(_offset_vector(dataset, frames), origin_lps, axes)
    if offsets_mm[-1] < 0:
        origin_lps = origin_lps + offsets_mm[-1] * axes[:, 2]
        offsets_mm, values_gy = (offsets_mm - offsets_mm[-1])[::-1], values_gy[::-1]
    findings = []
    wanted_mm = even_offsets(offsets_mm)
    if wanted_mm is not None:
        gaps_mm = np.diff(offsets_mm)
        step_mm = wanted_mm[1] - wanted_mm[0]
        values_gy = interpolate_slices(values_gy, offsets_mm, wanted_mm)
        uneven = f"{gaps_mm.min():.2f} to {gaps_mm.max():.2f} mm"
        text = f"The planes are {uneven} apart: they were resampled linearly to {step_mm:.2f} mm."
        findings, offsets_mm = [warning(SUBJECT, text)], wanted_mm
    spacing_mm = (column_mm, row_mm, float(offsets_mm[-1]) / (len(offsets_mm) - 1))
    return Image(np.ascontiguousarray(values_gy), spacing_mm, tuple(origin_lps), axes), findings


def _offset_vector(dataset: Dataset, frames: int) -> np.ndarray:
    values = np.atleast_1d(np.asarray(required(dataset, "GridFrameOffsetVector", SUBJECT), dtype=float))
    if len(values) != frames or not np.isfinite(values).all():
        raise MissingTagError(
            f"The dose has {frames} planes but {len(values)} frame offsets (GridFrameOffsetVector (3004,000C)); "
            "export the dose again."
        )
    return values


def _references(dataset: Dataset) -> tuple[str, int | None]:
    """SOP Instance UID of the plan and, for the dose of one beam, its number."""
    for plan in dataset.get("ReferencedRTPlanSequence") or []:
        beams = [
            int(beam.ReferencedBeamNumber)
            for group in plan.get("ReferencedFractionGroupSequence") or []
            for beam in group.get("ReferencedBeamSequence") or []
            if beam.get("ReferencedBeamNumber") is not None
        ]
        return uid_of(plan, "ReferencedSOPInstanceUID"), beams[0] if len(beams) == 1 else None
    return "", None


def _plausibility(maximum_gy: float) -> list[Finding]:
    low, high = PLAUSIBLE_MAXIMUM_GY
    if maximum_gy == 0:
        return [error(SUBJECT, "The dose is 0 Gy everywhere; export the dose of the calculated plan.")]
    if not low <= maximum_gy <= high:
        text = (
            f"The maximum of {maximum_gy:.4g} Gy is unusual (expected {low:g} to {high:g} Gy): check units and scaling."
        )
        return [warning(SUBJECT, text)]
    return []


def _histogram_findings(dataset: Dataset, maximum_gy: float) -> list[Finding]:
    """Compare with the maxima of the dose-volume histograms that some systems store in the same object."""
    maxima_gy = [
        float(histogram.DVHMaximumDose)
        for histogram in dataset.get("DVHSequence") or []
        if histogram.get("DVHMaximumDose") not in (None, "") and str(histogram.get("DoseUnits")).upper() == "GY"
    ]
    if not maxima_gy or max(maxima_gy) <= HISTOGRAM_TOLERANCE * maximum_gy:
        return []
    text = (
        f"The dose-volume histograms in the file reach {max(maxima_gy):.1f} Gy but the grid only {maximum_gy:.1f} Gy."
    )
    return [warning(SUBJECT, f"{text} Check the dose grid scaling and whether the grid covers the target.")]


def _type_findings(dose_type: DoseType) -> list[Finding]:
    if dose_type is DoseType.PHYSICAL:
        return []
    return [
        warning(SUBJECT, "The dose is EFFECTIVE (biologically weighted): EQD2 and BED must not be derived from it.")
    ]
