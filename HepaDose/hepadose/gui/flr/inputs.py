"""Inputs: load a case, choose its volumes, read what was found and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.dicom.choices import CaseChoices
from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, told
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.flr.liver import liver_segmenters
from hepadose.gui.section import Section
from hepadose.gui.segment_box import SegmentBox
from hepadose.gui.tables import show_findings
from hepadose.mrml.flrdose import inputs as steps
from hepadose.mrml.loaded import add_loaded_case
from hepadose.mrml.slicerrt import load_case_through_slicerrt, why_slicerrt_is_missing
from hepadose.worker import LoadedPreflight, start_load_case, start_sample_patient


class InputsSection(Section):
    """Load a DICOM folder or the sample data, or choose nodes that are loaded already."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._task = BackgroundTask(ui.loadProgress, ui.loadCancel, ui.loadButton, panel.refresh)
        self._liver = SegmentBox(ui.planningLiver, self._liver_chosen)
        self._said: list[Finding] = []
        self._folder = Path()
        ui.loadButton.connect("clicked(bool)", self.load_folder)
        ui.sampleButton.connect("clicked(bool)", self.load_sample)
        ui.caseFolder.connect("currentPathChanged(QString)", self._folder_changed)

    @property
    def busy(self) -> str:
        """Loading, in words."""
        return _("Loading is not finished.") if self._task.busy else ""

    def update(self) -> None:
        """Buttons, the pre-flight list of what is chosen, and the dose in words."""
        self._task.show()
        parameters = self.parameters
        loading = self.panel.why_busy()
        folder = "" if self.ui.caseFolder.currentPath else _("Choose the folder of the case's DICOM files first.")
        offer(self.ui.loadButton, loading or folder, _("Read the case and check it"))
        offer(self.ui.sampleButton, loading, _("Make the digital patient (once, about half a minute) and load it"))
        self._offer_slicerrt(loading)
        if parameters is None:
            return
        self._liver.show(parameters.planningStructures, parameters.planningLiver)
        show_findings(self.ui.preflightTable, self._findings())
        banner = steps.dose_banner(parameters)
        self.ui.doseBanner.text = _("Dose: {banner}").format(banner=banner) if banner else ""
        self.ui.doseBanner.visible = bool(banner)

    def load_folder(self, _checked: bool = False) -> None:
        """Read the chosen folder in a child process."""
        self._load(Path(self.ui.caseFolder.currentPath))

    def load_sample(self, _checked: bool = False) -> None:
        """Make the digital patient where it is not there yet, then load it."""
        self._start(lambda: start_sample_patient(self.logic.sampleFolder()), self._take_over_sample)

    def scene_closing(self) -> None:
        """End loading."""
        self._task.close()
        self._said = []

    def _load(self, folder: Path) -> None:
        # Kept, because the path edit may say something else when the child process is done.
        self._folder = folder
        # Where a network can find the liver, a case without its contour is worked on.
        choices = CaseChoices(liver_required=not liver_segmenters())
        self._start(lambda: start_load_case(folder, choices), self._take_over_case)

    def _start(self, job: Any, take_over: Any) -> None:
        self._said = []
        try:
            self._task.start(job(), take_over, self._failed)
        except HepaDoseError as problem:
            self._failed(problem)
            self.panel.refresh()

    def _take_over_sample(self, folder: Path) -> None:
        self.ui.caseFolder.currentPath = ""
        # The next job starts when this one has been put away.
        self.panel.later(lambda: self._load(Path(folder)))

    def _take_over_case(self, checked: LoadedPreflight) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        if checked.case is None:
            self._said = list(checked.findings)
            return
        with self.panel.own_change():
            yield from steps.take_case(slicer.mrmlScene, self.parameters, checked.case, self._loader())
        self.ui.alignmentButton.collapsed = False
        self.panel.case_loaded()

    def _loader(self) -> steps.AddCase:
        """What makes the nodes of a case, as chosen by the user."""
        if self.parameters.useSlicerRT and not why_slicerrt_is_missing():
            return partial(load_case_through_slicerrt, folder=self._folder)
        return add_loaded_case

    def _offer_slicerrt(self, loading: str) -> None:
        purpose = _(
            "Let SlicerRT make the nodes, so that other tools of Slicer know their patient, studies and series. They "
            "are compared with the files. Slicer imports in its own thread: the window stands still for a moment "
            "with every series."
        )
        missing = why_slicerrt_is_missing()
        offer(self.ui.useSlicerRT, loading or missing, purpose)
        self.ui.useSlicerRT.text = _("Load through SlicerRT (not installed)") if missing else _("Load through SlicerRT")

    def _failed(self, problem: HepaDoseError) -> None:
        self._said = [told(_("Loading"), problem)]

    def _liver_chosen(self, segment_id: str) -> None:
        self.parameters.planningLiver = segment_id

    def _folder_changed(self, _path: str) -> None:
        self.update()

    def _findings(self) -> list[Finding]:
        """What loading said where it gave no case, and what can be said about the chosen nodes."""
        chosen = self.parameters.followUpVolume is not None or not self._said
        return self._said + (steps.input_findings(self.parameters) if chosen else [])
