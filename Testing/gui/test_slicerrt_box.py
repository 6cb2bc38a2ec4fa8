"""The check box "Load through SlicerRT", by clicking, with a stand-in of the importer that reads the same files."""

import pytest

from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings

from gui_hand import Hand
from host import dicomlib

LONG_S = 240
SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)


@pytest.fixture(scope="module")
def case_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digital") / "patient"
    make_digital_patient(folder, SMALL)
    return folder / "dicom"


@pytest.fixture
def faults(slicer_app, monkeypatch):
    """SlicerRT is installed; errors can be planted."""
    return dicomlib.install(monkeypatch.setitem, monkeypatch.setattr)


@pytest.fixture
def panel(slicer_app):
    return slicer_app.select_module("FLRDose")


@pytest.fixture
def hand(slicer_app, panel):
    return Hand(slicer_app, panel.ui)


def load(slicer_app, panel, hand, folder):
    hand.type_path("caseFolder", folder)
    hand.click("loadButton")
    slicer_app.wait_until(lambda: not panel.why_busy(), LONG_S)
    slicer_app.process_events()


def rows_about(panel, subject):
    """State and text of the lines of the pre-flight list about something."""
    table = panel.ui.preflightTable
    rows = [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount)]
    return [(state, text) for state, about, text in rows if about == subject]


def planning_contours(panel):
    """Whether the structures are contours, as SlicerRT loads them."""
    return panel.parameters.planningStructures.GetSegmentation().GetSourceRepresentationName() == "Planar contour"


def test_without_slicerrt_the_box_says_why_and_the_own_loader_works(slicer_app, panel, hand, case_folder):
    assert not panel.ui.useSlicerRT.enabled
    assert "DICOM module is not loaded" in panel.ui.useSlicerRT.toolTip
    load(slicer_app, panel, hand, case_folder)
    assert panel.parameters.planningStructures is not None
    assert rows_about(panel, "SlicerRT") == []
    assert not planning_contours(panel)


def test_with_slicerrt_the_box_is_on_and_says_that_the_window_stands_still(faults, panel):
    assert panel.ui.useSlicerRT.enabled
    assert panel.ui.useSlicerRT.checked
    assert "the window stands still" in panel.ui.useSlicerRT.toolTip


def test_a_case_loaded_through_slicerrt_is_aligned_like_any_other(slicer_app, faults, panel, hand, case_folder):
    load(slicer_app, panel, hand, case_folder)
    assert planning_contours(panel)
    assert sorted(state for state, _text in rows_about(panel, "SlicerRT")) == ["Check", "OK"]
    assert not [text for _state, text in rows_about(panel, "SlicerRT") if "own loader" in text]
    assert "in 5 fractions" in panel.ui.doseBanner.text
    assert panel.parameters.fractions == 5
    assert panel.parameters.planningLiver
    hand.choose("registrationMethod", "Rigid")
    hand.click("registerButton")
    slicer_app.wait_until(lambda: not panel.why_busy(), LONG_S)
    slicer_app.process_events()
    assert panel.parameters.alignedDose is not None
    assert panel.parameters.liverSegment


def test_the_box_switched_off_leaves_loading_to_the_own_loader(slicer_app, faults, panel, hand, case_folder):
    hand.check("useSlicerRT", False)
    load(slicer_app, panel, hand, case_folder)
    assert not planning_contours(panel)
    assert rows_about(panel, "SlicerRT") == []


def test_a_dose_a_hundred_times_too_high_is_told_and_the_files_dose_is_used(
    slicer_app, faults, panel, hand, case_folder
):
    import slicer

    def as_centigray(node):
        slicer.util.arrayFromVolume(node)[...] *= 100.0

    faults.change["RTDOSE"] = as_centigray
    load(slicer_app, panel, hand, case_folder)
    ((state, text),) = rows_about(panel, "SlicerRT")
    assert state == "Check"
    assert "Dose: its maximum is" in text
    assert text.endswith("HepaDose's own loader was used instead.")
    assert slicer.util.arrayFromVolume(panel.parameters.doseVolume).max() < 100.0
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 3
    assert slicer_app.popups == []


def test_closing_the_scene_during_the_import_leaves_an_empty_scene_and_the_users_database(
    slicer_app, faults, panel, hand, case_folder
):
    import slicer

    hand.type_path("caseFolder", case_folder)
    hand.click("loadButton")
    slicer_app.wait_until(lambda: slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"), LONG_S)
    assert slicer.dicomDatabase.databaseDirectory != "users-own"
    slicer_app.close_scene()
    slicer_app.process_events(0.2)
    assert not panel.why_busy()
    assert slicer.dicomDatabase.databaseDirectory == "users-own"
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == []
