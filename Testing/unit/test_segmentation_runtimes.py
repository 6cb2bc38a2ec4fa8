"""What runs a network: the choice, the self-test of cards, and what happens when memory ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import hepadose.networks
from hepadose.errors import MissingDependencyError, ModelIntegrityError, NotEnoughMemoryError
from hepadose.segmentation import devices, runner, runtimes
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.segmentation.runtime_torch import TorchModule, TorchRuntime
from hepadose.segmentation.runtimes import (
    DeviceFailedError,
    DeviceMemoryError,
    DeviceName,
    Ladder,
    RuntimeChoice,
    RuntimeName,
    ladder_for,
)

from model_example import band_module, example_ct, write_model


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return read_bundle(write_model(tmp_path_factory.mktemp("models") / "liver-band"))


@pytest.fixture(scope="module")
def case():
    return example_ct()


class Card:
    """A graphics card that can take tiles up to a size."""

    on_gpu, description = True, "A card"

    def __init__(self, largest):
        self.largest = largest

    def predict(self, tile):
        if tile.size > self.largest:
            raise DeviceMemoryError("full")
        return np.stack([np.zeros(tile.shape[2:]), np.full(tile.shape[2:], 3.0)]).astype(np.float32)


def ladder_with(card, processor=None):
    steps = (lambda: card, *((lambda: processor,) if processor else ()))
    return Ladder(steps)


def test_a_full_card_gets_smaller_tiles(bundle):
    tiles = runner.TileRunner(large(bundle.description), ladder_with(Card(32 * 32 * 32)), 1000)
    tiles.slide(np.zeros((1, 40, 40, 40), np.float32), 0.5, lambda number, count: None)
    assert all("graphics card's memory did not suffice" in finding.text for finding in tiles.findings)
    assert tiles.description == "A card"


def test_a_card_that_is_too_small_hands_over_to_the_processor(bundle):
    processor = Card(10**9)
    processor.description, processor.on_gpu = "Processor", False
    tiles = runner.TileRunner(large(bundle.description), ladder_with(Card(10), processor), 1000)
    tiles.slide(np.zeros((1, 40, 40, 40), np.float32), 0.5, lambda number, count: None)
    assert tiles.findings[-1].text.endswith("did not suffice. The network ran on the processor.")
    assert tiles.description == "Processor"


def test_no_memory_anywhere_is_refused(bundle):
    tiles = runner.TileRunner(bundle.description, ladder_with(Card(10)), 1000)
    with pytest.raises(NotEnoughMemoryError, match="not even in small tiles"):
        tiles.slide(np.zeros((1, 40, 40, 40), np.float32), 0.5, lambda number, count: None)


def large(description):
    return replace(description, patch_size=(64, 64, 64))


def test_values_that_are_no_numbers_hand_over_to_the_processor(bundle):
    card, processor = Card(10**9), Card(10**9)
    card.predict = lambda tile: np.full((2, *tile.shape[2:]), np.nan, np.float32)
    processor.description = "Processor"
    tiles = runner.TileRunner(bundle.description, ladder_with(card, processor), 1000)
    tiles.slide(np.zeros((1, 40, 40, 40), np.float32), 0.5, lambda number, count: None)
    assert "no numbers. The network ran on the processor." in tiles.findings[-1].text
    alone = runner.TileRunner(bundle.description, ladder_with(card), 1000)
    with pytest.raises(DeviceFailedError, match="no numbers"):
        alone.slide(np.zeros((1, 40, 40, 40), np.float32), 0.5, lambda number, count: None)


class Breaks(torch.nn.Module):
    """A network that raises."""

    def __init__(self, problem):
        super().__init__()
        self.problem = problem

    def forward(self, values):
        raise self.problem


@pytest.mark.parametrize(
    "problem",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
    ],
    ids=["card", "Python", "processor"],
)
def test_every_way_to_run_out_of_memory_is_understood(problem):
    run = TorchModule(torch, Breaks(problem), "cpu", 1)
    with pytest.raises(DeviceMemoryError):
        run.predict(np.zeros((1, 1, 4, 4, 4), np.float32))


def test_another_failure_of_the_processor_is_not_hidden():
    run = TorchModule(torch, Breaks(RuntimeError("bug")), "cpu", 1)
    with pytest.raises(RuntimeError, match="bug"):
        run.predict(np.zeros((1, 1, 4, 4, 4), np.float32))


def test_a_failing_card_is_told_apart(monkeypatch):
    run = TorchModule(torch, Breaks(RuntimeError("device-side assert")), "cpu", 1)
    monkeypatch.setattr(run, "on_gpu", True)
    with pytest.raises(DeviceFailedError, match="graphics card failed"):
        run.predict(np.zeros((1, 1, 4, 4, 4), np.float32))


def test_weights_of_another_network_are_refused(bundle, monkeypatch):
    other = torch.nn.Sequential(torch.nn.Conv3d(1, 4, 3), torch.nn.ReLU(), torch.nn.Conv3d(4, 2, 1, bias=False))
    monkeypatch.setattr(hepadose.networks, "build", lambda name, arguments: other)
    with pytest.raises(ModelIntegrityError, match="0 missing, 1 unknown, 3 of another shape"):
        TorchRuntime(bundle, "cpu", 1)


def test_onnxruntime_runs_by_default_and_pytorch_where_it_is_absent(bundle, monkeypatch):
    monkeypatch.setattr(devices, "driver_is_present", lambda: False)
    monkeypatch.setattr(hepadose.networks, "build", lambda name, arguments: band_module())
    assert "onnxruntime" in ladder_for(bundle).steps[0]().description
    monkeypatch.setattr(runtimes, "is_installed", lambda package: package == "torch")
    assert "PyTorch" in ladder_for(bundle).steps[0]().description


def test_a_working_card_comes_first_and_the_processor_behind_it(bundle, monkeypatch):
    monkeypatch.setattr(devices, "driver_is_present", lambda: True)
    monkeypatch.setattr(devices, "require_working_gpu", lambda: "cpu")
    monkeypatch.setattr(hepadose.networks, "build", lambda name, arguments: band_module())
    first, second = (step().description for step in ladder_for(bundle).steps)
    assert "PyTorch" in first and "onnxruntime" in second


def test_the_number_of_threads_is_the_users_then_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert (RuntimeChoice().thread_count, RuntimeChoice(threads=5).thread_count) == (3, 5)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert RuntimeChoice().thread_count >= 1


def test_the_self_test_compares_with_the_processor(monkeypatch):
    assert devices._largest_difference(torch, "cpu") < devices._TOLERANCE
    monkeypatch.setattr(devices, "_name_of_gpu", lambda torch: "cpu")
    assert devices.require_working_gpu() == "cpu"
    monkeypatch.setattr(devices, "_largest_difference", lambda torch, device: float("nan"))
    with pytest.raises(devices.DeviceError, match="failed its self-test"):
        devices.require_working_gpu()


def test_a_card_for_onnxruntime_is_told_to_be_idle(bundle):
    choice = RuntimeChoice(RuntimeName.ONNXRUNTIME, DeviceName.GPU, threads=1)
    assert "on the processor only" in ladder_for(bundle, choice).findings[0].text


def test_a_missing_runtime_is_told_with_the_way_out(bundle, monkeypatch):
    monkeypatch.setattr(runtimes, "is_installed", lambda package: False)
    with pytest.raises(MissingDependencyError, match="pip install onnxruntime"):
        runtimes.ladder_for(bundle)
    with pytest.raises(MissingDependencyError, match="pip install torch"):
        runtimes.ladder_for(bundle, RuntimeChoice(RuntimeName.TORCH))


def test_a_card_that_cannot_be_used_is_told_and_the_processor_taken(bundle, case):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this computer has a card that works")
    result = run_model(bundle, EngineInputs(case[0]), RuntimeChoice(device=DeviceName.GPU, threads=1))
    assert "no graphics card" in result.findings[0].text
    assert "onnxruntime" in result.runtime
