"""A user's hand: clicks and keys on real widgets, never a method of the panel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit


class Hand:
    """Works on the widgets of one panel.

    Parameters
    ----------
    application : host.HostApplication
        Runs the event loop.
    ui : namespace of widgets
        The panel's.
    """

    def __init__(self, application, ui) -> None:
        self.application, self.ui = application, ui

    def click(self, name: str) -> None:
        """Click a button; it must be there to be clicked, so a disabled one fails with the reason in its tooltip."""
        button = getattr(self.ui, name)
        self._reveal(button)
        assert button.isEnabled(), f"{name} is disabled: {button.toolTip}"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.application.process_events()

    def type_path(self, name: str, path) -> None:
        """Type a path into a path edit and press Enter."""
        edit = getattr(self.ui, name).findChild(QLineEdit) or getattr(self.ui, name)
        self.type_text(edit, str(path))

    def type_text(self, edit, text: str) -> None:
        """Replace the text of a line edit or spin box by keys."""
        self._reveal(edit)
        edit.setFocus()
        edit.selectAll()
        QTest.keyClicks(edit, text)
        QTest.keyClick(edit, Qt.Key.Key_Return)
        self.application.process_events()

    def choose(self, name: str, text: str) -> None:
        """Choose an entry of a combo box with the keyboard."""
        box = getattr(self.ui, name)
        self._reveal(box)
        assert box.isEnabled(), f"{name} is disabled"
        box.setFocus()
        index = box.findText(text)
        assert index >= 0, f"{name} offers {[box.itemText(place) for place in range(box.count)]}, not {text!r}"
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _step in range(index):
            QTest.keyClick(box, Qt.Key.Key_Down)
        self.application.process_events()
        assert box.currentText == text

    def check(self, name: str, wanted: bool) -> None:
        """Click a check box's mark where it is not as wanted (the space bar belongs to the Segment Editor)."""
        box = getattr(self.ui, name)
        if box.checked != wanted:
            self._reveal(box)
            QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height // 2))
        self.application.process_events()
        assert box.checked == wanted

    def stroke(self, view, points) -> None:
        """Press, drag and release the left button in a view, at points in its own pixels."""
        first, *rest = [QPoint(*point) for point in points]
        QTest.mouseMove(view, first)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
        for point in rest:
            QTest.mouseMove(view, point)
            self.application.process_events()
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=(rest or [first])[-1])
        self.application.process_events()

    def _reveal(self, widget) -> None:
        """Open the sections around a widget, as a user would who looks for it."""
        parent = widget.parentWidget()
        while parent is not None:
            if getattr(parent, "collapsed", False):
                parent.collapsed = False
            parent = parent.parentWidget()
        self.application.process_events()


def view_point(view_name, ras):
    """Where a point of the patient is in a slice view, in the widget's own pixels."""
    import slicer
    import vtk

    widget = slicer.app.layoutManager().sliceWidget(view_name)
    to_view = vtk.vtkMatrix4x4()
    to_view.DeepCopy(widget.mrmlSliceNode().GetXYToRAS())
    to_view.Invert()
    x, y, _depth, _one = to_view.MultiplyPoint((*ras, 1.0))
    return widget.sliceView(), int(x), widget.sliceView().height - int(y)
