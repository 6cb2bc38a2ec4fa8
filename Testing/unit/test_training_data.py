"""Cases for training: both folder layouts, no patient or image on both sides, patches that follow from their number."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import ndimage

from hepadose.errors import MissingInputError, SettingsError, UnreadableFileError
from hepadose.images import Image
from hepadose.networks import build
from hepadose.networks.measure import parameter_count
from hepadose.segmentation.preprocess import AIR_HU
from hepadose.training.abdomen import Tissue
from hepadose.training.augment import cut_patch
from hepadose.training.config import config_from_json, read_config
from hepadose.training.config_parts import AugmentationSettings, PatchSettings
from hepadose.training.data_cases import Case, open_source
from hepadose.training.data_folder import FolderSource, find_cases, image_hash, split_by_patient, without_duplicates
from hepadose.training.data_patches import PatchBatches, patch_center
from hepadose.training.data_synthetic import TEST_SEED, TRAINING_SEED, VALIDATION_SEED, SyntheticSource

from support import PROJECT
from training_example import ball_config, ball_image, write_case, write_data_set

STILL = AugmentationSettings((0, 0, 0), 0, 0, 0, (0, 0), 0, 0, 0)
SMALL = {"anatomy": {"shape": [32, 56, 80], "reaction_share": 1.0, "tumor_share": 1.0}, "recent_cases": 1}
CONFIGS = sorted(path.stem for path in (PROJECT / "HepaDose/hepadose/training/configs").glob("*.json"))


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    return write_data_set(tmp_path_factory.mktemp("balls"))


def ramp_case(shape=(20, 22, 24)):
    """HU that tell the place, and a label in one corner."""
    hu = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 1000
    labels = np.zeros(shape, np.uint8)
    labels[2:6, 3:7, 15:20] = 1
    return Case("ramp", hu[None], Image(labels, (2.0, 2.0, 3.0)))


def rng(seed=0):
    return np.random.default_rng(seed)


class TestFolders:
    def test_both_layouts_of_a_data_set_give_the_same_cases(self, data_set, tmp_path):
        for seed in range(5):
            write_case(tmp_path, f"case_{seed:02d}", *ball_image(seed), suffix="_0000")
        # nnU-Net writes names first, and numbers as numbers.
        (tmp_path / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "nothing": 1, "ball": 2}}))
        one, other = (next(FolderSource(ball_config(root)).validation_cases()) for root in (data_set, tmp_path))
        assert one.name == other.name
        assert np.array_equal(one.images_hu, other.images_hu)
        assert np.array_equal(one.labels.array, other.labels.array)

    def test_labels_are_found_by_name_and_numbered_by_the_configuration(self, data_set):
        case = next(FolderSource(ball_config(data_set)).validation_cases())
        image, labels = ball_image(int(case.name[-2:]))
        assert np.array_equal(case.labels.array, labels.array == 2)
        assert np.array_equal(case.images_hu[0], image.array)

    def test_the_liver_alone_is_cut_out_with_what_is_labeled_in_it(self, data_set):
        whole = next(FolderSource(ball_config(data_set)).validation_cases())
        alone = next(FolderSource(ball_config(data_set, data={"channels": ["ct_in_liver"]})).validation_cases())
        inside = alone.images_hu[0] > AIR_HU
        assert np.array_equal(inside, whole.labels.array == 1)
        shown = whole.images_hu[0][inside]
        assert np.allclose(alone.images_hu[0][inside], shown - np.median(shown))

    def test_no_patient_stands_on_both_sides_of_the_split(self, tmp_path):
        for patient in range(6):
            for series in "ab":
                write_case(tmp_path, f"p{patient}_{series}", *ball_image(2 * patient + ord(series) % 2))
        cases = find_cases(tmp_path, patient_pattern=r"^(p\d)_")
        training, validation = split_by_patient(cases, 0.34, seed=3)
        assert len(training) == 8
        assert len(validation) == 4
        assert {case.patient for case in training}.isdisjoint(case.patient for case in validation)

    def test_the_same_image_under_another_name_is_left_out_and_named(self, tmp_path):
        image, labels = ball_image(1)
        write_case(tmp_path, "lits_001", image, labels)
        # The copy is stored from left to right and with another type.
        flip = np.diag([-1.0, 1.0, 1.0])
        mirrored = [
            Image(part.array[:, :, ::-1].astype(kind), part.spacing_mm, part.origin_lps, flip)
            for part, kind in ((image, np.float32), (labels, np.uint8))
        ]
        write_case(tmp_path, "msd_917", *mirrored)
        write_case(tmp_path, "msd_918", *ball_image(2))
        kept, findings = without_duplicates(find_cases(tmp_path))
        assert [case.name for case in kept] == ["lits_001", "msd_918"]
        assert "msd_917 shows the same image as lits_001" in str(findings[0])

    def test_one_different_voxel_makes_another_image(self):
        image, _ = ball_image(1)
        changed = image.array.copy()
        changed[3, 4, 5] += 1
        assert image_hash(image.with_array(changed)) != image_hash(image)

    def test_images_are_resampled_to_the_grid_of_the_network(self, data_set):
        config = ball_config(data_set, data={"spacing_mm": [6.0, 6.0, 6.0]})
        case = next(FolderSource(config).validation_cases())
        assert case.labels.shape == (12, 12, 12)
        assert case.labels.spacing_mm == (6.0, 6.0, 6.0)

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"labels": [{"name": "ball", "dataset_labels": ["tumor"]}]}, SettingsError, "dataset.json has background"),
            ({"labels": [{"name": "ball"}]}, SettingsError, "none given"),
            ({"data": {"folder": "nowhere"}}, MissingInputError, "has no dataset.json"),
            ({"data": {"patient_pattern": r"^(x)"}}, SettingsError, "finds no patient"),
            ({"data": {"channels": ["ct", "planning_ct"]}}, SettingsError, "one channel"),
        ],
    )
    def test_a_folder_that_does_not_fit_is_refused_in_words(self, data_set, change, error, message):
        with pytest.raises(error, match=message):
            open_source(ball_config(data_set, **change))

    def test_an_image_that_cannot_be_read_is_named(self, data_set, tmp_path):
        write_data_set(tmp_path, cases=2)
        (tmp_path / "imagesTr" / "case_00.nii.gz").write_bytes(b"nothing")
        with pytest.raises(UnreadableFileError, match=r"case_00\.nii\.gz"):
            FolderSource(ball_config(tmp_path))


class TestPatches:
    def test_without_augmentation_a_patch_is_a_piece_of_the_case(self):
        case = ramp_case()
        images_hu, labels = cut_patch(case, np.array([7.5, 8.5, 11.5]), (8, 10, 12), STILL, rng())
        assert np.allclose(images_hu[0], case.images_hu[0, 4:12, 4:14, 6:18], atol=0.01)
        assert np.array_equal(labels, case.labels.array[4:12, 4:14, 6:18])

    def test_beyond_its_border_a_case_is_continued_as_it_is_in_use(self):
        case = ramp_case()
        images_hu, labels = cut_patch(case, np.array([9.5, 10.5, 11.5]), (40, 22, 24), STILL, rng())
        beyond = [(10, 10), (0, 0), (0, 0)]
        assert np.allclose(images_hu[0], np.pad(case.images_hu[0], beyond, mode="edge"), atol=0.01)
        assert np.array_equal(labels, np.pad(case.labels.array, beyond, mode="edge"))

    def test_a_thin_stack_is_continued_by_its_outermost_slices(self):
        thin = dataclasses.replace(STILL, thin_share=1.0)
        counts = set()
        for seed in range(30):
            images_hu, labels = cut_patch(ramp_case(), np.array([9.5, 10.5, 11.5]), (20, 22, 24), thin, rng(seed))
            slices = [tuple(plane.ravel()[:9].round(2)) for plane in images_hu[0]]
            counts.add(len(set(slices)))
            shown = [slices.index(plane) for plane in slices]
            assert shown == sorted(shown)
            assert np.array_equal(labels, labels[shown])
        assert min(counts) == 1 and 8 < max(counts) <= 12

    def test_a_mirrored_patch_is_the_mirrored_piece(self):
        case = ramp_case()
        mirror = dataclasses.replace(STILL, flip=(0.0, 0.0, 1.0))
        images_hu, labels = cut_patch(case, np.array([7.5, 8.5, 11.5]), (8, 10, 12), mirror, rng())
        assert np.allclose(images_hu[0], case.images_hu[0, 4:12, 4:14, 6:18][..., ::-1], atol=0.01)
        assert np.array_equal(labels, case.labels.array[4:12, 4:14, 6:18][..., ::-1])

    def test_a_turn_of_an_anisotropic_image_keeps_volumes_in_millimeters(self):
        shape = (24, 36, 36)
        offsets = (np.indices(shape).T - (np.array(shape) - 1) / 2) * (3.0, 2.0, 2.0)
        ball = (np.linalg.norm(offsets, axis=-1).T < 20).astype(np.uint8)
        case = Case("ball", np.where(ball, 100.0, 0.0).astype(np.float32)[None], Image(ball, (2.0, 2.0, 3.0)))
        turned = dataclasses.replace(STILL, rotation_deg=60.0)
        images_hu, labels = cut_patch(case, (np.array(shape) - 1) / 2, shape, turned, rng(4))
        # A ball looks the same from everywhere, save for its steps; turned in voxels it would become an egg.
        assert np.count_nonzero(labels != ball) < 0.12 * ball.sum()
        inside = np.linalg.norm(offsets, axis=-1).T < 15
        assert images_hu[0][inside].min() > 99

    def test_shift_contrast_and_noise_change_values_and_not_labels(self):
        flat = Case("flat", np.full((1, 16, 16, 16), 50.0, np.float32), Image(np.ones((16, 16, 16), np.uint8)))
        settings = dataclasses.replace(STILL, shift_hu=(-40.0, 0.0), noise_hu=10.0)
        images_hu, labels = cut_patch(flat, np.full(3, 7.5), (16, 16, 16), settings, rng(1))
        assert images_hu.mean() == pytest.approx(10.0, abs=0.5)
        assert 0.5 < images_hu.std() < 10.5
        assert labels.all()

    def test_dark_and_bright_change_places_inside_the_liver_alone(self):
        hu = np.full((1, 16, 16, 16), AIR_HU, np.float32)
        hu[0, 4:10, 4:10, 4:10], hu[0, 6:8, 6:8, 6:8], hu[0, 10, 4:10, 4:10] = 5.0, -30.0, -90.0
        case = Case("liver", hu, Image(np.ones((16, 16, 16), np.uint8)))
        inverted = dataclasses.replace(STILL, invert_share=1.0)
        images_hu, _ = cut_patch(case, np.full(3, 7.5), (16, 16, 16), inverted, rng())
        assert np.allclose(images_hu, np.where(hu < -60.0, hu, -hu), atol=0.01)

    def test_patches_stay_inside_a_large_case_and_show_their_label(self):
        case, patches = ramp_case(), PatchSettings((8, 8, 8), 1, foreground_share=1.0)
        for seed in range(50):
            center = patch_center(case, patches, rng(seed))
            low = center - 3.5
            assert np.all(low >= 0)
            assert np.all(low + 7 <= np.array(case.labels.shape) - 1)
            assert cut_patch(case, center, patches.size, STILL, rng())[1].any()

    def test_a_case_smaller_than_the_patch_lies_in_its_middle(self):
        center = patch_center(ramp_case(), PatchSettings((64, 64, 64)), rng())
        assert center.tolist() == [9.5, 10.5, 11.5]

    def test_the_batch_of_a_step_follows_from_seed_and_step_alone(self, data_set):
        config = ball_config(data_set)
        batches = PatchBatches(config)
        later = batches[5]
        again = PatchBatches(config)[5]
        other = batches[6]
        assert all(np.array_equal(one, two) for one, two in zip(later, again, strict=True))
        assert not np.array_equal(later[0], other[0])
        assert later[0].min() >= 0
        assert later[0].max() <= 1


class TestSynthetic:
    def config(self, name="liver", **data):
        content = json.loads(read_config(name).to_json())
        content["data"] |= {"spacing_mm": [4.0, 4.0, 4.0], **SMALL, **data}
        content["run"] |= {"validation_cases": 1}
        return config_from_json(json.dumps(content))

    def test_cases_are_the_same_every_time_and_differ_from_each_other(self):
        source = SyntheticSource(self.config())
        (one,), (again,), (other,) = (list(source.cases(seed, 1)) for seed in (7, 7, 8))
        assert np.array_equal(one.images_hu, again.images_hu)
        assert not np.array_equal(one.labels.array, other.labels.array)

    def test_labels_are_what_the_configuration_says_of_tissues(self):
        config = self.config()
        labels = [{"name": "liver", "tissues": ["liver"]}, {"name": "bones", "tissues": ["bone_cortex", "bone_marrow"]}]
        config = config_from_json(json.dumps(json.loads(config.to_json()) | {"labels": labels}))
        source = SyntheticSource(config)
        abdomen = source._abdomen(3)
        case = source.case_of(abdomen, 1)
        assert np.array_equal(case.labels.array == 1, abdomen.liver.array)
        bones = np.isin(abdomen.labels.array, (Tissue.BONE_CORTEX, Tissue.BONE_MARROW))
        assert np.array_equal(case.labels.array == 2, bones)

    def test_an_anatomy_is_rendered_a_few_times_while_it_is_among_the_last(self):
        config = self.config(recent_cases=1, new_case_every_steps=2, renderings_per_case=1)
        source, random = SyntheticSource(config), np.random.default_rng(0)
        first, again, other = (source.training_case(step, random) for step in (0, 1, 2))
        assert first is again
        assert not np.array_equal(first.labels.array, other.labels.array)

    def test_an_anatomy_gets_another_ct_when_it_is_older(self):
        class Always:
            def __init__(self, age):
                self.age = age

            def integers(self, _count):
                return self.age

        source = SyntheticSource(self.config(recent_cases=2, new_case_every_steps=1, renderings_per_case=2))
        young, old = source.training_case(1, Always(0)), source.training_case(2, Always(1))
        assert np.array_equal(young.labels.array, old.labels.array)
        assert not np.array_equal(young.images_hu, old.images_hu)

    def test_training_validation_and_test_never_meet(self):
        config = read_config("liver")
        newest = config.run.steps // config.data.new_case_every_steps + config.data.recent_cases
        assert TRAINING_SEED + newest < VALIDATION_SEED
        assert VALIDATION_SEED + config.run.validation_cases < TEST_SEED

    def test_only_the_liver_with_its_margin_is_seen_where_asked_for(self):
        source = SyntheticSource(self.config(region="liver", margin_mm=8.0))
        abdomen = source._abdomen(3)
        case = source.case_of(abdomen, 1)
        inside = np.argwhere(abdomen.liver.array)
        expected = [
            min(high + 2, size - 1) - max(low - 2, 0) + 1
            for low, high, size in zip(inside.min(0), inside.max(0), abdomen.labels.shape, strict=True)
        ]
        assert list(case.labels.shape) == expected

    def test_the_liver_alone_has_its_median_at_zero_and_air_around_it(self):
        source = SyntheticSource(self.config("flr", channels=["ct_in_liver"], region="body"))
        abdomen = source._abdomen(3)
        (hu,) = source.case_of(abdomen, 1).images_hu
        assert np.median(hu[abdomen.liver.array]) == pytest.approx(0.0, abs=0.01)
        assert np.all(hu[~abdomen.liver.array] == AIR_HU)

    def test_the_liver_may_be_wrong_in_training(self):
        source = SyntheticSource(self.config("flr", channels=["ct_in_liver"], region="body", liver_error_mm=5.0))
        liver = source._abdomen(3).liver
        shown = [source._imperfect(liver, seed) for seed in range(12)]
        sizes = [np.count_nonzero(mask) / np.count_nonzero(liver.array) for mask in shown]
        assert min(sizes) < 0.95 and max(sizes) > 1.05
        # In some, fissures and hilum are filled, which neither growing nor shrinking does.
        plain = [change(liver.array) for change in (np.copy, ndimage.binary_dilation, ndimage.binary_erosion)]
        assert any(not any(np.array_equal(mask, one) for one in plain) for mask in shown)
        exact = SyntheticSource(self.config("flr", channels=["ct_in_liver"], region="body", liver_error_mm=0.0))
        assert all(np.array_equal(exact._imperfect(liver, seed), liver.array) for seed in range(3))

    def test_training_shows_the_imperfect_liver_and_validation_the_true_one(self):
        source = SyntheticSource(self.config("flr", channels=["ct_in_liver"], region="body", liver_error_mm=5.0))
        differ = 0
        for seed in range(3):
            true = source._abdomen(seed).liver.array
            differ += np.count_nonzero((source._render(seed, 0).images_hu[0] > AIR_HU) ^ true)
        assert differ
        case = source.case_of(source._abdomen(1), 1)
        assert np.array_equal(case.images_hu[0] > AIR_HU, source._abdomen(1).liver.array)

    def test_what_a_liver_that_is_too_small_hides_is_not_to_be_found(self):
        source = SyntheticSource(self.config("flr", channels=["ct_in_liver"], region="body"))
        abdomen = source._abdomen(3)
        small = ndimage.binary_erosion(abdomen.liver.array, iterations=1)
        cut, whole = source.case_of(abdomen, 1, small), source.case_of(abdomen, 1)
        hidden = cut.images_hu[0] == AIR_HU
        assert whole.labels.array[hidden].any() and not cut.labels.array[hidden].any()
        assert np.array_equal(whole.labels.array[~hidden], cut.labels.array[~hidden])

    def test_the_planning_ct_is_not_registered_perfectly(self):
        def planning(error_mm):
            channels = ["planning_in_liver"]
            source = SyntheticSource(
                self.config("flr", channels=channels, region="body", registration_error_mm=error_mm)
            )
            return source.case_of(source._abdomen(3), 1).images_hu[0]

        exact, shifted = planning(0.0), planning(6.0)
        inside = exact > AIR_HU
        # The liver that cuts it out is the one of the other CT; under it the planning CT moves.
        assert np.array_equal(inside, shifted > AIR_HU)
        assert np.abs(exact - shifted)[inside].mean() > 2.0

    def test_the_planning_ct_shows_no_reaction(self):
        source = SyntheticSource(
            self.config("flr", channels=["ct", "planning_ct"], rendering={"tissue_spread": 0.0, "phase": None})
        )
        case = next(iter(source.cases(4, 1)))
        assert case.images_hu.shape[0] == 2
        assert case.labels.array.any()
        assert not np.array_equal(case.images_hu[0], case.images_hu[1])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"spacing_mm": [2.0, 2.0, 3.0]}, "same spacing"),
            ({"channels": ["pet"]}, "Channels are"),
            ({"anatomy": {"wings": 2}}, "no such setting"),
        ],
    )
    def test_what_the_generator_cannot_make_is_refused(self, change, message):
        with pytest.raises(SettingsError, match=message):
            SyntheticSource(self.config(**change))

    def test_an_unknown_tissue_is_refused_with_those_that_exist(self):
        content = json.loads(read_config("liver").to_json())
        content["labels"] = [{"name": "wing", "tissues": ["wing"]}]
        with pytest.raises(SettingsError, match="known are liver, tumor, reaction"):
            open_source(config_from_json(json.dumps(content)))


class TestConfigurations:
    @pytest.mark.parametrize("name", CONFIGS)
    def test_every_shipped_configuration_can_be_read_and_its_network_built(self, name):
        config = read_config(name)
        module = build(config.network.name, config.network.arguments)
        assert all(size % step == 0 for size, step in zip(config.patches.size, module.size_divisors, strict=True))
        assert config_from_json(config.to_json()) == config
        if config.data.source == "synthetic":
            assert 2 * parameter_count(module) < 6e6
            SyntheticSource(config)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"optimiser": {}}, "Unknown in the training file: optimiser"),
            ({"optimizer": {"learning_rate": "fast"}}, '"learning_rate" is of the wrong kind'),
            ({"optimizer": {"schedule": "warm"}}, "optimizer.schedule is one of"),
            ({"run": {"steps": 0}}, "needs a budget"),
            ({"labels": []}, "at least one label"),
            ({"targets": ["wing"]}, "targets are names of labels"),
            ({"patches": {"size": [16, 16]}}, "three positive sizes"),
        ],
    )
    def test_a_wrong_entry_is_refused_by_name(self, data_set, change, message):
        with pytest.raises(SettingsError, match=message):
            ball_config(data_set, **change)

    def test_an_unknown_file_is_refused_with_those_that_exist(self):
        with pytest.raises(MissingInputError, match=r"flr-paper.*liver"):
            read_config("nowhere.json")
