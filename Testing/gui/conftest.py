"""One stand-in of Slicer for all tests of panels, brought back to its start after each test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="PySide6 or a library of it is missing", exc_type=ImportError)
pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")

from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings

import host
from flrdose_work import LONG_S, do_the_work, shown_numbers
from gui_hand import Hand
from host import errors

SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)


@pytest.fixture(scope="session")
def running_slicer():
    return host.start()


@pytest.fixture
def slicer_app(running_slicer):
    """The application; an error that Slicer would only print fails the test."""
    running_slicer.reset()
    errors.ERRORS.clear()
    before = loaded_files()
    yield running_slicer
    running_slicer.reset()
    # Reload makes new modules; the tests that follow hold classes of the old ones.
    for name in loaded_files():
        del sys.modules[name]
    sys.modules.update(before)
    errors.raise_first()


def loaded_files():
    """The project's own Python modules that are loaded."""
    names = {folder.name for folder in host.application.MODULE_FOLDERS}
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in {"hepadose", *names}}


@pytest.fixture
def expected_errors(slicer_app):
    """Errors that the test expects; it must look at them, for they are forgotten afterwards."""
    yield slicer_app.errors
    assert slicer_app.errors, "an error was expected and none came"
    slicer_app.errors.clear()


@pytest.fixture(scope="session")
def case_folder(tmp_path_factory) -> Path:
    """DICOM files of a small digital patient."""
    folder = tmp_path_factory.mktemp("digital") / "patient"
    make_digital_patient(folder, SMALL)
    return folder / "dicom"


@pytest.fixture
def panel(slicer_app):
    """FLRDose, as the module selector opens it."""
    return slicer_app.select_module("FLRDose")


@pytest.fixture
def hand(slicer_app, panel):
    """A user of FLRDose."""
    return Hand(slicer_app, panel.ui)


@pytest.fixture(scope="session")
def matched_scene(case_folder, tmp_path_factory):
    """A scene saved after the whole work, its report folder, and the numbers shown then."""
    application = host.start()
    panel = application.select_module("FLRDose")
    hand, folder = Hand(application, panel.ui), tmp_path_factory.mktemp("saved") / "report"
    do_the_work(application, panel, hand, case_folder)
    hand.type_path("reportFolder", folder)
    hand.click("reportSaveButton")
    assert panel.ui.savedLabel.text == "Report saved."
    hand.click("sceneSaveButton")
    shown = shown_numbers(panel)
    application.reset()
    return folder, shown


@pytest.fixture
def matched(slicer_app, panel, matched_scene):
    """The panel on a scene whose isodoses are matched."""
    slicer_app.load_scene(matched_scene[0] / "scene.mrb")
    slicer_app.wait_until(lambda: panel.match.result is not None, LONG_S)
    return panel
