"""The module FLRDose, on the scene that the batch run wrote, gives the batch run's numbers."""

from __future__ import annotations

import pytest

from hepadose.batch.flr import run_flr

import host
from e2e_support import truth_job

pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")

from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.scene import write_scene_file


def test_the_module_finds_the_same_dose_on_the_saved_scene(patient, tmp_path, monkeypatch):
    expected = run_flr(
        patient / "dicom", tmp_path / "result", truth_job(patient), writers=[write_scene_file()]
    ).result.best
    saved = new_headless_scene()
    saved.open(tmp_path / "result" / "scene.mrb")
    host.install(saved.scene, monkeypatch.setitem, monkeypatch.setattr)
    logic = host.load_module("FLRDose").FLRDoseLogic()
    found = logic.process(
        saved.scene.GetFirstNodeByName("Follow-up CT"),
        saved.scene.GetFirstNodeByName("Dose on follow-up grid (Gy)"),
        saved.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode"),
        fractions=5,
        registration_error_mm=0.5,
    ).best
    assert found == expected
