"""Comparison with published thresholds, once the patient's conditions are stated."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.findings import error
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_findings, show_rows
from hepadose.mrml.flrdose import match as steps
from hepadose.report.published import comparison


class PublishedSection(Section):
    """The answer beside published thresholds; a table that no longer belongs to the answer goes away."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._compared: tuple[Any, ...] = ()
        self.ui.compareButton.connect("clicked(bool)", self.compare)

    def update(self) -> None:
        """The button; an outdated table."""
        unfinished = "" if self.panel.match.result is not None else _("Press Match first.")
        offer(self.ui.compareButton, unfinished, _("Set the answer beside published thresholds"))
        if self.parameters is None:
            return
        self.ui.monthsSinceTreatment.toolTip = steps.interval_text(self.parameters)
        if self._compared and self._compared != self._what():
            self.forget_case()

    def compare(self, _checked: bool = False) -> None:
        """Fill the table, or say in it what must be stated first."""
        self._compared = self._what()
        result, statement = self._compared
        try:
            rows = comparison(result, statement)
        except HepaDoseError as problem:
            show_findings(self.ui.publishedTable, [error(_("Comparison"), str(problem))])
            return
        show_rows(self.ui.publishedTable, *steps.published_table(rows))

    def forget_case(self) -> None:
        """Empty the table."""
        self._compared = ()
        clear_table(self.ui.publishedTable)

    def _what(self) -> tuple[Any, ...]:
        return self.panel.match.result, steps.patient_statement(self.parameters)
