"""Livers by a network: where a CT has no contour of the liver, or as a second opinion beside it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.section import Section
from hepadose.gui.segmenter_box import SegmenterBox
from hepadose.mrml.flrdose import liver as steps
from hepadose.mrml.flrdose.liver import Ct
from hepadose.segmentation.protocol import Segmentation
from hepadose.worker import SegmenterChoice, WorkerJob, available_segmenters, start_segment


class LiverSection(Section):
    """One button for each CT, what looks for the liver, and where the livers came from."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._buttons = {Ct.PLANNING: ui.planningLiverButton, Ct.FOLLOW_UP: ui.followUpLiverButton}
        self._task = BackgroundTask(ui.liverProgress, ui.liverCancel, ui.planningLiverButton, panel.refresh)
        self._segmenter = SegmenterBox(ui.liverSegmenter, self._segmenter_chosen)
        self._problem: HepaDoseError | None = None
        self._ct, self._volume, self._earlier = Ct.PLANNING, None, ""
        ui.planningLiverButton.connect("clicked(bool)", self.segment_planning)
        ui.followUpLiverButton.connect("clicked(bool)", self.segment_follow_up)
        self.enter()

    @property
    def busy(self) -> str:
        """Looking for a liver, in words."""
        return _("The search for the liver is not finished.") if self._task.busy else ""

    def enter(self) -> None:
        """The panel is shown: offer the models that there are now."""
        self._segmenter.offer(liver_segmenters())
        self.update()

    def update(self) -> None:
        """Buttons with reasons, and the origins of both livers or what went wrong."""
        self._task.show()
        parameters = self.parameters
        missing = "" if self._segmenter.key else _("No model that draws the liver is installed.")
        for ct, button in self._buttons.items():
            reason = missing or self.panel.why_busy() or steps.why_not_find_liver(parameters, ct)
            offer(button, reason, self._purpose(ct))
        if parameters is None:
            return
        self._segmenter.show(parameters.liverSegmenter)
        steps.choose_again(parameters, self._earlier)
        text = str(self._problem) if self._problem is not None else steps.livers_text(parameters)
        self.ui.liverLabel.text, self.ui.liverLabel.visible = text, bool(text)

    def segment_planning(self, _checked: bool = False) -> None:
        """Look for the liver on the planning CT in a child process."""
        self._segment(Ct.PLANNING)

    def segment_follow_up(self, _checked: bool = False) -> None:
        """Look for the liver on the follow-up CT in a child process."""
        self._segment(Ct.FOLLOW_UP)

    def forget_case(self) -> None:
        """No earlier problem, no earlier liver."""
        self._problem, self._earlier = None, ""

    def scene_closing(self) -> None:
        """End the search."""
        self._task.close()
        self._volume = None
        self.forget_case()

    def _segment(self, ct: Ct) -> None:
        self._problem, self._ct, self._volume = None, ct, ct.volume_of(self.parameters)
        self._task.start_button = self._buttons[ct]
        self._task.start(self._starting(), self._take_over, self._failed)

    def _starting(self) -> Generator[None, None, WorkerJob]:
        inputs = yield from steps.liver_inputs(self._volume, self._ct)
        return start_segment(self._segmenter.key, inputs)

    def _take_over(self, found: Segmentation) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        parameters, earlier = self.parameters, self.parameters.liverSegment
        if self._ct is Ct.FOLLOW_UP and parameters.segmentation is not None:
            self.ui.segmentEditor.saveStateForUndo()
        with self.panel.own_change():
            yield from steps.take_liver(parameters, self._ct, self._volume, found)
        if self._ct is Ct.FOLLOW_UP:
            self._earlier = earlier
        yield
        self._show_liver()
        yield
        self.panel.segments_changed()
        if self._ct is Ct.FOLLOW_UP:
            self.ui.segmentEditor.setCurrentSegmentID(parameters.liverSegment)
        yield

    def _show_liver(self) -> None:
        """Show the CT alone, at the middle of its liver, which must be looked at before it is used."""
        slicer.util.setSliceViewerLayers(background=self._volume, foreground=None, fit=True)
        self.logic.showSegment(*self._ct.liver_of(self.parameters))

    def _failed(self, problem: HepaDoseError) -> None:
        self._problem = problem

    def _segmenter_chosen(self, key: str) -> None:
        self.parameters.liverSegmenter = key

    def _purpose(self, ct: Ct) -> str:
        if ct is Ct.PLANNING:
            return _("Let a network find the liver on the planning CT; it becomes a new contour beside those there are")
        return _("Let a network find the liver on the follow-up CT; it becomes a new segment beside those there are")


def liver_segmenters() -> tuple[SegmenterChoice, ...]:
    """What can draw the liver on a CT without anything else."""
    return tuple(choice for choice in available_segmenters("liver") if not choice.needs)
