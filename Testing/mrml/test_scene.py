"""A result saved as a scene and opened in a fresh one: the same numbers, volumes and places."""

import dataclasses
import json

import numpy as np
import pytest
from vtkmodules.vtkCommonCore import reference

from hepadose.errors import OutputError, UnreadableFileError
from hepadose.flr.settings import DoseQuantity
from hepadose.mrml.dose import DOSE_UNIT_NAME, DOSE_VOLUME, WITHOUT_DOSE, is_dose_volume, volume_node_to_dose
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.save import save_scene
from hepadose.mrml.scene import build_flr_scene
from hepadose.mrml.segmentation import VOLUME_TAG, segment_names, segment_to_mask
from hepadose.mrml.tables import CURVE_COLUMNS, level_title, table_column
from hepadose.mrml.views import SLICE_VIEWS, show_in_slice_views
from hepadose.timing import TimingLog

from flr_example import analyzed, example_images


def reopened(path):
    fresh = new_headless_scene()
    fresh.open(path)
    return fresh


@pytest.fixture(params=["flr.mrb", "bundle/flr.mrml"], ids=["mrb", "mrml"])
def saved(request, tmp_path, scene, oblique_example):
    log = TimingLog()
    with log.step("Sweep"):
        pass
    nodes = build_flr_scene(scene, oblique_example.result, oblique_example.images, timing=log.records)
    show_in_slice_views(scene, nodes)
    return reopened(save_scene(scene, tmp_path / request.param))


def test_a_saved_scene_holds_volumes_at_the_same_place_with_the_same_values(saved, oblique_example):
    images = oblique_example.images
    expected = {
        "Follow-up CT": images.follow_up_ct,
        "Planning CT on follow-up grid": images.planning_ct,
        "Dose on follow-up grid (Gy)": images.dose_gy,
    }
    for name, image in expected.items():
        found = volume_node_to_image(saved.scene.GetFirstNodeByName(name))
        np.testing.assert_array_equal(found.array, image.array)
        np.testing.assert_allclose(found.ijk_to_lps, image.ijk_to_lps, atol=1e-6)


def test_a_saved_scene_holds_every_segment_voxel_by_voxel(saved, oblique_example):
    images, result = oblique_example.images, oblique_example.result
    node = saved.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    best = (images.dose_gy.array >= result.best.refined_gy) & images.liver.array
    names = list(segment_names(node).values())
    assert names[:2] == ["Liver", "Focal liver reaction"]
    expected = {"Liver": images.liver.array, "Focal liver reaction": images.reaction.array, names[2]: best}
    expected |= {name: images.dose_gy.array >= float(name.split(" Gy")[0]) for name in names[3:]}
    for name, array in expected.items():
        mask = segment_to_mask(node, name, images.liver)
        np.testing.assert_array_equal(mask.array, array)
        assert mask.volume_ml() == pytest.approx(images.liver.with_array(array).volume_ml(), abs=1e-3)
    assert names[3:] == [f"{level}.0 Gy isodose ({_ml(images, level)} ml)" for level in (10, 20, 40, 50)]


def _ml(images, level):
    return f"{images.dose_gy.with_array(images.dose_gy.array >= level).volume_ml():.0f}"


def test_segments_carry_their_volume_and_origin_at_full_precision(saved, oblique_example):
    node = saved.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    text = reference("")
    node.GetSegmentation().GetNthSegment(0).GetTag(VOLUME_TAG, text)
    assert float(str(text)) == oblique_example.result.liver_ml
    assert node.GetAttribute("HepaDose.LiverOrigin") == "RTSTRUCT (structure Liver), not edited"
    assert float(node.GetAttribute("HepaDose.BestLevelGy")) == oblique_example.result.best.refined_gy
    assert json.loads(node.GetAttribute("HepaDose.Settings"))["band_mm"] == 10.0
    assert "research use" in node.GetAttribute("HepaDose.ResearchUse")


def test_the_whole_result_is_in_the_text_at_full_precision(saved, oblique_example):
    stored = json.loads(saved.scene.GetFirstNodeByClass("vtkMRMLTextNode").GetText())
    result = oblique_example.result
    assert stored["best"]["refined_gy"] == result.best.refined_gy
    assert stored["curve"]["boundary_iou"] == result.curve.boundary_iou.tolist()
    assert stored["timing"][0]["step"] == "Sweep"


def test_the_curve_is_a_table_and_a_plot(saved, oblique_example):
    result = oblique_example.result
    table = saved.scene.GetFirstNodeByName("FLR agreement over dose")
    np.testing.assert_allclose(table_column(table, level_title(result.dose)), result.curve.levels_gy, rtol=1e-5)
    for name, title in CURVE_COLUMNS.items():
        # Slicer writes tables with six significant digits; the text node has all.
        np.testing.assert_allclose(table_column(table, title), getattr(result.curve, name), rtol=1e-5, atol=1e-6)
    chart = saved.scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    series = chart.GetNthPlotSeriesNode(0)
    assert series.GetTableNode() is table
    assert (series.GetXColumnName(), series.GetYColumnName()) == (level_title(result.dose), "Boundary IoU")
    assert chart.GetXAxisTitle() == "Physical dose in Gy, 5 fractions"


