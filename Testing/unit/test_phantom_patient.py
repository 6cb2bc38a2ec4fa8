"""One small digital patient in memory: anatomy, dose, motion and reaction are what they are said to be."""

from dataclasses import replace

import numpy as np
import pytest

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, resample
from hepadose.phantom.motion import as_transform
from hepadose.phantom.patient import SimulatedPatient, measures, simulate
from hepadose.phantom.reaction import edge_median, plant_reaction
from hepadose.phantom.settings import DigitalPatientSettings, Technique

SETTINGS = DigitalPatientSettings(
    matrix=96, planning_slice_mm=5.0, follow_up_slice_mm=5.0, planted_gy=28.0, edge_irregularity_mm=1.0, seed=3
)


@pytest.fixture(scope="module")
def patient() -> SimulatedPatient:
    return simulate(SETTINGS)


@pytest.fixture(scope="module")
def dose_on_follow_up(patient: SimulatedPatient) -> Image:
    return resample(patient.dose, patient.follow_up_ct, as_transform(patient.displacement))


def volume_ml(patient: SimulatedPatient, region: str) -> float:
    share = patient.anatomy.region(region)
    return float(share.array.sum()) * share.voxel_volume_ml


@pytest.mark.parametrize(
    ("region", "low_ml", "high_ml"),
    [
        ("liver", 1200, 1950),
        ("spleen", 100, 350),
        ("left kidney", 100, 230),
        ("right kidney", 100, 230),
        ("stomach", 150, 500),
        ("gallbladder", 10, 60),
        ("pancreas", 40, 130),
    ],
)
def test_organs_have_the_volumes_of_an_adult(patient, region, low_ml, high_ml):
    assert low_ml < volume_ml(patient, region) < high_ml


def test_the_liver_lies_inside_the_body_and_apart_from_other_organs(patient):
    liver = patient.anatomy.liver_distance.array < -2.0
    assert patient.anatomy.region("body").array[liver].min() > 0.99
    for organ in ("spleen", "left kidney", "heart", "lungs", "spinal cord"):
        assert np.mean(liver & (patient.anatomy.region(organ).array > 0.5)) < 1e-4


def test_most_of_the_liver_lies_to_the_right(patient):
    points = np.argwhere(patient.anatomy.liver_distance.array < 0)[:, ::-1]
    x = patient.anatomy.liver_distance.ijk_to_points(points)[:, 0]
    assert np.mean(x < 0) > 0.7


def test_tissues_have_their_ct_numbers(patient):
    planning = patient.planning_ct
    deep = resample(patient.anatomy.liver_distance, planning, outside=60.0).array < -12.0
    away = patient.target.gtv_distance_on(planning).array > 10.0
    assert np.median(planning.array[deep & away]) == pytest.approx(74.0, abs=8.0)
    lung = resample(patient.anatomy.region("lungs"), planning).array > 0.99
    assert np.median(planning.array[lung]) == pytest.approx(-850.0, abs=15.0)


def test_the_tumor_is_dark_before_and_smaller_afterwards(patient):
    gtv = patient.target.gtv_distance
    planning = patient.planning_ct
    tumor_mm = resample(gtv, planning, outside=99.0).array
    ring = (tumor_mm > 6.0) & (tumor_mm < 14.0)
    ring &= resample(patient.anatomy.liver_distance, planning, outside=60.0).array < -4.0
    assert planning.array[tumor_mm < -4.0].mean() < planning.array[ring].mean() - 12.0


def test_the_plan_is_conformal_and_hot_in_the_center(patient):
    prescription_gy = Technique.SBRT5.prescription_gy
    inside = patient.target.ptv_distance.array < 0.0
    dose = patient.dose.array
    assert np.mean(dose[inside] >= 0.95 * prescription_gy) > 0.95
    assert 1.15 < dose.max() / prescription_gy < 1.35
    conformity = np.count_nonzero(dose >= prescription_gy) / np.count_nonzero(inside)
    assert 0.8 < conformity < 1.3


def test_the_dose_falls_off_as_steeply_as_in_clinical_plans(patient):
    distance_mm, dose = patient.target.ptv_distance.array, patient.dose.array / Technique.SBRT5.prescription_gy
    steps = np.arange(-6.0, 40.0)
    profile = np.array([dose[(distance_mm >= low) & (distance_mm < low + 1.0)].mean() for low in steps])
    to_80, to_50, to_20 = (np.interp(-level, -profile, steps) for level in (0.8, 0.5, 0.2))
    assert 5.0 < to_50 - to_80 < 11.0
    assert 12.0 < to_20 - to_80 < 26.0
    half = np.count_nonzero(dose >= 0.5) / np.count_nonzero(distance_mm < 0.0)
    assert 3.0 < half < 5.0


