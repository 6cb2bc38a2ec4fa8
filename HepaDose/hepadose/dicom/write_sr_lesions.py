"""Write the axes of lesions and the response of the patient as a structured report (Comprehensive 3D SR, TID 1500).

Each lesion is a group of TID 1501, whose measurements (TID 300) may point to coordinates: a line of two points for each
axis. Groups of a planar or volumetric region (TID 1410, 1411) would forbid that.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.dicom.concepts import (
    ABNORMAL,
    BASELINE,
    COMPUTED_TOMOGRAPHY,
    CUBIC_CENTIMETER,
    CURRENT_RESPONSE,
    DAY,
    LESION_ROLE,
    LONG_AXIS,
    MILLIMETER,
    NEOPLASM,
    OVERALL_RESPONSE,
    OVERALL_RESPONSES,
    SHORT_AXIS,
    SUM_OF_DIAMETERS,
    TARGET_RESPONSE,
    VOLUME,
    Concept,
)
from hepadose.dicom.lesion_report import LesionMeasurement, MeasuredAxis, PatientResponse, TimePoint
from hepadose.dicom.write_seg import OFF_SLICE_MM, require_highdicom, require_own_slices, sorted_sources
from hepadose.dicom.write_sr import ReportSeries, save_report
from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PATIENT_GROUP = "Patient"


class Coordinates(StrEnum):
    """Where the ends of axes are written: on the slice's image in pixels (SCOORD), or in the patient (SCOORD3D)."""

    IMAGE = "SCOORD"
    PATIENT = "SCOORD3D"


def write_lesion_report(
    path: Path,
    lesions: Sequence[LesionMeasurement],
    time_point: TimePoint,
    ct_files: Sequence[Path],
    *,
    response: PatientResponse | None = None,
    coordinates: Coordinates = Coordinates.IMAGE,
    description: str = "HepaDose response",
    series_number: int = 302,
) -> Dataset:
    """Write the lesions of one time point, and the response of the patient.

    Parameters
    ----------
    path : Path
        The file to write.
    lesions : sequence of LesionMeasurement
        At least one; each has another tracking UID.
    time_point : TimePoint
    ct_files : sequence of Path
        The files of the CT series that was measured.
    response : PatientResponse, optional
        None at the baseline.
    coordinates : Coordinates
        Both are single precision: within 0.0001 pixel or 0.0001 mm.
    description : str
    series_number : int

    Returns
    -------
    pydicom.Dataset
        What was written.

    Raises
    ------
    SettingsError
        If there is no lesion, two have one tracking UID, or an axis does not lie on its slice.
    GeometryMismatchError, MissingTagError
        If the CT was resampled when it was read, or its slices share one identifier.
    MissingDependencyError
        If highdicom is not installed.
    OutputError
        If the file cannot be written.

    References
    ----------
    DICOM PS3.16 TID 1500, 1501, 300, 320 and 1502.
    """
    require_highdicom()
    uids = [lesion.tracking_uid for lesion in lesions]
    if not uids or len(set(uids)) < len(uids):
        raise SettingsError("A report needs at least one lesion, and each lesion a tracking UID of its own.")
    sources, grid = sorted_sources(ct_files)
    require_own_slices(sources, grid)
    groups = [_lesion_group(lesion, time_point, response, sources, coordinates) for lesion in lesions]
    if response is not None:
        groups.append(_response_group(response, time_point))
    return save_report(path, groups, sources, ReportSeries(description, series_number, COMPUTED_TOMOGRAPHY))


def _lesion_group(
    lesion: LesionMeasurement,
    time_point: TimePoint,
    response: PatientResponse | None,
    sources: Sequence[Dataset],
    coordinates: Coordinates,
) -> Any:
    hd = require_highdicom()
    axes = {LONG_AXIS: lesion.long_axis, SHORT_AXIS: lesion.short_axis}
    measurements = [
        _measurement(name, axis.length_mm, MILLIMETER, _ends(lesion, axis, sources, coordinates))
        for name, axis in axes.items()
        if axis is not None
    ]
    if lesion.volume_ml is not None:
        measurements.append(_measurement(VOLUME, lesion.volume_ml, CUBIC_CENTIMETER))
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=lesion.tracking_uid, identifier=lesion.name),
        time_point_context=_context(time_point),
        finding_type=NEOPLASM.code(),
        finding_category=ABNORMAL.code(),
        finding_sites=[hd.sr.FindingSite(lesion.site.code())],
        method=None if response is None else response.criteria.code(),
        measurements=measurements,
        qualitative_evaluations=[_evaluation(LESION_ROLE, lesion.role.value)],
    )


