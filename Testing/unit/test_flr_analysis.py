"""The analysis finds a planted dose, says how sure it is, and refuses what cannot be answered."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError, UnitsError
from hepadose.findings import Level, worst_level
from hepadose.flr.analysis import FlrAnalysis, analyze_flr, dose_in_quantity, dvh_metrics, level_in_quantities
from hepadose.flr.best import best_level, mean_boundary_iou_over_blocks, refine
from hepadose.flr.estimators import auc_and_youden, logistic_d50, volume_match
from hepadose.flr.interface import interface_area_cm2
from hepadose.flr.result import FlrImages, RegistrationSummary
from hepadose.flr.settings import BandMode, DoseQuantity, FlrSettings, PlanarDefinition
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

SHAPE, SPACING = (24, 60, 64), (2.0, 2.0, 3.0)
BY_HAND = SegmentationOrigin("Manual", edited=True)


def ball_case(planted_gy: float = 30.0) -> FlrImages:
    """A 144 ml reaction where a spherical dose fall-off exceeds the planted dose, in a cylindrical liver."""
    k, j, i = np.indices(SHAPE)
    radius_mm = np.sqrt(((k - 12) * 3.0) ** 2 + ((j - 30) * 2.0) ** 2 + ((i - 30) * 2.0) ** 2)
    dose = Image((60 / (1 + np.exp((radius_mm - 32) / 6))).astype(np.float32), SPACING)
    liver = dose.with_array((j - 30) ** 2 + (i - 32) ** 2 < 28**2)
    reaction = dose.with_array((dose.array >= planted_gy) & liver.array)
    return FlrImages(follow_up_ct=dose.with_array(dose.array * 0 + 100), dose_gy=dose, liver=liver, reaction=reaction)


def analyze(images: FlrImages, settings: FlrSettings | None = None, **choices):
    choices.setdefault("fractions", 5)
    return analyze_flr(images, settings or FlrSettings(), reaction_origin=BY_HAND, liver_origin=BY_HAND, **choices)


@pytest.mark.parametrize("planted_gy", [15.0, 30.0, 42.0])
@pytest.mark.parametrize("mode", list(BandMode))
def test_the_planted_dose_is_found(planted_gy, mode):
    best = analyze(ball_case(planted_gy), FlrSettings(band_mode=mode)).best
    assert best.level_gy == pytest.approx(planted_gy, abs=0.1)
    assert best.refined_gy == pytest.approx(planted_gy, abs=0.2)
    assert best.boundary_iou > 0.99
    assert best.plateau_gy[0] <= best.level_gy <= best.plateau_gy[1]
    assert best.interval_gy[0] <= best.refined_gy <= best.interval_gy[1]


@pytest.mark.parametrize("quantity", [DoseQuantity.EQD2, DoseQuantity.BED])
def test_levels_of_another_quantity_find_the_same_isodose(quantity):
    images = ball_case(30.0)
    settings = FlrSettings.spanning(200, quantity=quantity, alpha_beta_gy=3.0)
    result = analyze(images, settings)
    expected = {DoseQuantity.EQD2: 54.0, DoseQuantity.BED: 90.0}[quantity]
    assert result.best.refined_gy == pytest.approx(expected, abs=0.6)
    assert result.best_equivalents["physical dose in 5 fractions"] == pytest.approx(30.0, abs=0.2)
    assert result.dose.unit_label == f"{quantity.label} (α/β 3 Gy) in Gy"


def test_equivalents_agree_whatever_the_starting_quantity():
    from_physical = level_in_quantities(30.0, DoseQuantity.PHYSICAL, 5, 3.0)
    assert list(from_physical.values()) == pytest.approx([30.0, 54.0, 90.0])
    assert level_in_quantities(54.0, DoseQuantity.EQD2, 5, 3.0) == pytest.approx(from_physical)
    assert level_in_quantities(90.0, DoseQuantity.BED, 5, 3.0) == pytest.approx(from_physical)
    assert level_in_quantities(30.0, DoseQuantity.PHYSICAL, None, 3.0) == {}


def test_eqd2_without_fractions_is_refused():
    with pytest.raises(UnitsError, match="number of fractions"):
        analyze(ball_case(), FlrSettings(quantity=DoseQuantity.EQD2), fractions=None)


def test_physical_dose_needs_no_fractions():
    result = analyze(ball_case(), fractions=None)
    assert result.best_equivalents == {}
    assert "fractions unknown" in result.dose.banner


def test_the_interval_contains_the_registration_error():
    images = ball_case()
    sharp = analyze(images, registration=RegistrationSummary("rigid", 0.0)).best
    blurred = analyze(images, registration=RegistrationSummary("rigid", 2.0)).best
    assert blurred.dose_uncertainty_gy == pytest.approx(2.0 * blurred.gradient_gy_per_mm)
    assert blurred.gradient_gy_per_mm == pytest.approx(60 / 6 / 4, rel=0.1)
    assert np.diff(blurred.interval_gy)[0] > np.diff(sharp.interval_gy)[0] + 3 * blurred.dose_uncertainty_gy


def test_the_same_seed_gives_the_same_interval():
    images = ball_case()
    assert analyze(images).best == analyze(images).best


def test_empty_reaction_is_refused_with_the_remedy():
    images = ball_case()
    empty = dataclasses.replace(images, reaction=images.reaction.with_array(np.zeros(SHAPE, bool)))
    with pytest.raises(EmptyRegionError, match="focal liver reaction is empty: draw or segment it"):
        analyze(empty)


def test_a_reaction_outside_the_liver_is_refused():
    images = ball_case()
    outside = dataclasses.replace(images, reaction=images.liver.with_array(~images.liver.array))
    with pytest.raises(EmptyRegionError, match="completely outside the liver"):
        analyze(outside)


def test_a_reaction_that_fills_the_liver_is_refused():
    images = ball_case()
    with pytest.raises(EmptyRegionError, match="fills the liver, so it has no boundary inside the liver"):
        analyze(dataclasses.replace(images, reaction=images.liver))


def test_a_dose_beside_the_liver_is_refused():
    images = ball_case()
    missing = images.dose_gy.with_array(np.full(SHAPE, np.nan, np.float32))
    with pytest.raises(GeometryMismatchError, match=r"covers only 0\.0 % of the liver"):
        analyze(dataclasses.replace(images, dose_gy=missing))


def test_a_partly_covered_liver_is_reported():
    images = ball_case()
    dose = images.dose_gy.array.copy()
    dose[:4] = np.nan
    findings = analyze(dataclasses.replace(images, dose_gy=images.dose_gy.with_array(dose))).findings
    coverage = next(finding for finding in findings if finding.subject == "Dose coverage")
    assert coverage.level is Level.ERROR
    assert "83.3 % of the liver" in coverage.text


def test_a_best_level_at_the_end_of_the_range_is_out_of_range():
    result = analyze(ball_case(30.0), FlrSettings(first_level_gy=31, last_level_gy=45))
    gate = next(finding for finding in result.findings if finding.subject == "Range of levels")
    assert gate.level is Level.ERROR
    assert gate.text.startswith("Out of range: the best level 31.0 Gy")


def gate_of(result, subject):
    return next(finding for finding in result.findings if finding.subject == subject)


@pytest.mark.parametrize("quantity, unit", [(DoseQuantity.PHYSICAL, "Gy"), (DoseQuantity.EQD2, "Gy EQD2")])
@pytest.mark.parametrize("error_mm", [0.037, 0.7553, 3.0, 4.9999])
def test_the_dose_uncertainty_multiplies_as_it_is_printed(quantity, unit, error_mm):
    settings = FlrSettings(quantity=quantity, bootstrap_samples=100, first_level_gy=20, last_level_gy=80)
    registration = RegistrationSummary("rigid", error_mm)
    text = gate_of(analyze(ball_case(), settings, registration=registration), "Dose uncertainty").text
    pattern = rf"error × dose gradient: ([\d.]+) mm × ([\d.]+) {unit}/mm = ([\d.]+) {unit}\.$"
    error, gradient, product = map(float, re.search(pattern, text).groups())
    assert round(error * gradient, 1) == product
    assert error == pytest.approx(error_mm, abs=0.005)


@pytest.mark.parametrize("error_mm, level", [(0.5, Level.OK), (6.0, Level.WARNING)])
def test_an_interval_wider_than_the_best_level_itself_is_to_be_checked(error_mm, level):
    result = analyze(ball_case(), registration=RegistrationSummary("rigid", error_mm))
    gate = gate_of(result, "Interval")
    assert gate.level is level
    assert f"{result.best.interval_gy[0]:.1f}–{result.best.interval_gy[1]:.1f} Gy" in gate.text
    assert ("wider than the best level" in gate.text) == (level is Level.WARNING)


def test_levels_far_from_the_reaction_are_refused():
    with pytest.raises(EmptyRegionError, match="No isodose of the chosen levels comes near"):
        analyze(ball_case(5.0), FlrSettings(first_level_gy=58, last_level_gy=59))


def test_small_reactions_and_reactions_beyond_the_liver_are_amber():
    images = ball_case(58.5)
    spilled = images.reaction.array.copy()
    spilled[10:14, 58:, :20] = True
    findings = analyze(dataclasses.replace(images, reaction=images.reaction.with_array(spilled))).findings
    by_subject = {finding.subject: finding for finding in findings}
    assert by_subject["Reaction volume"].level is Level.WARNING
    assert "are ignored" in by_subject["Reaction and liver"].text
    assert worst_level(findings) is Level.WARNING


def test_a_good_case_is_green_throughout():
    assert worst_level(analyze(ball_case(20.0), fractions=25).findings) is Level.OK


def test_unknown_registration_error_is_said():
    result = analyze(ball_case(), registration=RegistrationSummary("none", float("nan")))
    assert any("registration error is unknown" in finding.text for finding in result.findings)
    assert result.best.interval_gy == pytest.approx(result.best.bootstrap_interval_gy, abs=1e-6)


def test_edits_give_the_curve_of_a_fresh_analysis():
    images = ball_case()
    analysis = FlrAnalysis(images.dose_gy, images.liver, FlrSettings(), fractions=5)
    analysis.curve(images.reaction.array)
    edited = images.reaction.array.copy()
    edited[10:14, 20:28, 36:44] ^= True
    fresh = FlrAnalysis(images.dose_gy, images.liver, FlrSettings(), fractions=5)
    np.testing.assert_array_equal(analysis.curve(edited).boundary_iou, fresh.curve(edited).boundary_iou)


def test_surface_distances_are_smallest_at_the_best_level():
    result = analyze(ball_case(30.0))
    nearest = min(result.surface, key=lambda row: np.nan_to_num(row.mean_mm, nan=1e9))
    assert nearest.level_gy == 30.0
    assert nearest.mean_mm == 0.0
    far = next(row for row in result.surface if row.level_gy == 40.0)
    assert far.reaction_to_isodose_mm == pytest.approx(6 * np.log(2), abs=1.0)


def test_the_interface_area_is_that_of_the_sphere():
    k, j, i = np.indices((40, 60, 60))
    sphere = (k - 20) ** 2 * 2.25 + (j - 30) ** 2 + (i - 30) ** 2 < 20**2
    area = interface_area_cm2(sphere, np.ones_like(sphere), (1.5, 1.0, 1.0))
    assert area == pytest.approx(4 * np.pi * 20**2 / 100, rel=0.04)


def test_published_planar_definitions_come_along_on_request():
    settings = FlrSettings(planar_definitions=tuple(PlanarDefinition), surface_step_gy=5)
    curves = {curve.definition: curve for curve in analyze(ball_case(), settings).planar}
    cheng = curves[PlanarDefinition.CHENG]
    assert cheng.levels_gy[np.nanargmax(cheng.boundary_iou)] == 30.0


def test_the_macro_average_is_the_mean_of_the_slices():
    images = ball_case()
    settings = FlrSettings(in_plane=True, band_mm=4.0, level_step_gy=1.0)
    analysis = FlrAnalysis(images.dose_gy, images.liver, settings)
    macro = analysis.curve(images.reaction.array).boundary_iou_mean_over_slices
    counts = analysis.counts(images.reaction.array)
    np.testing.assert_array_equal(macro, mean_boundary_iou_over_blocks(counts))
    assert (
        FlrAnalysis(images.dose_gy, images.liver, FlrSettings())
        .curve(images.reaction.array)
        .boundary_iou_mean_over_slices
        is None
    )
    assert macro[settings.levels_gy == 30.0] == pytest.approx(1.0)
    assert 0 < macro[settings.levels_gy == 26.0][0] < 1


def test_ties_go_to_the_matching_volume():
    images = ball_case()
    settings = FlrSettings(level_step_gy=0.1)
    analysis = FlrAnalysis(images.dose_gy, images.liver, settings)
    curve, counts = analysis.curve(images.reaction.array), analysis.counts(images.reaction.array)
    flat = dataclasses.replace(curve, boundary_iou=np.full(curve.levels_gy.size, 0.5))
    best = best_level(flat, counts, registration_error_mm=0, gradient_gy_per_mm=1, bootstrap_samples=100, seed=0)
    assert best.level_gy == pytest.approx(30.0)
    assert best.plateau_gy == (5.0, 60.0)


def test_a_curve_without_a_summit_keeps_its_best_level():
    levels = np.arange(5.0)
    assert refine(levels, np.array([0.1, 0.2, 0.4, 0.2, 0.1]), 2) == pytest.approx(2.0)
    assert refine(levels, np.array([1.0, 0.99, 0.97, 0.99, 1.0]), 0) == 0.0


def test_volume_match_halves_a_step():
    assert volume_match(np.array([1.0, 2.0, 3.0, 4.0]), 1) == 3.5
    assert volume_match(np.array([1.0, 2.0]), 2) == 1.0


def test_auc_counts_ties_half():
    dose = np.array([1.0, 2.0, 2.0, 3.0])
    reaction = np.array([False, False, True, True])
    auc, cut = auc_and_youden(dose, reaction)
    assert auc == pytest.approx((2 + 1 + 0.5) / 4)
    assert cut in (1.5, 2.5)


def test_the_logistic_fit_recovers_its_own_parameters():
    rng = np.random.default_rng(4)
    dose = rng.uniform(0, 60, 200_000)
    reaction = rng.random(dose.size) < 1 / (1 + np.exp(-(dose - 32) / 3))
    d50, width = logistic_d50(dose, reaction)
    assert d50 == pytest.approx(32, abs=0.15)
    assert width == pytest.approx(3, abs=0.1)


def test_a_reaction_that_shuns_the_dose_has_no_d50():
    rng = np.random.default_rng(4)
    dose = rng.uniform(0, 60, 5_000)
    d50, width = logistic_d50(dose, rng.random(dose.size) < 1 / (1 + np.exp((dose - 32) / 3)))
    assert np.isnan(d50)
    assert np.isnan(width)


def test_an_empty_structure_has_an_undefined_dvh():
    metrics = dvh_metrics("Empty", np.array([]), 0.01)
    assert metrics.volume_ml == 0.0
    assert np.isnan(metrics.mean_gy)


def test_dose_stays_unknown_where_it_is_unknown():
    eqd2 = dose_in_quantity(np.array([np.nan, 30.0]), DoseQuantity.EQD2, 5, 3.0)
    assert np.isnan(eqd2[0])
    assert eqd2[1] == pytest.approx(54.0)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"alpha_beta_gy": 0.1}, "alpha/beta must lie between 0.5 and 30 Gy, got 0.1 Gy"),
        ({"band_mm": 0.0}, "band width must lie"),
        ({"first_level_gy": 50, "last_level_gy": 40}, "levels must rise"),
        ({"last_level_gy": 6, "level_step_gy": 0.5}, "At least 5 levels"),
        ({"bootstrap_samples": 3}, "number of bootstrap samples must lie"),
    ],
)
def test_impossible_settings_are_refused(choices, message):
    with pytest.raises(SettingsError, match=message):
        FlrSettings(**choices)


def test_the_levels_span_the_dose():
    settings = FlrSettings.spanning(190.3, quantity=DoseQuantity.BED)
    assert (settings.levels_gy[0], settings.levels_gy[-1]) == (5.0, 191.0)
    assert settings.table_levels_gy.size < 60
