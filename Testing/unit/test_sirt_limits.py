"""Energy balance, limits and refusals of the prescription models, for any patient."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepadose.errors import EmptyRegionError, SettingsError, UnitsError
from hepadose.images import Image
from hepadose.sirt.bsa import bsa_activity_gbq, shunt_factor
from hepadose.sirt.decay import choose_vials, decayed_gbq, hours_between, hours_until, ordered_gbq, residual_fraction
from hepadose.sirt.decay_tags import DecayCorrection, PetTimes, factor_of_f18_protocol, factor_to_injection
from hepadose.sirt.inputs import Patient, Volumes, require_shunt
from hepadose.sirt.kernels import kernel, kernel_dose
from hepadose.sirt.local_dose import concentration_of_known_activity, local_dose, uptake_ratio
from hepadose.sirt.mird import Delivery, lung_dose_gy, mird_activity_gbq, mird_dose_gy
from hepadose.sirt.partition import Territory, TumorUptake, partition_dose
from hepadose.sirt.physics import GLASS_IFU, PARTITION, physical, preset
from hepadose.sirt.prescription import DoseGoals, PrescriptionInput, prescribe
from hepadose.sirt.products import products
from hepadose.sirt.shunt import PlanarCounts, lung_mass_kg, planar_shunt, volume_shunt

masses = st.floats(0.01, 3.0)
ratios = st.floats(0.1, 50.0)
deliveries = st.builds(Delivery, st.floats(0.0, 0.5), st.floats(0.0, 0.3), st.floats(0.3, 2.0))
territories = st.builds(Territory, masses, st.lists(st.builds(TumorUptake, masses, ratios), max_size=4).map(tuple))
activities = st.floats(0.01, 20.0)


class TestEnergy:
    @given(activities, territories, deliveries)
    def test_nothing_is_lost_in_the_partition(self, activity, territory, delivery):
        dose = partition_dose(activity, territory, delivery, PARTITION)
        energy = dose.normal_gy * territory.normal_kg + dose.lungs_gy * delivery.lung_mass_kg
        energy += sum(gy * tumor.mass_kg for gy, tumor in zip(dose.tumors_gy, territory.tumors, strict=True))
        assert energy == pytest.approx(PARTITION.gy_kg_per_gbq * activity * (1 - delivery.residual), rel=1e-9)

    @given(activities, masses, masses, deliveries)
    def test_equal_uptake_is_one_compartment(self, activity, tumor_kg, normal_kg, delivery):
        dose = partition_dose(activity, Territory(normal_kg, (TumorUptake(tumor_kg, 1.0),)), delivery, GLASS_IFU)
        whole = mird_dose_gy(activity, tumor_kg + normal_kg, delivery, GLASS_IFU)
        assert dose.normal_gy == pytest.approx(whole) == pytest.approx(dose.tumors_gy[0])

    @given(st.floats(1.0, 1000.0), masses, deliveries)
    def test_the_activity_for_a_dose_gives_that_dose(self, dose_gy, mass_kg, delivery):
        activity = mird_activity_gbq(dose_gy, mass_kg, delivery, GLASS_IFU)
        assert mird_dose_gy(activity, mass_kg, delivery, GLASS_IFU) == pytest.approx(dose_gy)

    @given(activities, territories)
    def test_without_a_shunt_the_lungs_get_nothing(self, activity, territory):
        assert partition_dose(activity, territory, Delivery(), PARTITION).lungs_gy == 0.0

    @settings(deadline=None, max_examples=20)
    @given(st.tuples(*[st.floats(1.0, 9.0)] * 3))
    def test_a_kernel_keeps_all_energy(self, spacing_mm):
        share = kernel(tuple(round(edge, 1) for edge in spacing_mm))
        assert share.sum() == pytest.approx(1.0)
        assert share.min() >= 0.0
        assert np.array_equal(share, share[::-1, ::-1, ::-1])


SELF_MGY = {
    2.21: 3.00,
    3.0: 1.59,
    4.0: 0.858,
    4.42: 0.689,
    4.8: 0.573,
    5.0: 0.522,
    6.0: 0.342,
    6.8: 0.254,
    9.28: 0.117,
}
NEIGHBORS_MGY = {(0, 0, 1): 0.0763, (0, 1, 1): 0.0178, (1, 1, 1): 0.00507}
MEV_J, DECAY_MEV = 1.602176634e-13, 0.9347125


class TestKernel:
    def s_value(self, edge_mm, offset):
        share = kernel((edge_mm,) * 3)
        place = tuple(size // 2 + step for size, step in zip(share.shape, offset, strict=True))
        mass_kg = (edge_mm / 10.0) ** 3 * 1.04e-3
        return share[place] * DECAY_MEV * MEV_J / mass_kg * 1e9

    @pytest.mark.parametrize("edge_mm", SELF_MGY)
    def test_published_values_of_the_voxel_itself(self, edge_mm):
        assert self.s_value(edge_mm, (0, 0, 0)) == pytest.approx(SELF_MGY[edge_mm], rel=0.005)

    @pytest.mark.parametrize("offset", NEIGHBORS_MGY)
    def test_published_values_of_neighbors(self, offset):
        assert self.s_value(4.8, offset) == pytest.approx(NEIGHBORS_MGY[offset], rel=0.005)

    def test_inside_a_large_uniform_region_it_is_local_deposition(self):
        image = Image(np.full((25, 25, 25), 2.0), (3.0, 3.0, 3.0))
        spread, local = kernel_dose(image, 1.04, PARTITION), local_dose(image, 1.04, PARTITION)
        assert spread.array[12, 12, 12] == pytest.approx(local.array[12, 12, 12], rel=1e-5)
        assert spread.array[0, 12, 12] < 0.85 * local.array[0, 12, 12]

    def test_a_hot_voxel_heats_its_neighbors(self):
        activity = np.zeros((15, 15, 15))
        activity[7, 7, 7] = 1.0
        dose = kernel_dose(Image(activity, (2.0, 2.0, 2.0)), 1.04, PARTITION).array
        assert 0 < dose[7, 7, 10] < dose[7, 7, 8] < dose[7, 7, 7]
        assert dose.sum() == pytest.approx(PARTITION.gy_kg_per_gbq / 1.04, rel=1e-4)


class TestInputs:
    def test_centimeters_are_refused_as_meters(self):
        with pytest.raises(UnitsError, match=r"175, which looks like centimeters; type 1\.75"):
            Patient(175, 75)

    @pytest.mark.parametrize(("height", "weight"), [(0.9, 75), (2.4, 75), (1.75, 20), (1.75, 300), (float("nan"), 75)])
    def test_impossible_bodies_are_refused(self, height, weight):
        with pytest.raises(SettingsError):
            Patient(height, weight)

    @pytest.mark.parametrize(
        "volumes", [(150, 100, 0), (7000, 100, 0), (1500, 1600, 0), (1500, 500, 600), (1500, 0, 0)]
    )
    def test_volumes_that_do_not_lie_in_each_other_are_refused(self, volumes):
        with pytest.raises(SettingsError):
            Volumes(*volumes)

    def test_a_shunt_in_percent_is_refused(self):
        with pytest.raises(UnitsError, match=r"percent; use 0\.05"):
            require_shunt(5)

    @pytest.mark.parametrize("delivery", [{"lung_shunt": 0.6}, {"residual": 0.4}, {"lung_mass_kg": 0.1}])
    def test_impossible_deliveries_are_refused(self, delivery):
        with pytest.raises(SettingsError):
            Delivery(**delivery)

    @pytest.mark.parametrize("ratio", [0.05, 60])
    def test_impossible_uptake_is_refused(self, ratio):
        with pytest.raises(SettingsError, match="T/N ratio of the tumor"):
            TumorUptake(0.1, ratio)

    def test_an_unknown_constant_is_refused(self):
        with pytest.raises(SettingsError, match=r"known are glass_IFU, partition_49\.67, physical"):
            preset("50")

    def test_a_large_body_is_told(self):
        assert "unusual" in Patient(2.2, 200).findings()[0].text
        assert not Patient(1.75, 75).findings()


class TestShunt:
    def test_regions_that_overlap_are_refused(self):
        with pytest.raises(SettingsError, match="overlap in 3 pixels"):
            planar_shunt(PlanarCounts(1, 1), PlanarCounts(10, 10), overlap=3)

    def test_without_counts_there_is_no_shunt(self):
        with pytest.raises(EmptyRegionError):
            volume_shunt(0, 0)

    def test_more_than_half_is_refused(self):
        with pytest.raises(SettingsError, match="lung shunt"):
            volume_shunt(6, 4)

    def test_background_is_taken_off_each_view(self):
        organ = PlanarCounts(1000, 900, area=100, background=(2, 1))
        assert organ.net == (800, 800)
        assert organ.geometric_mean == 800

    def test_a_background_above_the_counts_is_told(self):
        organ = PlanarCounts(100, 900, area=100, background=(2, 1))
        assert organ.geometric_mean == 0
        assert "exceeds" in organ.findings("lungs")[0].text

    def test_mass_of_lungs_follows_their_ct_numbers(self):
        hu = np.full((10, 10, 10), -700.0)
        ct = Image(hu, (10.0, 10.0, 10.0))
        assert lung_mass_kg(ct, ct.with_array(np.ones(hu.shape, bool))) == pytest.approx(0.3)

    def test_factor_is_never_larger_for_a_larger_shunt(self):
        factors = [shunt_factor(shunt) for shunt in np.linspace(0, 0.5, 200)]
        assert factors == sorted(factors, reverse=True)


class TestDecay:
    def test_time_zones_count(self):
        there = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=-5)))
        assert hours_between(there, datetime(2026, 3, 2, 18, tzinfo=UTC)) == 1.0

    def test_a_time_without_a_zone_is_refused(self):
        with pytest.raises(UnitsError, match="time zone"):
            hours_between(datetime(2026, 3, 2, 12), datetime(2026, 3, 2, 18, tzinfo=UTC))

    @given(activities, st.floats(-24, 400))
    def test_an_order_decays_to_what_is_needed(self, activity, hours):
        assert decayed_gbq(ordered_gbq(activity, hours), hours) == pytest.approx(activity)

    def test_hours_until_each_vial_has_decayed(self):
        found = [hours_until(vial, 3.9831) for vial in (5, 7, 10, 15, 20)]
        assert found == pytest.approx([21.027, 52.143, 85.127, 122.623, 149.227], abs=2e-3)

    def test_vials_that_fit_come_closest_first(self):
        vials = [choice.vial_gbq for choice in choose_vials(4.0, 52.0, (3, 5, 7, 10, 15, 20), tolerance=0.3)]
        assert vials[0] == 7
        assert choose_vials(4.0, 0.0, (20,)) == ()

    @pytest.mark.parametrize("readings", [(2.0, 1.85, 0.0), (0.06, 0.01, 0.05), (0.001, 1.85, 0.01)])
    def test_readings_that_contradict_are_refused(self, readings):
        with pytest.raises(SettingsError):
            residual_fraction(*readings)


class TestDecayTags:
    START, LATER = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC)

    def times(self, correction, units="BQML"):
        return PetTimes(units, correction, self.LATER, self.START)

    def test_corrected_to_the_injection_is_left(self):
        assert factor_to_injection(self.times(DecayCorrection.ADMIN)) == 1.0

    def test_corrected_to_the_scan_is_taken_back_to_the_injection(self):
        assert 0.5 * factor_to_injection(self.times(DecayCorrection.START)) == pytest.approx(0.6207191, abs=2e-7)

    @pytest.mark.parametrize("units", ["CNTS", "GML", "", "bqml"])
    def test_other_units_are_refused(self, units):
        with pytest.raises(UnitsError, match="Bq/ml"):
            factor_to_injection(self.times(DecayCorrection.ADMIN, units))

    def test_a_scan_before_the_injection_is_refused(self):
        with pytest.raises(SettingsError, match="injection to scan"):
            factor_to_injection(PetTimes("BQML", DecayCorrection.NONE, self.START, self.LATER))

    def test_a_scan_as_for_f18_has_its_positrons_counted_anew(self):
        assert factor_of_f18_protocol(0.0) == pytest.approx(30360.95, abs=0.01)
        assert factor_of_f18_protocol(109.77 / 60) == pytest.approx(30360.95 / 2, abs=0.01)


class TestImageDose:
    def test_the_known_activity_is_shared_by_counts(self):
        counts = Image(np.array([[[10.0, 20.0, 30.0, 40.0]]]), (10.0, 10.0, 1.0))
        perfused = counts.with_array(np.ones((1, 1, 4), bool))
        found, _ = concentration_of_known_activity(counts, perfused, 2.0, Delivery(0.05, 0.01))
        dose = local_dose(found, 1.05, PARTITION).array.ravel()
        assert dose == pytest.approx([88980.257, 177960.514, 266940.771, 355921.028], rel=1e-6)
        assert dose.mean() == pytest.approx(222450.643, rel=1e-6)

    def test_a_perfused_volume_without_counts_is_refused(self):
        counts = Image(np.zeros((2, 2, 2)), (1.0, 1.0, 1.0))
        with pytest.raises(EmptyRegionError, match="no counts"):
            concentration_of_known_activity(counts, counts.with_array(np.ones((2, 2, 2), bool)), 2.0, Delivery())

    def test_uptake_is_a_ratio_of_concentrations(self):
        image = Image(np.array([[[8.0, 8.0, 2.0, 2.0]]]), (1.0, 1.0, 1.0))
        tumor = image.with_array(image.array > 5)
        assert uptake_ratio(image, tumor, image.with_array(~tumor.array)) == 4.0


class TestPrescription:
    def given(self, product="resin", **changes):
        shown = {"volumes": Volumes(1800, 1800, 200), "patient": Patient(1.75, 75)} | changes
        return PrescriptionInput(products()[product], **shown)

    def test_every_model_of_the_product_stands_side_by_side(self):
        goals = DoseGoals(territory_gy=60, tumor_gy=120, normal_limit_gy=40)
        found = prescribe(self.given(goals=goals, uptake=(("tumor", 200.0, 5.0),)))
        assert [row.model for row in found.rows] == ["bsa", "empirical", "mird", "partition", "partition"]

    def test_a_shunt_above_a_fifth_forbids_resin(self):
        found = prescribe(self.given(delivery=Delivery(0.25)))
        assert found.row("bsa").activity_gbq == 0.0
        assert found.tightest.activity_gbq == 0.0
        assert "contraindicated" in found.tightest.name

    def test_the_tightest_limit_is_named(self):
        goals = DoseGoals(territory_gy=120, lung_limit_gy=5)
        found = prescribe(self.given("glass", delivery=Delivery(0.1), goals=goals))
        assert found.tightest.name == "lungs 5 Gy"
        assert any("lungs 5 Gy allows" in finding.text for finding in found.findings)

    def test_a_conflict_of_goal_and_limit_is_told(self):
        goals = DoseGoals(tumor_gy=300, normal_limit_gy=30)
        found = prescribe(self.given(goals=goals, uptake=(("tumor", 200.0, 2.0),)))
        assert any(finding.subject == "Conflict" for finding in found.findings)

    def test_one_constant_holds_for_all_rows(self):
        found = prescribe(self.given(goals=DoseGoals(territory_gy=60), constant=physical()))
        assert {row.constant for row in found.rows} == {physical()}

    def test_doses_of_a_row_follow_from_its_activity(self):
        found = prescribe(self.given("glass", goals=DoseGoals(territory_gy=120), delivery=Delivery(0.05, 0.02)))
        row = found.row("mird")
        assert row.territory_gy == pytest.approx(120)
        assert row.lungs_gy == pytest.approx(lung_dose_gy(row.activity_gbq, Delivery(0.05, 0.02), GLASS_IFU))

    def test_a_lobe_gets_its_share(self):
        whole, lobe = (bsa_activity_gbq(Patient(1.75, 75), Volumes(1800, territory, 0)) for territory in (1800, 900))
        assert lobe == pytest.approx(whole / 2)
