"""A whole result as a scene: volumes, segments, tables, plot, and where everything came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import hepadose
from hepadose.flr.analysis import dose_in_quantity
from hepadose.flr.result import FlrImages, FlrResult
from hepadose.flr.settings import DoseQuantity
from hepadose.images import Image
from hepadose.mrml.dose import dose_to_volume_node, isodose_segments
from hepadose.mrml.headless import new_scene, require_scenes
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.nodes import batch_processing, new_node
from hepadose.mrml.plots import curve_chart
from hepadose.mrml.save import save_scene
from hepadose.mrml.segmentation import SegmentMask, masks_to_segmentation_node
from hepadose.mrml.tables import checks_table, curve_table, figures_table, surface_table_node
from hepadose.mrml.views import show_in_slice_views
from hepadose.report.isodoses import round_levels
from hepadose.report.tables import plain, result_json
from hepadose.report.text import headline
from hepadose.timing import TimingRecord

if TYPE_CHECKING:
    from slicer import (
        vtkMRMLNode,
        vtkMRMLPlotChartNode,
        vtkMRMLScalarVolumeNode,
        vtkMRMLScene,
        vtkMRMLSegmentationNode,
        vtkMRMLTableNode,
        vtkMRMLTextNode,
    )

CT_WINDOW_HU = (40.0, 350.0)
LIVER_COLOR = (0.87, 0.51, 0.40)
REACTION_COLOR = (0.0, 0.76, 0.84)
BEST_COLOR = (1.0, 0.69, 0.0)
MISSING_COLOR = (0.6, 0.6, 0.6)
SCENE_FILE = "scene.mrb"
FOLDER_NAME = "Focal liver reaction"
# Category ^ type of Slicer's default terminology: the organ itself, so that the segment is recognized elsewhere.
LIVER_TERMINOLOGY = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^123037004^Anatomical Structure"
    "~SCT^10200004^Liver~^^~Anatomic codes - DICOM master list~^^~^^"
)


@dataclass(frozen=True, eq=False)
class FlrResultNodes:
    """The numbers of one result as nodes."""

    curve: vtkMRMLTableNode
    surface: vtkMRMLTableNode
    figures: vtkMRMLTableNode
    checks: vtkMRMLTableNode
    chart: vtkMRMLPlotChartNode
    text: vtkMRMLTextNode
    """The whole result as JSON."""


@dataclass(frozen=True, eq=False)
class FlrSceneNodes:
    """The nodes of one result; ``planning_ct`` is None where there was none."""

    follow_up_ct: vtkMRMLScalarVolumeNode
    planning_ct: vtkMRMLScalarVolumeNode | None
    dose: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    numbers: FlrResultNodes


def add_result_nodes(scene: vtkMRMLScene, result: FlrResult, timing: Sequence[TimingRecord] = ()) -> FlrResultNodes:
    """Add tables, plot and text of a result whose images are in the scene already."""
    curve = curve_table(scene, result)
    nodes = FlrResultNodes(
        curve=curve,
        surface=surface_table_node(scene, result),
        figures=figures_table(scene, result),
        checks=checks_table(scene, result),
        chart=curve_chart(scene, result, curve),
        text=_text_node(scene, result_json(result, timing)),
    )
    _mark(_nodes_of(nodes), result)
    return nodes


def build_flr_scene(
    scene: vtkMRMLScene,
    result: FlrResult,
    images: FlrImages,
    isodose_levels_gy: Sequence[float] | None = None,
    timing: Sequence[TimingRecord] = (),
) -> FlrSceneNodes:
    """Add a result to a scene.

    Parameters
    ----------
    scene : vtkMRMLScene
        ``slicer.mrmlScene`` or a headless one; what is in it stays.
    result : FlrResult
        What was found.
    images : FlrImages
        What it was found on, on one grid.
    isodose_levels_gy : sequence of float, optional
        Levels that become segments beside the best one, in Gy of the result's quantity; round ones if omitted.
    timing : sequence of TimingRecord
        Kept in the text node.

    Returns
    -------
    FlrSceneNodes
    """
    with batch_processing(scene):
        follow_up = image_to_volume_node(scene, images.follow_up_ct, "Follow-up CT", window=CT_WINDOW_HU)
        planning = None
        if images.planning_ct is not None:
            name = "Planning CT on follow-up grid"
            planning = image_to_volume_node(scene, images.planning_ct, name, window=CT_WINDOW_HU)
        segments = flr_segments(result, images, isodose_levels_gy)
        segmentation = masks_to_segmentation_node(scene, segments, follow_up, "Focal liver reaction")
        _state_provenance(segmentation, result)
        dose = dose_to_volume_node(scene, images.dose_gy, "Dose on follow-up grid (Gy)")
        nodes = FlrSceneNodes(follow_up, planning, dose, segmentation, add_result_nodes(scene, result, timing))
    volumes = [node for node in (follow_up, planning, dose, segmentation) if node is not None]
    _mark(volumes, result)
    _into_folder(scene, [*volumes, *_nodes_of(nodes.numbers)])
    return nodes


def write_scene_file() -> Callable[[Path, FlrResult, FlrImages], None]:
    """What writes ``scene.mrb`` into a result folder, each time from a scene of its own.

    Returns
    -------
    callable
        Called with the folder, the result and its images.

    Raises
    ------
    MissingDependencyError
        If no scene can be made here; found out at once, not after an hour of computing.
    """
    require_scenes()

    def write(folder: Path, result: FlrResult, images: FlrImages) -> None:
        own = new_scene()
        show_in_slice_views(own.scene, build_flr_scene(own.scene, result, images))
        save_scene(own.scene, folder / SCENE_FILE)

    return write


def flr_segments(
    result: FlrResult, images: FlrImages, isodose_levels_gy: Sequence[float] | None = None
) -> list[SegmentMask]:
    """Liver, reaction, best isodose in the liver, other isodoses, and the liver without dose where there is any."""
    dose = _level_dose(result, images)
    quantity = "" if result.dose.quantity is DoseQuantity.PHYSICAL else result.dose.quantity.label
    liver, reaction = _as_mask(images.liver), _as_mask(images.reaction)
    best = result.best.refined_gy
    if isodose_levels_gy is None:
        isodose_levels_gy = round_levels(float(np.nanmax(dose.array, initial=0.0)), best)
    best_region = dose.with_array((dose.array >= best) & liver.array)
    words = f"Best isodose {best:.1f} Gy {quantity}".strip()
    segments = [
        SegmentMask("Liver", liver, LIVER_COLOR, str(result.liver_origin), LIVER_TERMINOLOGY, outline_only=True),
        SegmentMask("Focal liver reaction", reaction, REACTION_COLOR, str(result.reaction_origin)),
        SegmentMask(
            f"{words} in liver ({best_region.volume_ml():.0f} ml)", best_region, BEST_COLOR, "Dose", outline_only=True
        ),
        *isodose_segments(dose, isodose_levels_gy, quantity=quantity),
    ]
    without_dose = liver.with_array(liver.array & ~np.isfinite(dose.array))
    if without_dose.array.any():
        segments.append(SegmentMask("Liver outside the dose grid", without_dose, MISSING_COLOR, "Dose"))
    return segments


def _level_dose(result: FlrResult, images: FlrImages) -> Image:
    array = dose_in_quantity(
        images.dose_gy.array, result.dose.quantity, result.dose.fractions, result.settings.alpha_beta_gy
    )
    return images.dose_gy.with_array(np.asarray(array))


def _as_mask(image: Image) -> Image:
    return image.with_array(image.array.astype(bool))


def _text_node(scene: vtkMRMLScene, text: str) -> vtkMRMLTextNode:
    node = new_node(scene, "vtkMRMLTextNode", "FLR result (JSON)")
    node.SetText(text)
    return node


def _nodes_of(numbers: FlrResultNodes) -> list[vtkMRMLNode]:
    return [getattr(numbers, field.name) for field in fields(numbers)]


def _mark(nodes: Sequence[vtkMRMLNode], result: FlrResult) -> None:
    """Write on every node what it belongs to."""
    for node in nodes:
        node.SetAttribute("HepaDose.Version", result.software_version)
        node.SetAttribute("HepaDose.ResearchUse", hepadose.RESEARCH_USE)
        node.SetDescription(headline(result))


def _state_provenance(segmentation: vtkMRMLSegmentationNode, result: FlrResult) -> None:
    """Write on the segmentation what was answered, how, and where the masks came from."""
    answers = {
        "BestLevelGy": repr(result.best.refined_gy),
        "IntervalGy": json.dumps(plain(result.best.interval_gy)),
        "DoseQuantity": result.dose.quantity.value,
        "Dose": result.dose.banner,
        "Settings": json.dumps(plain(result.settings)),
        "ReactionOrigin": str(result.reaction_origin),
        "LiverOrigin": str(result.liver_origin),
        "Registration": json.dumps(plain(result.registration)),
    }
    for name, value in answers.items():
        segmentation.SetAttribute(f"HepaDose.{name}", value)


def _into_folder(scene: vtkMRMLScene, nodes: Sequence[vtkMRMLNode]) -> None:
    """Gather the nodes in one folder of the subject hierarchy, where the scene has one."""
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    if hierarchy is None:
        return
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), FOLDER_NAME)
    for node in nodes:
        # The application makes an item for every new node; without it there is none yet.
        item = hierarchy.GetItemByDataNode(node)
        if item:
            hierarchy.SetItemParent(item, folder)
        else:
            hierarchy.CreateItem(folder, node)
