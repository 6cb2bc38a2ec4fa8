"""The organ's own CT numbers decide where the network is not sure, and only there."""

import numpy as np
import pytest

from hepadose.errors import ModelIntegrityError
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.density import DensitySettings, weighed_by_density
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.segmentation.runtimes import RuntimeChoice

from model_example import dice, example_ct, inference, write_model

SPACING_MM = (4.0, 4.0, 4.0)
USUAL = DensitySettings(raised=2.0, lowered=3.0, width=3.5)
LIVER, KIDNEY, EDGE, FAT, TUMOR = (np.s_[4:16, 4:16, 4:16], np.s_[4:16, 18:22, 4:16], np.s_[4:16, 16:18, 4:16],
                                   np.s_[4:16, 22:24, 4:16], np.s_[8:12, 8:12, 14:16])  # fmt: skip


@pytest.fixture
def patient():
    """Probability and HU: a liver, its edge of which the network is unsure, a kidney it half takes for liver."""
    probability, hu = np.zeros((20, 26, 20), np.float32), np.full((20, 26, 20), -90.0)
    for place, chance, value in ((LIVER, 0.99, 55), (EDGE, 0.3, 55), (KIDNEY, 0.8, 10), (FAT, 0.3, -90)):
        probability[place], hu[place] = chance, value
    hu[TUMOR], probability[TUMOR] = 10.0, 0.999
    return probability, hu + np.random.default_rng(3).normal(0.0, 1.5, hu.shape)


def test_what_has_the_livers_density_is_added_and_what_has_not_is_taken_out(patient):
    weighed = weighed_by_density(*patient, SPACING_MM, USUAL) > 0.5
    # Smoothed numbers between two tissues lie between theirs: the rows at the seams are left out.
    assert weighed[5:15, 16, 5:15].all()
    assert not weighed[5:15, 19:22, 5:15].any() and not weighed[FAT].any()


def test_a_dark_tumor_of_which_the_network_is_certain_stays(patient):
    assert (weighed_by_density(*patient, SPACING_MM, USUAL)[TUMOR] > 0.5).all()


def test_what_the_network_excludes_stays_out_whatever_its_density(patient):
    probability, hu = patient
    hu[17:, 4:16, 4:16] = 55.0
    assert np.array_equal(weighed_by_density(probability, hu, SPACING_MM, USUAL)[17:], probability[17:])


def test_the_change_is_that_of_the_formula():
    probability, hu = np.full((12, 12, 12), 0.99, np.float32), np.tile([50.0, 60.0], (12, 12, 6))
    probability[:, :, 8:] = 0.5
    hu[:, :, 8:] = 55.0
    # The examples' median is 55 HU, the unsure voxels' own number.
    weighed = weighed_by_density(probability, hu, (10.0, 10.0, 10.0), DensitySettings(2.0, 1.0, 3.0))
    assert weighed[6, 6, 10] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-4)
    hu[:, :, 8:] = 55.0 + 100.0
    weighed = weighed_by_density(probability, hu, (10.0, 10.0, 10.0), DensitySettings(2.0, 1.0, 3.0))
    assert weighed[6, 6, 10] == pytest.approx(1 / (1 + np.exp(1.0)), abs=1e-4)


@pytest.mark.parametrize("chance", [0.0, 0.85])
def test_without_enough_examples_nothing_changes(patient, chance):
    probability = np.where(patient[0] > 0.9, np.float32(chance), patient[0])
    assert np.array_equal(weighed_by_density(probability, patient[1], SPACING_MM, USUAL), probability)


def test_no_strength_is_no_change(patient):
    weighed = weighed_by_density(*patient, SPACING_MM, DensitySettings(0.0, 0.0, 3.0))
    assert np.abs(weighed - patient[0]).max() <= 0.0051


def test_a_model_asks_for_it_in_its_settings(tmp_path):
    ct, true = example_ct()
    plain = read_bundle(write_model(tmp_path / "plain"))
    asking = read_bundle(
        write_model(tmp_path / "m", run=inference(density={"raised": 2.0, "lowered": 3.0, "width": 3.5}))
    )
    assert plain.inference.density is None and asking.inference.density == USUAL
    found = [run_model(bundle, EngineInputs(ct), RuntimeChoice(threads=1)) for bundle in (plain, asking)]
    assert not np.array_equal(found[0].probability.array, found[1].probability.array)
    assert dice(found[1].mask.array, true.array) > 0.9


@pytest.mark.parametrize(
    "density", [{"raised": 3.0}, {"raised": -1, "lowered": 1, "width": 3}, {"raised": 1, "lowered": 1, "width": 0}, 3]
)
def test_settings_that_make_no_sense_are_refused(tmp_path, density):
    with pytest.raises(ModelIntegrityError, match="density"):
        read_bundle(write_model(tmp_path / "m", run=inference(density=density)))
