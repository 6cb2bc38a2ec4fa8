"""Lungs are lighter than liver: their dose from an image of activity uses their own mass."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.sirt.analysis import ActivityImage, ImageKind, analyze
from hepadose.sirt.inputs import Volumes
from hepadose.sirt.mird import Delivery, lung_dose_gy
from hepadose.sirt.physics import GLASS_IFU
from hepadose.sirt.prescription import PrescriptionInput
from hepadose.sirt.products import products
from hepadose.sirt.regions import OutlinedRegions

SPACING_MM = (5.0, 5.0, 5.0)
SHUNT_GBQ, INJECTED_GBQ = 0.4, 1.4


def result_of(mass_kg, kind=ImageKind.CONCENTRATION, lung_slices=32):
    """A liver of 1.5 l with 1 GBq and lungs of up to 5 l with 0.4 GBq per 32 slices, touching each other."""
    liver, lungs = np.zeros((50, 50, 40), bool), np.zeros((50, 50, 40), bool)
    liver[5:15, 5:45, 5:35] = True
    lungs[15 : 15 + lung_slices, 5:45, 4:36] = True
    every_ml = 32 * 40 * 32 * 0.125
    array = liver * (1000.0 / (liver.sum() * 0.125)) + lungs * (1000.0 * SHUNT_GBQ / every_ml)
    images = [Image(each, SPACING_MM) for each in (liver, lungs, array)]
    given = PrescriptionInput(
        products()["glass"], Volumes(1500, 1500, 0), delivery=Delivery(SHUNT_GBQ / INJECTED_GBQ, 0.0, mass_kg)
    )
    outlined = OutlinedRegions(images[0], lungs=images[1])
    return analyze(outlined, given, "bilobar", ActivityImage(images[2], kind, INJECTED_GBQ))[0]


def lungs_of(result):
    return next((row for row in result.doses if row.kind == "lungs"), None)


@pytest.mark.parametrize("mass_kg", [0.7, 1.0, 1.8])
def test_their_mean_dose_is_that_of_the_shunted_activity_in_their_mass(mass_kg):
    result = result_of(mass_kg)
    expected = lung_dose_gy(INJECTED_GBQ, Delivery(SHUNT_GBQ / INJECTED_GBQ, 0.0, mass_kg), GLASS_IFU)
    assert lungs_of(result).mean_gy == pytest.approx(expected, rel=1e-4)
    liver = next(row for row in result.doses if row.kind == "liver")
    assert liver.mean_gy == pytest.approx(50 * 1.0 / (liver.volume_ml * 1.03 / 1000), rel=1e-4)
    assert [finding for finding in result.findings if finding.subject == "Lungs"] == []


def test_lungs_that_their_mass_does_not_fit_get_a_plausible_density_and_a_line():
    result = result_of(1.0, lung_slices=8)
    # 0.1 GBq in 1.28 l of 0.5 g/ml.
    assert lungs_of(result).mean_gy == pytest.approx(50 * 0.1 / 0.64, rel=1e-3)
    told = [finding.text for finding in result.findings if finding.subject == "Lungs"]
    assert len(told) == 1 and "1280 ml" in told[0] and "0.5 g/ml" in told[0]


def test_a_mean_dose_above_the_limit_is_told():
    told = [finding.text for finding in result_of(0.6).findings if finding.subject == "Lungs"]
    assert len(told) == 1 and "33.3 Gy on average, above 30 Gy per session" in told[0]


def test_counts_scaled_in_the_territory_say_nothing_about_the_lungs():
    assert lungs_of(result_of(1.0, ImageKind.COUNTS)) is None
