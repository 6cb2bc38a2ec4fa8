"""Inputs: what is loaded already or comes from a child process, what is chosen, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.batch.sirt_regions import TUMOR_WORDS
from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, ok, told, warning
from hepadose.images import Image
from hepadose.mrml.automatic import state_origin
from hepadose.mrml.dose import is_dose_volume
from hepadose.mrml.images import set_window, volume_node_in_steps, volume_node_to_image
from hepadose.mrml.legend import hide_dose_legend
from hepadose.mrml.livers import liver_segment
from hepadose.mrml.loaded import into_studies, own_segmentation
from hepadose.mrml.scene import CT_WINDOW_HU, LIVER_TERMINOLOGY
from hepadose.mrml.segmentation import SegmentMask, add_segment, segment_names
from hepadose.mrml.sirt.choices import BQ_PER_ML, IMAGE_KINDS, NOT_SCORED, NOT_STATED, UNKNOWN
from hepadose.mrml.stated import case_findings, state_findings
from hepadose.sirt.analysis import ImageKind

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLSegmentationNode

    from hepadose.worker import LoadedTreatment

CT_NAME, ACTIVITY_NAME, SEGMENTATION_NAME = "CT", "Activity", "Liver, territory and tumors"
STUDY = "Radioembolization"
TERRITORY_WORDS = ("territory", "perfused", "treated volume", "ptv")
LUNG_WORDS = ("lung",)
AIR_HU = -2000.0


def take_treatment(scene: vtkMRMLScene, choices: Any, case: LoadedTreatment) -> Iterator[None]:
    """Add a loaded case to the scene in small steps and choose its nodes.

    Parameters
    ----------
    scene : vtkMRMLScene
        What is in it stays.
    choices : parameter node
        Gets the nodes.
    case : LoadedTreatment
        As read from its folder.
    """
    ct = yield from volume_node_in_steps(scene, case.ct, CT_NAME, window=CT_WINDOW_HU)
    state_findings(ct, case.findings)
    yield
    activity = None
    if case.activity is not None:
        activity = yield from volume_node_in_steps(scene, case.activity, ACTIVITY_NAME)
        _show_as_activity(activity, case.activity)
    into_studies(scene, {STUDY: [ct, activity]})
    yield
    segmentation = own_segmentation(ct, "Treatment", SEGMENTATION_NAME)
    for structure in case.structures:
        color = tuple(channel / 255.0 for channel in structure.color)
        terminology = LIVER_TERMINOLOGY if structure.role == "liver" else ""
        segment = SegmentMask(structure.name, structure.mask, color, "", terminology, outline_only=True)
        state_origin(segmentation, add_segment(segmentation, segment), structure.origin)
        yield
    _forget_case(choices)
    choices.ctVolume, choices.activityVolume, choices.segmentation = ct, activity, segmentation
    _take_stated(choices, case)
    choose_by_name(choices)


def _take_stated(choices: Any, case: LoadedTreatment) -> None:
    """What the files say about the activity."""
    kind = ImageKind.COUNTS if case.is_counts else ImageKind.CONCENTRATION
    choices.activityKind = next(words for words, name in IMAGE_KINDS.items() if name == kind)
    choices.activityUnit = next(words for words, bq_per_ml in BQ_PER_ML.items() if bq_per_ml == case.bq_per_ml)
    choices.hoursAfterInjection = case.hours_after_injection
    choices.injectedGbq = case.injected_gbq or UNKNOWN


def _show_as_activity(node: vtkMRMLScalarVolumeNode, image: Image) -> None:
    """White on black up to what only few voxels exceed."""
    highest = max(float(np.percentile(image.array, 99.9)), 1e-6)
    set_window(node, (highest / 2.0, highest))


def _forget_case(choices: Any) -> None:
    """Nothing that was chosen or stated for an earlier patient holds for the next one."""
    if choices.segmentation is not None and choices.segmentation.GetDisplayNode() is not None:
        choices.segmentation.GetDisplayNode().SetVisibility(False)
    if choices.doseVolume is not None:
        hide_dose_legend(choices.doseVolume)
    for field in ("activityVolume", "doseVolume", "segmentation"):
        setattr(choices, field, None)
    choices.liverSegment = choices.territorySegment = choices.lungsSegment = ""
    choices.tumorSegments = []
    choices.heightM = choices.weightKg = choices.lungMassKg = choices.uptakeRatio = UNKNOWN
    choices.lungShuntPercent = choices.residualPercent = choices.injectedGbq = choices.hoursAfterInjection = 0.0
    choices.qualityScore, choices.corrections, choices.disease = NOT_SCORED, "", NOT_STATED


def choose_defaults(scene: vtkMRMLScene, choices: Any) -> None:
    """Choose what is unambiguous among the loaded nodes and not chosen yet."""
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", scene)
    volumes = [node for node in volumes if not is_dose_volume(node) and not node.IsA("vtkMRMLLabelMapVolumeNode")]
    if choices.ctVolume is None and len(volumes) == 1:
        choices.ctVolume = volumes[0]
    segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene)
    segmentations = [node for node in segmentations if not node.GetHideFromEditors()]
    if choices.segmentation is None and len(segmentations) == 1:
        choices.segmentation = segmentations[0]
    if choices.segmentation is not None and not choices.liverSegment:
        choose_by_name(choices)


def choose_by_name(choices: Any) -> None:
    """Choose liver, territory, lungs and tumors by the names of the segments, where they are not chosen yet."""
    node = choices.segmentation
    choices.liverSegment = choices.liverSegment or liver_segment(node)
    choices.territorySegment = choices.territorySegment or _only_named(node, TERRITORY_WORDS)
    choices.lungsSegment = choices.lungsSegment or _only_named(node, LUNG_WORDS)
    if not choices.tumorSegments:
        choices.tumorSegments = tumor_like(node)


def tumor_like(node: vtkMRMLSegmentationNode | None) -> list[str]:
    """Ids of the segments that are tumors by their names."""
    names = {} if node is None else segment_names(node)
    return [one for one, name in names.items() if name.lower().startswith(TUMOR_WORDS)]


def _only_named(node: vtkMRMLSegmentationNode | None, words: tuple[str, ...]) -> str:
    """Id of the only segment whose name holds one of the words; empty where there is none or more than one."""
    names = {} if node is None else segment_names(node)
    found = [one for one, name in names.items() if any(word in name.lower() for word in words)]
    return found[0] if len(found) == 1 else ""


def input_findings(choices: Any) -> list[Finding]:
    """The pre-flight list: what loading found, and what is missing or strange now."""
    if choices is None:
        return []
    if choices.ctVolume is None and choices.segmentation is None:
        return [warning("Case", "Load the sample data or a folder, or choose volumes that are loaded already.")]
    found = list(case_findings(choices.ctVolume)) or _ct_findings(choices.ctVolume)
    if choices.activityVolume is None:
        found.append(warning("Activity", "No image of activity: there are no doses and no T/N ratios from it."))
    elif choices.activityVolume is choices.ctVolume:
        found.append(warning("Activity", "CT and image of activity are the same volume; choose two."))
    if choices.segmentation is None:
        found.append(warning("Segments", "Segment the liver, or choose the segmentation of an import."))
    return found


def _ct_findings(node: vtkMRMLScalarVolumeNode | None) -> list[Finding]:
    """What can be said about a CT that something else has loaded."""
    if node is None:
        return [warning("CT", "Choose the CT on which liver and tumors are outlined.")]
    try:
        image = volume_node_to_image(node, "CT")
    except HepaDoseError as problem:
        return [told("CT", problem)]
    low, high = float(image.array.min()), float(image.array.max())
    if low < AIR_HU or high <= 0.0 or low >= 0.0:
        return [warning("CT", f"Values reach from {low:g} to {high:g}; these are no CT numbers in HU.")]
    return [ok("CT", f"{image.describe_grid()}.")]


def new_segmentation(choices: Any) -> vtkMRMLSegmentationNode:
    """The segmentation of the chosen CT, made where it has none; it is chosen."""
    choices.segmentation = own_segmentation(choices.ctVolume, "Treatment", SEGMENTATION_NAME)
    return choices.segmentation
