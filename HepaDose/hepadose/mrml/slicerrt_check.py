"""Does what SlicerRT has loaded agree with what HepaDose reads from the same files? Images, dose unit, structures.

An image that disagrees is refused; structures that disagree are told. What agrees gets the names and attributes that
HepaDose's own loader gives. Knows nothing of how SlicerRT loads.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError, GeometryMismatchError, MissingInputError, UnitsError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image
from hepadose.mrml import loaded
from hepadose.mrml.automatic import state_origin
from hepadose.mrml.dose import DOSE_UNIT_NAME, DOSE_UNIT_VALUE, WITHOUT_DOSE, state_dose
from hepadose.mrml.images import set_window, volume_node_to_image
from hepadose.mrml.loaded import CaseNodes
from hepadose.mrml.scene import CT_WINDOW_HU, LIVER_TERMINOLOGY
from hepadose.mrml.segmentation import VOLUME_TAG, labelmap_mask, segment_names

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode

    from hepadose.worker import LoadedCase, LoadedStructure

SUBJECT = "SlicerRT"
PRIVACY = (
    "The data tree shows the patient's name and dates, as with everything that Slicer loads from DICOM: "
    "a scene saved now holds them."
)
POSITION_TOLERANCE_MM = 0.1
"""No voxel center may lie further from its place; files give positions as decimals."""
DOSE_TOLERANCE = 1e-3
"""Part of the maximum by which a voxel's dose may differ."""
CT_TOLERANCE_HU = 1.0
CT_PADDING_HU = -1000.0
"""Below this are paddings around the scanner's field of view, for which every program has its own value."""
VOLUME_TOLERANCE, VOLUME_TOLERANCE_ML = 0.10, 1.0
"""Programs fill contours differently; only what exceeds both is told."""


def require_same_ct(node: vtkMRMLScalarVolumeNode, expected: Image, subject: str) -> None:
    """Refuse a CT with another grid or other values than the file's.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        As loaded.
    expected : Image
        HU, as HepaDose reads it.
    subject : str
        "Planning CT", "Follow-up CT".

    Raises
    ------
    GeometryMismatchError
        If it lies elsewhere, has another size or spacing, is under a transform, or its values differ.
    MissingInputError
        If it has no voxels.
    """
    found = _on_same_grid(volume_node_to_image(node, subject), expected, subject)
    inside = (found > CT_PADDING_HU) & (expected.array > CT_PADDING_HU)
    differing = np.abs(found.astype(np.float32, copy=False) - expected.array)[inside] > CT_TOLERANCE_HU
    if differing.any():
        part = np.count_nonzero(differing) / differing.size
        raise GeometryMismatchError(
            f"{subject}: {part:.1%} of the voxels differ by more than {CT_TOLERANCE_HU:g} HU from those of the files"
        )


def require_same_dose(node: vtkMRMLScalarVolumeNode, unit: str, expected_gy: Image) -> None:
    """Refuse a dose in another unit, on another grid or with other values than the file's.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        As loaded.
    unit : str
        As :func:`dose_unit_of` gives it.
    expected_gy : Image
        As HepaDose reads it.

    Raises
    ------
    UnitsError
        If the unit is missing or not Gy, or the values differ.
    GeometryMismatchError, MissingInputError
        As :func:`require_same_ct`.
    """
    if unit.upper() != "GY":
        raise UnitsError(f"Dose: its unit is {unit}, expected GY" if unit else "Dose: it states no unit, expected GY")
    found = _on_same_grid(volume_node_to_image(node, "dose"), expected_gy, "Dose")
    maximum_gy, expected_maximum_gy = float(np.max(found)), float(expected_gy.array.max())
    allowed_gy = DOSE_TOLERANCE * expected_maximum_gy
    # Written so that NaN is refused too.
    if not abs(maximum_gy - expected_maximum_gy) <= allowed_gy:
        raise UnitsError(f"Dose: its maximum is {maximum_gy:.4g} Gy, in the file {expected_maximum_gy:.4g} Gy")
    if not np.abs(found - expected_gy.array).max() <= allowed_gy:
        raise UnitsError(
            f"Dose: its maximum is that of the file, {expected_maximum_gy:.4g} Gy, but other voxels have another dose"
        )


