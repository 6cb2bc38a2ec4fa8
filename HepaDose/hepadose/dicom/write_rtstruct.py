"""Write masks as an RT structure set: closed planar contours, holes as keyholes (RT Structure Set IOD, PS3.3 A.19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, RTStructureSetStorage

from hepadose.dicom.concepts import Concept
from hepadose.dicom.outlines import LEVEL, join_holes, trace_outlines
from hepadose.dicom.study import CtReference, DicomStudy, ObjectReference, fill, item, new_object, save
from hepadose.images import Image, require_same_grid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DETACHED_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"
CONTOUR_DATA = Tag("ContourData")


@dataclass(frozen=True, eq=False)
class StructureMask:
    """One structure to be written.

    Parameters
    ----------
    mask : Image
        On the grid of the CT series: boolean, or soft (0..1) for outlines between pixel centers.
    interpreted_type : str
        RT ROI Interpreted Type (3006,00A4): "EXTERNAL", "ORGAN", "GTV", "CTV", "PTV" or empty.
    color : tuple of 3 int
        Display color, 0–255.
    generation_algorithm : str
        "AUTOMATIC", "SEMIAUTOMATIC" or "MANUAL".
    concept : Concept, optional
        What it is, as a code (RT ROI Identification Code Sequence).
    """

    mask: Image
    interpreted_type: str = "ORGAN"
    color: tuple[int, int, int] = (255, 255, 0)
    generation_algorithm: str = "AUTOMATIC"
    concept: Concept | None = None


@dataclass(frozen=True)
class StructureSetSettings:
    """Label and series of a structure set, and what tells it from others of the study with the same series number."""

    label: str = "Structures"
    series_number: int = 101
    distinct: str = ""


def write_rtstruct(
    path: Path,
    masks: dict[str, StructureMask],
    ct: CtReference,
    study: DicomStudy | None = None,
    settings: StructureSetSettings | None = None,
) -> ObjectReference:
    """Write structures drawn on a CT series.

    Parameters
    ----------
    path : Path
        The file to write.
    masks : dict
        Structures by ROI name, in the order of their ROI numbers from 1. An empty mask becomes a structure without
        contours.
    ct : CtReference
        The series they were drawn on.
    study : DicomStudy, optional
        The CT's study where not given.
    settings : StructureSetSettings, optional

    Returns
    -------
    ObjectReference
        For the plan that refers to it.

    Raises
    ------
    GeometryMismatchError
        If a mask is not on the grid of the CT series.
    OutputError
        If the file cannot be written.

    Notes
    -----
    Written in Implicit VR Little Endian, where a contour may be longer than the 65534 bytes of Explicit VR.
    Coordinates have 3 decimals of a millimetre.

    References
    ----------
    DICOM PS3.3 A.19.3, C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour), C.8.8.8 (RT ROI Observations).
    """
    study, settings = study or ct.study, settings or StructureSetSettings()
    for name, structure in masks.items():
        require_same_grid(**{"CT series": ct.grid, f"structure {name}": structure.mask})
    reference = ObjectReference(RTStructureSetStorage, study.uid("RTSTRUCT", settings.series_number, settings.distinct))
    dataset = _structure_set(reference, study, settings)
    fill(dataset, FrameOfReferenceUID=ct.study.frame_of_reference_uid, PositionReferenceIndicator="")
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(ct)]
    numbered = list(enumerate(masks.items(), start=1))
    dataset.StructureSetROISequence = [_roi(number, name, s, ct) for number, (name, s) in numbered]
    images = [item(ContourImageSequence=[_image_item(uid)]) for uid in ct.sop_instance_uids]
    dataset.ROIContourSequence = [_roi_contours(number, structure, images) for number, (_, structure) in numbered]
    dataset.RTROIObservationsSequence = [_observation(number, structure) for number, (_, structure) in numbered]
    save(dataset, path)
    return reference


def _structure_set(reference: ObjectReference, study: DicomStudy, settings: StructureSetSettings) -> Dataset:
    dataset = new_object(
        study,
        reference.sop_class_uid,
        reference.sop_instance_uid,
        modality="RTSTRUCT",
        series_uid=study.uid("RTSTRUCT series", settings.series_number, settings.distinct),
        series_number=settings.series_number,
        series_description=settings.label,
        transfer_syntax_uid=ImplicitVRLittleEndian,
    )
    fill(dataset, StructureSetLabel=settings.label[:16], StructureSetName=settings.label[:64])
    fill(dataset, StructureSetDate=study.study_date, StructureSetTime=study.study_time)
    return fill(dataset, ApprovalStatus="UNAPPROVED")


def _frame_of_reference(ct: CtReference) -> Dataset:
    images = [ObjectReference(CTImageStorage, uid).as_item() for uid in ct.sop_instance_uids]
    series = item(SeriesInstanceUID=ct.series_uid, ContourImageSequence=images)
    study = ObjectReference(DETACHED_STUDY_MANAGEMENT, ct.study.study_uid).as_item()
    study.RTReferencedSeriesSequence = [series]
    return item(FrameOfReferenceUID=ct.study.frame_of_reference_uid, RTReferencedStudySequence=[study])


def _roi(number: int, name: str, structure: StructureMask, ct: CtReference) -> Dataset:
    return item(
        ROINumber=number,
        ReferencedFrameOfReferenceUID=ct.study.frame_of_reference_uid,
        ROIName=name,
        ROIGenerationAlgorithm=structure.generation_algorithm,
    )


def _observation(number: int, structure: StructureMask) -> Dataset:
    observation = item(
        ObservationNumber=number,
        ReferencedROINumber=number,
        RTROIInterpretedType=structure.interpreted_type,
        ROIInterpreter="",
    )
    if structure.concept is not None:
        observation.RTROIIdentificationCodeSequence = [structure.concept.item()]
    return observation


def _image_item(sop_instance_uid: str) -> Dataset:
    return ObjectReference(CTImageStorage, sop_instance_uid).as_item()


def _roi_contours(number: int, structure: StructureMask, images: Sequence[Dataset]) -> Dataset:
    """One structure's contours; ``images`` hold the reference to the slice at every k."""
    contours, mask = [], structure.mask.array
    inside = mask if mask.dtype == bool else mask >= LEVEL
    for k in np.flatnonzero(inside.any(axis=(1, 2))):
        for outline in join_holes(trace_outlines(mask[k])):
            contours.append(_contour(outline, int(k), images[k], structure.mask, len(contours) + 1))
    roi = item(ReferencedROINumber=number, ROIDisplayColor=list(structure.color))
    if contours:
        roi.ContourSequence = contours  # type 3: absent for a structure without contours
    return roi


def _contour(outline: np.ndarray, k: int, image: Dataset, grid: Image, number: int) -> Dataset:
    indices_ijk = np.column_stack([outline, np.full(len(outline), k)])
    points_lps = grid.ijk_to_points(indices_ijk).ravel() + 0.0
    text = "\\".join(["%.3f"] * points_lps.size) % tuple(points_lps.tolist())
    value = (text + " " * (len(text) % 2)).encode("ascii")
    contour = item(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(outline), ContourNumber=number)
    # The same element for all contours of a slice: building 100 000 items anew would take seconds.
    contour["ContourImageSequence"] = image["ContourImageSequence"]
    # Raw, and said to be encoded already: turning each of some 100 000 coordinates into a DS object would dominate.
    contour.set_original_encoding(True, True, "iso8859")
    contour[CONTOUR_DATA] = RawDataElement(CONTOUR_DATA, "DS", len(value), value, 0, True, True)
    return contour
