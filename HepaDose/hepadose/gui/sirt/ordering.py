"""Which vial to order, and what stayed in vial and tubing; dates are kept nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_rows, stretch_first
from hepadose.mrml.sirt.live import chosen_product
from hepadose.report.text import number
from hepadose.sirt.decay import residual_fraction
from hepadose.sirt.ordering import VialOrder, order_vial

QT_TIME, LIBRARY_TIME = "yyyy-MM-ddTHH:mm", "%Y-%m-%dT%H:%M"


class OrderingSection(Section):
    """Vials that fit an activity at an hour, and the residual from exposure readings."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        ui.orderButton.connect("clicked(bool)", self.order)
        ui.residualButton.connect("clicked(bool)", self.residual)
        for box in (ui.orderGbq, ui.readingBefore):
            box.connect("valueChanged(double)", lambda _value: self.update())

    def update(self) -> None:
        """Buttons with what they do."""
        missing = "" if self.ui.orderGbq.value else _("Type the activity that is needed at injection first.")
        offer(self.ui.orderButton, missing, _("Show the vials whose activity at injection lies within 5 %"))
        readings = "" if self.ui.readingBefore.value else _("Type the readings first.")
        offer(self.ui.residualButton, readings, _("Take the residual share from the readings"))

    def order(self, _checked: bool = False) -> None:
        """List the vials that fit."""
        ui = self.ui
        with self.telling(self._failed, _("The vials could not be chosen.")):
            found = order_vial(
                chosen_product(self.parameters),
                ui.orderGbq.value,
                _zoned(ui.calibrationTime, ui.calibrationZone),
                _zoned(ui.injectionTime, ui.injectionZone),
            )
            self._show(found)

    def residual(self, _checked: bool = False) -> None:
        """Share of the activity that stayed in vial and tubing."""
        ui = self.ui
        with self.telling(self._failed, _("The residual could not be computed.")):
            share = residual_fraction(ui.readingWaste.value, ui.readingBefore.value, ui.readingRoom.value)
            self.parameters.residualPercent = round(100.0 * share, 1)
            ui.orderLabel.text = _("Residual {share}, from exposure readings.").format(
                share=number(100 * share, 1, "%")
            )

    def forget_case(self) -> None:
        """No order of an earlier case."""
        ui = self.ui
        for box in (ui.orderGbq, ui.readingWaste, ui.readingBefore, ui.readingRoom):
            box.value = 0
        ui.orderLabel.text = ""
        clear_table(ui.orderTable)

    def _show(self, found: VialOrder) -> None:
        rows = [
            (
                number(choice.vial_gbq, 1, "GBq"),
                number(choice.activity_gbq, 2, "GBq"),
                number(100.0 * choice.deviation, 1, "%"),
            )
            for choice in found.choices
        ]
        text = _("{hours} from calibration to injection: {exact} at calibration would fit exactly.").format(
            hours=number(found.hours, 1, "h"), exact=number(found.exact_gbq, 2, "GBq")
        )
        self.ui.orderLabel.text = text if rows else text + " " + _("No vial lies within 5 %; change an hour.")
        if rows:
            show_rows(self.ui.orderTable, [_("Vial at calibration"), _("At injection"), _("Deviation")], rows)
            stretch_first(self.ui.orderTable)
        else:
            clear_table(self.ui.orderTable)

    def _failed(self, problem: HepaDoseError) -> None:
        clear_table(self.ui.orderTable)
        self.ui.orderLabel.text = str(problem)


def _zoned(edit: Any, zone: Any) -> datetime:
    """The time of an edit in the zone of a spin box, which holds hours before UTC."""
    local = datetime.strptime(edit.dateTime.toString(QT_TIME), LIBRARY_TIME)
    return local.replace(tzinfo=timezone(timedelta(hours=zone.value)))
