"""Diameters of masks: against brute force, turned, mirrored, on finer grids, in oblique slices, at the limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from hepadose.errors import EmptyRegionError
from hepadose.images import Image
from hepadose.recist.chords import longest_chord
from hepadose.recist.diameters import DiameterSettings, measure_diameters
from hepadose.recist.outline import Convention, find_runs, outline_segments

from recist_example import c_shape, ellipse, plane

CONVENTIONS = st.sampled_from(list(Convention))
SPACINGS = st.tuples(st.floats(0.4, 2.0), st.floats(0.4, 2.0))


@st.composite
def blobs(draw):
    """One connected region of random outline, with holes and hollows."""
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    rows, columns = random.integers(2, 14, 2)
    pixels = random.random((rows, columns)) < draw(st.floats(0.3, 1.0))
    pixels[rows // 2] = True
    regions = find_runs(pixels[None])
    keep = np.zeros_like(pixels)
    for row, start, stop in zip(regions.j, regions.start, regions.stop, strict=True):
        keep[row, start:stop] = (
            regions.region[regions.j == rows // 2][0] == regions.region[(regions.j == row) & (regions.start == start)]
        )
    return keep


def lengths(pixels, spacing_mm, convention):
    found = measure_diameters(plane(pixels, *spacing_mm), DiameterSettings(convention))
    return found.long_axis.length_mm, found.short_axis.length_mm


def brute_force_mm(pixels, spacing_mm, convention):
    """The largest distance between any two points of the outline."""
    offsets = {
        Convention.CENTER: [(0, 0)],
        Convention.CONTOUR: [(0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)],
        Convention.EDGE: [(0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5)],
    }[convention]
    points = np.concatenate([np.argwhere(pixels) + offset for offset in offsets]) * spacing_mm
    return float(pdist(points).max(initial=0.0))


@settings(max_examples=60, deadline=None)
@given(blobs(), SPACINGS, CONVENTIONS)
def test_the_long_axis_is_that_of_all_pairs(pixels, spacing_mm, convention):
    assert lengths(pixels, spacing_mm, convention)[0] == pytest.approx(brute_force_mm(pixels, spacing_mm, convention))


@settings(max_examples=60, deadline=None)
@given(blobs(), SPACINGS, CONVENTIONS)
def test_turning_and_mirroring_change_the_long_axis_by_nothing(pixels, spacing_mm, convention):
    expected = lengths(pixels, spacing_mm, convention)[0]
    for turns in range(4):
        turned_mm = spacing_mm[::-1] if turns % 2 else spacing_mm
        for changed in (np.rot90(pixels, turns), np.rot90(pixels, turns)[::-1]):
            assert lengths(changed, turned_mm, convention)[0] == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(st.floats(5, 12), st.floats(0.4, 0.9), st.floats(0, 180), CONVENTIONS)
def test_turning_and_mirroring_an_ellipse_change_the_short_axis_by_nothing(semi_mm, ratio, degrees, convention):
    # A shape with one long axis: where several are equally long, the short axis depends on which is taken.
    pixels = ellipse((semi_mm, semi_mm * ratio), degrees, 0.7, 20).array[0]
    pixels[0, 0] = False
    expected = lengths(pixels, (0.7, 0.7), convention)
    half_turned = lengths(pixels[::-1, ::-1], (0.7, 0.7), convention)
    assert half_turned == pytest.approx(expected)
    assert expected[1] <= expected[0] + 1e-9


@settings(max_examples=30, deadline=None)
@given(blobs(), st.integers(2, 4))
def test_a_finer_grid_changes_nothing_by_the_edges_and_less_than_a_pixel_by_the_contour(pixels, factor):
    finer = np.kron(pixels, np.ones((factor, factor), bool))
    coarse_mm, fine_mm = (1.0, 1.0), (1.0 / factor, 1.0 / factor)
    edge = [lengths(*each, Convention.EDGE)[0] for each in ((pixels, coarse_mm), (finer, fine_mm))]
    assert edge[1] == pytest.approx(edge[0])
    contour = [lengths(*each, Convention.CONTOUR)[0] for each in ((pixels, coarse_mm), (finer, fine_mm))]
    assert -1e-9 <= contour[1] - contour[0] < 1.0


def without_corner_contacts(pixels):
    """The same pixels with one more wherever two touch at a corner only."""
    filled = pixels.copy()
    while True:
        a, b, c, d = filled[:-1, :-1], filled[:-1, 1:], filled[1:, :-1], filled[1:, 1:]
        falling, rising = a & d & ~b & ~c, b & c & ~a & ~d
        if not (falling | rising).any():
            return filled
        filled[:-1, 1:][falling] = True
        filled[:-1, :-1][rising] = True


@settings(max_examples=40, deadline=None)
@given(blobs(), st.floats(0.0, 3.14))
def test_the_chord_is_the_longest_run_of_a_fine_scan(pixels, angle):
    # Where two pixels touch at a corner only, the scan may step over the gap between them.
    pixels = without_corner_contacts(pixels)
    segments = outline_segments(np.pad(pixels, 1), Convention.EDGE)
    axis = np.array([np.cos(angle), np.sin(angle)])
    _, length = longest_chord(segments, axis)
    normal, step = np.array([-axis[1], axis[0]]), 0.02
    reach = np.arange(-25, 25, step)
    longest = 0
    for place in np.linspace((segments @ axis).min(), (segments @ axis).max(), 60):
        points = np.rint(place * axis + reach[:, None] * normal).astype(int)
        within = (points >= 0).all(axis=1) & (points < np.add(pixels.shape, 2)).all(axis=1)
        hits = np.zeros(reach.size + 2, bool)
        hits[1:-1][within] = np.pad(pixels, 1)[tuple(points[within].T)]
        changes = np.flatnonzero(np.diff(hits.astype(int)))
        longest = max(longest, *(changes[1::2] - changes[::2])) if changes.size else longest
    assert length >= longest * step - 2 * step


def test_the_chord_finds_what_a_dense_scan_finds_on_an_ellipse():
    found = measure_diameters(ellipse((20, 12), 30, 0.2, 120))
    assert found.short_axis.length_mm == pytest.approx(24.0, abs=0.3)
    assert found.long_axis.length_mm == pytest.approx(40.0, abs=0.3)


class TestSlices:
    def test_the_slice_with_the_longest_diameter_wins_and_not_the_body_in_space(self):
        mask = np.zeros((3, 12, 12), bool)
        mask[0, 2, 2:6] = mask[1, 2:4, 2:10] = mask[2, 2, 2:6] = True
        found = measure_diameters(Image(mask, (1.0, 1.0, 50.0)), DiameterSettings(Convention.CENTER))
        assert found.slice_index == 1
        assert found.long_axis.length_mm == pytest.approx(np.hypot(7, 1))

    def test_of_equal_slices_the_larger_area_then_the_lower_index_wins(self):
        mask = np.zeros((4, 6, 12), bool)
        mask[1:, 2:4, 1:11] = True
        mask[1, 3, 5] = False
        assert measure_diameters(Image(mask)).slice_index == 2

    def test_a_region_that_touches_by_a_corner_counts_by_8_neighbors_only(self):
        eight, four = (
            measure_diameters(plane(np.eye(10)), DiameterSettings(Convention.CENTER, corners_connect=corners))
            for corners in (True, False)
        )
        assert eight.long_axis.length_mm == pytest.approx(np.hypot(9, 9))
        assert four.long_axis.length_mm == 0.0

    def test_rows_that_end_at_the_border_of_the_image_do_not_join_the_next_row(self):
        mask = np.zeros((2, 3, 5), bool)
        mask[0, 0, 4] = mask[0, 1, 0] = mask[0, 2, 4] = mask[1, 0, 4] = True
        assert find_runs(mask).region.tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize("seed", range(5))
    def test_end_points_lie_in_their_oblique_slice(self, seed):
        direction = Rotation.random(random_state=seed).as_matrix()
        mask = np.zeros((5, 20, 24), bool)
        mask[3, 4:9, 3:20] = True
        image = Image(mask, (0.8, 0.7, 3.0), (10.0, -50.0, 120.0), direction)
        found = measure_diameters(image)
        for line in (found.long_axis, found.short_axis):
            ends = np.array([line.start_lps, line.end_lps])
            assert image.lps_to_ijk(ends)[:, 2] == pytest.approx([3.0, 3.0])
            assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(line.length_mm)
        straight = measure_diameters(Image(mask, (0.8, 0.7, 3.0)))
        assert found.long_axis.length_mm == pytest.approx(straight.long_axis.length_mm)

    def test_both_axes_are_perpendicular(self):
        found = measure_diameters(ellipse((20, 12), 17, 0.7))
        long_axis, short_axis = (
            np.subtract(line.end_lps, line.start_lps) for line in (found.long_axis, found.short_axis)
        )
        assert abs(long_axis @ short_axis) < 1e-6

    def test_a_crop_measures_the_same_line(self):
        mask = np.zeros((6, 40, 40), bool)
        mask[2:5, 10:20, 12:30] = True
        image = Image(mask, (0.7, 0.7, 2.0), (1.0, 2.0, 3.0))
        whole, part = (
            measure_diameters(each) for each in (image, image.cropped((slice(1, 6), slice(9, 30), slice(2, 40))))
        )
        assert np.allclose(whole.long_axis.start_lps, part.long_axis.start_lps)
        assert np.allclose(whole.short_axis.end_lps, part.short_axis.end_lps)
        assert whole.slice_index == part.slice_index + 1


class TestLimits:
    def test_an_empty_mask_is_refused_with_what_to_do(self):
        with pytest.raises(EmptyRegionError, match="record it as absent"):
            measure_diameters(plane(np.zeros((3, 3))))

    def test_a_hollow_lesion_is_flagged_and_its_internal_line_stays_inside(self):
        whole = measure_diameters(plane(c_shape()), DiameterSettings(Convention.EDGE))
        inner = measure_diameters(plane(c_shape()), DiameterSettings(Convention.EDGE, internal=True))
        assert whole.is_concave and not inner.is_concave
        assert inner.inside_fraction == pytest.approx(1.0, abs=1e-3)
        # From the outer corner past the inner corner of the slot: 40 and 40/3.
        assert inner.long_axis.length_mm == pytest.approx(np.hypot(40, 40 / 3), abs=0.05)

    def test_equal_lines_are_chosen_by_their_first_end(self):
        found = measure_diameters(plane(np.ones((10, 10))), DiameterSettings(Convention.CENTER))
        assert found.long_axis.start_lps == (0.0, 0.0, 0.0)
        assert found.long_axis.end_lps == (9.0, 9.0, 0.0)

    def test_the_chord_does_not_cross_a_hole(self):
        squared = (np.mgrid[-45:46, -45:46] ** 2).sum(axis=0)
        found = measure_diameters(plane((squared <= 40**2) & (squared > 32**2)))
        # Along the hole, whose voxels end between 32 and 33: twice √(40² − 32²) and √(40² − 33²). Across it were 80.
        assert 45.2 <= found.short_axis.length_mm <= 48.0
        assert found.inside_fraction == pytest.approx(0.2, abs=0.02)
