"""LiverSIRT's report, and its export as DICOM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.batch.output import holds_result
from hepadose.findings import Finding
from hepadose.gui import report_section
from hepadose.gui.buttons import offer
from hepadose.gui.edit_clock import EditClock
from hepadose.mrml.sirt import dicom_out
from hepadose.mrml.sirt import report as steps
from hepadose.report.sirt_text import sirt_text

DICOM_FOLDER = "dicom"


class ReportSection(report_section.ReportSection):
    """Volumes, activities and doses."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.ui.dicomButton.connect("clicked(bool)", self.export_dicom)

    @property
    def result(self) -> Any:
        """The whole answer."""
        return self.panel.activity.answer

    @property
    def clock(self) -> EditClock:
        """That of liver, territory and tumors."""
        return self.panel.regions.clock

    def why_unfinished(self) -> str:
        """The liver comes first."""
        return _("There is no result yet.")

    def write_report(self, folder: Path, overwrite: bool) -> tuple[Finding, ...]:
        """Report with the review of the automatic outline."""
        return steps.save_report(folder, self.parameters, self.result, self.panel.log, overwrite=overwrite)

    def result_text(self) -> str:
        """Volumes, activities and doses."""
        return sirt_text(self.result.result)

    def show_provenance(self, is_new: bool) -> None:
        """Segments, product, dose and version; measured anew only with a new answer, for that takes a moment."""
        if is_new and self.result is not None:
            self.ui.provenanceLabel.text = steps.provenance_text(self.parameters, self.result)

    def update(self) -> None:
        """The export beside the rest."""
        super().update()
        unfinished = "" if self.result is not None else self.why_unfinished()
        folder = "" if self.ui.reportFolder.currentPath else _("Choose a folder first.")
        export = dicom_out.why_no_export(self.parameters, self.panel.inputs.folder)
        reason = unfinished or folder or self.panel.why_busy() or export
        offer(self.ui.dicomButton, reason, _("Write structure set, segmentation and report into the study of the CT"))

    def export_dicom(self, _checked: bool = False) -> None:
        """Write DICOM objects into a subfolder of the chosen folder."""
        target = Path(self.ui.reportFolder.currentPath) / DICOM_FOLDER
        overwrite = holds_result(target) and slicer.util.confirmYesNoDisplay(
            _("The folder holds an earlier export. Replace it?")
        )
        with self.telling(self.not_saved, _("DICOM objects could not be exported."), wait_cursor=True):
            with self.panel.log.step("Export DICOM"):
                notes = dicom_out.export_dicom(
                    target, self.parameters, self.result, self.panel.inputs.folder, overwrite=overwrite
                )
            said = _("Exported into {folder}, read back and compared.").format(folder=DICOM_FOLDER)
            self.ui.savedLabel.text = said + "".join(f" {note.text}" for note in notes)
        self.panel.refresh()
