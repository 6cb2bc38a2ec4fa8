"""Dialogs that wait for a person: recorded, answered by what the test prepared, never shown."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox


@dataclass(frozen=True)
class Popup:
    """A dialog that would have been shown.

    Attributes
    ----------
    kind : str
        Class or static function, e.g. ``"ctkMessageBox"`` or ``"QFileDialog.getExistingDirectory"``.
    title, text, detail : str
        What it says.
    answer : object
        What it was answered.
    """

    kind: str
    title: str
    text: str
    detail: str
    answer: object


class UnpreparedPopupError(AssertionError):
    """A dialog asks and the test has prepared no answer."""


class Popups:
    """All dialogs since the last reset, and the answers still to be given."""

    def __init__(self):
        self.shown: list[Popup] = []
        self.answers: deque = deque()

    def reset(self) -> None:
        """Forget dialogs and answers."""
        self.shown.clear()
        self.answers.clear()

    def ask(self, kind: str, title: str, text: str, detail: str = "", only_answer=None):
        """Record a dialog and give its answer.

        Parameters
        ----------
        only_answer : object, optional
            The answer where there is only one, such as OK on a message; it needs no preparation.
        """
        if self.answers:
            answer = self.answers.popleft()
        elif only_answer is not None:
            answer = only_answer
        else:
            raise UnpreparedPopupError(f"{kind} asks and no answer is prepared: {title} {text}")
        self.shown.append(Popup(kind, title, text, detail, answer))
        return answer


POPUPS = Popups()


def install() -> None:
    """Replace every way in which Qt would wait for an answer."""
    QDialog.exec = QDialog.exec_ = QDialog.open = _dialog
    QMessageBox.exec = QMessageBox.exec_ = QMessageBox.open = _message_box
    for name in ("information", "warning", "critical", "about", "question"):
        setattr(QMessageBox, name, staticmethod(_message_function(name)))
    for name in ("getExistingDirectory", "getOpenFileName", "getOpenFileNames", "getSaveFileName"):
        setattr(QFileDialog, name, staticmethod(_file_function(name)))
    for name in ("getText", "getInt", "getDouble", "getItem", "getMultiLineText"):
        setattr(QInputDialog, name, staticmethod(_input_function(name)))


def _dialog(self):
    return POPUPS.ask(type(self).__name__, self.windowTitle, "")


def _message_box(self):
    offered = self.standardButtons
    only = offered if bin(int(offered)).count("1") == 1 else None
    if not int(offered) and not self.buttons():
        only = QMessageBox.StandardButton.Ok
    answer = POPUPS.ask(type(self).__name__, self.windowTitle.strip(), self.text, self.detailedText, only)
    return int(answer)


def _message_function(name):
    def ask(_parent, title, text, *buttons):
        only = QMessageBox.StandardButton.Ok if not buttons and name != "question" else None
        return POPUPS.ask(f"QMessageBox.{name}", title, text, only_answer=only)

    return ask


def _file_function(name):
    # PythonQt gives the path alone, PySide6 a pair with the chosen filter.
    def ask(_parent=None, caption="", folder="", *_more):
        return POPUPS.ask(f"QFileDialog.{name}", caption, folder)

    return ask


def _input_function(name):
    def ask(_parent, title, label, *_more):
        return POPUPS.ask(f"QInputDialog.{name}", title, label)

    return ask