def _response_group(response: PatientResponse, time_point: TimePoint) -> Any:
    hd = require_highdicom()
    evaluations = [_evaluation(OVERALL_RESPONSE, OVERALL_RESPONSES[response.overall])]
    if response.target is not None:
        evaluations.append(_evaluation(CURRENT_RESPONSE, TARGET_RESPONSE[response.target]))
    measured = [] if response.sum_mm is None else [_measurement(SUM_OF_DIAMETERS, response.sum_mm, MILLIMETER)]
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=response.tracking_uid, identifier=PATIENT_GROUP),
        time_point_context=_context(time_point),
        method=response.criteria.code(),
        measurements=measured or None,
        qualitative_evaluations=evaluations,
    )


def _measurement(name: Concept, value: float, unit: Concept, ends: Any = None) -> Any:
    hd = require_highdicom()
    return hd.sr.Measurement(
        name=name.code(),
        value=float(value),
        unit=unit.code(),
        referenced_coordinates=None if ends is None else [ends],
    )


def _evaluation(name: Concept, value: Concept) -> Any:
    return require_highdicom().sr.QualitativeEvaluation(name=name.code(), value=value.code())


def _context(time_point: TimePoint) -> Any:
    hd = require_highdicom()
    days = time_point.days_after_baseline
    offset = None
    if days is not None:
        offset = hd.sr.LongitudinalTemporalOffsetFromEvent(days, DAY.code(), BASELINE.code())
    return hd.sr.TimePointContext(
        time_point=time_point.name,
        time_point_type=time_point.kind.value.code(),
        time_point_order=time_point.order,
        temporal_offset_from_event=offset,
    )


def _ends(
    lesion: LesionMeasurement, axis: MeasuredAxis, sources: Sequence[Dataset], coordinates: Coordinates
) -> Any | None:
    """Both ends of an axis as a line; None where the length has no line."""
    if axis.ends_lps is None:
        return None
    hd = require_highdicom()
    source = _slice(lesion, sources)
    points = np.array(axis.ends_lps, float)
    on_image = hd.spatial.ReferenceToImageTransformer.for_image(source)(points)[:, :2]
    _require_on_slice(lesion, points, on_image, source)
    if coordinates is Coordinates.PATIENT:
        return hd.sr.CoordinatesForMeasurement3D(
            graphic_type=hd.sr.GraphicTypeValues3D.POLYLINE,
            graphic_data=points,
            frame_of_reference_uid=str(source.FrameOfReferenceUID),
        )
    return hd.sr.CoordinatesForMeasurement(
        graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
        graphic_data=on_image,
        source_image=hd.sr.SourceImageForRegion(str(source.SOPClassUID), str(source.SOPInstanceUID)),
    )


def _slice(lesion: LesionMeasurement, sources: Sequence[Dataset]) -> Dataset:
    if not 0 <= lesion.slice_index < len(sources):
        raise SettingsError(f"{lesion.name}: the CT has slices 0 to {len(sources) - 1}, got {lesion.slice_index}.")
    return sources[lesion.slice_index]


def _require_on_slice(lesion: LesionMeasurement, points_lps: np.ndarray, on_image: np.ndarray, source: Dataset) -> None:
    """Refuse ends off the slice's plane or outside of its image, where ``on_image`` is (column, row) in pixels."""
    along = np.array(source.ImageOrientationPatient, float).reshape(2, 3)
    across_mm = (points_lps - np.array(source.ImagePositionPatient, float)) @ np.cross(*along)
    off_mm = float(np.abs(across_mm).max())
    inside = bool(((on_image >= 0.0) & (on_image <= (source.Columns, source.Rows))).all())
    if off_mm > OFF_SLICE_MM or not inside:
        where = f"{off_mm:.1f} mm off the plane" if off_mm > OFF_SLICE_MM else "outside of the image"
        raise SettingsError(
            f"{lesion.name}: an end of an axis lies {where} of slice {lesion.slice_index}; "
            "give the slice and the CT on which it was measured."
        )
