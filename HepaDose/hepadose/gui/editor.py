"""The embedded Segment Editor: what it edits, who is told of an edit, and how long a person has edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from hepadose.gui.edit_clock import EditClock
from hepadose.mrml.automatic import start_kind

CLOCK_MS = 1000
UNDO_STATES = 20
EDIT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    # Undo and redo fire this one only.
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
)


class EditorBox:
    """Connects a Segment Editor widget with a segmentation node and a clock.

    Parameters
    ----------
    panel : Panel
        Whose own changes are no edits, and whose timing log gets the editing time.
    editor : slicer.qMRMLSegmentEditorWidget
    time_label : qt.QLabel
        Shows the editing time.
    tag : str
        Singleton tag of the module's own editor node.
    step : str
        Name of the editing step in the timing log.
    on_edited : callable
        Called after each change by the user.
    """

    def __init__(
        self, panel: Any, editor: Any, time_label: Any, *, tag: str, step: str, on_edited: Callable[[], None]
    ) -> None:
        self.widget, self._panel, self._label = editor, panel, time_label
        self._tag, self._on_edited = tag, on_edited
        self._observed: Any = None
        self.clock = EditClock(step)
        self._timer = qt.QTimer()
        self._timer.setInterval(CLOCK_MS)
        self._timer.connect("timeout()", self.show_clock)
        editor.segmentationNodeSelectorVisible = False
        editor.sourceVolumeNodeSelectorVisible = False
        editor.switchToSegmentationsButtonVisible = False
        editor.maximumNumberOfUndoStates = UNDO_STATES
        editor.setMRMLScene(slicer.mrmlScene)
        editor.setMRMLSegmentEditorNode(editor_node(tag))

    def edit(self, segmentation: Any, volume: Any) -> None:
        """Edit a segmentation on a volume; None for neither. Nothing happens where both are edited already."""
        self._observe(segmentation)
        node = editor_node(self._tag)
        # Closing or loading a scene replaces the node.
        if self.widget.mrmlSegmentEditorNode() is not node:
            self.widget.setMRMLSegmentEditorNode(node)
        if self.widget.segmentationNode() is not segmentation:
            self.widget.setSegmentationNode(segmentation)
        if self.widget.sourceVolumeNode() is not volume:
            self.widget.setSourceVolumeNode(volume)

    def enter(self) -> None:
        """The panel is shown: the editor's keys work."""
        self.widget.installKeyboardShortcuts()
        self._timer.start()

    def exit(self) -> None:
        """The panel is left: no effect stays active, the clock stops until the next edit, wherever that is made."""
        self.widget.setActiveEffectByName("")
        self.widget.uninstallKeyboardShortcuts()
        self._timer.stop()
        self.clock.stop()

    def let_go(self) -> None:
        """Let go of the nodes: the scene is being closed."""
        self._observe(None)
        self.widget.setActiveEffectByName("")
        self.widget.setSegmentationNode(None)

    def show_clock(self) -> None:
        """Show the editing time so far."""
        self._label.text = self.clock.text() or _("Not edited by hand.")

    def _observe(self, segmentation: Any) -> None:
        if segmentation is self._observed:
            return
        if self._observed is not None:
            for event in EDIT_EVENTS:
                self._panel.removeObserver(self._observed, event, self._edited)
        self._observed = segmentation
        if segmentation is not None:
            for event in EDIT_EVENTS:
                self._panel.addObserver(segmentation, event, self._edited)

    def _edited(self, _caller: Any, _event: Any) -> None:
        if self._panel.changing:
            return
        effect = self.widget.activeEffect()
        tool = "" if effect is None else effect.name
        start = ""
        if not self.clock.running and self._observed is not None:
            start = start_kind(self._observed, self.widget.currentSegmentID())
        self.clock.note_activity(self._panel.log, tool, start)
        self._on_edited()


def editor_node(tag: str) -> Any:
    """The Segment Editor's parameter node of a module; the scene keeps one by its singleton tag."""
    node = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(tag)
        # By default painting would cut one segment out of the other.
        node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteNone)
        node = slicer.mrmlScene.AddNode(node)
    return node
