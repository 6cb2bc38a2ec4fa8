"""How answers and numbers read."""

import dataclasses

import pytest

from hepadose.findings import Level, error, ok, warning
from hepadose.flr.settings import DoseQuantity
from hepadose.report.isodoses import round_levels
from hepadose.report.text import (
    LEVEL_WORDS,
    by_severity,
    headline,
    interval,
    number,
    physical_level_gy,
    result_text,
    verdict,
)

from flr_example import analyzed, example_images

NAN = float("nan")


@pytest.fixture(scope="module")
def result():
    return analyzed(example_images()).result


def spaced(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_headline_states_level_interval_quantity_and_fractions(result):
    best = dataclasses.replace(result.best, refined_gy=31.42, interval_gy=(29.76, 33.149))
    assert spaced(headline(dataclasses.replace(result, best=best))) == (
        "The reaction follows the 31.4 Gy isodose (95 % interval 29.8–33.1 Gy; physical dose, 5 fractions)."
    )


def test_the_headline_of_an_equivalent_dose_states_alpha_beta(result):
    dose = dataclasses.replace(result.dose, quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0, fractions=1)
    text = spaced(headline(dataclasses.replace(result, dose=dose)))
    assert "Gy EQD2 isodose" in text
    assert text.endswith("EQD2 with α/β 3 Gy, 1 fraction).")


def test_unknown_fractions_are_said(result):
    dose = dataclasses.replace(result.dose, fractions=None)
    assert "fractions unknown" in headline(dataclasses.replace(result, dose=dose))


@pytest.mark.parametrize(
    ("value", "text"), [(31.42, "31.4 Gy"), (NAN, "undefined"), (None, "not measured"), (-0.26, "−0.3 Gy")]
)
def test_numbers_carry_their_unit_and_undefined_ones_say_so(value, text):
    assert spaced(number(value, 1, "Gy")) == text


def test_an_interval_with_an_undefined_end_is_undefined():
    assert interval((NAN, 3.0)) == "undefined"


def test_findings_are_listed_by_severity_and_in_their_order_within():
    findings = (ok("a", ""), warning("b", ""), error("c", ""), warning("d", ""))
    assert [finding.subject for finding in by_severity(findings)] == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("findings", "level", "words"),
    [
        ((), Level.OK, "All quality checks passed"),
        ((ok("a", ""), warning("b", "")), Level.WARNING, "1 point to check"),
        ((warning("b", ""), error("c", ""), error("d", "")), Level.ERROR, "2 problems: do not rely"),
    ],
)
def test_the_verdict_follows_the_worst_finding(findings, level, words):
    found, text = verdict(findings)
    assert found is level
    assert text.startswith(words)


def test_a_level_of_equivalent_dose_is_stated_with_its_quantity(result):
    dose = dataclasses.replace(result.dose, quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0)
    assert (result.dose.unit, dose.unit) == ("Gy", "Gy EQD2")


def test_a_finding_in_order_is_called_ok_as_in_the_panel():
    assert LEVEL_WORDS == {Level.OK: "OK", Level.WARNING: "Check", Level.ERROR: "Problem"}


def test_the_physical_level_is_taken_from_the_equivalents_or_missing(result):
    assert physical_level_gy(result) == result.best.refined_gy
    dose = dataclasses.replace(result.dose, quantity=DoseQuantity.BED, alpha_beta_gy=3.0)
    bed = dataclasses.replace(result, dose=dose)
    assert physical_level_gy(bed) == result.best_equivalents["physical dose in 5 fractions"]
    assert physical_level_gy(dataclasses.replace(bed, best_equivalents={})) is None


@pytest.mark.parametrize(
    ("highest", "best", "levels"),
    [
        (62.0, 31.4, [10, 20, 40, 50, 60]),
        (9.0, 5.0, [2, 4, 6, 8]),
        (0.0, 5.0, []),
        (NAN, 5.0, []),
        (152.0, 48.0, [25, 75, 100, 125, 150]),
        (1000.0, 31.0, None),
    ],
)
def test_isodose_lines_are_round_few_and_keep_clear_of_the_best(highest, best, levels):
    found = round_levels(highest, best)
    assert len(found) <= 7
    if levels is not None:
        assert found == levels


def test_the_copied_result_holds_numbers_with_units_and_everything_they_rest_on(result):
    text = spaced(result_text(result))
    for part in (
        headline(result).replace("\N{NO-BREAK SPACE}", " "),
        f"Boundary IoU {result.best.boundary_iou:.2f}",
        f"Reaction {result.reaction_ml:.1f} ml, liver {result.liver_ml:.0f} ml",
        f"Volume match {result.estimators.volume_match_gy:.1f} Gy",
        "Dose: maximum",
        "physical dose, 5 fractions",
        "symmetric band of 10 mm in 3-D",
        "Reaction from: Density difference 1 (threshold −12 HU), edited by hand",
        "Liver from: RTSTRUCT (structure Liver), not edited",
        "Registration: rigid, affine, B-spline; mean error in the liver 1.4 mm, DSC of the livers 0.956",
        "Check: Follow-up CT: 1 slice is missing",
        f"HepaDose {result.software_version}. For research use only",
    ):
        assert part in text, part
    assert "nan" not in text.lower() and "None" not in text


def test_the_copied_result_states_what_was_not_measured(result):
    unknown = dataclasses.replace(result.registration, estimated_error_mm=NAN, liver_dice=None)
    text = spaced(result_text(dataclasses.replace(result, registration=unknown, best_equivalents={})))
    assert "mean error in the liver unknown, DSC of the livers not measured" in text
    assert "The same level" not in text
