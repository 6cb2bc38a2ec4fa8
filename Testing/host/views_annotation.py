"""The texts in a slice view: the volumes shown and the patient's directions at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vtkmodules.vtkRenderingAnnotation import vtkCornerAnnotation

if TYPE_CHECKING:
    from slicer import vtkMRMLSliceNode
    from trame_slicer.views import SliceView

# Letter at the end of each RAS axis: negative, positive.
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))


class SliceAnnotation:
    """Corner annotation of one slice view.

    Parameters
    ----------
    view : SliceView
        Its upper renderer gets the annotation.
    """

    def __init__(self, view: SliceView) -> None:
        self._view = view
        self.actor = vtkCornerAnnotation()
        self.actor.SetMaximumFontSize(13)
        self.actor.SetMinimumFontSize(11)
        self.actor.SetNonlinearFontScaleFactor(0.35)
        self.actor.GetTextProperty().SetColor(1.0, 1.0, 0.85)
        self.actor.GetTextProperty().SetShadow(True)
        view.renderers()[-1].AddViewProp(self.actor)

    def update(self) -> None:
        """Write what the view is about to show."""
        self.actor.SetText(vtkCornerAnnotation.LowerLeft, self._layers())
        # No letter at the lower edge, where the names of the volumes stand.
        left, right, _lower, upper = edge_letters(self._view.get_view_node())
        shown = bool(self._view.get_background_volume_id())
        for place, letter in (
            (vtkCornerAnnotation.LeftEdge, left),
            (vtkCornerAnnotation.RightEdge, right),
            (vtkCornerAnnotation.UpperEdge, upper),
        ):
            self.actor.SetText(place, letter if shown else "")

    def _layers(self) -> str:
        scene = self._view.get_view_node().GetScene()
        lines = []
        background = _node(scene, self._view.get_background_volume_id())
        foreground = _node(scene, self._view.get_foreground_volume_id())
        if foreground is not None:
            lines.append(f"F: {foreground.GetName()} ({100 * self._view.get_foreground_opacity():.0f}%)")
        if background is not None:
            lines.append(f"B: {background.GetName()}")
        return "\n".join(lines)


def edge_letters(slice_node: vtkMRMLSliceNode) -> tuple[str, str, str, str]:
    """Patient directions at the left, right, lower and upper edge of a slice; oblique ones by their largest part."""
    right, upper = _axis(slice_node, 0), _axis(slice_node, 1)
    return _letter([-part for part in right]), _letter(right), _letter([-part for part in upper]), _letter(upper)


def normal_letter(slice_node: vtkMRMLSliceNode) -> str:
    """Patient direction in which the offset of a slice grows."""
    return _letter(_axis(slice_node, 2))


def _axis(slice_node: vtkMRMLSliceNode, column: int) -> list[float]:
    to_ras = slice_node.GetSliceToRAS()
    return [to_ras.GetElement(row, column) for row in range(3)]


def _letter(direction_ras: list[float]) -> str:
    axis = max(range(3), key=lambda number: abs(direction_ras[number]))
    return LETTERS[axis][direction_ras[axis] > 0]


def _node(scene, node_id):
    return scene.GetNodeByID(node_id) if scene is not None and node_id else None