def dose_unit_of(node: vtkMRMLScalarVolumeNode) -> str:
    """Unit of a dose volume: SlicerRT states it on the study in the data tree; empty where it is stated nowhere."""
    stated = node.GetAttribute(DOSE_UNIT_NAME)
    hierarchy = node.GetScene().GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = 0 if stated or hierarchy is None else hierarchy.GetItemByDataNode(node)
    return stated or (hierarchy.GetItemAttribute(hierarchy.GetItemParent(item), DOSE_UNIT_NAME) if item else "")


def structure_findings(node: vtkMRMLSegmentationNode, structures: Sequence[LoadedStructure]) -> list[Finding]:
    """What differs between the segments of a segmentation and the structures HepaDose fills from the same file.

    Raises
    ------
    MissingInputError, EmptyRegionError
        If the liver is not among the segments or has no voxels: nothing can be done without it.
    """
    found = []
    for structure in structures:
        try:
            found += _volume_findings(node, structure)
        except (MissingInputError, EmptyRegionError) as problem:
            if structure.role == "liver":
                raise
            found.append(warning("Structures", str(problem)))
    return found


def segments_named(node: vtkMRMLSegmentationNode, structure: LoadedStructure) -> list[str]:
    """Ids of the segments that bear a structure's name."""
    wanted = structure.name.strip()
    return [identifier for identifier, name in segment_names(node).items() if name.strip() == wanted]


def _volume_findings(node: vtkMRMLSegmentationNode, structure: LoadedStructure) -> list[Finding]:
    named, expected_ml = segments_named(node, structure), structure.volume_ml
    if not named:
        raise MissingInputError(f'SlicerRT loaded no structure "{structure.name}"')
    volumes_ml = [labelmap_mask(node, identifier).volume_ml() for identifier in named]
    volume_ml = min(volumes_ml, key=lambda one: abs(one - expected_ml))
    if not volume_ml and expected_ml:
        raise EmptyRegionError(f'SlicerRT\'s structure "{structure.name}" has no voxels')
    if abs(volume_ml - expected_ml) <= max(VOLUME_TOLERANCE * expected_ml, VOLUME_TOLERANCE_ML):
        return []
    text = f'SlicerRT fills "{structure.name}" to {volume_ml:.1f} ml, HepaDose to {expected_ml:.1f} ml.'
    return [warning("Structures", f"{text} Look at its outline before it is used.")]


def _on_same_grid(found: Image, expected: Image, subject: str) -> np.ndarray:
    """The values of an image in the order of another one with the same voxels, whatever the direction of its axes."""
    turned = _turned_like(found, expected)
    if turned is None:
        raise GeometryMismatchError(f"{subject}: its axes point elsewhere than those of the files")
    same = turned.shape == expected.shape and np.allclose(turned.spacing_mm, expected.spacing_mm, rtol=1e-3)
    if not same:
        raise GeometryMismatchError(f"{subject}: {turned.describe_grid()}, in the files {expected.describe_grid()}")
    away_mm = _largest_shift_mm(turned, expected)
    if away_mm > POSITION_TOLERANCE_MM:
        raise GeometryMismatchError(f"{subject}: its voxels lie up to {away_mm:.1f} mm from their places in the files")
    return turned.array


def _largest_shift_mm(found: Image, expected: Image) -> float:
    """Largest distance between the same corner of two images of one size."""
    last = np.array(expected.shape[::-1]) - 1.0
    corners = np.array([[i, j, k] for i in (0.0, 1.0) for j in (0.0, 1.0) for k in (0.0, 1.0)]) * last
    return float(np.linalg.norm(found.ijk_to_points(corners) - expected.ijk_to_points(corners), axis=1).max())


