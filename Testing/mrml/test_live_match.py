"""The match that follows the editor: same numbers as the whole analysis, stale when it must be, failing in words."""

from dataclasses import astuple, replace

import numpy as np
import pytest

from hepadose.errors import EmptyRegionError, GeometryMismatchError, MissingInputError
from hepadose.flr.analysis import analyze_flr
from hepadose.flr.settings import DoseQuantity, FlrSettings
from hepadose.mrml.dose import dose_to_volume_node, state_dose
from hepadose.mrml.images import from_vtk_image, image_to_volume_node, to_vtk_image
from hepadose.mrml.live_match import LiveMatch
from hepadose.mrml.nodes import new_node
from hepadose.mrml.segmentation import (
    SegmentMask,
    find_segment,
    masks_to_segmentation_node,
    segment_to_mask,
    to_oriented_image,
)

from flr_example import LIVER_ORIGIN, REACTION_ORIGIN, REGISTRATION

SETTINGS = FlrSettings(band_mm=10.0, level_step_gy=0.5, bootstrap_samples=100)
RED = (1.0, 0.0, 0.0)


class Loaded:
    """The example as nodes, and ways to edit it."""

    def __init__(self, scene, images):
        self.scene, self.images = scene, images
        self.volume = image_to_volume_node(scene, images.follow_up_ct, "Follow-up CT")
        self.dose = dose_to_volume_node(scene, images.dose_gy, "Dose")
        masks = [SegmentMask("Liver", images.liver, RED), SegmentMask("Reaction", images.reaction, RED)]
        self.segmentation = masks_to_segmentation_node(scene, masks, self.volume, "Segmentation")

    def match(self, **choices):
        given = {"fractions": 5, "registration": REGISTRATION, "liver_origin": LIVER_ORIGIN, "settings": SETTINGS}
        given |= choices
        settings = given.pop("settings")
        nodes = (self.volume, self.dose, self.segmentation)
        return LiveMatch(self.scene, *nodes, "Liver", "Reaction", settings, **given)

    def draw(self, segment, mask):
        """Replace a segment's voxels as Slicer's editor does."""
        from slicer import vtkSlicerSegmentationsModuleLogic as Logic

        labelmap = to_oriented_image(self.images.liver.with_array(mask.astype(np.uint8)))
        assert Logic.SetBinaryLabelmapToSegment(
            labelmap, self.segmentation, find_segment(self.segmentation, segment), Logic.MODE_REPLACE
        )

    def whole_result(self, reaction, settings=SETTINGS):
        images = replace(self.images, reaction=self.images.liver.with_array(reaction))
        return analyze_flr(
            images,
            settings,
            fractions=5,
            reaction_origin=REACTION_ORIGIN,
            liver_origin=LIVER_ORIGIN,
            registration=REGISTRATION,
        )


@pytest.fixture
def loaded(scene, oblique_example):
    return Loaded(scene, oblique_example.images)


def test_after_each_edit_the_curve_is_that_of_the_whole_analysis(loaded):
    match, reaction = loaded.match(), loaded.images.reaction.array.copy()
    for k, j, i in ((12, 24, 20), (9, 20, 16), (14, 30, 24)):
        reaction[k - 2 : k + 2, j - 4 : j + 4, i - 4 : i + 4] ^= True
        loaded.draw("Reaction", reaction)
        curve, expected = match.update(), loaded.whole_result(reaction).curve
        np.testing.assert_array_equal(curve.boundary_iou, expected.boundary_iou)
        np.testing.assert_array_equal(curve.dice, expected.dice)


@pytest.mark.parametrize("quantity", list(DoseQuantity))
def test_the_result_is_that_of_the_whole_analysis(loaded, quantity):
    settings = replace(SETTINGS, quantity=quantity, last_level_gy=150.0)
    match = loaded.match(settings=settings)
    match.update()
    ours, expected = match.result(REACTION_ORIGIN), loaded.whole_result(loaded.images.reaction.array, settings)
    assert ours.best == match.best()
    # A volume node stores its grid as a matrix: spacings differ in the last bit.
    for got, wanted in zip((ours.best, ours.estimators), (expected.best, expected.estimators), strict=True):
        np.testing.assert_allclose(np.hstack(astuple(got)), np.hstack(astuple(wanted)), rtol=1e-12)
    for got, wanted in zip(ours.dvh, expected.dvh, strict=True):
        assert astuple(got)[1:] == pytest.approx(astuple(wanted)[1:], rel=1e-12)
    assert (ours.liver_ml, ours.reaction_ml) == pytest.approx((expected.liver_ml, expected.reaction_ml))
    assert ours.dose.maximum_gy == expected.dose.maximum_gy


