"""Activity by every model, which follows each edit; limits, checks and published dose values."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from typing import Any

from slicer.i18n import tr as _

from hepadose.errors import HepaDoseError
from hepadose.findings import Finding, Level, error
from hepadose.gui.section import Section
from hepadose.gui.tables import clear_table, show_findings, show_rows, stretch_first
from hepadose.gui.timers import single_shot
from hepadose.mrml.sirt.live import LiveSirt, SirtAnswer
from hepadose.mrml.sirt.reader import why_no_answer
from hepadose.report.sirt_html import MODEL_WORDS, grouped_guidance
from hepadose.report.text import number
from hepadose.sirt.analysis import GuidanceRow
from hepadose.sirt.prescription import Prescription, PrescriptionRow

SHORT_MODELS = {"bsa": "BSA", "empirical": "Empirical, for cross-check", "mird": "MIRD", "partition": "Partition"}
SETTLE_MS = 800
"""Pause after the last change before doses and guidance are computed."""


class ActivitySection(Section):
    """The table of activities, alive."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.live = LiveSirt()
        self.answer: SirtAnswer | None = None
        self.last_follow_s = float("nan")
        """Seconds from the change of a segment to the new activities, as last measured."""
        self._changed_at_s = time.perf_counter()
        self._choices: tuple[Any, ...] = ()
        self._follow_timer = single_shot(0, self._follow)
        self._settle_timer = single_shot(SETTLE_MS, self._settle)

    @property
    def is_waiting(self) -> bool:
        """Whether a change is not in the answer yet."""
        return self._follow_timer.active or self._settle_timer.active

    def update(self) -> None:
        """Compute again where a choice changed."""
        if self.parameters is None:
            return
        choices = _choices_of(self.parameters)
        if choices != self._choices:
            self._choices = choices
            self.segments_changed()

    def segments_changed(self) -> None:
        """An outline or a choice changed."""
        self._changed_at_s = time.perf_counter()
        self._follow_timer.start()

    def take_up(self) -> None:
        """A loaded scene shows its numbers again."""
        self._choices = ()
        self.update()

    def compute(self) -> None:
        """Compute everything now, also what takes seconds."""
        self._settle_timer.stop()
        with self.panel.log.step("Compute doses"):
            self._settle(may_compute=True)

    def forget_case(self) -> None:
        """Show no answer."""
        self._follow_timer.stop()
        self._settle_timer.stop()
        self.live, self.answer, self._choices = LiveSirt(), None, ()
        for table in (self.ui.activityTable, self.ui.checksTable, self.ui.guidanceTable):
            clear_table(table)
        self.ui.answerLabel.text = ""

    def _follow(self) -> None:
        """The new activities after a stroke; everything slower waits until the user pauses."""
        self.answer = None
        missing = why_no_answer(self.parameters)
        if missing:
            self._show_nothing(missing)
            return
        try:
            prescription = self.live.follow(self.parameters)
        except HepaDoseError as problem:
            self._show_problem(problem)
            return
        self._show(prescription)
        self.last_follow_s = time.perf_counter() - self._changed_at_s
        self._settle_timer.start()

    def _settle(self, may_compute: bool = False) -> None:
        """Doses, guidance and checks, once the user pauses."""
        if self.parameters is None or why_no_answer(self.parameters):
            return
        try:
            self.answer = self.live.answer(self.parameters, may_compute=may_compute)
        except HepaDoseError as problem:
            self._show_problem(problem)
            return
        result = self.answer.result
        self._show(result.prescription)
        self._show_findings(result.findings)
        show_rows(self.ui.guidanceTable, [_("Published"), _("Here")], guidance_texts(result.guidance))
        stretch_first(self.ui.guidanceTable)
        self.panel.refresh()

    def _show(self, prescription: Prescription) -> None:
        with_uptake = bool(prescription.input.uptake)
        titles = [_("Model"), _("Activity"), _("Territory")]
        titles += [_("Normal"), _("Tumors ≥")] if with_uptake else []
        titles.append(_("Lungs"))
        rows = [_row_texts(row, with_uptake) for row in prescription.rows]
        show_rows(self.ui.activityTable, titles, rows)
        stretch_first(self.ui.activityTable)
        self.ui.answerLabel.text = answer_html(prescription)
        self._show_findings(prescription.findings)

    def _show_findings(self, findings: tuple[Finding, ...]) -> None:
        show_findings(self.ui.checksTable, [each for each in findings if each.level is not Level.OK])

    def _show_nothing(self, reason: str) -> None:
        self._settle_timer.stop()
        for table in (self.ui.activityTable, self.ui.checksTable, self.ui.guidanceTable):
            clear_table(table)
        self.ui.answerLabel.text = html.escape(reason)
        self.panel.refresh()

    def _show_problem(self, problem: HepaDoseError) -> None:
        self._show_nothing(str(problem))
        show_findings(self.ui.checksTable, [error(_("Activity"), str(problem))])
        self.ui.answerLabel.text = f"<b>{html.escape(str(problem))}</b>"


