"""Figures of a response: every lesion's axes on their slice at each time, and how sizes changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.recist.criteria import Quantity
from hepadose.recist.diameters import LesionDiameters
from hepadose.recist.lesions import Role
from hepadose.recist.records import Assessment, LesionCourse, TimePoint
from hepadose.report.canvas import ACCENT, BEST_COLOR, GRID, INK, QUIET, REACTION_COLOR, SECOND, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LESIONS = 8
CELL_IN = 1.9
MARGIN_MM = 8.0
ROLE_COLORS = {Role.TARGET: ACCENT, Role.NON_TARGET: QUIET, Role.NEW: SECOND, None: QUIET}


def draw_axes(assessment: Assessment, times: Sequence[TimePoint]) -> Figure:
    """Each lesion's slice with long (solid) and short axis (dashed), all at one scale per lesion.

    Parameters
    ----------
    assessment : Assessment
    times : sequence of TimePoint
        What was assessed.

    Returns
    -------
    Figure
        Of the first eight lesions.
    """
    rows = assessment.lesions[:MOST_LESIONS]
    figure = new_figure(1.1 + CELL_IN * len(times), 0.4 + CELL_IN * len(rows))
    grid = figure.subplots(len(rows), len(times), squeeze=False)
    for axes_of_row, course in zip(grid, rows, strict=True):
        half_mm = (
            MARGIN_MM + max((part.long_axis.length_mm for parts in course.diameters for part in parts), default=0) / 2
        )
        for axes, time, parts in zip(axes_of_row, times, course.diameters, strict=True):
            _draw_cell(axes, time, parts, half_mm)
        axes_of_row[0].set_ylabel(course.lesion.name, fontsize=9, color=INK)
    for axes, time in zip(grid[0], times, strict=True):
        axes.set_title(time.name, fontsize=9, color=INK)
    figure.tight_layout()
    return figure


def _draw_cell(axes: Axes, time: TimePoint, parts: Sequence[LesionDiameters], half_mm: float) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(GRID)
    if not parts:
        axes.text(0.5, 0.5, "–", ha="center", va="center", color=QUIET, transform=axes.transAxes)
        return
    labels, largest = time.measured.labels, max(parts, key=lambda part: part.long_axis.length_mm)
    width_mm, height_mm = labels.spacing_mm[0], labels.spacing_mm[1]
    section = labels.array[largest.slice_index] > 0
    extent = np.array([-0.5, section.shape[1] - 0.5, section.shape[0] - 0.5, -0.5])
    extent *= [width_mm, width_mm, height_mm, height_mm]
    axes.imshow(section, cmap="Greys", vmin=0.0, vmax=3.0, interpolation="nearest", extent=extent, aspect="equal")
    ends = {}
    for line, style in ((largest.long_axis, "-"), (largest.short_axis, "--")):
        points = labels.lps_to_ijk(np.array([line.start_lps, line.end_lps]))[:, :2] * [width_mm, height_mm]
        axes.plot(*points.T, style, color=SECOND if style == "-" else ACCENT, linewidth=1.4)
        ends[style] = points
    center = ends["-"].mean(axis=0)
    axes.set_xlim(center[0] - half_mm, center[0] + half_mm)
    axes.set_ylim(center[1] + half_mm, center[1] - half_mm)
    axes.set_xlabel(f"{largest.long_axis.length_mm:.1f} × {largest.short_axis.length_mm:.1f} mm", fontsize=8, color=INK)


def draw_changes(assessment: Assessment) -> Figure:
    """Change of every lesion's diameter in percent of the baseline: bars for one follow-up, lines for several.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    Figure
    """
    figure = new_figure(5.2, 3.4)
    axes = figure.add_subplot()
    style_axes(axes)
    changes = {course: _changes(course) for course in assessment.lesions if course.role is not Role.NEW}
    drawn = {course: values for course, values in changes.items() if len(values)}
    (_draw_bars if len(assessment.times) == 2 else _draw_lines)(axes, drawn, assessment.times)
    rules = assessment.settings.criteria[0]
    if rules.quantity is Quantity.DIAMETER:
        for limit in (rules.partial_percent, rules.progression_percent):
            axes.axhline(float(limit), color=BEST_COLOR, linewidth=1.0, linestyle="--")
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set_ylabel("Change of the diameter from baseline in %")
    figure.tight_layout()
    return figure


def _changes(course: LesionCourse) -> list[float]:
    """Percent per time, the baseline included; NaN where it is not known; empty without a baseline."""
    sizes = [each.size(course.lesion, Quantity.DIAMETER) for each in course.observations]
    if not sizes[0]:
        return []
    return [float("nan") if size is None else float(100 * (size - sizes[0]) / sizes[0]) for size in sizes]


def _draw_bars(axes: Axes, drawn: dict[LesionCourse, list[float]], times: Sequence[str]) -> None:
    ordered = sorted(drawn.items(), key=lambda item: -item[1][-1])
    names = [course.lesion.name for course, _ in ordered]
    colors = [ROLE_COLORS[course.role] for course, _ in ordered]
    axes.bar(range(len(names)), [values[-1] for _, values in ordered], color=colors, width=0.6)
    axes.set_xticks(range(len(names)), names, fontsize=8)


def _draw_lines(axes: Axes, drawn: dict[LesionCourse, list[float]], times: Sequence[str]) -> None:
    for course, values in drawn.items():
        color = REACTION_COLOR if course.role is Role.TARGET else QUIET
        axes.plot(range(len(times)), values, "o-", color=color, linewidth=1.4, markersize=4)
        axes.annotate(course.lesion.name, (len(times) - 1, values[-1]), fontsize=7, color=INK)
    axes.set_xticks(range(len(times)), times, fontsize=8)
