"""The Segment Editor's widget, which drives the real effects of trame-slicer in the views."""

# Classes, arguments and signals bear Slicer's own names.

from __future__ import annotations

from PySide6.QtGui import QKeySequence, QShortcut
from slicer import vtkMRMLScene, vtkMRMLSegmentEditorNode, vtkSegmentation
from vtkmodules.vtkCommonCore import vtkCommand

from host import segment_editor_apply
from host.qmrml_widgets import qMRMLWidget
from host.segment_editor_drive import EFFECTS, MISSING_EFFECTS, EditorDrive, prepare
from host.segment_editor_effect import Effect
from host.segment_editor_face import Face
from host.signals import emit
from host.standin import stand_in, stored
from host.views_follow import Follower

SEGMENT_EVENTS = (
    vtkSegmentation.SegmentAdded,
    vtkSegmentation.SegmentRemoved,
    vtkSegmentation.SegmentModified,
    vtkCommand.ModifiedEvent,
)
# Properties that show or hide a part of the widget, and the part.
SHOWN_PARTS = {
    "segmentationNodeSelectorVisible": "segmentation_row",
    "sourceVolumeNodeSelectorVisible": "volume_row",
    "addRemoveSegmentButtonsVisible": "add_remove",
    "show3DButtonVisible": "show_3d",
    "switchToSegmentationsButtonVisible": "switch",
    "undoEnabled": "undo_row",
}

_applications = []


def provide(slicer_app):
    """Let editors made from now on work on this application's scene and views."""
    prepare(slicer_app)
    _applications[:] = [slicer_app]


def _shown(name):
    def read(self):
        return stored(self).get(name, True)

    def write(self, value):
        stored(self)[name] = value
        self._face.part(SHOWN_PARTS[name]).setVisible(value)

    return property(read, write)


