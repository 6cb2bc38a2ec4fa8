"""The figure of the report's top: CT with the reaction's outline, isodose lines and the best isodose."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.flr.analysis import dose_in_quantity
from hepadose.flr.result import FlrImages, FlrResult
from hepadose.report.canvas import BEST_COLOR, QUIET, REACTION_COLOR, new_figure
from hepadose.report.isodoses import round_levels
from hepadose.report.planes import (
    OBLIQUE_DEGREES,
    VIEWS,
    PlaneView,
    crop_box,
    largest_section,
    patient_spacing_mm,
    plane_position,
    section,
    tilt_degrees,
    to_patient_axes,
)
from hepadose.report.text import dose_unit, number

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WINDOW_HU = (40.0, 350.0)
"""Center and width of the abdomen window."""
FIGURE_WIDTH_IN = 10.6
TITLE_IN, LEGEND_IN, GAP_IN = 0.26, 0.5, 0.1
SCALE_BAR_MM = 50.0
LINE_COLORS = ("#8fb8ff", "#9be7c4", "#d7f27c", "#ffd9a0", "#ff9d8a", "#ff7ab8")
OUTLINE = "#0b0f14"


@dataclass(frozen=True, eq=False)
class _Scene:
    """Everything drawn, in patient axes and cropped around the liver."""

    ct: np.ndarray
    dose: np.ndarray
    liver: np.ndarray
    reaction: np.ndarray
    spacing_mm: tuple[float, float, float]
    indices: tuple[int, int, int]
    best_gy: float
    levels_gy: list[float]
    positions: tuple[str, str, str]
    """Where the planes lie in the patient, in words."""


def draw_planes(result: FlrResult, images: FlrImages) -> Figure:
    """Axial, coronal and sagittal planes through the largest sections of the reaction, at one scale, with and
    without lines.

    Parameters
    ----------
    result : FlrResult
        Gives the best isodose and the quantity of the lines.
    images : FlrImages
        On one grid; oblique grids are drawn along their own axes, with a note.

    Returns
    -------
    matplotlib.figure.Figure
    """
    scene = _prepare(result, images)
    sizes_mm = [_size_mm(scene, view) for view in VIEWS]
    scale = (FIGURE_WIDTH_IN - GAP_IN * (len(VIEWS) - 1)) / sum(width for width, _ in sizes_mm)
    row_in = max(height for _, height in sizes_mm) * scale
    height_in = TITLE_IN + 2 * row_in + GAP_IN + LEGEND_IN
    figure = new_figure(FIGURE_WIDTH_IN, height_in)
    left_in = 0.0
    for view, (width_mm, height_mm) in zip(VIEWS, sizes_mm, strict=True):
        width, height = width_mm * scale, height_mm * scale
        # Shorter planes hang from the top, where the titles stand.
        for with_lines, top_in in ((True, TITLE_IN), (False, TITLE_IN + row_in + GAP_IN)):
            place = (left_in / FIGURE_WIDTH_IN, 1 - (top_in + height) / height_in)
            axes = figure.add_axes((*place, width / FIGURE_WIDTH_IN, height / height_in))
            _draw_view(axes, scene, view, with_lines)
        left_in += width + GAP_IN
    _draw_legend(figure, scene, result, images)
    return figure


def _prepare(result: FlrResult, images: FlrImages) -> _Scene:
    grid = images.follow_up_ct
    context, settings = result.dose, result.settings
    dose = dose_in_quantity(images.dose_gy.array, context.quantity, context.fractions, settings.alpha_beta_gy)
    ct, dose, liver, reaction = (
        to_patient_axes(np.asarray(array), grid)
        for array in (grid.array, dose, images.liver.array.astype(bool), images.reaction.array.astype(bool))
    )
    spacing = patient_spacing_mm(grid)
    box = crop_box(liver | reaction, spacing)
    shown = dose[box][np.isfinite(dose[box])]
    best = result.best.refined_gy
    indices = tuple(largest_section(reaction[box], view.normal) for view in VIEWS)
    return _Scene(
        ct=ct[box],
        dose=dose[box],
        liver=liver[box],
        reaction=reaction[box],
        spacing_mm=spacing,
        indices=indices,
        best_gy=best,
        levels_gy=round_levels(float(shown.max()) if shown.size else 0.0, best),
        positions=tuple(plane_position(grid, axis, box[axis].start + indices[axis]) for axis in range(3)),
    )


def _size_mm(scene: _Scene, view: PlaneView) -> tuple[float, float]:
    """Width and height of a plane in mm, pixels' full extent."""
    rows, columns = view.axes
    return (
        scene.ct.shape[columns] * scene.spacing_mm[columns],
        scene.ct.shape[rows] * scene.spacing_mm[rows],
    )