def test_a_shared_labelmap_is_read_by_its_label(loaded):
    apart = loaded.images.liver.array & ~loaded.images.reaction.array
    loaded.draw("Liver", loaded.images.liver.array)
    rest = SegmentMask("Rest", loaded.images.liver.with_array(apart), RED)
    nodes = [SegmentMask("Reaction", loaded.images.reaction, RED), rest]
    shared = masks_to_segmentation_node(loaded.scene, nodes, loaded.volume, "Shared")
    shared.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert shared.GetSegmentation().GetNumberOfLayers() == 1
    for segment in nodes:
        mask = segment_to_mask(shared, segment.name, loaded.images.liver)
        np.testing.assert_array_equal(mask.array, segment.mask.array)


def test_a_segment_that_reaches_beyond_the_ct_is_cut_to_it(loaded):
    box = (slice(0, 10), slice(0, 30), slice(0, 20))
    small = loaded.images.reaction.cropped(box)
    mask = segment_to_mask(loaded.segmentation, "Reaction", small)
    np.testing.assert_array_equal(mask.array, small.array)


def test_an_emptied_reaction_is_said_in_words_and_the_last_curve_stays_marked(loaded):
    match = loaded.match()
    before = match.update()
    assert match.is_current
    loaded.draw("Reaction", np.zeros(loaded.images.liver.shape, bool))
    with pytest.raises(EmptyRegionError, match="reaction is empty"):
        match.update()
    assert match.curve is before and not match.is_current
    with pytest.raises(EmptyRegionError, match="reaction is empty"):
        match.best()
    loaded.draw("Reaction", loaded.images.reaction.array)
    np.testing.assert_array_equal(match.update().boundary_iou, before.boundary_iou)
    assert match.is_current


def test_a_segmentation_moved_under_a_transform_is_refused_at_the_next_update(loaded):
    match = loaded.match()
    loaded.segmentation.SetAndObserveTransformNodeID(new_node(loaded.scene, "vtkMRMLLinearTransformNode", "t").GetID())
    with pytest.raises(GeometryMismatchError, match="harden"):
        match.update()


def test_a_deleted_reaction_segment_is_said_in_words(loaded):
    match = loaded.match()
    loaded.segmentation.GetSegmentation().RemoveSegment(find_segment(loaded.segmentation, "Reaction"))
    with pytest.raises(MissingInputError, match="no segment"):
        match.update()


def test_the_match_is_stale_after_a_change_of_liver_dose_or_settings_only(loaded):
    match = loaded.match()
    match.update()
    assert match.stale == ""
    loaded.draw("Reaction", loaded.images.reaction.array & (loaded.images.dose_gy.array > 35))
    assert match.stale == ""
    loaded.draw("Liver", loaded.images.liver.array)
    assert match.stale == ""
    liver = loaded.images.liver.array.copy()
    liver[np.unravel_index(np.argmax(liver), liver.shape)] = False
    loaded.draw("Liver", liver)
    assert match.stale == "The liver changed."
    match = loaded.match()
    match.settings = replace(SETTINGS, band_mm=12.0)
    assert match.stale == "The settings changed."
    match = loaded.match()
    loaded.dose.GetDisplayNode().SetOpacity(0.3)
    assert match.stale == ""
    loaded.dose.SetAndObserveImageData(to_vtk_image(from_vtk_image(loaded.dose.GetImageData()) + 1))
    assert match.stale == "The dose changed."


def test_a_dose_on_another_grid_is_sampled_onto_the_follow_up_ct(scene, oblique_example):
    images = oblique_example.images
    part = images.dose_gy.cropped((slice(2, 22), slice(2, 46), slice(2, 54)))
    loaded = Loaded(scene, replace(images, dose_gy=part))
    curve = loaded.match().update()
    expected = oblique_example.result.curve
    np.testing.assert_allclose(curve.boundary_iou, expected.boundary_iou, atol=0.002, equal_nan=True)


def test_the_banner_of_the_import_travels_into_the_result(loaded):
    state_dose(loaded.dose, "maximum 48.2 Gy in 5 fractions, physical dose, Eclipse", 5)
    match = loaded.match()
    assert match.result(REACTION_ORIGIN).dose.banner == "maximum 48.2 Gy in 5 fractions, physical dose, Eclipse"


def test_an_empty_liver_is_refused_before_anything_is_computed(loaded):
    loaded.draw("Liver", np.zeros(loaded.images.liver.shape, bool))
    with pytest.raises(EmptyRegionError, match="liver segment is empty"):
        loaded.match()
