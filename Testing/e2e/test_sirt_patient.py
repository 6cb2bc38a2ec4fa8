"""Digital patients of radioembolization from the command to the result: what was planted comes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.batch.sirt import run_sirt
from hepadose.batch.sirt_job import RegionNames, SirtJob
from hepadose.batch.volume import read_ct
from hepadose.cli import main
from hepadose.sirt.analysis import ImageKind
from hepadose.sirt.inputs import Patient
from hepadose.sirt.prescription import DoseGoals
from hepadose.sirt_patient import (
    ActivityScan,
    PlantedSirt,
    SirtPatientSettings,
    TreatedPart,
    make_sirt_patient,
    read_sirt_truth,
)

WITHIN = 0.01
EXACT = 1e-4
NAMES = RegionNames("Liver", "Territory", "Lungs")
GOALS = DoseGoals(territory_gy=120.0, tumor_gy=150.0, normal_limit_gy=40.0)
BODY = Patient(1.75, 75.0)
RESIN = SirtPatientSettings(
    product="resin",
    injected_gbq=1.6,
    lung_shunt=0.06,
    residual=0.03,
    spacing_mm=3.0,
    hours_after_injection=20.0,
    seed=7,
)
GLASS = SirtPatientSettings(part=TreatedPart.LEFT, spacing_mm=3.0, lung_shunt=0.12, liver_kind=None, seed=21)


def analyzed(folder, output, truth: PlantedSirt, image="pet", injected_gbq=None):
    """The product's own door on the files of a patient."""
    job = SirtJob(
        truth.product,
        names=NAMES,
        patient=BODY,
        delivery=truth.delivery,
        goals=GOALS,
        activity_file=folder / f"{image}.nrrd",
        activity_kind=ImageKind.CONCENTRATION if image == "pet" else ImageKind.COUNTS,
        hours_after_injection=truth.settings["hours_after_injection"],
        injected_gbq=truth.injected_gbq if injected_gbq is None else injected_gbq,
    )
    return run_sirt(folder / "segments.seg.nrrd", output, job, overwrite=True).result


@pytest.fixture(scope="module", params=[RESIN, GLASS], ids=["resin, right lobe", "glass, left lobe"])
def exact(request, tmp_path_factory):
    """A patient whose images hold what was planted, and what comes out of PET and SPECT."""
    folder = tmp_path_factory.mktemp("exact")
    truth = make_sirt_patient(folder / "case", request.param)
    assert read_sirt_truth(folder / "case").regions == truth.regions
    return truth, {image: analyzed(folder / "case", folder / image, truth, image) for image in ("pet", "spect")}


class TestExact:
    def test_the_images_activity_is_that_which_left_the_vial(self, exact):
        truth, results = exact
        delivered_gbq = truth.injected_gbq * (1 - truth.residual)
        assert results["pet"].image_activity_gbq == pytest.approx(delivered_gbq, rel=EXACT)
        in_liver = delivered_gbq * (1 - truth.lung_shunt)
        assert results["pet"].liver_activity_gbq == pytest.approx(in_liver, rel=EXACT)

    @pytest.mark.parametrize("image", ["pet", "spect"])
    def test_volumes_mean_doses_and_uptake_of_every_region_come_back(self, exact, image):
        truth, results = exact
        doses = {row.name: row for row in results[image].doses}
        assert set(doses) == set(truth.regions) - ({"lungs"} if image == "spect" else set())
        for name, row in doses.items():
            planted = truth.regions[name]
            assert row.volume_ml == pytest.approx(planted.volume_ml, rel=EXACT), name
            assert row.mean_gy == pytest.approx(planted.mean_gy, rel=EXACT), name
            if planted.uptake_ratio is not None:
                assert row.uptake_ratio == pytest.approx(planted.uptake_ratio, rel=EXACT), name

    def test_the_activity_of_every_region_comes_back_from_its_dose(self, exact):
        truth, results = exact
        for row in results["pet"].doses:
            mass_kg = truth.lung_mass_kg if row.kind == "lungs" else row.volume_ml * truth.density_g_per_ml / 1000
            found_gbq = row.mean_gy * mass_kg / truth.gy_kg_per_gbq
            assert found_gbq == pytest.approx(truth.regions[row.name].activity_gbq, rel=EXACT), row.name

    def test_energy_is_that_of_all_decays_in_liver_and_lungs(self, exact):
        truth, results = exact
        doses = {row.kind: row for row in results["pet"].doses}
        liver_j = doses["liver"].mean_gy * doses["liver"].volume_ml * truth.density_g_per_ml / 1000
        lungs_j = doses["lungs"].mean_gy * truth.lung_mass_kg
        delivered_gbq = truth.injected_gbq * (1 - truth.residual)
        assert liver_j + lungs_j == pytest.approx(truth.gy_kg_per_gbq * delivered_gbq, rel=EXACT)

    def test_prescriptions_are_the_formulas_of_the_planted_volumes(self, exact):
        truth, results = exact
        rows = {(row.model, row.goal): row.activity_gbq for row in results["pet"].prescription.rows}
        for key, expected_gbq in by_hand(truth).items():
            assert rows[key] == pytest.approx(expected_gbq, rel=EXACT), key


