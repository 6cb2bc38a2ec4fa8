"""The graph of Bland and Altman: differences over means, with bias and limits of agreement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hepadose.evaluation.agreement import BlandAltman
from hepadose.report.canvas import ACCENT, INK, QUIET, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_agreement(
    first: Sequence[float], second: Sequence[float], found: BlandAltman, *, title: str, quantity: str, unit: str
) -> Figure:
    """Differences, first minus second, over the means of both.

    Parameters
    ----------
    first, second : sequence of float
        All known.
    found : BlandAltman
        Of the same pairs.
    title : str
    quantity : str
        In the plural, for instance "volumes".
    unit : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(5.2, 3.4)
    axes = figure.add_axes((0.13, 0.15, 0.84, 0.72))
    means = [(one + two) / 2 for one, two in zip(first, second, strict=True)]
    differences = [one - two for one, two in zip(first, second, strict=True)]
    axes.plot(means, differences, "o", color=ACCENT, markersize=4.5, alpha=0.8)
    for value, style in ((found.bias, "-"), (found.low_limit, "--"), (found.high_limit, "--")):
        axes.axhline(value, color=INK if style == "-" else QUIET, linestyle=style, linewidth=1.2)
        place = (1.0, value)
        text = f"{value:.0f} {unit}"
        axes.annotate(text, place, xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    axes.set(xlabel=f"Mean of both {quantity} in {unit}", ylabel=f"Difference in {unit}")
    axes.set_title(title, fontsize=10, loc="left")
    style_axes(axes)
    return figure