def test_beams_leave_a_low_dose_bath_on_the_way_in_and_none_on_the_other_side(patient):
    body = resample(patient.anatomy.region("body"), patient.dose).array > 0.99
    far = body & (patient.target.ptv_distance.array > 35.0)
    level = np.abs(patient.dose.ijk_to_points(np.argwhere(far)[:, ::-1])[:, 2] - patient.target.center_lps[2]) < 10.0
    entrance_gy = patient.dose.array[far][level]
    assert 2.0 < np.quantile(entrance_gy, 0.9) < 15.0
    assert np.quantile(entrance_gy, 0.1) < 0.5


def test_there_is_no_dose_outside_the_body(patient):
    outside = resample(patient.anatomy.region("body"), patient.dose).array < 0.01
    assert patient.dose.array[outside].max() < 1.0


def test_the_liver_shrinks_as_ordered(patient):
    sizes = measures(patient)
    assert 1.0 - sizes["follow_up_liver_ml"] / sizes["planning_liver_ml"] == pytest.approx(0.07, abs=0.012)


def test_the_deformation_does_not_fold(patient):
    import SimpleITK as sitk

    jacobian = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(patient.displacement))[2:-2, 2:-2, 2:-2]
    assert jacobian.min() > 0.5
    assert jacobian.max() < 1.8


def test_the_follow_up_has_another_frame_another_table_and_another_field_of_view(patient):
    planning, follow_up = patient.planning_ct, patient.follow_up_ct
    assert abs(planning.origin_lps[2] - follow_up.origin_lps[2]) > 100.0
    assert planning.spacing_mm[0] != follow_up.spacing_mm[0]


def test_without_irregularity_the_reaction_is_exactly_the_isodose_region(patient, dose_on_follow_up):
    settings = replace(SETTINGS, edge_irregularity_mm=0.0)
    transform = as_transform(patient.displacement)
    planted = plant_reaction(patient.anatomy, patient.dose, settings, patient.follow_up_ct, transform)
    assert np.array_equal(planted.mask.array, planted.liver.array & (dose_on_follow_up.array >= 28.0))


def test_an_irregular_edge_keeps_the_planted_dose_in_its_middle(patient, dose_on_follow_up):
    liver, mask = patient.reaction.liver.array, patient.reaction.mask.array
    smooth = liver & (dose_on_follow_up.array >= 28.0)
    assert np.count_nonzero(mask != smooth) > 0.03 * np.count_nonzero(smooth)
    assert edge_median(dose_on_follow_up, mask, liver) == pytest.approx(
        edge_median(dose_on_follow_up, smooth, liver), abs=0.1
    )


def test_the_reaction_lies_in_the_liver_and_is_large_enough(patient):
    assert not (patient.reaction.mask.array & ~patient.reaction.liver.array).any()
    assert 30.0 < patient.reaction.mask.volume_ml() < 600.0


def test_the_reaction_shows_its_contrast_in_the_ct(patient, dose_on_follow_up):
    hu, tumor = patient.follow_up_ct.array, 45.0
    core = patient.reaction.mask.array & (dose_on_follow_up.array > 31.0) & (dose_on_follow_up.array < tumor)
    capsule_mm = resample(
        patient.anatomy.liver_distance, patient.follow_up_ct, as_transform(patient.displacement), outside=60.0
    ).array
    around = (capsule_mm < -8.0) & (dose_on_follow_up.array < 22.0)
    assert np.median(hu[core]) - np.median(hu[around]) == pytest.approx(SETTINGS.reaction_contrast_hu, abs=6.0)


def test_the_edge_median_of_a_slab_is_the_dose_between_its_voxels():
    dose = Image(np.broadcast_to(np.arange(6.0), (2, 3, 6)).copy())
    everywhere = np.ones(dose.shape, bool)
    assert edge_median(dose, dose.array >= 3.0, everywhere) == 2.5
    assert np.isnan(edge_median(dose, everywhere, everywhere))


def test_a_dose_that_no_liver_receives_is_refused(patient):
    cold = patient.dose.with_array(0.1 * patient.dose.array)
    with pytest.raises(EmptyRegionError, match=r"Only 0\.0 ml of liver receive 28\.0 Gy; plant a lower dose"):
        plant_reaction(patient.anatomy, cold, SETTINGS, patient.follow_up_ct, as_transform(patient.displacement))
