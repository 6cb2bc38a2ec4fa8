"""Hidden module: home of the library ``hepadose``, sample data, check of this computer, optional packages.

Slicer puts the folder of every registered module on the search path before any module is made, so that the package
beside this file can be imported by the other modules, from source and installed. Its panel is opened by buttons of the
other modules or with ``slicer.util.selectModule("HepaDose")``. Packages are installed on the user's click alone.
"""

from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

SAMPLE_NAME = "HepaDoseDigitalPatient"
SAMPLE_URI = "hepadose:digital-patient"
FINDINGS_HEIGHT_PX = 250


class HepaDose(ScriptedLoadableModule):
    """What Slicer shows about the module, and the sample data."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("HepaDose library")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = []
        self.parent.contributors = ["HepaDose contributors"]
        self.parent.helpText = _(
            "Computations shared by the HepaDose modules; check of this computer, optional packages, sample data. "
            "For research use only; not a medical device."
        )
        self.parent.acknowledgementText = _("Developed by the HepaDose contributors; Apache License 2.0.")
        self.parent.hidden = True
        # The Sample Data module may be made later than this one.
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer the digital patient in the Sample Data module; it is made on this computer, nothing is downloaded."""
    import SampleData

    thumbnail = Path(__file__).parent / "Resources" / "Icons" / f"{SAMPLE_NAME}.png"
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=_("Radiotherapy"),
        sampleName=SAMPLE_NAME,
        # Slicer asks for one of each; only the downloader below is called.
        uris=SAMPLE_URI,
        fileNames=SAMPLE_NAME,
        nodeNames=SAMPLE_NAME,
        thumbnailFileName=str(thumbnail),
        customDownloader=openSamplePatient,
    )


def openSamplePatient(source=None):
    """Press "Sample data" in the FLRDose panel, which shows progress and can be cancelled."""
    slicer.util.selectModule("FLRDose")
    slicer.util.getModuleWidget("FLRDose").ui.sampleButton.click()


