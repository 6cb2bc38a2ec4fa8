"""Doses of the regions from the image of activity, the dose over the CT, and dose-volume histograms."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.buttons import offer
from hepadose.gui.scrolling import bring_into_sight
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_rows, stretch_first
from hepadose.mrml.sirt import dose as steps
from hepadose.mrml.sirt.live import SirtAnswer
from hepadose.mrml.views import show_chart
from hepadose.report.text import number
from hepadose.sirt.image_dose import RegionDose


class DoseSection(Section):
    """The table follows each edit once the user pauses; map and histograms appear on demand and follow then."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._display: steps.DvhDisplay | None = None
        self._shown: SirtAnswer | None = None
        self._overlay: tuple[Any, ...] = ()
        self.ui.doseShowButton.connect("clicked(bool)", self.show)

    def update(self) -> None:
        """Button, table, and what was shown brought up to date."""
        parameters = self.parameters
        if parameters is None:
            return
        reason = self.panel.why_busy() or steps.why_not_show(parameters)
        offer(self.ui.doseShowButton, reason, _("Lay the dose over the CT and plot dose-volume histograms"))
        for widget in (self.ui.activityUnit, self.ui.hoursAfterInjection):
            widget.enabled = not steps.shows_counts(parameters)
        answer = self.panel.activity.answer
        if answer is not None and answer is not self._shown:
            self._shown = answer
            self._show_table(answer)
            if self._display is not None and answer.dose is not None:
                self._show_dose(answer)
        self._show_overlay(parameters)

    def show(self, _checked: bool = False) -> None:
        """Compute the dose where it is not there yet, and show it."""
        with self.telling(self._failed, _("The dose could not be shown."), wait_cursor=True):
            self.panel.activity.compute()
            answer = self.panel.activity.answer
            if answer is None or answer.dose is None:
                return
            self._display = self._display or steps.DvhDisplay(slicer.mrmlScene)
            self._shown = answer
            self._show_dose(answer)
            self.parameters.showDose = True
            self.logic.showDose(self.parameters)
            show_chart(slicer.mrmlScene, self._display.chart)
        self.ui.reportButton.collapsed = False
        self.panel.refresh()
        self.panel.later(lambda: bring_into_sight(self.ui.dosesTable))

    def forget_case(self) -> None:
        """Show no dose."""
        if self._display is not None:
            self._display.clear()
        self._display, self._shown, self._overlay = None, None, ()
        clear_table(self.ui.dosesTable)
        self.ui.doseLabel.text = ""

    def _show_table(self, answer: SirtAnswer) -> None:
        titles = [_("Region"), _("Volume"), _("Mean"), "D70%", "D90%", _("T/N")]
        rows = [_row_texts(row) for row in answer.result.doses]
        if rows:
            show_rows(self.ui.dosesTable, titles, rows)
            stretch_first(self.ui.dosesTable)
        else:
            clear_table(self.ui.dosesTable)
        self.ui.doseLabel.text = steps.dose_text(answer.result)

    def _show_dose(self, answer: SirtAnswer) -> None:
        with self.panel.own_change():
            steps.take_dose(slicer.mrmlScene, self.parameters, answer)
        self._display.show(answer)
        self._overlay = ()

    def _show_overlay(self, parameters: Any) -> None:
        if parameters.doseVolume is None or parameters.ctVolume is None:
            return
        wanted = (parameters.doseVolume.GetID(), parameters.showDose, parameters.doseOpacityPercent)
        if wanted != self._overlay:
            self._overlay = wanted
            with self.telling(self._failed, _("The dose could not be laid over the CT.")):
                steps.show_dose(slicer.mrmlScene, parameters)

    def _failed(self, problem: HepaDoseError) -> None:
        self.ui.doseLabel.text = str(problem)


def _row_texts(row: RegionDose) -> tuple[str, ...]:
    ratio = "" if row.uptake_ratio is None else number(row.uptake_ratio, 1)
    doses = [row.dose_at_percent_gy[percent] for percent in (70.0, 90.0)]
    volume, mean = number(row.volume_ml, 1, "ml"), number(row.mean_gy, 1, "Gy")
    name = row.name[0].upper() + row.name[1:]
    return (name, volume, mean, *(number(gy, 0, "Gy") for gy in doses), ratio)
