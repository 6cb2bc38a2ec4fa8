"""Writing the files of a response: the page with its figures, CSV and JSON; all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hepadose
from hepadose.errors import MissingDependencyError
from hepadose.findings import Finding, warning
from hepadose.recist.records import Assessment, TimePoint
from hepadose.recist.target_response import CATEGORY_WORDS
from hepadose.report.canvas import as_png
from hepadose.report.html import figure_texts, report_template
from hepadose.report.response_graphs import draw_axes, draw_changes
from hepadose.report.response_tables import response_table_files
from hepadose.report.text import LEVEL_WORDS, by_severity, verdict
from hepadose.report.write import write_together
from hepadose.timing import TimingRecord, software_versions, summarize

TEMPLATE = "response_report.html.jinja"


def write_response_report(
    folder: Path,
    assessment: Assessment,
    times: Sequence[TimePoint],
    noticed: Sequence[Finding] = (),
    timing: Sequence[TimingRecord] = (),
) -> tuple[Finding, ...]:
    """Write report.html, figures, CSV and JSON; the tables alone where matplotlib or jinja2 are missing.

    Parameters
    ----------
    folder : Path
        Created where absent.
    assessment : Assessment
    times : sequence of TimePoint
        What was assessed, for the figures.
    noticed : sequence of Finding
        What was noticed while reading.
    timing : sequence of TimingRecord

    Returns
    -------
    tuple of Finding
        What could not be written, and why.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    contents = response_table_files(assessment, noticed, timing)
    notes: tuple[Finding, ...] = ()
    try:
        figures = {"axes": as_png(draw_axes(assessment, times)), "changes": as_png(draw_changes(assessment))}
        contents["report.html"] = render_response_report(assessment, figures, noticed, timing).encode()
        contents |= {f"figures/{name}.png": data for name, data in figures.items()}
    except MissingDependencyError as problem:
        notes = (warning("Report", f"Only tables were written: {problem}"),)
    write_together(folder, contents)
    return notes


def render_response_report(
    assessment: Assessment,
    figures: dict[str, bytes],
    noticed: Sequence[Finding] = (),
    timing: Sequence[TimingRecord] = (),
) -> str:
    """The report as one HTML page with the figures embedded.

    Parameters
    ----------
    assessment : Assessment
    figures : dict of str to bytes
        PNG files by name: "axes" and "changes"; a missing one is left out.
    noticed : sequence of Finding
    timing : sequence of TimingRecord

    Raises
    ------
    MissingDependencyError
        If jinja2 is not installed.
    """
    return report_template(TEMPLATE).render(_context(assessment, figures, noticed, timing))


def _context(
    assessment: Assessment, figures: dict[str, bytes], noticed: Sequence[Finding], timing: Sequence[TimingRecord]
) -> dict[str, Any]:
    findings = (*noticed, *assessment.findings)
    level, sentence = verdict(findings)
    return {
        "assessment": assessment,
        "leading": assessment.responses[-1][0],
        "words": CATEGORY_WORDS,
        "follow_ups": list(zip(assessment.times[1:], assessment.responses, strict=True)),
        "figures": figure_texts(figures),
        "verdict_level": level.value,
        "verdict_word": LEVEL_WORDS[level],
        "verdict": sentence,
        "findings": [(finding, LEVEL_WORDS[finding.level]) for finding in by_severity(findings)],
        "as_float": float,
        "timing": summarize(timing),
        "versions": {**software_versions(), "hepadose": assessment.software_version},
        "research_use": hepadose.RESEARCH_USE,
    }
