"""BED, EQD2 and DVH against the reference tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hepadose.errors import SettingsError, UnitsError
from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.flr.radiobiology import (
    bed_of_courses,
    biologically_effective_dose,
    dose_for_bed,
    equivalent_dose,
    validity_findings,
)

from support import oracles


@pytest.mark.parametrize("case", oracles("bed"))
def test_bed_and_eqd2_agree_with_the_table(case):
    given = case["input"]
    bed = biologically_effective_dose(given["D"], given["n"], given["ab"])
    assert bed == pytest.approx(case["expected"]["BED"], rel=1e-12)
    assert equivalent_dose(bed, given["ab"]) == pytest.approx(case["expected"]["EQD2"], rel=1e-12)


@pytest.mark.parametrize("case", oracles("bed_inverse"))
def test_the_inverse_finds_the_dose_of_a_bed(case):
    given = case["input"]
    assert dose_for_bed(given["BED"], given["n"], given["ab"]) == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("bed_mixed"))
def test_courses_add_as_bed(case):
    bed = bed_of_courses([tuple(course) for course in case["input"]["courses"]], case["input"]["ab"])
    assert bed == pytest.approx(case["expected"]["BED"])
    assert equivalent_dose(bed, case["input"]["ab"]) == pytest.approx(case["expected"]["EQD2"])


@pytest.mark.parametrize(
    ("dose_gy", "fraction_dose_gy", "alpha_beta_gy", "expected_gy"),
    [(50, 2.5, 2, 56.25), (50, 2.5, 3, 55.0), (50, 2.5, 4, 54.1667)],
)
def test_eqd2_agrees_with_the_published_call(dose_gy, fraction_dose_gy, alpha_beta_gy, expected_gy):
    bed = biologically_effective_dose(dose_gy, int(dose_gy / fraction_dose_gy), alpha_beta_gy)
    assert equivalent_dose(bed, alpha_beta_gy) == pytest.approx(expected_gy, abs=1e-4)


def test_a_voxel_uses_its_own_dose_per_fraction():
    bed = biologically_effective_dose(30.0, 25, 2.0)
    assert (bed, equivalent_dose(bed, 2.0)) == (48.0, 24.0)


def test_the_mean_of_eqd2_is_not_the_eqd2_of_the_mean():
    voxels = equivalent_dose(biologically_effective_dose(np.array([0.0, 60.0]), 5, 3.0), 3.0)
    assert voxels.mean() == pytest.approx(90.0)
    assert equivalent_dose(biologically_effective_dose(30.0, 5, 3.0), 3.0) == pytest.approx(54.0)


def test_negative_voxels_count_as_no_dose():
    assert biologically_effective_dose(np.array([-0.5]), 5, 3.0)[0] == 0.0


@pytest.mark.parametrize("fractions", [0, 2.5, -3])
def test_impossible_fractions_are_refused(fractions):
    with pytest.raises(SettingsError, match="whole number of at least 1"):
        biologically_effective_dose(30.0, fractions, 3.0)


def test_missing_fractions_are_named():
    with pytest.raises(UnitsError, match="number of fractions; the plan gives none"):
        biologically_effective_dose(30.0, None, 3.0)


@pytest.mark.parametrize("alpha_beta_gy", [0.4, 31.0])
def test_impossible_alpha_beta_is_refused(alpha_beta_gy):
    with pytest.raises(SettingsError, match="alpha/beta must lie between"):
        biologically_effective_dose(30.0, 5, alpha_beta_gy)


def test_large_fractions_and_unusual_alpha_beta_are_flagged():
    texts = [str(finding) for finding in validity_findings(54.0, 5, 12.0)]
    assert "12 Gy is outside the usual" in texts[0]
    assert "10.8 Gy per fraction" in texts[1]
    assert validity_findings(50.0, 25, 3.0) == ()


@pytest.mark.parametrize("case", oracles("dvh"))
def test_dvh_metrics_agree_with_the_table(case):
    dvh = DoseVolumeHistogram(np.array(case["input"]), 0.5)
    expected = case["expected"]
    assert [dvh.dose_at_percent_gy(x) for x in (2, 50, 70, 95, 98, 100)] == [
        expected["D2"],
        expected["D50"],
        expected["D70"],
        expected["D95"],
        expected["D98"],
        10,
    ]
    assert dvh.volume_fraction_at(50) == expected["V50"]
    assert dvh.volume_fraction_at(100) == expected["V100"]
    assert dvh.mean_gy == expected["mean"]
    assert dvh.volume_ml == 5.0
    assert dvh.dose_at_volume_gy(1.0) == 90
    assert math.isnan(dvh.dose_at_volume_gy(6.0))
    assert dvh.cumulative(np.array([0, 10.5, 100.5])).tolist() == [1.0, 0.9, 0.0]
