"""The module file FLRDose.py with real nodes: its logic gives the library's numbers, its self-tests pass."""

import unittest

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, MissingInputError, UnitsError
from hepadose.flr.analysis import analyze_flr
from hepadose.flr.settings import DoseQuantity, FlrSettings
from hepadose.images import Image
from hepadose.mrml.dose import DOSE_UNIT_NAME, dose_to_volume_node
from hepadose.mrml.flr_input import flr_images_from_nodes
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.scene import build_flr_scene
from hepadose.mrml.segmentation import SegmentMask, masks_to_segmentation_node

import host
from flr_example import REGISTRATION

CHOICES = {"band_mm": 10.0, "level_step_gy": 0.5, "last_level_gy": 60.0, "bootstrap_samples": 100}


@pytest.fixture
def module(scene, monkeypatch):
    host.install(scene, monkeypatch.setitem, monkeypatch.setattr)
    return host.load_module("FLRDose")


@pytest.fixture
def logic(module):
    return module.FLRDoseLogic()


@pytest.fixture
def loaded(scene, oblique_example):
    """The example's images as a user would have loaded them."""
    images = oblique_example.images
    volume = image_to_volume_node(scene, images.follow_up_ct, "Follow-up CT")
    dose = dose_to_volume_node(scene, images.dose_gy, "Dose")
    masks = [
        SegmentMask("Liver", images.liver, (1, 0, 0), origin="RTSTRUCT, not edited"),
        SegmentMask("Focal liver reaction", images.reaction, (0, 1, 1)),
    ]
    return volume, dose, masks_to_segmentation_node(scene, masks, volume, "Segmentation")


def test_the_module_gives_the_same_numbers_as_the_library(logic, loaded, oblique_example):
    result = logic.process(*loaded, fractions=5, registration_error_mm=1.4, **CHOICES)
    expected = oblique_example.result
    assert result.best == expected.best
    assert result.estimators == expected.estimators
    np.testing.assert_array_equal(result.curve.boundary_iou, expected.curve.boundary_iou)
    assert result.best_equivalents == expected.best_equivalents
    assert result.registration.estimated_error_mm == REGISTRATION.estimated_error_mm


def test_the_origin_of_the_segments_is_passed_on(logic, loaded):
    result = logic.process(*loaded, **CHOICES)
    assert str(result.liver_origin) == (
        'Segment in 3D Slicer ("Liver"; first from RTSTRUCT, not edited), edited by hand'
    )
    assert str(result.reaction_origin) == 'Segment in 3D Slicer ("Focal liver reaction"), edited by hand'


def test_a_result_saved_as_a_scene_can_be_analyzed_again_with_the_same_answer(logic, scene, oblique_example):
    nodes = build_flr_scene(scene, oblique_example.result, oblique_example.images)
    again = logic.process(
        nodes.follow_up_ct, nodes.dose, nodes.segmentation, fractions=5, registration_error_mm=1.4, **CHOICES
    )
    assert again.best == oblique_example.result.best


def test_a_dose_on_another_grid_is_sampled_linearly_on_the_follow_up_ct(scene, loaded):
    volume, _, segmentation = loaded
    # A dose that is linear in space is met exactly by linear sampling, whatever the grids.
    coarse = Image(np.zeros((50, 70, 70)), (7.0, 7.0, 9.0), (-250.0, -240.0, -200.0))
    k, j, i = np.indices(coarse.shape)
    positions = coarse.ijk_to_points(np.stack([i, j, k], axis=-1))
    ramp = coarse.with_array((positions @ [0.1, 0.05, 0.02] + 40.0).astype(np.float32))
    dose = dose_to_volume_node(scene, ramp, "Ramp")
    images, _ = flr_images_from_nodes(
        volume, dose, segmentation, liver_segment="Liver", reaction_segment="Focal liver reaction"
    )
    k, j, i = np.indices(images.dose_gy.shape)
    expected = images.dose_gy.ijk_to_points(np.stack([i, j, k], axis=-1)) @ [0.1, 0.05, 0.02] + 40.0
    inside = np.isfinite(images.dose_gy.array)
    assert inside.all()
    np.testing.assert_allclose(images.dose_gy.array[inside], expected[inside], atol=1e-3)


def test_a_dose_grid_that_ends_inside_the_liver_leaves_unknown_dose_and_a_finding(scene, logic, loaded):
    volume, dose, segmentation = loaded
    from hepadose.mrml.images import volume_node_to_image

    whole = volume_node_to_image(dose)
    part = dose_to_volume_node(scene, whole.cropped((slice(6, 24), slice(0, 48), slice(0, 56))), "Part")
    result = logic.process(volume, part, segmentation, **CHOICES)
    coverage = [finding for finding in result.findings if finding.subject == "Dose coverage"]
    assert "only" in coverage[0].text


def test_without_fractions_equivalents_stay_empty_and_eqd2_is_refused(logic, loaded):
    assert logic.process(*loaded, **CHOICES).best_equivalents == {}
    with pytest.raises(UnitsError, match="fractions"):
        logic.process(*loaded, quantity=DoseQuantity.EQD2)


