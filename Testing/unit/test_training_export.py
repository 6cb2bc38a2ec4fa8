"""Export: one weight file for PyTorch and onnxruntime, a description and a card that hold what was measured."""

import csv
import json
import signal

import numpy as np
import pytest
import torch

from hepadose.cli import main
from hepadose.cli_train import _kinds
from hepadose.errors import OutputError
from hepadose.networks import build
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.runtime_onnx import OnnxRuntime
from hepadose.segmentation.runtime_torch import TorchRuntime
from hepadose.training.checkpoint import BEST_WEIGHTS, CHECKPOINT, load_weights
from hepadose.training.config import read_config
from hepadose.training.evaluate import evaluate_training
from hepadose.training.export import AGREEMENT, export_bundle, export_training, metadata_of, state_metrics
from hepadose.training.loop import train
from hepadose.training.model_card import model_card
from hepadose.training.scores import summary_of

from training_example import ball_config, write_data_set

NARROW = {
    "ResidualUNet3D": ({"widths": [4, 8, 8, 8, 8], "stem_width": 4}, (48, 32, 32)),
    "DeepMedic": ({"widths": [4] * 10, "joined_width": 8}, (30, 45, 30)),
    "FCDenseNet3D": ({"layers": [1, 2, 1], "growth": 4, "first_width": 8, "norm": "batch"}, (32, 32, 32)),
    "ResNetUNet": ({"widths": [4, 8, 8, 8], "decoder_widths": [8] * 5, "norm": "batch"}, (6, 64, 64)),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A short training, and its configuration."""
    root = write_data_set(tmp_path_factory.mktemp("balls"))
    config = ball_config(root, inference={"least_volume_ml": 1, "region": {"from": "body"}})
    folder = tmp_path_factory.mktemp("training")
    train(ball_config(root, run={"steps": 30, "validate_every_steps": 15}, inference=config.inference), folder)
    return folder, config


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """Its model."""
    done = export_training(trained[0], tmp_path_factory.mktemp("models") / "ball", "1.2.3")
    state_metrics(done.folder, [summary_of(evaluate_training(trained[0]), "cases with a ball")])
    return done


@pytest.fixture
def memory_unmeasured(monkeypatch):
    """Spares the two processes in which the memory is measured."""
    monkeypatch.setattr("hepadose.training.export.memory_bytes_per_voxel", lambda folder, bundle: 100.0)


@pytest.mark.usefixtures("memory_unmeasured")
@pytest.mark.parametrize("name", NARROW)
def test_onnxruntime_gives_the_probabilities_of_pytorch_from_the_same_file(name, tmp_path):
    arguments, size = NARROW[name]
    config = ball_config("", network={"name": name, "arguments": arguments}, patches={"size": list(size)})
    torch.manual_seed(2)
    module = build(name, arguments)
    with torch.no_grad():
        # Statistics other than 0 and 1, as training leaves them.
        module(torch.rand(2, 1, *size))
        for weight in module.parameters():
            weight += 0.01 * torch.randn_like(weight)
    done = export_bundle(module, metadata_of(config, "1.0"), tmp_path / "model")
    assert done.largest_probability_difference < AGREEMENT
    bundle = read_bundle(tmp_path / "model")
    # Every number comes from the weight file; of equal tensors the graph names one.
    named = {tensor.name.removesuffix(".stored") for tensor in bundle.external}
    for key in set(bundle.tensors) - named:
        assert any(np.array_equal(bundle.tensors[key], bundle.tensors[other]) for other in named) or key.endswith(
            "tracked"
        )
    # Of another size than the one the graph was drawn from.
    tile = np.random.default_rng(1).random((1, 1, *size), np.float32)
    one, other = OnnxRuntime(bundle, 1).predict(tile), TorchRuntime(bundle, "cpu", 1).predict(tile)
    assert one.shape == other.shape == (2, *size)
    assert np.abs(one - other).max() < 1e-3


def test_a_model_describes_itself_and_its_card_holds_what_was_measured(exported):
    about = json.loads((exported.folder / "configs" / "metadata.json").read_text())
    description = read_bundle(exported.folder).description
    assert (description.name, description.version, description.task) == ("ball", "1.2.3", "liver")
    assert [label.name for label in description.labels] == ["background", "ball"]
    assert description.patch_multiple == (4, 4, 4)
    assert about["agreement"]["largest_probability_difference_onnxruntime_pytorch"] < AGREEMENT
    assert description.memory_bytes_per_voxel >= 16
    card = (exported.folder / "docs" / "README.md").read_text()
    row = about["metrics"][0]["labels"]["ball"]
    assert f"| ball | {row['cases']} | {row['mean_dice']:.3f} |" in card
    assert "cases with a ball:" in card
    assert about["training"]["steps"] in (15, 30)
    assert f"{about['training']['steps']} steps of" in card
    assert "on a processor" in card
    assert "split by patient" in card


def test_weights_are_stored_once_in_sixteen_bits(exported, trained):
    weights = load_weights(trained[0] / BEST_WEIGHTS)
    values = sum(value.numel() for value in weights.values())
    assert exported.weights_bytes < 2 * values + 100 * len(weights) + 1000
    assert (exported.folder / "models" / "model.onnx").stat().st_size < 100_000
    stored = read_bundle(exported.folder).tensors
    assert all(np.array_equal(stored[key], value.half().numpy()) for key, value in weights.items())


def test_a_card_without_measurements_says_so(trained):
    card = model_card(metadata_of(trained[1], "0.1"))
    assert "Nothing was measured for this export." in card


def test_weights_that_do_not_fit_into_sixteen_bits_are_refused(trained, tmp_path):
    module = build("ResidualUNet3D", NARROW["ResidualUNet3D"][0])
    with torch.no_grad():
        module.labels.bias[0] = 1e6
    with pytest.raises(OutputError, match="16 bits"):
        export_bundle(module, metadata_of(trained[1], "0.1"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_too_large_to_be_shipped_are_refused_with_their_size(trained, tmp_path):
    module = build("ResidualUNet3D", {"widths": [16, 32, 64, 128, 256]})
    with pytest.raises(OutputError, match=r"9\.6 MB"):
        export_bundle(module, metadata_of(trained[1], "0.1"), tmp_path)


@pytest.mark.usefixtures("memory_unmeasured")
def test_one_command_each_trains_judges_and_exports(tmp_path, capsys):
    config = ball_config(write_data_set(tmp_path / "data"), run={"steps": 4, "validate_every_steps": 2})
    (tmp_path / "ball.json").write_text(config.to_json())
    training, model, table = tmp_path / "training", tmp_path / "model", tmp_path / "scores.csv"
    assert main(["train", str(tmp_path / "ball.json"), "--output", str(training)]) == 0
    assert "4 steps" in capsys.readouterr().out
    assert main(["evaluate", str(training), "--output", str(table)]) == 0
    assert "ball: 1 cases, mean Dice" in capsys.readouterr().out
    with table.open(newline="") as lines:
        assert [row["label"] for row in csv.DictReader(lines)] == ["ball"]
    assert main(["export", str(training), str(model), "--cases", "1"]) == 0
    assert "differ by" in capsys.readouterr().out
    assert read_bundle(model).description.name == "ball"
    assert "1 cases of patients never seen in training:" in (model / "docs" / "README.md").read_text()


def test_ctrl_c_saves_what_was_learned_and_ends_well(trained, tmp_path, capsys, monkeypatch):
    (tmp_path / "ball.json").write_text(trained[1].to_json())

    def interrupting(news):
        if news.progress.step == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("hepadose.cli_train._line_printer", lambda: interrupting)
    assert main(["train", str(tmp_path / "ball.json"), "--output", str(tmp_path / "training")]) == 0
    told = capsys.readouterr()
    assert "3 steps" in told.out
    assert "is saved" in told.err
    assert (tmp_path / "training" / CHECKPOINT).is_file()


def test_exporting_before_training_says_what_to_do(trained, tmp_path, capsys):
    (tmp_path / "training.json").write_text(trained[1].to_json())
    assert main(["export", str(tmp_path), str(tmp_path / "model")]) == 1
    assert "train first" in capsys.readouterr().err


def test_synthetic_patients_are_judged_also_without_those_whose_ct_numbers_no_patient_has(trained):
    every, plausible = (config for _, config in _kinds(read_config("liver")))
    assert every == read_config("liver")
    assert plausible.data.rendering["random_intensity_share"] == 0.0
    assert [kind for kind, _ in _kinds(read_config("flr"))] == ["synthetic patients never seen in training"]
    assert [kind for kind, _ in _kinds(trained[1])] == ["cases of patients never seen in training"]
