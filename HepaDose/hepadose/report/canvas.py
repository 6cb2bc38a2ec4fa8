"""Figures without a screen and without global state: matplotlib's objects, one look for all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from hepadose.errors import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 160
INK = "#1f2933"
GRID = "#e1e6eb"
REACTION_COLOR = "#00c2d7"
BEST_COLOR = "#ffb000"
ACCENT = "#0b5c8a"
SECOND = "#b3541e"
QUIET = "#7b8794"


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure of a size in inches that draws to memory.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise MissingDependencyError(
            "The figures of the report need matplotlib, which is not installed; "
            'install it with: python -m pip install "matplotlib>=3.9" (in Slicer: PythonSlicer -m pip install …). '
            "CSV and JSON are written without it."
        ) from problem
    figure = Figure(figsize=(width_in, height_in), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes) -> None:
    """The look of all graphs: two quiet spines, a light grid behind the lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=8, length=3, color=QUIET)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.xaxis.label.set(size=9, color=INK)
    axes.yaxis.label.set(size=9, color=INK)


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG file's content, without a time stamp so that equal results give equal files."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
