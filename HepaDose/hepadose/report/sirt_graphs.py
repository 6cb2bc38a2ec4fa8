"""Figures of a radioembolization report: dose in three planes with the outlines, and dose-volume histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.images import Image
from hepadose.report.canvas import ACCENT, INK, QUIET, REACTION_COLOR, SECOND, new_figure, style_axes
from hepadose.report.planes import (
    VIEWS,
    PlaneView,
    crop_box,
    largest_section,
    patient_spacing_mm,
    plane_position,
    section,
    to_patient_axes,
)
from hepadose.report.text import number
from hepadose.sirt.regions import TreatmentRegions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, TITLE_IN, GAP_IN, BAR_IN, LEGEND_IN = 10.6, 0.26, 0.1, 0.62, 0.3
LIVER_COLOR, TERRITORY_COLOR = "#ffffff", "#ffd166"
TUMOR_COLORS = (REACTION_COLOR, "#ff7ab8", "#9be7c4", "#ff9d8a", "#8fb8ff", "#d7f27c")
BRIGHTEST_PERCENT = 99.8
GRAPH_IN = (10.6, 3.7)


@dataclass(frozen=True, eq=False)
class DoseScene:
    """What is drawn: a dose on the grid of the regions, and for paper a CT where there is one.

    Parameters
    ----------
    dose : Image
        In Gy on the grid of ``regions``.
    regions : TreatmentRegions
    ct : Image, optional
        In HU on the same grid.
    """

    dose: Image
    regions: TreatmentRegions
    ct: Image | None = None


def draw_dose_planes(scene: DoseScene) -> Figure:
    """Axial, coronal and sagittal planes through the largest tumor (or the liver) with dose and outlines."""
    grid, regions = scene.dose, scene.regions
    spacing_mm = patient_spacing_mm(grid)
    turned = {name: to_patient_axes(mask, grid) for name, mask in _outlines(regions).items()}
    liver = turned["liver"]
    box = crop_box(liver, spacing_mm)
    center = _center_of(regions)
    aim = to_patient_axes(center, grid)[box]
    places = tuple(largest_section(aim, view.normal) for view in VIEWS)
    dose = to_patient_axes(np.asarray(grid.array, np.float32), grid)[box]
    ct = None if scene.ct is None else to_patient_axes(np.asarray(scene.ct.array), grid)[box]
    inside = dose[liver[box]]
    highest_gy = max(float(np.percentile(inside, BRIGHTEST_PERCENT)), 1.0)
    sizes = [tuple(dose.shape[axis] * spacing_mm[axis] for axis in view.axes[::-1]) for view in VIEWS]
    scale = (WIDTH_IN - BAR_IN - GAP_IN * len(VIEWS)) / sum(width for width, _ in sizes)
    height_in = TITLE_IN + scale * max(height for _, height in sizes) + LEGEND_IN
    figure = new_figure(WIDTH_IN, height_in)
    left_in, shown = 0.0, None
    for view, place, (width_mm, height_mm) in zip(VIEWS, places, sizes, strict=True):
        width_in, plane_in = scale * width_mm, scale * height_mm
        bottom = 1.0 - (TITLE_IN + plane_in) / height_in
        axes = figure.add_axes((left_in / WIDTH_IN, bottom, width_in / WIDTH_IN, plane_in / height_in))
        where = plane_position(grid, view.normal, box[view.normal].start + place)
        shown = _draw_plane(axes, view, place, dose, ct, (width_mm, height_mm), highest_gy)
        _draw_outlines(axes, view, place, {name: mask[box] for name, mask in turned.items()}, spacing_mm)
        axes.set_title(f"{view.name}, {where}", fontsize=9.5, loc="left", pad=4)
        left_in += width_in + GAP_IN
    _color_bar(figure, shown, height_in, scale * max(height for _, height in sizes))
    _legend(figure, regions)
    return figure


def _outlines(regions: TreatmentRegions) -> dict[str, np.ndarray]:
    named = {"liver": regions.liver}
    if not np.array_equal(regions.territory, regions.liver):
        named["territory"] = regions.territory
    return named | regions.tumors


def _center_of(regions: TreatmentRegions) -> np.ndarray:
    """The largest tumor, or the territory where there is none."""
    tumors = [mask for mask in regions.tumors.values() if mask.any()]
    return max(tumors, key=np.count_nonzero) if tumors else regions.territory


def _draw_plane(axes: Axes, view: PlaneView, place: int, dose, ct, size_mm, highest_gy: float):
    """Dose as colors, over the CT where there is one; returns what the color bar is made from."""
    width_mm, height_mm = size_mm
    look = {"extent": (0, width_mm, height_mm, 0), "interpolation": "bilinear", "aspect": "equal"}
    if ct is not None:
        axes.imshow(section(ct, view, place), cmap="gray", vmin=-135, vmax=215, **look)
    shown = axes.imshow(
        section(dose, view, place),
        cmap="inferno",
        vmin=0,
        vmax=highest_gy,
        alpha=0.55 if ct is not None else 1.0,
        **look,
    )
    axes.set(xlim=(0, width_mm), ylim=(height_mm, 0), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for letter, (x, y) in zip(view.letters, ((0.03, 0.5), (0.97, 0.5), (0.5, 0.96), (0.5, 0.04)), strict=True):
        axes.text(
            x, y, letter, transform=axes.transAxes, color="white", fontsize=9, weight="bold", ha="center", va="center"
        )
    return shown


def _draw_outlines(axes: Axes, view: PlaneView, place: int, masks: dict[str, np.ndarray], spacing_mm) -> None:
    rows_axis, columns_axis = view.axes
    tumors = 0
    for name, mask in masks.items():
        is_tumor = name not in ("liver", "territory")
        color = TUMOR_COLORS[tumors % len(TUMOR_COLORS)] if is_tumor else _region_color(name)
        tumors += is_tumor
        plane = section(mask, view, place)
        if not plane.any() or plane.all() or min(plane.shape) < 2:
            continue
        x = (np.arange(plane.shape[1]) + 0.5) * spacing_mm[columns_axis]
        y = (np.arange(plane.shape[0]) + 0.5) * spacing_mm[rows_axis]
        style = "-" if is_tumor else ":" if name == "liver" else "--"
        axes.contour(
            x, y, plane.astype(float), [0.5], colors=[color], linewidths=1.5 if is_tumor else 1.0, linestyles=style
        )


def _region_color(name: str) -> str:
    return LIVER_COLOR if name == "liver" else TERRITORY_COLOR


def _color_bar(figure: Figure, shown, height_in: float, plane_in: float) -> None:
    axes = figure.add_axes(
        (1.0 - 0.5 / WIDTH_IN, 1.0 - (TITLE_IN + plane_in) / height_in, 0.13 / WIDTH_IN, plane_in / height_in)
    )
    bar = figure.colorbar(shown, cax=axes)
    bar.ax.tick_params(labelsize=8, length=2)
    bar.ax.set_title("Gy", fontsize=8.5, pad=4)
    bar.outline.set_visible(False)


def _legend(figure: Figure, regions: TreatmentRegions) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=QUIET, linewidth=1.2, linestyle=":", label="Liver")]
    if "territory" in _outlines(regions):
        handles.append(Line2D([], [], color=TERRITORY_COLOR, linewidth=1.2, linestyle="--", label="Territory"))
    handles += [
        Line2D([], [], color=TUMOR_COLORS[place % len(TUMOR_COLORS)], linewidth=1.8, label=name)
        for place, name in enumerate(regions.tumors)
    ]
    figure.legend(
        handles=handles, ncols=min(len(handles), 9), loc="lower left", fontsize=8.5, frameon=False, borderpad=0
    )


def draw_sirt_dvh(scene: DoseScene) -> Figure:
    """Cumulative dose-volume histograms of tumors and of normal liver; the dose axis ends where little is left."""
    figure = new_figure(*GRAPH_IN)
    axes = figure.add_axes((0.06, 0.15, 0.58, 0.8))
    regions, doses = scene.regions, scene.dose.array
    curves = [
        (name, mask, TUMOR_COLORS[place % len(TUMOR_COLORS)], "-")
        for place, (name, mask) in enumerate(regions.tumors.items())
    ]
    curves += [
        ("normal liver in the territory", regions.normal_territory, ACCENT, "--"),
        ("whole normal liver", regions.normal_liver, INK, ":"),
    ]
    if regions.lungs is not None:
        curves.append(("lungs", regions.lungs, SECOND, "-."))
    ends = []
    for name, mask, color, style in curves:
        if not mask.any():
            continue
        dvh = DoseVolumeHistogram(doses[mask], scene.dose.voxel_volume_ml)
        ends.append(dvh.dose_at_percent_gy(2.0))
        levels = np.linspace(0.0, float(dvh.doses_gy[0]) * 1.02 + 1.0, 400)
        label = f"{name} ({number(dvh.volume_ml, 1, 'ml')}, mean {number(dvh.mean_gy, 0, 'Gy')})"
        axes.plot(
            levels, 100.0 * dvh.cumulative(levels), color=_on_paper(color), linestyle=style, linewidth=1.7, label=label
        )
    axes.set(xlim=(0, max([*ends, 1.0])), ylim=(0, 102), ylabel="Volume in %", xlabel="Absorbed dose in Gy")
    style_axes(axes)
    figure.legend(loc="upper left", bbox_to_anchor=(0.65, 0.97), fontsize=8, frameon=False)
    return figure


def _on_paper(color: str) -> str:
    """A darker shade of colors that were chosen for a dark picture."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    bright = 0.299 * red + 0.587 * green + 0.114 * blue
    share = 0.72 if bright > 150 else 1.0
    return "#" + "".join(f"{int(value * share):02x}" for value in (red, green, blue))
