"""Pictures of the main window and of single widgets, with every view up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from host.views import PaintedWidget

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QScrollArea, QWidget

WINDOW_SIZE = (1280, 800)


def window_screenshot(window: QWidget, path: Path, size: tuple[int, int] = WINDOW_SIZE) -> Path:
    """Save the whole window as PNG.

    Parameters
    ----------
    window : QWidget
        The main window.
    path : Path
        The file to write.
    size : tuple of int
        Width and height in pixels; the window keeps them.
    """
    window.resize(*size)
    settle(window)
    return _save(window.grab(), path)


def widget_screenshot(widget: QWidget, path: Path) -> Path:
    """Save one widget as PNG, as large as it is shown."""
    settle(widget)
    return _save(widget.grab(), path)


def panel_screenshot(area: QScrollArea, path: Path) -> Path:
    """Save a scrolled panel's whole content as PNG, also where it is taller than the window.

    The content is laid out at the width that the scroll area gives it, so it looks as it does when scrolled.
    """
    settle(area)
    content = area.widget()
    former = content.size
    height = max(content.sizeHint.height(), former.height())
    if content.layout() is not None and content.layout().hasHeightForWidth():
        height = max(content.layout().heightForWidth(former.width()), former.height())
    content.resize(QSize(former.width(), height))
    settle(content)
    picture = QPixmap(content.size)
    picture.fill(content.palette.window().color())
    content.render(picture, QPoint())
    content.resize(former)
    return _save(picture, path)


def settle(widget: QWidget) -> None:
    """Let layouts, repaints and deferred deletions of a widget finish, and draw its stale views."""
    for _turn in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    for view in _views_in(widget):
        if view.isVisible():
            view._render_now()
    QApplication.processEvents()


def _save(picture: QPixmap, path: Path) -> Path:
    if not picture.save(str(path), "PNG"):
        raise OSError(f"The picture of {picture.width()} × {picture.height()} pixels could not be written to {path}.")
    return path


def _views_in(widget: QWidget) -> list[PaintedWidget]:
    found = [widget] if isinstance(widget, PaintedWidget) else []
    for child in widget.children():
        found += _views_in(child)
    return found
