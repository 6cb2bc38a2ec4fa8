"""The agreement curve while it is being edited: one table and one chart, filled anew at each brush stroke.

A scene that was saved and loaded keeps its chart: the nodes are found again by their role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hepadose.flr.result import BestLevel, DoseContext, LevelCurve
from hepadose.mrml.nodes import find_or_make, modified_once
from hepadose.mrml.plots import SERIES, draw_line, set_axes, set_small_fonts
from hepadose.mrml.tables import curve_columns, fill_table, level_title
from hepadose.report.text import dose_unit, interval, number

if TYPE_CHECKING:
    from slicer import vtkMRMLPlotSeriesNode, vtkMRMLScene

BEST_SERIES_COLOR = (0.85, 0.55, 0.0)
INTERVAL_SERIES_COLOR = (0.55, 0.55, 0.55)
BEST_X, BEST_Y = "Best level (Gy)", "Best level, height"
INTERVAL_X, INTERVAL_Y = "95 % interval (Gy)", "95 % interval, height"


class MatchDisplay:
    """Table and chart of the live match in a scene; found again where they exist.

    Parameters
    ----------
    scene : vtkMRMLScene
        Where the nodes are looked for and, where absent, made at the first :meth:`show`.
    """

    def __init__(self, scene: vtkMRMLScene) -> None:
        self.scene = scene
        self.table = find_or_make(scene, "vtkMRMLTableNode", "MatchCurve", "Agreement over dose")
        self.marks = find_or_make(scene, "vtkMRMLTableNode", "MatchMarks", "Best level and interval")
        self.chart = find_or_make(scene, "vtkMRMLPlotChartNode", "MatchChart", "Agreement over dose")
        for table in (self.table, self.marks):
            table.SetLocked(True)
            table.SetUseColumnTitleAsColumnHeader(True)
        set_small_fonts(self.chart)

    def show(self, curve: LevelCurve, best: BestLevel | None, context: DoseContext) -> None:
        """Show a curve, and where it is known the best level with its 95 % interval.

        Parameters
        ----------
        curve : LevelCurve
            Agreement of every level.
        best : BestLevel or None
            None while it is not computed yet: the curve is shown without lines.
        context : DoseContext
            What a level means: quantity, fractions and alpha/beta.
        """
        with modified_once(self.chart):
            fill_table(self.table, curve_columns(curve, context))
            for name, title in {"boundary_iou": "Boundary IoU", "dice": "DSC"}.items():
                draw_line(self._shown(name, title), self.table, level_title(context), title, SERIES[name])
            self._show_best(best)
            set_axes(self.chart, context, curve)
            self.chart.SetTitle(_title(best, context))

    def _show_best(self, best: BestLevel | None) -> None:
        """Lines at the best level and at the ends of its interval; no line and no legend entry where there is none."""
        lines = {
            "best": ("Best level", BEST_X, BEST_Y, BEST_SERIES_COLOR),
            "interval": ("95 % interval", INTERVAL_X, INTERVAL_Y, INTERVAL_SERIES_COLOR),
        }
        if best is None:
            for name, (title, *_) in lines.items():
                series = self._series(name, title)
                if self.chart.HasPlotSeriesNodeID(series.GetID()):
                    self.chart.RemovePlotSeriesNodeID(series.GetID())
            return
        fill_table(self.marks, _marks(best))
        for name, (title, x, y, color) in lines.items():
            draw_line(self._shown(name, title), self.marks, x, y, color, dashed=name == "interval")

    def clear(self) -> None:
        """Show no curve: what was shown belongs to another case."""
        with modified_once(self.chart):
            self.chart.RemoveAllPlotSeriesNodeIDs()
            self.chart.SetTitle("Agreement over dose")

    def show_outdated(self, reason: str) -> None:
        """Say above the last curve that it does not belong to the reaction as it is now.

        Parameters
        ----------
        reason : str
            Why, in words; kept as the chart's description, since a title has no room for it.
        """
        self.chart.SetDescription(reason)
        self.chart.SetTitle("Out of date")

    def _series(self, role: str, name: str) -> vtkMRMLPlotSeriesNode:
        return find_or_make(self.scene, "vtkMRMLPlotSeriesNode", f"Match.{role}", name)

    def _shown(self, role: str, name: str) -> vtkMRMLPlotSeriesNode:
        series = self._series(role, name)
        if not self.chart.HasPlotSeriesNodeID(series.GetID()):
            self.chart.AddAndObservePlotSeriesNodeID(series.GetID())
        return series


def _title(best: BestLevel | None, context: DoseContext) -> str:
    """Short enough for a plot beside three slice views; quantity and fractions stand at the axis."""
    if best is None:
        return "Agreement over dose"
    return f"Best {number(best.refined_gy, 1, dose_unit(context))} (95 % interval {interval(best.interval_gy)})"


def _marks(best: BestLevel) -> dict[str, list[float]]:
    """Points of a vertical line at the best level and of one at each end of the interval, joined along the top."""
    bottom, top = 0.0, 1.0
    level, (low, high) = best.refined_gy, best.interval_gy
    return {
        BEST_X: [level, level, level, level],
        BEST_Y: [bottom, top, top, bottom],
        INTERVAL_X: [low, low, high, high],
        INTERVAL_Y: [bottom, top, top, bottom],
    }
