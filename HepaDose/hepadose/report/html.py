"""The HTML report: one file that holds everything, made from a template."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hepadose
from hepadose.errors import MissingDependencyError
from hepadose.flr.result import FlrResult, RegistrationSummary, SurfaceRow
from hepadose.flr.settings import FlrSettings
from hepadose.provenance import SegmentationOrigin
from hepadose.report.definitions import FLR_WRITTEN_OUT, METHOD, best_rows, estimator_rows, planar_rows
from hepadose.report.published import PatientStatement, comparison_or_reason
from hepadose.report.studies import CAUTION, PUBLISHED_THRESHOLDS
from hepadose.report.text import (
    LEVEL_WORDS,
    by_severity,
    dose_unit,
    fractionation,
    interval,
    measured,
    number,
    quantity_words,
    verdict,
)
from hepadose.timing import TimingRecord, format_duration, software_versions, summarize

TEMPLATE = "flr_report.html.jinja"
SURFACE_ROWS_AROUND_BEST = 4


def render_flr_report(
    result: FlrResult,
    figures: dict[str, bytes],
    timing: Sequence[TimingRecord] = (),
    statement: PatientStatement | None = None,
) -> str:
    """The report as one HTML page with the figures embedded.

    Parameters
    ----------
    result : FlrResult
        What is reported.
    figures : dict of str to bytes
        PNG files by name: "planes", "curve" and "dvh"; a missing one is left out.
    timing : sequence of TimingRecord
        Steps to list with their durations.
    statement : PatientStatement, optional
        What was stated about the patient; where complete, the answer is set beside published thresholds.

    Raises
    ------
    MissingDependencyError
        If jinja2 is not installed.
    """
    template = report_template(TEMPLATE)
    return template.render(_context(result, figures, timing) | _patient(result, statement))


def report_template(name: str) -> Any:
    """A template of this folder with the filters that turn numbers into text.

    Raises
    ------
    MissingDependencyError
        If jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as problem:
        raise MissingDependencyError(
            "The HTML report needs jinja2, which is not installed; "
            'install it with: python -m pip install "jinja2>=3.1" (in Slicer: PythonSlicer -m pip install …). '
            "CSV and JSON are written without it."
        ) from problem
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(num=number, span=interval, duration=format_duration)
    return environment.get_template(name)


def figure_texts(figures: dict[str, bytes]) -> dict[str, str]:
    """PNG files by name as text that stands in the page."""
    return {name: base64.b64encode(data).decode("ascii") for name, data in figures.items()}


def _context(result: FlrResult, figures: dict[str, bytes], timing: Sequence[TimingRecord]) -> dict[str, Any]:
    level, sentence = verdict(result.findings)
    return {
        "result": result,
        "figures": figure_texts(figures),
        "quantity": quantity_words(result.dose),
        "unit": dose_unit(result.dose),
        "fractionation": fractionation(result.dose),
        "verdict_level": level.value,
        "verdict_word": LEVEL_WORDS[level],
        "verdict": sentence,
        "findings": [(finding, LEVEL_WORDS[finding.level]) for finding in by_severity(result.findings)],
        "best_rows": best_rows(result),
        "estimators": estimator_rows(result),
        "planar": planar_rows(result),
        "surface": surface_rows_near(result.surface, result.best.refined_gy),
        "masks": mask_rows(result),
        "registration": registration_rows(result.registration),
        "settings": settings_rows(result.settings),
        "published": PUBLISHED_THRESHOLDS,
        "caution": CAUTION,
        "timing": summarize(timing),
        "versions": {**software_versions(), "hepadose": result.software_version},
        "research_use": hepadose.RESEARCH_USE,
        "written_out": FLR_WRITTEN_OUT,
        "method": METHOD,
    }


def _patient(result: FlrResult, statement: PatientStatement | None) -> dict[str, Any]:
    """What was stated about the patient, and the published thresholds beside the answer or why they are not."""
    rows, reason = comparison_or_reason(result, statement)
    stated = dict.fromkeys(PatientStatement().texts, "not recorded here") if statement is None else statement.texts
    return {
        "asked": statement is not None,
        "stated": [(name[0].upper() + name[1:], text) for name, text in stated.items()],
        "comparison": [(row, "; ".join(row.differences) or "none") for row in rows],
        "not_compared": reason,
    }


def mask_rows(result: FlrResult) -> list[tuple[str, SegmentationOrigin]]:
    """Every mask that shaped the answer, with where it came from."""
    rows = [("Focal liver reaction", result.reaction_origin), ("Liver on the follow-up CT", result.liver_origin)]
    planned = result.registration.planning_liver_origin
    return rows if planned is None else [*rows, ("Liver on the planning CT", planned)]


def surface_rows_near(rows: Sequence[SurfaceRow], level_gy: float) -> list[tuple[SurfaceRow, bool]]:
    """The tabulated levels around a level, each with whether it is the nearest one."""
    if not rows:
        return []
    nearest = min(range(len(rows)), key=lambda place: abs(rows[place].level_gy - level_gy))
    first = max(nearest - SURFACE_ROWS_AROUND_BEST, 0)
    last = min(nearest + SURFACE_ROWS_AROUND_BEST + 1, len(rows))
    return [(rows[place], place == nearest) for place in range(first, last)]


def registration_rows(registration: RegistrationSummary) -> list[tuple[str, str]]:
    """How good the registration is, in words; what could not be measured says so."""
    folded = registration.folded_fraction
    return [
        ("Method", registration.method),
        ("Mean error in the liver", measured(registration.estimated_error_mm, 1, "mm")),
        ("DSC of the livers", measured(registration.liver_dice, 3)),
        ("Mean distance of the liver surfaces", measured(registration.liver_mean_distance_mm, 1, "mm")),
        ("Folded part of the deformation", measured(None if folded is None else 100 * folded, 2, "%")),
    ]


def settings_rows(settings: FlrSettings) -> list[tuple[str, str]]:
    """The settings that shaped the answer."""
    levels = f"{settings.first_level_gy:g}–{settings.last_level_gy:g} Gy in steps of {settings.level_step_gy:g} Gy"
    plane = "within slices" if settings.in_plane else "in three dimensions"
    return [
        ("Quantity of the levels", settings.quantity.label),
        ("Alpha/beta of the liver", f"{settings.alpha_beta_gy:g} Gy (used for EQD2 and BED only)"),
        ("Levels", levels),
        ("Boundary band", f"{settings.band_mode.value}, {settings.band_mm:g} mm, measured {plane}"),
        (
            "Bootstrap",
            f"{settings.bootstrap_samples} samples of liver blocks of {settings.block_mm:g} mm, seed {settings.seed}",
        ),
    ]
