"""A personal model: the patient's case, what treatment may change, the recipes, training, cancel, resume, deletion."""

import json

import numpy as np
import pytest
import torch

from hepadose.errors import CancelledError, EmptyRegionError, OutputError, SettingsError, UnreadableFileError
from hepadose.images import Image
from hepadose.networks import build
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.training.config import config_from_json
from hepadose.training.data_cases import Case
from hepadose.training.export import export_bundle, metadata_of
from hepadose.training.personal.case import NOTICE_FILE, PersonalCase, delete_personal, load_case, save_case
from hepadose.training.personal.change import TumorChange, changed
from hepadose.training.personal.recipe import PAPER_EPOCHS, Recipe, personal_config
from hepadose.training.personal.run import personalize

SHAPE, SPACING_MM = (32, 40, 40), (3.0, 3.0, 3.0)
INFERENCE = {"overlap": 0.5, "threshold": 0.5, "region": {"from": "liver", "margin_mm": 5}, "least_volume_ml": 0.1}


def ball(center, radius):
    distance = np.linalg.norm(np.indices(SHAPE).T - np.array(center), axis=-1).T
    return distance <= radius


def a_patient(tumor_radius=5.0):
    """A bright liver with a dark tumor."""
    liver, tumor = ball((16, 20, 20), 13), ball((16, 20, 24), tumor_radius)
    noise = np.random.default_rng(3).normal(0, 4, SHAPE)
    hu = np.where(liver, 110.0, -40.0) + noise
    hu[tumor] = 50.0
    ct = Image(hu.astype(np.float32), SPACING_MM, (5.0, -6.0, 7.0))
    return PersonalCase(ct, ct.with_array(liver), ct.with_array(tumor))


@pytest.fixture(scope="module")
def general_model(tmp_path_factory):
    """An untrained network that sees one CT inside the liver."""
    return a_model(tmp_path_factory.mktemp("general") / "tumor")


def a_model(folder, task="tumor"):
    content = {
        "name": "tumor-small",
        "task": task,
        "labels": [{"name": "tumor", "tissues": ["tumor"]}],
        "network": {"name": "ResidualUNet3D", "arguments": {"widths": [4, 8], "dropout": 0.0}},
        "data": {"spacing_mm": list(SPACING_MM), "window_hu": [-120, 120], "channels": ["ct_in_liver"]},
        "patches": {"size": [16, 16, 16]},
        "run": {"steps": 1},
        "inference": INFERENCE,
    }
    config = config_from_json(json.dumps(content))
    torch.manual_seed(1)
    export_bundle(build(config.network.name, config.network.arguments), metadata_of(config, "0.1.0"), folder, INFERENCE)
    return folder


class TestCase:
    def test_it_comes_back_from_its_folder_with_a_notice(self, tmp_path):
        save_case(tmp_path / "p", a_patient())
        back = load_case(tmp_path / "p")
        assert back.ct.same_grid_as(a_patient().ct)
        assert np.array_equal(back.tumor.array, a_patient().tumor.array)
        assert np.abs(back.ct.array - a_patient().ct.array).max() <= 0.5
        assert "never pass it on" in (tmp_path / "p" / NOTICE_FILE).read_text()

    def test_a_damaged_one_is_refused(self, tmp_path):
        (tmp_path / "case.npz").write_bytes(b"nothing")
        with pytest.raises(UnreadableFileError):
            load_case(tmp_path)

    def test_a_tumor_outside_of_the_liver_is_refused(self):
        patient = a_patient()
        with pytest.raises(EmptyRegionError, match="lies in the liver"):
            PersonalCase(patient.ct, patient.liver, patient.ct.with_array(ball((2, 2, 2), 2)))

    def test_only_a_marked_folder_is_deleted_and_then_as_a_whole(self, tmp_path):
        save_case(tmp_path / "p", a_patient())
        delete_personal(tmp_path / "p")
        assert not (tmp_path / "p").exists()
        (tmp_path / "other").mkdir()
        with pytest.raises(OutputError, match="nothing was deleted"):
            delete_personal(tmp_path / "other")