def test_the_levels_reach_to_the_largest_dose_in_the_chosen_quantity(logic, loaded, oblique_example):
    result = logic.process(*loaded, fractions=5, quantity=DoseQuantity.BED, band_mm=10.0, bootstrap_samples=100)
    inside = oblique_example.images.dose_gy.array[oblique_example.images.liver.array]
    largest = inside.max() * (1 + inside.max() / 15)
    assert result.settings.last_level_gy == np.ceil(largest)


def test_an_unknown_registration_error_makes_the_uncertainty_unknown(logic, loaded):
    result = logic.process(*loaded, **CHOICES)
    assert np.isnan(result.best.dose_uncertainty_gy)


@pytest.mark.parametrize(
    ("unit", "words"), [("RELATIVE", "is in RELATIVE, expected GY"), ("GY", "choose the dose volume")]
)
def test_a_volume_that_is_no_absolute_dose_is_refused(scene, logic, loaded, unit, words):
    volume, _, segmentation = loaded
    empty = image_to_volume_node(scene, Image(np.zeros((2, 2, 2), np.float32)), "empty")
    empty.SetAttribute(DOSE_UNIT_NAME, unit)
    with pytest.raises(UnitsError, match=words):
        logic.process(volume, empty, segmentation)


@pytest.mark.parametrize(("scale", "words"), [(10.0, "implausibly high"), (0.001, "implausibly low")])
def test_an_implausible_dose_is_said_in_words(scene, loaded, oblique_example, scale, words):
    volume, _, segmentation = loaded
    scaled = oblique_example.images.dose_gy.with_array(oblique_example.images.dose_gy.array * scale)
    dose = dose_to_volume_node(scene, scaled, "Scaled")
    _, findings = flr_images_from_nodes(
        volume, dose, segmentation, liver_segment="Liver", reaction_segment="Focal liver reaction"
    )
    assert words in findings[0].text


def test_an_unmarked_dose_is_taken_as_gray_with_a_warning(scene, loaded, oblique_example):
    volume, _, segmentation = loaded
    unmarked = image_to_volume_node(scene, oblique_example.images.dose_gy, "Some volume")
    _, findings = flr_images_from_nodes(
        volume, unmarked, segmentation, liver_segment="Liver", reaction_segment="Focal liver reaction"
    )
    assert "not marked as dose" in findings[1].text


def test_missing_inputs_are_named(logic, loaded):
    volume, dose, segmentation = loaded
    with pytest.raises(MissingInputError, match="follow-up CT is missing"):
        logic.process(None, dose, segmentation)
    with pytest.raises(MissingInputError, match='no segment "Lebers"; it has Liver, Focal liver reaction'):
        logic.process(volume, dose, segmentation, liver_segment="Lebers")
    with pytest.raises(MissingInputError, match="No segmentation"):
        logic.process(volume, dose, None)


def test_a_dose_elsewhere_in_space_is_refused(scene, logic, loaded, oblique_example):
    volume, _, segmentation = loaded
    image = oblique_example.images.dose_gy
    away = Image(image.array, image.spacing_mm, (5000.0, 0.0, 0.0), image.direction)
    with pytest.raises(GeometryMismatchError, match="covers only"):
        logic.process(volume, dose_to_volume_node(scene, away, "Away"), segmentation)


def test_unambiguous_nodes_are_chosen_and_hidden_ones_are_not(scene, logic, loaded):
    _, dose, segmentation = loaded
    hidden = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    hidden.SetHideFromEditors(True)
    parameters = logic.getParameterNode()
    logic.chooseDefaults(parameters)
    assert (parameters.doseVolume, parameters.planningStructures) == (dose, segmentation)
    assert segmentation.GetSegmentation().GetSegment(parameters.planningLiver).GetName() == "Liver"


def test_the_parameter_node_leads_to_the_same_answer(logic, loaded, oblique_example):
    parameters = logic.getParameterNode()
    parameters.followUpVolume, parameters.alignedDose, parameters.segmentation = loaded
    segments = loaded[2].GetSegmentation()
    parameters.liverSegment = segments.GetSegmentIdBySegmentName("Liver")
    parameters.reactionSegment = segments.GetSegmentIdBySegmentName("Focal liver reaction")
    parameters.fractions, parameters.registrationErrorMm, parameters.bandMm = 5, 1.4, 10.0
    result = logic.processParameterNode(parameters)
    expected = analyze_flr(
        oblique_example.images,
        FlrSettings(band_mm=10.0, last_level_gy=result.settings.last_level_gy),
        fractions=5,
        registration=REGISTRATION,
        reaction_origin=oblique_example.result.reaction_origin,
        liver_origin=oblique_example.result.liver_origin,
    )
    assert result.best == expected.best


def test_the_module_describes_itself_and_is_shown(module):
    parent = host.ParentModule()
    module.FLRDose(parent)
    assert parent.hidden is False
    assert "future liver remnant" in parent.helpText
    assert "research use" in parent.helpText


def test_the_self_tests_of_the_module_pass(module):
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(module.FLRDoseTest)
    outcome = unittest.TestResult()
    suite.run(outcome)
    assert outcome.testsRun == 3
    assert [text for _, text in outcome.failures + outcome.errors] == []
