"""Outlined patients as anatomies: organs by name, the rest by CT number, bent into others, mixed with drawn ones."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.errors import MissingInputError, SettingsError
from hepadose.training.abdomen import AbdomenSettings, Tissue, bent_abdomen, random_abdomen, render_ct, tissues_of
from hepadose.training.config_parts import DataSettings
from hepadose.training.data_cases import open_source
from hepadose.training.data_outlined import outlined_patients
from hepadose.training.export import training_data_words

from training_example import ball_config

NUMBERS = {"background": 0, "liver": 5, "kidney_left": 3, "vertebrae_L1": 31, "lung_lower_lobe_right": 13, "aorta": 52}
NAMED = {
    5: (Tissue.LIVER, Tissue.PORTAL_VEIN, Tissue.HEPATIC_VEIN),
    3: (Tissue.KIDNEY_CORTEX, Tissue.KIDNEY_MEDULLA),
    31: (Tissue.BONE_MARROW, Tissue.BONE_CORTEX),
    13: (Tissue.LUNG, Tissue.LUNG_VESSEL),
    52: (Tissue.ARTERY,),
}
SPACING_MM = (4.0, 4.0, 4.0)


@pytest.fixture(scope="module")
def patient():
    """CT and outlines of a patient whose tissues are known."""
    settings = AbdomenSettings(spacing_mm=4.0, field_of_view="chest and abdomen", tumor_share=0.0, reaction_share=0.0)
    abdomen = random_abdomen(11, settings)
    labels = np.zeros(abdomen.labels.shape, np.uint8)
    for number, tissues in NAMED.items():
        labels[np.isin(abdomen.labels.array, tissues)] = number
    return abdomen, render_ct(abdomen, 3), labels


@pytest.fixture(scope="module")
def folder(patient, tmp_path_factory):
    _, ct, labels = patient
    root = tmp_path_factory.mktemp("outlined")
    for name, image in (("imagesTr/one_0000.nii.gz", ct), ("labelsTr/one.nii.gz", ct.with_array(labels))):
        path = root / name
        path.parent.mkdir()
        sitk.WriteImage(image.to_sitk(), str(path))
    (root / "dataset.json").write_text(json.dumps({"labels": NUMBERS}))
    return root


@pytest.fixture(scope="module")
def tissues(folder):
    return outlined_patients(_data(folder, 1.0))[0]


class TestTissues:
    def test_organs_keep_their_outline(self, patient, tissues):
        _, _, labels = patient
        assert np.array_equal(tissues.array == Tissue.LIVER, labels == 5)
        assert np.array_equal(tissues.array == Tissue.ARTERY, labels == 52)
        bone = np.isin(tissues.array, (Tissue.BONE_CORTEX, Tissue.BONE_MARROW))
        assert bone[labels == 31].all()

    def test_a_kidney_has_a_cortex_around_its_medulla(self, patient, tissues):
        _, _, labels = patient
        kidney = tissues.array[labels == 3]
        assert set(np.unique(kidney)) <= {Tissue.KIDNEY_CORTEX, Tissue.KIDNEY_MEDULLA, Tissue.KIDNEY_SINUS}
        assert {Tissue.KIDNEY_CORTEX, Tissue.KIDNEY_MEDULLA} <= set(np.unique(kidney))

    def test_what_nobody_outlined_follows_its_ct_number(self, patient, tissues):
        abdomen, _, labels = patient
        free = labels == 0
        for truth, found in (
            ((Tissue.AIR,), (Tissue.AIR, Tissue.GAS)),
            ((Tissue.SUBCUTANEOUS_FAT,), (Tissue.SUBCUTANEOUS_FAT, Tissue.SKIN)),
            ((Tissue.SPLEEN,), (Tissue.MUSCLE,)),
        ):
            here = free & np.isin(abdomen.labels.array, truth)
            assert np.isin(tissues.array[here], found).mean() > 0.8

    def test_without_a_liver_it_is_refused(self, patient):
        _, ct, labels = patient
        with pytest.raises(MissingInputError, match="no structure called liver"):
            tissues_of(ct, labels, {"spleen": 5})


class TestBentPatients:
    def test_the_same_seed_is_the_same_patient_and_another_one_is_not(self, tissues):
        one, again, other = (bent_abdomen(tissues, seed).labels for seed in (1, 1, 2))
        assert np.array_equal(one.array, again.array)
        assert one.shape != other.shape or (one.array != other.array).mean() > 0.05

    def test_livers_differ_in_volume_and_stay_in_one_place(self, tissues):
        livers = [bent_abdomen(tissues, seed).liver for seed in range(6)]
        volumes = [liver.volume_ml() for liver in livers]
        assert all(np.isfinite(liver.origin_lps).all() for liver in livers)
        assert min(volumes) > 20
        assert np.std(volumes) > 50

    def test_its_liver_has_vessels_and_may_have_tumors_and_a_reaction(self, tissues):
        settings = AbdomenSettings(tumor_share=1.0, reaction_share=1.0)
        abdomen = bent_abdomen(tissues, 4, settings)
        assert {Tissue.PORTAL_VEIN, Tissue.HEPATIC_VEIN} <= set(np.unique(abdomen.labels.array))
        assert abdomen.tumor.array.any()
        assert abdomen.reaction_mask.array.any()

    def test_it_is_rendered_as_any_other(self, tissues):
        abdomen = bent_abdomen(tissues, 4, AbdomenSettings(tumor_share=0.0, reaction_share=0.0))
        ct = render_ct(abdomen, 1)
        assert ct.array[abdomen.labels.array == Tissue.AIR].mean() < -850
        assert ct.array[abdomen.liver.array].mean() > ct.array[abdomen.labels.array == Tissue.VISCERAL_FAT].mean()


class TestSource:
    def test_a_share_of_the_training_patients_is_outlined_and_none_of_the_others(self, folder, tissues):
        def planes(share):
            data = {"source": "synthetic", "spacing_mm": SPACING_MM, "recent_cases": 1, "new_case_every_steps": 1}
            data |= {"outlined_folder": str(folder), "outlined_share": share}
            labels = [{"name": "liver", "tissues": ["liver"]}]
            source = open_source(ball_config(folder, data=data, labels=labels))
            return [source.training_case(step, np.random.default_rng(step)).labels.shape[1:] for step in range(4)]

        plane = tissues.shape[1:]
        assert planes(1.0) == [plane] * 4
        assert plane not in planes(0.0)

    def test_a_models_description_says_whose_shapes_it_has_seen(self, folder):
        data = {"source": "synthetic", "outlined_folder": str(folder), "outlined_share": 0.25}
        words = training_data_words(ball_config(folder, data=data | {"outlined_source": "one CT of a friend"}))
        assert "In 25% of the patients" in words
        assert "one CT of a friend" in words
        assert str(folder) not in words

    def test_a_share_without_a_folder_is_refused(self):
        with pytest.raises(SettingsError, match="outlined_folder"):
            outlined_patients(DataSettings(outlined_share=0.5))

    def test_a_share_above_one_is_refused(self, folder):
        with pytest.raises(SettingsError, match="between 0 and 1"):
            outlined_patients(_data(folder, 1.5))


def _data(folder, share):
    return DataSettings(spacing_mm=SPACING_MM, outlined_folder=str(folder), outlined_share=share)
