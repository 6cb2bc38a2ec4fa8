"""Mouse, wheel and key events of a Qt widget, passed on to a view's VTK interactor."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt

PRESS = {
    Qt.MouseButton.LeftButton: "LeftButtonPressEvent",
    Qt.MouseButton.MiddleButton: "MiddleButtonPressEvent",
    Qt.MouseButton.RightButton: "RightButtonPressEvent",
}
RELEASE = {button: name.replace("Press", "Release") for button, name in PRESS.items()}
DOUBLE_CLICK = {button: name.replace("Press", "DoubleClick") for button, name in PRESS.items()}
# VTK names keys as X does; letters and digits are their own names.
KEY_NAMES = {
    Qt.Key.Key_Shift: "Shift_L",
    Qt.Key.Key_Control: "Control_L",
    Qt.Key.Key_Alt: "Alt_L",
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Enter: "KP_Enter",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Backspace: "BackSpace",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_PageUp: "Prior",
    Qt.Key.Key_PageDown: "Next",
    Qt.Key.Key_Space: "space",
}


class EventBridge(QObject):
    """Event filter on the widget that shows a view.

    Parameters
    ----------
    widget : QWidget
        The widget; its top left pixel is the view's top left pixel.
    interactor : vtkRenderWindowInteractor
        Gets the events, with y counted from the bottom as VTK does.
    """

    def __init__(self, widget, interactor):
        super().__init__(widget)
        self._interactor = interactor
        self._senders = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.MouseButtonDblClick: self._double_click,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.Wheel: self._wheel,
            QEvent.Type.Enter: self._enter,
            QEvent.Type.Leave: self._leave,
            QEvent.Type.KeyPress: self._key_press,
            QEvent.Type.KeyRelease: self._key_release,
        }
        widget.setMouseTracking(True)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, _widget, event):
        sender = self._senders.get(event.type())
        # A key that means nothing to a view, such as a shortcut of the editor, goes on to the window.
        return bool(sender and sender(event))

    def _place(self, position, modifiers, key="\0", key_name=None):
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        self._interactor.SetEventInformationFlipY(
            int(position.x()), int(position.y()), control, shift, key, 0, key_name
        )
        self._interactor.SetAltKey(bool(modifiers & Qt.KeyboardModifier.AltModifier))

    def _send(self, event, name):
        self._place(event.position(), event.modifiers())
        self._interactor.InvokeEvent(name)
        return True

    def _press(self, event):
        return self._send(event, PRESS.get(event.button(), "MouseMoveEvent"))

    def _release(self, event):
        return self._send(event, RELEASE.get(event.button(), "MouseMoveEvent"))

    def _double_click(self, event):
        return self._send(event, DOUBLE_CLICK.get(event.button(), "MouseMoveEvent"))

    def _move(self, event):
        return self._send(event, "MouseMoveEvent")

    def _wheel(self, event):
        return self._send(event, f"MouseWheel{'Forward' if event.angleDelta().y() > 0 else 'Backward'}Event")

    def _enter(self, event):
        self._place(event.position(), Qt.KeyboardModifier.NoModifier)
        return bool(self._interactor.InvokeEvent("EnterEvent"))

    def _leave(self, _event):
        return bool(self._interactor.InvokeEvent("LeaveEvent"))

    def _key_press(self, event):
        self._key(event, "KeyPressEvent")
        if event.text():
            self._interactor.InvokeEvent("CharEvent")
        return False

    def _key_release(self, event):
        self._key(event, "KeyReleaseEvent")
        return False

    def _key(self, event, name):
        text = event.text()
        key_name = KEY_NAMES.get(event.key(), text or None)
        self._interactor.SetKeyEventInformation(
            bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier),
            bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
            text[0] if text and ord(text[0]) < 128 else "\0",
            0,
            key_name,
        )
        self._interactor.InvokeEvent(name)
