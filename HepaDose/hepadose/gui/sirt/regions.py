"""Liver, territory and tumors: found by networks, chosen among the segments, corrected by hand under the clock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import qt
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.gui.background import BackgroundTask
from hepadose.gui.buttons import offer
from hepadose.gui.edit_clock import EditClock
from hepadose.gui.editor import EditorBox
from hepadose.gui.section import Section
from hepadose.gui.segment_box import SegmentBox, segments_of
from hepadose.gui.segmenter_box import SegmenterBox
from hepadose.gui.timers import single_shot
from hepadose.mrml.sirt import regions as steps
from hepadose.segmentation.protocol import Segmentation
from hepadose.worker import WorkerJob, available_segmenters, start_segment

EDITOR_TAG = "LiverSIRTSegmentEditor"
SETTLE_MS = 500
FIELDS = {"liverSegment": "liverSegment", "territorySegment": "territorySegment", "lungsSegment": "lungsSegment"}


class RegionsSection(Section):
    """Networks in a child process, the roles of the segments, and the embedded Segment Editor with its clock."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self._task = BackgroundTask(ui.segmentProgress, ui.segmentCancel, ui.liverButton, panel.refresh)
        self._boxes = {field: SegmentBox(getattr(ui, field), self._chosen(field)) for field in FIELDS}
        self._networks = {
            steps.LIVER: SegmenterBox(ui.liverSegmenter, self._chosen("liverSegmenter")),
            steps.TUMOR: SegmenterBox(ui.tumorSegmenter, self._chosen("tumorSegmenter")),
        }
        self._buttons = {steps.LIVER: ui.liverButton, steps.TUMOR: ui.tumorButton}
        self._finding = steps.LIVER
        self._problem: HepaDoseError | None = None
        self._node: Any = None
        self._seen: set[str] = set()
        self._listed: list[tuple[str, str]] = []
        self._editor = EditorBox(
            panel,
            ui.segmentEditor,
            ui.editTimeLabel,
            tag=EDITOR_TAG,
            step="Edit liver, territory and tumors",
            on_edited=panel.segments_changed,
        )
        self._settle_timer = single_shot(SETTLE_MS, self._settled)
        self._connect()
        self.enter_networks()

    def _connect(self) -> None:
        ui = self.ui
        ui.liverButton.connect("clicked(bool)", self.find_liver)
        ui.tumorButton.connect("clicked(bool)", self.find_tumors)
        ui.restoreButton.connect("clicked(bool)", self.restore)
        ui.tumorList.connect("itemChanged(QListWidgetItem*)", self._tumor_ticked)
        ui.segmentEditor.connect("currentSegmentIDChanged(QString)", self._segment_chosen)

    @property
    def clock(self) -> EditClock:
        """How long a person has edited."""
        return self._editor.clock

    @property
    def busy(self) -> str:
        """Segmenting, in words."""
        return _("The search for liver or tumors is not finished.") if self._task.busy else ""

    def update(self) -> None:
        """Buttons, roles, and what the editor edits."""
        self._task.show()
        parameters = self.parameters
        for task, button in self._buttons.items():
            missing = "" if self._networks[task].key else _("No network for this is installed; outline by hand.")
            reason = missing or self.panel.why_busy() or steps.why_not_find(parameters, task)
            offer(button, reason, _("It becomes a new segment, which can be corrected afterwards"))
        self._offer_restore()
        if parameters is None:
            return
        self._follow_segments(parameters)
        for field, box in self._boxes.items():
            box.show(parameters.segmentation, getattr(parameters, field))
        self._networks[steps.LIVER].show(parameters.liverSegmenter)
        self._networks[steps.TUMOR].show(parameters.tumorSegmenter)
        self._show_tumors(parameters)
        self._editor.edit(parameters.segmentation, parameters.ctVolume)
        self._editor.show_clock()
        self._settle_timer.start()

    def segments_changed(self) -> None:
        """Volumes and origins are shown once the user pauses."""
        self._settle_timer.start()

    def enter(self) -> None:
        """The panel is shown: the editor's keys work, and the models that there are now are offered."""
        self.enter_networks()
        self._editor.enter()

    def enter_networks(self) -> None:
        """Offer the networks that are on this computer now."""
        for task, box in self._networks.items():
            box.offer(available_segmenters(task))

    def exit(self) -> None:
        """The panel is left."""
        self._editor.exit()

    def find_liver(self, _checked: bool = False) -> None:
        """Look for the liver in a child process."""
        self._find(steps.LIVER)

    def find_tumors(self, _checked: bool = False) -> None:
        """Look for tumors in a child process."""
        self._find(steps.TUMOR)

    def restore(self, _checked: bool = False) -> None:
        """Bring the automatic outline of the current segment back."""
        with self.telling(self._failed, _("The automatic outline could not be brought back.")), self.panel.own_change():
            self.ui.segmentEditor.saveStateForUndo()
            steps.restore(self.parameters, self.ui.segmentEditor.currentSegmentID())
        self.panel.segments_changed()

    def forget_case(self) -> None:
        """Another case is edited from zero on."""
        self._problem, self._node = None, None
        self.clock.reset()

    def scene_closing(self) -> None:
        """Let go of the nodes."""
        self._task.close()
        self._settle_timer.stop()
        self.forget_case()
        self._editor.let_go()

    def cleanup(self) -> None:
        """The panel goes away."""
        self.exit()
        self.scene_closing()

    def _chosen(self, field: str) -> Any:
        """What keeps a choice of a box in the parameter node."""

        def keep(value: str) -> None:
            setattr(self.parameters, field, value)
            self.panel.segments_changed()

        return keep

    def _find(self, task: str) -> None:
        self._problem, self._finding = None, task
        self.clock.stop()
        self._task.start_button = self._buttons[task]
        self._task.start(self._starting(task), self._take_over, self._failed)

    def _starting(self, task: str) -> Generator[None, None, WorkerJob]:
        inputs = yield from steps.network_inputs(self.parameters, task)
        return start_segment(self._networks[task].key, inputs)

    def _take_over(self, found: Segmentation) -> Iterator[None]:
        self.panel.log.extend(self._task.timing)
        if self.parameters.segmentation is not None:
            self.ui.segmentEditor.saveStateForUndo()
        with self.panel.own_change():
            yield from steps.take_found(self.parameters, self._finding, found)
        shown = self._shown_after(self._finding)
        if shown:
            self.logic.showSegment(self.parameters.segmentation, shown)
        yield
        self.panel.segments_changed()
        if shown:
            self.ui.segmentEditor.setCurrentSegmentID(shown)
        yield

    def _shown_after(self, task: str) -> str:
        if task == steps.LIVER:
            return self.parameters.liverSegment
        return next(iter(self.parameters.tumorSegments), "")

    def _failed(self, problem: HepaDoseError) -> None:
        self._problem = problem

    def _follow_segments(self, parameters: Any) -> None:
        """Tick new segments that are tumors by their names."""
        if parameters.segmentation is not self._node:
            self._node = parameters.segmentation
            self._seen = {identifier for _name, identifier in segments_of(self._node)}
            steps.choose_missing(parameters)
        self._seen = steps.choose_new_tumors(parameters, self._seen)

    def _show_tumors(self, parameters: Any) -> None:
        """The segments that may be tumors, with a tick at those that are."""
        others = {getattr(parameters, field) for field in FIELDS}
        offered = [each for each in segments_of(parameters.segmentation) if each[1] not in others]
        view = self.ui.tumorList
        blocked = view.blockSignals(True)
        if offered != self._listed or view.count != len(offered):
            view.clear()
            for name, _identifier in offered:
                view.addItem(name)
            self._listed = offered
        for place, (_name, identifier) in enumerate(offered):
            ticked = identifier in parameters.tumorSegments
            view.item(place).setCheckState(qt.Qt.Checked if ticked else qt.Qt.Unchecked)
        view.blockSignals(blocked)

    def _tumor_ticked(self, _item: Any) -> None:
        view = self.ui.tumorList
        ticked = [
            identifier
            for place, (_name, identifier) in enumerate(self._listed)
            if view.item(place).checkState() == qt.Qt.Checked
        ]
        self.parameters.tumorSegments = ticked
        self.panel.segments_changed()

    def _segment_chosen(self, _segment_id: str) -> None:
        self._offer_restore()

    def _offer_restore(self) -> None:
        current = self.ui.segmentEditor.currentSegmentID()
        reason = self.panel.why_busy() or steps.why_not_restore(self.parameters, current)
        offer(self.ui.restoreButton, reason, _("Throw the corrections of the current segment away"))

    def _settled(self) -> None:
        self._offer_restore()
        text = str(self._problem) if self._problem is not None else steps.origin_text(self.parameters)
        self.ui.originLabel.text, self.ui.originLabel.visible = text, bool(text)