def guidance_texts(rows: Iterable[GuidanceRow]) -> list[tuple[str, ...]]:
    """Each published value once, with what the image and every model give beside it, and more as tooltip."""
    return [
        (
            f"{group[0].about[0].upper()}{group[0].about[1:]}: {group[0].words}",
            "\n".join(_here(row, row.source.partition(",")[0]) for row in group),
            "\n".join([*(_here(row, row.source) for row in group), group[0].guidance.evidence]),
        )
        for group in grouped_guidance(rows)
    ]


def _here(row: GuidanceRow, source: str) -> str:
    return f"{source}: {number(row.dose_gy, 0, 'Gy')} {row.standing.value}"


def answer_html(prescription: Prescription) -> str:
    """The volumes and the tightest limit in words."""
    volumes, given = prescription.input.volumes, prescription.input
    shares = _("Liver {liver}, territory {territory}, tumor in it {tumor} ({share})").format(
        liver=number(volumes.liver_ml, 0, "ml"),
        territory=number(volumes.territory_ml, 0, "ml"),
        tumor=number(volumes.tumor_ml, 1, "ml"),
        share=number(100.0 * volumes.involvement, 1, "%"),
    )
    lines = [f"<b>{html.escape(shares)}</b>"]
    if prescription.tightest is not None:
        limit = _("At most {activity}: {name}").format(
            activity=number(prescription.tightest.activity_gbq, 2, "GBq"), name=prescription.tightest.name
        )
        lines.append(html.escape(limit))
    if not prescription.rows:
        lines.append(html.escape(_("No model has all that it needs; see below.")))
    lines.append(html.escape(_("Dose constant {constant}").format(constant=given.constant)))
    return "<br>".join(lines)


def _row_texts(row: PrescriptionRow, with_uptake: bool) -> tuple[str, ...]:
    """The cells of a model, and what they mean as tooltip."""
    model = SHORT_MODELS[row.model]
    name = f"{model}: {row.goal}" if row.model in ("mird", "partition") else model
    texts = [name, number(row.activity_gbq, 2, "GBq"), number(row.territory_gy, 0, "Gy")]
    if with_uptake:
        texts += [number(row.normal_gy, 0, "Gy"), number(min(row.tumors_gy), 0, "Gy")]
    tumors = ", ".join(number(gy, 0, "Gy") for gy in row.tumors_gy)
    meaning = _("{model}, for {goal}. Mean doses; every tumor: {tumors}.").format(
        model=MODEL_WORDS[row.model], goal=row.goal, tumors=tumors or _("uptake unknown")
    )
    return (*texts, number(row.lungs_gy, 1, "Gy"), meaning)


def _choices_of(parameters: Any) -> tuple[Any, ...]:
    """Everything that the answer depends on beside the outlines themselves."""
    nodes = (parameters.ctVolume, parameters.activityVolume, parameters.segmentation)
    values = [None if node is None else node.GetID() for node in nodes]
    values += [getattr(parameters, field) for field in FIELDS]
    return (*values, tuple(parameters.tumorSegments))


FIELDS = (
    *("liverSegment", "territorySegment", "lungsSegment", "product", "treatment", "disease", "heightM", "weightKg"),
    *("lungShuntPercent", "residualPercent", "lungMassKg", "uptakeRatio", "densityGPerMl", "territoryGoalGy"),
    *("tumorGoalGy", "normalLimitGy", "lungLimitGy", "activityKind", "activityUnit", "hoursAfterInjection"),
    *("injectedGbq", "doseMethod"),
)
