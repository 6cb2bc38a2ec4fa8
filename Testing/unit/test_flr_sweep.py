"""The sweep counts what thresholding and a distance transform per level count, to the voxel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError
from hepadose.flr.bands import ball_runs, boundary_band, extremes_over_ball
from hepadose.flr.settings import BandMode, FlrSettings
from hepadose.flr.sweep import IsodoseSweep, count_levels_reached

from naive import naive_band, naive_counts


def random_case(seed: int, shape=(7, 14, 15)) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    """A smooth dose, a ragged liver and a ragged reaction."""
    rng = np.random.default_rng(seed)
    k, j, i = np.indices(shape)
    dose = 60 * np.exp(-((k - 3) ** 2 / 20 + (j - rng.uniform(3, 10)) ** 2 / 50 + (i - rng.uniform(3, 10)) ** 2 / 60))
    liver = rng.random(shape) > 0.1
    liver[:, :2] = False
    return dose.astype(np.float32), liver, liver & (dose + rng.normal(0, 6, shape) > 30), rng


def pooled(sweep: IsodoseSweep, reaction: np.ndarray) -> np.ndarray:
    counts = sweep.match(reaction)
    return np.array([part.sum(axis=0) for part in (counts.region, counts.overlap, counts.band, counts.band_overlap)])


@pytest.mark.parametrize("mode", list(BandMode))
@given(
    seed=st.integers(0, 10_000),
    spacing=st.sampled_from([(2.5, 0.9, 0.9), (1.0, 1.0, 1.0), (3.0, 0.7, 1.3), (5.0, 2.0, 2.0)]),
    band_mm=st.sampled_from([5.0, 6.0, 7.3]),
)
@settings(max_examples=12, deadline=None)
def test_counts_equal_the_naive_method_for_every_level(mode, seed, spacing, band_mm):
    dose, liver, reaction, _ = random_case(seed)
    choice = FlrSettings(band_mode=mode, band_mm=band_mm, level_step_gy=2.5, block_mm=10)
    sweep = IsodoseSweep(dose, liver, spacing, choice)
    expected = naive_counts(dose, reaction, liver, spacing, choice.levels_gy, band_mm, mode)
    np.testing.assert_array_equal(pooled(sweep, reaction), expected)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_counts_after_edits_equal_a_fresh_count(seed):
    dose, liver, reaction, rng = random_case(seed)
    choice = FlrSettings(level_step_gy=2.5)
    sweep = IsodoseSweep(dose, liver, (2.5, 0.9, 0.9), choice)
    for _ in range(4):
        corner = [int(rng.integers(0, size - 2)) for size in reaction.shape]
        brush = tuple(slice(start, start + int(rng.integers(1, 6))) for start in corner)
        reaction = reaction.copy()
        reaction[brush] = rng.random() > 0.5
        fresh = IsodoseSweep(dose, liver, (2.5, 0.9, 0.9), choice)
        edited_counts, fresh_counts = sweep.match(reaction), fresh.match(reaction)
        for name in ("overlap", "band_overlap", "reaction", "reaction_band", "region", "band"):
            np.testing.assert_array_equal(getattr(edited_counts, name), getattr(fresh_counts, name), err_msg=name)


def test_erasing_everything_leaves_no_overlap():
    dose, liver, reaction, _ = random_case(1)
    sweep = IsodoseSweep(dose, liver, (2.5, 0.9, 0.9), FlrSettings())
    sweep.match(reaction)
    counts = sweep.match(np.zeros_like(reaction))
    assert counts.overlap.sum() == counts.band_overlap.sum() == counts.reaction_band.sum() == 0
    assert counts.region.sum() > 0


def test_an_in_plane_band_equals_a_distance_transform_per_slice():
    dose, liver, reaction, _ = random_case(3)
    choice = FlrSettings(in_plane=True, band_mm=3.0, level_step_gy=5)
    sweep = IsodoseSweep(dose, liver, (8.0, 0.9, 0.9), choice)
    # Slices infinitely far apart: the three-dimensional definition becomes the in-plane one.
    expected = naive_counts(dose, reaction, liver, (1e6, 0.9, 0.9), choice.levels_gy, 3.0, BandMode.SYMMETRIC)
    np.testing.assert_array_equal(pooled(sweep, reaction), expected)
    assert sweep.blocks == np.flatnonzero(liver.any(axis=(1, 2))).size


def test_a_band_thinner_than_a_slice_is_refused_in_three_dimensions():
    dose, liver, _, _ = random_case(3)
    with pytest.raises(SettingsError, match="3 mm is thinner than a slice of 5 mm"):
        IsodoseSweep(dose, liver, (5.0, 0.9, 0.9), FlrSettings(band_mm=3.0))


def test_voxels_without_dose_are_left_out():
    dose, liver, reaction, _ = random_case(5)
    dose[2] = np.nan
    sweep = IsodoseSweep(dose, liver, (2.5, 0.9, 0.9), FlrSettings(level_step_gy=5))
    without = liver & np.isfinite(dose)
    expected = naive_counts(
        dose,
        reaction & without,
        without,
        (2.5, 0.9, 0.9),
        FlrSettings(level_step_gy=5).levels_gy,
        5.0,
        BandMode.SYMMETRIC,
    )
    np.testing.assert_array_equal(pooled(sweep, reaction), expected)


def test_no_liver_and_no_dose_are_refused():
    dose, liver, _, _ = random_case(5)
    with pytest.raises(EmptyRegionError, match="liver is empty"):
        IsodoseSweep(dose, np.zeros_like(liver), (2.5, 0.9, 0.9), FlrSettings())
    with pytest.raises(EmptyRegionError, match="dose grid does not reach the liver"):
        IsodoseSweep(np.full_like(dose, np.nan), liver, (2.5, 0.9, 0.9), FlrSettings())


def test_other_shapes_are_refused():
    dose, liver, reaction, _ = random_case(5)
    with pytest.raises(GeometryMismatchError, match="differ in shape"):
        IsodoseSweep(dose, liver[1:], (2.5, 0.9, 0.9), FlrSettings())
    with pytest.raises(GeometryMismatchError, match="differ in shape"):
        IsodoseSweep(dose, liver, (2.5, 0.9, 0.9), FlrSettings()).match(reaction[1:])


@given(st.lists(st.floats(-10, 80, width=32), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_levels_reached_equal_a_sorted_search(doses):
    levels = FlrSettings().levels_gy
    values = np.array([*doses, *levels[::50], *np.nextafter(levels[::70], 0)], dtype=np.float64)
    np.testing.assert_array_equal(count_levels_reached(values, levels), np.searchsorted(levels, values, side="right"))
    single = values.astype(np.float32)
    np.testing.assert_array_equal(count_levels_reached(single, levels), np.searchsorted(levels, single, side="right"))


def test_a_voxel_exactly_at_the_distance_belongs_to_the_ball():
    assert ball_runs((1.0, 0.1, 0.1), 0.3).tolist() == [
        [0, dj, half] for dj, half in zip(range(-3, 4), [0, 2, 2, 3, 2, 2, 0], strict=True)
    ]


def test_extremes_ignore_voxels_outside_the_domain():
    values = np.array([[[9, 1, 5, 7, 3]]], dtype=np.uint16)
    domain = np.array([[[True, False, True, True, True]]])
    low, high = extremes_over_ball(values, domain, ball_runs((1, 1, 1), 1.0))
    assert low[domain].tolist() == [9, 5, 3, 3]
    assert high[domain].tolist() == [9, 7, 7, 7]


@pytest.mark.parametrize("mode", list(BandMode))
def test_a_region_that_is_empty_or_fills_the_liver_has_no_band(mode):
    liver = np.ones((3, 5, 5), bool)
    for region in (np.zeros_like(liver), liver):
        assert not boundary_band(region, liver, ball_runs((1, 1, 1), 2.0), mode).any()


@pytest.mark.parametrize("mode", list(BandMode))
def test_the_band_equals_the_distance_transform(mode):
    _, liver, reaction, _ = random_case(11)
    band = boundary_band(reaction, liver, ball_runs((2.5, 0.9, 0.9), 4.0), mode)
    np.testing.assert_array_equal(band, naive_band(reaction, liver, (2.5, 0.9, 0.9), 4.0, mode))
