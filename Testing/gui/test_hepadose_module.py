"""The hidden module's panel, used as a person uses it."""

import inspect
import sys
import types
from pathlib import Path

import pytest

from hepadose.setup.install import OFFERED
from hepadose.setup.packages import PACKAGES, PackageState, PackageStatus


class SampleDataLogic:
    """Stands for the logic of Slicer's Sample Data module: takes the arguments that the real one takes."""

    @staticmethod
    def registerCustomSampleDataSource(
        category="Custom",
        sampleName=None,  # noqa: N803
        uris=None,
        fileNames=None,  # noqa: N803
        nodeNames=None,  # noqa: N803
        customDownloader=None,  # noqa: N803
        thumbnailFileName=None,  # noqa: N803
        loadFileType="VolumeFile",  # noqa: N803
        loadFiles=None,  # noqa: N803
        loadFileProperties=None,  # noqa: N803
        checksums=None,
    ):
        import slicer

        # The real source pairs these lists and fails where one of them is missing.
        assert all(isinstance(value, str) for value in (uris, fileNames, nodeNames))
        source = types.SimpleNamespace(
            sampleName=sampleName, customDownloader=customDownloader, thumbnailFileName=thumbnailFileName, uris=uris
        )
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        if source not in sources:
            sources.append(source)


@pytest.fixture
def sample_data(slicer_app, monkeypatch):
    """Slicer's Sample Data module; gives the registered sources by category."""
    import slicer

    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    monkeypatch.setitem(sys.modules, "SampleData", module)
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    return slicer.modules.sampleDataSources


@pytest.fixture
def panel(slicer_app):
    """The panel as it opens."""
    return slicer_app.select_module("HepaDose")


def checked(panel, slicer_app):
    """Press "Check this computer" and wait for the answer."""
    panel.ui.checkButton.click()
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)
    return texts(panel.ui.findingsTable)


def texts(table):
    """Rows of a table."""
    return [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount)]


def found(panel, **states):
    """As if the check had found these states; everything else works."""
    panel._takeOver(
        types.SimpleNamespace(
            findings=(),
            packages=tuple(
                PackageStatus(package, states.get(package.name, PackageState.READY), "9.9") for package in PACKAGES
            ),
        )
    )
    panel.refresh()


def test_the_panel_opens_without_asking_or_installing_anything(panel, slicer_app):
    assert slicer_app.popups == []
    assert slicer_app.packages.requests == []
    assert not panel.ui.installReportButton.enabled
    assert panel.ui.installReportButton.toolTip == "Check this computer first."
    assert not panel.ui.checkProgress.visible


def test_checking_fills_the_table_and_the_window_stays_alive_meanwhile(panel, slicer_app):
    panel.ui.checkButton.click()
    assert not panel.ui.checkButton.enabled
    assert panel.ui.checkProgress.visible
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)
    rows = texts(panel.ui.findingsTable)
    assert {"3D Slicer", "Processor", "Memory", "Computing packages"} <= {row[1] for row in rows}
    assert {row[0] for row in rows} <= {"OK", "Check", "Problem"}
    assert panel.ui.checkButton.enabled
    assert slicer_app.errors == []


def test_a_check_can_be_cancelled(panel, slicer_app):
    panel.ui.checkButton.click()
    panel.ui.checkCancel.click()
    assert not panel._task.busy
    assert "Cancelled" in texts(panel.ui.findingsTable)[0][2]
    assert checked(panel, slicer_app)


def test_report_packages_are_installed_on_the_click_and_the_computer_is_checked_again(panel, slicer_app):
    asked = []
    slicer_app.packages.installer = lambda arguments, log: asked.append(arguments) or 0
    found(panel, matplotlib=PackageState.ABSENT)
    assert panel.ui.installReportButton.enabled
    panel.ui.installReportButton.click()
    assert asked[0][0] == "matplotlib>=3.9"
    assert "numpy==9.9" in asked[0]
    assert panel.ui.installLabel.text.startswith("Installed.")
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)
    assert texts(panel.ui.findingsTable)
    assert slicer_app.popups == []


def test_a_half_installed_package_is_repaired_first(panel, slicer_app):
    asked = []
    slicer_app.packages.installer = lambda arguments, log: asked.append(arguments) or 0
    found(panel, jinja2=PackageState.BROKEN)
    panel.ui.installReportButton.click()
    assert asked[0] == ["--force-reinstall", "--no-deps", "jinja2>=3.1"]
    assert asked[1][0] == "jinja2>=3.1"
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)


def test_a_failed_installation_says_why_and_gives_the_command_for_it(panel, slicer_app):
    def refuse(arguments, log):
        log("ERROR: NewConnectionError: Failed to establish a new connection")
        return 1

    slicer_app.packages.installer = refuse
    found(panel, matplotlib=PackageState.ABSENT)
    panel.ui.installReportButton.click()
    assert "there is no connection to the package server" in panel.ui.installLabel.text
    assert panel.ui.commandText.plainText.startswith('PythonSlicer -m pip install "matplotlib>=3.9"')
    assert panel.ui.installReportButton.enabled
    assert slicer_app.popups == []


