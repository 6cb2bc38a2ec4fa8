"""The result of a radioembolization case as CSV and JSON, at full precision; needs neither matplotlib nor jinja2."""

from __future__ import annotations

import json
from collections.abc import Sequence

import hepadose
from hepadose.evaluation.review import ContourReview
from hepadose.report.tables import csv_text, plain
from hepadose.sirt.analysis import SirtResult
from hepadose.sirt.image_dose import LEVELS_GY, PERCENTS
from hepadose.timing import TimingRecord, software_versions

SCHEMA = "hepadose/sirt-result/1"


def sirt_table_files(
    result: SirtResult, timing: Sequence[TimingRecord] = (), review: ContourReview | None = None
) -> dict[str, bytes]:
    """All tables by file name.

    Parameters
    ----------
    result : SirtResult
    timing : sequence of TimingRecord
    review : ContourReview, optional

    Returns
    -------
    dict of str to bytes
        Tables without lines are left out.
    """
    texts = {
        "result.json": sirt_json(result, timing, review),
        "activities.csv": activities_csv(result),
        "doses.csv": doses_csv(result),
        "guidance.csv": guidance_csv(result),
        "corrections.csv": corrections_csv(review),
    }
    return {name: text.encode() for name, text in texts.items() if text}


def activities_csv(result: SirtResult) -> str:
    """One line per model and goal: activity in GBq, factor of the lung shunt, mean doses in Gy and the constant."""
    names = [name for name, _, _ in result.prescription.input.uptake]
    header = ["model", "goal", "activity_gbq", "lung_shunt_factor", "territory_gy", "lungs_gy", "normal_territory_gy"]
    header += [f"{name}_gy" for name in names] + ["gy_kg_per_gbq", "constant"]
    unknown = (None,) * len(names)
    rows = (
        [
            *(row.model, row.goal, row.activity_gbq, row.reduced_by, row.territory_gy, row.lungs_gy, row.normal_gy),
            *(row.tumors_gy or unknown),
            *(row.constant.gy_kg_per_gbq, row.constant.name),
        ]
        for row in result.prescription.rows
    )
    return csv_text(header, rows)


def doses_csv(result: SirtResult) -> str:
    """One line per region: volume, mean and largest dose, D and V metrics from the image; empty without one."""
    if not result.doses:
        return ""
    header = ["region", "kind", "volume_ml", "mean_gy", "largest_gy"]
    header += [f"d{percent:g}_gy" for percent in PERCENTS] + [f"v{level:g}gy_percent" for level in LEVELS_GY]
    rows = (
        [row.name, row.kind, row.volume_ml, row.mean_gy, row.highest_gy]
        + [row.dose_at_percent_gy[percent] for percent in PERCENTS]
        + [100.0 * row.fraction_at_gy[level] for level in LEVELS_GY]
        + [row.uptake_ratio]
        for row in result.doses
    )
    return csv_text([*header, "t_n_ratio"], rows)


def guidance_csv(result: SirtResult) -> str:
    """One line per published value and dose: what it is about, limit or target, and how it stands."""
    header = ["about", "kind", "published", "dose_gy", "standing", "dose_from", "evidence"]
    rows = (
        [
            row.about,
            row.guidance.kind,
            row.guidance.text(),
            row.dose_gy,
            row.standing,
            row.source,
            row.guidance.evidence,
        ]
        for row in result.guidance
    )
    return csv_text(header, rows) if result.guidance else ""


def corrections_csv(review: ContourReview | None) -> str:
    """One line per correction of the automatic outline of the liver; empty without any."""
    if review is None or not review.corrections:
        return ""
    rows = ([each.added_ml, each.removed_ml, each.region, each.confirmed] for each in review.corrections)
    return csv_text(["added_ml", "removed_ml", "region", "confirmed"], rows)


def sirt_json(result: SirtResult, timing: Sequence[TimingRecord] = (), review: ContourReview | None = None) -> str:
    """The whole result with every input as JSON text."""
    content = {
        "schema": SCHEMA,
        "research_use": hepadose.RESEARCH_USE,
        **plain(result),
        "review": None if review is None or review.is_empty else plain(review),
        "versions": software_versions(),
        "timing": [plain(record) for record in timing],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
