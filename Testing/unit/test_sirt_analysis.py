"""A whole case: planted volumes and uptake come back, guidance stands beside, inputs are told."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.errors import SettingsError
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin
from hepadose.sirt.analysis import ActivityImage, DoseMethod, ImageKind, analyze, broken_limits
from hepadose.sirt.guidance import Kind, Part, Standing, guidance
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.mird import Delivery, mird_activity_gbq
from hepadose.sirt.physics import GLASS_IFU
from hepadose.sirt.prescription import DoseGoals, PrescriptionInput
from hepadose.sirt.products import products
from hepadose.sirt.ratios import activity_ratios
from hepadose.sirt.regions import OutlinedRegions

SPACING_MM = (4.0, 4.0, 4.0)
RATIO = 4.0


def case(**changes):
    """A liver of 1536 ml with a tumor of 96 ml that takes up four times as much, and its concentration."""
    liver, tumor = np.zeros((40, 40, 60), bool), np.zeros((40, 40, 60), bool)
    liver[5:35, 5:37, 5:30] = True
    tumor[10:20, 10:25, 10:20] = True
    concentration = np.where(tumor, RATIO, 1.0) * liver
    images = [Image(array, SPACING_MM) for array in (liver, tumor, concentration)]
    outlined = OutlinedRegions(images[0], (("tumor", images[1]),))
    given = {"volumes": Volumes(1500, 1500, 0), "patient": Patient(1.75, 75)} | changes
    return outlined, PrescriptionInput(products()[given.pop("product", "glass")], **given), images[2]


class TestPlanted:
    def test_volumes_come_from_the_outlines(self):
        outlined, given, _ = case()
        result, dose = analyze(outlined, given, "bilobar")
        assert result.volumes_ml["liver"] == pytest.approx(30 * 32 * 25 * 0.064)
        assert result.volumes_ml["tumor"] == pytest.approx(96.0)
        assert result.prescription.input.volumes.tumor_ml == pytest.approx(96.0)
        assert dose is None and result.doses == ()

    @pytest.mark.parametrize("kind", ImageKind)
    def test_planted_uptake_is_measured_and_used(self, kind):
        outlined, given, image = case(goals=DoseGoals(normal_limit_gy=40))
        result, _ = analyze(outlined, given, "bilobar", ActivityImage(image, kind, 2.0))
        name, volume_ml, ratio = result.prescription.input.uptake[0]
        assert (name, volume_ml) == ("tumor", pytest.approx(96.0))
        assert ratio == pytest.approx(RATIO, rel=0.02)
        assert result.prescription.row("partition").normal_gy == pytest.approx(40.0)

    def test_counts_of_a_known_activity_give_the_dose_of_one_compartment(self):
        outlined, given, image = case(delivery=Delivery(0.05, 0.01))
        result, _ = analyze(outlined, given, "bilobar", ActivityImage(image, ImageKind.COUNTS, 2.0))
        mean_gy = next(row.mean_gy for row in result.doses if row.kind == "liver")
        mass_kg = result.volumes_ml["liver"] * given.density_g_per_ml / 1000
        assert mird_activity_gbq(mean_gy, mass_kg, given.delivery, GLASS_IFU) == pytest.approx(2.0, rel=1e-3)

    def test_given_uptake_goes_before_the_measured_one(self):
        outlined, given, image = case(goals=DoseGoals(tumor_gy=100), uptake=(("tumor", 96.0, 2.0),))
        result, _ = analyze(outlined, given, "bilobar", ActivityImage(image, ImageKind.COUNTS, 2.0))
        assert result.prescription.input.uptake == (("tumor", 96.0, 2.0),)

    def test_a_kernel_spreads_the_dose_beyond_the_tumor(self):
        outlined, given, image = case()
        local, spread = (
            analyze(outlined, given, "bilobar", ActivityImage(image, ImageKind.COUNTS, 2.0, method))[0]
            for method in (DoseMethod.LOCAL, DoseMethod.KERNEL)
        )
        assert spread.doses[0].mean_gy < local.doses[0].mean_gy
        assert spread.dose_method == "voxel kernel"


class TestTold:
    def test_counts_without_an_activity_are_refused(self):
        _, _, image = case()
        with pytest.raises(SettingsError, match="Counts become a dose only with the activity"):
            ActivityImage(image, ImageKind.COUNTS)

    def test_a_vial_that_disagrees_with_the_image_is_told_and_nothing_is_corrected(self):
        outlined, given, image = case(product="resin")
        whole_gbq = image.array.sum() * 0.064 / 1000
        result, _ = analyze(outlined, given, "bilobar", ActivityImage(image, ImageKind.CONCENTRATION, whole_gbq / 1.3))
        assert result.image_activity_gbq == pytest.approx(whole_gbq)
        text = next(finding.text for finding in result.findings if finding.subject == "Activity")
        assert "+30%" in text and "Nothing was corrected" in text and "label" in text

    def test_a_vial_that_agrees_is_told_too(self):
        outlined, given, image = case()
        whole_gbq = image.array.sum() * 0.064 / 1000
        result, _ = analyze(outlined, given, "bilobar", ActivityImage(image, ImageKind.CONCENTRATION, whole_gbq))
        assert not any(finding.subject == "Activity" and finding.level == "warning" for finding in result.findings)

    def test_origins_travel_with_the_result(self):
        outlined, given, _ = case()
        origin = SegmentationOrigin("liver", "0.3.0", edited=True)
        result, _ = analyze(outlined, given, "bilobar", origins={"liver": origin})
        assert result.origins["liver"].edited


class TestGuidance:
    def test_directions_are_kept_apart(self):
        parts = {(each.part, each.kind) for each in guidance("glass", "lobectomy")}
        assert (Part.NORMAL_TERRITORY, Kind.TARGET) in parts
        assert (Part.NORMAL_LIVER, Kind.LIMIT) in parts

    def test_every_limit_has_an_upper_and_every_target_a_lower_end(self):
        for matrix in ("glass", "resin"):
            for treatment in ("segmentectomy", "lobectomy", "unilobar", "bilobar"):
                for each in guidance(matrix, treatment):
                    assert (each.to_gy if each.kind is Kind.LIMIT else each.from_gy) is not None
                    assert "Gy" in each.text()

    def test_without_a_disease_every_value_shows_the_one_it_was_published_for(self):
        texts = [each.text() for each in guidance("glass", "unilobar") if each.part is Part.TUMOR]
        assert [text[text.index("(") :] for text in texts] == ["(HCC)", "(ICC)", "(mCRC)"]

    @pytest.mark.parametrize(
        ("disease", "tumor_gy"), [("HCC", [205]), ("ICC", [260]), ("mCRC", [189])], ids=["HCC", "ICC", "mCRC"]
    )
    @pytest.mark.parametrize("treatment", ["lobectomy", "unilobar", "bilobar"])
    def test_a_stated_disease_leaves_its_own_values_and_the_general_ones(self, disease, tumor_gy, treatment):
        values = guidance("glass", treatment, disease)
        assert [each.from_gy for each in values if each.part is Part.TUMOR] == tumor_gy
        assert all(not each.disease or disease in each.disease for each in values)
        assert any(each.part is Part.NORMAL_LIVER and each.kind is Kind.LIMIT for each in values)

    def test_a_value_for_the_disease_replaces_the_general_one_of_the_same_part(self):
        general = [each for each in guidance("glass", "bilobar", "ICC") if each.part is Part.NORMAL_LIVER]
        own = [each for each in guidance("glass", "bilobar", "mCRC") if each.part is Part.NORMAL_LIVER]
        assert ([each.to_gy for each in general], [each.to_gy for each in own]) == ([50], [75])

    def test_the_result_says_for_which_disease_it_was_compared(self):
        outlined, given, image = case(product="resin")
        result, _ = analyze(outlined, given, "unilobar", ActivityImage(image, ImageKind.COUNTS, 2.0), disease="mCRC")
        assert result.disease == "mCRC"
        assert all(set(row.guidance.disease) <= {"mCRC"} for row in result.guidance)
        with pytest.raises(SettingsError, match="HCC \\(hepatocellular carcinoma\\)"):
            guidance("glass", "bilobar", "cancer")

    def test_an_exceeded_limit_is_found(self):
        outlined, given, image = case(product="resin")
        result, _ = analyze(outlined, given, "unilobar", ActivityImage(image, ImageKind.COUNTS, 5.0))
        broken = broken_limits(result)
        assert broken
        assert all(row.standing is Standing.EXCEEDED for row in broken)

    def test_an_unknown_treatment_is_refused(self):
        with pytest.raises(SettingsError, match="segmentectomy, lobectomy, unilobar, bilobar"):
            guidance("glass", "whole")


class TestRatios:
    def test_one_compartment_follows_the_volume_and_body_surface_hardly(self):
        _, given, _ = case(product="resin", goals=DoseGoals(territory_gy=60))
        found = {
            row.model: row.ratio for row in activity_ratios(given, Volumes(1650, 1650, 100), Volumes(1500, 1500, 100))
        }
        assert found["mird"] == pytest.approx(1.1)
        assert 0.98 < found["bsa"] < 1.0
