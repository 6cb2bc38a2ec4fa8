"""Synthetic abdomens rendered as CT."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from hepadose.errors import SettingsError
from hepadose.phantom.settings import ContrastPhase
from hepadose.phantom.tissues import TISSUES
from hepadose.training.abdomen import (
    AbdomenSettings,
    FieldOfView,
    LiverKind,
    Reaction,
    RenderingSettings,
    Tissue,
    Tumor,
    TumorLook,
    random_abdomen,
    render_ct,
    with_reaction,
    with_tumors,
)
from hepadose.training.abdomen.contrast import LEAST_TUMOR_HU, palette
from hepadose.training.abdomen.lesions import LOOK_SHARES

NO_EXTRAS = {
    "random_intensity_share": 0.0,
    "fatty_liver_share": 0.0,
    "oral_contrast_share": 0.0,
    "metal_share": 0.0,
    "table_share": 0.0,
    "circle_share": 0.0,
    "tissue_spread": 0.0,
    "noise_hu": (2.0, 2.0),
    "slice_thickness_mm": (1.0, 1.0),
}
"""Nothing but tissue, kernel and a little noise."""
NAMES = {
    Tissue.LIVER: "liver",
    Tissue.SPLEEN: "spleen",
    Tissue.SUBCUTANEOUS_FAT: "subcutaneous fat",
    Tissue.LUNG: "lung",
    Tissue.ARTERY: "artery",
    Tissue.VENA_CAVA: "vena cava",
}


@pytest.fixture(scope="module")
def patient():
    """A patient with a normal liver and some chest in view, without tumors."""
    settings = AbdomenSettings(
        field_of_view=FieldOfView.CHEST_AND_ABDOMEN, liver_kind=LiverKind.NORMAL, tumor_share=0.0, reaction_share=0.0
    )
    return random_abdomen(5, settings)


def test_the_same_seed_gives_the_same_ct_and_another_seed_another_one(patient):
    first, again, other = (render_ct(patient, seed).array for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.mean(first != other) > 0.5


def test_a_ct_holds_whole_hu_on_the_grid_of_the_labels(patient):
    ct = render_ct(patient, 1)
    assert ct.same_grid_as(patient.labels)
    assert ct.array.dtype == np.float32 and np.array_equal(ct.array, np.rint(ct.array))
    assert ct.array.min() >= -1024.0 and ct.array.max() <= 3071.0


@pytest.mark.parametrize("phase", list(ContrastPhase))
def test_tissues_have_the_mean_of_their_phase_away_from_borders(patient, phase):
    ct = render_ct(patient, 3, RenderingSettings(phase=phase, **NO_EXTRAS)).array
    for tissue, name in NAMES.items():
        inside = ndimage.binary_erosion(patient.labels.array == tissue, iterations=2)
        assert inside.sum() > 30, tissue
        assert np.median(ct[inside]) == pytest.approx(TISSUES[name].mean_hu(phase), abs=9.0), tissue


def test_patients_take_up_contrast_medium_differently(patient):
    inside = ndimage.binary_erosion(patient.labels.array == Tissue.LIVER, iterations=3)
    settings = RenderingSettings(phase=ContrastPhase.PORTAL_VENOUS, random_intensity_share=0.0, fatty_liver_share=0.0)
    means = [render_ct(patient, seed, settings).array[inside].mean() for seed in range(8)]
    assert 4.0 < np.std(means) < 40.0
    assert 70.0 < np.mean(means) < 150.0


def test_a_fatty_liver_is_darker_than_the_same_liver_without_fat(patient):
    inside = ndimage.binary_erosion(patient.labels.array == Tissue.LIVER, iterations=3)
    plain, fatty = (
        render_ct(
            patient, 1, RenderingSettings(phase=ContrastPhase.NATIVE, **(NO_EXTRAS | {"fatty_liver_share": share}))
        )
        for share in (0.0, 1.0)
    )
    assert plain.array[inside].mean() - fatty.array[inside].mean() > 10.0


def test_random_intensities_follow_no_phase_but_air_stays_air(patient):
    settings = RenderingSettings(random_intensity_share=1.0, table_share=0.0, circle_share=0.0, metal_share=0.0)
    livers = []
    for seed in range(5):
        ct = render_ct(patient, seed, settings).array
        livers.append(np.median(ct[patient.labels.array == Tissue.LIVER]))
        air = ndimage.binary_erosion(patient.labels.array == Tissue.AIR, iterations=3)
        assert np.median(ct[air]) < -900.0
    assert np.ptp(livers) > 60.0


def test_noise_has_the_level_that_is_asked_for(patient):
    quiet, loud = (
        render_ct(
            patient, 4, RenderingSettings(phase=ContrastPhase.NATIVE, **(NO_EXTRAS | {"noise_hu": (hu, hu)}))
        ).array
        for hu in (0.0, 20.0)
    )
    inside = ndimage.binary_erosion(patient.labels.array == Tissue.LIVER, iterations=2)
    # Of 20 HU in voxels of 1 mm, the average over larger ones is left; less at the rim.
    averaged_hu = 20.0 / patient.labels.spacing_mm[0]
    assert 0.45 * averaged_hu < np.std((loud - quiet)[inside]) < 1.05 * averaged_hu


def test_thick_slices_blur_across_and_not_within_the_slice(patient):
    thin, thick = (
        render_ct(
            patient, 4, RenderingSettings(phase=ContrastPhase.NATIVE, **(NO_EXTRAS | {"slice_thickness_mm": (mm, mm)}))
        ).array
        for mm in (1.0, 7.5)
    )
    across = [np.abs(np.diff(ct, axis=0)).mean() for ct in (thin, thick)]
    within = [np.abs(np.diff(ct, axis=2)).mean() for ct in (thin, thick)]
    assert across[1] < 0.8 * across[0]
    assert within[1] / within[0] > across[1] / across[0] + 0.1


@pytest.mark.parametrize(("look", "brighter"), [(TumorLook.HYPODENSE, False), (TumorLook.LIPIODOL, True)])
def test_tumors_show_against_the_liver_as_their_look_says(patient, look, brighter):
    depth = ndimage.distance_transform_edt(patient.liver.array)
    center = patient.labels.ijk_to_points(np.array(np.unravel_index(depth.argmax(), depth.shape)[::-1]))
    ill = with_tumors(patient, (Tumor(tuple(center), 45.0, look, 0.02, 3),))
    ct = render_ct(ill, 2, RenderingSettings(phase=ContrastPhase.PORTAL_VENOUS, **NO_EXTRAS)).array
    tumor, liver = (
        ct[ndimage.binary_erosion(mask, iterations=2)].mean()
        for mask in (ill.tumor.array, ill.labels.array == Tissue.LIVER)
    )
    assert (tumor > liver) == brighter
    assert abs(tumor - liver) > 8.0


@pytest.mark.parametrize("fatty", [0.0, 1.0])
def test_no_tumor_is_so_faint_that_only_the_missing_vessels_show_it(fatty):
    tumors = tuple(Tumor((0, 0, 0), 30.0, look, 0.0, number) for number, look in enumerate(LOOK_SHARES))
    settings = RenderingSettings(random_intensity_share=0.0, fatty_liver_share=fatty)
    for seed in range(60):
        colors = palette(tumors, settings, np.random.default_rng(seed))
        apart = np.abs(colors.tumor_hu[1:] - colors.mean_hu[Tissue.LIVER])
        assert apart.min() >= LEAST_TUMOR_HU - 1e-3


def test_a_reaction_differs_from_the_liver_in_every_phase(patient):
    depth = ndimage.distance_transform_edt(patient.liver.array)
    center = patient.labels.ijk_to_points(np.array(np.unravel_index(depth.argmax(), depth.shape)[::-1]))
    ill = with_reaction(patient, Reaction(tuple(center), (32.0, 32.0, 32.0), 0, 1.0, 3))
    for seed, phase in enumerate(ContrastPhase):
        ct = render_ct(ill, seed, RenderingSettings(phase=phase, **NO_EXTRAS)).array
        changed, liver = (
            np.median(ct[ndimage.binary_erosion(ill.labels.array == tissue, iterations=2)])
            for tissue in (Tissue.REACTION, Tissue.LIVER)
        )
        assert abs(changed - liver) > 4.0, phase


def test_a_reaction_fades_into_the_liver_over_some_millimeters(patient):
    depth = ndimage.distance_transform_edt(patient.liver.array)
    center = patient.labels.ijk_to_points(np.array(np.unravel_index(depth.argmax(), depth.shape)[::-1]))
    ill = with_reaction(patient, Reaction(tuple(center), (34.0, 34.0, 34.0), 0, 0.0, 3))
    settings = RenderingSettings(phase=ContrastPhase.NATIVE, **(NO_EXTRAS | {"noise_hu": (0.0, 0.0)}))
    change = np.abs(render_ct(ill, 4, settings).array - render_ct(patient, 4, settings).array)
    inside = ndimage.distance_transform_edt(ill.reaction_mask.array) * 3.0
    parenchyma = ill.labels.array == Tissue.REACTION
    middle, edge = (
        np.median(change[parenchyma & (inside > low) & (inside <= high)]) for low, high in ((15, 99), (0, 3))
    )
    assert 0.4 * middle < edge < 0.9 * middle


def test_a_round_field_of_view_leaves_the_corners_empty(patient):
    ct = render_ct(patient, 1, RenderingSettings(**(NO_EXTRAS | {"circle_share": 1.0})))
    assert (ct.array[:, [0, 0, -1, -1], [0, -1, 0, -1]] == -1024.0).all()


def test_metal_is_bright_and_throws_streaks_in_its_slices_only(patient):
    plain, metal = (
        render_ct(patient, 1, RenderingSettings(**(NO_EXTRAS | {"metal_share": share, "noise_hu": (0.0, 0.0)}))).array
        for share in (0.0, 1.0)
    )
    assert metal.max() > 2500.0 > plain.max()
    changed = (np.abs(metal - plain) > 10.0).mean(axis=(1, 2))
    assert changed.max() > 0.02
    assert np.sum(changed > 0.005) < 0.35 * len(changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise_hu": (9.0, 3.0)}, "noise_hu must be a range"),
        ({"table_share": -0.1}, "table_share must be between 0 and 1"),
    ],
)
def test_settings_outside_their_range_are_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        RenderingSettings(**change)
