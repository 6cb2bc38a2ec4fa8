"""Training: it learns, it can be killed, and it goes on as if nothing had happened."""

import csv
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from hepadose.errors import HepaDoseError, SettingsError, UnreadableFileError
from hepadose.networks import build
from hepadose.training.checkpoint import BEST_WEIGHTS, CHECKPOINT, LAST_WEIGHTS, begin_with, load_weights
from hepadose.training.config_parts import OptimizerSettings
from hepadose.training.loop import train
from hepadose.training.progress import TrainingProgress
from hepadose.training.records import VALIDATION_FILE, read_losses
from hepadose.training.schedule import learning_rate

from support import PROJECT
from training_example import ball_config, write_data_set


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    return write_data_set(tmp_path_factory.mktemp("balls"))


@pytest.fixture(scope="module")
def uninterrupted(data_set, tmp_path_factory):
    """A training of 8 steps in one sitting."""
    folder = tmp_path_factory.mktemp("whole")
    train(ball_config(data_set), folder)
    return folder


def stop_after(steps):
    """Asks to stop when so many steps of this sitting are done."""
    left = [steps]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    return should_stop


def same_weights(one, other, name=LAST_WEIGHTS):
    first, second = load_weights(one / name), load_weights(other / name)
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_a_small_network_learns_to_find_a_ball(data_set, tmp_path):
    told = []
    config = ball_config(data_set, run={"steps": 40, "validate_every_steps": 20}, patches={"size": [24, 24, 24]})
    done = train(config, tmp_path, told.append)
    losses = read_losses(tmp_path)
    assert list(losses) == list(range(1, 41))
    assert sum(losses[step] for step in range(31, 41)) < 0.5 * sum(losses[step] for step in range(1, 11))
    assert done.best_dice > 0.85
    assert [news.dice["ball"] for news in told if news.dice][-1] == pytest.approx(done.best_dice, abs=0.1)


def test_a_training_that_was_stopped_and_goes_on_gives_the_same_losses_and_weights(data_set, uninterrupted, tmp_path):
    config = ball_config(data_set)
    assert train(config, tmp_path, should_stop=stop_after(3)).step == 3
    assert train(config, tmp_path, should_stop=stop_after(2)).step == 5
    assert train(config, tmp_path).step == 8
    assert read_losses(tmp_path) == read_losses(uninterrupted)
    assert same_weights(tmp_path, uninterrupted)
    assert same_weights(tmp_path, uninterrupted, BEST_WEIGHTS)


def test_a_killed_training_goes_on_from_its_checkpoint_with_the_same_losses(data_set, uninterrupted, tmp_path):
    config = ball_config(data_set)
    (tmp_path / "config.json").write_text(config.to_json())
    train(config, tmp_path, should_stop=stop_after(3))
    # The child does three steps more without a checkpoint and waits to be killed.
    script = (
        "import sys, time; from pathlib import Path\n"
        "from hepadose.training.config import read_config\n"
        "from hepadose.training.loop import train\n"
        "folder = Path(sys.argv[1])\n"
        "def tell(news):\n"
        "    if news.progress.step == 6: (folder / 'there').touch(); time.sleep(60)\n"
        "train(read_config(folder / 'config.json'), folder, tell)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(PROJECT / "HepaDose")}
    )
    end = time.monotonic() + 60
    while not (tmp_path / "there").exists() and child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    assert child.wait() != 0
    assert (tmp_path / "there").exists()
    train(config, tmp_path)
    assert read_losses(tmp_path) == read_losses(uninterrupted)
    assert same_weights(tmp_path, uninterrupted)


def test_patches_prepared_by_other_processes_give_the_same_losses(data_set, uninterrupted, tmp_path):
    train(ball_config(data_set, run={"workers": 2, "steps": 8}), tmp_path)
    assert read_losses(tmp_path) == read_losses(uninterrupted)


def test_what_other_processes_could_not_prepare_is_said_in_words(data_set, tmp_path):
    config = ball_config(data_set, data={"channels": ["planning_ct"]}, run={"workers": 1})
    with pytest.raises(SettingsError, match="one channel, the CT"):
        train(config, tmp_path)


def test_a_finished_training_is_not_trained_further(data_set, uninterrupted):
    before = (uninterrupted / CHECKPOINT).read_bytes()
    assert train(ball_config(data_set), uninterrupted).step == 8
    assert (uninterrupted / CHECKPOINT).read_bytes() == before


