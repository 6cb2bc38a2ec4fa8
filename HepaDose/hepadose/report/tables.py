"""The result as CSV and JSON, at full precision; needs neither matplotlib nor jinja2.

Undefined values are empty cells in CSV and null in JSON, so that no reader meets a NaN.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

import numpy as np

import hepadose
from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.flr.result import FlrImages, FlrResult
from hepadose.flr.settings import DoseQuantity
from hepadose.report.published import ComparisonRow, PatientStatement, comparison_or_reason
from hepadose.report.text import GAP, headline
from hepadose.timing import TimingRecord, software_versions

SCHEMA = "hepadose/flr-result/1"
DVH_STEP_GY = 0.1


def level_column(result: FlrResult) -> str:
    """Name of the level column: unit, quantity and alpha/beta, e.g. "level_gy_eqd2_ab3".

    A level is never stored without its quantity.
    """
    dose = result.dose
    if dose.quantity is DoseQuantity.PHYSICAL:
        return "level_gy_physical"
    return f"level_gy_{dose.quantity.value}_ab{dose.alpha_beta_gy:g}"


def curve_csv(result: FlrResult) -> str:
    """One line per level: agreement (0–1, volume ratio unlimited) and volumes in ml."""
    curve = result.curve
    names = ["boundary_iou", "iou", "dice", "volume_ratio", "region_ml", "overlap_ml"]
    if curve.boundary_iou_mean_over_slices is not None:
        names.append("boundary_iou_mean_over_slices")
    columns = [curve.levels_gy, *(getattr(curve, name) for name in names)]
    return csv_text([level_column(result), *names], zip(*columns, strict=True))


def surface_csv(result: FlrResult) -> str:
    """One line per tabulated level: distances between the intrahepatic boundaries in mm."""
    names = ("mean_mm", "hd95_mm", "reaction_to_isodose_mm", "isodose_to_reaction_mm")
    rows = ([row.level_gy, *(getattr(row, name) for name in names)] for row in result.surface)
    return csv_text((level_column(result), *names), rows)


def dvh_metrics_csv(result: FlrResult) -> str:
    """One line per structure: volume in ml and dose metrics in Gy of physical dose."""
    if not result.dvh:
        return ""
    names = [field.name for field in dataclasses.fields(result.dvh[0])]
    header = [name.replace("_gy", "_gy_physical") for name in names]
    return csv_text(header, ([getattr(row, name) for name in names] for row in result.dvh))


def planar_csv(result: FlrResult) -> str:
    """One line per level: the published 2-D definitions of the Boundary IoU; empty where none was asked for."""
    if not result.planar:
        return ""
    header = [level_column(result), *(f"boundary_iou_{curve.definition.value}" for curve in result.planar)]
    columns = [result.planar[0].levels_gy, *(curve.boundary_iou for curve in result.planar)]
    return csv_text(header, zip(*columns, strict=True))


def dvh_curves(images: FlrImages) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Cumulative dose-volume histograms in physical dose.

    Returns
    -------
    doses_gy : numpy.ndarray, shape (n,)
        From 0 Gy in steps of 0.1 Gy to beyond the maximum in the liver.
    percent : dict of str to numpy.ndarray, shape (n,)
        Volume in % with at least that dose, by structure; structures without a voxel with a dose are left out.
    """
    known = np.isfinite(images.dose_gy.array)
    liver, reaction = images.liver.array.astype(bool), images.reaction.array.astype(bool)
    regions = {"Reaction": liver & reaction, "Liver": liver, "Liver without reaction": liver & ~reaction}
    doses = {name: images.dose_gy.array[region & known] for name, region in regions.items()}
    doses = {name: values for name, values in doses.items() if values.size}
    maximum = max((float(values.max()) for values in doses.values()), default=0.0)
    steps = DVH_STEP_GY * np.arange(math.ceil(maximum / DVH_STEP_GY) + 2)
    return steps, {name: 100.0 * DoseVolumeHistogram(values, 1.0).cumulative(steps) for name, values in doses.items()}


def dvh_csv(images: FlrImages) -> str:
    """One line per 0.1 Gy: volume of each structure in % with at least that physical dose."""
    doses, curves = dvh_curves(images)
    header = ["dose_gy_physical", *(f"{name.lower().replace(' ', '_')}_percent" for name in curves)]
    return csv_text(header, zip(np.round(doses, 6), *curves.values(), strict=True))


def flr_result_as_dict(
    result: FlrResult, timing: Sequence[TimingRecord] = (), statement: PatientStatement | None = None
) -> dict[str, Any]:
    """The whole result as what JSON can hold: enums by value, arrays as lists, NaN and infinity as None."""
    return {
        "schema": SCHEMA,
        "research_use": hepadose.RESEARCH_USE,
        "headline": headline(result).replace(GAP, " "),
        **plain(result),
        "patient": plain(statement),
        "comparison": _comparison_as_dict(result, statement),
        "versions": software_versions(),
        "timing": [plain(record) for record in timing],
    }


def _comparison_as_dict(result: FlrResult, statement: PatientStatement | None) -> dict[str, Any] | None:
    """The published thresholds beside the patient, or why they are not; None where nothing was stated."""
    if statement is None:
        return None
    rows, reason = comparison_or_reason(result, statement)
    return {"problem": reason, "rows": [_comparison_row(row) for row in rows]}


def _comparison_row(row: ComparisonRow) -> dict[str, Any]:
    return {
        "source": row.study.source,
        "comparable": row.comparable,
        "own_gy_physical": plain(row.own_gy),
        "published_gy_physical": row.published.gy if row.published else None,
        "published_spread_gy_physical": plain(row.published.spread_gy) if row.published else None,
        "definition": plain(row.study.conditions.definition),
        "differences": list(row.differences),
        "agreements": list(row.agreements),
    }


def result_json(
    result: FlrResult, timing: Sequence[TimingRecord] = (), statement: PatientStatement | None = None
) -> str:
    """The whole result as JSON text."""
    return (
        json.dumps(flr_result_as_dict(result, timing, statement), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )


def plain(value: Any) -> Any:
    """A dataclass, array or enum as dictionaries, lists, numbers and strings."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as CSV; undefined values become empty cells."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        values = [plain(value) for value in row]
        writer.writerow(["" if value is None else value for value in values])
    return buffer.getvalue()
