"""The engine on a tiny model: any orientation and spacing in, a mask on the same grid out; refusals in words."""

from __future__ import annotations

import numpy as np
import pytest

import hepadose.networks
from hepadose.errors import CancelledError, EmptyRegionError, MissingInputError, NotEnoughMemoryError, UnitsError
from hepadose.images import Image
from hepadose.memory import Memory
from hepadose.segmentation import runner
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.segmentation.network_segmenter import NetworkSegmenter
from hepadose.segmentation.preprocess import channel_image
from hepadose.segmentation.protocol import SegmentationInputs, Segmenter
from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice, RuntimeName

from model_example import AIR_HU, band_module, band_weights, dice, example_ct, inference, metadata, write_model

ONE_THREAD = RuntimeChoice(threads=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "liver-band")


@pytest.fixture(scope="module")
def bundle(model):
    return read_bundle(model)


@pytest.fixture(scope="module")
def case():
    return example_ct()


@pytest.fixture(scope="module")
def found(bundle, case):
    return run_model(bundle, EngineInputs(case[0]), ONE_THREAD)


def test_the_liver_is_found_without_the_lump_elsewhere(case, found):
    assert dice(found.mask.array, case[1].array) > 0.95
    assert found.mask.same_grid_as(case[0])
    assert not found.mask.array[:, :, 50:].any()


def test_the_probability_is_above_one_half_exactly_in_the_mask(found):
    assert np.array_equal(found.probability.array > 0.5, found.mask.array)
    assert found.probability.array.min() >= 0.0 and found.probability.array.max() <= 1.0


def test_the_processor_gives_the_same_every_time(bundle, case, found):
    again = run_model(bundle, EngineInputs(case[0]), ONE_THREAD)
    assert np.array_equal(again.probability.array, found.probability.array)


def turned(image: Image) -> Image:
    """The same patient with axes permuted and flipped: i along S, j along R, k along P."""
    array = np.transpose(image.array, (1, 2, 0))[:, ::-1, :]
    direction = np.array([[0, -1, 0], [0, 0, 1], [1, 0, 0]], float)
    spacing = (image.spacing_mm[2], image.spacing_mm[0], image.spacing_mm[1])
    corner = image.ijk_to_points([image.shape[2] - 1, 0, 0])
    return Image(np.ascontiguousarray(array), spacing, tuple(corner), direction)


def test_another_orientation_gives_the_same_liver(bundle, case, found):
    other = run_model(bundle, EngineInputs(turned(case[0])), ONE_THREAD)
    assert np.array_equal(other.mask.array, turned(found.mask).array)


def test_an_oblique_ct_gives_a_mask_on_its_own_grid(bundle):
    ct, true = example_ct()
    angle = np.deg2rad(20)
    direction = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    tilted = Image(ct.array, ct.spacing_mm, ct.origin_lps, direction)
    mask = run_model(bundle, EngineInputs(tilted), ONE_THREAD).mask
    assert mask.same_grid_as(tilted)
    assert dice(mask.array, true.array) > 0.93


@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 8.0), (7.0, 3.0, 2.5)])
def test_anisotropic_spacing_changes_little(bundle, spacing_mm):
    ct, true = example_ct(spacing_mm)
    mask = run_model(bundle, EngineInputs(ct), ONE_THREAD).mask
    assert dice(mask.array, true.array) > 0.92


def test_a_stack_of_three_slices_is_enough(bundle):
    ct, true = example_ct()
    few = ct.cropped((slice(20, 23), slice(0, 64), slice(0, 72)))
    result = run_model(bundle, EngineInputs(few), ONE_THREAD)
    assert dice(result.mask.array, true.array[20:23]) > 0.85
    told = " ".join(finding.text for finding in result.findings)
    assert "first and the last slice" in told
    assert "only 15 mm high" in told


