"""Activity, doses, shunt, decay and ratios against the oracles of the specification."""

from __future__ import annotations

import pytest

from hepadose.sirt.bsa import bsa_activity_gbq, shunt_factor
from hepadose.sirt.decay import decayed_gbq
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.mird import Delivery, lung_dose_gy, lung_limited_activity_gbq, mird_activity_gbq
from hepadose.sirt.partition import (
    Territory,
    TumorUptake,
    activity_for_normal_gbq,
    activity_for_tumor_gbq,
    partition_dose,
)
from hepadose.sirt.physics import DosePreset, dose_constant
from hepadose.sirt.shunt import PlanarCounts, binding_shunt, planar_shunt

from support import oracles


def constant(value):
    return DosePreset("vector", value, "specification")


def compartments(given):
    territory = Territory(given["mN"], (TumorUptake(given["mT"], given["r"]),))
    return territory, Delivery(given["F"], 0.0, given["mL"]), constant(given["k"])


@pytest.mark.parametrize("case", oracles("k"))
def test_constant_between_activity_per_mass_and_dose(case):
    given = case["input"]
    assert dose_constant(given["E_MeV"], given["T_h"]) == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("bsa"))
def test_activity_by_body_surface(case):
    given, expected = case["input"], case["expected"]
    patient = Patient(given["height_m"], given["weight_kg"])
    liver_ml = given["liver_ml"]
    activity = bsa_activity_gbq(patient, Volumes(liver_ml, given.get("territory_ml", liver_ml), given["tumour_ml"]))
    if isinstance(expected, float):
        assert activity == pytest.approx(expected, rel=1e-9)
    else:
        assert patient.body_surface_m2 == pytest.approx(expected["bsa"], rel=1e-9)
        assert activity == pytest.approx(expected["activity"], rel=1e-9)
        assert activity * shunt_factor(given["lsf"]) == pytest.approx(expected["after_lsf"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("lsf_factor"))
def test_reduction_by_the_lung_shunt(case):
    assert [shunt_factor(shunt) for shunt in case["input"]] == case["expected"]


@pytest.mark.parametrize("case", oracles("glass"))
def test_glass_for_a_dose_to_the_territory(case):
    given, expected = case["input"], case["expected"]
    delivery, preset = Delivery(given["F"], given["R"]), constant(given["k"])
    activity = mird_activity_gbq(given["D"], given["V_ml"] * given["rho"] / 1000, delivery, preset)
    assert activity == pytest.approx(expected["A"], rel=1e-9)
    assert lung_dose_gy(activity, delivery, preset) == pytest.approx(expected["lung_1kg"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("partition"))
def test_partition_of_an_activity(case):
    dose = partition_dose(case["input"]["A"], *compartments(case["input"]))
    expected = case["expected"]
    assert dose.normal_gy == pytest.approx(expected["DN"], rel=1e-9)
    assert dose.tumors_gy[0] == pytest.approx(expected["DT"], rel=1e-9)
    assert dose.lungs_gy == pytest.approx(expected["DL"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("partition_limit"))
def test_activity_for_a_limit_of_each_compartment(case):
    given = case["input"]
    territory, delivery, preset = compartments(given)
    activity = {
        "DN": lambda: activity_for_normal_gbq(given["Gy"], territory, delivery, preset),
        "DT": lambda: activity_for_tumor_gbq(given["Gy"], 0, territory, delivery, preset),
        "DL": lambda: lung_limited_activity_gbq(given["Gy"], delivery, preset),
    }[given["limit"]]()
    assert activity == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("lsf"))
def test_lung_shunt_of_planar_views(case):
    lungs, liver = (PlanarCounts(*case["input"][organ]) for organ in ("lung", "liver"))
    assert planar_shunt(lungs, liver) == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("lsf_bound"))
def test_shunt_at_which_the_lungs_decide(case):
    given = case["input"]
    found = binding_shunt(given["DL"], given["mL"], given["Dliv"], given["mliv"])
    assert found == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("decay"))
def test_decay(case):
    given = case["input"]
    assert decayed_gbq(given["A0"], given["hours"], given["T"]) == pytest.approx(case["expected"], rel=1e-9)


@pytest.mark.parametrize("case", oracles("ratio_activity"))
def test_ratio_of_activities_by_body_surface(case):
    given = case["input"]
    patient, tumor_ml, liver_ml = Patient(given["h"], given["w"]), given["tumour_ml"], given["liver_ml"]
    found_ml = liver_ml * given["rv"]
    found, true = (bsa_activity_gbq(patient, Volumes(ml, ml, tumor_ml)) for ml in (found_ml, liver_ml))
    assert found / true == pytest.approx(case["expected"], rel=1e-9)
