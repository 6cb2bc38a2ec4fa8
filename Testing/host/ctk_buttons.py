"""CTK's variants of Qt's buttons, combo box, message box and text browser."""

# Classes and methods bear CTK's own names.

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QMessageBox, QPushButton, QTextBrowser

from host.signals import emit
from host.standin import stand_in

USER_DATA = Qt.ItemDataRole.UserRole


@stand_in
class ctkPushButton(QPushButton):
    """A push button whose text and icon can be aligned."""


@stand_in
class ctkCheckablePushButton(ctkPushButton):
    """A push button with a check box in it; here the button itself is checkable."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._state = Qt.CheckState.Unchecked

    @property
    def checkState(self):
        return self._state

    @checkState.setter
    def checkState(self, value):
        if value != self._state:
            self._state = value
            emit(self, "checkBoxToggled(bool)", value == Qt.CheckState.Checked)
            emit(self, "checkStateChanged(Qt::CheckState)", value)


@stand_in
class ctkCheckBox(QCheckBox):
    """A check box whose indicator can be an icon."""


@stand_in
class ctkComboBox(QComboBox):
    """A combo box with a default text."""

    @property
    def currentUserDataAsString(self):
        return str(self.itemData(self.currentIndex, USER_DATA) or "")

    @currentUserDataAsString.setter
    def currentUserDataAsString(self, value):
        self.setCurrentIndex(self.findData(value, USER_DATA))


@stand_in
class ctkColorPickerButton(QPushButton):
    """A button that shows a color and lets the user choose one."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._color, self._color_name = QColor(0, 0, 0), ""
        self._show()

    @property
    def color(self):
        return self._color

    @color.setter
    def color(self, value):
        value = QColor(value)
        if value != self._color:
            self._color = value
            self._show()
            emit(self, "colorChanged(QColor)", value)

    @property
    def colorName(self):
        return self._color_name

    @colorName.setter
    def colorName(self, value):
        if value != self._color_name:
            self._color_name = value
            emit(self, "colorNameChanged(QString)", value)

    def _show(self):
        pixmap = QPixmap(16, 16)
        pixmap.fill(self._color)
        self.setIcon(QIcon(pixmap))
        self.setText(self._color_name or self._color.name())


@stand_in
class ctkMessageBox(QMessageBox):
    """A message box that can be told not to show again."""

    @property
    def dontShowAgain(self):
        return bool(self.dontShowAgainSettingsKey) and _is_true(QSettings().value(self.dontShowAgainSettingsKey))

    @dontShowAgain.setter
    def dontShowAgain(self, value):
        if self.dontShowAgainSettingsKey:
            QSettings().setValue(self.dontShowAgainSettingsKey, value)


def _is_true(value):
    return str(value).lower() == "true"


@stand_in
class ctkFittedTextBrowser(QTextBrowser):
    """A text browser as high as its text."""
