"""FLRDose's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from hepadose.findings import Finding
from hepadose.gui import report_section
from hepadose.gui.edit_clock import EditClock
from hepadose.mrml.flrdose import report as steps
from hepadose.mrml.flrdose.match import patient_statement
from hepadose.report.text import result_text


class ReportSection(report_section.ReportSection):
    """The dose at which the liver reacted."""

    @property
    def result(self) -> Any:
        """That of the match."""
        return self.panel.match.result

    @property
    def clock(self) -> EditClock:
        """That of liver and reaction."""
        return self.panel.reaction.clock

    def why_unfinished(self) -> str:
        """The match comes first."""
        return _("There is no result yet: press Match first.")

    def write_report(self, folder: Path, overwrite: bool) -> tuple[Finding, ...]:
        """Report with the patient's conditions as stated."""
        return steps.save_report(
            folder,
            self.panel.match.live,
            self.result,
            self.panel.log,
            overwrite=overwrite,
            statement=patient_statement(self.parameters),
        )

    def result_text(self) -> str:
        """The numbers of the match."""
        return result_text(self.result)

    def show_provenance(self, is_new: bool) -> None:
        """Segments, alignment, dose and version."""
        self.ui.provenanceLabel.text = steps.provenance_text(self.parameters, self.result)
