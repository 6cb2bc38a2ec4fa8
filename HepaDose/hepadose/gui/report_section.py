"""Report: save, copy, and say where everything came from; the same in every panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from hepadose.batch.output import holds_result
from hepadose.errors import HepaDoseError
from hepadose.findings import Finding
from hepadose.gui.buttons import offer
from hepadose.gui.edit_clock import EditClock
from hepadose.gui.section import Section
from hepadose.gui.tables import show_timing
from hepadose.mrml.save import save_scene

SCENE_FILE = "scene.mrb"


class ReportSection(Section):
    """What leaves the application, only where the user sends it; a module says what its result is."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._said_about: Any = None
        """The result of which the last message speaks."""
        ui.reportSaveButton.connect("clicked(bool)", self.save_report)
        ui.sceneSaveButton.connect("clicked(bool)", self.save_scene)
        ui.copyButton.connect("clicked(bool)", self.copy)
        ui.computerButton.connect("clicked(bool)", self.check_computer)
        ui.reportFolder.connect("currentPathChanged(QString)", lambda _path: self.update())

    @property
    def result(self) -> Any:
        """What is reported; None where there is nothing yet."""
        raise NotImplementedError

    @property
    def clock(self) -> EditClock:
        """The clock of the panel's editor; it stops before a report is written."""
        raise NotImplementedError

    def why_unfinished(self) -> str:
        """What must be done before there is a result, in words."""
        raise NotImplementedError

    def write_report(self, folder: Path, overwrite: bool) -> tuple[Finding, ...]:
        """Write the report; what could not be written is returned."""
        raise NotImplementedError

    def result_text(self) -> str:
        """The numbers with their units and origins."""
        raise NotImplementedError

    def show_provenance(self, is_new: bool) -> None:
        """Say where everything came from; ``is_new`` where there is another result than before."""
        raise NotImplementedError

    def update(self) -> None:
        """Buttons with reasons, provenance, and the timing log."""
        unfinished = "" if self.result is not None else self.why_unfinished()
        folder = "" if self.ui.reportFolder.currentPath else _("Choose a folder first.")
        busy = self.panel.why_busy()
        offer(self.ui.reportSaveButton, unfinished or folder or busy, _("Write report, tables, figures and timing log"))
        offer(self.ui.sceneSaveButton, folder or busy, _("Save everything as {file}").format(file=SCENE_FILE))
        offer(self.ui.copyButton, unfinished, _("Copy the numbers with their units and origins as text"))
        is_new = self.result is not self._said_about
        if is_new:
            self._said_about, self.ui.savedLabel.text = self.result, ""
        if self.parameters is not None:
            self.show_provenance(is_new)
        show_timing(self.ui.timingTable, self.panel.log)

    def save_report(self, _checked: bool = False) -> None:
        """Write the report into the chosen folder; it appears complete or not at all."""
        folder = Path(self.ui.reportFolder.currentPath)
        overwrite = holds_result(folder) and slicer.util.confirmYesNoDisplay(
            _("The folder holds an earlier result. Replace it?")
        )
        self.clock.stop()
        with self.telling(self.not_saved, _("The report could not be saved."), wait_cursor=True):
            notes = self.write_report(folder, overwrite)
            self.ui.savedLabel.text = _("Report saved.") + "".join(f" {note.text}" for note in notes)
        self.panel.refresh()

    def save_scene(self, _checked: bool = False) -> None:
        """Save the scene into the chosen folder."""
        # Writing touches the segments, which is no edit.
        saving = self.telling(self.not_saved, _("The scene could not be saved."), wait_cursor=True)
        with saving, self.panel.own_change():
            save_scene(slicer.mrmlScene, Path(self.ui.reportFolder.currentPath) / SCENE_FILE)
            self.ui.savedLabel.text = _("Scene saved as {file}.").format(file=SCENE_FILE)

    def not_saved(self, problem: HepaDoseError) -> None:
        """Tell what went wrong."""
        self.ui.savedLabel.text = _("Not saved: {problem}").format(problem=problem)

    def copy(self, _checked: bool = False) -> None:
        """Put the numbers on the clipboard."""
        qt.QApplication.clipboard().setText(self.result_text())
        self.ui.savedLabel.text = _("The results are on the clipboard.")

    def check_computer(self, _checked: bool = False) -> None:
        """Open the page that says what this computer can do, and let it look."""
        slicer.util.selectModule("HepaDose")
        slicer.util.getModuleWidget("HepaDose").onCheck()

    def forget_case(self) -> None:
        """Another case belongs into another folder."""
        self._said_about = None
        self.ui.savedLabel.text = self.ui.provenanceLabel.text = self.ui.reportFolder.currentPath = ""