def test_an_installation_that_cannot_start_says_so(panel, slicer_app):
    # Without an installer the stand-in refuses as Slicer does where another installation runs.
    found(panel, matplotlib=PackageState.ABSENT)
    panel.ui.installReportButton.click()
    assert "Not installed" in panel.ui.installLabel.text
    assert panel.ui.checkButton.enabled


def test_without_network_packages_come_from_the_chosen_folder(panel, slicer_app, tmp_path):
    asked = []
    slicer_app.packages.installer = lambda arguments, log: asked.append(arguments) or 0
    found(panel, matplotlib=PackageState.ABSENT)
    panel.ui.wheelFolder.currentPath = str(tmp_path)
    panel.ui.installReportButton.click()
    assert "holds no wheel of matplotlib" in panel.ui.installLabel.text
    assert panel.ui.commandText.plainText.startswith("python -m pip download")
    assert asked == []
    (tmp_path / "matplotlib-9.9-py3-none-any.whl").touch()
    panel.ui.installReportButton.click()
    assert asked[0][:3] == ["--no-index", "--find-links", str(tmp_path)]
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)


def test_pytorch_is_installed_by_its_extension_and_a_failure_is_told(panel, slicer_app, monkeypatch):
    import slicer

    asked = []

    class PyTorchUtilsLogic:
        def installTorch(
            self,
            askConfirmation=False,  # noqa: N803
            forceComputationBackend=None,  # noqa: N803
            torchVersionRequirement=None,  # noqa: N803
            torchvisionVersionRequirement=None,  # noqa: N803
        ):
            asked.append(torchVersionRequirement)

    monkeypatch.setattr(slicer.modules, "pytorchutils", object(), raising=False)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))
    found(panel, torch=PackageState.ABSENT)
    panel.ui.installTorchButton.click()
    assert asked == [">=2.6"]
    assert "Not installed" in panel.ui.installLabel.text


def test_onnxruntime_for_networks_is_installed_without_pytorch(panel, slicer_app):
    asked = []
    slicer_app.packages.installer = lambda arguments, log: asked.append(arguments) or 0
    found(panel, onnxruntime=PackageState.ABSENT, torch=PackageState.ABSENT)
    panel.ui.installNetworksButton.click()
    assert [arguments[0] for arguments in asked] == ["onnxruntime>=1.20"]
    slicer_app.wait_until(lambda: not panel._task.busy, 60.0)


def test_without_the_pytorch_extension_the_user_is_told_to_get_it(panel):
    found(panel, torch=PackageState.ABSENT)
    panel.ui.installTorchButton.click()
    assert "Extensions Manager" in panel.ui.installLabel.text


def test_the_command_can_be_copied(panel):
    import qt

    assert not panel.ui.copyButton.enabled
    found(panel, jinja2=PackageState.ABSENT)
    panel.ui.copyButton.click()
    assert qt.QApplication.clipboard().text() == panel.ui.commandText.plainText
    assert "jinja2" in panel.ui.commandText.plainText


def test_the_sample_patient_is_offered_and_opens_the_work_panel(slicer_app, sample_data):
    import slicer

    import HepaDose

    HepaDose.registerSampleData()
    ((category, (source,)),) = sample_data.items()
    assert category == "Radiotherapy"
    assert Path(source.thumbnailFileName).is_file()
    assert not source.uris.startswith("http")
    source.customDownloader(source)
    assert slicer.util.selectedModule() == "FLRDose"
    work = slicer.util.getModuleWidget("FLRDose")
    # Making the patient has begun; it is stopped here, the tests of the work go on to the end.
    assert work.ui.loadProgress.visible
    work.ui.loadCancel.click()
    assert not work.ui.loadProgress.visible
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_the_panels_own_button_loads_the_sample_patient_too(panel, slicer_app):
    import slicer

    panel.ui.sampleButton.click()
    work = slicer.util.getModuleWidget("FLRDose")
    assert work.ui.loadProgress.visible
    work.ui.loadCancel.click()


def test_the_stand_in_of_sample_data_has_the_arguments_of_the_real_one():
    names = list(inspect.signature(SampleDataLogic.registerCustomSampleDataSource).parameters)
    assert names == [
        *("category", "sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName"),
        *("loadFileType", "loadFiles", "loadFileProperties", "checksums"),
    ]


def test_the_module_is_hidden_and_survives_a_reload(panel, slicer_app):
    import slicer

    assert slicer.modules.hepadose.hidden
    again = slicer_app.reload_module("HepaDose")
    assert again is not panel
    assert checked(again, slicer_app)
    assert slicer_app.errors == []


def test_the_modules_own_tests_pass(slicer_app, sample_data):
    import unittest

    import HepaDose

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(HepaDose.HepaDoseTest).run(result)
    assert result.testsRun == 3
    assert [text for _, text in [*result.errors, *result.failures]] == []


def test_groups_have_their_buttons(panel):
    assert set(panel._installButtons()) == set(OFFERED)