def test_figures_and_checks_are_tables_in_words(saved, oblique_example):
    figures = saved.scene.GetFirstNodeByName("FLR figures")
    values = dict(zip(table_column(figures, "Figure"), table_column(figures, "Value"), strict=True))
    assert values["Best level"].replace("\N{NO-BREAK SPACE}", " ") == f"{oblique_example.result.best.refined_gy:.1f} Gy"
    checks = saved.scene.GetFirstNodeByName("FLR quality checks")
    assert table_column(checks, "Check")[0] == "Check"
    assert table_column(checks, "Finding")[0] == "1 slice is missing; it was interpolated."


def test_the_dose_is_marked_as_slicerrt_marks_it(saved):
    node = saved.scene.GetFirstNodeByName("Dose on follow-up grid (Gy)")
    assert is_dose_volume(node)
    assert (node.GetAttribute(DOSE_VOLUME), node.GetAttribute(DOSE_UNIT_NAME)) == ("1", "GY")
    assert node.GetDisplayNode().GetColorNode().GetName() == "Dose"
    assert node.GetDisplayNode().GetColorNode().GetNumberOfColors() == 256
    assert not is_dose_volume(saved.scene.GetFirstNodeByName("Follow-up CT"))


def test_slice_views_open_with_ct_and_dose(saved):
    for view in SLICE_VIEWS:
        composite = saved.scene.GetSingletonNode(view, "vtkMRMLSliceCompositeNode")
        assert saved.scene.GetNodeByID(composite.GetBackgroundVolumeID()).GetName() == "Follow-up CT"
        assert saved.scene.GetNodeByID(composite.GetForegroundVolumeID()).GetName().startswith("Dose")


def test_the_nodes_lie_in_one_folder_of_the_subject_hierarchy(saved):
    hierarchy = saved.scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    names = ("Follow-up CT", "Dose on follow-up grid (Gy)", "FLR agreement over dose", "FLR result (JSON)")
    items = [hierarchy.GetItemByDataNode(saved.scene.GetFirstNodeByName(name)) for name in names]
    assert {hierarchy.GetItemName(hierarchy.GetItemParent(item)) for item in items} == {"Focal liver reaction"}


def test_voxels_without_dose_become_a_segment_and_a_count_instead_of_nan(scene):
    images = example_images()
    dose = images.dose_gy.array.copy()
    dose[:7] = np.nan
    images = dataclasses.replace(images, dose_gy=images.dose_gy.with_array(dose))
    nodes = build_flr_scene(scene, analyzed(images).result, images)
    assert int(nodes.dose.GetAttribute(WITHOUT_DOSE)) == 7 * dose[0].size
    assert np.isfinite(volume_node_to_dose(nodes.dose).array).all()
    outside = segment_to_mask(nodes.segmentation, "Liver outside the dose grid", images.liver)
    np.testing.assert_array_equal(outside.array, images.liver.array & np.isnan(dose))


def test_isodoses_of_equivalent_dose_are_named_so(scene):
    images = example_images()
    result = analyzed(images, quantity=DoseQuantity.EQD2, last_level_gy=150.0).result
    nodes = build_flr_scene(scene, result, images, isodose_levels_gy=[40.0])
    names = list(segment_names(nodes.segmentation).values())
    assert names[2].startswith(f"Best isodose {result.best.refined_gy:.1f} Gy EQD2 in liver (")
    assert names[3].startswith("40.0 Gy EQD2 isodose (")


def test_two_results_fit_in_one_scene_with_one_color_table(scene, oblique_example):
    without_planning = dataclasses.replace(oblique_example.images, planning_ct=None)
    first = build_flr_scene(scene, oblique_example.result, without_planning)
    second = build_flr_scene(scene, oblique_example.result, oblique_example.images)
    assert first.planning_ct is None
    assert first.dose is not second.dose
    assert first.dose.GetDisplayNode().GetColorNodeID() == second.dose.GetDisplayNode().GetColorNodeID()


def test_a_scene_is_replaced_as_a_whole_and_nothing_unfinished_stays(scene, oblique_example, tmp_path):
    path = tmp_path / "flr.mrb"
    path.write_bytes(b"older")
    build_flr_scene(scene, oblique_example.result, oblique_example.images)
    save_scene(scene, path)
    assert path.read_bytes().startswith(b"PK")
    assert [entry.name for entry in tmp_path.iterdir()] == ["flr.mrb"]


def test_a_scene_that_cannot_be_saved_is_refused_in_words(scene, tmp_path):
    with pytest.raises(OutputError, match=r"\.mrb or \.mrml, got the ending \"\.txt\""):
        save_scene(scene, tmp_path / "scene.txt")
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="cannot be saved"):
        save_scene(scene, tmp_path / "taken" / "flr.mrb")
    with pytest.raises(OutputError, match="needs a new or empty folder"):
        save_scene(scene, tmp_path / "flr.mrml")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_a_file_that_is_no_scene_is_refused(headless, tmp_path):
    with pytest.raises(UnreadableFileError, match=r"missing\.mrb cannot be opened"):
        headless.open(tmp_path / "missing.mrb")
