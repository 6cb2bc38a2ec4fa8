"""Finding the reaction by its density on livers whose truth is known."""

import numpy as np
import pytest

from hepadose.errors import CancelledError, EmptyRegionError, GeometryMismatchError, MissingInputError, SettingsError
from hepadose.evaluation.overlap import dice
from hepadose.findings import Level
from hepadose.images import Image
from hepadose.segmentation.contrast import half_contrast, mode_and_width, smooth, smooth_keeping_edges
from hepadose.segmentation.difference import DensityDifferenceSegmenter, DifferenceSettings
from hepadose.segmentation.protocol import SegmentationInputs, Segmenter, StructureSegmenter

SPACING_MM = (1.8, 1.8, 3.0)
SHAPE = (34, 64, 64)


def distance_from(center_mm: tuple[float, float, float]) -> np.ndarray:
    axes = [np.arange(n) * s - c for n, s, c in zip(SHAPE, SPACING_MM[::-1], center_mm, strict=True)]
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))


LIVER = distance_from((51.0, 57.0, 57.0)) < 46
REACTION_MM = distance_from((51.0, 57.0, 72.0))
REACTION = (REACTION_MM < 20) & LIVER


def patient(contrast_hu: float, *, noise_hu: float = 12.0, phase_hu: float = 35.0, seed: int = 0) -> SegmentationInputs:
    random = np.random.default_rng(seed)
    soft = np.clip(0.5 - (REACTION_MM - 20) / 5.0, 0, 1)
    planning = np.where(LIVER, 75.0, -80.0) + noise_hu * random.normal(size=SHAPE)
    follow_up = np.where(LIVER, 75.0 + phase_hu + contrast_hu * soft, -80.0) + noise_hu * random.normal(size=SHAPE)
    grid = Image(LIVER, SPACING_MM)
    return SegmentationInputs(grid.with_array(follow_up), grid, grid.with_array(planning))


def segment(inputs: SegmentationInputs, **settings):
    return DensityDifferenceSegmenter(DifferenceSettings(**settings)).segment(inputs)


@pytest.mark.parametrize("contrast_hu", [-28.0, 24.0])
def test_darker_and_brighter_reactions_are_found_whatever_the_contrast_phase(contrast_hu):
    found = segment(patient(contrast_hu))
    assert dice(found.mask.array, REACTION) > 0.93
    assert found.mask.volume_ml() == pytest.approx(np.count_nonzero(REACTION) * found.mask.voxel_volume_ml, rel=0.06)


def test_the_edge_lies_within_a_third_of_a_millimeter():
    found = segment(patient(-28.0, noise_hu=6.0)).mask.array
    radius_mm = 20.0 * np.cbrt(np.count_nonzero(found) / np.count_nonzero(REACTION))
    assert radius_mm == pytest.approx(20.0, abs=1 / 3)


def test_the_phase_of_the_whole_liver_is_no_reaction():
    with pytest.raises(EmptyRegionError, match="No reaction found"):
        segment(patient(0.0, phase_hu=60.0))


def test_the_message_names_the_separation_and_the_variation_of_the_liver():
    with pytest.raises(EmptyRegionError, match=r"HU.*HU.*draw the reaction by hand"):
        segment(patient(-2.0))


def test_a_vessel_through_the_reaction_leaves_no_hole():
    inputs = patient(-28.0)
    follow_up = inputs.follow_up_ct.array.copy()
    follow_up[15:19, 30:33, :][LIVER[15:19, 30:33, :]] += 60.0
    found = segment(SegmentationInputs(inputs.follow_up_ct.with_array(follow_up), inputs.liver, inputs.planning_ct))
    assert dice(found.mask.array, REACTION) > 0.9
    core = REACTION & (REACTION_MM < 14)
    assert found.mask.array[core].mean() > 0.99


def test_a_vessel_that_crosses_the_edge_cuts_no_channel():
    inputs = patient(-28.0, noise_hu=6.0)
    vessel = np.zeros(SHAPE, bool)
    vessel[15:19, 28:34, 34:64] = True
    follow_up = inputs.follow_up_ct.array.copy()
    follow_up[vessel & LIVER] += 60.0
    found = segment(SegmentationInputs(inputs.follow_up_ct.with_array(follow_up), inputs.liver, inputs.planning_ct))
    crossing = vessel & (REACTION_MM < 18)
    assert found.mask.array[crossing].mean() > 0.9


def test_missing_values_do_not_spread():
    inputs = patient(-28.0)
    planning = inputs.planning_ct.array.copy()
    planning[:6] = np.nan
    found = segment(SegmentationInputs(inputs.follow_up_ct, inputs.liver, inputs.planning_ct.with_array(planning)))
    assert dice(found.mask.array, REACTION) > 0.9


