"""Small read-only tables in a panel: findings with their color and word, rows of figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import qt
from slicer.i18n import tr as _

from hepadose.findings import LEVEL_WORDS, Finding, Level
from hepadose.timing import TimingLog, format_duration, summarize

# Color and word: the meaning must not hang on the color alone.
LEVEL_COLORS = {Level.OK: "#2e7d32", Level.WARNING: "#b26a00", Level.ERROR: "#c62828"}
LEVEL_COLUMN_WIDTH = 62
SUBJECT_COLUMN_WIDTH = 96
LARGEST_HEIGHT = 190


def show_findings(table: Any, findings: Iterable[Finding]) -> None:
    """Fill a table with findings, problems first.

    Parameters
    ----------
    table : qt.QTableWidget
        Gets the columns state, subject and text; its earlier rows go.
    findings : iterable of Finding
        What is shown.
    """
    order = list(reversed(Level))
    ranked = sorted(findings, key=lambda finding: order.index(finding.level))
    show_rows(table, [_("State"), _("About"), _("Found")], [(LEVEL_WORDS[f.level], f.subject, f.text) for f in ranked])
    table.setColumnWidth(0, LEVEL_COLUMN_WIDTH)
    table.setColumnWidth(1, SUBJECT_COLUMN_WIDTH)
    for row, finding in enumerate(ranked):
        cell = table.item(row, 0)
        cell.setForeground(qt.QBrush(qt.QColor("white")))
        cell.setBackground(qt.QBrush(qt.QColor(LEVEL_COLORS[finding.level])))
    fit_height(table)


def clear_table(table: Any) -> None:
    """Take all rows out of a table and hide it."""
    table.setRowCount(0)
    fit_height(table)


def show_rows(table: Any, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Fill a table with texts; every cell also shows its text, or what explains it, as tooltip.

    Parameters
    ----------
    table : qt.QTableWidget
        Its earlier contents go.
    titles : sequence of str
        Column titles.
    rows : sequence of sequence of str
        One text per column; one more text explains the row.
    """
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(list(titles))
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        explanation = texts[len(titles)] if len(texts) > len(titles) else ""
        for column, text in enumerate(texts[: len(titles)]):
            cell = qt.QTableWidgetItem(text)
            cell.setToolTip(explanation or text)
            table.setItem(row, column, cell)
    _style(table)


def show_timing(table: Any, log: TimingLog) -> None:
    """Fill a table with the steps of a timing log and their durations."""
    titles = [_("Step"), _("Kind"), _("Runs"), _("Wall"), _("Active")]
    rows = [
        (row.step, row.kind.value, str(row.runs), format_duration(row.wall_s), format_duration(row.active_s))
        for row in summarize(log.records)
    ]
    show_rows(table, titles, rows)


def _style(table: Any) -> None:
    table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
    table.setSelectionMode(qt.QAbstractItemView.NoSelection)
    table.setFocusPolicy(qt.Qt.NoFocus)
    table.wordWrap = True
    table.verticalHeader().hide()
    table.horizontalHeader().setStretchLastSection(True)
    table.setVerticalScrollMode(qt.QAbstractItemView.ScrollPerPixel)
    table.resizeColumnsToContents()
    fit_height(table)


def stretch_first(table: Any) -> None:
    """Let the first column take the room that the others leave, with its texts wrapped."""
    header = table.horizontalHeader()
    header.setStretchLastSection(False)
    for column in range(table.columnCount):
        mode = qt.QHeaderView.ResizeToContents if column else qt.QHeaderView.Stretch
        header.setSectionResizeMode(column, mode)
    fit_height(table)


def fit_height(table: Any, largest_px: int = LARGEST_HEIGHT) -> None:
    """Let a table be as high as its rows need, up to a limit from which it scrolls."""
    table.resizeRowsToContents()
    rows = sum(table.rowHeight(row) for row in range(table.rowCount))
    table.setFixedHeight(min(rows + table.horizontalHeader().height + 2 * table.frameWidth, largest_px))
    table.visible = table.rowCount > 0
    # What is new or wrong stands at the top.
    table.scrollToTop()
