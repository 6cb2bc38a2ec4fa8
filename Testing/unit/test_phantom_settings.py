"""What may be chosen for a digital patient, and the words that refuse the rest."""

import pytest

from hepadose.errors import SettingsError
from hepadose.flr.settings import DoseQuantity
from hepadose.phantom.settings import ContrastPhase, DigitalPatientSettings, Technique


def test_54_gy_eqd2_in_5_fractions_are_30_gy_physical():
    settings = DigitalPatientSettings(planted_gy=54.0, planted_quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0)
    assert settings.planted_physical_gy == pytest.approx(30.0)


def test_90_gy_bed_in_5_fractions_are_30_gy_physical():
    settings = DigitalPatientSettings(planted_gy=90.0, planted_quantity=DoseQuantity.BED, alpha_beta_gy=3.0)
    assert settings.planted_physical_gy == pytest.approx(30.0)


def test_45_gy_in_25_fractions_are_43_2_gy_eqd2():
    settings = DigitalPatientSettings(
        technique=Technique.CONVENTIONAL25, planted_gy=43.2, planted_quantity=DoseQuantity.EQD2, alpha_beta_gy=3.0
    )
    assert settings.planted_physical_gy == pytest.approx(45.0)


def test_the_reaction_is_dark_in_the_portal_venous_and_bright_in_the_delayed_phase():
    assert -35 <= DigitalPatientSettings().reaction_contrast_hu <= -20
    assert DigitalPatientSettings(follow_up_phase=ContrastPhase.DELAYED).reaction_contrast_hu > 0
    assert DigitalPatientSettings(reaction_hu=-20.0).reaction_contrast_hu == -20.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matrix": 32}, r"matrix must lie between 64 and 512, got 32\."),
        ({"follow_up_slice_mm": 0.5}, r"follow up slice must lie between 1 and 6 mm, got 0\.5 mm"),
        ({"noise_hu": float("nan")}, "noise must lie between 0 and 60 HU"),
        ({"shrinkage_percent": 40.0}, "shrinkage must lie between 0 and 20 %"),
        ({"planted_gy": 60.0}, r"60\.0 Gy physical dose does not fit .* choose 20\.0 to 45\.0 Gy physical dose"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_the_range(change, message):
    with pytest.raises(SettingsError, match=message):
        DigitalPatientSettings(**change)


def test_choices_may_be_given_as_text_and_unknown_ones_are_refused():
    assert DigitalPatientSettings(technique="conventional25").technique is Technique.CONVENTIONAL25
    with pytest.raises(SettingsError, match="technique must be one of sbrt5, conventional25; got 'proton'"):
        DigitalPatientSettings(technique="proton")


def test_an_eqd2_out_of_range_names_the_range_in_eqd2():
    with pytest.raises(SettingsError, match=r"choose 28\.0 to 108\.0 Gy EQD2"):
        DigitalPatientSettings(planted_gy=20.0, planted_quantity=DoseQuantity.EQD2)
