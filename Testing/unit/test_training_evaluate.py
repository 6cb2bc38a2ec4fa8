"""The judgment of networks and models: known scores, whole cases, the liver for models that look inside it."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepadose.cli import main
from hepadose.errors import SettingsError
from hepadose.images import Image
from hepadose.segmentation.bundle import read_bundle
from hepadose.training.abdomen import AbdomenSettings, random_abdomen
from hepadose.training.data_synthetic import TEST_SEED
from hepadose.training.evaluate import evaluate_bundle, evaluate_training
from hepadose.training.export import export_training
from hepadose.training.loop import train
from hepadose.training.model_card import model_card
from hepadose.training.scores import score, summary_lines, summary_of, write_scores
from hepadose.training.unseen import config_of_model, unseen_cases, whole_cases

from training_example import ball_config, ball_image, write_case, write_data_set

INSIDE_LIVER = {
    "least_volume_ml": 0.1,
    "region": {"from": "liver", "margin_mm": 6},
    "postprocessing": [{"operation": "inside_liver"}],
}


def write_livers(root, first_seed=0, cases=5):
    """A folder with a liver around each bright ball, which is called cancer."""
    for seed in range(first_seed, first_seed + cases):
        image, ball = ball_image(seed)
        liver = np.zeros(ball.shape, np.uint8)
        liver[tuple(slice(max(min(each) - 2, 0), max(each) + 3) for each in np.nonzero(ball.array))] = 1
        write_case(root, f"case_{seed:02d}", image, ball.with_array(np.maximum(liver, ball.array)))
    (root / "dataset.json").write_text(json.dumps({"labels": {"0": "background", "1": "liver", "2": "cancer"}}))
    return root


def tumor_config(root, **changes):
    """Finds the ball as a tumor in its liver."""
    rule = {"name": "tumor", "tissues": ["tumor"], "dataset_labels": ["cancer"]}
    run = {"steps": 30, "validate_every_steps": 15}
    return ball_config(
        root, task="tumor", labels=[rule], run=run, inference=INSIDE_LIVER, **{"data": {"region": "liver"}, **changes}
    )


@pytest.fixture(scope="module")
def tumor_training(tmp_path_factory):
    """A short training on livers with one tumor each."""
    root = write_livers(tmp_path_factory.mktemp("livers"))
    folder = tmp_path_factory.mktemp("training")
    train(tumor_config(root), folder)
    return folder, tumor_config(root)


@pytest.fixture(scope="module")
def tumor_model(tumor_training, tmp_path_factory):
    """Its model, which needs the liver."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hepadose.training.export.memory_bytes_per_voxel", lambda folder, bundle: 100.0)
        return export_training(tumor_training[0], tmp_path_factory.mktemp("models") / "tumor").folder


def test_a_model_that_looks_inside_the_liver_gets_the_true_one(tumor_training, tumor_model):
    raw = {each.case: each for each in evaluate_training(tumor_training[0])}
    found = evaluate_bundle(tumor_model, tumor_training[1])
    assert {each.case for each in found} == set(raw)
    for each in found:
        assert each.label == "tumor"
        # As users run it, the result is limited to the liver and comes from the CT uncut.
        assert each.dice > raw[each.case].dice - 0.05 > 0.5
        assert [lesion.is_detected for lesion in each.detection.lesions] == [True]
        assert each.true_ml == pytest.approx(raw[each.case].true_ml)


def test_a_model_alone_is_judged_on_every_labeled_ct_of_a_folder(tumor_model, tmp_path, capsys):
    livers, table = write_livers(tmp_path / "livers", first_seed=20, cases=3), tmp_path / "scores.csv"
    assert main(["evaluate", str(tumor_model), "--data", str(livers), "--output", str(table)]) == 0
    told = capsys.readouterr().out
    assert "tumor: 3 cases, mean Dice" in told
    assert "lesions 30–50 mm: 3 of 3 detected (100%)" in told
    assert "false positives per case: 0." in told
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["case"] for row in rows] == ["case_20", "case_21", "case_22"]
    assert all((row["lesions_30_50_mm"], row["detected_30_50_mm"]) == ("1", "1") for row in rows)
    assert all(float(row["dice"]) > 0.5 for row in rows)


def test_images_of_the_training_are_left_out_of_another_folder(tumor_training, tmp_path):
    livers = write_livers(tmp_path, first_seed=3, cases=4)
    cases = [each.name for each in unseen_cases(tumor_training[1], 0, livers)]
    assert cases == ["case_05", "case_06"]
    own = list(unseen_cases(tumor_training[1], 0, Path(tumor_training[1].data.folder)))
    assert len(own) == 1


def test_a_folder_without_livers_does_not_serve_a_model_that_needs_them(tumor_model, tmp_path):
    livers = write_livers(tmp_path, cases=2)
    (livers / "dataset.json").write_text(json.dumps({"labels": {"0": "background", "1": "skin", "2": "tumour"}}))
    with pytest.raises(SettingsError, match='a label "liver"'):
        evaluate_bundle(tumor_model, folder=livers)