@stand_in
class qMRMLSegmentEditorWidget(qMRMLWidget):
    """Segments, effects and their options; the state is in a vtkMRMLSegmentEditorNode."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._drive = EditorDrive(_applications[0])
        self._node, self._shortcuts, self._last_effect, self._told = None, [], "Paint", {}
        self._face = Face(self)
        self._followed_node = Follower(self._follow).until_destroyed(self)
        self._followed_segments = Follower(self._show).until_destroyed(self)
        self._followed_closing = Follower(self._scene_closing).until_destroyed(self)
        self._followed_batches = Follower(self._follow).until_destroyed(self)
        self.maximumNumberOfUndoStates = 10
        self._show()

    segmentationNodeSelectorVisible = _shown("segmentationNodeSelectorVisible")
    sourceVolumeNodeSelectorVisible = _shown("sourceVolumeNodeSelectorVisible")
    addRemoveSegmentButtonsVisible = _shown("addRemoveSegmentButtonsVisible")
    show3DButtonVisible = _shown("show3DButtonVisible")
    switchToSegmentationsButtonVisible = _shown("switchToSegmentationsButtonVisible")
    undoEnabled = _shown("undoEnabled")

    @property
    def maximumNumberOfUndoStates(self):
        return self._drive.history.GetMaximumNumberOfStates()

    @maximumNumberOfUndoStates.setter
    def maximumNumberOfUndoStates(self, value):
        self._drive.history.SetMaximumNumberOfStates(value)

    @property
    def readOnly(self):
        return stored(self).get("readOnly", False)

    @readOnly.setter
    def readOnly(self, value):
        stored(self)["readOnly"] = value
        self._show()

    @property
    def effectColumnCount(self):
        return stored(self).get("effectColumnCount", 2)

    @effectColumnCount.setter
    def effectColumnCount(self, value):
        stored(self)["effectColumnCount"] = value
        self._face.arrange_effects(value)

    def setMRMLScene(self, newScene):
        super().setMRMLScene(newScene)
        self._face.set_scene(newScene)
        self._followed_closing.follow([newScene], vtkMRMLScene.StartCloseEvent)
        self._followed_batches.follow([newScene], vtkMRMLScene.EndBatchProcessEvent)

    def mrmlSegmentEditorNode(self):
        return self._node

    def setMRMLSegmentEditorNode(self, newSegmentEditorNode):
        if newSegmentEditorNode is self._node:
            return
        self.setActiveEffectByName("")
        self._node = newSegmentEditorNode
        events = (vtkCommand.ModifiedEvent, vtkMRMLSegmentEditorNode.EffectParameterModified)
        self._followed_node.follow([newSegmentEditorNode], *events)
        self.updateWidgetFromMRML()

    def segmentationNode(self):
        return self._node.GetSegmentationNode() if self._node is not None else None

    def segmentationNodeID(self):
        return _id_of(self.segmentationNode())

    def setSegmentationNode(self, node):
        if self._node is None or node is self.segmentationNode():
            return
        self.setActiveEffectByName("")
        self._node.SetAndObserveSegmentationNode(node)
        if node is not None:
            node.CreateDefaultDisplayNodes()
            if self.sourceVolumeNode() is None:
                self.setSourceVolumeNode(node.GetNodeReference(type(node).GetReferenceImageGeometryReferenceRole()))
        ids = () if node is None else node.GetSegmentation().GetSegmentIDs()
        self._node.SetSelectedSegmentID(ids[0] if ids else "")
        self.updateWidgetFromMRML()

    def setSegmentationNodeID(self, nodeID):
        self.setSegmentationNode(self._scene.GetNodeByID(nodeID) if nodeID else None)

    def sourceVolumeNode(self):
        return self._node.GetSourceVolumeNode() if self._node is not None else None

    def sourceVolumeNodeID(self):
        return _id_of(self.sourceVolumeNode())

    def setSourceVolumeNode(self, node):
        if self._node is not None and node is not self.sourceVolumeNode():
            self._node.SetAndObserveSourceVolumeNode(node)
            self.updateWidgetFromMRML()

    def setSourceVolumeNodeID(self, nodeID):
        self.setSourceVolumeNode(self._scene.GetNodeByID(nodeID) if nodeID else None)

    def currentSegmentID(self):
        return (self._node.GetSelectedSegmentID() or "") if self._node is not None else ""

    def setCurrentSegmentID(self, segmentID):
        if self._node is not None and segmentID != self.currentSegmentID():
            self._node.SetSelectedSegmentID(segmentID)
            self.updateWidgetFromMRML()

    def activeEffect(self):
        name = self._node.GetActiveEffectName() if self._node is not None else ""
        return self.effectByName(name) if name in EFFECTS else None

    def setActiveEffect(self, effect):
        self.setActiveEffectByName(effect.name if effect is not None else "")

    def setActiveEffectByName(self, effectName):
        """Activate an effect; the empty name and "None" activate none.

        Raises
        ------
        ValueError
            If Slicer has no such effect.
        NotImplementedError
            If Slicer has it but this stand-in does not drive it.
        """
        name = "" if effectName == "None" else effectName
        if name in MISSING_EFFECTS:
            raise NotImplementedError(f"{name}: the stand-in of Slicer does not drive this effect.")
        if name and name not in EFFECTS:
            raise ValueError(f"The Segment Editor has no effect {name!r}; it has {', '.join(EFFECTS)}.")
        if self._node is not None and name != (self._node.GetActiveEffectName() or ""):
            self._node.SetActiveEffectName(name)
            self.updateWidgetFromMRML()

    def effectByName(self, name):
        return Effect(name, self._node) if name in EFFECTS and self._node is not None else None

    def availableEffectNames(self):
        return tuple(EFFECTS)

    def effectCount(self):
        return len(EFFECTS)

    def effectByIndex(self, index):
        return self.effectByName(tuple(EFFECTS)[index])

    def saveStateForUndo(self):
        self._drive.save_state()

    def undo(self):
        if self.undoEnabled:
            self._drive.undo()
            self._show()

    def redo(self):
        if self.undoEnabled:
            self._drive.redo()
            self._show()

    def selectPreviousSegment(self):
        self.selectSegmentAtOffset(-1)

    def selectNextSegment(self):
        self.selectSegmentAtOffset(1)

    def selectSegmentAtOffset(self, offset):
        ids = self._segment_ids()
        if ids:
            place = ids.index(self.currentSegmentID()) if self.currentSegmentID() in ids else 0
            self.setCurrentSegmentID(ids[min(max(place + offset, 0), len(ids) - 1)])

    def installKeyboardShortcuts(self, parent=None):
        """Undo, redo, the last effect (space) and effects by number, in a window: the given one or this widget's."""
        self.uninstallKeyboardShortcuts()
        target = parent if parent is not None else self.window()
        keys = {"Ctrl+Z": self.undo, "Ctrl+Y": self.redo, "Space": self._toggle_effect, "0": self._no_effect}
        for number, name in enumerate(EFFECTS, start=1):
            keys[str(number)] = lambda name=name: self.setActiveEffectByName(name)
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), target)
            shortcut.connect("activated()", _without_arguments(act))
            self._shortcuts.append(shortcut)

    def uninstallKeyboardShortcuts(self):
        for shortcut in self._shortcuts:
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = []

    def updateWidgetFromMRML(self):
        """Take over what the parameter node says; while the scene loads or closes, only once that is done."""
        if self._scene is not None and self._scene.IsBatchProcessing():
            return
        self._drive.edit(self._node, self.segmentationNode(), self.sourceVolumeNode())
        self._drive.choose_segment(self.currentSegmentID())
        self._follow_segments()
        effect = self.activeEffect()
        self._drive.activate(effect.name if effect is not None and not self.readOnly else "")
        if effect is not None:
            self._last_effect = effect.name
            segment_editor_apply.take_over(self._drive, effect)
        self._show()
        self._tell_changes()

    def _follow(self):
        self.updateWidgetFromMRML()

    def _follow_segments(self):
        node = self.segmentationNode()
        parts = () if node is None else (node.GetSegmentation(), node.GetDisplayNode())
        self._followed_segments.follow(parts, *SEGMENT_EVENTS)

    def _show(self):
        self._face.show_state(self)

    def _tell_changes(self):
        """Emit the signals of what differs from the last time."""
        for signal, value in (
            ("segmentationNodeChanged(vtkMRMLSegmentationNode*)", self.segmentationNode()),
            ("sourceVolumeNodeChanged(vtkMRMLVolumeNode*)", self.sourceVolumeNode()),
            ("currentSegmentIDChanged(QString)", self.currentSegmentID()),
        ):
            if self._told.get(signal) != value and not (value == "" and signal not in self._told):
                self._told[signal] = value
                emit(self, signal, value)

    def _scene_closing(self):
        """Let go of the nodes before they go."""
        self._drive.activate("")
        self._drive.release()
        self.setMRMLSegmentEditorNode(None)

    def _segment_ids(self):
        node = self.segmentationNode()
        return () if node is None else node.GetSegmentation().GetSegmentIDs()

    def _apply(self):
        segment_editor_apply.apply(self._drive, self.activeEffect())

    def _toggle_effect(self):
        self.setActiveEffectByName("" if self.activeEffect() is not None else self._last_effect)

    def _no_effect(self):
        self.setActiveEffectByName("")

    def _add_segment(self):
        self._drive.save_state()
        self.setCurrentSegmentID(self.segmentationNode().GetSegmentation().AddEmptySegment())

    def _remove_segment(self):
        self._drive.save_state()
        gone, ids = self.currentSegmentID(), self._segment_ids()
        rest = [each for each in ids if each != gone]
        self.segmentationNode().GetSegmentation().RemoveSegment(gone)
        self.setCurrentSegmentID(rest[min(ids.index(gone), len(rest) - 1)] if rest else "")

    def _show_3d(self, on):
        node = self.segmentationNode()
        if node is not None and on:
            node.CreateClosedSurfaceRepresentation()
        elif node is not None:
            node.RemoveClosedSurfaceRepresentation()


def _without_arguments(act):
    return lambda: act()


def _id_of(node):
    return node.GetID() if node is not None else ""
