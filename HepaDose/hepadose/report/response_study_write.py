"""Tables, figures and the page of a study of response."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import hepadose
from hepadose.errors import MissingDependencyError
from hepadose.evaluation.paired_errors import PairedErrors
from hepadose.evaluation.proportions import Proportion
from hepadose.evaluation.response_study import CategoryAgreement, CohortStatistics, ResponseCase
from hepadose.findings import Finding, warning
from hepadose.report.canvas import as_png
from hepadose.report.html import figure_texts, report_template
from hepadose.report.response_study_graphs import response_figures
from hepadose.report.response_study_text import cohort_page
from hepadose.report.tables import csv_text, plain
from hepadose.report.write import write_together
from hepadose.timing import software_versions

SCHEMA = "hepadose/response-study/1"
TEMPLATE = "response_study_report.html.jinja"
HEADER = ("cohort", "group", "figure", "cases", "statistic", "value", "low", "high", "method")
T_INTERVAL, WILSON, EXACT = "95 % interval by t", "95 % interval by Wilson", "95 % interval by Clopper and Pearson"


@dataclass(frozen=True)
class ResponseStudy:
    """Everything a study says.

    Parameters
    ----------
    cases : tuple of ResponseCase
    cohorts : tuple of CohortStatistics
        All cases first.
    notes : tuple of Finding
        What was noticed, and what could not be written.
    """

    cases: tuple[ResponseCase, ...]
    cohorts: tuple[CohortStatistics, ...]
    notes: tuple[Finding, ...] = ()


def write_response_study(folder: Path, study: ResponseStudy) -> tuple[Finding, ...]:
    """Write CSV, JSON, figures and the page; no page and figures where matplotlib or jinja2 are missing.

    Parameters
    ----------
    folder : Path
    study : ResponseStudy

    Returns
    -------
    tuple of Finding
        What could not be written, and why.
    """
    notes = ()
    contents = {
        "cases.csv": cases_csv(study),
        "statistics.csv": csv_text(HEADER, statistic_rows(study)),
        "result.json": study_json(study),
    }
    contents = {name: text.encode() for name, text in contents.items()}
    try:
        figures = {name: as_png(figure) for name, figure in response_figures(study.cases, study.cohorts[0]).items()}
        contents["report.html"] = _page(study, figures).encode()
        contents |= {f"figures/{name}.png": data for name, data in figures.items()}
    except MissingDependencyError as problem:
        notes = (warning("Report", f"Only tables were written: {problem}"),)
    write_together(folder, contents)
    return notes


def cases_csv(study: ResponseStudy) -> str:
    """One line per case: what was given, the changes in percent, the errors and both categories."""
    names = [field.name for field in fields(ResponseCase)]
    added = ["change_manual_percent", "change_predicted_percent", "diameter_error_mm", "volume_error_ml"]
    rows = (
        [
            *(getattr(replace(case, cohorts="; ".join(case.cohorts)), name) for name in names),
            case.change_percent("manual"),
            case.change_percent("predicted"),
            case.diameter_post_predicted_mm - case.diameter_post_manual_mm,
            case.volume_post_predicted_ml - case.volume_post_manual_ml,
        ]
        for case in study.cases
    )
    return csv_text([*names, *added], rows)


def study_json(study: ResponseStudy) -> str:
    """Everything at full precision."""
    content = {
        "schema": SCHEMA,
        "research_use": hepadose.RESEARCH_USE,
        "cases": plain(study.cases),
        "cohorts": [_cohort_as_dict(cohort) for cohort in study.cohorts],
        "notes": [str(note) for note in study.notes],
        "versions": software_versions(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _cohort_as_dict(cohort: CohortStatistics) -> dict[str, Any]:
    found = plain(cohort)
    if cohort.categories is not None:
        table = cohort.categories.table
        found["categories"]["table"] = [
            {"manual": manual, "predicted": predicted, "cases": count} for (manual, predicted), count in table.items()
        ]
    return found


def statistic_rows(study: ResponseStudy) -> Iterator[list[Any]]:
    """One line per figure: cohort, group, name, cases, statistic, value, bounds, method."""
    for cohort in study.cohorts:
        for row in _cohort_rows(cohort):
            yield [cohort.name, *row]


def _cohort_rows(cohort: CohortStatistics) -> Iterator[list[Any]]:
    for name, mean in cohort.means.items():
        count = mean.summary.count
        yield ["mean", name, count, "mean", mean.summary.mean, *mean.interval, T_INTERVAL]
        yield ["mean", name, count, "standard deviation", mean.summary.standard_deviation, None, None, "of a sample"]
        yield [
            "mean",
            name,
            count,
            "median",
            mean.summary.median,
            mean.summary.low_quartile,
            mean.summary.high_quartile,
            "quartiles",
        ]
    for group, tables in (("change", cohort.changes), ("error", cohort.errors)):
        for name, found in tables.items():
            yield from _error_rows(group, name, found)
    if cohort.change_error_points is not None:
        yield from _error_rows("error", "change_percentage_points", cohort.change_error_points)
    for name, test in cohort.tests.items():
        yield ["test", name, test.pairs, "p (signed ranks)", test.p, None, None, test.method_words]
        yield ["test", name, test.pairs, "sum of positive ranks", test.positive_sum, None, None, test.method_words]
        yield ["test", name, test.pairs, "sum of negative ranks", test.negative_sum, None, None, test.method_words]
    for name, found in cohort.correlations.items():
        how = "Spearman; interval by Fisher's z, Bonett and Wright"
        yield ["correlation", name, found.pairs, "rho", found.rho, *found.interval, how]
        yield ["correlation", name, found.pairs, "p", found.p, None, None, "Student's t"]
    if cohort.categories is not None:
        yield from _category_rows(cohort.categories)


def _error_rows(group: str, name: str, found: PairedErrors) -> Iterator[list[Any]]:
    limits = found.limits
    yield [group, name, found.count, "mean, signed", found.mean_signed, *limits.bias_interval, T_INTERVAL]
    yield [group, name, found.count, "mean, absolute", found.mean_absolute, None, None, ""]
    yield [group, name, found.count, "limits of agreement", None, limits.low_limit, limits.high_limit, "± 1.96 SD"]
    yield [group, name, found.count, "range", None, found.lowest, found.highest, ""]
    if math.isnan(found.mean_percent):
        return
    yield [group, name, found.count, "percent: ratio of means", found.percent_of_means, None, None, ""]
    bounds = (found.lowest_percent, found.highest_percent)
    yield [group, name, found.count, "percent: mean of ratios", found.mean_percent, *bounds, "lowest and highest"]
    yield [group, name, found.count, "percent: mean of absolute ratios", found.mean_absolute_percent, None, None, ""]


def _category_rows(found: CategoryAgreement) -> Iterator[list[Any]]:
    response, count = found.response, found.concordance.count
    for name, share in _shares(found).items():
        yield ["categories", name, share.count, "share", share.share, *share.wilson, WILSON]
        yield ["categories", name, share.count, "share", share.share, *share.clopper_pearson, EXACT]
    one = "mean of sensitivity and specificity; no result of its own"
    yield ["categories", "response", count, "area under the curve", response.area_under_curve, None, None, one]
    yield ["categories", "response", count, "p (McNemar)", response.mcnemar_p, None, None, "exact"]
    yield ["categories", "response", count, "kappa", response.kappa, None, None, "Cohen"]
    for (manual, predicted), cases in found.table.items():
        if cases:
            yield ["categories", f"{manual} manual, {predicted} predicted", count, "cases", cases, None, None, ""]


def _shares(found: CategoryAgreement) -> dict[str, Proportion]:
    response = found.response
    return {
        "concordance": found.concordance,
        "sensitivity": response.sensitivity,
        "specificity": response.specificity,
        "accuracy": response.accuracy,
    }


def _page(study: ResponseStudy, figures: dict[str, bytes]) -> str:
    return report_template(TEMPLATE).render(
        cohorts=[cohort_page(cohort) for cohort in study.cohorts],
        cases=len(study.cases),
        figures=figure_texts(figures),
        notes=study.notes,
        version=hepadose.__version__,
        versions={**software_versions(), "hepadose": hepadose.__version__},
        research_use=hepadose.RESEARCH_USE,
    )
