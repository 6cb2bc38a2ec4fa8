"""Inputs: take a loaded case into the scene, and say what is chosen and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, error, ok, warning
from hepadose.mrml.dose import dose_banner_of, fractions_of, is_dose_volume, volume_node_to_dose
from hepadose.mrml.flr_input import dose_findings
from hepadose.mrml.flrdose.choices import NOT_STATED, UNKNOWN_ERROR_MM
from hepadose.mrml.images import require_hardened, volume_node_to_image
from hepadose.mrml.legend import hide_dose_legend
from hepadose.mrml.livers import liver_segment
from hepadose.mrml.loaded import CaseNodes, add_loaded_case
from hepadose.mrml.stated import case_findings

if TYPE_CHECKING:
    from slicer import vtkMRMLScene

    from hepadose.worker import LoadedCase

    AddCase = Callable[[vtkMRMLScene, LoadedCase], Generator[None, None, CaseNodes]]


def take_case(
    scene: vtkMRMLScene, choices: Any, case: LoadedCase, add_case: AddCase = add_loaded_case
) -> Iterator[None]:
    """Add a loaded case to the scene in small steps and choose its nodes.

    Parameters
    ----------
    scene : vtkMRMLScene
        What is in it stays.
    choices : parameter node
        Gets the nodes.
    case : LoadedCase
        As read from its folder.
    add_case : callable
        Makes the nodes: HepaDose's own loader, or one that other tools of Slicer know.
    """
    nodes = yield from add_case(scene, case)
    _forget_case(choices)
    choices.followUpVolume, choices.planningVolume, choices.doseVolume = nodes.follow_up, nodes.planning, nodes.dose
    choices.planningStructures, choices.followUpStructures = nodes.planning_structures, nodes.follow_up_structures
    choices.planningLiver = liver_segment(nodes.planning_structures)
    choices.fractions = case.fractions or 0


def _forget_case(choices: Any) -> None:
    """Nothing that was chosen or stated for an earlier patient holds for the next one; its outlines are hidden."""
    for segmentation in (choices.planningStructures, choices.followUpStructures, choices.segmentation):
        if segmentation is not None and segmentation.GetDisplayNode() is not None:
            segmentation.GetDisplayNode().SetVisibility(False)
    if choices.alignedDose is not None:
        hide_dose_legend(choices.alignedDose)
    for field in ("alignedDose", "alignedPlanning", "alignment", "segmentation"):
        setattr(choices, field, None)
    choices.liverSegment = choices.reactionSegment = ""
    choices.registrationErrorMm = UNKNOWN_ERROR_MM
    choices.modality = choices.phase = choices.childPugh = NOT_STATED
    choices.monthsSinceTreatment = 0.0
    choices.matched = False


def choose_defaults(scene: vtkMRMLScene, choices: Any) -> None:
    """Choose what is unambiguous among the loaded nodes and not chosen yet."""
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene)
    doses = [node for node in volumes if is_dose_volume(node)]
    if choices.doseVolume is None and len(doses) == 1:
        choices.doseVolume = doses[0]
    segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene)
    segmentations = [node for node in segmentations if not node.GetHideFromEditors()]
    if choices.planningStructures is None and len(segmentations) == 1:
        choices.planningStructures = segmentations[0]
    if choices.planningStructures is not None and not choices.planningLiver:
        choices.planningLiver = liver_segment(choices.planningStructures)
    if choices.doseVolume is not None and not choices.fractions:
        choices.fractions = fractions_of(choices.doseVolume) or 0


def dose_banner(choices: Any) -> str:
    """The dose in one line, as read; empty where none is chosen."""
    if choices is None or choices.doseVolume is None:
        return ""
    stated = dose_banner_of(choices.doseVolume)
    if stated and not fraction_findings(choices):
        return stated
    try:
        maximum_gy = float(volume_node_to_dose(choices.doseVolume).array.max())
    except HepaDoseError:
        return ""
    part = f" in {choices.fractions} fractions" if choices.fractions else ", fractions unknown"
    return f"maximum {maximum_gy:.1f} Gy{part}, taken as physical dose"


def input_findings(choices: Any) -> list[Finding]:
    """The pre-flight list of the chosen nodes: what the import found, and what is missing or wrong now."""
    if choices is None:
        return []
    chosen = [
        ("Follow-up CT", choices.followUpVolume, "Choose the CT on which the reaction is seen."),
        ("Planning CT", choices.planningVolume, "Choose the CT on which the treatment was planned."),
        ("Dose", choices.doseVolume, "Choose the dose volume."),
        ("Structures", choices.planningStructures, "Choose the structures of the planning CT."),
    ]
    if not any(node is not None for _subject, node, _text in chosen):
        return [warning("Case", "Load a DICOM folder or the sample data, or choose volumes that are loaded already.")]
    findings = [warning(subject, text) for subject, node, text in chosen if node is None]
    findings += fraction_findings(choices)
    stated = case_findings(choices.followUpVolume)
    return findings + (list(stated) if stated else _node_findings(choices))


def fraction_findings(choices: Any) -> list[Finding]:
    """An amber line where the number of fractions is not the one that came with the dose."""
    planned = None if choices.doseVolume is None else fractions_of(choices.doseVolume)
    if planned is None or choices.fractions == planned:
        return []
    stated = f"{choices.fractions} fractions are stated" if choices.fractions else "No number of fractions is stated"
    return [warning("Fractions", f"{stated}, but the plan of the dose says {planned}; EQD2 and BED depend on it.")]


def _node_findings(choices: Any) -> list[Finding]:
    """What can be said about nodes that something else has loaded."""
    found: list[Finding] = []
    for subject, node in (("Follow-up CT", choices.followUpVolume), ("Planning CT", choices.planningVolume)):
        found += _volume_findings(subject, node)
    found += _attempt("Dose", choices.doseVolume, lambda node: dose_findings(node, volume_node_to_dose(node)))
    if choices.planningStructures is not None and not choices.planningLiver:
        found.append(warning("Structures", "Choose the liver among the structures of the planning CT."))
    if not choices.fractions:
        found.append(warning("Plan", "The number of fractions is unknown; EQD2 and BED need it."))
    return found


def _volume_findings(subject: str, node: Any) -> Sequence[Finding]:
    return _attempt(subject, node, lambda volume: [ok(subject, volume_node_to_image(volume, subject).describe_grid())])


def _attempt(subject: str, node: Any, find: Any) -> Sequence[Finding]:
    if node is None:
        return ()
    try:
        require_hardened(node, subject)
        return tuple(find(node))
    except HepaDoseError as problem:
        return (error(subject, str(problem)),)
