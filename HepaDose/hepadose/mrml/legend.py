"""The colors of a dose beside the picture, so that a color can be read as a dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hepadose.mrml.nodes import modified_once, new_node
from hepadose.mrml.views import SLICE_VIEWS

if TYPE_CHECKING:
    from slicer import vtkMRMLColorLegendDisplayNode, vtkMRMLScalarVolumeNode

LEGEND_CLASS = "vtkMRMLColorLegendDisplayNode"
VIEW = SLICE_VIEWS[-1]
"""One legend is enough, and the views are small."""

POSITION, SIZE = (0.97, 0.18), (0.07, 0.3)
LABELS = 5


def show_dose_legend(node: vtkMRMLScalarVolumeNode, title: str) -> vtkMRMLColorLegendDisplayNode:
    """Show what the colors of a dose volume mean, wherever the volume is shown; one legend per volume.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        With a display node.
    title : str
        Quantity and unit.

    Returns
    -------
    vtkMRMLColorLegendDisplayNode
        New, or the volume's own one brought up to date; it is saved with the scene.

    Raises
    ------
    MissingDependencyError
        If the scene does not know legends: Slicer's Colors module is not loaded.
    """
    legend = dose_legend(node)
    if legend is None:
        legend = new_node(node.GetScene(), LEGEND_CLASS, f"Legend of {node.GetName()}")
        legend.SetAndObservePrimaryDisplayNode(node.GetDisplayNode())
        node.AddAndObserveDisplayNodeID(legend.GetID())
    with modified_once(legend):
        legend.SetAndObserveColorNodeID(node.GetDisplayNode().GetColorNodeID())
        legend.SetTitleText(title)
        legend.SetLabelFormat("%.0f")
        legend.SetNumberOfLabels(LABELS)
        legend.SetPosition(*POSITION)
        legend.SetSize(*SIZE)
        legend.SetViewNodeIDs([f"vtkMRMLSliceNode{VIEW}"])
        legend.SetVisibility(True)
    return legend


def hide_dose_legend(node: vtkMRMLScalarVolumeNode) -> None:
    """Take the legend of a volume away, where it has one."""
    legend = dose_legend(node)
    if legend is not None:
        legend.SetVisibility(False)


def dose_legend(node: vtkMRMLScalarVolumeNode) -> vtkMRMLColorLegendDisplayNode | None:
    """The legend of a volume; None where it has none."""
    shown = (node.GetNthDisplayNode(place) for place in range(node.GetNumberOfDisplayNodes()))
    return next((display for display in shown if display is not None and display.IsA(LEGEND_CLASS)), None)
