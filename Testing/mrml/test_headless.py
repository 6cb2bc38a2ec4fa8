"""The scene without an application: quiet, and clear about what is missing."""

import logging
import sys

import pytest

from hepadose.errors import MissingDependencyError
from hepadose.mrml.headless import new_headless_scene


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