class HepaDoseWidget(ScriptedLoadableModuleWidget):
    """The panel: what works on this computer, what is missing, and how to get it."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.logic = None
        self._packages = ()
        self._installing = False

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        from hepadose.gui.background import BackgroundTask

        uiWidget = slicer.util.loadUI(self.resourcePath("UI/HepaDose.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        self.logic = HepaDoseLogic()
        self._task = BackgroundTask(self.ui.checkProgress, self.ui.checkCancel, self.ui.checkButton, self.refresh)
        self.ui.checkButton.connect("clicked(bool)", self.onCheck)
        for group, button in self._installButtons().items():
            button.connect("clicked(bool)", lambda checked=False, group=group: self._install(group))
        self.ui.wheelFolder.connect("currentPathChanged(QString)", self.onWheelFolderChanged)
        self.ui.copyButton.connect("clicked(bool)", self.onCopyCommand)
        self.ui.sampleButton.connect("clicked(bool)", self.onSampleData)
        self._setInstalling(False, "")

    def cleanup(self):
        self._task.close()

    def onReload(self):
        from hepadose.gui.library import forget_library

        forget_library()
        ScriptedLoadableModuleWidget.onReload(self)

    def refresh(self):
        """Offer what can be done now; a button that cannot be pressed says why."""
        from hepadose.gui.buttons import offer
        from hepadose.setup.packages import PackageGroup

        busy = _("Wait until the installation has ended.") if self._installing else ""
        busy = busy or (_("Wait until the check has ended.") if self._task.busy else "")
        offer(self.ui.checkButton, busy, _("Look at this computer and at the Python packages; nothing is changed"))
        offer(self.ui.sampleButton, busy, _("Make the digital patient and load it; no data of a person"))
        tips = {
            PackageGroup.REPORT: _("Figures and web page of the report: about 30 MB from the network"),
            PackageGroup.NETWORKS: _(
                "Onnxruntime, which runs neural networks on the processor: about 30 MB from the network"
            ),
            PackageGroup.GRAPHICS_CARD: _(
                "Only for neural networks on a graphics card: some GB; the window may stand still meanwhile"
            ),
        }
        for group, button in self._installButtons().items():
            offer(button, busy or self._whyNot(group), tips[group])
        offer(self.ui.copyButton, "" if self.ui.commandText.plainText else _("There is no command yet."), _("Copy"))

    def _installButtons(self):
        from hepadose.setup.packages import PackageGroup

        return {
            PackageGroup.REPORT: self.ui.installReportButton,
            PackageGroup.NETWORKS: self.ui.installNetworksButton,
            PackageGroup.GRAPHICS_CARD: self.ui.installTorchButton,
        }

    def _whyNot(self, group):
        """Why a group of packages cannot be installed, in words; empty where it can."""
        from hepadose.setup.packages import missing_of

        if not self._packages:
            return _("Check this computer first.")
        return "" if missing_of(group, self._packages) else _("Everything is installed.")

    def onCheck(self, checked=False):
        self._start(self._takeOver)

    def _start(self, takeOver):
        from hepadose.errors import HepaDoseError

        try:
            self._task.start(self.logic.startCheck(), takeOver, self._failed)
        except HepaDoseError as problem:
            self._failed(problem)

    def _takeOver(self, check):
        from hepadose.gui.tables import fit_height, show_findings

        self._packages = check.packages
        show_findings(self.ui.findingsTable, check.findings)
        fit_height(self.ui.findingsTable, FINDINGS_HEIGHT_PX)
        self._showCommand()

    def _failed(self, problem):
        from hepadose.findings import error
        from hepadose.gui.tables import show_findings

        show_findings(self.ui.findingsTable, [error(_("Check"), str(problem))])

    def onWheelFolderChanged(self, path):
        self._showCommand()
        self.refresh()

    def _showCommand(self):
        """What somebody with more rights, or with a network, may type."""
        self.ui.commandText.plainText = self.logic.commands(self._packages, self._wheelFolder())

    def _wheelFolder(self):
        chosen = self.ui.wheelFolder.currentPath
        return Path(chosen) if chosen else None

    def _install(self, group):
        from hepadose.errors import HepaDoseError
        from hepadose.gui.package_installer import install_packages, needs_restart

        try:
            plan = self.logic.plan(group, self._packages, self._wheelFolder())
        except HepaDoseError as problem:
            self._setInstalling(False, str(problem))
            return
        self._setInstalling(True, _("Installing …"))
        restart = needs_restart(plan)
        install_packages(plan, lambda reason: self._installed(restart, reason))

    def _installed(self, restart, reason):
        if reason:
            text = _("Not installed: {reason}. IT can use the command below.").format(reason=reason)
            self._setInstalling(False, text)
            return
        text = _("Installed. Restart 3D Slicer to use it.") if restart else _("Installed.")
        self._setInstalling(False, text)
        self._start(self._takeOver)

    def _setInstalling(self, installing, text):
        self._installing = installing
        self.ui.installProgress.visible = installing
        self.ui.installLabel.text = text
        self.ui.installLabel.visible = bool(text)
        self.refresh()

    def onCopyCommand(self, checked=False):
        self.ui.commandText.selectAll()
        self.ui.commandText.copy()

    def onSampleData(self, checked=False):
        openSamplePatient()


class HepaDoseLogic(ScriptedLoadableModuleLogic):
    """What the panel asks for; usable without it."""

    def applicationFacts(self):
        """What only the application knows: its version and two extensions."""
        from hepadose.setup.check import ApplicationFacts

        return ApplicationFacts(
            slicer_version=f"{slicer.app.majorVersion}.{slicer.app.minorVersion}",
            slicerrt=hasattr(slicer.modules, "dicomrtimportexport"),
            pytorch_extension=hasattr(slicer.modules, "pytorchutils"),
        )

    def startCheck(self):
        """Start the check of this computer in a child process.

        Returns
        -------
        hepadose.worker.WorkerJob
            Its result is a :class:`hepadose.setup.check.ComputerCheck`.
        """
        from hepadose.worker import start_check_computer

        return start_check_computer(self.applicationFacts())

    def plan(self, group, packages, wheelFolder=None):
        """What would be installed for a group of packages, of those that the check found.

        Raises
        ------
        HepaDoseError
            In words for the user, where it cannot be installed as chosen.
        """
        from hepadose.setup.install import plan_installation

        extension = self.applicationFacts().pytorch_extension
        return plan_installation(group, packages, wheel_folder=wheelFolder, pytorch_extension=extension)

    def commands(self, packages, wheelFolder=None):
        """Commands with which IT does by hand what the buttons do; empty where nothing is missing."""
        from hepadose.setup.install import commands_for_it

        extension = self.applicationFacts().pytorch_extension
        return commands_for_it(packages, wheel_folder=wheelFolder, pytorch_extension=extension)


class HepaDoseTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer and in the stand-in; changes nothing on the computer."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)
        self.logic = HepaDoseLogic()

    def test_this_computer_is_checked_in_a_child_process(self):
        from hepadose.worker import JobStatus

        job = self.logic.startCheck()
        try:
            while job.poll().status is JobStatus.RUNNING:
                slicer.app.processEvents()
            check = job.result()
        finally:
            job.close()
        self.assertIn("3D Slicer", {finding.subject for finding in check.findings})
        self.assertIn("numpy", {item.package.name for item in check.packages})

    def test_an_installation_is_planned_and_nothing_is_installed(self):
        from hepadose.setup.packages import PackageGroup, PackageState, PackageStatus, packages_of

        report = packages_of(PackageGroup.REPORT)
        absent = [PackageStatus(package, PackageState.ABSENT) for package in report]
        plan = self.logic.plan(PackageGroup.REPORT, absent)
        self.assertEqual(plan.packages, report)
        self.assertIn("jinja2", self.logic.commands(absent))

    def test_sample_data_are_offered_once(self):
        registerSampleData()
        registerSampleData()
        sources = [source for sources in slicer.modules.sampleDataSources.values() for source in sources]
        self.assertEqual([source.sampleName for source in sources].count(SAMPLE_NAME), 1)
