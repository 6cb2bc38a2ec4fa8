"""What the slice views show of a result: CT below, dose above it, half transparent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotChartNode, vtkMRMLScene, vtkMRMLSliceCompositeNode

    from hepadose.mrml.scene import FlrSceneNodes

SLICE_VIEWS = ("Red", "Green", "Yellow")
"""Slicer's names of the axial, sagittal and coronal view."""
DOSE_OPACITY = 0.2


def show_in_slice_views(scene: vtkMRMLScene, nodes: FlrSceneNodes) -> None:
    """Let Slicer's three slice views show the follow-up CT with the dose laid over it.

    A saved scene opens that way. Not called by :func:`hepadose.mrml.scene.build_flr_scene`: inside the application
    the views belong to the user.
    """
    for view in SLICE_VIEWS:
        composite = composite_node(scene, view)
        composite.SetBackgroundVolumeID(nodes.follow_up_ct.GetID())
        composite.SetForegroundVolumeID(nodes.dose.GetID())
        composite.SetForegroundOpacity(DOSE_OPACITY)


def composite_node(scene: vtkMRMLScene, view: str) -> vtkMRMLSliceCompositeNode:
    """A slice view's node; made with Slicer's own singleton tag where the scene has none yet."""
    existing = scene.GetSingletonNode(view, "vtkMRMLSliceCompositeNode")
    if existing is not None:
        return existing
    node = scene.CreateNodeByClass("vtkMRMLSliceCompositeNode")
    # CreateNodeByClass hands over a reference that Python would otherwise keep for ever.
    node.UnRegister(None)
    node.SetName(view)
    node.SetSingletonTag(view)
    node.SetLayoutName(view)
    return scene.AddNode(node)


def show_chart(scene: vtkMRMLScene, chart: vtkMRMLPlotChartNode) -> None:
    """Let every plot view of the scene show a chart; the layout stays the user's."""
    import slicer

    for view in slicer.util.getNodesByClass("vtkMRMLPlotViewNode", scene):
        view.SetPlotChartNodeID(chart.GetID())
    selection = scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    if selection is not None:
        selection.SetActivePlotChartID(chart.GetID())
