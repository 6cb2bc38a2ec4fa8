"""CTK's numbers: spin box, slider, both together, and the range widgets."""

# Classes and methods bear CTK's own names.

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from host.signals import emit
from host.standin import stand_in


def of_part(part: str, name: str) -> property:
    """A property that is kept by an inner Qt widget."""
    return property(
        lambda self: getattr(vars(self)[part], name), lambda self, value: setattr(vars(self)[part], name, value)
    )


def row(widget, *parts) -> None:
    """Lay parts side by side, without margins."""
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)


@stand_in
class ctkDoubleSpinBox(QWidget):
    """A spin box for decimal numbers."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._box = QDoubleSpinBox()
        row(self, self._box)
        self.setFocusProxy(self._box)
        self._box.connect("valueChanged(double)", self._changed)
        self._box.connect("editingFinished()", lambda: emit(self, "editingFinished()"))

    alignment = of_part("_box", "alignment")
    cleanText = property(lambda self: self._box.cleanText)
    frame = of_part("_box", "frame")
    maximum = of_part("_box", "maximum")
    minimum = of_part("_box", "minimum")
    prefix = of_part("_box", "prefix")
    readOnly = of_part("_box", "readOnly")
    singleStep = of_part("_box", "singleStep")
    suffix = of_part("_box", "suffix")
    value = of_part("_box", "value")

    @property
    def decimals(self):
        return self._box.decimals

    @decimals.setter
    def decimals(self, value):
        if value != self._box.decimals:
            self._box.decimals = value
            emit(self, "decimalsChanged(int)", value)

    def _changed(self, value):
        emit(self, "valueChanged(double)", value)
        emit(self, "valueChanged(QString)", self._box.text)

    def stepUp(self):
        self._box.stepUp()

    def stepDown(self):
        self._box.stepDown()

    def setValueIfDifferent(self, value):
        self._box.value = value

    def setValueAlways(self, value):
        self._box.value = value

    def setDecimals(self, value):
        self.decimals = value


@stand_in
class ctkDoubleSlider(QWidget):
    """A slider for decimal numbers: an integer slider that counts steps."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._low, self._high, self._step, self._value, self._page = 0.0, 99.0, 1.0, 0.0, 10.0
        row(self, self._slider)
        self.setFocusProxy(self._slider)
        self._slider.connect("valueChanged(int)", self._moved)
        self._slider.connect("sliderMoved(int)", lambda place: emit(self, "sliderMoved(double)", self._at(place)))
        self._slider.connect("sliderPressed()", lambda: emit(self, "sliderPressed()"))
        self._slider.connect("sliderReleased()", lambda: emit(self, "sliderReleased()"))
        self._rescale()

    orientation = of_part("_slider", "orientation")
    invertedAppearance = of_part("_slider", "invertedAppearance")
    invertedControls = of_part("_slider", "invertedControls")
    tickPosition = of_part("_slider", "tickPosition")
    tracking = of_part("_slider", "tracking")

    @property
    def minimum(self):
        return self._low

    @minimum.setter
    def minimum(self, value):
        self._set_range(value, max(value, self._high))

    @property
    def maximum(self):
        return self._high

    @maximum.setter
    def maximum(self, value):
        self._set_range(min(self._low, value), value)

    @property
    def singleStep(self):
        return self._step

    @singleStep.setter
    def singleStep(self, value):
        self._step = value
        self._rescale()

    @property
    def pageStep(self):
        return self._page

    @pageStep.setter
    def pageStep(self, value):
        self._page = value
        self._rescale()

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        value = min(max(value, self._low), self._high)
        if value == self._value:
            return
        self._value = value
        self._follow()
        emit(self, "valueChanged(double)", value)

    @property
    def sliderPosition(self):
        return self._at(self._slider.sliderPosition)

    @sliderPosition.setter
    def sliderPosition(self, value):
        self._slider.sliderPosition = round((value - self._low) / self._step)

    def _set_range(self, low, high):
        if (low, high) == (self._low, self._high):
            return
        self._low, self._high = low, high
        self._rescale()
        emit(self, "rangeChanged(double,double)", low, high)
        self.value = self._value

    def _at(self, place):
        return min(self._low + place * self._step, self._high)

    def _rescale(self):
        blocked = self._slider.blockSignals(True)
        self._slider.setRange(0, max(1, round((self._high - self._low) / self._step)))
        self._slider.setPageStep(max(1, round(self._page / self._step)))
        self._slider.blockSignals(blocked)
        self._follow()

    def _follow(self):
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round((self._value - self._low) / self._step))
        self._slider.blockSignals(blocked)

    def _moved(self, place):
        self._value = self._at(place)
        emit(self, "valueChanged(double)", self._value)


@stand_in
class ctkSliderWidget(QWidget):
    """A slider beside a spin box."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider, self._box = ctkDoubleSlider(), QDoubleSpinBox()
        self._tracking, self._known, self._dragging = True, 0.0, False
        row(self, self._slider, self._box)
        self.layout().setStretch(0, 1)
        self._box.setRange(0.0, 99.0)
        self._slider.connect("valueChanged(double)", self._slid)
        self._slider.connect("sliderPressed()", lambda: self._drag(True))
        self._slider.connect("sliderReleased()", lambda: self._drag(False))
        self._box.connect("valueChanged(double)", self._take)

    invertedAppearance = of_part("_slider", "invertedAppearance")
    invertedControls = of_part("_slider", "invertedControls")
    pageStep = of_part("_slider", "pageStep")
    prefix = of_part("_box", "prefix")
    suffix = of_part("_box", "suffix")
    spinBoxAlignment = of_part("_box", "alignment")
    tickPosition = of_part("_slider", "tickPosition")

    @property
    def value(self):
        return self._known

    @value.setter
    def value(self, value):
        self._box.value = value

    @property
    def minimum(self):
        return self._box.minimum

    @minimum.setter
    def minimum(self, value):
        self._slider.minimum = value
        self._box.minimum = value

    @property
    def maximum(self):
        return self._box.maximum

    @maximum.setter
    def maximum(self, value):
        self._slider.maximum = value
        self._box.maximum = value

    @property
    def singleStep(self):
        return self._box.singleStep

    @singleStep.setter
    def singleStep(self, value):
        self._slider.singleStep = value
        self._box.singleStep = value

    @property
    def decimals(self):
        return self._box.decimals

    @decimals.setter
    def decimals(self, value):
        if value != self._box.decimals:
            self._box.decimals = value
            emit(self, "decimalsChanged(int)", value)

    @property
    def tracking(self):
        return self._tracking

    @tracking.setter
    def tracking(self, value):
        self._tracking = value

    @property
    def spinBoxVisible(self):
        return not self._box.isHidden()

    @spinBoxVisible.setter
    def spinBoxVisible(self, value):
        self._box.visible = value

    def setDecimals(self, value):
        self.decimals = value

    def reset(self):
        self.value = self.minimum

    def _slid(self, value):
        self._box.value = value

    def _drag(self, dragging):
        self._dragging = dragging
        if not dragging and not self._tracking:
            emit(self, "valueChanged(double)", self._known)

    def _take(self, value):
        if value == self._known:
            return
        self._known = value
        blocked = self._slider.blockSignals(True)
        self._slider.value = value
        self._slider.blockSignals(blocked)
        if self._dragging:
            emit(self, "valueIsChanging(double)", value)
        if self._tracking or not self._dragging:
            emit(self, "valueChanged(double)", value)
