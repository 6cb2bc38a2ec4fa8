"""Graphs of the report: agreement over dose, and dose-volume histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.flr.result import FlrImages, FlrResult
from hepadose.flr.settings import DoseQuantity
from hepadose.report.canvas import ACCENT, BEST_COLOR, INK, QUIET, REACTION_COLOR, SECOND, new_figure, style_axes
from hepadose.report.tables import dvh_curves
from hepadose.report.text import dose_unit, fractionation, interval, number, physical_level_gy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRAPH_SIZE_IN = (5.2, 3.6)
DVH_COLORS = {"Reaction": REACTION_COLOR, "Liver": INK, "Liver without reaction": QUIET}
DVH_STYLES = {"Reaction": "-", "Liver": "-", "Liver without reaction": "--"}


def draw_curve(result: FlrResult) -> Figure:
    """Boundary IoU and DSC over the levels with plateau, 95 % interval and best level."""
    figure = new_figure(*GRAPH_SIZE_IN)
    axes = figure.add_axes((0.11, 0.15, 0.86, 0.64))
    levels = result.curve.levels_gy
    axes.plot(levels, result.curve.boundary_iou, color=ACCENT, linewidth=2, label="Boundary IoU")
    axes.plot(levels, result.curve.dice, color=SECOND, linewidth=1.4, linestyle="--", label="DSC of the volumes")
    _mark_best(axes, result)
    _shade_intervals(axes, result)
    axes.set(xlim=(levels[0], levels[-1]), ylim=(0, 1.02), ylabel="Agreement (0–1)")
    axes.set_xlabel(f"{result.dose.unit_label}, {fractionation(result.dose)}")
    style_axes(axes)
    _add_legend(figure)
    return figure


def _shade_intervals(axes: Axes, result: FlrResult) -> None:
    best = result.best
    if np.isfinite(best.interval_gy).all():
        text = f"95 % interval {interval(best.interval_gy, unit=dose_unit(result.dose))}"
        axes.axvspan(*best.interval_gy, color=BEST_COLOR, alpha=0.22, linewidth=0, label=text)
    text = f"Plateau {interval(best.plateau_gy, unit=dose_unit(result.dose))}"
    low, high = best.plateau_gy
    # A bar along the axis, so that plateau and interval stay apart where they overlap.
    axes.axvspan(low, high, ymax=0.025, color=ACCENT, alpha=0.9, linewidth=0, label=text)


def _mark_best(axes: Axes, result: FlrResult) -> None:
    best = result.best
    label = f"Best level {number(best.refined_gy, 1, dose_unit(result.dose))}"
    axes.axvline(best.refined_gy, color="#b87900", linewidth=1.3)
    axes.plot(best.refined_gy, best.boundary_iou, "o", color=BEST_COLOR, markeredgecolor=INK, markersize=6, label=label)


def draw_dvh(result: FlrResult, images: FlrImages) -> Figure:
    """Cumulative dose-volume histograms in physical dose, with the best level where it is known as physical dose."""
    figure = new_figure(*GRAPH_SIZE_IN)
    axes = figure.add_axes((0.11, 0.15, 0.86, 0.64))
    doses_gy, curves = dvh_curves(images)
    volumes = {metrics.structure: metrics.volume_ml for metrics in result.dvh}
    for name, percent in curves.items():
        label = f"{name} ({number(volumes[name], 0, 'ml')})" if name in volumes else name
        axes.plot(doses_gy, percent, color=DVH_COLORS[name], linestyle=DVH_STYLES[name], linewidth=1.8, label=label)
    level_gy = physical_level_gy(result)
    if level_gy is not None:
        axes.axvline(level_gy, color="#b87900", linewidth=1.3, label=_best_label(result, level_gy))
    axes.set(xlim=(0, max(doses_gy[-1], 1.0)), ylim=(0, 102), ylabel="Volume in %")
    axes.set_xlabel(f"Physical dose in Gy, {fractionation(result.dose)}")
    style_axes(axes)
    _add_legend(figure)
    return figure


def _add_legend(figure: Figure) -> None:
    """The legend above the graph, where it hides no curve."""
    figure.legend(loc="upper left", bbox_to_anchor=(0.1, 0.995), ncols=2, fontsize=8, frameon=False, columnspacing=1.6)


def _best_label(result: FlrResult, level_gy: float) -> str:
    if result.dose.quantity is DoseQuantity.PHYSICAL:
        return f"Best level {number(level_gy, 1, 'Gy')}"
    return f"Best level as physical dose {number(level_gy, 1, 'Gy')}"
