"""A patient beside published thresholds: nothing before everything is stated, values only under the same conditions."""

from dataclasses import replace

import pytest

from hepadose.errors import MissingInputError, SettingsError
from hepadose.flr.settings import DoseQuantity
from hepadose.report.published import PatientStatement, comparison
from hepadose.report.studies import PUBLISHED_THRESHOLDS, Definition

from flr_example import analyzed, example_images

LIKE_TAKEDA = PatientStatement("CT", "portal venous", 6.0, "A")


@pytest.fixture(scope="module")
def result():
    return analyzed(example_images(), fractions=5).result


def row_of(rows, author):
    return next(row for row in rows if row.study.source.startswith(author))


def test_everything_that_is_not_stated_is_named_at_once(result):
    with pytest.raises(MissingInputError, match="state the modality, the months since treatment"):
        comparison(result, PatientStatement(phase="native", child_pugh="B"))
    with pytest.raises(MissingInputError, match="contrast phase, the months since treatment, the Child-Pugh class"):
        comparison(result, PatientStatement(modality="CT"))


def test_an_unknown_statement_is_refused_with_what_is_known(result):
    with pytest.raises(SettingsError, match="contrast phase must be one of native, arterial"):
        comparison(result, replace(LIKE_TAKEDA, phase="late"))
    with pytest.raises(SettingsError, match="months since treatment"):
        comparison(result, replace(LIKE_TAKEDA, months_since_treatment=-1.0))


def test_the_same_conditions_give_both_values_by_the_study_s_definition(result):
    row = row_of(comparison(result, LIKE_TAKEDA), "Takeda")
    assert row.comparable and not row.differences and len(row.agreements) == 5
    assert (row.own_gy, row.published.gy) == (result.estimators.volume_match_gy, 34.4)
    assert "against 34.4\xa0Gy (31.9–36.0\xa0Gy), volume match" in row.value_text


def test_the_phase_chooses_the_study_s_value(result):
    row = row_of(comparison(result, replace(LIKE_TAKEDA, phase="native")), "Takeda")
    assert row.published.gy == 32.4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modality": "Gd-EOB MRI"}, "modality: Gd-EOB MRI, in the study CT"),
        ({"phase": "arterial"}, "contrast phase: arterial, in the study native or portal venous"),
        ({"months_since_treatment": 2.0}, "time since treatment: 2 months, in the study 3.0–12.0 months"),
        ({"child_pugh": "B"}, "liver function: Child-Pugh B, in the study Child-Pugh A"),
        ({"child_pugh": "no cirrhosis"}, "liver function: no cirrhosis, in the study Child-Pugh A"),
    ],
)
def test_one_different_condition_takes_the_values_away_and_is_named(result, change, words):
    row = row_of(comparison(result, replace(LIKE_TAKEDA, **change)), "Takeda")
    assert row.differences == (words,)
    assert (row.own_gy, row.published, row.value_text) == (None, None, "not comparable")


def test_another_or_unknown_fractionation_takes_the_values_away(result):
    other = replace(result, dose=replace(result.dose, fractions=3))
    assert row_of(comparison(other, LIKE_TAKEDA), "Takeda").differences == ("fractionation: 3, in the study 5",)
    unknown = replace(result, dose=replace(result.dose, fractions=None))
    (words,) = row_of(comparison(unknown, LIKE_TAKEDA), "Takeda").differences
    assert "unknown" in words


def test_what_a_study_did_not_state_counts_as_different(result):
    row = row_of(comparison(result, LIKE_TAKEDA), "Herfarth")
    assert "contrast phase: portal venous, not stated by the study" in row.differences
    assert "liver function: Child-Pugh A, not stated by the study" in row.differences
    assert "fractionation: 5, in the study 1" in row.differences


def test_levels_of_eqd2_are_turned_into_physical_dose_before_they_are_compared(result):
    eqd2 = replace(result.dose, quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0)
    other = replace(result, dose=eqd2, estimators=replace(result.estimators, volume_match_gy=54.0))
    assert row_of(comparison(other, LIKE_TAKEDA), "Takeda").own_gy == pytest.approx(30.0)


def test_every_study_has_a_row_and_its_conditions_agree_with_its_words(result):
    rows = comparison(result, LIKE_TAKEDA)
    assert [row.study for row in rows] == list(PUBLISHED_THRESHOLDS)
    for study in PUBLISHED_THRESHOLDS:
        for value in study.conditions.values:
            assert f"{value.gy:g}" in study.threshold
            assert all(f"{bound:.1f}" in study.threshold for bound in value.spread_gy or ())
        if study.conditions.definition in (Definition.VOLUME_MATCH, Definition.D90):
            assert study.conditions.definition.value.split()[0] in study.threshold
