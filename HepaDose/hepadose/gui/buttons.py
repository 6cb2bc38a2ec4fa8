"""Buttons that say why they cannot be pressed."""

from __future__ import annotations

from typing import Any


def offer(button: Any, reason: str, tool_tip: str) -> None:
    """Enable a button, or disable it with the reason in its tooltip.

    Parameters
    ----------
    button : qt.QAbstractButton
        What is offered.
    reason : str
        Why it cannot be pressed now, in words; empty where it can.
    tool_tip : str
        What it does.
    """
    if reason and button.focus:
        # Else the keyboard would be handed on to the next field, where typing changes a number.
        button.clearFocus()
    button.enabled = not reason
    button.toolTip = reason or tool_tip
