"""The dose of an answer in the scene: volume with colors, and dose-volume histograms as an interactive plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.images import resample
from hepadose.mrml.dose import fill_dose_in_steps, state_dose
from hepadose.mrml.legend import hide_dose_legend, show_dose_legend
from hepadose.mrml.loaded import place_beside
from hepadose.mrml.nodes import find_or_make, modified_once
from hepadose.mrml.overlay import set_blend
from hepadose.mrml.plots import draw_line, set_small_fonts
from hepadose.mrml.sirt.choices import IMAGE_KINDS
from hepadose.mrml.sirt.reader import why_no_answer
from hepadose.mrml.steps import finished
from hepadose.mrml.tables import fill_table
from hepadose.report.text import number
from hepadose.sirt.image_dose import histogram
from hepadose.sirt.lungs import with_lung_dose
from hepadose.sirt.regions import treatment_regions

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotSeriesNode, vtkMRMLScene

    from hepadose.mrml.sirt.live import SirtAnswer
    from hepadose.sirt.analysis import SirtResult
    from hepadose.sirt.regions import TreatmentRegions

DOSE_NAME = "Y-90 dose (Gy)"
LEVEL_TITLE = "Absorbed dose (Gy)"
LEVELS = 240
NORMAL_COLORS = {
    "Normal liver in the territory": (0.04, 0.36, 0.54),
    "Whole normal liver": (0.25, 0.25, 0.25),
    "Lungs": (0.70, 0.33, 0.12),
}
TUMOR_COLORS = ((0.0, 0.55, 0.62), (0.78, 0.25, 0.50), (0.25, 0.60, 0.40), (0.80, 0.35, 0.25), (0.30, 0.42, 0.78))


def take_dose(scene: vtkMRMLScene, choices: Any, answer: SirtAnswer) -> None:
    """Put the dose of an answer into the scene's dose volume, made at the first call, and choose it.

    Parameters
    ----------
    scene : vtkMRMLScene
    choices : parameter node
    answer : SirtAnswer
        With a dose.
    """
    node = find_or_make(scene, "vtkMRMLScalarVolumeNode", "SirtDose", DOSE_NAME)
    finished(fill_dose_in_steps(node, answer.dose))
    constant = answer.result.prescription.input.constant
    state_dose(node, f"Y-90, {answer.result.dose_method}, {constant}", None)
    place_beside(choices.ctVolume, node)
    choices.doseVolume = node


def show_dose(scene: vtkMRMLScene, choices: Any) -> None:
    """Lay the dose over the CT with its colors' legend, or take both away."""
    shown = choices.showDose and choices.doseVolume is not None
    set_blend(scene, choices.ctVolume, choices.doseVolume if shown else None, choices.doseOpacityPercent / 100.0)
    if shown:
        show_dose_legend(choices.doseVolume, "Gy, Y-90")
    elif choices.doseVolume is not None:
        hide_dose_legend(choices.doseVolume)


def why_not_show(choices: Any) -> str:
    """Why there is no dose to show, in words; empty where there is."""
    if choices.activityVolume is None:
        return "Choose the image of activity first."
    return why_no_answer(choices)


def shows_counts(choices: Any) -> bool:
    """Whether the image of activity is only proportional to activity."""
    return IMAGE_KINDS[choices.activityKind] == "counts"


def dose_text(result: SirtResult) -> str:
    """How the doses were computed, and the activity that the image holds; empty without doses."""
    if not result.doses:
        return ""
    text = f"{result.dose_method.capitalize()}, {result.prescription.input.constant}."
    if result.image_activity_gbq is not None:
        whole, liver = number(result.image_activity_gbq, 2, "GBq"), number(result.liver_activity_gbq, 2, "GBq")
        text += f" The image holds {whole} at injection, {liver} of it in the liver."
    if any(row.kind == "lungs" for row in result.doses):
        mass = number(result.prescription.input.delivery.lung_mass_kg, 2, "kg")
        text += f" Lungs with a mass of {mass}; the map itself takes all tissue for liver."
    return text


class DvhDisplay:
    """Table and chart of the dose-volume histograms; found again where a loaded scene has them.

    Parameters
    ----------
    scene : vtkMRMLScene
    """

    def __init__(self, scene: vtkMRMLScene) -> None:
        self.scene = scene
        self.table = find_or_make(scene, "vtkMRMLTableNode", "SirtDvh", "Dose-volume histograms")
        self.chart = find_or_make(scene, "vtkMRMLPlotChartNode", "SirtDvhChart", "Dose-volume histograms")
        self.table.SetLocked(True)
        self.table.SetUseColumnTitleAsColumnHeader(True)
        set_small_fonts(self.chart)

    def show(self, answer: SirtAnswer) -> None:
        """Show the histograms of an answer with a dose."""
        regions = treatment_regions(answer.outlined)
        dose = with_lung_dose(resample(answer.dose, regions.grid), regions, answer.result.prescription.input)
        curves = {name: histogram(dose, mask) for name, mask, _ in _curves(regions)}
        highest_gy = max(each.dose_at_percent_gy(2.0) for each in curves.values())
        levels = np.linspace(0.0, max(highest_gy, 1.0), LEVELS)
        titles = {name: f"{name} ({number(each.volume_ml, 0, 'ml')})" for name, each in curves.items()}
        columns = {LEVEL_TITLE: levels} | {titles[name]: 100.0 * curves[name].cumulative(levels) for name in curves}
        with modified_once(self.chart):
            self.chart.RemoveAllPlotSeriesNodeIDs()
            fill_table(self.table, columns)
            for place, (name, _mask, color) in enumerate(_curves(regions)):
                series = self._series(place, titles[name])
                draw_line(series, self.table, LEVEL_TITLE, titles[name], color, dashed=name in NORMAL_COLORS)
                self.chart.AddAndObservePlotSeriesNodeID(series.GetID())
            self._set_axes(float(levels[-1]))

    def clear(self) -> None:
        """Show no curve: what was shown belongs to another case."""
        with modified_once(self.chart):
            self.chart.RemoveAllPlotSeriesNodeIDs()

    def _series(self, place: int, title: str) -> vtkMRMLPlotSeriesNode:
        series = find_or_make(self.scene, "vtkMRMLPlotSeriesNode", f"SirtDvh.{place}", title)
        series.SetName(title)
        return series

    def _set_axes(self, highest_gy: float) -> None:
        self.chart.SetTitle("Dose-volume histograms")
        self.chart.SetXAxisTitle(LEVEL_TITLE)
        self.chart.SetYAxisTitle("Volume (%)")
        self.chart.SetXAxisRangeAuto(False)
        self.chart.SetXAxisRange(0.0, highest_gy)
        self.chart.SetYAxisRangeAuto(False)
        self.chart.SetYAxisRange(0.0, 102.0)


def _curves(regions: TreatmentRegions) -> list[tuple[str, np.ndarray, tuple[float, float, float]]]:
    """Name, region and color of each histogram: tumors, then normal liver and lungs."""
    found = [
        (name, mask, TUMOR_COLORS[place % len(TUMOR_COLORS)])
        for place, (name, mask) in enumerate(regions.tumors.items())
    ]
    rest = (regions.normal_territory, regions.normal_liver, regions.lungs)
    found += [(name, mask, color) for (name, color), mask in zip(NORMAL_COLORS.items(), rest, strict=True)]
    return [each for each in found if each[1] is not None and each[1].any()]
