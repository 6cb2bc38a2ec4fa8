"""An assessment of response as CSV and JSON, at full precision; needs neither matplotlib nor jinja2."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import hepadose
from hepadose.findings import Finding
from hepadose.recist.records import Assessment, CriterionResponse, LesionCourse
from hepadose.report.tables import csv_text, plain
from hepadose.timing import TimingRecord, software_versions

SCHEMA = "hepadose/response-result/1"
LESION_COLUMNS = (
    *("lesion", "role", "time", "status", "part", "long_axis_mm", "short_axis_mm", "volume_ml"),
    *("slice", "inside_fraction", "caliper_mm", "area_mm2", "convention", "merged_into", "reappeared", "edited"),
)


def response_table_files(
    assessment: Assessment, noticed: Sequence[Finding] = (), timing: Sequence[TimingRecord] = ()
) -> dict[str, bytes]:
    """All tables by file name.

    Parameters
    ----------
    assessment : Assessment
    noticed : sequence of Finding
        What was noticed while reading.
    timing : sequence of TimingRecord

    Returns
    -------
    dict of str to bytes
    """
    texts = {
        "result.json": response_json(assessment, noticed, timing),
        "lesions.csv": lesions_csv(assessment),
        "responses.csv": responses_csv(assessment),
    }
    return {name: text.encode() for name, text in texts.items()}


def lesions_csv(assessment: Assessment) -> str:
    """One line per lesion, time and part: axes in mm to 0.1 mm as they are summed, volume in ml."""
    rows = (row for lesion in assessment.lesions for row in _lesion_rows(lesion, assessment.times))
    return csv_text(LESION_COLUMNS, rows)


def _lesion_rows(course: LesionCourse, times: Sequence[str]) -> list[list[Any]]:
    rows = []
    for time, seen, drawn in zip(times, course.observations, course.diameters, strict=True):
        start, end = (
            [course.lesion.name, course.role, time, seen.status],
            [seen.merged_into, seen.reappeared, seen.edited],
        )
        for number, (part, lines) in enumerate(zip(seen.parts, drawn, strict=True), start=1):
            sizes = [number, part.long_axis_mm, part.short_axis_mm, part.volume_ml]
            place = [lines.slice_index, lines.inside_fraction, lines.caliper_mm, lines.area_mm2]
            rows.append([*start, *sizes, *place, lines.settings.convention, *end])
        if not seen.parts:
            rows.append([*start, *[None] * 9, *end])
    return rows


def responses_csv(assessment: Assessment) -> str:
    """One line per follow-up and criterion: sums, changes in percent, and categories."""
    header = ["time", "criterion", "unit", "baseline", "smallest", "current", "from_baseline_percent"]
    header += ["from_smallest_percent", "target", "non_target", "new_lesions", "overall", "reason"]
    rows = (
        [time, *_response_cells(each)]
        for time, responses in zip(assessment.times[1:], assessment.responses, strict=True)
        for each in responses
    )
    return csv_text(header, rows)


def _response_cells(each: CriterionResponse) -> list[Any]:
    target = each.target
    sums: list[Any] = [None] * 6
    if target is not None:
        numbers = (target.baseline, target.smallest, target.total)
        changes = (target.from_baseline_percent, target.from_smallest_percent)
        sums = [*map(_number, (*numbers, *changes)), target.category]
    reason = target.reason if target is not None else "no target lesion"
    return [each.criterion.name, each.criterion.unit, *sums, each.non_target, each.new, each.overall, reason]


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def response_json(assessment: Assessment, noticed: Sequence[Finding] = (), timing: Sequence[TimingRecord] = ()) -> str:
    """The whole assessment as JSON text; lines with their ends in LPS mm."""
    content = {
        "schema": SCHEMA,
        "research_use": hepadose.RESEARCH_USE,
        "software_version": assessment.software_version,
        "times": list(assessment.times),
        "lesions": [_lesion(each) for each in assessment.lesions],
        "responses": [[_response(each) for each in responses] for responses in assessment.responses],
        "settings": _settings(assessment),
        "findings": [plain(finding) for finding in (*noticed, *assessment.findings)],
        "versions": software_versions(),
        "timing": [plain(record) for record in timing],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _lesion(course: LesionCourse) -> dict[str, Any]:
    seen = [
        plain(each) | {"parts": [_part(part, lines) for part, lines in zip(each.parts, drawn, strict=True)]}
        for each, drawn in zip(course.observations, course.diameters, strict=True)
    ]
    return {
        **plain(course.lesion),
        "role": plain(course.role),
        "reason": course.reason,
        "observations": seen,
        "volumes_ml": plain(course.volumes_ml),
    }


def _part(part, lines) -> dict[str, Any]:
    sizes = {"long_axis_mm": float(part.long_axis_mm), "short_axis_mm": float(part.short_axis_mm)}
    return sizes | {"volume_ml": part.volume_ml, "lines": plain(lines)}


def _response(each: CriterionResponse) -> dict[str, Any]:
    names = ("baseline", "smallest", "current", "from_baseline_percent", "from_smallest_percent", "target")
    cells = _response_cells(each)
    return {
        "criterion": each.criterion.key,
        "unit": each.criterion.unit,
        **{name: plain(value) for name, value in zip(names, cells[2:8], strict=True)},
        "reason": cells[-1],
        "non_target": plain(each.non_target),
        "new_lesions": plain(each.new),
        "overall": plain(each.overall),
        "remarks": list(each.remarks),
    }


def _settings(assessment: Assessment) -> dict[str, Any]:
    settings = assessment.settings
    return {
        "criteria": [_criterion(rules) for rules in settings.criteria],
        "diameters": plain(settings.diameters),
        "pairing": plain(settings.pairing),
        "roles": plain(dict(settings.roles)),
        "one_reader": settings.one_reader,
    }


def _criterion(rules) -> dict[str, Any]:
    return {
        **{name: getattr(rules, name) for name in ("key", "name", "source", "unit", "tissue")},
        "partial_percent": float(rules.partial_percent),
        "progression_percent": float(rules.progression_percent),
        "progression_absolute": _number(rules.progression_absolute),
    }
