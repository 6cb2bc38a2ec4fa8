"""The timing log as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hepadose.timing.records import Outcome, StepKind, TimingRecord


@dataclass(frozen=True)
class TimingRow:
    """All runs of one step together; times in seconds."""

    step: str
    kind: StepKind
    runs: int
    wall_s: float
    active_s: float | None
    """None where no run measured it."""
    problems: str
    """Outcomes other than ok with their number ("1 failed"); empty where all ended well."""
    depth: int = 0


def summarize(records: Iterable[TimingRecord]) -> list[TimingRow]:
    """One row per step name, kind and depth in order of the first start; an empty log gives an empty list."""
    groups: dict[tuple[str, StepKind, int], list[TimingRecord]] = {}
    for record in sorted(records, key=lambda record: (record.start, record.depth)):
        groups.setdefault((record.step, record.kind, record.depth), []).append(record)
    return [_row(step, kind, depth, group) for (step, kind, depth), group in groups.items()]


def _row(step: str, kind: StepKind, depth: int, group: list[TimingRecord]) -> TimingRow:
    active = [record.active_s for record in group if record.active_s is not None]
    outcomes = [record.outcome for record in group]
    problems = [f"{outcomes.count(bad)} {bad.value}" for bad in Outcome if bad is not Outcome.OK and bad in outcomes]
    wall_s = sum(record.wall_s or 0.0 for record in group)
    return TimingRow(step, kind, len(group), wall_s, sum(active) if active else None, ", ".join(problems), depth)


def format_duration(seconds: float | None) -> str:
    """A duration for people: "0.53 s" under a minute, else h:mm:ss; an unknown one is "unknown".

    Examples
    --------
    >>> format_duration(551.4)
    '0:09:11'
    """
    if seconds is None:
        return "unknown"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def format_summary(rows: Iterable[TimingRow]) -> str:
    """The summary as a table in plain text; the last line totals the steps that are not part of another."""
    rows = list(rows)
    cells = [("Step", "Kind", "Runs", "Wall", "Active", "Problems")]
    cells += [_cells(row) for row in rows]
    total_s = sum(row.wall_s for row in rows if row.depth == 0)
    cells.append(("Total", "", "", format_duration(total_s), "", ""))
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cells(row: TimingRow) -> tuple[str, ...]:
    name = "  " * row.depth + row.step
    times = (format_duration(row.wall_s), format_duration(row.active_s))
    return (name, row.kind.value, str(row.runs), *times, row.problems)
