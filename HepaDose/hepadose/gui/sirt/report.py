"""Report: save, copy, export as DICOM, and say where everything came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from hepadose.batch.output import holds_result
from hepadose.errors import HepaDoseError
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import show_timing
from hepadose.mrml.save import save_scene
from hepadose.mrml.sirt import dicom_out as dicom_steps
from hepadose.mrml.sirt import report as steps
from hepadose.report.sirt_text import sirt_text

SCENE_FILE, DICOM_FOLDER = "scene.mrb", "dicom"


class ReportSection(Section):
    """What leaves the application, only where the user sends it."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._said_about: Any = None
        """The answer of which the last message speaks."""
        ui.reportSaveButton.connect("clicked(bool)", self.save_report)
        ui.sceneSaveButton.connect("clicked(bool)", self.save_scene)
        ui.dicomButton.connect("clicked(bool)", self.export_dicom)
        ui.copyButton.connect("clicked(bool)", self.copy)
        ui.computerButton.connect("clicked(bool)", self.check_computer)
        ui.reportFolder.connect("currentPathChanged(QString)", lambda _path: self.update())

    def update(self) -> None:
        """Buttons with reasons, provenance, and the timing log."""
        unfinished = "" if self._answer is not None else _("There is no result yet.")
        folder = "" if self.ui.reportFolder.currentPath else _("Choose a folder first.")
        busy = self.panel.why_busy()
        offer(self.ui.reportSaveButton, unfinished or folder or busy, _("Write report, tables, figures and timing log"))
        offer(self.ui.sceneSaveButton, folder or busy, _("Save everything as {file}").format(file=SCENE_FILE))
        export = unfinished or folder or busy or dicom_steps.why_no_export(self.parameters, self.panel.inputs.folder)
        offer(self.ui.dicomButton, export, _("Write structure set, segmentation and report into the study of the CT"))
        offer(self.ui.copyButton, unfinished, _("Copy the numbers with their units and origins as text"))
        if self._answer is not None and self._answer is not self._said_about:
            self._said_about, self.ui.savedLabel.text = self._answer, ""
            self.ui.provenanceLabel.text = steps.provenance_text(self.parameters, self._answer)
        show_timing(self.ui.timingTable, self.panel.log)

    @property
    def _answer(self) -> Any:
        return self.panel.activity.answer

    def save_report(self, _checked: bool = False) -> None:
        """Write the report into the chosen folder; it appears complete or not at all."""
        folder = Path(self.ui.reportFolder.currentPath)
        overwrite = holds_result(folder) and slicer.util.confirmYesNoDisplay(
            _("The folder holds an earlier result. Replace it?")
        )
        self.panel.regions.clock.stop()
        with self.telling(self._not_saved, _("The report could not be saved."), wait_cursor=True):
            notes = steps.save_report(folder, self.parameters, self._answer, self.panel.log, overwrite=overwrite)
            self.ui.savedLabel.text = _("Report saved.") + "".join(f" {note.text}" for note in notes)
        self.panel.refresh()

    def save_scene(self, _checked: bool = False) -> None:
        """Save the scene into the chosen folder."""
        # Writing touches the segments, which is no edit.
        saving = self.telling(self._not_saved, _("The scene could not be saved."), wait_cursor=True)
        with saving, self.panel.own_change():
            save_scene(slicer.mrmlScene, Path(self.ui.reportFolder.currentPath) / SCENE_FILE)
            self.ui.savedLabel.text = _("Scene saved as {file}.").format(file=SCENE_FILE)

    def export_dicom(self, _checked: bool = False) -> None:
        """Write DICOM objects into a subfolder of the chosen folder."""
        target = Path(self.ui.reportFolder.currentPath) / DICOM_FOLDER
        overwrite = holds_result(target) and slicer.util.confirmYesNoDisplay(
            _("The folder holds an earlier export. Replace it?")
        )
        with self.telling(self._not_saved, _("DICOM objects could not be exported."), wait_cursor=True):
            with self.panel.log.step("Export DICOM"):
                notes = dicom_steps.export_dicom(
                    target, self.parameters, self._answer, self.panel.inputs.folder, overwrite=overwrite
                )
            said = _("Exported into {folder}, read back and compared.").format(folder=DICOM_FOLDER)
            self.ui.savedLabel.text = said + "".join(f" {note.text}" for note in notes)
        self.panel.refresh()

    def _not_saved(self, problem: HepaDoseError) -> None:
        self.ui.savedLabel.text = _("Not saved: {problem}").format(problem=problem)

    def copy(self, _checked: bool = False) -> None:
        """Put the numbers on the clipboard."""
        qt.QApplication.clipboard().setText(sirt_text(self._answer.result))
        self.ui.savedLabel.text = _("The results are on the clipboard.")

    def check_computer(self, _checked: bool = False) -> None:
        """Open the page that says what this computer can do, and let it look."""
        slicer.util.selectModule("HepaDose")
        slicer.util.getModuleWidget("HepaDose").onCheck()

    def forget_case(self) -> None:
        """Another case belongs into another folder."""
        self._said_about = None
        self.ui.savedLabel.text = self.ui.provenanceLabel.text = self.ui.reportFolder.currentPath = ""
