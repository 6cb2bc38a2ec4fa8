"""Inputs: load a case or choose nodes that are loaded already, and read what was found and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, told
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.tables import show_findings
from hepadose.mrml.sirt import inputs as steps
from hepadose.worker import LoadedTreatment, start_load_treatment, start_sample_treatment


class InputsSection(Section):
    """A DICOM folder, the sample data, or nodes of the scene."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._task = BackgroundTask(ui.loadProgress, ui.loadCancel, ui.loadButton, panel.refresh)
        self._said: list[Finding] = []
        self.folder: Path | None = None
        """Where the case was loaded from in this session; the scene does not keep it."""
        self._asked: Path | None = None
        ui.loadButton.connect("clicked(bool)", self.load_folder)
        ui.sampleButton.connect("clicked(bool)", self.load_sample)
        ui.caseFolder.connect("currentPathChanged(QString)", self._folder_changed)

    @property
    def busy(self) -> str:
        """Loading, in words."""
        return _("Loading is not finished.") if self._task.busy else ""

    def update(self) -> None:
        """Buttons, and the pre-flight list of what is chosen."""
        self._task.show()
        loading = self.panel.why_busy()
        folder = "" if self.ui.caseFolder.currentPath else _("Choose the folder of the case's DICOM files first.")
        offer(self.ui.loadButton, loading or folder, _("Read the case and check it"))
        offer(self.ui.sampleButton, loading, _("Make the digital patient (once, about half a minute) and load it"))
        if self.parameters is not None:
            chosen = self.parameters.ctVolume is not None or not self._said
            found = steps.input_findings(self.parameters) if chosen else []
            show_findings(self.ui.preflightTable, self._said + found)

    def load_folder(self, _checked: bool = False) -> None:
        """Read the chosen folder in a child process."""
        self._asked = Path(self.ui.caseFolder.currentPath)
        self._start(lambda: start_load_treatment(self._asked))

    def load_sample(self, _checked: bool = False) -> None:
        """Make the digital patient where it is not there yet, then load it."""
        self.ui.caseFolder.currentPath, self._asked = "", None
        self._start(lambda: start_sample_treatment(self.logic.sampleFolder()))

    def scene_closing(self) -> None:
        """End loading."""
        self._task.close()
        self._said, self.folder = [], None

    def _start(self, job: Any) -> None:
        self._said = []
        try:
            self._task.start(job(), self._take_over, self._failed)
        except HepaDoseError as problem:
            self._failed(problem)
            self.panel.refresh()

    def _take_over(self, case: LoadedTreatment) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        with self.panel.own_change():
            yield from steps.take_treatment(slicer.mrmlScene, self.parameters, case)
        self.folder = self._asked
        self.step_done(self.ui.inputsButton, self.ui.regionsButton)
        yield
        self.panel.case_loaded()
        yield
        self.panel.segments_changed()

    def _failed(self, problem: HepaDoseError) -> None:
        self._said = [told(_("Loading"), problem)]

    def _folder_changed(self, _path: str) -> None:
        self.update()