def by_hand(truth: PlantedSirt) -> dict[tuple[str, str], float]:
    """The formulas on the planted volumes and ratios, from the files of truth alone."""
    k, rho = truth.gy_kg_per_gbq, truth.density_g_per_ml / 1000
    liver_ml, territory_ml = (truth.regions[name].volume_ml for name in ("liver", "territory"))
    tumors = [(region.volume_ml, region.uptake_ratio) for region in truth.tumors.values()]
    tumor_ml = sum(ml for ml, _ in tumors)
    arrives = (1 - truth.lung_shunt) * (1 - truth.residual)
    weighted_kg = rho * (territory_ml - tumor_ml + sum(ml * ratio for ml, ratio in tumors))
    found = {
        ("mird", "120 Gy to the territory"): 120 * territory_ml * rho / (k * arrives),
        ("partition", "40 Gy to normal liver"): 40 * weighted_kg / (k * arrives),
        ("partition", "150 Gy to every tumor"): 150 / min(ratio for _, ratio in tumors) * weighted_kg / (k * arrives),
    }
    if truth.product == "resin":
        surface_m2 = 0.007184 * 175**0.725 * 75**0.425
        shunted = 1.0 if truth.lung_shunt < 0.1 else 0.8
        gbq = (surface_m2 - 0.2) * territory_ml / liver_ml + tumor_ml / liver_ml
        found["bsa", "body surface and involvement"] = shunted * gbq
    return found


SIZES = replace(GLASS, part=TreatedPart.RIGHT, tumor_diameters_mm=(55.0, 30.0, 16.0), uptake_ratios=(5.0, 5.0, 5.0))


@pytest.fixture(scope="module")
def recovered(tmp_path_factory):
    """Measured over planted dose of each tumor by the resolution of the PET."""
    folder, found = tmp_path_factory.mktemp("blurred"), {}
    for fwhm_mm in (5.0, 10.0):
        settings = replace(SIZES, pet=ActivityScan(4.0, fwhm_mm))
        truth = make_sirt_patient(folder / f"{fwhm_mm}", settings)
        result = analyzed(folder / f"{fwhm_mm}", folder / f"out{fwhm_mm}", truth)
        assert result.image_activity_gbq == pytest.approx(truth.injected_gbq * (1 - truth.residual), rel=WITHIN)
        found[fwhm_mm] = [row.mean_gy / truth.regions[row.name].mean_gy for row in result.doses if row.kind == "tumor"]
    return found


class TestClinicalImages:
    def test_the_smaller_a_tumor_the_more_of_its_dose_is_missed(self, recovered):
        for large, middle, small in recovered.values():
            assert 1.0 > large > middle > small

    def test_the_worse_the_resolution_the_more_is_missed(self, recovered):
        assert all(sharp > blurred for sharp, blurred in zip(recovered[5.0], recovered[10.0], strict=True))

    def test_large_tumors_lose_little_and_small_ones_much(self, recovered):
        assert recovered[5.0][0] > 0.85
        assert recovered[10.0][2] < 0.6

    def test_noise_changes_means_little_but_shows_in_the_voxels(self, tmp_path):
        d95_gy, means = [], []
        for noise in (0.0, 0.3):
            settings = replace(SIZES, pet=ActivityScan(4.0, 6.0, noise))
            truth = make_sirt_patient(tmp_path / f"{noise}", settings)
            result = analyzed(tmp_path / f"{noise}", tmp_path / f"out{noise}", truth)
            row = next(row for row in result.doses if row.kind == "normal_territory")
            d95_gy.append(row.dose_at_percent_gy[95.0])
            means.append(row.mean_gy)
        assert means[1] == pytest.approx(means[0], rel=0.02)
        assert d95_gy[1] < 0.9 * d95_gy[0]

    @pytest.mark.parametrize(("calibration", "words"), [(1.25, "+25%"), (0.7, "-30%")])
    def test_a_calibration_that_is_off_is_told_and_nothing_is_corrected(self, tmp_path, calibration, words):
        truth = make_sirt_patient(tmp_path / "case", replace(GLASS, pet=ActivityScan(calibration=calibration)))
        result = analyzed(tmp_path / "case", tmp_path / "out", truth)
        told = [finding for finding in result.findings if finding.subject == "Activity"]
        assert len(told) == 1 and words in told[0].text and "Nothing was corrected" in told[0].text
        for row in result.doses:
            assert row.mean_gy == pytest.approx(calibration * truth.regions[row.name].mean_gy, rel=WITHIN)


class TestCommand:
    def test_a_patient_of_the_command_line_is_read_by_the_command_that_analyzes(self, tmp_path, capsys):
        made = ["sirt-patient", str(tmp_path / "case"), "--seed", "5", "--part", "right posterior sector", "--dicom"]
        assert main([*made, "--tumors", "40", "18", "--uptake", "4", "2.5", "--injected", "2", "--clinical"]) == 0
        assert "T/N 2.5" in capsys.readouterr().out
        truth = read_sirt_truth(tmp_path / "case")
        assert [region.uptake_ratio for region in truth.tumors.values()] == [4.0, 2.5]
        inputs = ["--territory", "territory", "--lungs", "lungs", "--activity", str(tmp_path / "case" / "pet.nrrd")]
        segments = str(tmp_path / "case" / "segments.seg.nrrd")
        assert main(["sirt", segments, "--output", str(tmp_path / "out"), *inputs]) == 0
        printed = capsys.readouterr().out
        assert "Tumor 1" in printed and "Tumor 2" in printed

        series = read_ct(tmp_path / "case" / "dicom").image
        nrrd = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "case" / "ct.nrrd")))
        assert np.array_equal(series.array, nrrd)

    def test_what_is_impossible_is_refused_in_a_sentence_and_leaves_nothing(self, tmp_path, capsys):
        for options, words in (
            (["--uptake", "3", "4", "--tumors", "30"], "Each tumor needs"),
            (["--tumors", "30", "30", "30", "30", "30"], "1 to 4 tumors"),
            (["--lung-shunt", "5"], "use 0.05"),
        ):
            assert main(["sirt-patient", str(tmp_path / "case"), *options]) == 1
            assert words in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
