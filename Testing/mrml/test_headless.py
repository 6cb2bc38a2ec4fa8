"""The scene without an application: quiet, and clear about what is missing."""

import logging
import sys

import numpy as np
import pytest
import slicer

from hepadose.errors import MissingDependencyError
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.scene import write_scene_file
from hepadose.mrml.segmentation import segment_to_mask


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "trame_slicer"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "trame_slicer", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "trame-slicer\[standalone\]'):
        new_headless_scene()


def test_errors_of_vtk_go_to_the_log_and_not_to_the_console(scene, caplog, capfd):
    with caplog.at_level(logging.WARNING, logger="hepadose.mrml"):
        assert scene.AddNewNodeByClass("vtkMRMLNoSuchNode", "x") is None
    assert any("vtkMRMLNoSuchNode" in record.message for record in caplog.records)
    assert capfd.readouterr() == ("", "")


def test_scenes_are_refused_before_computing_where_none_can_be_made(monkeypatch):
    monkeypatch.setattr(slicer, "mrmlScene", None, raising=False)
    monkeypatch.setitem(sys.modules, "trame_slicer", None)
    monkeypatch.setitem(sys.modules, "trame_slicer.core", None)
    with pytest.raises(MissingDependencyError, match="trame-slicer"):
        write_scene_file()


@pytest.mark.parametrize("inside_the_application", [False, True])
def test_a_result_folder_gets_a_scene_of_its_own(
    inside_the_application, headless, oblique_example, tmp_path, monkeypatch
):
    running = headless.scene if inside_the_application else None
    monkeypatch.setattr(slicer, "mrmlScene", running, raising=False)
    before = headless.scene.GetNumberOfNodes()
    write = write_scene_file()
    write(tmp_path, oblique_example.result, oblique_example.images)
    write(tmp_path, oblique_example.result, oblique_example.images)
    assert headless.scene.GetNumberOfNodes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["scene.mrb"]
    opened = new_headless_scene()
    opened.open(tmp_path / "scene.mrb")
    nodes = [opened.scene.GetNthNode(place) for place in range(opened.scene.GetNumberOfNodes())]
    assert sum(node.GetClassName() == "vtkMRMLSegmentationNode" for node in nodes) == 1
    segmentation = opened.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    reaction = segment_to_mask(segmentation, "Focal liver reaction", oblique_example.images.reaction)
    np.testing.assert_array_equal(reaction.array, oblique_example.images.reaction.array)
    assert segmentation.GetDisplayNode() is not None
