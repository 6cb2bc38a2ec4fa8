"""A network points to the reaction, the change since the planning CT draws its edge."""

import numpy as np
import pytest
from scipy import ndimage

from hepadose.errors import ModelIntegrityError
from hepadose.findings import Level
from hepadose.images import Image
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.segmentation.redrawn import edge_at_the_change
from hepadose.segmentation.runtimes import RuntimeChoice

from model_example import band_weights, dice, inference, metadata, write_model

SPACING_MM = (2.0, 2.0, 2.5)
SHAPE = (44, 70, 70)
NOISE_HU = 8.0


def distance_from(center_mm: tuple[float, float, float]) -> np.ndarray:
    axes = [np.arange(n) * s - c for n, s, c in zip(SHAPE, SPACING_MM[::-1], center_mm, strict=True)]
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))


LIVER = distance_from((55.0, 70.0, 70.0)) < 52
SMALL_MM, LARGE_MM = distance_from((55.0, 70.0, 95.0)), distance_from((55.0, 70.0, 42.0))
SMALL, LARGE = (SMALL_MM < 14) & LIVER, (LARGE_MM < 18) & LIVER


def patient(small_hu: float, large_hu: float) -> SegmentationInputs:
    """A liver in which two places have changed since the planning CT, with edges that are blurred by 2.5 mm."""
    random = np.random.default_rng(5)
    before = np.where(LIVER, 90.0, -80.0)
    after = before + small_hu * np.clip(0.5 - (SMALL_MM - 14) / 5.0, 0, 1)
    after += large_hu * np.clip(0.5 - (LARGE_MM - 18) / 5.0, 0, 1)
    grid = Image(LIVER, SPACING_MM)
    noisy = [ct + NOISE_HU * random.normal(size=SHAPE) for ct in (after, before)]
    return SegmentationInputs(grid.with_array(noisy[0]), grid, grid.with_array(noisy[1]))


def drawn(region: np.ndarray, inputs: SegmentationInputs):
    found, findings = edge_at_the_change(inputs.liver.with_array(region), inputs)
    return found.array, findings


@pytest.mark.parametrize("change", [-3, 3])
def test_a_region_drawn_too_small_or_too_large_gets_the_edge_that_both_cts_show(change):
    grow = ndimage.binary_dilation if change > 0 else ndimage.binary_erosion
    found, findings = drawn(grow(SMALL, iterations=abs(change)) & LIVER, patient(-30.0, 0.0))
    assert dice(found, SMALL) > 0.95
    assert [finding.level for finding in findings] == [Level.OK]
    assert "network pointed to it" in findings[0].text and "HU" in findings[0].text


def test_the_network_chooses_among_several_changes():
    # The larger and clearer one is what the difference alone would take.
    inputs = patient(-20.0, 35.0)
    found, _ = drawn(ndimage.binary_erosion(SMALL, iterations=2), inputs)
    assert dice(found, SMALL) > 0.93
    found, _ = drawn(ndimage.binary_erosion(LARGE, iterations=2), inputs)
    assert dice(found, LARGE) > 0.93


def test_where_nothing_has_changed_the_clearest_change_is_taken_with_a_warning():
    found, findings = drawn(LARGE, patient(-30.0, 0.0))
    assert dice(found, SMALL) > 0.93
    assert findings[0].level is Level.WARNING and "nothing has changed" in findings[0].text


def test_where_nothing_has_changed_at_all_the_networks_own_edge_stays_with_a_warning():
    found, findings = drawn(LARGE, patient(0.0, 0.0))
    assert np.array_equal(found, LARGE)
    assert [finding.level for finding in findings] == [Level.WARNING]
    assert "the network's own" in findings[0].text


def test_a_planning_ct_that_does_not_show_the_liver_leaves_the_networks_own_edge():
    inputs = patient(-30.0, 0.0)
    beside = inputs.liver.with_array(np.full(SHAPE, -1024.0))
    found, findings = edge_at_the_change(
        inputs.liver.with_array(SMALL), SegmentationInputs(inputs.follow_up_ct, inputs.liver, beside)
    )
    assert np.array_equal(found.array, SMALL)
    assert "the network's own" in findings[0].text


def test_the_edge_moves_by_no_more_than_twelve_millimeters():
    point = SMALL_MM < 4
    found, _ = drawn(point, patient(-30.0, 0.0))
    assert found.any() and not np.any(found & (SMALL_MM > 4 + 12 + 2.5))


def test_a_model_asks_for_it_in_its_settings(tmp_path):
    inputs = patient(-40.0, 0.0)
    about = metadata(
        task="reaction", channels=[{"name": "change", "image": "change_in_liver", "window_hu": [-200, 250]}]
    )
    run = inference(region={"from": "liver", "margin_mm": 10}, least_volume_ml=0.5)
    images = EngineInputs(inputs.follow_up_ct, inputs.planning_ct, inputs.liver)
    results = {}
    for edge in ("network", "change"):
        folder = write_model(
            tmp_path / edge, about=about, run={**run, "edge": edge}, tensors=band_weights(-80.0, -15.0)
        )
        results[edge] = run_model(read_bundle(folder), images, RuntimeChoice(threads=1))
    assert dice(results["change"].mask.array, SMALL) > max(0.95, dice(results["network"].mask.array, SMALL))
    # Mask and probability say the same, as everywhere.
    assert np.array_equal(results["change"].probability.array > 0.5, results["change"].mask.array)
    assert "edge" in results["change"].seconds


def test_a_model_that_does_not_see_the_planning_ct_cannot_ask_for_it(tmp_path):
    with pytest.raises(ModelIntegrityError, match="planning CT"):
        read_bundle(write_model(tmp_path / "m", run=inference(edge="change")))
    with pytest.raises(ModelIntegrityError, match="edge"):
        read_bundle(write_model(tmp_path / "n", run=inference(edge="somebody")))