def _draw_view(axes: Axes, scene: _Scene, view: PlaneView, with_lines: bool) -> None:
    index = scene.indices[view.normal]
    width_mm, height_mm = _size_mm(scene, view)
    low = WINDOW_HU[0] - WINDOW_HU[1] / 2
    axes.imshow(
        section(scene.ct, view, index),
        cmap="gray",
        vmin=low,
        vmax=low + WINDOW_HU[1],
        extent=(0, width_mm, height_mm, 0),
        interpolation="bilinear",
        aspect="equal",
    )
    if with_lines:
        _draw_lines(axes, scene, view, index)
        _draw_letters(axes, view)
        axes.set_title(f"{view.name}, {scene.positions[view.normal]}", fontsize=9.5, loc="left", pad=4)
        if view is VIEWS[0]:
            _draw_scale_bar(axes, width_mm, height_mm)
    axes.set(xlim=(0, width_mm), ylim=(height_mm, 0), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_lines(axes: Axes, scene: _Scene, view: PlaneView, index: int) -> None:
    rows_axis, columns_axis = view.axes
    planes = {name: section(getattr(scene, name), view, index) for name in ("dose", "liver", "reaction")}
    height, width = planes["dose"].shape
    x = (np.arange(width) + 0.5) * scene.spacing_mm[columns_axis]
    y = (np.arange(height) + 0.5) * scene.spacing_mm[rows_axis]
    _contour(axes, x, y, planes["liver"], [0.5], colors=["#ffffff"], linewidths=0.8, linestyles=":")
    dose = np.ma.masked_invalid(planes["dose"])
    lines = _contour(axes, x, y, dose, scene.levels_gy, colors=line_colors(scene.levels_gy), linewidths=0.9)
    # The reaction lies wide beneath the best isodose, so that both are seen where they coincide.
    _contour(axes, x, y, planes["reaction"], [0.5], colors=[OUTLINE], linewidths=3.8)
    _contour(axes, x, y, planes["reaction"], [0.5], colors=[REACTION_COLOR], linewidths=2.8)
    _contour(axes, x, y, dose, [scene.best_gy], colors=[OUTLINE], linewidths=2.2)
    _contour(axes, x, y, dose, [scene.best_gy], colors=[BEST_COLOR], linewidths=1.5)
    _label(axes, lines)


def line_colors(levels_gy: list[float]) -> list[str]:
    """The color of every isodose line, in the order of the levels."""
    return [LINE_COLORS[place % len(LINE_COLORS)] for place in range(len(levels_gy))]


def _contour(
    axes: Axes, x: np.ndarray, y: np.ndarray, plane: np.ndarray, levels: list[float], **look: object
) -> object:
    """Contour lines, or None where no level is crossed (matplotlib warns there instead)."""
    values = np.ma.asarray(plane, dtype=float)
    crossed = [level for level in levels if values.count() and values.min() < level <= values.max()]
    if not crossed or min(values.shape) < 2:
        return None
    kept = [levels.index(level) for level in crossed]
    look["colors"] = [look["colors"][place % len(look["colors"])] for place in kept]
    return axes.contour(x, y, values, crossed, **look)


def _label(axes: Axes, lines: object) -> None:
    if lines is None:
        return
    with warnings.catch_warnings():
        # A line too short for its label is no reason to fail.
        warnings.simplefilter("ignore")
        texts = axes.clabel(lines, fmt="%g", fontsize=8, inline=True, inline_spacing=2)
    for text in texts:
        _set_off(text, 1.2)


def _set_off(artist: Artist, width: float) -> None:
    """A dark rim, so that it is read on bone as well."""
    from matplotlib import patheffects

    artist.set_path_effects([patheffects.withStroke(linewidth=width, foreground=OUTLINE)])


def _draw_letters(axes: Axes, view: PlaneView) -> None:
    places = ((0.015, 0.5, "left", "center"), (0.985, 0.5, "right", "center"))
    places += ((0.5, 0.985, "center", "top"), (0.5, 0.015, "center", "bottom"))
    for letter, (x, y, horizontal, vertical) in zip(view.letters, places, strict=True):
        look = {"color": "white", "fontsize": 9, "weight": "bold"}
        _set_off(axes.text(x, y, letter, transform=axes.transAxes, ha=horizontal, va=vertical, **look), 2.0)


def _draw_scale_bar(axes: Axes, width_mm: float, height_mm: float) -> None:
    length = SCALE_BAR_MM if width_mm > 2 * SCALE_BAR_MM else 10.0
    x, y = 0.03 * width_mm, 0.95 * height_mm
    (bar,) = axes.plot([x, x + length], [y, y], color="white", linewidth=2.5, solid_capstyle="butt")
    look = {"color": "white", "fontsize": 8, "ha": "center", "va": "bottom"}
    text = axes.text(x + length / 2, y - 0.015 * height_mm, f"{length:g} mm", **look)
    _set_off(bar, 4.5)
    _set_off(text, 2.0)


def _draw_legend(figure: Figure, scene: _Scene, result: FlrResult, images: FlrImages) -> None:
    """What is outlined in the upper row, every isodose line in its color in the lower one."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=REACTION_COLOR, linewidth=2.8, label="Focal liver reaction"),
        Line2D(
            [],
            [],
            color=BEST_COLOR,
            linewidth=1.6,
            label=f"Best isodose {number(result.best.refined_gy, 1, dose_unit(result.dose))}",
        ),
        Line2D([], [], color=QUIET, linewidth=1.2, linestyle=":", label="Liver"),
    ]
    tilt = tilt_degrees(images.follow_up_ct)
    if tilt > OBLIQUE_DEGREES:
        handles.append(Line2D([], [], linestyle="", label=f"Image axes tilted by {tilt:.0f}° to the patient's"))
    lines = [Line2D([], [], linestyle="", label=f"Other isodoses ({result.dose.quantity.label}):")]
    lines += [
        Line2D([], [], color=color, linewidth=1.8, label=f"{level:g} Gy")
        for level, color in zip(scene.levels_gy, line_colors(scene.levels_gy), strict=True)
    ]
    look = {"loc": "lower left", "fontsize": 9, "frameon": False, "borderpad": 0}
    height = LEGEND_IN / 2 / figure.get_figheight()
    for row, place in ((handles, height), (lines if scene.levels_gy else [], 0.0)):
        if row:
            figure.legend(handles=row, ncols=len(row), bbox_to_anchor=(0.0, place), **look)