def test_a_thin_stack_may_show_less_of_a_liver(tmp_path):
    bundle = read_bundle(write_model(tmp_path / "m", run=inference(least_volume_ml=500)))
    ct, true = example_ct()
    few = ct.cropped((slice(20, 23), slice(0, 64), slice(0, 72)))
    assert true.array[20:23].sum() * 0.125 < 500
    assert run_model(bundle, EngineInputs(few), ONE_THREAD).mask.volume_ml() > 150


def test_both_runtimes_give_the_same_mask(bundle, case, found, monkeypatch):
    monkeypatch.setattr(hepadose.networks, "build", lambda name, arguments: band_module())
    choice = RuntimeChoice(RuntimeName.TORCH, DeviceName.CPU, threads=1)
    other = run_model(bundle, EngineInputs(case[0]), choice)
    assert "PyTorch" in other.runtime and "onnxruntime" in found.runtime
    assert np.array_equal(other.mask.array, found.mask.array)
    assert np.abs(other.probability.array - found.probability.array).max() < 1e-4


def test_an_image_that_is_no_ct_is_refused(bundle, case):
    for array in (np.abs(case[0].array), case[0].array + 1024.0, case[0].array / 1000.0):
        with pytest.raises(UnitsError, match="does not look like a CT in HU"):
            run_model(bundle, EngineInputs(case[0].with_array(array)))


def test_an_image_with_values_that_are_no_numbers_is_refused(bundle, case):
    with pytest.raises(UnitsError, match="no numbers"):
        run_model(bundle, EngineInputs(case[0].with_array(case[0].array * np.nan)))


def test_an_empty_volume_is_refused(bundle, case):
    with pytest.raises(EmptyRegionError, match="The CT is empty: every voxel is -1000 HU"):
        run_model(bundle, EngineInputs(case[0].with_array(np.full(case[0].shape, AIR_HU))))


def test_a_ct_without_liver_is_refused(bundle):
    with pytest.raises(EmptyRegionError, match=r"No liver in view: .* found \d+ ml of it, less than the 50 ml"):
        run_model(bundle, EngineInputs(example_ct(liver=False)[0]))


def test_a_model_that_looks_inside_the_liver_needs_it(tmp_path, case):
    run = inference(region={"from": "liver", "margin_mm": 10}, least_volume_ml=1)
    bundle = read_bundle(write_model(tmp_path / "m", about=metadata(task="tumor"), run=run))
    with pytest.raises(MissingInputError, match="give the liver"):
        run_model(bundle, EngineInputs(case[0]))
    result = run_model(bundle, EngineInputs(case[0], liver=case[1]), ONE_THREAD)
    assert dice(result.mask.array, case[1].array) > 0.9
    with pytest.raises(EmptyRegionError, match="liver contains no voxel"):
        run_model(bundle, EngineInputs(case[0], liver=case[1].with_array(np.zeros(case[1].shape, bool))))


def test_a_network_of_the_liver_alone_sees_no_contrast_phase(tmp_path, case):
    ct, liver = case
    channels = [{"name": "liver", "image": "ct_in_liver", "window_hu": [-200, 250]}]
    # The middle of the band is where the liver's median lies.
    about = metadata(name="in-liver", task="reaction", channels=channels)
    run = inference(region={"from": "liver", "margin_mm": 10}, least_volume_ml=0, postprocessing=[])
    bundle = read_bundle(write_model(tmp_path / "m", about=about, run=run, tensors=band_weights(-100.0, 100.0)))
    with pytest.raises(MissingInputError, match="needs the liver"):
        run_model(bundle, EngineInputs(ct))
    usual = run_model(bundle, EngineInputs(ct, liver=liver)).mask.array
    brighter = ct.with_array(np.where(ct.array > -20, ct.array + 60, ct.array))
    assert dice(usual, liver.array) > 0.9
    assert np.array_equal(usual, run_model(bundle, EngineInputs(brighter, liver=liver)).mask.array)