def test_training_ends_when_validation_has_come_to_rest(data_set, tmp_path):
    # Without a learning rate nothing gets better after the first validation.
    config = ball_config(
        data_set,
        optimizer={"learning_rate": 0.0},
        run={"steps": 100, "validate_every_steps": 2, "patience": 2},
    )
    done = train(config, tmp_path)
    assert done.step == 6
    assert done.best_step == 2
    with (tmp_path / VALIDATION_FILE).open(newline="") as table:
        assert [row["step"] for row in csv.DictReader(table)] == ["2", "4", "6"]


def test_a_budget_in_seconds_ends_a_training(data_set, tmp_path):
    done = train(ball_config(data_set, run={"steps": 0, "seconds": 0.3, "validate_every_steps": 1000}), tmp_path)
    assert done.step >= 1
    assert 0.3 <= done.elapsed_s < 10
    # The last state is validated, or there would be nothing to export.
    assert (tmp_path / BEST_WEIGHTS).is_file()


def test_sixteen_bit_arithmetic_learns_as_well(data_set, tmp_path):
    config = ball_config(data_set, run={"steps": 30, "precision": "bfloat16"})
    train(config, tmp_path)
    losses = read_losses(tmp_path)
    assert losses[30] < 0.8 * losses[1]


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_the_checkpoint(data_set, tmp_path):
    config = ball_config(data_set, run={"checkpoint_every_s": 0.0, "steps": 50}, optimizer={"learning_rate": 1e30})
    with pytest.raises(HepaDoseError, match="no number"):
        train(config, tmp_path)


def test_a_folder_with_another_network_is_refused(data_set, uninterrupted):
    config = ball_config(data_set, network={"arguments": {"widths": [4, 8, 16]}})
    with pytest.raises(SettingsError, match="another network"):
        train(config, uninterrupted)


def test_a_training_may_begin_with_the_weights_of_another(data_set, uninterrupted, tmp_path):
    train(ball_config(data_set), tmp_path, should_stop=stop_after(1), start_from=uninterrupted / LAST_WEIGHTS)
    assert read_losses(tmp_path)[1] < read_losses(uninterrupted)[1]


def test_further_inputs_of_a_network_that_begins_with_other_weights_change_nothing_at_first():
    arguments = {"widths": [4, 8, 8]}
    one, two = build("ResidualUNet3D", arguments).eval(), build("ResidualUNet3D", arguments | {"in_channels": 2}).eval()
    begin_with(two, one.state_dict())
    volume = torch.rand(1, 2, 8, 8, 8)
    with torch.inference_mode():
        assert torch.allclose(one(volume[:, :1]), two(volume), atol=1e-6)
    with pytest.raises(SettingsError, match="do not fit"):
        begin_with(one, two.state_dict())
    with pytest.raises(SettingsError, match="another network"):
        begin_with(one, build("ResNetUNet", {}).state_dict())


def test_a_damaged_checkpoint_is_named(data_set, tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(UnreadableFileError, match=r"checkpoint\.pt is damaged"):
        train(ball_config(data_set), tmp_path)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", (1.0, 1.0, 1.0)),
        ("cosine", (1.0, 0.5, 0.0)),
        ("polynomial", (1.0, 0.25, 0.0)),
        ("step", (1.0, 0.5**5, 0.5**10)),
        ("plateau", (0.25, 0.25, 0.25)),
    ],
)
def test_learning_rates_follow_their_schedule(schedule, rates):
    settings = OptimizerSettings(learning_rate=1.0, schedule=schedule, warmup_steps=0, power=2.0, factor=0.5, every=10)
    found = [learning_rate(settings, step, step / 100, reductions=2) for step in (0, 50, 100)]
    assert found == pytest.approx(rates)


def test_a_plateau_lowers_the_rate_after_so_many_validations_without_a_better_one(data_set):
    config = ball_config(data_set, optimizer={"schedule": "plateau", "every": 2})
    progress, reductions = TrainingProgress(), []
    for dice in (0.5, 0.4, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6):
        progress = progress.validated(dice, config)
        reductions.append(progress.reductions)
    assert reductions == [0, 0, 1, 1, 1, 2, 2, 3]
    assert math.isclose(progress.best_dice, 0.6)
