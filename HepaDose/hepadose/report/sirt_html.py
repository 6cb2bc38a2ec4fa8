"""The HTML report of a radioembolization case: one file that holds everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import hepadose
from hepadose.evaluation.review import ContourReview
from hepadose.report.html import figure_texts, report_template
from hepadose.report.text import LEVEL_WORDS, by_severity, verdict
from hepadose.sirt.analysis import GuidanceRow, SirtResult, broken_limits
from hepadose.sirt.guidance import DISEASES, source
from hepadose.timing import TimingRecord, software_versions, summarize

TEMPLATE = "sirt_report.html.jinja"
MODEL_WORDS = {
    "bsa": "Body surface (BSA)",
    "empirical": "Empirical table",
    "mird": "One compartment (MIRD)",
    "partition": "Partition model",
}
SHORT_WORDS = {
    "bsa": "by body surface",
    "empirical": "by the empirical table",
    "mird": "in one compartment",
    "partition": "by partition",
}


def render_sirt_report(
    result: SirtResult,
    figures: dict[str, bytes],
    timing: Sequence[TimingRecord] = (),
    review: ContourReview | None = None,
) -> str:
    """The report as one HTML page with the figures embedded.

    Parameters
    ----------
    result : SirtResult
    figures : dict of str to bytes
        PNG files by name: "planes" and "dvh"; a missing one is left out.
    timing : sequence of TimingRecord
    review : ContourReview, optional
        What a person said about the automatic outline of the liver.

    Returns
    -------
    str

    Raises
    ------
    MissingDependencyError
        If jinja2 is not installed.
    """
    context = _context(result, figures, timing) | {"review": review or ContourReview()}
    return report_template(TEMPLATE).render(context)


def _context(result: SirtResult, figures: dict[str, bytes], timing: Sequence[TimingRecord]) -> dict[str, Any]:
    level, sentence = verdict(result.findings)
    prescription = result.prescription
    return {
        "result": result,
        "figures": figure_texts(figures),
        "verdict_level": level.value,
        "verdict_word": LEVEL_WORDS[level],
        "verdict": sentence,
        "findings": [(finding, LEVEL_WORDS[finding.level]) for finding in by_severity(result.findings)],
        "rows": prescription.rows,
        "model_words": MODEL_WORDS,
        "short_words": SHORT_WORDS,
        "tumors": [name for name, _, _ in prescription.input.uptake],
        "limits": prescription.limits,
        "tightest": prescription.tightest,
        "broken": broken_limits(result),
        "inputs": input_rows(result),
        "guidance": grouped_guidance(result.guidance),
        "guidance_source": source(),
        "timing": summarize(timing),
        "versions": {**software_versions(), "hepadose": result.software_version},
        "research_use": hepadose.RESEARCH_USE,
    }


def grouped_guidance(rows: Iterable[GuidanceRow]) -> list[list[GuidanceRow]]:
    """Rows about the same part and the same published value together, in the order of the first ones.

    Parameters
    ----------
    rows : iterable of GuidanceRow

    Returns
    -------
    list of list of GuidanceRow
    """
    groups: dict[tuple[str, str], list[GuidanceRow]] = {}
    for row in rows:
        groups.setdefault((row.about, row.words), []).append(row)
    return list(groups.values())


def input_rows(result: SirtResult) -> list[tuple[str, str]]:
    """Every input of the prescription with its unit."""
    given = result.prescription.input
    patient, delivery, goals = given.patient, given.delivery, given.goals
    rows = [("Product", f"{given.product.name} ({given.product.bq_per_sphere:g} Bq per sphere)")]
    if patient is not None:
        body = f"{patient.height_m:.2f} m, {patient.weight_kg:g} kg, body surface {patient.body_surface_m2:.2f} m²"
        rows.append(("Patient", body))
    rows += [
        ("Treatment", result.treatment),
        ("Disease", DISEASES.get(result.disease, "not stated; published values of all diseases are shown")),
        ("Lung shunt", f"{100 * delivery.lung_shunt:.1f} %, lungs {delivery.lung_mass_kg:.2f} kg"),
        ("Residual in vial and tubing", f"{100 * delivery.residual:.1f} %"),
        ("Density of liver and tumor", f"{given.density_g_per_ml:.2f} g/ml"),
        ("Dose constant", str(given.constant)),
        ("Half-life", f"{given.product.half_life_h:g} h"),
    ]
    wanted = (
        ("Wanted mean dose to the territory", goals.territory_gy),
        ("Wanted mean dose to every tumor", goals.tumor_gy),
        ("Limit for normal liver in the territory", goals.normal_limit_gy),
        ("Limit for the lungs", goals.lung_limit_gy),
    )
    rows += [(name, f"{value:g} Gy") for name, value in wanted if value is not None]
    rows += [(f"T/N ratio of {name}", f"{ratio:.2f} ({ml:.1f} ml)") for name, ml, ratio in given.uptake]
    return rows
