"""Isodose match: the physicist's panel, which follows every stroke of the editor."""

from __future__ import annotations

import time
from typing import Any

import slicer
from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError, MissingInputError
from hepadose.findings import Level, error
from hepadose.flr.result import FlrResult
from hepadose.gui.buttons import offer
from hepadose.gui.flr.match_text import answer_html, level_text
from hepadose.gui.scrolling import bring_into_sight
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_findings, show_rows
from hepadose.gui.timers import single_shot
from hepadose.mrml.flrdose import match as steps
from hepadose.mrml.flrdose.inputs import input_findings
from hepadose.mrml.isodose import IsodoseSurface, isodose_to_segment
from hepadose.mrml.live_match import LiveMatch
from hepadose.mrml.match_display import MatchDisplay
from hepadose.mrml.views import show_chart
from hepadose.report.definitions import estimator_rows

SETTLE_MS = 800
"""Pause after the last change before interval, checks and estimators are computed."""
RESTART_MS = 300


class MatchSection(Section):
    """The curve over dose, its best level, the isodose in the views, and what others would have measured."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.live: LiveMatch | None = None
        self.result: FlrResult | None = None
        self._changed_at_s = time.perf_counter()
        self.last_follow_s = float("nan")
        """Seconds from the change of the segment to the new curve, as last measured."""
        self._surface: IsodoseSurface | None = None
        self._display: MatchDisplay | None = None
        self._problem: HepaDoseError | None = None
        self._stays_at_best = False
        self._follow_timer = single_shot(0, self._follow)
        self._settle_timer = single_shot(SETTLE_MS, self._settle)
        self._restart_timer = single_shot(RESTART_MS, self._restart)
        self._connect()

    def _connect(self) -> None:
        ui = self.ui
        ui.applyMatchButton.connect("clicked(bool)", self.start)
        ui.bestButton.connect("clicked(bool)", self.to_best_level)
        ui.isodoseSegmentButton.connect("clicked(bool)", self.isodose_to_segment)

    def update(self) -> None:
        """Buttons and the shown isodose; a match whose inputs changed is made anew."""
        parameters = self.parameters
        reason = self.panel.why_busy() or steps.why_not_match(parameters)
        offer(self.ui.applyMatchButton, reason, _("Compare the reaction with every isodose and follow its edits"))
        unmatched = "" if self.live is not None and self.live.is_current else _("Press Match first.")
        offer(self.ui.bestButton, unmatched, _("Move the isodose to the best level"))
        offer(self.ui.isodoseSegmentButton, unmatched, _("Add the shown isodose as a segment, with its volume in ml"))
        if parameters is None:
            return
        self.ui.isodoseGy.enabled = not unmatched
        if self.live is not None and not self.panel.why_busy() and steps.is_outdated(self.live, parameters):
            self._restart_timer.start()
        self._show_isodose()

    def start(self, _checked: bool = False) -> None:
        """Prepare the match and show the first curve."""
        self._forget()
        with (
            self.telling(self._show_problem, _("The reaction could not be compared with the dose.")),
            self.panel.log.step("Prepare match"),
        ):
            self.live = steps.new_match(slicer.mrmlScene, self.parameters)
        if self.live is None:
            return
        self.parameters.matched = True
        self._bound_level()
        self._display = MatchDisplay(slicer.mrmlScene)
        self._follow()
        self._settle()
        self.to_best_level()
        self.logic.showMatch(self.parameters)
        show_chart(slicer.mrmlScene, self._display.chart)
        self.ui.reportButton.collapsed = False
        self.panel.refresh()
        self.panel.later(lambda: bring_into_sight(self.ui.levelLabel))

    def segments_changed(self) -> None:
        """The reaction or the liver was edited."""
        if self.live is None:
            return
        self._changed_at_s = time.perf_counter()
        if steps.is_outdated(self.live, self.parameters):
            self._restart_timer.start()
        else:
            self._follow_timer.start()

    def to_best_level(self, _checked: bool = False) -> None:
        """Move the isodose to the best level."""
        if self.live is not None and self.live.curve is not None:
            self.parameters.isodoseGy = round(steps.best_level_gy(self.live, self.result), 1)

    def isodose_to_segment(self, _checked: bool = False) -> None:
        """Add the shown isodose to the segmentation."""
        parameters, live = self.parameters, self.live
        with (
            self.telling(self._show_level_problem, _("The isodose could not become a segment.")),
            self.panel.own_change(),
        ):
            self.ui.segmentEditor.saveStateForUndo()
            _segment_id, volume_ml = isodose_to_segment(
                parameters.segmentation,
                parameters.alignedDose,
                parameters.isodoseGy,
                live.settings.quantity,
                live.fractions,
                live.settings.alpha_beta_gy,
                clip_to_segment_id=parameters.liverSegment if parameters.clipToLiver else None,
            )
            self.ui.levelLabel.text = _("Added as a segment: {volume:.1f} ml.").format(volume=volume_ml)
        self.panel.refresh()

    def forget_case(self) -> None:
        """Show no answer."""
        if self._surface is not None:
            self._surface.set_visible(False)
        if self._display is not None:
            self._display.clear()
        self._forget()
        clear_table(self.ui.gatesTable)
        clear_table(self.ui.estimatorsTable)
        self.ui.answerLabel.text = self.ui.levelLabel.text = ""

    def take_up(self) -> None:
        """Match again where a saved scene was matched; the numbers are the same."""
        if self.live is None and self.parameters.matched and not steps.why_not_match(self.parameters):
            level_gy = self.parameters.isodoseGy
            self.start()
            self.parameters.isodoseGy = level_gy

    def _forget(self) -> None:
        for timer in (self._follow_timer, self._settle_timer, self._restart_timer):
            timer.stop()
        self.live = self.result = self._surface = self._display = self._problem = None

    def _restart(self) -> None:
        if self.live is None:
            return
        reason = steps.why_not_match(self.parameters)
        if reason:
            self._show_problem(MissingInputError(reason))
            return
        level_gy, scale, at_best = self.parameters.isodoseGy, self._scale(), self._at_best_level()
        self.start()
        # On another scale the number would mean another isodose.
        if self.live is not None and self._scale() == scale and not at_best:
            self.parameters.isodoseGy = level_gy

    def _scale(self) -> tuple[Any, ...]:
        return self.live.settings.quantity, self.live.settings.alpha_beta_gy, self.live.fractions

    def _at_best_level(self) -> bool:
        return steps.is_best_level(self.live, self.result, self.parameters.isodoseGy)

    def _follow(self) -> None:
        """The new curve after a stroke; everything slower waits until the user pauses."""
        if self.result is not None:
            # The shown isodose stays with the best level unless the user has moved it away.
            self._stays_at_best = self._at_best_level()
        self.result = None
        try:
            curve = self.live.update()
            self._problem = None
        except HepaDoseError as problem:
            reason = steps.why_not_match(self.parameters)
            self._show_problem(MissingInputError(reason) if reason else problem)
            return
        self._display.show(curve, None, self.live.context)
        self.ui.answerLabel.text = answer_html(self.live, None)
        self._show_level()
        self.last_follow_s = time.perf_counter() - self._changed_at_s
        self._settle_timer.start()

    def _settle(self) -> None:
        """Interval, checks and estimators, once the user pauses."""
        self._settle_timer.stop()
        if self.live is None or self._problem is not None:
            return
        try:
            with self.panel.log.step("Match isodoses"):
                self.result = self.live.result(steps.reaction_origin(self.parameters))
        except HepaDoseError as problem:
            self._show_problem(problem)
            return
        self._display.show(self.live.curve, self.result.best, self.live.context)
        self.ui.answerLabel.text = answer_html(self.live, self.result)
        known = set(input_findings(self.parameters))
        gates = [finding for finding in self.result.findings if finding.level is not Level.OK or finding not in known]
        show_findings(self.ui.gatesTable, gates)
        show_rows(self.ui.estimatorsTable, [_("Estimator"), _("Value")], estimator_rows(self.result))
        if self._stays_at_best:
            self.to_best_level()
        self.panel.refresh()

    def _show_problem(self, problem: HepaDoseError) -> None:
        if str(problem) == str(self._problem):
            return
        self._problem, self.result = problem, None
        if self._display is not None:
            self._display.show_outdated(str(problem))
        self.ui.answerLabel.text = f"<b>{problem}</b>"
        show_findings(self.ui.gatesTable, [error(_("Match"), str(problem))])
        clear_table(self.ui.estimatorsTable)
        self.ui.levelLabel.text = ""
        self.panel.refresh()

    def _show_level_problem(self, problem: HepaDoseError) -> None:
        self.ui.levelLabel.text = str(problem)

    def _bound_level(self) -> None:
        levels = self.live.settings.levels_gy
        self.ui.isodoseGy.minimum, self.ui.isodoseGy.maximum = float(levels[0]), float(levels[-1])

    def _show_isodose(self) -> None:
        if self.live is None or not self.live.is_current:
            return
        if self._surface is None:
            self._surface = IsodoseSurface(slicer.mrmlScene, self.live)
        self._surface.set_visible(self.parameters.showIsodose)
        self._surface.set_clip(self.parameters.clipToLiver)
        if self.parameters.showIsodose:
            self._surface.set_level(self.parameters.isodoseGy)
        self._show_level()

    def _show_level(self) -> None:
        self.ui.levelLabel.text = level_text(self.live, self.parameters.isodoseGy, at_best=self._at_best_level())
