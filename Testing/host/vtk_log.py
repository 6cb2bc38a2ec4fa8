"""Sends what VTK would print to the log "host.vtk"."""

from __future__ import annotations

import logging

from vtkmodules.vtkCommonCore import vtkLogger, vtkOutputWindow


def send_messages_to_log() -> None:
    """Pass warnings and errors on; drop VTK's chatter."""
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    window = vtkOutputWindow()
    window.SetDisplayModeToNever()
    log = logging.getLogger("host.vtk")
    for event, write in (("WarningEvent", log.warning), ("ErrorEvent", log.error)):
        window.AddObserver(event, _receiver(write))
    vtkOutputWindow.SetInstance(window)


def _receiver(write):
    def receive(_caller, _event, text):
        write(text.strip())

    # VTK hands the text over only to observers that declare its type.
    receive.CallDataType = "string0"
    return receive
