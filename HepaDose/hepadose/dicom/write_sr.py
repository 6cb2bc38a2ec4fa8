"""Write measurements of segments as a structured report (Comprehensive 3D SR, TID 1500)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import hepadose
from hepadose.dicom.concepts import LIVER, RADIOEMBOLIZATION, Concept
from hepadose.dicom.study import PRODUCT, save
from hepadose.dicom.write_seg import KINDS, refused_in_words, require_highdicom
from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class SegmentMeasurement:
    """One number about a segment.

    Parameters
    ----------
    name, unit : Concept
    value : float
        Must be known; leave out what is not.
    derivation : Concept, optional
        For instance the mean.
    """

    name: Concept
    value: float
    unit: Concept
    derivation: Concept | None = None


def write_measurements(
    path: Path,
    segmentation: Dataset,
    kinds: dict[str, str],
    measurements: dict[str, Sequence[SegmentMeasurement]],
    evidence: Sequence[Dataset],
    *,
    description: str = "HepaDose measurements",
    series_number: int = 301,
) -> Dataset:
    """Write a report that refers to the segments of a written segmentation.

    Parameters
    ----------
    path : Path
        The file to write.
    segmentation : pydicom.Dataset
        From :func:`hepadose.dicom.write_seg.write_seg`.
    kinds : dict of str to str
        Kind of each segment by name, one of :data:`hepadose.dicom.write_seg.KINDS`.
    measurements : dict of str to sequence of SegmentMeasurement
        By the segment's name.
    evidence : sequence of pydicom.Dataset
        The CT's data sets that the segments were drawn on.
    description : str
    series_number : int

    Returns
    -------
    pydicom.Dataset

    Raises
    ------
    SettingsError
        If a segment is not in the segmentation or a value is no number.
    MissingDependencyError
    OutputError
    """
    segments = {item.SegmentLabel: item for item in segmentation.SegmentSequence}
    unknown = sorted(set(measurements) - set(segments))
    if unknown:
        raise SettingsError(f"The segmentation has no segment {', '.join(unknown)}.")
    groups = [
        _group(segmentation, segments[name], kinds[name], values) for name, values in measurements.items() if values
    ]
    series = ReportSeries(description, series_number, RADIOEMBOLIZATION)
    return save_report(path, groups, [*evidence, segmentation], series)


@dataclass(frozen=True)
class ReportSeries:
    """The series that a report makes up, and the procedure that it reports on.

    Parameters
    ----------
    description : str
        The first 64 characters are written.
    number : int
    procedure : Concept
    """

    description: str
    number: int
    procedure: Concept


def save_report(path: Path, groups: Sequence[Any], evidence: Sequence[Dataset], series: ReportSeries) -> Dataset:
    """Write groups of measurements as one report of this program (Comprehensive 3D SR, TID 1500).

    Parameters
    ----------
    path : Path
        The file to write.
    groups : sequence of highdicom measurement groups
    evidence : sequence of pydicom.Dataset
        Of the study; at least every object that a group refers to.
    series : ReportSeries

    Returns
    -------
    pydicom.Dataset

    Raises
    ------
    MissingDependencyError
    OutputError
    """
    hd = require_highdicom()
    from pydicom.uid import generate_uid

    report = hd.sr.MeasurementReport(
        observation_context=_observer(),
        procedure_reported=series.procedure.code(),
        imaging_measurements=list(groups),
    )
    dataset = refused_in_words(
        hd.sr.Comprehensive3DSR,
        evidence=list(evidence),
        content=report,
        series_instance_uid=str(generate_uid()),
        series_number=series.number,
        sop_instance_uid=str(generate_uid()),
        instance_number=1,
        manufacturer=PRODUCT,
        is_complete=True,
        is_final=False,
        series_description=series.description[:64],
    )
    save(dataset, path)
    return dataset


def _observer():
    """A program reports, not a person."""
    hd = require_highdicom()
    from pydicom.sr.codedict import codes

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=hd.UID(), name=PRODUCT, manufacturer_name=PRODUCT, model_name=f"{PRODUCT} {hepadose.__version__}"
    )
    context = hd.sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    return hd.sr.ObservationContext(observer_device_context=context)


def _group(segmentation: Dataset, segment: Dataset, kind: str, values: Sequence[SegmentMeasurement]):
    hd = require_highdicom()
    category, finding = KINDS[kind]
    for value in values:
        if not np.isfinite(value.value):
            raise SettingsError(f"{value.name.meaning} of {segment.SegmentLabel} is no number; leave it out.")
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=segment.TrackingUID, identifier=segment.SegmentLabel),
        referenced_segment=hd.sr.ReferencedSegment.from_segmentation(segmentation, int(segment.SegmentNumber)),
        finding_type=finding.code(),
        finding_category=category.code(),
        finding_sites=[hd.sr.FindingSite(LIVER.code())] if kind == "tumor" else None,
        measurements=[
            hd.sr.Measurement(
                name=value.name.code(),
                value=float(value.value),
                unit=value.unit.code(),
                derivation=None if value.derivation is None else value.derivation.code(),
            )
            for value in values
        ],
    )