class TestChange:
    @pytest.mark.parametrize("factor", [0.6, 1.0, 1.3])
    def test_a_tumor_is_scaled_about_its_middle(self, factor):
        patient = a_patient(6.0)
        case = Case("p", patient.ct.array[None], patient.tumor.with_array(patient.tumor.array.astype(np.uint8)))
        change = TumorChange(scale=(factor, factor * 1.0001), shift_hu=(0.0, 0.0))
        after = changed(case, change, np.random.default_rng(1))
        ratio = (after.labels.array == 1).sum() / patient.tumor.array.sum()
        assert ratio == pytest.approx(factor**3, rel=0.15)
        assert after.images_hu[0][after.labels.array == 1].mean() == pytest.approx(50.0, abs=8.0)
        far = ~ball((16, 20, 24), 23)
        assert np.allclose(after.images_hu[0][far], case.images_hu[0][far], atol=0.01)

    def test_the_patient_itself_stays_as_it_is(self):
        patient = a_patient()
        case = Case("p", patient.ct.array[None].copy(), patient.tumor.with_array(patient.tumor.array.astype(np.uint8)))
        changed(case, TumorChange(), np.random.default_rng(2))
        assert np.array_equal(case.images_hu[0], patient.ct.array)


class TestRecipe:
    def test_the_published_one_is_as_published(self, general_model, tmp_path):
        config = personal_config(general_model, tmp_path, Recipe.PAPER)
        assert (config.optimizer.name, config.optimizer.learning_rate) == ("adam", 1e-3)
        assert (config.optimizer.schedule, config.optimizer.power) == ("polynomial", 0.9)
        assert config.run.steps == PAPER_EPOCHS and config.patches.batch == 1
        assert set(config.loss.weights) == {"dice", "cross_entropy", "dual_cross_entropy"}
        assert config.data.tumor_change_share == 0.0

    def test_a_model_that_draws_something_else_is_refused(self, tmp_path):
        with pytest.raises(SettingsError, match="draws tumors"):
            personal_config(a_model(tmp_path / "liver", "liver"), tmp_path, Recipe.OURS)


class TestPersonalize:
    def test_an_untrained_network_learns_this_patients_tumor(self, general_model, tmp_path):
        patient = a_patient()
        made = personalize(general_model, patient, tmp_path / "p", recipe=Recipe.PAPER)
        found = run_model(read_bundle(made.model), EngineInputs(patient.ct, liver=patient.liver)).mask.array
        truth = patient.tumor.array
        assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.5

    def test_the_model_says_that_it_is_personal_and_names_no_folder(self, general_model, tmp_path):
        made = personalize(general_model, a_patient(), tmp_path / "named-after-somebody", seconds=1)
        said = (made.model / "configs" / "metadata.json").read_text() + (made.model / "docs" / "README.md").read_text()
        assert "personal data" in said and "named-after-somebody" not in said

    def test_a_stopped_one_goes_on_where_it_was(self, general_model, tmp_path):
        steps = []

        def stop_after_five():
            return len(steps) >= 5

        with pytest.raises(CancelledError, match="gone on from"):
            personalize(
                general_model,
                a_patient(),
                tmp_path / "p",
                recipe=Recipe.PAPER,
                tell=lambda news: steps.append(news.progress.step),
                should_stop=stop_after_five,
            )
        assert not (tmp_path / "p" / "model").exists()
        later = []
        with pytest.raises(CancelledError):
            personalize(
                general_model,
                a_patient(),
                tmp_path / "p",
                recipe=Recipe.PAPER,
                tell=lambda news: later.append(news.progress.step),
                should_stop=lambda: len(later) >= 2,
            )
        assert later[0] == steps[-1] + 1
