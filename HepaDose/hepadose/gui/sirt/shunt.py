"""Lung shunt from counts, and the mass of the lungs from the CT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.mrml.sirt import shunt as steps


class ShuntSection(Section):
    """Fills lung shunt and lung mass in from what was measured, and says how."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        ui.planarShuntButton.connect("clicked(bool)", self.from_planar_counts)
        ui.imageShuntButton.connect("clicked(bool)", self.from_image)
        ui.lungMassButton.connect("clicked(bool)", self.mass_from_ct)

    def update(self) -> None:
        """Buttons with reasons."""
        parameters = self.parameters
        lungs = steps.why_no_lungs(parameters)
        image = lungs or steps.why_no_counts(parameters)
        offer(self.ui.imageShuntButton, image, _("Counts of lungs and liver in the image of activity"))
        offer(self.ui.lungMassButton, lungs, _("From the CT numbers of the lungs: air weighs nothing, water 1 g/ml"))
        offer(self.ui.planarShuntButton, "", _("Geometric means of the anterior and posterior counts"))

    def from_planar_counts(self, _checked: bool = False) -> None:
        """Geometric means of the typed counts."""
        ui = self.ui
        lungs, liver = (
            (ui.lungAnterior.value, ui.lungPosterior.value),
            (ui.liverAnterior.value, ui.liverPosterior.value),
        )
        self._fill(lambda: steps.take_planar_shunt(self.parameters, lungs, liver))

    def from_image(self, _checked: bool = False) -> None:
        """Counts in the image of activity."""
        self._fill(lambda: steps.take_image_shunt(self.parameters))

    def mass_from_ct(self, _checked: bool = False) -> None:
        """CT numbers of the lungs."""
        self._fill(lambda: steps.take_lung_mass(self.parameters))

    def forget_case(self) -> None:
        """No counts of an earlier case."""
        ui = self.ui
        for box in (ui.lungAnterior, ui.lungPosterior, ui.liverAnterior, ui.liverPosterior):
            box.value = 0
        ui.shuntLabel.text = ""

    def _fill(self, take: Callable[[], str]) -> None:
        with self.telling(self._failed, _("The lung shunt could not be computed."), wait_cursor=True):
            self.ui.shuntLabel.text = take()

    def _failed(self, problem: HepaDoseError) -> None:
        self.ui.shuntLabel.text = str(problem)
