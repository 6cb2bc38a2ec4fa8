"""Boundary IoU against published definitions, closed forms and worked examples."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError
from hepadose.flr.analysis import FlrAnalysis
from hepadose.flr.bands import ball_runs, boundary_band
from hepadose.flr.planar import (
    cheng_band,
    cheng_boundary_iou,
    cheng_distance_px,
    planar_curve,
    published_script_band,
    published_script_counts,
)
from hepadose.flr.settings import BandMode, FlrSettings, PlanarDefinition
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

from naive import naive_band
from support import oracles


def square(size: int, top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return np.count_nonzero(first & second) / np.count_nonzero(first | second)


@pytest.mark.parametrize("case", oracles("biou_2d"))
def test_planar_definitions_agree_with_the_table(case):
    given, expected = case["input"], case["expected"]
    top, left = given["square_at"]
    first = square(given["n"], top, left, given["side"])
    second = square(given["n"], top, left + given["shift_cols"], given["side"])
    script = published_script_counts(first.astype(np.uint8) * 255, second.astype(np.uint8) * 255)[2]
    assert script == pytest.approx(expected["flr"], abs=1e-9)
    assert cheng_boundary_iou(first, second) == pytest.approx(expected["cheng"], abs=1e-9)
    assert iou(first, second) == pytest.approx(expected["mask_iou"], abs=1e-9)


@pytest.mark.parametrize("case", oracles("biou_uint8_compat"))
def test_the_published_script_is_reproduced_with_its_8_bit_arithmetic(case):
    given = case["input"]
    top, left = given["at"]
    first = square(given["n"], top, left, given["side"]).astype(np.uint8) * given["values"][0]
    second = square(given["n"], top, left + given["shift_cols"], given["side"]).astype(np.uint8) * given["values"][1]
    intersection, union, score = published_script_counts(first, second)
    assert [intersection, union] == case["expected"][:2]
    assert score == pytest.approx(case["expected"][2], abs=1e-9)


def test_the_published_script_scores_empty_and_full_masks_as_published():
    empty, full = np.zeros((512, 512), np.uint8), np.full((512, 512), 255, np.uint8)
    one = square(512, 100, 100, 100).astype(np.uint8) * 255
    assert published_script_counts(empty, empty) == (0, 0, 0.0)
    assert published_script_counts(one, empty) == (0, 2769, 0.0)
    assert published_script_counts(full, full) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("mask", "script_px", "cheng_px"),
    [
        (square(100, 25, 25, 25), 51, 264),
        (square(256, 64, 64, 64), 804, 1596),
        (square(512, 128, 128, 128), 3497, 6384),
        (square(512, 0, 100, 100), 2091, 4816),
        (square(512, 100, 100, 100) & ~square(512, 140, 140, 20), 3120, 6720),
    ],
    ids=["100", "256", "512", "at the border", "with a hole"],
)
def test_planar_band_sizes_agree_with_the_closed_forms(mask, script_px, cheng_px):
    assert np.count_nonzero(published_script_band(mask.astype(np.uint8) * 255)) == script_px
    assert np.count_nonzero(cheng_band(mask)) == cheng_px


@pytest.mark.parametrize(("size", "distance_px"), [(100, 3), (256, 7), (512, 14), (10, 1)])
def test_chengs_distance_is_rounded_and_at_least_one(size, distance_px):
    assert cheng_distance_px((size, size)) == distance_px


def test_chengs_definition_is_undefined_for_two_empty_masks_and_zero_for_one():
    empty = np.zeros((50, 50), bool)
    assert np.isnan(cheng_boundary_iou(empty, empty))
    assert cheng_boundary_iou(empty, square(50, 10, 10, 10)) == 0.0


def test_planar_masks_of_different_shape_are_refused():
    with pytest.raises(GeometryMismatchError, match="Two 2-D masks of one shape"):
        cheng_boundary_iou(np.zeros((5, 5), bool), np.zeros((5, 6), bool))


@pytest.mark.parametrize("case", oracles("biou_slab"))
def test_shifted_slabs_agree_with_the_closed_form(case):
    given = case["input"]
    liver = np.ones((3, 4, 60), bool)
    first, second = np.zeros_like(liver), np.zeros_like(liver)
    first[..., :30], second[..., : 30 + given["shift_layers"]] = True, True
    runs = ball_runs((100.0, 100.0, given["voxel_mm"]), given["d_mm"])
    bands = [boundary_band(mask, liver, runs, BandMode(given["mode"])) for mask in (first, second)]
    assert iou(*bands) == pytest.approx(case["expected"], abs=1e-12)


# Dose falling by 0.5 Gy/mm along i; the reaction is the 30 Gy region (columns 0 to 59).
RAMP = np.broadcast_to(60 - 0.5 * (np.arange(80) + 0.5), (20, 40, 80))
RAMP_IMAGE = Image(RAMP, (1.0, 1.0, 2.0))


def ramp_curve(mode: BandMode):
    liver = RAMP_IMAGE.with_array(np.ones(RAMP.shape, bool))
    settings = FlrSettings(first_level_gy=25, last_level_gy=35, level_step_gy=0.5, band_mode=mode)
    return FlrAnalysis(RAMP_IMAGE, liver, settings).curve(RAMP >= 30)


@pytest.mark.parametrize(
    ("level", "one_sided", "symmetric", "dice"),
    [
        (25, 0, 0, 0.923077),
        (27.5, 0, 0.333333, 0.960000),
        (29, 0.428571, 0.666667, 0.983607),
        (30, 1, 1, 1),
        (31, 0.428571, 0.666667, 0.983051),
        (32.5, 0, 0.333333, 0.956522),
        (35, 0, 0, 0.909091),
    ],
)
def test_the_dose_ramp_gives_the_worked_curve(level, one_sided, symmetric, dice):
    for mode, expected in (
        (BandMode.INNER, one_sided),
        (BandMode.OUTER, one_sided),
        (BandMode.SYMMETRIC, symmetric),
    ):
        curve = ramp_curve(mode)
        at = int(np.flatnonzero(curve.levels_gy == level)[0])
        assert curve.boundary_iou[at] == pytest.approx(expected, abs=1e-6)
        assert curve.dice[at] == pytest.approx(dice, abs=1e-6)


def test_the_dose_ramp_gives_the_worked_estimators():
    liver = RAMP_IMAGE.with_array(np.ones(RAMP.shape, bool))
    settings = FlrSettings(first_level_gy=22, last_level_gy=50, level_step_gy=0.5)
    result = FlrAnalysis(RAMP_IMAGE, liver, settings).result(
        RAMP_IMAGE.with_array(RAMP >= 30),
        reaction_origin=SegmentationOrigin("Manual"),
        liver_origin=SegmentationOrigin("Manual"),
    )
    assert (result.best.level_gy, result.best.refined_gy) == (30.0, pytest.approx(30.0))
    assert 29.75 < result.estimators.volume_match_gy <= 30.25
    assert result.estimators.d90_gy == 33.25
    assert (result.estimators.auc, result.estimators.youden_gy) == (1.0, 30.0)
    assert (result.estimators.logistic_d50_gy, result.estimators.logistic_width_gy) == (30.0, 0.0)
    assert (result.estimators.concordance_of_reaction, result.estimators.concordance_of_isodose) == (1.0, 1.0)
    assert result.best.gradient_gy_per_mm == pytest.approx(0.5)
    assert result.interface_cm2 == pytest.approx(20 * 2 * 40 / 100, rel=0.02)


def test_the_capsule_does_not_count_as_boundary():
    liver = np.zeros((20, 40, 80), bool)
    liver[3:17, 5:35, 10:70] = True
    column = np.arange(80)
    first, second = (liver & (column < edge) for edge in (40, 46))
    spacing = (2.0, 1.0, 1.0)
    runs = ball_runs(spacing, 5.0)
    excluded = {mode: iou(*(boundary_band(mask, liver, runs, mode) for mask in (first, second))) for mode in BandMode}
    assert excluded == {BandMode.SYMMETRIC: 0.25, BandMode.INNER: 0.0, BandMode.OUTER: 0.0}
    everywhere = np.ones_like(liver)
    published = [0.801920, 0.695971, 0.679290]
    for mode, expected in zip((BandMode.SYMMETRIC, BandMode.INNER, BandMode.OUTER), published, strict=True):
        bands = [boundary_band(mask, everywhere, runs, mode) for mask in (first, second)]
        assert iou(*bands) == pytest.approx(expected, abs=1e-6)
        naive = [naive_band(mask, everywhere, spacing, 5.0, mode) for mask in (first, second)]
        assert iou(*naive) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("definition", list(PlanarDefinition))
def test_planar_curves_average_the_slices_that_hold_reaction(definition):
    ramp = np.repeat(np.repeat(RAMP[:8], 4, axis=1), 2, axis=2)
    liver = np.ones(ramp.shape, bool)
    reaction = (ramp >= 30) & (np.arange(8) > 4)[:, None, None]
    levels = np.array([26.0, 30.0, 34.0])
    curve = planar_curve(definition, reaction, ramp, liver, levels)
    assert curve[1] == 1.0
    assert max(curve[0], curve[2]) < 1.0
    assert np.isnan(planar_curve(definition, np.zeros_like(liver), ramp, liver, levels)).all()


def test_the_published_script_scores_small_crops_zero():
    mask = square(60, 10, 10, 30).astype(np.uint8) * 255
    assert published_script_counts(mask, mask) == (0, 0, 0.0)
