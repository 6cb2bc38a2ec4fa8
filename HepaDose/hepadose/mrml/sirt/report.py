"""Report: the result folder of an answer, and where everything came from in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hepadose
from hepadose.batch.output import complete_folder
from hepadose.errors import MissingDependencyError
from hepadose.findings import Finding, warning
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.sirt.live import SirtAnswer
from hepadose.mrml.sirt.regions import origin_text
from hepadose.mrml.sirt.review import review_of
from hepadose.report.sirt_tables import sirt_table_files
from hepadose.report.sirt_write import dose_scene, write_sirt_report
from hepadose.report.write import write_together
from hepadose.timing import TimingLog

TIMING_FILE = "timing.jsonl"


def save_report(
    folder: Path, choices: Any, answer: SirtAnswer, log: TimingLog, *, overwrite: bool = False
) -> tuple[Finding, ...]:
    """Write report, tables, figures and timing log; the folder appears complete or not at all.

    Parameters
    ----------
    folder : Path
        New, empty, or with an earlier result and ``overwrite``.
    choices : parameter node
        Gives the CT that the figures show, and the review of the outline.
    answer : SirtAnswer
        What is reported.
    log : TimingLog
        Its finished steps are written beside.
    overwrite : bool
        Replace an earlier result.

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
    review = review_of(choices)
    with complete_folder(folder, overwrite=overwrite) as working:
        with log.step("Write report"):
            ct = None if choices.ctVolume is None else volume_node_to_image(choices.ctVolume, "CT")
            scene = dose_scene(answer.outlined, answer.dose, ct)
            try:
                write_sirt_report(working, answer.result, scene, log.records, review)
            except MissingDependencyError as problem:
                write_together(working, sirt_table_files(answer.result, log.records, review))
                notes = (warning("Report", f"Only tables were written: {problem}"),)
        TimingLog(working / TIMING_FILE).extend(log.records)
    return notes


def provenance_text(choices: Any, answer: SirtAnswer | None) -> str:
    """Where the numbers come from: segments, constant, dose and version, one line each."""
    lines = [origin_text(choices)]
    if answer is not None:
        given = answer.result.prescription.input
        lines.append(f"{given.product.name}, dose constant {given.constant}")
        if answer.result.dose_method:
            lines.append(f"Dose from the image of activity by {answer.result.dose_method}")
    lines.append(f"HepaDose {hepadose.__version__}. {hepadose.RESEARCH_USE}")
    return "\n".join(line for line in lines if line)
