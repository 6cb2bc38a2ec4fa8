"""CTK's boxes that fold: ctkCollapsibleButton and ctkCollapsibleGroupBox."""

# Classes bear CTK's own names.

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QGroupBox,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from host.signals import emit
from host.standin import stand_in

UNLIMITED_PX = 16777215
HEADER_MARGIN_PX = 8
ARROW_PX = 16


class Folding:
    """Hides the children of a widget and limits its height while it is folded."""

    def _start_folding(self):
        self._folded, self._height, self._shown_before = False, UNLIMITED_PX, set()

    def childEvent(self, event):
        super().childEvent(event)
        child = event.child()
        if event.type() == QEvent.Type.ChildAdded and isinstance(child, QWidget):
            child.installEventFilter(self)

    def eventFilter(self, watched, event):
        # A child that is shown while the box is folded appears when it is unfolded.
        if self._folded and event.type() == QEvent.Type.ShowToParent and watched.parent() is self:
            self._shown_before.add(watched)
            watched.hide()
        return super().eventFilter(watched, event)

    def _fold(self, folded: bool, collapsed_height_px: int):
        if folded == self._folded:
            return
        if folded:
            self._shown_before = {child for child in self._widgets() if not child.isHidden()}
            self._height = self.maximumHeight
            self.setMaximumHeight(collapsed_height_px)
        self._folded = folded
        for child in self._shown_before:
            child.setVisible(not folded)
        if not folded:
            self.setMaximumHeight(self._height)

    def _widgets(self):
        return [child for child in self.children() if isinstance(child, QWidget)]


@stand_in
class ctkCollapsibleButton(Folding, QAbstractButton):
    """A header that shows and hides what is below it; checked means unfolded."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start_folding()
        self._extra_px = 0
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContentsMargins(0, self._header_px(), 0, 0)
        self.setMinimumHeight(self._header_px())
        self.connect("toggled(bool)", self._follow)

    @property
    def collapsed(self):
        return not self.checked

    @collapsed.setter
    def collapsed(self, value):
        self.setChecked(not value)

    @property
    def collapsedHeight(self):
        return self._extra_px

    @collapsedHeight.setter
    def collapsedHeight(self, value):
        self._extra_px = value

    def _follow(self, checked):
        self._fold(not checked, self._header_px() + self._extra_px)
        self.update()
        emit(self, "contentsCollapsed(bool)", not checked)

    def _header_px(self):
        return self.fontMetrics().height() + HEADER_MARGIN_PX

    def hitButton(self, position):
        return QRect(0, 0, self.width, self._header_px()).contains(position)

    def paintEvent(self, _event):
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = QRect(0, 0, self.width, self._header_px())
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        arrows = QStyle.PrimitiveElement.PE_IndicatorArrowRight, QStyle.PrimitiveElement.PE_IndicatorArrowDown
        text_rect = option.rect.adjusted(ARROW_PX + 6, 0, -4, 0)
        option.rect = QRect(4, (self._header_px() - ARROW_PX) // 2, ARROW_PX, ARROW_PX)
        painter.drawPrimitive(arrows[self.checked], option)
        painter.drawItemText(text_rect, Qt.AlignmentFlag.AlignVCenter, self.palette, self.isEnabled(), self.text)


@stand_in
class ctkCollapsibleGroupBox(Folding, QGroupBox):
    """A group box that shows and hides what it holds; checked means unfolded."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._start_folding()
        self._extra_px = 14
        self.setCheckable(True)
        self.setChecked(True)
        self.connect("toggled(bool)", self._follow)

    @property
    def collapsed(self):
        return not self.checked

    @collapsed.setter
    def collapsed(self, value):
        self.setChecked(not value)

    @property
    def collapsedHeight(self):
        return self._extra_px

    @collapsedHeight.setter
    def collapsedHeight(self, value):
        self._extra_px = value

    def _follow(self, checked):
        self._fold(not checked, self.fontMetrics().height() + self._extra_px)
