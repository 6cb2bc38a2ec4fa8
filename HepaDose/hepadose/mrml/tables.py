"""The numbers of a result as table nodes, at full precision with units in the column names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.flr.result import FlrResult
from hepadose.mrml.nodes import new_node
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
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    node = new_node(scene, "vtkMRMLTableNode", name)
    for title, values in columns.items():
        is_text = len(values) > 0 and isinstance(values[0], str)
        column = vtkStringArray() if is_text else vtkDoubleArray()
        column.SetName(title)
        for value in values:
            column.InsertNextValue(value if is_text else float(value))
        node.AddColumn(column)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    return node


def table_column(node: vtkMRMLTableNode, title: str) -> np.ndarray:
    """The values of a column: floats for a numeric one, else strings."""
    column = node.GetTable().GetColumnByName(title)
    if column.IsNumeric():
        return np.array([column.GetValue(row) for row in range(column.GetNumberOfValues())], dtype=float)
    return np.array([column.GetValue(row) for row in range(column.GetNumberOfValues())])


def level_title(result: FlrResult) -> str:
    """Title of the level column: quantity with unit and alpha/beta."""
    return f"Level, {result.dose.unit_label}"


def curve_table(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """One row per level: agreement and volumes."""
    columns = {level_title(result): result.curve.levels_gy}
    columns |= {title: getattr(result.curve, name) for name, title in CURVE_COLUMNS.items()}
    return new_table(scene, "FLR agreement over dose", columns)


def surface_table_node(scene: vtkMRMLScene, result: FlrResult) -> vtkMRMLTableNode:
    """One row per tabulated level: distances between the intrahepatic boundaries."""
    columns = {level_title(result): [row.level_gy for row in result.surface]}
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
