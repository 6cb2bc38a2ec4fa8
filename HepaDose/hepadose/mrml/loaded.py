"""What child processes hand back becomes nodes: a loaded case and a registration, in steps that keep the window alive.

The functions that add nodes are generators: each ``next`` does one short step, and the nodes are what they return. What
was found travels with the nodes (:mod:`hepadose.mrml.stated`). Never a patient's name, id or date.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hepadose.mrml.automatic import state_origin
from hepadose.mrml.dose import BANNER, FRACTIONS, dose_node_in_steps, fill_dose_in_steps, state_dose
from hepadose.mrml.images import place_image_in_steps, set_window, volume_node_in_steps
from hepadose.mrml.livers import GuidingLivers, state_guiding_livers, take_guided_liver
from hepadose.mrml.nodes import new_node
from hepadose.mrml.scene import CT_WINDOW_HU, LIVER_TERMINOLOGY
from hepadose.mrml.segmentation import SegmentMask, add_segment
from hepadose.mrml.stated import state_findings, state_interval_days, state_summary
from hepadose.mrml.transforms import set_transform

if TYPE_CHECKING:
    from slicer import (
        vtkMRMLNode,
        vtkMRMLScalarVolumeNode,
        vtkMRMLScene,
        vtkMRMLSegmentationNode,
        vtkMRMLTransformNode,
    )

    from hepadose.worker import LoadedCase, LoadedStructure, RegistrationOutcome

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
    planning = yield from volume_node_in_steps(scene, case.planning, PLANNING_NAME, window=CT_WINDOW_HU)
    yield
    follow_up = yield from volume_node_in_steps(scene, case.follow_up, FOLLOW_UP_NAME, window=CT_WINDOW_HU)
    state_case(follow_up, case)
    yield
    dose = yield from dose_node_in_steps(scene, case.dose, DOSE_NAME)
    state_dose(dose, case.dose_banner, case.fractions)
    yield
    drawn = yield from _structures(scene, case.structures, planning, PLANNING_STRUCTURES_NAME)
    later = yield from _structures(scene, case.follow_up_structures, follow_up, FOLLOW_UP_STRUCTURES_NAME)
    into_studies(scene, {"Planning": [planning, dose, drawn], "Follow-up": [follow_up, later]})
    yield
    return CaseNodes(planning, follow_up, dose, drawn, later)


def state_case(follow_up_volume: vtkMRMLScalarVolumeNode, case: LoadedCase) -> None:
    """Write on the follow-up CT what was found about its case and how long after planning it was taken."""
    state_findings(follow_up_volume, case.findings)
    state_interval_days(follow_up_volume, case.interval_days)


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


def into_studies(scene: vtkMRMLScene, studies: dict[str, list[vtkMRMLNode | None]]) -> None:
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
    livers: GuidingLivers | None = None,
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
    livers : GuidingLivers, optional
        Where the livers came from; structure sets if omitted.

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
    livers = livers or GuidingLivers()
    state_summary(transform, replace(outcome.summary, planning_liver_origin=livers.planning))
    state_guiding_livers(transform, livers)
    state_findings(transform, outcome.findings)
    yield
    planning = _own_node(follow_up_volume, "AlignedPlanning", "vtkMRMLScalarVolumeNode", "Planning CT, aligned")
    if planning.GetDisplayNode() is None:
        set_window(planning, CT_WINDOW_HU)
    yield from place_image_in_steps(planning, outcome.planning_on_follow_up)
    dose = None
    if outcome.dose_on_follow_up is not None:
        dose = _own_node(follow_up_volume, "AlignedDose", "vtkMRMLScalarVolumeNode", "Dose, aligned (Gy)")
        yield from fill_dose_in_steps(dose, outcome.dose_on_follow_up, keep_missing=True)
        _pass_on(dose_volume, dose)
        yield
    if segmentation is None:
        segmentation = working_segmentation(follow_up_volume)
    liver = take_guided_liver(segmentation, outcome.liver_on_follow_up, livers, outcome.liver_propagated)
    yield
    return RegistrationNodes(transform, dose, planning, segmentation, liver)


def working_segmentation(follow_up_volume: vtkMRMLScalarVolumeNode) -> vtkMRMLSegmentationNode:
    """The segmentation of a follow-up CT that holds liver and reaction, made at the first call."""
    return own_segmentation(follow_up_volume, "Working", "Liver and reaction")


def planning_segmentation(planning_volume: vtkMRMLScalarVolumeNode) -> vtkMRMLSegmentationNode:
    """The segmentation of a planning CT that holds what was found on it, made at the first call."""
    return own_segmentation(planning_volume, "Found", "Found on the planning CT")


def own_segmentation(volume: vtkMRMLScalarVolumeNode, role: str, name: str) -> vtkMRMLSegmentationNode:
    """The segmentation that a CT refers to in a role, made beside it in its study at the first call."""
    segmentation = _own_node(volume, role, "vtkMRMLSegmentationNode", name)
    if segmentation.GetDisplayNode() is None:
        segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return segmentation


def _own_node(volume: vtkMRMLScalarVolumeNode, role: str, class_name: str, name: str) -> vtkMRMLNode:
    """The node that a CT refers to in a role, made and put beside it at the first call."""
    reference = f"HepaDose.{role}"
    node = volume.GetNodeReference(reference)
    if node is None:
        scene = volume.GetScene()
        node = new_node(scene, class_name, name)
        volume.SetNodeReferenceID(reference, node.GetID())
        place_beside(volume, node)
    return node


def place_beside(volume: vtkMRMLNode, node: vtkMRMLNode) -> None:
    """Put a node into the study in which a volume is; nothing happens where there is no data tree."""
    hierarchy = volume.GetScene().GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    beside = hierarchy.GetItemByDataNode(volume) if hierarchy is not None else 0
    if beside:
        _place(hierarchy, node, hierarchy.GetItemParent(beside))


def _pass_on(source: vtkMRMLScalarVolumeNode | None, target: vtkMRMLScalarVolumeNode) -> None:
    for attribute in (BANNER, FRACTIONS):
        target.SetAttribute(attribute, None if source is None else source.GetAttribute(attribute))
