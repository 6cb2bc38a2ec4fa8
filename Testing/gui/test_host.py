"""The stand-in of Slicer opens, reloads and tests the real modules."""

import slicer

import host


def test_the_panel_opens_in_the_main_window_without_an_error(slicer_app):
    panel = slicer_app.select_module("FLRDose")
    assert slicer.modules.FLRDoseWidget is panel
    assert slicer.util.mainWindow().isVisible()
    assert panel.ui.FLRDose.isVisible()


def test_a_module_is_entered_when_it_is_shown_and_left_when_another_is(slicer_app):
    panel = slicer_app.select_module("FLRDose")
    assert panel.parent.isEntered
    slicer_app.select_module("HepaDose")
    assert not panel.parent.isEntered


def test_reload_makes_a_new_panel_from_the_file(slicer_app):
    before = slicer_app.select_module("FLRDose")
    after = slicer_app.reload_module("FLRDose")
    assert type(after) is not type(before)
    assert slicer.modules.FLRDoseWidget is after


def test_the_scene_can_be_closed_while_the_panel_is_open(slicer_app):
    panel = slicer_app.select_module("FLRDose")
    slicer_app.close_scene()
    assert panel.logic.getParameterNode().followUpVolume is None


def test_every_module_of_the_project_is_registered(slicer_app):
    folders = {folder.name for folder in host.application.MODULE_FOLDERS}
    assert set(slicer.util.moduleNames()) == folders


def test_the_self_tests_of_the_module_run_in_the_application(slicer_app):
    slicer_app.select_module("FLRDose")
    slicer.selfTests["FLRDose"]()
