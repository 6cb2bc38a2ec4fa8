"""What child processes hand back becomes nodes: a loaded case and a registration, in steps that keep the window alive.

The functions that add nodes are generators: each ``next`` does one short step, and the nodes are what they return. What
was found travels with the nodes as attributes and is there again when a saved scene is loaded. Never a patient's name,
id or date.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from hepadose.findings import Finding, Level
from hepadose.flr.result import RegistrationSummary
from hepadose.images import Image
from hepadose.mrml.automatic import keep_automatic, state_origin
from hepadose.mrml.dose import BANNER, FRACTIONS, dose_to_volume_node, fill_dose_volume, state_dose
from hepadose.mrml.images import image_to_volume_node, place_image, set_window
from hepadose.mrml.nodes import new_node
from hepadose.mrml.scene import CT_WINDOW_HU, LIVER_COLOR, LIVER_TERMINOLOGY
from hepadose.mrml.segmentation import SegmentMask, add_segment, segment_names, set_segment_mask
from hepadose.mrml.transforms import set_transform
from hepadose.provenance import SegmentationOrigin
from hepadose.registration.quality import judge_error, judge_stated_error

if TYPE_CHECKING:
    from slicer import (
        vtkMRMLNode,
        vtkMRMLScalarVolumeNode,
        vtkMRMLScene,
        vtkMRMLSegmentationNode,
        vtkMRMLTransformNode,
    )

    from hepadose.worker import LoadedCase, LoadedStructure, RegistrationOutcome

FINDINGS = "HepaDose.Findings"
INTERVAL_DAYS = "HepaDose.IntervalDays"
SUMMARY = {
    "method": "HepaDose.RegistrationMethod",
    "estimated_error_mm": "HepaDose.RegistrationErrorMm",
    "liver_dice": "HepaDose.RegistrationLiverDice",
    "liver_mean_distance_mm": "HepaDose.RegistrationLiverDistanceMm",
    "folded_fraction": "HepaDose.RegistrationFoldedFraction",
}
"""Attribute of each figure of :class:`hepadose.flr.result.RegistrationSummary`; absent where it is None."""
CASE_FOLDER = "Case"
PLANNING_NAME, FOLLOW_UP_NAME, DOSE_NAME = "Planning CT", "Follow-up CT", "Dose (Gy)"
PLANNING_STRUCTURES_NAME = "Structures of the planning CT"
FOLLOW_UP_STRUCTURES_NAME = "Structures of the follow-up CT"


@dataclass(frozen=True, eq=False)
class CaseNodes:
    """The nodes of a loaded case; structures are None where nothing was drawn on that CT."""

    planning: vtkMRMLScalarVolumeNode
    follow_up: vtkMRMLScalarVolumeNode
    dose: vtkMRMLScalarVolumeNode
    planning_structures: vtkMRMLSegmentationNode | None
    follow_up_structures: vtkMRMLSegmentationNode | None


@dataclass(frozen=True, eq=False)
class RegistrationNodes:
    """The nodes of a registration; ``dose`` is None where none was registered."""

    transform: vtkMRMLTransformNode
    dose: vtkMRMLScalarVolumeNode | None
    planning: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    liver_segment_id: str


def add_loaded_case(scene: vtkMRMLScene, case: LoadedCase) -> Generator[None, None, CaseNodes]:
    """Add a loaded case to a scene: CTs, dose, one segmentation per CT, in a folder of the data tree.

    Parameters
    ----------
    scene : vtkMRMLScene
        What is in it stays.
    case : LoadedCase
        As :func:`hepadose.worker.start_load_case` gives it.

    Yields
    ------
    None
        After each short step.

    Returns
    -------
    CaseNodes
    """
    planning = image_to_volume_node(scene, case.planning, PLANNING_NAME, window=CT_WINDOW_HU)
    yield
    follow_up = image_to_volume_node(scene, case.follow_up, FOLLOW_UP_NAME, window=CT_WINDOW_HU)
    state_case(follow_up, case)
    yield
    dose = dose_to_volume_node(scene, case.dose, DOSE_NAME)
    state_dose(dose, case.dose_banner, case.fractions)
    yield
    drawn = yield from _structures(scene, case.structures, planning, PLANNING_STRUCTURES_NAME)
    later = yield from _structures(scene, case.follow_up_structures, follow_up, FOLLOW_UP_STRUCTURES_NAME)
    _into_studies(scene, {"Planning": [planning, dose, drawn], "Follow-up": [follow_up, later]})
    yield
    return CaseNodes(planning, follow_up, dose, drawn, later)


def state_case(follow_up_volume: vtkMRMLScalarVolumeNode, case: LoadedCase) -> None:
    """Write on the follow-up CT what was found about its case and how long after planning it was taken."""
    _state_findings(follow_up_volume, case.findings)
    # An attribute set to None is removed.
    follow_up_volume.SetAttribute(INTERVAL_DAYS, None if case.interval_days is None else str(case.interval_days))


def _structures(
    scene: vtkMRMLScene, structures: Sequence[LoadedStructure], volume: vtkMRMLScalarVolumeNode, name: str
) -> Generator[None, None, vtkMRMLSegmentationNode | None]:
    """One segmentation with one segment per structure, the liver first."""
    if not structures:
        return None
    node = _new_segmentation(scene, volume, name)
    for structure in sorted(structures, key=lambda one: one.role != "liver"):
        color = tuple(channel / 255.0 for channel in structure.color)
        terminology = LIVER_TERMINOLOGY if structure.role == "liver" else ""
        origin = str(structure.origin)
        segment = SegmentMask(structure.name, structure.mask, color, origin, terminology, outline_only=True)
        state_origin(node, add_segment(node, segment), structure.origin)
        yield
    return node


def _new_segmentation(scene: vtkMRMLScene, volume: vtkMRMLScalarVolumeNode, name: str) -> vtkMRMLSegmentationNode:
    node = new_node(scene, "vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def _into_studies(scene: vtkMRMLScene, studies: dict[str, list[vtkMRMLNode | None]]) -> None:
    """Gather nodes as studies of one folder, where the scene has a data tree."""
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    if hierarchy is None:
        return
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), hierarchy.GenerateUniqueItemName(CASE_FOLDER))
    for name, nodes in studies.items():
        study = hierarchy.CreateStudyItem(folder, name)
        for node in nodes:
            if node is not None:
                _place(hierarchy, node, study)


def _place(hierarchy: vtkMRMLNode, node: vtkMRMLNode, parent: int) -> None:
    # The application makes an item for every new node; without it there is none yet.
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.SetItemParent(item, parent)
    else:
        hierarchy.CreateItem(parent, node)


def registration_nodes(
    scene: vtkMRMLScene,
    outcome: RegistrationOutcome,
    *,
    follow_up_volume: vtkMRMLScalarVolumeNode,
    dose_volume: vtkMRMLScalarVolumeNode | None = None,
    segmentation: vtkMRMLSegmentationNode | None = None,
) -> Generator[None, None, RegistrationNodes]:
    """Add a registration to a scene; where the follow-up CT was registered before, its nodes are filled anew.

    Parameters
    ----------
    scene : vtkMRMLScene
        What else is in it stays.
    outcome : RegistrationOutcome
        As :func:`hepadose.worker.start_register` gives it.
    follow_up_volume : vtkMRMLScalarVolumeNode
        The follow-up CT that was registered; remembers the nodes.
    dose_volume : vtkMRMLScalarVolumeNode, optional
        The dose as loaded: its banner and fractions go to the dose on the follow-up CT.
    segmentation : vtkMRMLSegmentationNode, optional
        Gets the liver; a new one on the follow-up CT if omitted.

    Yields
    ------
    None
        After each short step.

    Returns
    -------
    RegistrationNodes
    """
    transform = _own_node(follow_up_volume, "Alignment", "vtkMRMLTransformNode", "Follow-up CT to planning CT")
    set_transform(transform, outcome.transform)
    _state_summary(transform, outcome.summary)
    _state_findings(transform, outcome.findings)
    yield
    planning = _own_node(follow_up_volume, "AlignedPlanning", "vtkMRMLScalarVolumeNode", "Planning CT, aligned")
    _show_ct(planning, outcome.planning_on_follow_up)
    yield
    dose = None
    if outcome.dose_on_follow_up is not None:
        dose = _own_node(follow_up_volume, "AlignedDose", "vtkMRMLScalarVolumeNode", "Dose, aligned (Gy)")
        fill_dose_volume(dose, outcome.dose_on_follow_up, keep_missing=True)
        _pass_on(dose_volume, dose)
        yield
    if segmentation is None:
        segmentation = _own_node(follow_up_volume, "Working", "vtkMRMLSegmentationNode", "Liver and reaction")
        if segmentation.GetDisplayNode() is None:
            segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(follow_up_volume)
    liver = _take_liver(segmentation, outcome)
    yield
    return RegistrationNodes(transform, dose, planning, segmentation, liver)


def _own_node(volume: vtkMRMLScalarVolumeNode, role: str, class_name: str, name: str) -> vtkMRMLNode:
    """The node that a follow-up CT refers to in a role, made and put beside it at the first call."""
    reference = f"HepaDose.{role}"
    node = volume.GetNodeReference(reference)
    if node is None:
        scene = volume.GetScene()
        node = new_node(scene, class_name, name)
        volume.SetNodeReferenceID(reference, node.GetID())
        hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
        beside = hierarchy.GetItemByDataNode(volume) if hierarchy is not None else 0
        if beside:
            _place(hierarchy, node, hierarchy.GetItemParent(beside))
    return node


def _show_ct(node: vtkMRMLScalarVolumeNode, image: Image) -> None:
    if node.GetDisplayNode() is None:
        set_window(node, CT_WINDOW_HU)
    place_image(node, image)


def _pass_on(source: vtkMRMLScalarVolumeNode | None, target: vtkMRMLScalarVolumeNode) -> None:
    for attribute in (BANNER, FRACTIONS):
        target.SetAttribute(attribute, None if source is None else source.GetAttribute(attribute))


def _take_liver(segmentation: vtkMRMLSegmentationNode, outcome: RegistrationOutcome) -> str:
    """The liver as the segment "Liver" of the working segmentation, in place of an earlier one."""
    mask = outcome.liver_on_follow_up
    if outcome.liver_propagated:
        origin = SegmentationOrigin("RTSTRUCT", detail="liver of the planning CT, carried over by registration")
    else:
        origin = SegmentationOrigin("RTSTRUCT", detail="liver of the follow-up CT")
    found = [identifier for identifier, name in segment_names(segmentation).items() if name == "Liver"]
    if found:
        set_segment_mask(segmentation, found[0], mask)
    else:
        segment = SegmentMask("Liver", mask, LIVER_COLOR, str(origin), LIVER_TERMINOLOGY, outline_only=True)
        found = [add_segment(segmentation, segment)]
    keep_automatic(segmentation, found[0], origin)
    return found[0]


def registration_summary(node: vtkMRMLTransformNode | None) -> RegistrationSummary | None:
    """The quality of a registration as its transform node states it; None for a transform made elsewhere."""
    if node is None or node.GetAttribute(SUMMARY["method"]) is None:
        return None
    stated = {field: node.GetAttribute(attribute) for field, attribute in SUMMARY.items()}
    figures = {field: None if text is None else float(text) for field, text in stated.items() if field != "method"}
    return RegistrationSummary(method=stated["method"], **figures)


def _state_summary(node: vtkMRMLTransformNode, summary: RegistrationSummary) -> None:
    for field, value in asdict(summary).items():
        text = value if isinstance(value, str) or value is None else repr(float(value))
        # An attribute set to None is removed: a figure of an earlier registration never stays.
        node.SetAttribute(SUMMARY[field], text)


def registration_findings(
    node: vtkMRMLTransformNode | None, stated_error_mm: float | None = None
) -> tuple[Finding, ...]:
    """The quality gates of a registration as its transform node keeps them.

    Parameters
    ----------
    node : vtkMRMLTransformNode or None
        The transform; None where there is none.
    stated_error_mm : float, optional
        The mean error in the liver in mm that is used, NaN for unknown. Where it is not the estimated one, the gate
        of the estimated error gives way to one that names both.
    """
    found = _stated_findings(node)
    summary = registration_summary(node)
    estimated_mm = float("nan") if summary is None else summary.estimated_error_mm
    if stated_error_mm is None or same_error(stated_error_mm, estimated_mm):
        return found
    replaced = judge_error(estimated_mm)
    return (judge_stated_error(stated_error_mm, estimated_mm), *(one for one in found if one != replaced))


def same_error(first_mm: float, second_mm: float) -> bool:
    """Whether two mean errors are the same in the panel's tenths of a millimeter; unknown (NaN) is like unknown."""
    return abs(first_mm - second_mm) < 0.05 or (first_mm != first_mm and second_mm != second_mm)


def case_findings(follow_up_volume: vtkMRMLScalarVolumeNode | None) -> tuple[Finding, ...]:
    """The pre-flight list of a case as its follow-up CT keeps it; empty for a volume that was loaded elsewhere."""
    return _stated_findings(follow_up_volume)


def interval_days_of(follow_up_volume: vtkMRMLScalarVolumeNode | None) -> int | None:
    """Days from planning CT to follow-up CT as the import found them; None where unknown."""
    text = None if follow_up_volume is None else follow_up_volume.GetAttribute(INTERVAL_DAYS)
    return int(text) if text else None


def _state_findings(node: vtkMRMLNode, findings: Sequence[Finding]) -> None:
    node.SetAttribute(FINDINGS, json.dumps([[one.level.value, one.subject, one.text] for one in findings]))


def _stated_findings(node: vtkMRMLNode | None) -> tuple[Finding, ...]:
    text = None if node is None else node.GetAttribute(FINDINGS)
    return tuple(Finding(Level(level), subject, words) for level, subject, words in json.loads(text or "[]"))