def _turned_like(image: Image, reference: Image) -> Image | None:
    """The same voxels counted along the axes of another image; None where the axes are not parallel.

    Programs read the planes of a dose upwards or downwards.
    """
    along = reference.direction.T @ image.direction
    order = np.abs(along).argmax(axis=1)
    signs = along[range(3), order]
    if sorted(order) != [0, 1, 2] or not np.allclose(np.abs(signs), 1.0, atol=1e-3):
        return None
    array = image.array.transpose([2 - axis for axis in order[::-1]])
    backwards = signs < 0
    array = array[tuple(slice(None, None, -1 if turned else 1) for turned in backwards[::-1])]
    first_ijk = np.zeros(3)
    first_ijk[order[backwards]] = np.array(image.shape[::-1])[order[backwards]] - 1
    spacing_mm = np.array(image.spacing_mm)[order]
    return Image(array, tuple(spacing_mm), tuple(image.ijk_to_points(first_ijk)), image.direction[:, order] * signs)


def accept_structures(nodes: CaseNodes, case: LoadedCase) -> Generator[None, None, list[Finding]]:
    """Compare the segmentations with the structures of a case and give each segment its origin.

    Returns
    -------
    list of Finding
        What is told of the whole import.

    Raises
    ------
    MissingInputError, EmptyRegionError
        As :func:`structure_findings`.
    """
    findings: list[Finding] = []
    parts = (
        (nodes.planning_structures, case.structures, nodes.planning, loaded.PLANNING_STRUCTURES_NAME),
        (nodes.follow_up_structures, case.follow_up_structures, nodes.follow_up, loaded.FOLLOW_UP_STRUCTURES_NAME),
    )
    for segmentation, structures, volume, name in parts:
        if segmentation is None:
            continue
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        findings += structure_findings(segmentation, structures)
        yield
        segmentation.SetName(name)
        for structure in structures:
            _describe_segments(segmentation, structure)
        _show_outlines(segmentation)
        yield
    said = "; images and dose are those of the files" if findings else "; everything agrees with the files"
    return [ok(SUBJECT, f"Loaded through SlicerRT{said}."), *findings, warning(SUBJECT, PRIVACY)]


def _describe_segments(segmentation: vtkMRMLSegmentationNode, structure: LoadedStructure) -> None:
    for identifier in segments_named(segmentation, structure):
        segment = segmentation.GetSegmentation().GetSegment(identifier)
        state_origin(segmentation, identifier, structure.origin)
        segment.SetTag(VOLUME_TAG, repr(labelmap_mask(segmentation, identifier).volume_ml()))
        if structure.role == "liver":
            segment.SetTag("TerminologyEntry", LIVER_TERMINOLOGY)


def _show_outlines(segmentation: vtkMRMLSegmentationNode) -> None:
    display = segmentation.GetDisplayNode()
    if display is not None:
        for identifier in segment_names(segmentation):
            display.SetSegmentVisibility2DFill(identifier, False)


def accept_volumes(nodes: CaseNodes, case: LoadedCase, findings: Sequence[Finding]) -> None:
    """Give the volumes the names and attributes that HepaDose's own loader gives them, and the findings their place."""
    names = (loaded.PLANNING_NAME, loaded.FOLLOW_UP_NAME, loaded.DOSE_NAME)
    for node, name in zip((nodes.planning, nodes.follow_up, nodes.dose), names, strict=True):
        # The names SlicerRT gives are what a person typed as series description.
        node.SetName(name)
    for node in (nodes.planning, nodes.follow_up):
        set_window(node, CT_WINDOW_HU)
    loaded.state_case(nodes.follow_up, replace(case, findings=(*case.findings, *findings)))
    state_dose(nodes.dose, case.dose_banner, case.fractions)
    for attribute, value in {DOSE_UNIT_NAME: "GY", DOSE_UNIT_VALUE: "1.0", WITHOUT_DOSE: "0"}.items():
        nodes.dose.SetAttribute(attribute, value)