@pytest.mark.parametrize("image", ["planning_in_liver", "change_in_liver"])
def test_a_network_may_compare_the_liver_with_that_of_the_planning_ct(tmp_path, case, image):
    ct, liver = case
    channels = [{"name": "before", "image": image, "window_hu": [-200, 250]}, *metadata()["channels"]]
    run = inference(region={"from": "liver", "margin_mm": 10})
    bundle = read_bundle(write_model(tmp_path / "m", about=metadata(task="reaction", channels=channels), run=run))
    assert bundle.description.needs == ("liver", "planning_ct")
    with pytest.raises(MissingInputError, match="needs the liver"):
        run_model(bundle, EngineInputs(ct, planning_ct=ct))
    with pytest.raises(MissingInputError, match="needs the planning CT"):
        run_model(bundle, EngineInputs(ct, liver=liver))


def test_a_channel_of_change_knows_no_phase_of_contrast():
    liver = np.zeros((6, 8, 10), bool)
    liver[1:5, 1:7, 1:9] = True
    before = np.random.default_rng(1).normal(60.0, 5.0, liver.shape)
    after = before + 40.0
    after[2:4, 2:4, 2:4] -= 25.0
    cts = {"ct": after, "planning_ct": before}
    change = channel_image("change_in_liver", cts, liver)
    assert np.allclose(change[2:4, 2:4, 2:4].mean(), -25.0, atol=3.0)
    assert np.array_equal(change < -1000.0, ~liver)
    expected = channel_image("ct_in_liver", cts, liver) - channel_image("planning_in_liver", cts, liver)
    assert np.allclose(change[liver], expected[liver])
    assert channel_image("change_in_liver", {"ct": after}, liver) is None
    assert channel_image("planning_ct", cts, None) is before


def test_a_model_that_needs_the_planning_ct_says_so(tmp_path, case):
    channels = [*metadata()["channels"], {"name": "before", "image": "planning_ct", "window_hu": [-100, 200]}]
    bundle = read_bundle(write_model(tmp_path / "m", about=metadata(channels=channels)))
    with pytest.raises(MissingInputError, match="needs the planning CT"):
        run_model(bundle, EngineInputs(case[0]))


def test_the_user_can_stop_at_every_stage(bundle, case):
    stages = []
    run_model(bundle, EngineInputs(case[0]), ONE_THREAD, lambda stage, fraction: stages.append((stage, fraction)))
    fractions = [fraction for _, fraction in stages]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    for wanted in {stage for stage, _ in stages}:

        def stop(stage, fraction, wanted=wanted):
            if stage == wanted:
                raise CancelledError("stopped")

        with pytest.raises(CancelledError):
            run_model(bundle, EngineInputs(case[0]), ONE_THREAD, stop)


def test_too_little_free_memory_is_told_before_the_start(bundle, case, monkeypatch):
    monkeypatch.setattr(runner, "memory_now", lambda: Memory(8e9, 200e6))
    with pytest.raises(NotEnoughMemoryError, match=r"needs about 0\.\d GB of memory for this CT, but 0\.2 GB are free"):
        run_model(bundle, EngineInputs(case[0]), ONE_THREAD)


def test_little_free_memory_makes_smaller_tiles_and_says_so(tmp_path, case, monkeypatch):
    about = metadata(patch_size=[64, 64, 64], memory_bytes_per_voxel=10_000)
    bundle = read_bundle(write_model(tmp_path / "m", about=about))
    monkeypatch.setattr(runner, "memory_now", lambda: Memory(8e9, 1.9e9))
    result = run_model(bundle, EngineInputs(case[0]), ONE_THREAD)
    assert "Smaller tiles" in result.findings[0].text and "1.9 GB" in result.findings[0].text
    assert dice(result.mask.array, case[1].array) > 0.95


def test_a_model_is_a_segmenter_whose_origin_names_its_weights(model, bundle, case):
    segmenter = NetworkSegmenter(model, ONE_THREAD)
    assert isinstance(segmenter, Segmenter)
    found = segmenter.segment(SegmentationInputs(case[0]))
    expected = f"liver model liver-band 0.1.0 (weights {bundle.weights_sha256[:8]}), not edited"
    assert str(found.origin) == expected
    assert "check every slice" in found.findings[-1].text
