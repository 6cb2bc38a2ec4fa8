"""FLRDose: at which dose did the liver react?

The module compares a focal liver reaction (FLR) on a follow-up CT with every isodose and shows which one it follows.
It holds no arithmetic: its panel and its logic call the same library functions as the command line.
"""

from typing import Annotated

import slicer
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLTransformNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

from hepadose.gui.panel import Panel
from hepadose.mrml.flrdose.choices import (
    BAND_SIDES,
    CHILD_PUGH,
    MODALITIES,
    OVERLAYS,
    PHASES,
    QUANTITIES,
    REGISTRATIONS,
)

DOSE_OVERLAY = OVERLAYS[-1]
DOSE_PERCENT = 25.0


class FLRDose(ScriptedLoadableModule):
    """What Slicer shows about the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("FLRDose: dose of the focal liver reaction")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = ["HepaDose", "Segmentations"]
        self.parent.contributors = ["HepaDose contributors"]
        self.parent.helpText = _(
            "Finds the isodose that a focal liver reaction on a follow-up CT follows, i.e. the dose at which this "
            "liver reacted, with a 95 % interval. FLR means focal liver reaction here, not future liver remnant. "
            "For research use only; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "Boundary IoU: Cheng et al. 2021. Developed by the HepaDose contributors; Apache License 2.0."
        )
        self.parent.hidden = False


@parameterNodeWrapper
class FLRDoseParameterNode:
    """All choices of the panel; saved with the scene. No folder is kept: its name may tell who the patient is.

    followUpVolume, planningVolume - The two CTs.
    doseVolume - Total physical dose in Gy, in the frame of the planning CT.
    planningStructures, followUpStructures - Structures of the two CTs; the second may be missing.
    planningLiver - Id of the liver among the planning structures.
    useSlicerRT - Whether a folder is loaded through SlicerRT where it is installed.
    fractions - Number of equal fractions; 0 where it is unknown.
    registrationMethod - How the follow-up CT is brought to the planning CT.
    registrationErrorMm - Expected mean error in the liver in mm; negative where it is unknown.
    alignment - Takes points of the follow-up CT to points of the planning CT.
    alignedDose, alignedPlanning - Dose and planning CT on the grid of the follow-up CT.
    overlayMode, overlayPercent - How the aligned volumes are laid over each other.
    segmentation - Holds liver and reaction on the follow-up CT.
    liverSegment, reactionSegment - Ids of the two segments.
    segmenter, liverSegmenter - Keys of what finds the reaction and the livers.
    quantity, alphaBetaGy - Scale of the isodose levels; alpha/beta of the liver in Gy for EQD2 and BED.
    bandMm, bandMode, inPlane, planarDefinitions - The boundary band of Boundary IoU.
    matched - Whether the isodoses were matched, so that a loaded scene is matched again.
    isodoseGy, showIsodose, clipToLiver - The isodose shown in the views, in Gy of the quantity.
    modality, phase, monthsSinceTreatment, childPugh - What a comparison with published thresholds needs.
    """

    followUpVolume: vtkMRMLScalarVolumeNode
    planningVolume: vtkMRMLScalarVolumeNode
    doseVolume: vtkMRMLScalarVolumeNode
    planningStructures: vtkMRMLSegmentationNode
    followUpStructures: vtkMRMLSegmentationNode
    planningLiver: str = ""
    useSlicerRT: bool = True
    fractions: Annotated[int, WithinRange(0, 100)] = 0
    registrationMethod: Annotated[str, Choice(list(REGISTRATIONS))] = next(iter(REGISTRATIONS))
    registrationErrorMm: Annotated[float, WithinRange(-0.1, 50.0)] = -0.1
    alignment: vtkMRMLTransformNode
    alignedDose: vtkMRMLScalarVolumeNode
    alignedPlanning: vtkMRMLScalarVolumeNode
    overlayMode: Annotated[str, Choice(OVERLAYS)] = OVERLAYS[0]
    overlayPercent: Annotated[float, WithinRange(0.0, 100.0)] = 50.0
    segmentation: vtkMRMLSegmentationNode
    liverSegment: str = ""
    reactionSegment: str = ""
    segmenter: str = ""
    liverSegmenter: str = ""
    quantity: Annotated[str, Choice(list(QUANTITIES))] = next(iter(QUANTITIES))
    alphaBetaGy: Annotated[float, WithinRange(0.5, 30.0)] = 3.0
    bandMm: Annotated[float, WithinRange(0.5, 30.0)] = 5.0
    bandMode: Annotated[str, Choice(list(BAND_SIDES))] = next(iter(BAND_SIDES))
    inPlane: bool = False
    planarDefinitions: bool = False
    matched: bool = False
    isodoseGy: Annotated[float, WithinRange(0.0, 1000.0)] = 30.0
    showIsodose: bool = True
    clipToLiver: bool = False
    modality: Annotated[str, Choice(MODALITIES)] = MODALITIES[0]
    phase: Annotated[str, Choice(PHASES)] = PHASES[0]
    monthsSinceTreatment: Annotated[float, WithinRange(0.0, 120.0)] = 0.0
    childPugh: Annotated[str, Choice(CHILD_PUGH)] = CHILD_PUGH[0]


class FLRDoseWidget(Panel):
    """The panel: its sections and what happens between them."""

    UNFOLDING = ("inputsButton", "alignmentButton", "reactionButton", "matchButton", "reportButton")

    def makeLogic(self):
        return FLRDoseLogic()

    def makeSections(self):
        from hepadose.gui.flr.alignment import AlignmentSection
        from hepadose.gui.flr.inputs import InputsSection
        from hepadose.gui.flr.liver import LiverSection
        from hepadose.gui.flr.match import MatchSection
        from hepadose.gui.flr.published import PublishedSection
        from hepadose.gui.flr.reaction import ReactionSection
        from hepadose.gui.flr.report import ReportSection

        self.inputs, self.liver = InputsSection(self), LiverSection(self)
        self.alignment = AlignmentSection(self)
        self.reaction = ReactionSection(self)
        self.match = MatchSection(self)
        self.published, self.report = PublishedSection(self), ReportSection(self)
        earlier = [self.inputs, self.liver, self.alignment, self.reaction]
        return [*earlier, self.match, self.published, self.report]

    def case_loaded(self):
        """A case was taken over: show it instead of an earlier one."""
        for section in self.sections:
            section.forget_case()
        self.logic.showCase(self._parameterNode)
        self.refresh()

    def aligned(self):
        """The alignment was taken over."""
        self.refresh()


class FLRDoseLogic(ScriptedLoadableModuleLogic):
    """From nodes to the result; opens no dialog and draws nothing."""

    def getParameterNode(self):
        return FLRDoseParameterNode(super().getParameterNode())

    def newTimingLog(self):
        """A timing log for one session of the panel, in Slicer's folder for temporary files."""
        from hepadose.mrml.session import new_timing_log

        return new_timing_log("FLRDose")

    def sampleFolder(self):
        """Where the digital patient of the sample data is kept."""
        from hepadose.mrml.session import sample_folder

        return sample_folder()

    def chooseDefaults(self, parameterNode):
        """Choose what is unambiguous: the only dose, the only structures, the liver by its name."""
        from hepadose.mrml.flrdose.inputs import choose_defaults

        choose_defaults(slicer.mrmlScene, parameterNode)

    def showCase(self, parameterNode):
        """Show the follow-up CT in the slice views, with its liver in the middle where it is known."""
        from hepadose.mrml.livers import liver_segment

        slicer.util.setSliceViewerLayers(background=parameterNode.followUpVolume, foreground=None, fit=True)
        structures = parameterNode.followUpStructures
        if liver := liver_segment(structures):
            self.showSegment(structures, liver)

    def showSegment(self, segmentationNode, segmentId):
        """Move the slice views to the middle of a segment."""
        from hepadose.mrml.session import show_segment

        show_segment(segmentationNode, segmentId)

    def showReaction(self, parameterNode):
        """Show the follow-up CT alone, on which the reaction is judged and corrected, at the middle of the reaction."""
        parameterNode.overlayMode, parameterNode.overlayPercent = OVERLAYS[0], 0.0
        self.showSegment(parameterNode.segmentation, parameterNode.reactionSegment)

    def showMatch(self, parameterNode):
        """Show the curve beside slices and 3-D, with the dose over the follow-up CT; the views of a batch run stay."""
        layoutManager = slicer.app.layoutManager()
        layout = slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView
        if layoutManager is None or layoutManager.layout == layout:
            return
        layoutManager.setLayout(layout)
        parameterNode.overlayMode, parameterNode.overlayPercent = DOSE_OVERLAY, DOSE_PERCENT
        self.showSegment(parameterNode.segmentation, parameterNode.reactionSegment)
        self.showIsodoseInThreeD(layoutManager)

    def showIsodoseInThreeD(self, layoutManager):
        """Fill the 3-D views with the isodose; their box spans all volumes, beside which it would be a dot."""
        for index in range(layoutManager.threeDViewCount):
            viewNode = layoutManager.threeDWidget(index).mrmlViewNode()
            viewNode.SetBoxVisible(False)
            viewNode.SetAxisLabelsVisible(False)
        layoutManager.resetThreeDViews()

    def process(self, followUpVolume, doseVolume, segmentation, **choices):
        """The dose at which the liver reacted, from loaded nodes that lie on each other already.

        Parameters, result and errors are those of :func:`hepadose.mrml.flrdose.nodes.result_of_nodes`.
        """
        from hepadose.mrml.flrdose.nodes import result_of_nodes

        return result_of_nodes(followUpVolume, doseVolume, segmentation, **choices)

    def processParameterNode(self, parameterNode):
        """The result for the choices of a parameter node, as the panel's Match gives it."""
        from hepadose.mrml.flrdose.match import new_match, reaction_origin

        match = new_match(slicer.mrmlScene, parameterNode)
        match.update()
        return match.result(reaction_origin(parameterNode))

    def addResultToScene(self, result):
        """Add tables, plot and text of a result to the scene; returns the nodes."""
        from hepadose.mrml.scene import add_result_nodes

        return add_result_nodes(slicer.mrmlScene, result)


