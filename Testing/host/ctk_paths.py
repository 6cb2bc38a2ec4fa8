"""CTK's widgets for files and folders."""

# Classes and methods bear CTK's own names.

from __future__ import annotations

import enum
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFileDialog, QPushButton, QToolButton, QWidget

from host.ctk_buttons import ctkComboBox
from host.ctk_numbers import row
from host.signals import emit
from host.standin import stand_in

HISTORY_LENGTH = 10


@stand_in
class ctkPathLineEdit(QWidget):
    """An editable path with a browse button; the paths used before are in its list."""

    class Filter(enum.IntFlag):
        Dirs = 0x001
        Files = 0x002
        Drives = 0x004
        NoSymLinks = 0x008
        AllEntries = 0x007
        TypeMask = 0x00F
        Readable = 0x010
        Writable = 0x020
        Executable = 0x040
        Hidden = 0x100
        System = 0x200
        AllDirs = 0x400
        CaseSensitive = 0x800
        NoDot = 0x2000
        NoDotDot = 0x4000
        NoDotAndDotDot = 0x6000

    _defaults = {"showHistoryButton": True}
    Dirs, Files, Drives, Readable, Writable = (
        Filter.Dirs,
        Filter.Files,
        Filter.Drives,
        Filter.Readable,
        Filter.Writable,
    )
    Executable, AllEntries = Filter.Executable, Filter.AllEntries

    def __init__(self, parent=None):
        super().__init__(parent)
        self._combo, self._button = ctkComboBox(), QToolButton()
        self._filters, self._known = self.Filter.AllEntries, ""
        self._combo.setEditable(True)
        self._button.setText("...")
        row(self, self._combo, self._button)
        self.layout().setStretch(0, 1)
        self.setFocusProxy(self._combo)
        self._combo.connect("editTextChanged(QString)", self._changed)
        self._button.connect("clicked()", self.browse)

    @property
    def currentPath(self):
        return self._combo.currentText

    @currentPath.setter
    def currentPath(self, value):
        self._combo.setEditText(value)

    @property
    def filters(self):
        return self._filters

    @filters.setter
    def filters(self, value):
        self._filters = self.Filter(int(value))

    @property
    def showBrowseButton(self):
        return not self._button.isHidden()

    @showBrowseButton.setter
    def showBrowseButton(self, value):
        self._button.visible = value

    def comboBox(self):
        return self._combo

    def browse(self):
        folders_only = not self._filters & self.Filter.Files
        if folders_only:
            path = QFileDialog.getExistingDirectory(self, "Select a directory", self.currentPath)
        else:
            path = QFileDialog.getOpenFileName(self, "Open a file", self.currentPath, ";;".join(self.nameFilters))
        if path:
            self.currentPath = path
            self.addCurrentPathToHistory()

    def addCurrentPathToHistory(self):
        if self.settingKey and self.currentPath:
            former = [path for path in _texts(QSettings().value(self.settingKey)) if path != self.currentPath]
            QSettings().setValue(self.settingKey, [self.currentPath, *former][:HISTORY_LENGTH])

    def retrieveHistory(self):
        shown, blocked = self.currentPath, self._combo.blockSignals(True)
        self._combo.clear()
        self._combo.addItems(_texts(QSettings().value(self.settingKey)))
        self._combo.setEditText(shown)
        self._combo.blockSignals(blocked)

    def _changed(self, path):
        was_valid, self._known = self._is_valid(self._known), path
        if self._is_valid(path) != was_valid:
            emit(self, "validInputChanged(bool)", not was_valid)
        emit(self, "currentPathChanged(QString)", path)

    def _is_valid(self, path):
        if not path:
            return False
        wants_file = bool(self._filters & self.Filter.Files)
        wants_folder = bool(self._filters & self.Filter.Dirs)
        return (wants_folder and Path(path).is_dir()) or (wants_file and Path(path).is_file())


@stand_in
class ctkDirectoryButton(QWidget):
    """A button that shows a folder and lets the user choose another."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._button, self._folder = QPushButton(), str(Path.cwd())
        row(self, self._button)
        self._button.setText(self._folder)
        self._button.connect("clicked()", self.browse)

    @property
    def directory(self):
        return self._folder

    @directory.setter
    def directory(self, value):
        # An empty path is the current folder, as QDir has it.
        value = str(Path(value).absolute())
        if value != self._folder:
            self._folder = value
            self._button.setText(value)
            emit(self, "directoryChanged(QString)", value)

    def browse(self):
        path = QFileDialog.getExistingDirectory(self, self.caption, self._folder)
        if path:
            self.directory = path
            emit(self, "directorySelected(QString)", self._folder)
        return path


def _texts(value):
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
