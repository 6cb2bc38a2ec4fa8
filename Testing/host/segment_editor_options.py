"""The options of the active effect: what can be set, and Apply where the effect works at one click."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from host.segment_editor_apply import APPLIED, ISLANDS, LOGICAL, SCISSORS, SMOOTHING

HELP = {
    "Threshold": "Fill the segment where the source volume lies within a range.",
    "Paint": "Paint in the slice views. Shift and mouse wheel change the size.",
    "Draw": "Draw an outline in a slice view; right-click to fill it.",
    "Erase": "Erase in the slice views. Shift and mouse wheel change the size.",
    "Smoothing": "Make the segment's boundary smoother.",
    "Scissors": "Cut the whole segment with a freehand outline in a view.",
    "Islands": "Work on the unconnected parts of the segment.",
    "Logical operators": "Combine the segment with another one.",
}
LARGEST_BRUSH_MM = 100


class EffectOptions(QGroupBox):
    """Options of one effect at a time.

    Parameters
    ----------
    apply : callable
        Called without arguments when the user clicks Apply.
    """

    def __init__(self, apply, parent=None):
        super().__init__(parent)
        self._apply, self._effect, self._segments, self._range = apply, None, {}, (0.0, 0.0)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(8, 4, 8, 6)
        self._form.setVerticalSpacing(4)
        self.hide()

    def show_effect(self, effect, other_segments, source_range):
        """Show the options of an effect; None hides them.

        Parameters
        ----------
        other_segments : dict
            Names by ID of the segments that are not edited.
        source_range : tuple of float
            Lowest and highest value of the source volume.
        """
        self._effect, self._segments, self._range = effect, other_segments, source_range
        while self._form.rowCount():
            self._form.removeRow(0)
        self.setVisible(effect is not None)
        if effect is None:
            return
        self.setTitle(effect.name)
        hint = QLabel(HELP[effect.name])
        hint.setWordWrap(True)
        self._form.addRow(hint)
        BUILDERS.get(effect.name, lambda options: None)(self)
        if effect.name in APPLIED:
            self._form.addRow(self._button("Apply", self._apply))

    def _button(self, text, act):
        button = QPushButton(text)
        button.setObjectName(f"{text}Button")
        button.connect("clicked()", lambda: act())
        return button

    def _brush(self):
        size = QWidget()
        line = QHBoxLayout(size)
        line.setContentsMargins(0, 0, 0, 0)
        slider, number = QSlider(Qt.Orientation.Horizontal), QSpinBox()
        for each in (slider, number):
            each.setRange(1, LARGEST_BRUSH_MM)
            each.setValue(self._effect.integerCommonParameter("BrushAbsoluteDiameter"))
            each.connect("valueChanged(int)", lambda value: self._set_size(slider, number, value))
            line.addWidget(each)
        slider.setObjectName("BrushDiameterSlider")
        number.setSuffix(" mm")
        self._form.addRow("Diameter:", size)
        sphere = QCheckBox("Sphere brush")
        sphere.setToolTip("Paint in neighboring slices, too")
        sphere.setChecked(bool(self._effect.integerCommonParameter("BrushSphere")))
        sphere.connect("toggled(bool)", lambda on: self._effect.setCommonParameter("BrushSphere", on))
        self._form.addRow(sphere)

    def _set_size(self, slider, number, value):
        for each in (slider, number):
            with QSignalBlocker(each):
                each.setValue(value)
        self._effect.setCommonParameter("BrushAbsoluteDiameter", value)

    def _threshold(self):
        low, high = self._range
        if not self._effect.parameter("MinimumThreshold") or self._effect.doubleParameter("MaximumThreshold") == 0.0:
            # Slicer starts with the upper two thirds of the values.
            self._effect.setParameter("MinimumThreshold", low + (high - low) / 3)
            self._effect.setParameter("MaximumThreshold", high)
        self._number("From:", "MinimumThreshold", self._range)
        self._number("To:", "MaximumThreshold", self._range)

    def _smoothing(self):
        self._choice("Method:", "SmoothingMethod", SMOOTHING)
        self._number("Kernel size:", "KernelSizeMm", (0.0, 100.0), " mm")

    def _islands(self):
        self._choice("Operation:", "Operation", ISLANDS)
        self._number("Minimum size:", "MinimumSize", (0, 1e6), " voxels", 0)

    def _scissors(self):
        self._choice("Operation:", "Operation", SCISSORS)

    def _logical(self):
        self._choice("Operation:", "Operation", LOGICAL)
        names = {segment_id: (name, None) for segment_id, name in self._segments.items()}
        if names and self._effect.parameter("ModifierSegmentID") not in names:
            self._effect.setParameter("ModifierSegmentID", next(iter(names)))
        self._choice("Segment:", "ModifierSegmentID", names)

    def _choice(self, label, name, offered):
        box = QComboBox()
        box.setObjectName(name)
        for value, (text, _mode) in offered.items():
            box.addItem(text, value)
        box.setCurrentIndex(box.findData(self._effect.parameter(name)))
        box.connect("currentIndexChanged(int)", lambda index: self._effect.setParameter(name, box.itemData(index)))
        self._form.addRow(label, box)

    def _number(self, label, name, low_high, suffix="", decimals=1):
        box = QDoubleSpinBox()
        box.setObjectName(name)
        box.setDecimals(decimals)
        box.setRange(*low_high)
        box.setSuffix(suffix)
        box.setValue(self._effect.doubleParameter(name))
        box.connect("valueChanged(double)", lambda value: self._effect.setParameter(name, value))
        self._form.addRow(label, box)


BUILDERS = {
    "Threshold": EffectOptions._threshold,
    "Paint": EffectOptions._brush,
    "Erase": EffectOptions._brush,
    "Smoothing": EffectOptions._smoothing,
    "Islands": EffectOptions._islands,
    "Scissors": EffectOptions._scissors,
    "Logical operators": EffectOptions._logical,
}
