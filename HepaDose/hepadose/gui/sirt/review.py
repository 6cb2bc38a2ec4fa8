"""Quality of the automatic liver, and what its corrections were about."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.evaluation.corrections import REGIONS
from hepadose.evaluation.review import JudgedCorrection
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_rows, stretch_first
from hepadose.mrml.sirt import review as steps


class ReviewSection(Section):
    """Proposes what each correction is about, one after the other; the person confirms or says otherwise."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._place = -1
        self._shown: tuple[JudgedCorrection, ...] = ()
        self._problem = ""
        for region in REGIONS:
            ui.correctionRegion.addItem(region)
        ui.correctionsButton.connect("clicked(bool)", self.propose)
        ui.confirmButton.connect("clicked(bool)", self.confirm)

    def update(self) -> None:
        """Button with its reason, the list, and the correction that is asked about."""
        reason = steps.why_not_propose(self.parameters)
        offer(self.ui.correctionsButton, reason, _("Compare the liver with its automatic outline"))
        if self.parameters is None:
            return
        with self.telling(self._failed, _("The corrections could not be read.")):
            self._show(steps.review_of(self.parameters).corrections)

    def propose(self, _checked: bool = False) -> None:
        """Find the corrections and ask about the first."""
        self._problem = ""
        with self.telling(self._failed, _("The corrections could not be found."), wait_cursor=True):
            found = steps.propose_corrections(self.parameters)
            if not found:
                self._problem = _("No correction has 1 ml or more.")
        self._shown = ()
        self.panel.refresh()
        self._go_to()

    def confirm(self, _checked: bool = False) -> None:
        """Keep what the shown correction is about, and ask about the next one."""
        steps.judge(self.parameters, self._place, self.ui.correctionRegion.currentText, confirmed=True)
        self.panel.refresh()
        self._go_to()

    def forget_case(self) -> None:
        """No correction of an earlier case."""
        self._shown, self._place, self._problem = (), -1, ""
        clear_table(self.ui.correctionsTable)

    def _failed(self, problem: HepaDoseError) -> None:
        self._problem = str(problem)

    def _show(self, corrections: tuple[JudgedCorrection, ...]) -> None:
        if corrections != self._shown or not corrections:
            self._shown = corrections
            self._fill(corrections)
        waiting = [place for place, each in enumerate(corrections) if not each.confirmed]
        self._place = waiting[0] if waiting else -1
        for widget in (self.ui.correctionRegion, self.ui.confirmButton):
            widget.enabled = bool(waiting)
        if not waiting:
            self.ui.correctionLabel.text = self._problem or (_("All are confirmed.") if corrections else "")
            return
        text = _("{number} of {count}: {volume}").format(
            number=self._place + 1, count=len(corrections), volume=corrections[self._place].volume_text
        )
        if text != self.ui.correctionLabel.text:
            self.ui.correctionLabel.text = text
            self.ui.correctionRegion.currentText = corrections[self._place].region

    def _fill(self, corrections: tuple[JudgedCorrection, ...]) -> None:
        titles = [_("Corrected"), _("About"), _("State")]
        states = {True: _("confirmed"), False: _("proposed")}
        show_rows(
            self.ui.correctionsTable,
            titles,
            [(each.volume_text, each.region, states[each.confirmed]) for each in corrections],
        )
        stretch_first(self.ui.correctionsTable)

    def _go_to(self) -> None:
        """Show the correction that is asked about in the slice views."""
        if 0 <= self._place < len(self._shown):
            right, posterior, superior = self._shown[self._place].center_lps
            slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, -right, -posterior, superior)
