"""A case through SlicerRT's importer: the same nodes as by HepaDose's own loader, or these with the reason.

The importer is a stand-in that reads the files with pydicom and SimpleITK; the real one has not been tried.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from hepadose.dicom.write import StructureMask, write_rtstruct
from hepadose.findings import Level
from hepadose.mrml.automatic import segment_origin_now
from hepadose.mrml.dose import dose_banner_of, fractions_of, is_dose_volume, volume_node_to_dose
from hepadose.mrml.flr_input import dose_findings
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node, numpy_matrix, volume_node_to_image, voxel_view, vtk_matrix
from hepadose.mrml.loaded import add_loaded_case
from hepadose.mrml.nodes import new_node
from hepadose.mrml.segmentation import segment_names, segment_to_mask
from hepadose.mrml.slicerrt import load_case_through_slicerrt, slicerrt_available, why_slicerrt_is_missing
from hepadose.mrml.stated import case_findings, interval_days_of
from hepadose.timing import TimingLog
from hepadose.worker.loading import load_case

import host
from dicom_example import a_study, box_mask, write_case
from host import dicomlib

OWN_LOADER = "HepaDose's own loader was used instead."
CONTOURS = "Planar contour"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slicerrt") / "case"
    write_case(folder)
    return folder


@pytest.fixture(scope="module")
def case(folder):
    return read_case(folder)


def read_case(folder):
    return load_case(folder, None, lambda text, part: None, TimingLog(folder.parent / "timing.jsonl")).case


@pytest.fixture
def faults(scene, monkeypatch):
    """SlicerRT is installed; errors can be planted."""
    host.install(scene, monkeypatch.setitem, monkeypatch.setattr)
    return dicomlib.install(monkeypatch.setitem, monkeypatch.setattr)


@pytest.fixture
def load(scene, case, folder, faults):
    return lambda **changes: finish(load_case_through_slicerrt(scene, replace(case, **changes), folder))


def finish(steps):
    """Run a generator to its end and give what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def content(scene):
    """Classes and names of all nodes but for the numbers in them, and the names in the data tree."""
    import slicer
    from vtkmodules.vtkCommonCore import vtkIdList

    nodes = [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]
    hierarchy, items = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene), vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    tree = [hierarchy.GetItemName(items.GetId(place)) for place in range(items.GetNumberOfIds())]
    names = [re.sub(r"_\d+$", "", node.GetName() or "") for node in nodes]
    return sorted(zip((node.GetClassName() for node in nodes), names, strict=True)), sorted(tree)


def told(nodes):
    """What the pre-flight list says of SlicerRT."""
    return [finding.text for finding in case_findings(nodes.follow_up) if finding.subject == "SlicerRT"]


def voxels(node):
    return voxel_view(node.GetImageData())


def multiply(factor):
    def change(node):
        voxels(node)[...] *= factor

    return change


def move(node):
    matrix = vtk_matrix()
    node.GetIJKToRASMatrix(matrix)
    values = numpy_matrix(matrix)
    values[0, 3] += 5.0
    node.SetIJKToRASMatrix(vtk_matrix(values))


def mirror(node):
    voxels(node)[...] = voxels(node)[::-1].copy()


def put_under_transform(node):
    node.SetAndObserveTransformNodeID(new_node(node.GetScene(), "vtkMRMLLinearTransformNode", "acquisition").GetID())


def stop_in_the_middle(node):
    node.SetAndObserveImageData(None)
    raise RuntimeError("planted")


def rename(node):
    node.GetSegmentation().GetNthSegment(0).SetName("Something else")


def test_the_nodes_are_those_of_the_own_loader(load, case):
    nodes = load()
    own = finish(add_loaded_case((apart := new_headless_scene()).scene, case))
    for role in ("planning", "follow_up", "dose"):
        found, expected = (volume_node_to_image(getattr(one, role)) for one in (nodes, own))
        assert found.same_grid_as(expected)
        np.testing.assert_allclose(found.array, expected.array, atol=1e-4)
        assert getattr(nodes, role).GetName() == getattr(own, role).GetName()
    assert dose_banner_of(nodes.dose) == dose_banner_of(own.dose) == case.dose_banner
    assert fractions_of(nodes.dose) == 5
    assert interval_days_of(nodes.follow_up) == interval_days_of(own.follow_up) == 92
    assert not [one for one in dose_findings(nodes.dose, volume_node_to_dose(nodes.dose)) if one.level != Level.OK]
    assert apart.scene


def test_the_structures_have_names_voxels_and_origin_and_stay_contours(load, case):
    drawn = load().planning_structures
    assert sorted(segment_names(drawn).values()) == ["Liver", "Liver-GTV"]
    assert drawn.GetSegmentation().GetSourceRepresentationName() == CONTOURS
    liver = segment_to_mask(drawn, "Liver", case.planning)
    own = case.planning_liver.mask
    assert np.count_nonzero(liver.array) == np.count_nonzero(own.array)
    assert str(segment_origin_now(drawn, "Liver")) == 'RTSTRUCT (structure "Liver"), not edited'
    assert drawn.GetName() == "Structures of the planning CT"


