"""What the Segment Editor's widget does to the segmentation: the real effects of trame-slicer, with Slicer's own undo.

Knows nothing of Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer import vtkSegmentationHistory
from trame_slicer.segmentation import (
    SegmentationEffect,
    SegmentationEffectDraw,
    SegmentationEffectErase,
    SegmentationEffectIslands,
    SegmentationEffectLogicalOperators,
    SegmentationEffectPaint,
    SegmentationEffectScissors,
    SegmentationEffectSmoothing,
    SegmentationEffectThreshold,
)

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode, vtkMRMLSegmentEditorNode, vtkMRMLVolumeNode
    from trame_slicer.core import SegmentationEditor, SlicerApp


class StillThreshold(SegmentationEffectThreshold):
    """The threshold effect with a still preview: the blinking one needs an asyncio loop, which a Qt program lacks."""

    def set_active(self, is_active: bool) -> None:
        SegmentationEffect.set_active(self, is_active)
        self.get_param_proxy().is_visible = is_active


# By the names that the real editor shows, in its order.
EFFECTS = {
    "Threshold": StillThreshold,
    "Paint": SegmentationEffectPaint,
    "Draw": SegmentationEffectDraw,
    "Erase": SegmentationEffectErase,
    "Smoothing": SegmentationEffectSmoothing,
    "Scissors": SegmentationEffectScissors,
    "Islands": SegmentationEffectIslands,
    "Logical operators": SegmentationEffectLogicalOperators,
}
# Slicer has these as well; nothing here drives them.
MISSING_EFFECTS = ("Level tracing", "Grow from seeds", "Fill between slices", "Margin", "Hollow", "Mask volume")


def prepare(slicer_app: SlicerApp) -> None:
    """Keep the application's editor from removing closed surfaces that it has not made; Slicer's never does."""
    editor = slicer_app.segmentation_editor
    editor.segmentation_modified.disconnect(editor._on_segmentation_modified)


class EditorDrive:
    """Edits one segmentation at a time through the application's segmentation editor.

    Parameters
    ----------
    slicer_app : SlicerApp
        Its editor and view manager are used; its editor serves one widget at a time.
    """

    def __init__(self, slicer_app: SlicerApp) -> None:
        self.editor: SegmentationEditor = slicer_app.segmentation_editor
        self.editor.editor_node.SetSaveWithScene(False)
        self.history = vtkSegmentationHistory()
        self._node: vtkMRMLSegmentEditorNode | None = None
        self._target: tuple[Any, Any] = (None, None)

    def edit(
        self,
        node: vtkMRMLSegmentEditorNode | None,
        segmentation: vtkMRMLSegmentationNode | None,
        volume: vtkMRMLVolumeNode | None,
    ) -> None:
        """Take a segmentation for editing on a source volume's grid; with either missing nothing can be edited."""
        self._node = node
        if segmentation is None or volume is None:
            self.release()
            return
        if self._target == (segmentation, volume) and self._is_mine():
            return
        if self._target[0] is not segmentation:
            self.history.SetSegmentation(segmentation.GetSegmentation())
            self.history.RemoveAllStates()
        self._target = (segmentation, volume)
        self.editor.set_active_segmentation(segmentation, volume)
        self._remember_before_each_change(self.editor.active_segment_modifier)

    def release(self) -> None:
        """Stop editing; nothing is remembered for undo any more."""
        if self._is_mine():
            self.editor.deactivate_effect()
        self._target = (None, None)
        self.history.SetSegmentation(None)
        self.history.RemoveAllStates()

    def choose_segment(self, segment_id: str) -> None:
        """Make a segment the one that effects change."""
        if self._is_mine() and self.editor.active_segment_id != segment_id:
            self.editor.set_active_segment_id(segment_id)

    def activate(self, name: str) -> None:
        """Activate an effect by the name in ``EFFECTS``; the empty name is no effect."""
        if name and self._is_mine():
            self.editor.set_active_effect_type(EFFECTS[name])
        elif self.editor.active_effect is not None:
            self.editor.deactivate_effect()

    def effect(self, name: str) -> SegmentationEffect:
        """The effect of a name, whether active or not."""
        return self.editor.get_effect(EFFECTS[name])

    def save_state(self) -> None:
        """Remember the segmentation as it is now, so that undo comes back to it."""
        if self.history.GetSegmentation() is not None:
            self.history.SaveState()

    def undo(self) -> bool:
        """Go back one state; False if there is none."""
        return bool(self.history.GetSegmentation() and self.history.RestorePreviousState())

    def redo(self) -> bool:
        """Go forward one state; False if there is none."""
        return bool(self.history.GetSegmentation() and self.history.RestoreNextState())

    def _is_mine(self) -> bool:
        return self._target[0] is not None and self.editor.active_segmentation_node is self._target[0]

    def _remember_before_each_change(self, modifier: Any) -> None:
        apply_labelmap = modifier.apply_labelmap

        def apply_and_remember(*arguments: Any, **settings: Any) -> None:
            self._take_masks()
            self.save_state()
            apply_labelmap(*arguments, **settings)

        modifier.apply_labelmap = apply_and_remember

    def _take_masks(self) -> None:
        """Edit by the masks and the overwrite mode of the widget's own parameter node."""
        target = self.editor.editor_node
        target.SetOverwriteMode(self._node.GetOverwriteMode())
        target.SetMaskMode(self._node.GetMaskMode())
        target.SetMaskSegmentID(self._node.GetMaskSegmentID())
        target.SetSourceVolumeIntensityMask(self._node.GetSourceVolumeIntensityMask())
        target.SetSourceVolumeIntensityMaskRange(*self._node.GetSourceVolumeIntensityMaskRange())