class FLRDoseTest(ScriptedLoadableModuleTest):
    """Tests that Slicer's self-test runs; the same methods run without the application."""

    PLANTED_GY = 30.0

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def plantReaction(self):
        """Nodes of a dose that falls by 1 Gy per mm and a reaction where it is at least 30 Gy."""
        import numpy as np

        from hepadose.images import Image
        from hepadose.mrml.dose import dose_to_volume_node
        from hepadose.mrml.images import image_to_volume_node
        from hepadose.mrml.segmentation import SegmentMask, masks_to_segmentation_node

        grid = Image(np.zeros((12, 24, 60), np.float32), (1.0, 1.0, 2.0))
        dose = np.broadcast_to(60.0 - np.arange(60, dtype=np.float32), grid.shape)
        volume = image_to_volume_node(slicer.mrmlScene, grid, "Follow-up CT")
        doseVolume = dose_to_volume_node(slicer.mrmlScene, grid.with_array(dose), "Dose")
        masks = [
            SegmentMask("Liver", grid.with_array(np.ones(grid.shape, bool)), (0.8, 0.5, 0.4)),
            SegmentMask("Focal liver reaction", grid.with_array(dose >= self.PLANTED_GY), (0.0, 0.8, 0.8)),
        ]
        return volume, doseVolume, masks_to_segmentation_node(slicer.mrmlScene, masks, volume, "Segmentation")

    def test_FLRDose_finds_the_planted_isodose(self):
        self.setUp()
        result = FLRDoseLogic().process(*self.plantReaction(), fractions=5, registration_error_mm=1.0)
        self.assertAlmostEqual(result.best.refined_gy, self.PLANTED_GY, delta=0.6)
        self.assertEqual(result.best.boundary_iou, 1.0)

    def test_FLRDose_adds_tables_and_plot_to_the_scene(self):
        self.setUp()
        logic = FLRDoseLogic()
        nodes = logic.addResultToScene(logic.process(*self.plantReaction()))
        self.assertIs(nodes.chart.GetNthPlotSeriesNode(0).GetTableNode(), nodes.curve)

    def test_FLRDose_says_what_is_missing(self):
        from hepadose.errors import MissingInputError

        self.setUp()
        volume, _doseVolume, segmentation = self.plantReaction()
        with self.assertRaisesRegex(MissingInputError, "dose is missing"):
            FLRDoseLogic().process(volume, None, segmentation)