def test_the_data_tree_has_the_patient_with_both_studies_and_nothing_else_is_loaded(load, scene):
    nodes = load()
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    studies = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) for node in (nodes.planning, nodes.follow_up)]
    assert [hierarchy.GetItemUID(item, "DICOM") for item in studies] == ["1.2.3.1", "1.2.3.2"]
    assert {hierarchy.GetItemName(hierarchy.GetItemParent(item)) for item in studies} == {str(a_study().patient_name)}
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 3


def test_the_list_says_how_it_was_loaded_and_what_a_saved_scene_then_holds(load, case):
    nodes = load()
    assert case_findings(nodes.follow_up)[: len(case.findings)] == case.findings
    agreed, privacy = told(nodes)
    assert agreed == "Loaded through SlicerRT; everything agrees with the files."
    assert "patient's name" in privacy


def test_a_dose_whose_planes_run_the_other_way_is_the_same_dose(load, faults, case):
    def turn(node):
        matrix = vtk_matrix()
        node.GetIJKToRASMatrix(matrix)
        values, last = numpy_matrix(matrix), node.GetImageData().GetDimensions()[2] - 1
        values[:, 3] += values[:, 2] * last
        values[:, 2] *= -1
        node.SetIJKToRASMatrix(vtk_matrix(values))
        voxels(node)[...] = voxels(node)[::-1].copy()

    faults.change["RTDOSE"] = turn
    nodes = load()
    assert "agrees" in told(nodes)[0]
    assert volume_node_to_image(nodes.dose).direction[2, 2] == -case.dose.direction[2, 2]


@pytest.mark.parametrize(
    ("modality", "change", "words"),
    [
        ("RTDOSE", multiply(100.0), "Dose: its maximum is 4820 Gy, in the file 48.2 Gy"),
        ("RTDOSE", multiply(1.002), "Dose: its maximum is 48.3 Gy"),
        ("RTDOSE", multiply(np.nan), "Dose: its maximum is nan Gy"),
        ("RTDOSE", mirror, "other voxels have another dose"),
        ("RTDOSE", move, "Dose: its voxels lie up to 5.0 mm from their places"),
        ("RTDOSE", stop_in_the_middle, "dose is missing or has no voxels"),
        ("CT", move, "Planning CT: its voxels lie up to 5.0 mm from their places"),
        ("CT", mirror, "of the voxels differ by more than 1 HU"),
        ("CT", put_under_transform, "Planning CT lies under a transform"),
        ("CT", stop_in_the_middle, "Planning CT is missing or has no voxels"),
        ("RTSTRUCT", rename, 'SlicerRT loaded no structure "Liver"'),
    ],
)
def test_what_disagrees_with_the_files_is_removed_and_loaded_by_the_own_loader(
    scene, load, faults, case, modality, change, words
):
    faults.change[modality] = change
    assert_own_loader(scene, load(), case, words)


def assert_own_loader(scene, nodes, case, words):
    """The scene holds what the own loader adds and nothing more, and one sentence says why."""
    (reason,) = told(nodes)
    assert words in reason
    assert reason.endswith(OWN_LOADER)
    apart = new_headless_scene()
    finish(add_loaded_case(apart.scene, case))
    assert content(scene) == content(apart.scene)
    assert volume_node_to_dose(nodes.dose).array.max() == pytest.approx(case.dose.array.max())


@pytest.mark.parametrize(("unit", "words"), [("CGY", "its unit is CGY, expected GY"), (None, "states no unit")])
def test_a_dose_in_another_unit_or_without_one_is_not_taken(scene, load, faults, case, unit, words):
    faults.dose_unit = unit
    assert_own_loader(scene, load(), case, words)


@pytest.mark.parametrize(
    ("modality", "words"),
    [
        ("CT", "did not find the series of the planning CT"),
        ("RTDOSE", "did not find the dose"),
        ("RTSTRUCT", "did not find the structure set"),
    ],
)
def test_a_series_that_slicer_does_not_find_is_named(scene, load, faults, case, modality, words):
    faults.unindexed.add(modality)
    assert_own_loader(scene, load(), case, words)


@pytest.mark.parametrize(
    ("modality", "what"), [("CT", "planning CT"), ("RTDOSE", "dose"), ("RTSTRUCT", "structure set")]
)
def test_what_a_plugin_cannot_load_is_named(scene, load, faults, case, modality, what):
    faults.failing.add(modality)
    assert_own_loader(scene, load(), case, f"SlicerRT made nothing of the {what}, expected one node")


@pytest.mark.parametrize("modality", ["CT", "RTDOSE", "RTSTRUCT"])
def test_an_exception_out_of_slicer_costs_nothing_and_its_text_is_not_shown(scene, load, faults, case, modality):
    faults.crash = modality
    nodes = load()
    assert_own_loader(scene, nodes, case, "Its import stopped with OSError")
    assert "Patient" not in " ".join(told(nodes))