def test_the_mask_stays_inside_the_liver():
    found = segment(patient(-28.0))
    assert not np.any(found.mask.array & ~LIVER)


def test_threshold_and_contrast_are_told():
    found = segment(patient(-28.0))
    assert found.origin.source == "Density difference"
    assert "contrast -2" in found.origin.detail and "HU" in found.origin.detail
    assert found.findings[0].level is Level.OK
    assert "ml" in found.findings[0].text and "contrast to noise" in found.findings[0].text


def test_the_same_input_gives_the_same_mask():
    first, second = segment(patient(-28.0)), segment(patient(-28.0))
    assert np.array_equal(first.mask.array, second.mask.array)


def test_missing_inputs_are_named():
    inputs = patient(-28.0)
    with pytest.raises(MissingInputError, match="liver and the planning CT"):
        segment(SegmentationInputs(inputs.follow_up_ct))


def test_a_planning_ct_on_another_grid_is_refused():
    inputs = patient(-28.0)
    with pytest.raises(GeometryMismatchError, match="planning CT is on a grid"):
        SegmentationInputs(inputs.follow_up_ct, inputs.liver, Image(np.zeros((4, 4, 4))))


def test_an_empty_liver_is_refused():
    inputs = patient(-28.0)
    empty = inputs.liver.with_array(np.zeros(SHAPE, bool))
    with pytest.raises(EmptyRegionError, match="liver contains no voxel"):
        segment(SegmentationInputs(inputs.follow_up_ct, empty, inputs.planning_ct))


def test_settings_out_of_range_are_refused():
    with pytest.raises(SettingsError, match=r"smoothing must lie between 0\.5 and 8 mm, got 20 mm"):
        DifferenceSettings(smoothing_mm=20.0)


def test_the_user_can_stop():
    def stop(step: str, fraction: float) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        DensityDifferenceSegmenter().segment(patient(-28.0), stop)


def test_a_given_structure_stands_behind_the_same_protocol():
    inputs = patient(-28.0)
    segmenter = StructureSegmenter(inputs.liver, "Liver")
    assert isinstance(segmenter, Segmenter) and isinstance(DensityDifferenceSegmenter(), Segmenter)
    found = segmenter.segment(inputs)
    assert np.array_equal(found.mask.array, LIVER)
    assert 'structure "Liver"' in str(found.origin)


def test_an_empty_structure_is_refused():
    inputs = patient(-28.0)
    with pytest.raises(EmptyRegionError, match='structure "Liver" contains no voxel'):
        StructureSegmenter(inputs.liver.with_array(np.zeros(SHAPE, bool)), "Liver").segment(inputs)


def test_smoothing_uses_trusted_voxels_only():
    values = np.full((9, 9, 9), 10.0)
    values[4, 4, 4] = np.nan
    found = smooth(values, np.isfinite(values), 1.0, (1.0, 1.0, 1.0))
    assert found == pytest.approx(np.full((9, 9, 9), 10.0), abs=1e-4)
    assert np.isnan(smooth(values, np.zeros(values.shape, bool), 1.0, (1.0, 1.0, 1.0))).all()


def test_curved_edges_keep_their_place():
    axis = np.arange(45) - 22.0
    ball = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2) < 14.0**2
    everywhere = np.ones(ball.shape, bool)
    plain = smooth(ball, everywhere, 2.0, (1.0, 1.0, 1.0)) > 0.5
    kept = smooth_keeping_edges(ball, everywhere, 2.0, (1.0, 1.0, 1.0)) > 0.5
    lost, lost_plain = (1.0 - mask.sum() / ball.sum() for mask in (kept, plain))
    assert lost_plain == pytest.approx(3 * 2.0**2 / 14.0**2, rel=0.2)  # the shift of σ²/R, as a volume
    assert abs(lost) < 0.6 * lost_plain


def test_mode_and_width_ignore_a_tail():
    random = np.random.default_rng(1)
    values = np.concatenate([random.normal(100, 5, 20000), random.normal(60, 5, 6000)])
    mode, width = mode_and_width(values, tail_sign=-1)
    assert mode == pytest.approx(100, abs=1.5)
    assert width == pytest.approx(5, rel=0.15)


def test_half_contrast_is_the_middle_of_both_sides():
    values = np.where(REACTION, 40.0, 100.0)
    levels = half_contrast(values, REACTION, LIVER, SPACING_MM[::-1])
    assert (levels.threshold_hu, levels.contrast_hu) == (70.0, -60.0)
    assert half_contrast(values, LIVER, LIVER, SPACING_MM[::-1]) is None
