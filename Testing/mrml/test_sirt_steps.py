"""LiverSIRT's steps on nodes: regions read from segments, found tumors as segments, new segments that are tumors."""

from types import SimpleNamespace

import numpy as np
import pytest

from hepadose.errors import EmptyRegionError, MissingInputError
from hepadose.images import Image
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.segmentation import (
    SegmentMask,
    add_segment,
    masks_to_segmentation_node,
    segment_names,
    set_segment_mask,
)
from hepadose.mrml.sirt.inputs import choose_by_name
from hepadose.mrml.sirt.reader import RegionReader, tumor_names
from hepadose.mrml.sirt.regions import TUMOR, choose_new_tumors, take_found
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.protocol import Segmentation

from sirt_example import LIVER_ML, TERRITORY_ML, TUMOR_ML, treatment_ct, treatment_masks

ORIGIN = SegmentationOrigin("tumor model", "0.1.0")


@pytest.fixture
def choices():
    """The choices of the panel on a case of known volumes."""
    headless = new_headless_scene()
    ct = image_to_volume_node(headless.scene, treatment_ct(), "CT")
    masks = [SegmentMask(name, mask, (0.5, 0.5, 0.5)) for name, mask in treatment_masks().items()]
    node = masks_to_segmentation_node(headless.scene, masks, ct, "Outlines")
    made = SimpleNamespace(
        headless=headless,
        ctVolume=ct,
        segmentation=node,
        liverSegment="",
        territorySegment="",
        lungsSegment="",
        tumorSegments=[],
    )
    choose_by_name(made)
    return made


def spots(*corners):
    """Cubes of 8 voxels at some corners."""
    grid = treatment_masks()["Liver"]
    mask = np.zeros(grid.shape, bool)
    for k, j, i in corners:
        mask[k : k + 2, j : j + 2, i : i + 2] = True
    return Segmentation(grid.with_array(mask), ORIGIN)


def find(choices, found):
    for _step in take_found(choices, TUMOR, found):
        pass
    return [segment_names(choices.segmentation)[one] for one in choices.tumorSegments]


def test_segments_play_their_parts_by_their_names(choices):
    names = segment_names(choices.segmentation)
    chosen = (choices.liverSegment, choices.territorySegment, choices.lungsSegment, *choices.tumorSegments)
    assert [names[one] for one in chosen] == ["Liver", "Territory", "Lungs", "Tumor 1"]


def test_regions_have_the_volumes_of_the_segments_and_only_what_is_needed_of_the_grid(choices):
    outlined = RegionReader().outlined(choices)
    assert outlined.liver.volume_ml() == pytest.approx(LIVER_ML)
    assert outlined.territory.volume_ml() == pytest.approx(TERRITORY_ML)
    assert outlined.tumors[0][1].volume_ml() == pytest.approx(TUMOR_ML)
    assert outlined.lungs is None and outlined.liver.array.size < treatment_ct().array.size / 2
    assert RegionReader().outlined(choices, with_lungs=True).lungs.array.any()


def test_an_edited_segment_is_read_again_and_the_others_are_not_lost(choices):
    reader = RegionReader()
    before = reader.outlined(choices)
    smaller = treatment_masks()["Tumor 1"]
    smaller = smaller.with_array(smaller.array & (np.arange(smaller.shape[0]) < 11)[:, None, None])
    set_segment_mask(choices.segmentation, choices.tumorSegments[0], smaller)
    after = reader.outlined(choices)
    assert after.tumors[0][1].volume_ml() == pytest.approx(TUMOR_ML / 2)
    assert after.liver.volume_ml() == before.liver.volume_ml()


def test_an_empty_liver_and_a_missing_one_are_told(choices):
    empty = treatment_masks()["Liver"]
    set_segment_mask(choices.segmentation, choices.liverSegment, empty.with_array(np.zeros(empty.shape, bool)))
    with pytest.raises(EmptyRegionError, match="liver is empty"):
        RegionReader().outlined(choices)
    choices.liverSegment = ""
    with pytest.raises(MissingInputError, match="liver segment first"):
        RegionReader().outlined(choices)


def test_each_found_tumor_becomes_a_segment_of_its_own_beside_those_there_are(choices):
    assert find(choices, spots((5, 10, 8), (15, 30, 20))) == ["Tumor 1", "Tumor 2", "Tumor 3"]


def test_found_again_only_what_nobody_edited_is_replaced(choices):
    find(choices, spots((5, 10, 8), (15, 30, 20)))
    edited = choices.tumorSegments[1]
    set_segment_mask(choices.segmentation, edited, spots((6, 10, 8)).mask)
    names = find(choices, spots((12, 20, 12)))
    assert edited in choices.tumorSegments and len(names) == 3
    assert len(segment_names(choices.segmentation)) == 6


def test_a_new_segment_named_like_a_tumor_is_ticked_and_a_removed_one_forgotten(choices):
    seen = choose_new_tumors(choices, set(segment_names(choices.segmentation)))
    grid = treatment_masks()["Liver"]
    lesion = add_segment(choices.segmentation, SegmentMask("Lesion left", spots((5, 10, 8)).mask, (1.0, 0.0, 0.0)))
    add_segment(choices.segmentation, SegmentMask("Stomach", grid.with_array(grid.array), (1.0, 1.0, 0.0)))
    seen = choose_new_tumors(choices, seen)
    assert [tumor_names(choices)[one] for one in choices.tumorSegments] == ["Tumor 1", "Lesion left"]
    choices.segmentation.GetSegmentation().RemoveSegment(lesion)
    choose_new_tumors(choices, seen)
    assert lesion not in choices.tumorSegments


def test_regions_drawn_on_another_grid_are_brought_onto_that_of_the_ct(choices):
    fine = Image(np.ones((10, 20, 20), bool), (2.0, 2.0, 2.5), (-80.0, -40.0, -30.0))
    choices.tumorSegments = [add_segment(choices.segmentation, SegmentMask("Tumor 9", fine, (1.0, 0.0, 0.0)))]
    outlined = RegionReader().outlined(choices)
    assert outlined.tumors[0][1].volume_ml() == pytest.approx(fine.volume_ml(), rel=0.15)
