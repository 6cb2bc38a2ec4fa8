"""Loads .ui files as Slicer does, with CTK's and Slicer's classes, and refuses what those classes do not have."""

from __future__ import annotations

import enum
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QFrame, QWidget

from host.classes import application_class
from host.raw import static_member
from host.standin import TypedProperty
from host.ui_checks import (
    UiError,
    check_layout_property,
    check_property,
    check_spacer_property,
    qt_class,
)


class StrictUiLoader(QUiLoader):
    """What ``qt.QUiLoader`` is in the stand-in of Slicer."""

    def load(self, device, parent=None):
        """The widget of a .ui file.

        Raises
        ------
        UiError
            If the file asks for a class, property, value, signal or slot that does not exist in Slicer.
        """
        file = Path(device.fileName()).name
        tree = ElementTree.fromstring(bytes(device.readAll().data()))
        declared = {item.findtext("class"): item.findtext("extends") for item in tree.iter("customwidget")}
        ours = _Check(file, declared).run(tree)
        connections = _take_connections(tree)
        widget = self._load(tree, parent)
        widgets = {item.objectName: item for item in [widget, *widget.findChildren("QWidget")]}
        for name, item, where in ours:
            _set(widgets[name], item, where)
        for connection in connections:
            _connect(widgets, connection, file)
        return widget

    def _load(self, tree, parent):
        buffer = QBuffer()
        buffer.setData(QByteArray(ElementTree.tostring(tree)))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        widget = super().load(buffer, parent)
        if widget is None:
            raise UiError(self.errorString())
        return widget

    def createWidget(self, class_name, parent=None, name=""):
        ours = application_class(class_name)
        if ours is None:
            return super().createWidget(class_name, parent, name)
        widget = ours(parent)
        widget.setObjectName(name)
        return widget


class _Check:
    """One walk through a file; takes out the properties that Qt's own loader cannot set."""

    def __init__(self, file, declared):
        self.file, self.declared, self.ours = file, declared, []

    def run(self, tree):
        for child in tree:
            if child.tag == "widget":
                self._widget(child)
        return self.ours

    def _widget(self, element):
        where = f"{self.file}: widget '{element.get('name')}' ({element.get('class')})"
        cls = self._class(element.get("class"), where)
        for item in element.findall("property"):
            check_property(cls, item, where)
            if isinstance(static_member(cls, item.get("name")), TypedProperty) and item.get("stdset") != "0":
                element.remove(item)
                self.ours.append((element.get("name"), item, where))
        for child in element:
            self._inside(child)

    def _inside(self, element):
        if element.tag == "widget":
            self._widget(element)
        elif element.tag == "layout":
            self._layout(element)
        elif element.tag == "spacer":
            for item in element.findall("property"):
                check_spacer_property(item, f"{self.file}: spacer '{element.get('name')}'")

    def _layout(self, element):
        where = f"{self.file}: layout '{element.get('name')}' ({element.get('class')})"
        cls = qt_class(element.get("class"))
        if cls is None:
            raise UiError(f"{where}: Qt has no such class")
        for item in element.findall("property"):
            check_layout_property(cls, item, where)
        for item in element.findall("item"):
            for child in item:
                self._inside(child)

    def _class(self, name, where):
        if name == "Line":
            return QFrame
        ours = application_class(name)
        if ours is not None:
            if name not in self.declared:
                raise UiError(f"{where}: the class is not declared among the custom widgets")
            return ours
        found = qt_class(name)
        if found is None or not issubclass(found, QWidget):
            raise UiError(f"{where}: neither Qt nor CTK nor Slicer has a widget class of this name")
        return found


def _take_connections(tree):
    found = []
    for group in tree.findall("connections"):
        found += [{part.tag: part.text for part in item} for item in group.findall("connection")]
        tree.remove(group)
    return found


def _connect(widgets, connection, file):
    where = f"{file}: connection {connection['sender']}.{connection['signal']} to {connection['receiver']}"
    for end in ("sender", "receiver"):
        if connection[end] not in widgets:
            raise UiError(f"{where}: there is no widget '{connection[end]}'")
    sender, receiver = widgets[connection["sender"]], widgets[connection["receiver"]]
    try:
        sender.connect(connection["signal"], receiver, connection["slot"])
    except ValueError as problem:
        raise UiError(f"{where}: {problem}") from None


def _set(widget, item: Element, where):
    try:
        setattr(widget, item.get("name"), _value(widget, next(iter(item)), where))
    except AttributeError as problem:
        raise UiError(f"{where}: {problem}") from None


def _value(widget, value: Element, where):
    text = value.text or ""
    if value.tag in {"enum", "set"}:
        return _enumerators(widget, text, where)
    readers = {
        "string": str,
        "cstring": str,
        "bool": lambda written: written == "true",
        "number": int,
        "double": float,
    }
    if value.tag in readers:
        return readers[value.tag](text)
    if value.tag == "stringlist":
        return [item.text or "" for item in value]
    if value.tag == "color":
        return QColor(*(int(value.findtext(part)) for part in ("red", "green", "blue")))
    raise UiError(f"{where}: the stand-in of Slicer cannot read <{value.tag}> for a property of this class")


def _enumerators(widget, text, where):
    found = [_enumerator(widget, part.strip(), where) for part in text.split("|") if part.strip()]
    total = found[0] if found else 0
    for item in found[1:]:
        total |= item
    return total


def _enumerator(widget, written, where):
    scope, _, key = written.rpartition("::")
    owner = scope.partition("::")[0]
    cls = type(widget) if owner == type(widget).__name__ else application_class(owner) or qt_class(owner)
    found = getattr(cls, key, None)
    if not isinstance(found, enum.Enum):
        raise UiError(f"{where}: there is no enumerator '{written}'")
    return found
