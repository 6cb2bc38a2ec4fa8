"""The main window: module panel on the left, views on the right, status bar below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from host.layout import qSlicerLayoutManager
from host.segment_editor import provide

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH_PX, HEIGHT_PX = 1280, 800
PANEL_WIDTH_PX = 500


@dataclass(frozen=True, eq=False)
class HostWindow:
    """What the application needs of its main window.

    Attributes
    ----------
    window : QMainWindow
        The window itself; its object name is Slicer's, by which ``slicer.util.mainWindow()`` finds it.
    layout_manager : qSlicerLayoutManager
        Becomes ``slicer.app.layoutManager()``.
    """

    window: QMainWindow
    layout_manager: qSlicerLayoutManager
    panel: QScrollArea
    selector: QComboBox

    def show_panel(self, title: str, content: QWidget | None) -> None:
        """Show a module's panel and name; None leaves the panel empty. The former panel is hidden, not deleted."""
        former = self.panel.takeWidget()
        if former is not None:
            former.setParent(None)
        self.selector.setCurrentIndex(self.selector.findText(title))
        if content is not None:
            self.panel.setWidget(content)
            content.show()

    def offer_modules(self, titles: dict[str, str], select: Callable[[str], Any]) -> None:
        """Fill the module selector.

        Parameters
        ----------
        titles : dict
            Title shown in the selector by module name.
        select : callable
            Called with the module's name when the user picks it.
        """
        self.selector.clear()
        for name, title in titles.items():
            self.selector.addItem(title, name)
        self.selector.setCurrentIndex(-1)
        self.selector.activated.connect(lambda index: select(self.selector.itemData(index)))


def build(application: Any) -> HostWindow:
    """Make and show the main window of a host application.

    Parameters
    ----------
    application : HostApplication
        Its ``slicer_app`` has the scene and the logic.
    """
    provide(application.slicer_app)
    window = QMainWindow()
    window.setObjectName("qSlicerMainWindow")
    window.setWindowTitle("3D Slicer")
    views = QFrame()
    window.setCentralWidget(views)
    panel, selector = _add_panel(window)
    window.statusBar().showMessage("")
    window.statusBar().setFixedHeight(22)
    window.resize(WIDTH_PX, HEIGHT_PX)
    window.show()
    return HostWindow(window, qSlicerLayoutManager(application.slicer_app, views), panel, selector)


def _add_panel(window: QMainWindow) -> tuple[QScrollArea, QComboBox]:
    dock = QDockWidget()
    dock.setObjectName("PanelDockWidget")
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setTitleBarWidget(QWidget())
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(4, 4, 0, 0)
    column.setSpacing(4)
    selector = _add_selector(column)
    area = QScrollArea()
    area.setObjectName("ModulePanel")
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    column.addWidget(area, 1)
    dock.setWidget(content)
    dock.setFixedWidth(PANEL_WIDTH_PX)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    return area, selector


def _add_selector(column: QVBoxLayout) -> QComboBox:
    row = QHBoxLayout()
    row.addWidget(QLabel("Modules:"))
    selector = QComboBox()
    selector.setObjectName("ModulesComboBox")
    row.addWidget(selector, 1)
    column.addLayout(row)
    return selector
