"""Random synthetic abdomens: anatomy as label maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from hepadose.errors import SettingsError
from hepadose.phantom.fields import stream
from hepadose.training.abdomen import (
    AbdomenSettings,
    FieldOfView,
    LiverKind,
    Reaction,
    Tissue,
    Tumor,
    TumorLook,
    random_abdomen,
    with_reaction,
    with_tumors,
)
from hepadose.training.abdomen.body_grid import BodyGrid
from hepadose.training.abdomen.build import random_build
from hepadose.training.abdomen.lesions import random_reaction, random_tumors
from hepadose.training.abdomen.liver_forms import random_liver
from hepadose.training.abdomen.liver_painting import paint_liver
from hepadose.training.abdomen.tissues import LIVER_TISSUES, is_any

COARSE = AbdomenSettings(spacing_mm=4.0, tumor_share=0.0, reaction_share=0.0)
WHOLE_LIVER = replace(COARSE, field_of_view=FieldOfView.UPPER_ABDOMEN, shape=(84, 66, 90))
LIVER_SEEDS, PATIENT_SEEDS = range(30), range(9)


@pytest.fixture(scope="module")
def livers():
    """Form and mask at 4 mm of thirty livers, without the rest of the body."""
    return [_liver_alone(seed) for seed in LIVER_SEEDS]


@pytest.fixture(scope="module")
def patients():
    """Nine patients whose whole liver is in view, at 4 mm, without tumors."""
    return [random_abdomen(seed, WHOLE_LIVER) for seed in PATIENT_SEEDS]


@pytest.fixture(scope="module")
def patient():
    """A patient with a normal liver at 3 mm, without tumors."""
    settings = AbdomenSettings(
        field_of_view=FieldOfView.UPPER_ABDOMEN, liver_kind=LiverKind.NORMAL, tumor_share=0.0, reaction_share=0.0
    )
    return random_abdomen(5, settings)


def test_the_same_seed_gives_the_same_patient_and_another_seed_another_one():
    settings = AbdomenSettings(spacing_mm=4.0, shape=(40, 60, 60))
    first, again, other = (random_abdomen(seed, settings) for seed in (3, 3, 4))
    assert np.array_equal(first.labels.array, again.labels.array)
    assert first.tumors == again.tumors
    assert np.mean(first.labels.array != other.labels.array) > 0.05


def test_liver_volumes_lie_in_the_range_of_patients_and_vary(livers):
    volumes_ml = np.array([liver.volume_ml() for _, liver in livers])
    assert volumes_ml.min() > 550.0 and volumes_ml.max() < 4900.0
    assert np.percentile(volumes_ml, 90) - np.percentile(volumes_ml, 10) > 700.0


def test_the_liver_has_about_the_volume_it_was_made_for(livers):
    ratios = [liver.volume_ml() / form.volume_ml for form, liver in livers]
    assert np.median(ratios) == pytest.approx(1.0, abs=0.1)
    assert min(ratios) > 0.65 and max(ratios) < 1.35


@pytest.mark.parametrize("kind", list(LiverKind))
def test_every_kind_of_liver_is_made_in_its_range_of_volumes(kind):
    forms = [random_liver(kind, 1.0, stream(seed, "test")) for seed in range(4)]
    assert {form.kind for form in forms} == {kind}
    assert all(700.0 <= form.volume_ml <= 4500.0 for form in forms)


def test_the_liver_is_in_one_piece(livers, patients):
    masks = [liver.array for _, liver in livers] + [patient.liver.array for patient in patients]
    assert [ndimage.label(mask, np.ones((3, 3, 3)))[1] for mask in masks] == [1] * len(masks)


def test_the_right_liver_touches_the_diaphragm_unless_displaced_or_resected(patients):
    for patient in patients:
        if patient.form.kind in (LiverKind.DISPLACED, LiverKind.RIGHT_RESECTED, LiverKind.CIRRHOTIC):
            continue
        labels = patient.labels.array
        lung = ndimage.binary_dilation(np.isin(labels, (Tissue.LUNG, Tissue.LUNG_VESSEL, Tissue.FLUID)), iterations=4)
        right = np.arange(labels.shape[2]) < labels.shape[2] // 2
        assert (lung & patient.liver.array & right).sum() > 100, patient.seed


def test_most_livers_lie_against_the_chest_wall(patients):
    shares = []
    for patient in patients:
        labels, liver = patient.labels.array, patient.liver.array
        right = np.argwhere(liver)[:, 2].min()
        # The outermost 40 mm of the liver towards its own side, where nothing but fat can lie between.
        outer = liver.copy()
        outer[:, :, right + 10 :] = False
        shell = ndimage.binary_dilation(outer) & ~liver
        shell[:, :, right + 10 :] = False
        shares.append(np.mean(is_any(labels[shell], (Tissue.MUSCLE, Tissue.BONE_CORTEX, Tissue.BONE_MARROW))))
    # Below its edge and behind the kidney every liver has fat.
    assert np.mean(np.array(shares) > 0.15) > 0.5 and max(shares) > 0.5


def test_the_liver_lies_on_the_right_and_the_spleen_on_the_left(patients):
    for patient in patients:
        middle = {
            tissue: np.argwhere(patient.labels.array == tissue)[:, 2].mean() for tissue in (Tissue.LIVER, Tissue.ARTERY)
        }
        if patient.form.kind is not LiverKind.RIGHT_RESECTED:
            assert middle[Tissue.LIVER] < middle[Tissue.ARTERY], patient.seed
        spleen = np.argwhere(patient.labels.array == Tissue.SPLEEN)
        if len(spleen):
            assert spleen[:, 2].mean() > middle[Tissue.ARTERY], patient.seed


def test_gallbladder_and_vena_cava_do_not_belong_to_the_liver(patients):
    outside = (Tissue.BILE, Tissue.GALLBLADDER_WALL, Tissue.VENA_CAVA, Tissue.PORTAL_TRUNK)
    for patient in patients:
        assert not np.isin(patient.labels.array[patient.liver.array], outside).any()


def test_organs_keep_apart_by_their_volumes(patients):
    """Painting one organ over another would shrink it; medians must be those of adults."""
    volumes_ml = {
        tissue: np.median([np.sum(patient.labels.array == tissue) * 0.064 for patient in patients])
        for tissue in (Tissue.SPLEEN, Tissue.KIDNEY_CORTEX, Tissue.VENA_CAVA, Tissue.PANCREAS)
    }
    assert 120.0 < volumes_ml[Tissue.SPLEEN] < 400.0
    assert 120.0 < volumes_ml[Tissue.KIDNEY_CORTEX] < 500.0
    assert 20.0 < volumes_ml[Tissue.VENA_CAVA] < 200.0
    assert 30.0 < volumes_ml[Tissue.PANCREAS] < 160.0


def test_a_finer_label_map_shows_the_same_patient():
    coarse, fine = (
        random_abdomen(
            6, AbdomenSettings(spacing_mm=spacing_mm, field_of_view=FieldOfView.UPPER_ABDOMEN, tumor_share=0)
        )
        for spacing_mm in (4.0, 2.5)
    )
    assert fine.liver.volume_ml() == pytest.approx(coarse.liver.volume_ml(), rel=0.08)
    assert fine.labels.spacing_mm == (2.5, 2.5, 2.5)


def test_a_cut_field_of_view_ends_inside_the_liver():
    above = random_abdomen(2, replace(COARSE, field_of_view=FieldOfView.CUT_ABOVE)).liver.array
    below = random_abdomen(2, replace(COARSE, field_of_view=FieldOfView.CUT_BELOW)).liver.array
    assert above[-1].any() and not above[0].any()
    assert below[0].any() and not below[-1].any()


def test_the_whole_torso_shows_lungs_and_pelvis():
    labels = random_abdomen(1, replace(COARSE, field_of_view=FieldOfView.TORSO)).labels
    lungs_ml = np.sum(labels.array == Tissue.LUNG) * labels.voxel_volume_ml
    assert 1500.0 < lungs_ml < 8000.0
    assert (labels.array[: labels.shape[0] // 4] == Tissue.BONE_CORTEX).any()


def test_a_fixed_shape_is_kept_and_may_cut_the_body_laterally():
    abdomen = random_abdomen(0, AbdomenSettings(shape=(48, 64, 64)))
    assert abdomen.labels.shape == (48, 64, 64)
    assert (abdomen.labels.array[:, :, 0] != Tissue.AIR).any()


def test_a_tumor_has_the_volume_of_its_diameter(patient):
    center = _deep_point(patient)
    treated = with_tumors(patient, (Tumor(center, 40.0, TumorLook.HYPODENSE, 0.0, 7),))
    assert treated.tumor.volume_ml() == pytest.approx(np.pi / 6 * 4.0**3, rel=0.12)
    assert set(np.unique(treated.tumor_index.array)) == {0, 1}


def test_a_tumor_of_three_millimeters_is_never_lost(patient):
    center = _deep_point(patient)
    shifted = tuple(value + 1.4 for value in center)
    assert with_tumors(patient, (Tumor(shifted, 3.0, TumorLook.HYPODENSE, 0.0, 7),)).tumor.array.any()


def test_some_patients_have_small_tumors_only_and_none_more_than_asked_for(patient):
    groups = [random_tumors(patient.labels, 12, np.random.default_rng(seed)) for seed in range(120)]
    largest_mm = np.array([max(tumor.diameter_mm for tumor in group) for group in groups])
    assert largest_mm.max() > 60.0 and np.mean(largest_mm < 20.0) > 0.2
    assert {len(group) for group in groups} >= {1, 2, 12}


def test_a_small_tumor_inside_a_large_one_keeps_its_number(patient):
    center = _deep_point(patient)
    small, large = (Tumor(center, size_mm, TumorLook.HYPODENSE, 0.0, 7) for size_mm in (12.0, 45.0))
    for tumors in ((small, large), (large, small)):
        assert set(np.unique(with_tumors(patient, tumors).tumor_index.array)) == {0, 1, 2}


@pytest.mark.parametrize("look", list(TumorLook))
def test_every_look_of_a_tumor_stays_inside_the_liver(patient, look):
    treated = with_tumors(patient, (Tumor(_deep_point(patient), 110.0, look, 0.08, 3),))
    changed = treated.labels.array != patient.labels.array
    assert changed.any() and patient.liver.array[changed].all()
    assert np.array_equal(treated.liver.array, patient.liver.array)
    assert treated.tumor.array.any() == (look is not TumorLook.CYST)


def test_a_pair_of_scans_has_the_same_anatomy_and_a_tumor_that_shrank_in_place(patient):
    before = with_tumors(patient, (Tumor(_deep_point(patient), 50.0, TumorLook.NECROTIC, 0.06, 9),))
    after = with_tumors(before, tuple(tumor.scaled(0.6) for tumor in before.tumors))
    assert after.tumor.volume_ml() == pytest.approx(0.6**3 * before.tumor.volume_ml(), rel=0.1)
    assert np.mean(before.tumor.array[after.tumor.array]) > 0.99
    outside = ~before.tumor.array
    assert np.array_equal(before.labels.array[outside], after.labels.array[outside])


def test_a_reaction_covers_its_isodose_in_the_liver(patient):
    center = _deep_point(patient)
    treated = with_reaction(patient, Reaction(center, (30.0, 30.0, 30.0), 0, 0.0, 1))
    distance_mm = np.linalg.norm(
        patient.labels.ijk_to_points(np.argwhere(patient.liver.array)[:, ::-1]) - np.asarray(center), axis=1
    )
    assert treated.reaction_mask.array.sum() == pytest.approx(np.sum(distance_mm < 30.0), rel=0.01)
    assert treated.liver.array[treated.reaction_mask.array].all()
    assert (treated.labels.array == Tissue.REACTION).any()
    assert not with_reaction(treated, None).reaction_mask.array.any()


def test_a_random_reaction_reaches_beyond_the_tumor_that_was_treated(patient):
    tumors = tuple(
        Tumor(tuple(map(float, patient.liver.ijk_to_points(index[::-1]))), size_mm, TumorLook.HYPODENSE, 0.0, 1)
        for index, size_mm in zip(np.argwhere(patient.liver.array)[[500, 9007]], (60.0, 90.0), strict=True)
    )
    drawn = [random_reaction(patient.labels, tumors, np.random.default_rng(seed)) for seed in range(60)]
    around = [[reaction for reaction in drawn if reaction.center_lps == tumor.center_lps] for tumor in tumors]
    assert len(around[0]) > 20 and not around[1]
    assert min(min(reaction.radii_mm) for reaction in around[0]) > 0.8 * (60.0 / 2 + 8.0)
    assert min(min(reaction.radii_mm) for reaction in drawn) > 14.0


def test_beams_and_irregularity_change_the_reaction_s_edge(patient):
    plain = Reaction(_deep_point(patient), (30.0, 30.0, 30.0), 0, 0.0, 1)
    smooth, rough, spiky = (
        with_reaction(patient, replace(plain, irregularity_mm=irregular, beams=beams)).reaction_mask.array
        for irregular, beams in ((0.0, 0), (3.0, 0), (0.0, 5))
    )
    assert 0.01 < np.mean(rough[smooth | rough] != smooth[smooth | rough]) < 0.5
    assert not (smooth & ~spiky).any() and spiky.sum() > smooth.sum()


def test_choices_may_be_given_by_their_text():
    settings = AbdomenSettings(field_of_view="abdomen", liver_kind="Riedel lobe")
    assert settings.field_of_view is FieldOfView.ABDOMEN and settings.liver_kind is LiverKind.RIEDEL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spacing_mm": 8.0}, "spacing must be 1 to 4 mm"),
        ({"shape": (8, 64, 64)}, "at least 16 voxels"),
        ({"liver_kind": "square"}, "liver_kind must be one of normal, right dominant"),
        ({"tumor_share": 1.5}, "tumor_share must be between 0 and 1"),
    ],
)
def test_settings_outside_their_range_are_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        AbdomenSettings(**change)


def test_a_tumor_without_size_is_refused():
    with pytest.raises(SettingsError, match="diameter must be positive"):
        Tumor((0.0, 0.0, 0.0), 0.0, TumorLook.RIM, 0.0, 0)


def _liver_alone(seed: int):
    build = random_build(stream(seed, "build"))
    form = random_liver(None, build.enlargement, stream(seed, "liver"))
    grid = BodyGrid((-190.0, -150.0, -260.0), (108, 75, 95), 4.0, build)
    paint_liver(grid, form, stream(seed, "vessels"))
    return form, grid.image(is_any(grid.labels, LIVER_TISSUES))


def _deep_point(patient) -> tuple[float, float, float]:
    """The place in mm deepest inside the liver."""
    depth = ndimage.distance_transform_edt(patient.liver.array)
    deepest = np.unravel_index(depth.argmax(), depth.shape)
    return tuple(float(value) for value in patient.labels.ijk_to_points(np.array(deepest[::-1])))
