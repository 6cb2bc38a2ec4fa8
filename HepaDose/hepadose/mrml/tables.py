"""The numbers of a result as table nodes, at full precision with units in the column names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.flr.result import DoseContext, FlrResult, LevelCurve
from hepadose.mrml.nodes import modified_once, new_node
from hepadose.report.definitions import best_rows, estimator_rows
from hepadose.report.text import LEVEL_WORDS, by_severity, number

if TYPE_CHECKING:
    from slicer import vtkMRMLScene, vtkMRMLTableNode

CURVE_COLUMNS = {
    "boundary_iou": "Boundary IoU",
    "iou": "IoU",
    "dice": "DSC",
    "volume_ratio": "Volume ratio",
    "region_ml": "Isodose region (ml)",
    "overlap_ml": "Overlap (ml)",
}
SURFACE_COLUMNS = {
    "mean_mm": "Mean distance (mm)",
    "hd95_mm": "HD95 (mm)",
    "reaction_to_isodose_mm": "Reaction to isodose (mm)",
    "isodose_to_reaction_mm": "Isodose to reaction (mm)",
}


def new_table(scene: vtkMRMLScene, name: str, columns: dict[str, Sequence[float] | Sequence[str]]) -> vtkMRMLTableNode:
    """A locked table node with one typed column per entry; NaN stays NaN."""
    node = new_node(scene, "vtkMRMLTableNode", name)
    fill_table(node, columns)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    return node


def fill_table(node: vtkMRMLTableNode, columns: dict[str, Sequence[float] | Sequence[str]]) -> None:
    """Replace a table's content in place; what shows the table is told once.

    Columns that are there already are overwritten, so that plots of them stay connected.
    """
    with modified_once(node):
        table = node.GetTable()
        for title in [table.GetColumnName(place) for place in range(table.GetNumberOfColumns())]:
            if title not in columns:
                table.RemoveColumnByName(title)
        for title, values in columns.items():
            _fill_column(node, title, values)
        table.Modified()
        node.Modified()


def _fill_column(node: vtkMRMLTableNode, title: str, values: Sequence[float] | Sequence[str]) -> None:
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    is_text = len(values) > 0 and isinstance(values[0], str)
    column = node.GetTable().GetColumnByName(title)
    is_new = column is None
    if is_new:
        column = vtkStringArray() if is_text else vtkDoubleArray()
        column.SetName(title)
    column.SetNumberOfValues(len(values))
    for row, value in enumerate(values):
        column.SetValue(row, value if is_text else float(value))
    column.Modified()
    if is_new:
        node.AddColumn(column)


def table_column(node: vtkMRMLTableNode, title: str) -> np.ndarray:
    """The values of a column: floats for a numeric one, else strings."""
    column = node.GetTable().GetColumnByName(title)
    if column.IsNumeric():
        return np.array([column.GetValue(row) for row in range(column.GetNumberOfValues())], dtype=float)
    return np.array([column.GetValue(row) for row in range(column.GetNumberOfValues())])


def level_title(dose: DoseContext) -> str:
    """Title of the level column: quantity with unit and alpha/beta."""
    return f"Level, {dose.unit_label}"


def curve_columns(curve: LevelCurve, dose: DoseContext) -> dict[str, np.ndarray]:
    """The columns of a curve's table by title, the level first."""
    columns = {level_title(dose): curve.levels_gy}
    return columns | {title: getattr(curve, name) for name, title in CURVE_COLUMNS.items()}


def curve_table(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """One row per level: agreement and volumes."""
    return new_table(scene, "FLR agreement over dose", curve_columns(result.curve, result.dose))


def surface_table_node(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """One row per tabulated level: distances between the intrahepatic boundaries."""
    columns = {level_title(result.dose): [row.level_gy for row in result.surface]}
    columns |= {title: [getattr(row, name) for row in result.surface] for name, title in SURFACE_COLUMNS.items()}
    return new_table(scene, "FLR surface distances", columns)


def figures_table(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """Best level, interval, the same level in other quantities and the companion estimators, each with its meaning."""
    equivalents = [
        (label, number(value, 1, "Gy"), "The best level") for label, value in result.best_equivalents.items()
    ]
    rows = [*best_rows(result), *equivalents, *estimator_rows(result)]
    return _text_table(scene, "FLR figures", ("Figure", "Value", "Meaning"), rows)


def checks_table(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """Quality checks, the most serious first."""
    rows = [(LEVEL_WORDS[item.level], item.subject, item.text) for item in by_severity(result.findings)]
    return _text_table(scene, "FLR quality checks", ("Check", "Subject", "Finding"), rows)


def _text_table(
    scene: vtkMRMLScene, name: str, titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> vtkMRMLTableNode:
    columns = {title: [row[place] for row in rows] for place, title in enumerate(titles)}
    return new_table(scene, name, columns)
