"""Refuses what a .ui file asks for and Slicer's widgets do not have, naming file, widget and attribute."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QMetaProperty

from host.raw import qt_meta_object, static_member
from host.standin import TypedProperty

LAYOUT_MARGINS = {"margin", "leftMargin", "topMargin", "rightMargin", "bottomMargin"}
LAYOUT_SPACINGS = {"spacing", "horizontalSpacing", "verticalSpacing"}
SPACER_PROPERTIES = {"orientation", "sizeType", "sizeHint"}
# Which C++ types the kinds of value that Designer writes can fill.
FILLS = {
    "string": {"QString", "QByteArray", "QKeySequence", "QUrl", "QVariant"},
    "cstring": {"QString", "QByteArray"},
    "number": {"int", "uint", "double", "qlonglong"},
    "double": {"double", "float"},
    "bool": {"bool"},
    "stringlist": {"QStringList"},
    "size": {"QSize"},
    "sizef": {"QSizeF"},
    "rect": {"QRect"},
    "point": {"QPoint"},
    "font": {"QFont"},
    "color": {"QColor"},
    "palette": {"QPalette"},
    "sizepolicy": {"QSizePolicy"},
    "iconset": {"QIcon"},
    "pixmap": {"QPixmap"},
    "cursor": {"QCursor"},
    "cursorShape": {"QCursor"},
    "locale": {"QLocale"},
    "date": {"QDate"},
    "time": {"QTime"},
    "datetime": {"QDateTime"},
    "url": {"QUrl"},
    "char": {"QChar"},
    "brush": {"QBrush"},
}
QT_MODULES = (QtWidgets, QtGui, QtCore)


class UiError(RuntimeError):
    """A .ui file asks for something that Slicer does not have."""


def qt_class(name: str) -> type | None:
    """A class of Qt by name."""
    return next((getattr(module, name) for module in QT_MODULES if hasattr(module, name)), None)


def check_property(cls: type, item: Element, where: str) -> None:
    """Check that a class has the property of a ``<property>`` element, with the type and enumerator written there.

    Raises
    ------
    UiError
        Otherwise; the message begins with ``where``.
    """
    name, value = item.get("name"), next(iter(item))
    if item.get("stdset") == "0":
        return
    if isinstance(static_member(cls, name), TypedProperty):
        return
    index = qt_meta_object(cls).indexOfProperty(name)
    # QLabel's buddy is no property but known to the loader.
    if index < 0 and not (name == "buddy" and issubclass(cls, QtWidgets.QLabel)):
        raise UiError(f"{where} has no property '{name}'")
    if index >= 0:
        check_value(qt_meta_object(cls).property(index), value, where)


def check_value(meta: QMetaProperty, value: Element, where: str) -> None:
    """Check that a property can be written and takes a value of this kind."""
    name = meta.name()
    if not meta.isWritable():
        raise UiError(f"{where}: property '{name}' is not writable")
    if value.tag in {"enum", "set"}:
        _check_enumerators(meta, value, where)
    elif meta.typeName() not in FILLS.get(value.tag, ()) and not (meta.isEnumType() and value.tag == "number"):
        raise UiError(f"{where}: property '{name}' is of type {meta.typeName()} and takes no <{value.tag}>")


def _check_enumerators(meta, value, where):
    if not meta.isEnumType():
        raise UiError(f"{where}: property '{meta.name()}' is of type {meta.typeName()} and takes no <{value.tag}>")
    enumerator = meta.enumerator()
    keys = {enumerator.key(i) for i in range(enumerator.keyCount())}
    for written in (value.text or "").split("|"):
        if written.strip().rpartition("::")[2] not in keys:
            raise UiError(f"{where}: property '{meta.name()}' knows no '{written.strip()}'")


def check_layout_property(cls: type, item: Element, where: str) -> None:
    """The same for a layout, whose margins and spacings Designer writes as properties."""
    if item.get("name") not in LAYOUT_MARGINS | LAYOUT_SPACINGS:
        check_property(cls, item, where)


def check_spacer_property(item: Element, where: str) -> None:
    """The same for a spacer."""
    if item.get("name") not in SPACER_PROPERTIES:
        raise UiError(f"{where} has no property '{item.get('name')}'")
