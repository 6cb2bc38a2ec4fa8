"""CTK's ranges: a lower and an upper number."""

# Classes and methods bear CTK's own names.

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from host.ctk_numbers import ctkDoubleSlider, row
from host.signals import emit
from host.standin import stand_in


class TwoNumbers:
    """A lower and an upper number within limits, with the signals that tell of changes."""

    def _start(self, low, high):
        self._limits, self._pair = (low, high), (low, high)

    def _set_limits(self, low, high):
        if (low, high) == self._limits:
            return
        self._limits = (low, high)
        self._show_limits()
        emit(self, "rangeChanged(double,double)", low, high)
        self.setValues(*self._pair)

    @property
    def minimum(self):
        return self._limits[0]

    @minimum.setter
    def minimum(self, value):
        self._set_limits(value, max(value, self._limits[1]))

    @property
    def maximum(self):
        return self._limits[1]

    @maximum.setter
    def maximum(self, value):
        self._set_limits(min(value, self._limits[0]), value)

    @property
    def minimumValue(self):
        return self._pair[0]

    @minimumValue.setter
    def minimumValue(self, value):
        self.setValues(value, max(value, self._pair[1]))

    @property
    def maximumValue(self):
        return self._pair[1]

    @maximumValue.setter
    def maximumValue(self, value):
        self.setValues(min(value, self._pair[0]), value)

    def setRange(self, low, high):
        self._set_limits(low, high)

    def setValues(self, low, high):
        low, high = (min(max(float(value), self._limits[0]), self._limits[1]) for value in (low, high))
        before, self._pair = self._pair, (low, max(low, high))
        self._show_values()
        for index, name in enumerate(("minimumValueChanged(double)", "maximumValueChanged(double)")):
            if self._pair[index] != before[index]:
                emit(self, name, self._pair[index])
        if self._pair != before:
            emit(self, "valuesChanged(double,double)", *self._pair)


@stand_in
class ctkRangeWidget(TwoNumbers, QWidget):
    """Two spin boxes for a range."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start(0.0, 99.0)
        self._boxes = (QDoubleSpinBox(), QDoubleSpinBox())
        row(self, *self._boxes)
        self._show_limits()
        self._show_values()
        self._boxes[0].connect("valueChanged(double)", lambda value: self.setValues(value, max(value, self._pair[1])))
        self._boxes[1].connect("valueChanged(double)", lambda value: self.setValues(min(value, self._pair[0]), value))

    @property
    def decimals(self):
        return self._boxes[0].decimals

    @decimals.setter
    def decimals(self, value):
        for box in self._boxes:
            box.decimals = value

    @property
    def singleStep(self):
        return self._boxes[0].singleStep

    @singleStep.setter
    def singleStep(self, value):
        for box in self._boxes:
            box.singleStep = value

    def setDecimals(self, value):
        self.decimals = value

    def reset(self):
        self.setValues(*self._limits)

    def _show_limits(self):
        for box in self._boxes:
            blocked = box.blockSignals(True)
            box.setRange(*self._limits)
            box.blockSignals(blocked)

    def _show_values(self):
        for box, value in zip(self._boxes, self._pair, strict=True):
            blocked = box.blockSignals(True)
            box.value = value
            box.blockSignals(blocked)


@stand_in
class ctkDoubleRangeSlider(TwoNumbers, QWidget):
    """Two handles for a range; here two sliders."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start(0.0, 99.0)
        self._sliders = (ctkDoubleSlider(), ctkDoubleSlider())
        row(self, *self._sliders)
        self._show_limits()
        self._show_values()
        self._sliders[0].connect("valueChanged(double)", lambda value: self.setValues(value, max(value, self._pair[1])))
        self._sliders[1].connect("valueChanged(double)", lambda value: self.setValues(min(value, self._pair[0]), value))

    @property
    def singleStep(self):
        return self._sliders[0].singleStep

    @singleStep.setter
    def singleStep(self, value):
        for slider in self._sliders:
            slider.singleStep = value

    def _show_limits(self):
        for slider in self._sliders:
            slider.minimum, slider.maximum = self._limits

    def _show_values(self):
        for slider, value in zip(self._sliders, self._pair, strict=True):
            blocked = slider.blockSignals(True)
            slider.value = value
            slider.blockSignals(blocked)
