"""What the Segment Editor's widget looks like: selectors, buttons, segments, effects, options, undo."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from host.qmrml_combo import qMRMLNodeComboBox
from host.segment_editor_drive import EFFECTS
from host.segment_editor_icons import effect_icon
from host.segment_editor_options import EffectOptions
from host.segment_editor_table import SegmentsTable

BUTTON_PX = 26


class Face:
    """The parts of the widget.

    Parameters
    ----------
    editor : qMRMLSegmentEditorWidget
        Gets the parts, and what the user does with them.
    """

    def __init__(self, editor):
        self._editor = editor
        self._parts, self._boxes = {}, {}
        column = QVBoxLayout(editor)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._selector("segmentation_row", "Segmentation:", "vtkMRMLSegmentationNode"))
        column.addWidget(self._selector("volume_row", "Source volume:", "vtkMRMLScalarVolumeNode"))
        column.addLayout(self._segment_buttons())
        self.table = SegmentsTable(editor.setCurrentSegmentID)
        self.table.setObjectName("SegmentsTable")
        column.addWidget(self.table)
        self._effects = QWidget()
        self._grid = QGridLayout(self._effects)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        self._buttons = {name: self._effect_button(name) for name in ("", *EFFECTS)}
        self.arrange_effects(editor.effectColumnCount)
        _keep_height(self._effects)
        column.addWidget(self._effects)
        column.addWidget(self._undo_row())
        self._options = EffectOptions(editor._apply)
        self._options.setObjectName("OptionsGroupBox")
        self._shown = None
        column.addWidget(self._options)
        column.addStretch(1)

    def part(self, name):
        """A part that can be shown and hidden."""
        return self._parts[name]

    def set_scene(self, scene):
        """Give the selectors their scene."""
        for name in ("segmentation_row", "volume_row"):
            box = self._boxes[name]
            with QSignalBlocker(box):
                box.setMRMLScene(scene)

    def arrange_effects(self, columns):
        """Lay the effects' buttons in a grid of so many columns."""
        for place, button in enumerate(self._buttons.values()):
            self._grid.addWidget(button, place // columns, place % columns)

    def show_state(self, editor):
        """Show segments, active effect and what can be done now."""
        segmentation, volume, effect = editor.segmentationNode(), editor.sourceVolumeNode(), editor.activeEffect()
        can_edit = segmentation is not None and not editor.readOnly
        self.table.show_segments(segmentation, editor.currentSegmentID(), editor.readOnly)
        for name, node in (("segmentation_row", segmentation), ("volume_row", volume)):
            with QSignalBlocker(self._boxes[name]):
                self._boxes[name].setCurrentNode(node)
        for name, button in self._buttons.items():
            button.setChecked(name == (effect.name if effect is not None else ""))
            button.setEnabled(can_edit and volume is not None and bool(editor.currentSegmentID()))
        self.add.setEnabled(can_edit)
        self.remove.setEnabled(can_edit and bool(editor.currentSegmentID()))
        history = editor._drive.history
        self.undo.setEnabled(bool(history.IsRestorePreviousStateAvailable()))
        self.redo.setEnabled(bool(history.IsRestoreNextStateAvailable()))
        self._show_options(editor, segmentation, volume, effect)

    def _show_options(self, editor, segmentation, volume, effect):
        """Build the options anew only for another effect: a slider must not vanish under the user's hand."""
        others = {}
        if segmentation is not None:
            parts = segmentation.GetSegmentation()
            ids = [each for each in parts.GetSegmentIDs() if each != editor.currentSegmentID()]
            others = {each: parts.GetSegment(each).GetName() for each in ids}
        shown = (effect.name if effect is not None else "", tuple(others.items()) if effect is not None else ())
        if shown == self._shown:
            return
        self._shown = shown
        low_high = (0.0, 0.0)
        if volume is not None and volume.GetImageData() is not None:
            low_high = volume.GetImageData().GetScalarRange()
        self._options.show_effect(effect, others, low_high)

    def _selector(self, part, label, node_type):
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        text = QLabel(label)
        text.setFixedWidth(100)
        box = qMRMLNodeComboBox()
        box.nodeTypes = [node_type]
        box.noneEnabled = True
        box.addEnabled = node_type == "vtkMRMLSegmentationNode"
        box.removeEnabled = False
        line.addWidget(text)
        line.addWidget(box, 1)
        choose = self._editor.setSegmentationNode if part == "segmentation_row" else self._editor.setSourceVolumeNode
        box.connect("currentNodeChanged(vtkMRMLNode*)", choose)
        _keep_height(row)
        self._parts[part] = row
        self._boxes[part] = box
        return row

    def _segment_buttons(self):
        line = QHBoxLayout()
        line.setSpacing(4)
        pair = QWidget()
        both = QHBoxLayout(pair)
        both.setContentsMargins(0, 0, 0, 0)
        self.add, self.remove = QPushButton("+ Add"), QPushButton("− Remove")
        for button, act in ((self.add, self._editor._add_segment), (self.remove, self._editor._remove_segment)):
            button.connect("clicked()", _call(act))
            both.addWidget(button)
        show_3d, switch = QPushButton("Show 3D"), QPushButton("Segmentations…")
        show_3d.setCheckable(True)
        show_3d.connect("toggled(bool)", self._editor._show_3d)
        for name, part in (("add_remove", pair), ("show_3d", show_3d), ("switch", switch)):
            self._parts[name] = part
            line.addWidget(part)
        line.addStretch(1)
        return line

    def _effect_button(self, name):
        button = QToolButton()
        button.setObjectName(name or "None")
        button.setText(name or "None")
        button.setCheckable(True)
        button.setIcon(effect_icon(name))
        button.setIconSize(QSize(18, 18))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFixedHeight(BUTTON_PX)
        button.connect("clicked()", _call(lambda: self._editor.setActiveEffectByName(name)))
        return button

    def _undo_row(self):
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addStretch(1)
        self.undo, self.redo = QToolButton(), QToolButton()
        for button, text, icon, act in (
            (self.undo, "Undo", QStyle.StandardPixmap.SP_ArrowBack, self._editor.undo),
            (self.redo, "Redo", QStyle.StandardPixmap.SP_ArrowForward, self._editor.redo),
        ):
            button.setObjectName(f"{text}Button")
            button.setText(text)
            button.setIcon(row.style().standardIcon(icon))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.connect("clicked()", _call(act))
            line.addWidget(button)
        _keep_height(row)
        self._parts["undo_row"] = row
        return row


def _keep_height(widget):
    widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


def _call(act):
    return lambda: act()
