"""The figures of a study of response: changes of the diameter case by case, and agreement of diameters and volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.evaluation.response_study import ERRORS, CohortStatistics, ResponseCase
from hepadose.report.agreement_graph import draw_agreement
from hepadose.report.canvas import ACCENT, INK, QUIET, SECOND, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTIAL_RESPONSE_PERCENT, PROGRESSION_PERCENT = -30.0, 20.0
MOST_NAMED_CASES = 30


def response_figures(cases: Sequence[ResponseCase], everyone: CohortStatistics) -> dict[str, Figure]:
    """Figures by name; those without enough cases are left out.

    Parameters
    ----------
    cases : sequence of ResponseCase
    everyone : CohortStatistics
        Of all these cases.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        "waterfall", "diameter_mm", "volume_ml".
    """
    figures = {}
    changed = [case for case in cases if math.isfinite(case.change_percent("manual"))]
    if changed:
        figures["waterfall"] = draw_waterfall(changed)
    for name, unit, quantity in (("diameter_mm", "mm", "diameters"), ("volume_ml", "ml", "volumes")):
        if name in everyone.errors:
            pairs = [[getattr(case, column) for column in ERRORS[name]] for case in cases]
            known = np.array([pair for pair in pairs if np.isfinite(pair).all()])
            found = everyone.errors[name].limits
            figures[name] = draw_agreement(*known.T, found, title="predicted − manual", quantity=quantity, unit=unit)
    return figures


def draw_waterfall(cases: Sequence[ResponseCase]) -> Figure:
    """Change of the diameter of every case, manual and predicted side by side, the largest growth first.

    Parameters
    ----------
    cases : sequence of ResponseCase
        With a manual change.

    Returns
    -------
    matplotlib.figure.Figure
    """
    ordered = sorted(cases, key=lambda case: (-case.change_percent("manual"), case.case))
    figure = new_figure(7.2, 3.4)
    axes = figure.add_axes((0.1, 0.16, 0.88, 0.76))
    places = np.arange(len(ordered))
    for offset, who, color in ((-0.2, "manual", ACCENT), (0.2, "predicted", SECOND)):
        changes = [case.change_percent(who) for case in ordered]
        axes.bar(places + offset, changes, width=0.38, color=color, label=who)
    for level in (PARTIAL_RESPONSE_PERCENT, PROGRESSION_PERCENT):
        axes.axhline(level, color=QUIET, linestyle="--", linewidth=1.1)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set(xlabel="Case", ylabel="Change of the diameter in %")
    style_axes(axes)
    if len(ordered) <= MOST_NAMED_CASES:
        axes.set_xticks(places, [case.case for case in ordered])
    axes.legend(fontsize=8, frameon=False)
    return figure
