"""Tables and figures of a reader study, and the page that holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import hepadose
from hepadose.errors import MissingDependencyError
from hepadose.evaluation.quality_score import SCORES, ScoreSummary
from hepadose.evaluation.reader_study import (
    FIGURES,
    PairRow,
    PairTable,
    Reading,
)
from hepadose.evaluation.reader_tables import correction_table, editing_times, score_table
from hepadose.evaluation.summary import Summary, summarize_values
from hepadose.findings import Finding, warning
from hepadose.report.agreement_graph import draw_agreement
from hepadose.report.canvas import ACCENT, INK, QUIET, SECOND, as_png, new_figure, style_axes
from hepadose.report.html import figure_texts, report_template
from hepadose.report.tables import csv_text, plain
from hepadose.report.write import write_together
from hepadose.timing import software_versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = "hepadose/reader-study/1"
TEMPLATE = "readers_report.html.jinja"
FIGURE_WORDS = {
    "dice": "DSC",
    "volume_ratio": "Ratio of volumes, first / second",
    "assd_mm": "Mean surface distance in mm",
    "hausdorff_mm": "Hausdorff distance in mm",
    "hd95_mm": "HD95 in mm",
}
MODEL_WORDS = {"bsa": "body surface", "mird": "one compartment", "partition": "partition"}


@dataclass(frozen=True, eq=False)
class StudyTables:
    """Everything a study says.

    Parameters
    ----------
    readings : tuple of Reading
    pairs : tuple of PairTable
    activity_ratios : dict of (str, str) to dict of str to list of float
        By first and second reading, then by model.
    notes : tuple of Finding
        What could not be written.
    """

    readings: tuple[Reading, ...]
    pairs: tuple[PairTable, ...]
    activity_ratios: dict[tuple[str, str], dict[str, list[float]]]
    notes: tuple[Finding, ...] = ()


def write_study(folder: Path, tables: StudyTables) -> tuple[Finding, ...]:
    """Write CSV tables, figures and the page; the tables alone where matplotlib or jinja2 are missing.

    Parameters
    ----------
    folder : Path
    tables : StudyTables

    Returns
    -------
    tuple of Finding
        What could not be written, and why.
    """
    notes = ()
    contents = {name: text.encode() for name, text in study_csv(tables).items() if text}
    try:
        figures = study_figures(tables)
        contents["report.html"] = _page(tables, figures).encode()
        contents |= {f"figures/{name}.png": data for name, data in figures.items()}
    except MissingDependencyError as problem:
        notes = (warning("Report", f"Only tables were written: {problem}"),)
    write_together(folder, contents)
    return notes


def study_csv(tables: StudyTables) -> dict[str, str]:
    """The tables by file name; empty text where there is nothing to tell."""
    names = [field.name for field in fields(PairRow)]
    rows = (
        [pair.first, pair.second, *(getattr(row, name) for name in names)] for pair in tables.pairs for row in pair.rows
    )
    corrections = correction_table(tables.readings)
    return {
        "pairs.csv": csv_text(["first", "second", *names], rows),
        "summary.csv": _summary_csv(tables),
        "times.csv": _times_csv(tables),
        "scores.csv": _scores_csv(tables),
        "corrections.csv": csv_text(
            ["region", "reader", "cases", "of_cases", "added_ml", "removed_ml"],
            ([row.region, row.reader, row.cases, row.of_cases, row.added_ml, row.removed_ml] for row in corrections),
        )
        if corrections
        else "",
        "result.json": _study_json(tables),
    }


def _study_json(tables: StudyTables) -> str:
    """Everything but the contours themselves, at full precision."""
    content = {
        "schema": SCHEMA,
        "research_use": hepadose.RESEARCH_USE,
        "pairs": plain(tables.pairs),
        "activity_ratios": {" / ".join(pair): plain(ratios) for pair, ratios in tables.activity_ratios.items()},
        "times": plain(editing_times(tables.readings)),
        "scores": plain(score_table(tables.readings).by_reader),
        "corrections": plain(correction_table(tables.readings)),
        "versions": software_versions(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _summary_csv(tables: StudyTables) -> str:
    header = [
        "first",
        "second",
        "figure",
        "cases",
        "undefined",
        "median",
        "q1",
        "q3",
        "lowest",
        "highest",
        "mean",
        "sd",
    ]
    rows = []
    for pair in tables.pairs:
        ratios = tables.activity_ratios.get((pair.first, pair.second), {})
        figures = pair.summaries | {
            f"activity_ratio_{model}": summarize_values(found) for model, found in ratios.items()
        }
        rows += [[pair.first, pair.second, name, *_numbers(summary)] for name, summary in figures.items()]
    return csv_text(header, rows)


def _numbers(summary: Summary) -> list[float]:
    names = ("count", "left_out", "median", "low_quartile", "high_quartile", "lowest", "highest", "mean")
    return [*(getattr(summary, name) for name in names), summary.standard_deviation]


def _times_csv(tables: StudyTables) -> str:
    header = ["reader", "what", "cases", "undefined", "median_min", "q1", "q3", "lowest", "highest", "mean", "sd", "p"]
    rows = [
        [times.reader, what, *_numbers(getattr(times, what)), times.p if what == "saved" else None]
        for times in editing_times(tables.readings)
        for what in ("manual", "adjusted", "saved")
    ]
    return csv_text(header, rows) if rows else ""


def _scores_csv(tables: StudyTables) -> str:
    found = score_table(tables.readings).by_reader
    header = [
        "reader",
        *(f"score_{score:g}" for score in SCORES),
        "usable",
        "limited",
        "unacceptable",
        "median",
        "mean",
    ]
    rows = [
        [reader, *table.histogram.values(), table.usable, table.limited, table.unacceptable, table.median, table.mean]
        for reader, table in found.items()
    ]
    return csv_text(header, rows) if rows else ""


def study_figures(tables: StudyTables) -> dict[str, bytes]:
    """PNG files: Bland–Altman of every pair, scores and times where there are any."""
    figures = {}
    for number, pair in enumerate(tables.pairs, start=1):
        if pair.volumes is not None:
            figures[f"volumes-{number}"] = as_png(draw_bland_altman(pair))
    scores = score_table(tables.readings).by_reader
    if scores:
        figures["scores"] = as_png(draw_scores(scores))
    if any(reading.wall_min is not None or reading.active_min is not None for reading in tables.readings):
        figures["times"] = as_png(draw_times(tables))
    return figures


def draw_bland_altman(pair: PairTable) -> Figure:
    """Differences of volume over their mean, with bias and limits of agreement."""
    volumes = ([row.first_ml for row in pair.rows], [row.second_ml for row in pair.rows])
    title = f"{pair.first} − {pair.second}"
    return draw_agreement(*volumes, pair.volumes, title=title, quantity="volumes", unit="ml")


def draw_scores(scores: dict[str, ScoreSummary]) -> Figure:
    """How often each score was given, by reader."""
    figure = new_figure(5.2, 3.4)
    axes = figure.add_axes((0.1, 0.15, 0.87, 0.72))
    width = 0.42 / len(scores)
    for place, (reader, table) in enumerate(scores.items()):
        offset = (place - (len(scores) - 1) / 2) * width
        color = (ACCENT, SECOND, QUIET, INK)[place % 4]
        label = f"reader {reader}" if reader else "program"
        axes.bar(np.array(SCORES) + offset, table.histogram.values(), width=0.9 * width, color=color, label=label)
    axes.set(xlabel="Score (1 unusable – 5 clinical use)", ylabel="Contours", xticks=SCORES)
    style_axes(axes)
    axes.legend(fontsize=8, frameon=False)
    return figure


def draw_times(tables: StudyTables) -> Figure:
    """Minutes of every reader, drawn by hand and adjusted, one dot per case."""
    figure = new_figure(5.2, 3.4)
    axes = figure.add_axes((0.11, 0.15, 0.86, 0.72))
    labels, groups = [], []
    for label in sorted({reading.label for reading in tables.readings}):
        minutes = [
            reading.active_min if reading.active_min is not None else reading.wall_min
            for reading in tables.readings
            if reading.label == label
        ]
        known = [value for value in minutes if value is not None]
        if known:
            labels.append(label)
            groups.append(known)
    random = np.random.default_rng(0)
    for place, values in enumerate(groups, start=1):
        jitter = random.uniform(-0.12, 0.12, len(values))
        axes.plot(place + jitter, values, "o", color=ACCENT, markersize=4, alpha=0.7)
        axes.hlines(np.median(values), place - 0.25, place + 0.25, color=INK, linewidth=1.6)
    axes.set(ylabel="Minutes", xticks=range(1, len(labels) + 1), xticklabels=labels, ylim=(0, None))
    style_axes(axes)
    return figure


def _page(tables: StudyTables, figures: dict[str, bytes]) -> str:
    return report_template(TEMPLATE).render(
        pairs=[(pair, _figure_rows(pair), _ratio_rows(tables, pair)) for pair in tables.pairs],
        figures=figure_texts(figures),
        cases=len({reading.case for reading in tables.readings}),
        readings=len(tables.readings),
        times=editing_times(tables.readings),
        scores=score_table(tables.readings),
        corrections=correction_table(tables.readings),
        version=hepadose.__version__,
        versions={**software_versions(), "hepadose": hepadose.__version__},
        research_use=hepadose.RESEARCH_USE,
    )


def _figure_rows(pair: PairTable) -> list[tuple[str, str]]:
    rows = [(FIGURE_WORDS[name], pair.summaries[name].text(3 if name in FIGURES[:2] else 1)) for name in FIGURES]
    outside, known = pair.outside_tolerance
    rows.append(("Ratio of volumes outside 0.9–1.1", f"{outside} of {known}"))
    if pair.volumes is not None:
        limits = f"{pair.volumes.bias:.0f} ({pair.volumes.low_limit:.0f} to {pair.volumes.high_limit:.0f}) ml"
        rows.append(("Bias and limits of agreement of the volume", limits))
        low, high = pair.correlation.two_way_random_interval
        rows.append(("ICC(2,1) of the volume", f"{pair.correlation.two_way_random:.3f} ({low:.3f}–{high:.3f})"))
        rows.append(("Wilcoxon's p of the volume", f"{pair.volume_p:.3f}" if pair.volume_p >= 0.001 else "< 0.001"))
    return rows


def _ratio_rows(tables: StudyTables, pair: PairTable) -> list[tuple[str, str]]:
    ratios = tables.activity_ratios.get((pair.first, pair.second), {})
    return [
        (f"Ratio of activities by {MODEL_WORDS[model]}", summarize_values(found).text(3))
        for model, found in ratios.items()
    ]
