"""Report: the result folder from a live match, and where everything came from in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hepadose
from hepadose.batch.output import complete_folder
from hepadose.errors import MissingDependencyError
from hepadose.findings import Finding, warning
from hepadose.flr.result import FlrResult
from hepadose.mrml.flrdose.match import registration_of
from hepadose.mrml.flrdose.reaction import origin_text
from hepadose.report.published import PatientStatement
from hepadose.report.text import measured
from hepadose.report.write import write_flr_report, write_flr_tables
from hepadose.timing import TimingLog

if TYPE_CHECKING:
    from hepadose.mrml.live_match import LiveMatch

TIMING_FILE = "timing.jsonl"


def save_report(
    folder: Path,
    live: LiveMatch,
    result: FlrResult,
    log: TimingLog,
    *,
    overwrite: bool = False,
    statement: PatientStatement | None = None,
) -> tuple[Finding, ...]:
    """Write report, tables, figures and timing log; the folder appears complete or not at all.

    Parameters
    ----------
    folder : Path
        New, empty, or with an earlier result and ``overwrite``.
    live : LiveMatch
        Gives the images that the figures show.
    result : FlrResult
        What is reported.
    log : TimingLog
        Its finished steps are written beside.
    overwrite : bool
        Replace an earlier result.
    statement : PatientStatement, optional
        What the user stated about the patient; where complete, the answer is set beside published thresholds.

    Returns
    -------
    tuple of Finding
        What could not be written.

    Raises
    ------
    OutputError
        If the folder holds something else or cannot be written.
    """
    notes: tuple[Finding, ...] = ()
    with complete_folder(folder, overwrite=overwrite) as working:
        with log.step("Write report"):
            try:
                write_flr_report(working, result, live.images, log.records, statement)
            except MissingDependencyError as problem:
                write_flr_tables(working, result, live.images, log.records, statement)
                notes = (warning("Report", f"Only tables were written: {problem}"),)
        TimingLog(working / TIMING_FILE).extend(log.records)
    return notes


def provenance_text(choices: Any, result: FlrResult | None) -> str:
    """Where the numbers come from: segments, alignment, dose and version, one line each."""
    lines = [origin_text(choices)] if choices.segmentation is not None else []
    if choices.alignment is not None:
        registration = registration_of(choices)
        if registration.planning_liver_origin is not None:
            lines.append(f"Liver of the planning CT: {registration.planning_liver_origin}")
        error_mm = measured(registration.estimated_error_mm, 1, "mm")
        lines.append(f"Alignment: {registration.method}; mean error in the liver {error_mm}")
    if result is not None:
        lines.append(f"Dose: {result.dose.banner}")
    lines.append(f"HepaDose {hepadose.__version__}. {hepadose.RESEARCH_USE}")
    return "\n".join(line for line in lines if line)
