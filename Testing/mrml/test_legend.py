"""The legend of a dose: one per volume, with quantity and unit, kept in saved scenes."""

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.mrml.dose import dose_to_volume_node
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.legend import LEGEND_CLASS, dose_legend, show_dose_legend
from hepadose.mrml.save import save_scene

GRID = Image(np.zeros((4, 5, 6)), (2.0, 2.0, 3.0))


@pytest.fixture
def dose(scene):
    return dose_to_volume_node(scene, GRID.with_array(np.full(GRID.shape, 30.0)), "Dose (Gy)")


def test_a_volume_without_legend_has_none(dose):
    assert dose_legend(dose) is None


def test_the_legend_shows_title_and_colors_of_the_volume(dose):
    legend = show_dose_legend(dose, "Gy in 5 fractions")
    assert dose_legend(dose) is legend
    assert legend.GetTitleText() == "Gy in 5 fractions"
    assert legend.GetColorNodeID() == dose.GetDisplayNode().GetColorNodeID()
    assert legend.GetPrimaryDisplayNode() is dose.GetDisplayNode()


def test_the_same_legend_is_brought_up_to_date(scene, dose):
    first = show_dose_legend(dose, "Gy in 5 fractions")
    assert show_dose_legend(dose, "Gy in 3 fractions") is first
    assert first.GetTitleText() == "Gy in 3 fractions"
    assert scene.GetNumberOfNodesByClass(LEGEND_CLASS) == 1


def test_the_volumes_own_display_stays_the_first(dose):
    display = dose.GetDisplayNode()
    show_dose_legend(dose, "Gy in 5 fractions")
    assert dose.GetDisplayNode() is display


def test_a_saved_scene_keeps_the_legend(scene, dose, tmp_path):
    show_dose_legend(dose, "Gy in 5 fractions")
    save_scene(scene, tmp_path / "scene.mrb")
    loaded = new_headless_scene()
    loaded.open(tmp_path / "scene.mrb")
    assert dose_legend(loaded.scene.GetFirstNodeByName("Dose (Gy)")).GetTitleText() == "Gy in 5 fractions"
