"""LiverSIRT: volumes, activity and dose of a Y-90 radioembolization.

Outlines come from networks, imports or the Segment Editor; activities by every model follow each edit. The module holds
no arithmetic: its panel and its logic call the same library functions as the command line.
"""

from typing import Annotated

import slicer
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from hepadose.gui.panel import Panel
from hepadose.mrml.sirt.choices import (
    BQ_PER_ML,
    DISEASES,
    IMAGE_KINDS,
    METHODS,
    NOT_SCORED,
    PRODUCTS,
    SCORES,
    TREATMENTS,
)


class LiverSIRT(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("LiverSIRT: activity and dose of radioembolization")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["HepaDose", "Segmentations"]
        self.parent.contributors = ["HepaDose contributors"]
        self.parent.helpText = _(
            "Volumes of liver, territory and tumors, Y-90 activity by body surface, one compartment and partition side "
            "by side, doses from PET or SPECT, and how long the correction of the outlines took. "
            "For research use only; not a medical device, and no activity may be ordered from it."
        )
        self.parent.acknowledgementText = _(
            "Formulas and limits: see the documentation of the module. Developed by the HepaDose contributors; "
            "Apache License 2.0."
        )
        self.parent.hidden = False


@parameterNodeWrapper
class LiverSIRTParameterNode:
    """All choices of the panel; saved with the scene. No folder is kept: its name may tell who the patient is.

    ctVolume, activityVolume - CT, and PET or SPECT that lies on it.
    segmentation - Holds the outlines; the ids of its segments follow.
    liverSegment, territorySegment, lungsSegment, tumorSegments - An empty territory means the whole liver.
    liverSegmenter, tumorSegmenter - Keys of what finds liver and tumors.
    qualityScore, corrections - What a person said about the automatic liver; the corrections as JSON.
    product, treatment, disease - Microspheres; which published dose values are shown.
    heightM, weightKg - Body size in m and kg; 0 where unknown.
    lungShuntPercent, residualPercent - Shares of the activity in percent.
    lungMassKg, uptakeRatio, densityGPerMl - 0 for the standard, for the image's, and for the product's.
    territoryGoalGy, tumorGoalGy, normalLimitGy, lungLimitGy - In Gy; 0 where there is none.
    activityKind, activityUnit, hoursAfterInjection, injectedGbq, doseMethod - How the image becomes a dose.
    doseVolume, showDose, doseOpacityPercent - The dose in Gy, and how it is laid over the CT.
    """

    ctVolume: vtkMRMLScalarVolumeNode
    activityVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    liverSegment: str = ""
    territorySegment: str = ""
    lungsSegment: str = ""
    tumorSegments: list[str]
    liverSegmenter: str = ""
    tumorSegmenter: str = ""
    qualityScore: Annotated[str, Choice(SCORES)] = NOT_SCORED
    corrections: str = ""
    product: Annotated[str, Choice(list(PRODUCTS))] = next(iter(PRODUCTS))
    treatment: Annotated[str, Choice(list(TREATMENTS))] = next(iter(TREATMENTS))
    disease: Annotated[str, Choice(list(DISEASES))] = next(iter(DISEASES))
    heightM: Annotated[float, WithinRange(0.0, 300.0)] = 0.0
    weightKg: Annotated[float, WithinRange(0.0, 500.0)] = 0.0
    lungShuntPercent: Annotated[float, WithinRange(0.0, 100.0)] = 0.0
    residualPercent: Annotated[float, WithinRange(0.0, 100.0)] = 0.0
    lungMassKg: Annotated[float, WithinRange(0.0, 3.0)] = 0.0
    uptakeRatio: Annotated[float, WithinRange(0.0, 50.0)] = 0.0
    densityGPerMl: Annotated[float, WithinRange(0.0, 1.3)] = 0.0
    territoryGoalGy: Annotated[float, WithinRange(0.0, 1000.0)] = 0.0
    tumorGoalGy: Annotated[float, WithinRange(0.0, 1000.0)] = 0.0
    normalLimitGy: Annotated[float, WithinRange(0.0, 500.0)] = 0.0
    lungLimitGy: Annotated[float, WithinRange(1.0, 50.0)] = 30.0
    activityKind: Annotated[str, Choice(list(IMAGE_KINDS))] = next(iter(IMAGE_KINDS))
    activityUnit: Annotated[str, Choice(list(BQ_PER_ML))] = next(iter(BQ_PER_ML))
    hoursAfterInjection: Annotated[float, WithinRange(-48.0, 336.0)] = 0.0
    injectedGbq: Annotated[float, WithinRange(0.0, 50.0)] = 0.0
    doseMethod: Annotated[str, Choice(list(METHODS))] = next(iter(METHODS))
    doseVolume: vtkMRMLScalarVolumeNode
    showDose: bool = True
    doseOpacityPercent: Annotated[float, WithinRange(0.0, 100.0)] = 40.0


class LiverSIRTWidget(Panel):
    """The panel: its sections and what happens between them."""

    UNFOLDING = ("inputsButton", "regionsButton", "activityButton", "doseButton", "reportButton")

    def makeLogic(self):
        return LiverSIRTLogic()

    def makeSections(self):
        from hepadose.gui.sirt.activity import ActivitySection
        from hepadose.gui.sirt.dose import DoseSection
        from hepadose.gui.sirt.inputs import InputsSection
        from hepadose.gui.sirt.ordering import OrderingSection
        from hepadose.gui.sirt.regions import RegionsSection
        from hepadose.gui.sirt.report import ReportSection
        from hepadose.gui.sirt.review import ReviewSection
        from hepadose.gui.sirt.shunt import ShuntSection

        self.inputs, self.regions, self.review = InputsSection(self), RegionsSection(self), ReviewSection(self)
        self.shunt, self.activity, self.ordering = ShuntSection(self), ActivitySection(self), OrderingSection(self)
        self.dose, self.report = DoseSection(self), ReportSection(self)
        earlier = [self.inputs, self.regions, self.review, self.shunt]
        return [*earlier, self.activity, self.ordering, self.dose, self.report]

    def case_loaded(self):
        """A case was taken over: show it instead of an earlier one."""
        for section in self.sections:
            section.forget_case()
        self.logic.showCase(self._parameterNode)
        self.refresh()


class LiverSIRTLogic(ScriptedLoadableModuleLogic):
    """From nodes to the result; opens no dialog and draws nothing."""

    def getParameterNode(self):
        return LiverSIRTParameterNode(super().getParameterNode())

    def newTimingLog(self):
        """A timing log for one session of the panel, in Slicer's folder for temporary files."""
        from hepadose.mrml.session import new_timing_log

        return new_timing_log("LiverSIRT")

    def sampleFolder(self):
        """Where the digital patient of the sample data is kept."""
        from hepadose.mrml.session import sample_folder

        return sample_folder()

    def chooseDefaults(self, parameterNode):
        """Choose what is unambiguous: the only CT, the only segmentation, segments by their names."""
        from hepadose.mrml.sirt.inputs import choose_defaults

        choose_defaults(slicer.mrmlScene, parameterNode)

    def showCase(self, parameterNode):
        """Show the CT in the slice views, with the liver in the middle where it is known."""
        slicer.util.setSliceViewerLayers(background=parameterNode.ctVolume, foreground=None, fit=True)
        if parameterNode.segmentation is not None and parameterNode.liverSegment:
            self.showSegment(parameterNode.segmentation, parameterNode.liverSegment)

    def showSegment(self, segmentationNode, segmentId):
        """Move the slice views to the middle of a segment."""
        from hepadose.mrml.session import show_segment

        show_segment(segmentationNode, segmentId)

    def showDose(self, parameterNode):
        """Show the histograms beside the slices, with the dose over the CT; the views of a batch run stay."""
        layoutManager = slicer.app.layoutManager()
        layout = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
        if layoutManager is None or layoutManager.layout == layout:
            return
        layoutManager.setLayout(layout)
        shown = next(iter(parameterNode.tumorSegments), parameterNode.liverSegment)
        self.showSegment(parameterNode.segmentation, shown)

    def process(self, parameterNode):
        """The whole answer for the choices of a parameter node, as the panel gives it.

        Result and errors are those of :meth:`hepadose.mrml.sirt.live.LiveSirt.answer`.
        """
        from hepadose.mrml.sirt.live import LiveSirt

        return LiveSirt().answer(parameterNode)


class LiverSIRTTest(ScriptedLoadableModuleTest):
    """Tests that Slicer's self-test runs; the same methods run without the application."""

    LIVER_ML, TUMOR_ML = 1500.0, 60.0

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def plantTreatment(self):
        """A parameter node with a box-shaped liver of 1500 ml and a tumor of 60 ml in it, for resin microspheres."""
        import numpy as np

        from hepadose.images import Image
        from hepadose.mrml.images import image_to_volume_node
        from hepadose.mrml.segmentation import SegmentMask, masks_to_segmentation_node

        grid = Image(np.zeros((40, 60, 80), np.float32), (2.5, 2.5, 2.5))
        liver, tumor = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
        liver[4:36, 5:55, 10:70] = True
        tumor[10:26, 20:36, 20:35] = True
        masks = [
            SegmentMask("Liver", grid.with_array(liver), (0.8, 0.5, 0.4)),
            SegmentMask("Tumor 1", grid.with_array(tumor), (0.0, 0.8, 0.8)),
        ]
        parameterNode = LiverSIRTLogic().getParameterNode()
        parameterNode.ctVolume = image_to_volume_node(slicer.mrmlScene, grid, "CT")
        parameterNode.segmentation = masks_to_segmentation_node(
            slicer.mrmlScene, masks, parameterNode.ctVolume, "Segmentation"
        )
        parameterNode.product = "Resin microspheres"
        parameterNode.heightM, parameterNode.weightKg = 1.75, 75.0
        LiverSIRTLogic().chooseDefaults(parameterNode)
        return parameterNode

    def test_LiverSIRT_prescribes_by_body_surface(self):
        self.setUp()
        parameterNode = self.plantTreatment()
        row = LiverSIRTLogic().process(parameterNode).result.prescription.row("bsa")
        # Body surface 1.9031 m² − 0.2 + tumor over liver.
        self.assertAlmostEqual(row.activity_gbq, 1.9031 - 0.2 + self.TUMOR_ML / self.LIVER_ML, delta=1e-3)

    def test_LiverSIRT_refuses_a_height_in_centimeters(self):
        from hepadose.errors import UnitsError

        self.setUp()
        parameterNode = self.plantTreatment()
        parameterNode.heightM = 175.0
        with self.assertRaisesRegex(UnitsError, "in meters"):
            LiverSIRTLogic().process(parameterNode)

    def test_LiverSIRT_says_what_is_missing(self):
        from hepadose.errors import MissingInputError

        self.setUp()
        with self.assertRaisesRegex(MissingInputError, "segmentation"):
            LiverSIRTLogic().process(LiverSIRTLogic().getParameterNode())