def test_contours_that_cannot_become_voxels_are_left_to_the_own_loader(scene, load, faults, case):
    faults.voxels = False
    assert_own_loader(scene, load(), case, 'Segment "Liver" cannot be converted to voxels')


def test_a_total_dose_that_was_computed_is_left_to_the_own_loader(scene, load, case):
    computed = replace(case.sources, dose="")
    assert_own_loader(scene, load(sources=computed), case, "computed from stored doses")


def test_structures_that_disagree_are_told_but_taken(load, faults, case):
    def shrink(node):
        segment = node.GetSegmentation().GetSegment(node.GetSegmentation().GetSegmentIdBySegmentName("Liver"))
        labels = segment.GetRepresentation("Binary labelmap")
        view = voxel_view(labels)
        view[: np.flatnonzero(view.any(axis=(1, 2)))[3]] = 0
        rest = node.GetSegmentation().GetSegmentIdBySegmentName("Liver-GTV")
        node.GetSegmentation().GetSegment(rest).SetName("Tumor")

    faults.change["RTSTRUCT"] = shrink
    nodes = load()
    assert told(nodes)[0] == "Loaded through SlicerRT; images and dose are those of the files."
    texts = [one.text for one in case_findings(nodes.follow_up) if one.level == Level.WARNING]
    assert any('fills "Liver" to 506.2 ml, HepaDose to 675.0 ml' in text for text in texts)
    assert any('loaded no structure "Liver-GTV"' in text for text in texts)


def test_an_import_that_is_ended_in_any_step_leaves_scene_and_database_as_they_were(scene, case, folder, faults):
    import slicer

    before = content(scene)
    steps = 0
    while True:
        running = load_case_through_slicerrt(scene, case, folder)
        if len([None for _step, _none in zip(range(steps), running, strict=False)]) < steps:
            break
        running.close()
        assert content(scene) == before
        assert (slicer.dicomDatabase.databaseDirectory, slicer.dicomDatabase.patients()) == ("users-own", ())
        steps += 1
    assert steps > 8


def test_what_the_user_had_in_the_scene_stays_when_the_import_fails(scene, load, faults, case):
    kept = image_to_volume_node(scene, box_mask(case.planning, *[slice(2, 4)] * 3), "The user's own")
    faults.change["RTDOSE"] = multiply(100.0)
    load()
    assert scene.GetNodeByID(kept.GetID()) is kept


def test_a_case_can_be_loaded_a_second_time(load):
    first, second = load(), load()
    assert "agrees" in told(first)[0]
    assert "agrees" in told(second)[0]
    assert first.dose is not second.dose
    assert is_dose_volume(second.dose)


def test_structures_of_the_follow_up_ct_are_loaded_too(scene, faults, tmp_path):
    written = write_case(tmp_path / "case")
    grid = written.follow_up.grid
    liver = box_mask(grid, slice(3, 12), slice(8, 20), slice(8, 24))
    write_rtstruct(tmp_path / "case" / "RS2.dcm", {"Leber": StructureMask(liver)}, written.follow_up)
    case = read_case(tmp_path / "case")
    nodes = finish(load_case_through_slicerrt(scene, case, tmp_path / "case"))
    assert told(nodes)[0] == "Loaded through SlicerRT; everything agrees with the files."
    assert list(segment_names(nodes.follow_up_structures).values()) == ["Leber"]
    assert sorted(segment_names(nodes.planning_structures).values()) == ["Liver", "Liver-GTV"]
    assert nodes.follow_up_structures.GetName() == "Structures of the follow-up CT"
    found = segment_to_mask(nodes.follow_up_structures, "Leber", case.follow_up)
    assert np.count_nonzero(found.array) == np.count_nonzero(liver.array)


def test_why_nothing_can_be_loaded_through_slicerrt_is_said(faults, monkeypatch, scene, load, case):
    import slicer

    assert slicerrt_available()
    monkeypatch.setattr(slicer.modules, "dicomPlugins", {"DicomRtImportExportPlugin": object})
    assert "cannot load images" in why_slicerrt_is_missing()
    monkeypatch.setattr(slicer.modules, "dicomPlugins", {})
    assert "SlicerRT is not installed" in why_slicerrt_is_missing()
    monkeypatch.delattr(slicer, "dicomDatabase")
    assert why_slicerrt_is_missing() == "Slicer's DICOM module is not loaded here."
    assert_own_loader(scene, load(), case, "DICOM module is not loaded")


def test_the_stand_in_refuses_what_slicer_lacks(faults):
    import slicer
    from DICOMLib import DICOMUtils

    with pytest.raises(AttributeError):
        slicer.dicomDatabase.seriesOfPatient("1")
    with pytest.raises(AttributeError):
        slicer.dicomDatabase.note = 1
    with pytest.raises(AttributeError):
        DICOMUtils.loadFolder("here")
    with pytest.raises(ValueError, match="must contain a list"):
        DICOMUtils.loadSeriesByUID("1.2.3")
