"""Dialogs, packages, settings, discovery and errors of the stand-in of Slicer."""

import os
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

import host
from host.parameters import wrapper
from host.popups import UnpreparedPopupError

MISSING = Requirement("no-such-package-anywhere>=1")


def test_a_question_is_answered_by_the_test_and_recorded(slicer_app):
    import qt
    import slicer

    slicer_app.answers.append(qt.QMessageBox.No)
    assert not slicer.util.confirmYesNoDisplay("Overwrite the folder?")
    assert [popup.text for popup in slicer_app.popups] == ["Overwrite the folder?"]


def test_a_question_without_a_prepared_answer_fails_the_test(slicer_app):
    import slicer

    with pytest.raises(UnpreparedPopupError, match="Overwrite the folder"):
        slicer.util.confirmYesNoDisplay("Overwrite the folder?")


def test_a_folder_dialog_gives_the_prepared_path_alone(slicer_app):
    import qt

    slicer_app.answers.append("/data/case")
    assert qt.QFileDialog.getExistingDirectory(None, "Choose") == "/data/case"


def test_an_error_shown_to_the_user_is_recorded_and_raised(slicer_app):
    import slicer

    with pytest.raises(ValueError, match="no dose"), slicer.util.tryWithErrorDisplay("It failed.", waitCursor=True):
        raise ValueError("no dose")
    assert slicer_app.popups[0].text == "It failed.\n\nno dose"
    assert "ValueError" in slicer_app.popups[0].detail


def test_nothing_is_ever_installed(slicer_app):
    import slicer.packaging

    assert not slicer.packaging.pip_check(MISSING)
    assert slicer.packaging.pip_check(Requirement("numpy>=2"))
    with pytest.raises(RuntimeError, match="installs nothing: no-such-package"):
        slicer.packaging.pip_install("no-such-package")


def test_an_installation_can_be_played_by_the_test(slicer_app):
    import qt
    import slicer.packaging

    lines, ended = [], []
    slicer_app.packages.installer = lambda arguments, log: log(f"playing {arguments[0]}") or 0
    slicer.packaging.pip_install(["thing"], blocking=False, logCallback=lines.append, completedCallback=ended.append)
    assert (lines, ended) == (["playing thing"], [0])
    slicer_app.answers.append(qt.QMessageBox.Cancel)
    with pytest.raises(RuntimeError, match="declined"):
        slicer.packaging.pip_ensure([MISSING], requester="FLRDose")


def test_a_failed_installation_raises_as_pip_does(slicer_app):
    import slicer.packaging

    slicer_app.packages.installer = lambda arguments, log: 1
    with pytest.raises(subprocess.CalledProcessError):
        slicer.packaging.pip_install("thing")


def test_settings_are_kept_apart_from_the_users(slicer_app):
    import qt
    import slicer

    qt.QSettings().setValue("HepaDose/Folder", "/data")
    assert slicer.app.settings().value("HepaDose/Folder") == "/data"
    assert qt.QSettings().fileName().startswith(os.path.dirname(slicer.app.temporaryPath))


def test_the_application_offers_what_slicers_does_and_no_more(slicer_app):
    import slicer

    assert (slicer.app.majorVersion, slicer.app.applicationName) == (5, "Slicer")
    assert slicer.app.commandOptions().noMainWindow is False
    assert slicer.app.layoutManager().sliceWidget("Red") is not None
    with pytest.raises(AttributeError, match="has no attribute named 'isTesting'"):
        slicer.app.isTesting()


def test_the_reload_area_is_there_in_developer_mode_only(slicer_app):
    import qt

    assert not hasattr(slicer_app.select_module("FLRDose"), "reloadButton")
    slicer_app.reset()
    qt.QSettings().setValue("Developer/DeveloperMode", True)
    try:
        assert slicer_app.select_module("FLRDose").reloadButton.text == "Reload"
    finally:
        qt.QSettings().remove("Developer/DeveloperMode")


def test_a_python_test_base_runs_every_method_with_test_in_its_name(slicer_app):
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

    ran = []

    class MyTest(ScriptedLoadableModuleTest):
        def setUp(self):
            ran.append("setUp")

        def test_one(self):
            ran.append("one")

        def myTestTwo(self):
            ran.append("two")

    MyTest().runTest()
    assert ran == ["setUp", "two", "setUp", "one"]


def test_the_panel_works_with_a_slicer_whose_connect_gui_gives_no_tag(slicer_app, monkeypatch):
    monkeypatch.setattr(wrapper, "CONNECT_GUI_GIVES_TAG", False)
    panel = slicer_app.select_module("FLRDose")
    panel.ui.fractions.value = 5
    slicer_app.close_scene()
    assert panel.parameters.fractions == 0
    panel.ui.fractions.value = 3
    panel.ui.bandMm.value = 7.0
    assert (panel.parameters.fractions, panel.parameters.bandMm) == (3, 7.0)
    assert (panel.ui.fractions.value, panel.ui.bandMm.value) == (3, 7.0)


def run_host(*folders):
    """Exit code and output of ``python -m host``."""
    environment = {**os.environ, "PYTHONPATH": str(host.PROJECT / "Testing"), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "host", *map(str, folders)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def test_every_module_of_given_folders_opens_in_a_process_of_its_own():
    code, output, errors = run_host(*host.application.MODULE_FOLDERS)
    assert code == 0, errors
    assert output.split() == [folder.name for folder in host.application.MODULE_FOLDERS]
    assert errors == ""


def test_what_vtk_and_qt_would_print_goes_to_the_log(slicer_app, caplog):
    from PySide6.QtCore import qWarning
    from vtkmodules.vtkCommonCore import vtkOutputWindow

    vtkOutputWindow.GetInstance().DisplayErrorText("the volume has no image")
    qWarning("a plug-in is missing")
    said = [(record.name, record.levelname, record.message) for record in caplog.records]
    assert said == [("host.vtk", "ERROR", "the volume has no image"), ("host.qt", "WARNING", "a plug-in is missing")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Other: pass", "is taken for a module and must define a class Broken"),
        ("import no_such_library", "No module named 'no_such_library'"),
    ],
)
def test_a_broken_module_ends_the_process_with_an_error(tmp_path, text, message):
    (tmp_path / "Broken.py").write_text(text, encoding="utf-8")
    code, _output, errors = run_host(tmp_path)
    assert code == 1
    assert message in errors