def test_a_synthetic_case_is_whole_and_has_its_liver(tumor_model):
    config = config_of_model(read_bundle(tumor_model).description)
    whole = next(whole_cases(config, 1))
    abdomen = random_abdomen(TEST_SEED, AbdomenSettings(spacing_mm=3.0, tumor_share=1.0))
    assert np.array_equal(whole.liver.array, abdomen.liver.array)
    assert np.array_equal(whole.case.labels.array > 0, abdomen.tumor.array)
    assert whole.case.labels.same_grid_as(abdomen.labels)
    (score,) = evaluate_bundle(tumor_model, cases=1)
    assert score.case == whole.case.name
    assert score.true_ml == pytest.approx(abdomen.tumor.volume_ml())
    assert len(score.detection.lesions) >= 1


def test_a_network_that_compares_two_cts_gets_both(tumor_model):
    config = config_of_model(read_bundle(tumor_model).description)
    config = replace(config, data=replace(config.data, channels=("ct", "planning_ct")))
    whole = next(whole_cases(config, 1))
    assert whole.case.images_hu.shape == (2, *whole.case.labels.shape)


def test_a_model_of_the_body_is_judged_as_users_run_it(tmp_path, monkeypatch):
    monkeypatch.setattr("hepadose.training.export.memory_bytes_per_voxel", lambda folder, bundle: 100.0)
    inference = {"least_volume_ml": 1, "region": {"from": "body"}}
    config = ball_config(
        write_data_set(tmp_path / "balls"), run={"steps": 30, "validate_every_steps": 15}, inference=inference
    )
    train(config, tmp_path / "training")
    model = export_training(tmp_path / "training", tmp_path / "model").folder
    raw = {each.case: each for each in evaluate_training(tmp_path / "training")}
    found = evaluate_bundle(model, config)
    assert {each.case for each in found} == set(raw)
    assert all(each.label == "liver" and each.detection is None for each in found)
    assert all(abs(each.dice - raw[each.case].dice) < 0.2 for each in found)


def cubes():
    """A cube of six voxels of 2 mm, and the same one voxel farther."""
    true, found = np.zeros((12, 12, 12), bool), np.zeros((12, 12, 12), bool)
    true[2:8, 2:8, 2:8] = True
    found[3:9, 2:8, 2:8] = True
    return Image(true, (2.0, 2.0, 2.0)), found


def test_scores_of_two_cubes_are_known():
    true, found = cubes()
    result = score(found, true, "cubes", "liver")
    assert result.dice == pytest.approx(5 / 6)
    assert result.true_ml == result.found_ml == pytest.approx(216 * 0.008)
    assert 0 < result.assd_mm < 2
    assert result.hd95_mm == 2
    nothing = np.zeros(true.shape, bool)
    empty = score(nothing, true.with_array(nothing), "empty", "liver")
    missed = score(nothing, true, "missed", "liver")
    row = summary_of([result, empty, missed], "cubes")["labels"]["liver"]
    assert json.loads(json.dumps(row)) == row
    assert (row["cases"], row["missed"], row["imagined"]) == (2, 1, 0)
    assert row["lowest_dice"] == 0
    assert row["largest_hd95_mm"] == 2
    assert row["mean_true_ml"] == pytest.approx(2 / 3 * 216 * 0.008, abs=1e-4)
    assert math.isnan(empty.assd_mm)


def test_the_table_the_lines_and_the_card_tell_the_same_of_lesions(tmp_path):
    true, found = cubes()
    found[0, 0, 0] = True
    scores = [score(found, true, "cubes", "tumor", has_lesions=True), score(found, true, "cubes", "liver")]
    write_scores(scores, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="", encoding="utf-8") as lines:
        tumor, liver = csv.DictReader(lines)
    # The sphere of 1728 cubic mm measures 14.9 mm.
    assert (tumor["lesions_10_20_mm"], tumor["detected_10_20_mm"], tumor["lesions_from_50_mm"]) == ("1", "1", "0")
    assert (tumor["false_positives"], tumor["false_positive_ml"], liver["false_positives"]) == ("1", "0.0080", "")
    summary = summary_of(scores, "cubes")
    assert "  lesions 10–20 mm: 1 of 1 detected (100%)" in list(summary_lines(summary))
    parts = {"class": "X", "arguments": {}}
    about = {"name": "n", "version": "1", "description": "", "intended_use": "", "training_data": "", "network": parts}
    about |= {"channels": [], "spacing_mm": [], "patch_size": [], "target_labels": [], "metrics": [summary]}
    card = model_card(about)
    assert "| 10–20 mm | 1 | 1 |" in card
    assert "False positives per case: 1.00" in card
    assert "Edge" not in card and "not sure" not in card
    told = model_card(about, {"edge": "change", "density": {"raised": 2.0, "lowered": 1.0, "width": 3.7}})
    assert "half the contrast of the change" in told and "the organ's own CT numbers decide" in told
