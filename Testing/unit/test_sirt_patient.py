"""The digital patient of radioembolization: its anatomy, its activity, its files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from hepadose.batch.segments import read_segments
from hepadose.errors import EmptyRegionError, GeometryMismatchError, OutputError, SettingsError, UnreadableFileError
from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.sirt_patient import (
    ActivityScan,
    SirtPatientSettings,
    TreatedPart,
    make_sirt_patient,
    read_sirt_truth,
)
from hepadose.sirt_patient import patient as patient_module
from hepadose.sirt_patient.activity import planted_concentration, take_pet, take_spect
from hepadose.sirt_patient.anatomy import TreatedAnatomy, build_treated_anatomy
from hepadose.sirt_patient.seg_nrrd import NamedRegion, write_seg_nrrd
from hepadose.sirt_patient.territory import treated_part
from hepadose.sirt_patient.truth import plant_activity

COARSE = SirtPatientSettings(spacing_mm=4.0, seed=3)


@pytest.fixture(scope="module")
def body():
    return build_treated_anatomy(COARSE)


def boxes() -> TreatedAnatomy:
    """A liver of 40 × 30 × 30 voxels, its right half, two tumors, and lungs above."""
    shape = (50, 40, 50)
    masks = {name: np.zeros(shape, bool) for name in ("liver", "territory", "lungs", "Tumor 1", "Tumor 2")}
    masks["liver"][5:35, 5:35, 5:45] = True
    masks["territory"][5:35, 5:35, 5:25] = True
    masks["Tumor 1"][10:20, 10:20, 10:20] = True
    masks["Tumor 2"][25:30, 25:30, 10:15] = True
    masks["lungs"][37:48, 5:35, 5:45] = True
    images = {name: Image(mask, (3.0, 3.0, 3.0)) for name, mask in masks.items()}
    tumors = {name: images[name] for name in ("Tumor 1", "Tumor 2")}
    ct = Image(np.zeros(shape, np.float32), (3.0, 3.0, 3.0))
    return TreatedAnatomy(ct, images["liver"], images["territory"], tumors, images["lungs"])


class TestAnatomy:
    def test_territory_lies_in_the_liver_and_tumors_in_the_territory_apart_from_each_other(self, body):
        inside = body.territory.array
        assert not (inside & ~body.liver.array).any()
        every = np.zeros(inside.shape, int)
        for tumor in body.tumors.values():
            assert tumor.array.any() and not (tumor.array & ~inside).any()
            every += tumor.array
        assert every.max() == 1
        assert not (body.lungs.array & body.liver.array).any()

    def test_the_right_lobe_is_on_the_right_and_the_sector_behind(self, body):
        def center(mask):
            return body.liver.ijk_to_points(np.argwhere(mask)[:, ::-1].mean(axis=0))

        parts = {part: treated_part(body.liver, part, stream(1, "territory")) for part in TreatedPart}
        # LPS: x rises to the left, y to the back.
        assert center(parts[TreatedPart.RIGHT])[0] < center(parts[TreatedPart.LEFT])[0] - 40.0
        assert center(parts[TreatedPart.POSTERIOR])[1] > center(parts[TreatedPart.RIGHT])[1] + 15.0
        assert not (parts[TreatedPart.RIGHT] & parts[TreatedPart.LEFT]).any()
        assert np.array_equal(parts[TreatedPart.WHOLE], body.liver.array)
        share = parts[TreatedPart.RIGHT].sum() / body.liver.array.sum()
        assert 0.5 < share < 0.72

    def test_the_lungs_are_air_and_tumors_differ_from_the_liver_in_the_ct(self, body):
        assert body.ct.array[body.lungs.array].mean() < -600.0
        assert 60.0 < np.median(body.ct.array[body.normal_territory.array]) < 160.0

    def test_one_seed_gives_one_patient_and_another_seed_another(self, body):
        again, other = build_treated_anatomy(COARSE), build_treated_anatomy(replace(COARSE, seed=4))
        assert np.array_equal(again.ct.array, body.ct.array)
        assert np.array_equal(again.territory.array, body.territory.array)
        assert other.liver.volume_ml() != body.liver.volume_ml()

    def test_diameters_and_number_of_tumors_can_be_given(self):
        wanted = replace(COARSE, tumor_diameters_mm=(20.0, 40.0), part=TreatedPart.WHOLE)
        volumes = [tumor.volume_ml() for tumor in build_treated_anatomy(wanted).tumors.values()]
        expected = [np.pi / 6 * (mm / 10) ** 3 for mm in (40.0, 20.0)]
        assert volumes == pytest.approx(expected, rel=0.25)

    def test_a_territory_without_room_is_refused(self, monkeypatch):
        monkeypatch.setattr("hepadose.sirt_patient.anatomy.treated_part", lambda liver, *rest: liver.array & False)
        with pytest.raises(EmptyRegionError, match="no room for the tumors"):
            build_treated_anatomy(COARSE)


class TestSettings:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"product": "gold"}, "known are glass, resin"),
            ({"part": "middle lobe"}, "right lobe"),
            ({"injected_gbq": 100.0}, "injected activity"),
            ({"tumor_diameters_mm": ()}, "1 to 4 tumors"),
            ({"tumor_diameters_mm": (5.0,)}, "diameter of a tumor"),
            ({"uptake_ratios": (60.0,)}, "T/N ratio"),
            ({"tumor_diameters_mm": (30.0,), "uptake_ratios": (3.0, 2.0)}, "got 1 and 2"),
            ({"spacing_mm": 9.0}, "spacing of the CT"),
        ],
    )
    def test_what_is_impossible_is_refused(self, changes, words):
        with pytest.raises(SettingsError, match=words):
            SirtPatientSettings(**changes)

    @pytest.mark.parametrize("changes", [{"spacing_mm": 0.5}, {"fwhm_mm": 40.0}, {"noise": -1.0}, {"calibration": 0.0}])
    def test_an_impossible_scan_is_refused(self, changes):
        with pytest.raises(SettingsError):
            ActivityScan(**changes)


RATIO = st.floats(0.5, 12.0)


class TestActivity:
    @settings(max_examples=25, deadline=None)
    @given(st.floats(0.5, 10.0), st.floats(0.0, 0.4), st.floats(0.0, 0.3), st.tuples(RATIO, RATIO))
    def test_activity_and_energy_are_shared_out_without_loss(self, injected_gbq, shunt, residual, ratios):
        chosen = SirtPatientSettings(injected_gbq=injected_gbq, lung_shunt=shunt, residual=residual)
        anatomy = boxes()
        truth = plant_activity(anatomy, ratios, chosen)
        parts = [truth.regions["normal liver in the territory"], truth.regions["lungs"], *truth.tumors.values()]
        delivered_gbq = injected_gbq * (1 - residual)
        assert sum(part.activity_gbq for part in parts) == pytest.approx(delivered_gbq)
        kg = [part.volume_ml * truth.density_g_per_ml / 1000 for part in parts]
        kg[1] = truth.lung_mass_kg
        energy_j = sum(part.mean_gy * mass for part, mass in zip(parts, kg, strict=True))
        assert energy_j == pytest.approx(truth.gy_kg_per_gbq * delivered_gbq)
        concentration = planted_concentration(anatomy, truth)
        assert concentration.array.sum() * concentration.voxel_volume_ml == pytest.approx(1e9 * delivered_gbq)
        normal_gy = parts[0].mean_gy
        for tumor, ratio in zip(truth.tumors.values(), ratios, strict=True):
            assert tumor.mean_gy / normal_gy == pytest.approx(ratio)

    @pytest.mark.parametrize("spacing_mm", [None, 4.0, 4.8, 7.0])
    @pytest.mark.parametrize("fwhm_mm", [0.0, 6.0, 14.0])
    def test_a_camera_keeps_the_activity_of_the_whole_image(self, spacing_mm, fwhm_mm):
        chosen = SirtPatientSettings(pet=ActivityScan(spacing_mm, fwhm_mm, 0.1), hours_after_injection=64.1)
        anatomy = boxes()
        truth = plant_activity(anatomy, (4.0, 2.0), chosen)
        pet = take_pet(planted_concentration(anatomy, truth), truth, chosen)
        gbq = pet.array.sum(dtype=float) * pet.voxel_volume_ml / 1e9
        assert gbq == pytest.approx(0.5 * truth.injected_gbq * (1 - truth.residual), rel=0.01)
        assert pet.spacing_mm[0] == pytest.approx(spacing_mm or 3.0)

    def test_a_grid_of_its_own_covers_the_same_place(self):
        chosen = SirtPatientSettings(pet=ActivityScan(4.4, 5.0))
        anatomy = boxes()
        truth = plant_activity(anatomy, (4.0, 2.0), chosen)
        pet = take_pet(planted_concentration(anatomy, truth), truth, chosen)

        def center(image):
            points = image.ijk_to_points(np.argwhere(image.array > -1)[:, ::-1])
            return np.average(points, axis=0, weights=image.array.ravel())

        assert center(pet) == pytest.approx(center(planted_concentration(anatomy, truth)), abs=0.3)

    def test_counts_are_proportional_to_the_concentration(self):
        chosen = SirtPatientSettings()
        anatomy = boxes()
        truth = plant_activity(anatomy, (4.0, 2.0), chosen)
        concentration = planted_concentration(anatomy, truth)
        spect = take_spect(concentration, truth, chosen)
        inside = concentration.array > 0
        assert np.ptp(spect.array[inside] / concentration.array[inside]) < 1e-6 * spect.array.max()
        lungs = spect.array[anatomy.lungs.array].sum() / spect.array.sum()
        assert lungs == pytest.approx(truth.lung_shunt, rel=1e-4)

    def test_noise_has_the_size_that_was_asked_for(self):
        anatomy, noise = boxes(), 0.2
        chosen = SirtPatientSettings(pet=ActivityScan(noise=noise))
        truth = plant_activity(anatomy, (4.0, 2.0), chosen)
        pet = take_pet(planted_concentration(anatomy, truth), truth, chosen)
        values = pet.array[anatomy.normal_territory.array]
        assert values.std() / values.mean() == pytest.approx(noise, rel=0.1)


class TestFiles:
    def test_segments_come_back_by_name_also_where_they_overlap(self, tmp_path):
        anatomy = boxes()
        turned = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        moved = {
            region.name: replace(region.mask, origin_lps=(-3.5, 2.25, 100.1), direction=turned)
            for region in patient_module.named_regions(anatomy)
        }
        regions = [replace(region, mask=moved[region.name]) for region in patient_module.named_regions(anatomy)]
        write_seg_nrrd(tmp_path / "a.seg.nrrd", regions)
        found = read_segments(tmp_path / "a.seg.nrrd")
        assert list(found) == ["Liver", "Lungs", "Territory", "Tumor 1", "Tumor 2"]
        for name, mask in found.items():
            assert np.array_equal(mask.array, moved[name].array), name
            assert mask.same_grid_as(moved[name])

    def test_one_layer_still_makes_a_file_with_segments(self, tmp_path):
        liver = NamedRegion("Liver", boxes().liver, (1.0, 0.0, 0.0), 0)
        write_seg_nrrd(tmp_path / "a.seg.nrrd", [liver])
        assert np.array_equal(read_segments(tmp_path / "a.seg.nrrd")["Liver"].array, liver.mask.array)

    def test_what_overlaps_needs_layers_and_grids_must_agree(self, tmp_path):
        anatomy = boxes()
        liver, part = (
            NamedRegion(name, mask, (1.0, 0.0, 0.0), 0)
            for name, mask in (("a", anatomy.liver), ("b", anatomy.territory))
        )
        with pytest.raises(SettingsError, match="b overlaps"):
            write_seg_nrrd(tmp_path / "a.seg.nrrd", [liver, part])
        elsewhere = replace(part, mask=replace(part.mask, origin_lps=(5.0, 0.0, 0.0)))
        with pytest.raises(GeometryMismatchError):
            write_seg_nrrd(tmp_path / "a.seg.nrrd", [liver, elsewhere])
        assert not list(tmp_path.iterdir())

    def test_the_same_settings_give_the_same_bytes_and_the_truth_comes_back(self, body, tmp_path, monkeypatch):
        monkeypatch.setattr(patient_module, "build_treated_anatomy", lambda settings: body)
        truth = make_sirt_patient(tmp_path / "one", COARSE)
        make_sirt_patient(tmp_path / "two", COARSE)
        for path in (tmp_path / "one").iterdir():
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
        assert read_sirt_truth(tmp_path / "one").regions == truth.regions
        assert read_sirt_truth(tmp_path / "one").delivery == truth.delivery
        ct = sitk.ReadImage(str(tmp_path / "one" / "ct.nrrd"))
        assert ct.GetPixelID() == sitk.sitkInt16

    def test_a_full_folder_is_refused_and_a_stopped_one_does_not_appear(self, tmp_path, monkeypatch):
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "file").write_text("")
        with pytest.raises(OutputError, match="not empty"):
            make_sirt_patient(tmp_path / "full", COARSE)

        def stop(text, share):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_sirt_patient(tmp_path / "new", COARSE, stop)
        with pytest.raises(OutputError, match="choose another folder"):
            make_sirt_patient(tmp_path / "full" / "file" / "case", COARSE)
        assert [path.name for path in tmp_path.iterdir()] == ["full"]

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"regions": {"liver": {"x": 1}}}'])
    def test_a_damaged_truth_is_told(self, tmp_path, content):
        (tmp_path / "truth.json").write_text(content)
        with pytest.raises(UnreadableFileError, match="make the digital patient again"):
            read_sirt_truth(tmp_path)
