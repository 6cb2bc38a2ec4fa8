"""Liver and reaction: find the reaction, correct it by hand, see where it came from and how long that took."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.edit_clock import EditClock
from hepadose.gui.editor import EditorBox
from hepadose.gui.section import Section
from hepadose.gui.segment_box import SegmentBox
from hepadose.gui.segmenter_box import SegmenterBox
from hepadose.mrml.flrdose import reaction as steps
from hepadose.segmentation.protocol import Segmentation
from hepadose.worker import WorkerJob, available_segmenters, start_segment

EDITOR_TAG = "FLRDoseSegmentEditor"


class ReactionSection(Section):
    """The segmenter in a child process, and the embedded Segment Editor with its clock."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._task = BackgroundTask(ui.segmentProgress, ui.segmentCancel, ui.segmentButton, panel.refresh)
        self._liver = SegmentBox(ui.liverSegment, self._liver_chosen)
        self._reaction = SegmentBox(ui.reactionSegment, self._reaction_chosen)
        self._problem: HepaDoseError | None = None
        self._editor = EditorBox(
            panel,
            ui.segmentEditor,
            ui.editTimeLabel,
            tag=EDITOR_TAG,
            step="Edit liver and reaction",
            on_edited=panel.segments_changed,
        )
        self._segmenter = SegmenterBox(ui.segmenter, self._segmenter_chosen)
        self._segmenter.offer(available_segmenters())
        ui.segmentButton.connect("clicked(bool)", self.segment)
        ui.restoreButton.connect("clicked(bool)", self.restore)

    @property
    def clock(self) -> EditClock:
        """How long a person has edited."""
        return self._editor.clock

    @property
    def busy(self) -> str:
        """Segmenting, in words."""
        return _("The search for the reaction is not finished.") if self._task.busy else ""

    def update(self) -> None:
        """Buttons, segments, origins, and what the editor edits."""
        self._task.show()
        parameters = self.parameters
        reason = self.panel.why_busy() or steps.why_not_segment(parameters)
        offer(self.ui.segmentButton, reason, _("Find the reaction on the follow-up CT; it can be corrected afterwards"))
        restore = self.panel.why_busy() or steps.why_not_restore(parameters)
        offer(self.ui.restoreButton, restore, _("Throw the corrections of the reaction away"))
        if parameters is None:
            return
        self._liver.show(parameters.segmentation, parameters.liverSegment)
        self._reaction.show(parameters.segmentation, parameters.reactionSegment)
        self._segmenter.show(parameters.segmenter)
        self._editor.edit(parameters.segmentation, parameters.followUpVolume)
        self.show_origin()
        self._editor.show_clock()

    def show_origin(self) -> None:
        """Say where the segments came from, or what went wrong."""
        if self._problem is not None:
            self.ui.originLabel.text = str(self._problem)
        elif self.parameters is not None:
            self.ui.originLabel.text = steps.origin_text(self.parameters)

    def segment(self, _checked: bool = False) -> None:
        """Start the segmenter in a child process."""
        self._problem = None
        self.clock.stop()
        self._task.start(self._starting(), self._take_over, self._failed)

    def _starting(self) -> Generator[None, None, WorkerJob]:
        inputs = yield from steps.segmentation_inputs(self.parameters)
        return start_segment(self._segmenter.key, inputs)

    def restore(self, _checked: bool = False) -> None:
        """Bring the automatic result back."""
        with self.telling(self._failed, _("The automatic result could not be brought back.")), self.panel.own_change():
            self.ui.segmentEditor.saveStateForUndo()
            steps.restore(self.parameters)
        self.panel.segments_changed()

    def enter(self) -> None:
        """The panel is shown: the editor's keys work, and the models that there are now are offered."""
        self._segmenter.offer(available_segmenters())
        self._editor.enter()

    def exit(self) -> None:
        """The panel is left: no effect stays active, the clock stops until the next edit, wherever that is made."""
        self._editor.exit()

    def forget_case(self) -> None:
        """Another case is edited from zero on."""
        self._problem = None
        self.clock.reset()

    def scene_closing(self) -> None:
        """Let go of the nodes."""
        self._task.close()
        self.forget_case()
        self._editor.let_go()

    def cleanup(self) -> None:
        """The panel goes away."""
        self.exit()
        self.scene_closing()

    def _take_over(self, found: Segmentation) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        self.ui.segmentEditor.saveStateForUndo()
        with self.panel.own_change():
            yield from steps.take_reaction(slicer.mrmlScene, self.parameters, found)
        self.ui.segmentEditor.setCurrentSegmentID(self.parameters.reactionSegment)
        yield
        self.logic.showReaction(self.parameters)
        yield
        self.step_done(self.ui.alignmentButton, self.ui.matchButton)
        yield
        self.panel.segments_changed()
        # The end of the job updates the panel once more, in a turn of its own.
        yield

    def _failed(self, problem: HepaDoseError) -> None:
        self._problem = problem

    def _liver_chosen(self, segment_id: str) -> None:
        self.parameters.liverSegment = segment_id

    def _reaction_chosen(self, segment_id: str) -> None:
        self.parameters.reactionSegment = segment_id

    def _segmenter_chosen(self, key: str) -> None:
        self.parameters.segmenter = key
