"""Alignment: bring the follow-up CT to the planning CT, and look whether it fits."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.findings import told
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import show_findings
from hepadose.mrml.flrdose import alignment as steps
from hepadose.mrml.flrdose.choices import REGISTRATIONS
from hepadose.mrml.flrdose.liver import guiding_livers
from hepadose.registration import RegistrationMethod
from hepadose.worker import RegistrationOutcome, WorkerJob, start_register


class AlignmentSection(Section):
    """Registration with its quality, and both CTs laid over each other."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._task = BackgroundTask(ui.registerProgress, ui.registerCancel, ui.registerButton, panel.refresh)
        self._problem: HepaDoseError | None = None
        self._livers: Any = None
        """What guides the alignment that runs."""
        self._shown: tuple[Any, ...] = ()
        ui.registerButton.connect("clicked(bool)", self.register)

    @property
    def busy(self) -> str:
        """Aligning, in words."""
        return _("The alignment is not finished.") if self._task.busy else ""

    def update(self) -> None:
        """Button, quality figures and overlay."""
        self._task.show()
        parameters = self.parameters
        reason = self.panel.why_busy() or steps.why_not_align(parameters)
        offer(self.ui.registerButton, reason, _("Bring the follow-up CT to the planning CT and take the dose along"))
        findings = [told(_("Alignment"), self._problem)] if self._problem else []
        show_findings(self.ui.registrationTable, findings + steps.alignment_findings(parameters))
        aligned = parameters is not None and parameters.alignedPlanning is not None
        for widget in (self.ui.overlayMode, self.ui.overlayPercent):
            widget.enabled = aligned
        if aligned:
            self._show_overlay()

    def register(self, _checked: bool = False) -> None:
        """Start the registration in a child process."""
        self._problem = None
        self._task.start(self._starting(), self._take_over, self._failed)

    def _starting(self) -> Generator[None, None, WorkerJob]:
        method = RegistrationMethod(REGISTRATIONS[self.parameters.registrationMethod])
        # Noted with the images: what is edited or chosen while the alignment runs does not guide it.
        self._livers = guiding_livers(self.parameters)
        inputs = yield from steps.registration_inputs(self.parameters, method)
        return start_register(**inputs)

    def forget_case(self) -> None:
        """No earlier problem, no earlier overlay."""
        self._problem, self._shown = None, ()

    def scene_closing(self) -> None:
        """End the registration."""
        self._task.close()
        self.forget_case()

    def _take_over(self, outcome: RegistrationOutcome) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        with self.panel.own_change():
            yield from steps.take_registration(slicer.mrmlScene, self.parameters, outcome, self._livers)
        self._shown = ()
        yield
        self.step_done(self.ui.inputsButton, self.ui.reactionButton)
        yield
        self.panel.aligned()
        yield

    def _failed(self, problem: HepaDoseError) -> None:
        self._problem = problem

    def _show_overlay(self) -> None:
        parameters = self.parameters
        wanted = (parameters.overlayMode, parameters.overlayPercent, parameters.fractions)
        wanted = (*wanted, parameters.alignedPlanning.GetID(), parameters.reactionSegment)
        if wanted != self._shown:
            self._shown = wanted
            with self.telling(self._failed, _("The volumes could not be laid over each other.")):
                steps.show_overlay(slicer.mrmlScene, self.parameters)
