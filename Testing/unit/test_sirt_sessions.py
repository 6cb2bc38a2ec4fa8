"""Several injections in one session: doses add where territories overlap, no energy is lost, the lungs get the sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError
from hepadose.images import Image
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.mird import Delivery, mird_dose_gy
from hepadose.sirt.partition import Territory, TumorUptake, partition_dose
from hepadose.sirt.physics import PARTITION
from hepadose.sirt.prescription import DoseGoals, PrescriptionInput
from hepadose.sirt.products import products
from hepadose.sirt.regions import OutlinedRegions
from hepadose.sirt.sessions import Injection, SessionSettings, session_dose
from hepadose.sirt.territories import prescribe_territories

SPACING_MM, SHAPE = (5.0, 5.0, 5.0), (24, 40, 40)
SETTINGS = SessionSettings(PARTITION, 1.05)
K = PARTITION.gy_kg_per_gbq


def box(i_from, i_to, j_from=4, j_to=36):
    mask = np.zeros(SHAPE, bool)
    mask[2:22, j_from:j_to, i_from:i_to] = True
    return Image(mask, SPACING_MM)


def a_liver(lungs=None):
    """A liver of 2560 ml, a tumor on either side of its middle."""
    tumors = (("left", box(24, 30, 10, 20)), ("right", box(8, 14, 10, 20)))
    return OutlinedRegions(box(4, 36), tumors, None, lungs)


def kg(image):
    return image.volume_ml() * 1.05 / 1000


def energy_j(found):
    """Of the map: dose times mass, in the units of the dose constant."""
    return float(found.dose.array.sum(dtype=float)) * found.dose.voxel_volume_ml * 1.05 / 1000


class TestSum:
    def test_one_injection_is_the_partition_model(self):
        found = session_dose(a_liver(), [Injection("all", 2.0, uptake={"left": 4.0, "right": 2.0})], SETTINGS)
        left, right = (kg(box(24, 30, 10, 20)), kg(box(8, 14, 10, 20)))
        uptake = (TumorUptake(left, 4.0), TumorUptake(right, 2.0))
        expected = partition_dose(2.0, Territory(kg(box(4, 36)) - left - right, uptake), Delivery(), PARTITION)
        means = {row.name: row.mean_gy for row in found.regions}
        assert means["left"] == pytest.approx(expected.tumors_gy[0], rel=1e-5)
        assert means["whole normal liver"] == pytest.approx(expected.normal_gy, rel=1e-5)

    def test_separate_lobes_keep_their_own_dose(self):
        halves = [Injection("right lobe", 1.0, box(4, 20)), Injection("left lobe", 0.5, box(20, 36))]
        found = session_dose(a_liver(), halves, SETTINGS)
        assert found.overlap_ml == 0.0
        assert found.dose.array[10, 30, 10] == pytest.approx(mird_dose_gy(1.0, kg(box(4, 20)), Delivery(), PARTITION))
        assert found.dose.array[10, 30, 30] == pytest.approx(mird_dose_gy(0.5, kg(box(20, 36)), Delivery(), PARTITION))

    def test_overlapping_liver_gets_both_doses_and_that_is_told(self):
        both = [Injection("a", 1.0, box(4, 24)), Injection("b", 0.6, box(16, 36))]
        found = session_dose(a_liver(), both, SETTINGS)
        alone = [mird_dose_gy(one.activity_gbq, kg(one.territory), Delivery(), PARTITION) for one in both]
        values = [float(found.dose.array[10, 30, i]) for i in (10, 20, 30)]
        assert values == pytest.approx([alone[0], sum(alone), alone[1]])
        assert found.overlap_ml == pytest.approx(box(16, 24).volume_ml())
        assert any("more than one injection" in finding.text for finding in found.findings)

    def test_a_tumor_in_two_territories_gets_what_each_brings(self):
        both = [Injection("a", 1.0, box(4, 30), uptake={"left": 5.0}), Injection("b", 1.0, box(20, 36))]
        found = session_dose(a_liver(), both, SETTINGS)
        tumor_gy = next(row.mean_gy for row in found.regions if row.name == "left")
        first, second = (one.doses for one in found.injections)
        assert tumor_gy == pytest.approx(first.tumors_gy[0] + second.normal_gy, rel=1e-5)

    @settings(deadline=None, max_examples=25)
    @given(
        st.lists(st.tuples(st.integers(4, 20), st.floats(0.0, 5.0), st.floats(0.2, 20.0)), min_size=1, max_size=4),
        st.floats(0.0, 0.3),
    )
    def test_no_energy_is_lost_whatever_overlaps(self, given_injections, shunt):
        delivery = Delivery(shunt, 0.02)
        injections = [
            Injection(f"{number}", activity, box(start, start + 14), delivery, {"left": ratio})
            for number, (start, activity, ratio) in enumerate(given_injections)
        ]
        found = session_dose(a_liver(), injections, SETTINGS)
        arrived = sum(one.activity_gbq for one in injections) * delivery.to_liver
        assert energy_j(found) == pytest.approx(K * arrived, rel=1e-4, abs=1e-6)
        shunted = sum(one.activity_gbq for one in injections) * delivery.to_lungs
        assert found.lungs_gy == pytest.approx(K * shunted, rel=1e-9, abs=1e-12)


class TestLungs:
    def session(self, activity_gbq, earlier_gy=0.0):
        delivery = Delivery(0.1)
        injections = [Injection(name, activity_gbq, delivery=delivery) for name in ("a", "b")]
        return session_dose(a_liver(), injections, SessionSettings(PARTITION, 1.05, earlier_gy))

    def words(self, found):
        return " ".join(finding.text for finding in found.findings if finding.subject == "Lungs")

    def test_each_alone_keeps_the_limit_but_not_both_together(self):
        found = self.session(4.0)
        assert all(one.doses.lungs_gy < 30 for one in found.injections)
        assert found.lungs_gy == pytest.approx(2 * K * 0.4)
        assert "per session" in self.words(found)
        assert found.lung_factor == pytest.approx(30 / found.lungs_gy)
        assert self.session(4.0 * found.lung_factor).lungs_gy == pytest.approx(30.0)

    def test_earlier_sessions_count_towards_the_cumulative_limit(self):
        found = self.session(2.5, 30.0)
        assert found.cumulative_lungs_gy == pytest.approx(30.0 + found.lungs_gy)
        assert "54.8 Gy, above 50 Gy" in self.words(found) and "per session" not in self.words(found)
        assert found.lung_factor == pytest.approx(20 / found.lungs_gy)

    def test_within_both_limits_nothing_is_said(self):
        assert self.words(self.session(1.0, 20.0)) == ""

    def test_a_map_of_the_liver_claims_nothing_about_the_lungs(self):
        lungs = np.zeros(SHAPE, bool)
        lungs[22:] = True
        found = session_dose(a_liver(Image(lungs, SPACING_MM)), [Injection("a", 1.0)], SETTINGS)
        assert "lungs" not in {row.kind for row in found.regions}


class TestRefusals:
    @pytest.mark.parametrize(
        ("injections", "problem", "words"),
        [
            ([], SettingsError, "at least one injection"),
            ([Injection("a", 1.0), Injection("a", 2.0)], SettingsError, "names of their own"),
            ([Injection("a", 1.0, uptake={"spleen": 2.0})], SettingsError, "a: a T/N ratio is given for spleen"),
            ([Injection("a", 1.0, box(36, 40))], EmptyRegionError, "a: The territory does not touch"),
            ([Injection("a", 1.0, Image(np.ones((2, 2, 2), bool)))], GeometryMismatchError, "a: liver and territory"),
            (
                [Injection("a", 1.0), Injection("b", 1.0, delivery=Delivery(lung_mass_kg=0.8))],
                SettingsError,
                r"one mass for all injections, got 0\.8, 1 kg",
            ),
        ],
    )
    def test_each_with_its_sentence(self, injections, problem, words):
        with pytest.raises(problem, match=words):
            session_dose(a_liver(), injections, SETTINGS)

    def test_impossible_activities_and_earlier_doses(self):
        with pytest.raises(SettingsError, match="0 GBq or more"):
            Injection("a", -1.0)
        with pytest.raises(SettingsError, match="earlier sessions"):
            SessionSettings(PARTITION, 1.05, -1.0)


HALVES = {"right lobe": box(4, 20), "left lobe": box(20, 36)}


class TestPrescribed:
    def given(self, product="resin", **goals):
        return PrescriptionInput(
            products()[product], Volumes(1500, 1500, 0), Patient(1.75, 75), goals=DoseGoals(**goals)
        )

    def test_the_prescribed_activities_give_the_wanted_doses_together(self):
        given = self.given("glass", territory_gy=120.0)
        found = prescribe_territories(a_liver(), HALVES, given)
        injections = [Injection(name, found[name].row("mird").activity_gbq, image) for name, image in HALVES.items()]
        session = session_dose(a_liver(), injections, SessionSettings(given.constant, given.density_g_per_ml))
        assert session.dose.array[box(4, 36).array] == pytest.approx(120.0, rel=1e-5)

    def test_activities_by_body_surface_of_parts_add_up_to_that_of_the_whole(self):
        parts = prescribe_territories(a_liver(), HALVES, self.given())
        (whole,) = prescribe_territories(a_liver(), {"all": box(4, 36)}, self.given()).values()
        total = sum(part.row("bsa").activity_gbq for part in parts.values())
        assert total == pytest.approx(whole.row("bsa").activity_gbq)

    def test_each_territory_counts_the_tumors_in_it(self):
        given = self.given(normal_limit_gy=40.0)
        found = prescribe_territories(a_liver(), HALVES, given, {"left": 4.0, "right": 2.0})
        assert [[name for name, _, _ in one.input.uptake] for one in found.values()] == [["right"], ["left"]]
        assert all(one.row("partition").normal_gy == pytest.approx(40.0) for one in found.values())

    def test_no_territory_and_no_such_tumor_are_refused(self):
        for territories, uptake, words in (({}, None, "no territory"), (HALVES, {"x": 2.0}, "x is no tumor")):
            with pytest.raises(SettingsError, match=words):
                prescribe_territories(a_liver(), territories, self.given(), uptake)
