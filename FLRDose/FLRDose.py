"""FLRDose: at which dose did the liver react?

The module compares a focal liver reaction (FLR) on a follow-up CT with every isodose and shows which one it follows.
It holds no arithmetic: :class:`FLRDoseLogic` reads nodes and calls the same library function as the command line.
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
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

QUANTITIES = ["physical", "eqd2", "bed"]
UNKNOWN_ERROR_MM = -1.0


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
            "The dose must lie on the follow-up CT (register it and harden the transform). "
            "For research use only; not a medical device."
        )
        self.parent.acknowledgementText = _(
            "Boundary IoU: Cheng et al. 2021. Developed by the HepaDose contributors; Apache License 2.0."
        )
        self.parent.hidden = False


@parameterNodeWrapper
class FLRDoseParameterNode:
    """All choices of the panel; saved with the scene.

    followUpVolume - Follow-up CT.
    doseVolume - Total physical dose in Gy on the follow-up CT.
    segmentation - Holds liver and reaction.
    liverSegment, reactionSegment - Names of the two segments.
    fractions - Number of equal fractions; 0 where it is unknown.
    registrationErrorMm - Mean error of the registration in the liver in mm; negative where it is unknown.
    quantity - Scale of the isodose levels.
    alphaBetaGy - Alpha/beta of the liver in Gy, for EQD2 and BED.
    bandMm - Half width of the boundary band in mm.
    """

    followUpVolume: vtkMRMLScalarVolumeNode
    doseVolume: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    liverSegment: str = "Liver"
    reactionSegment: str = "Focal liver reaction"
    fractions: Annotated[int, WithinRange(0, 100)] = 0
    registrationErrorMm: Annotated[float, WithinRange(UNKNOWN_ERROR_MM, 50.0)] = UNKNOWN_ERROR_MM
    quantity: Annotated[str, Choice(QUANTITIES)] = QUANTITIES[0]
    alphaBetaGy: Annotated[float, WithinRange(0.5, 30.0)] = 3.0
    bandMm: Annotated[float, WithinRange(0.5, 30.0)] = 5.0


class FLRDoseWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: choose nodes, apply, read the answer."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self._parameterNode = None
        self._parameterNodeGuiTag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/FLRDose.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = FLRDoseLogic()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.initializeParameterNode()

    def cleanup(self):
        self.removeObservers()

    def enter(self):
        self.initializeParameterNode()

    def exit(self):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self._parameterNodeGuiTag = None
            self.removeObserver(self._parameterNode, self._modifiedEvent, self._checkCanApply)

    def onSceneStartClose(self, caller, event):
        self.setParameterNode(None)

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Take the scene's parameter node, and the first dose, CT and segmentation where nothing is chosen yet."""
        self.setParameterNode(self.logic.getParameterNode())
        self.logic.chooseDefaults(self._parameterNode)

    def setParameterNode(self, parameterNode):
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode, self._modifiedEvent, self._checkCanApply)
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, self._modifiedEvent, self._checkCanApply)
            self._checkCanApply()

    @property
    def _modifiedEvent(self):
        import vtk

        return vtk.vtkCommand.ModifiedEvent

    def _checkCanApply(self, caller=None, event=None):
        missing = self.logic.whatIsMissing(self._parameterNode)
        self.ui.applyButton.enabled = not missing
        self.ui.applyButton.toolTip = missing or _("Compare the reaction with every isodose")

    def onApplyButton(self):
        with slicer.util.tryWithErrorDisplay(_("The reaction could not be compared with the dose."), waitCursor=True):
            result = self.logic.processParameterNode(self._parameterNode)
            self.logic.addResultToScene(result)
            self.ui.resultLabel.text = self.logic.headline(result)


class FLRDoseLogic(ScriptedLoadableModuleLogic):
    """From nodes to the result; opens no dialog and draws nothing."""

    def getParameterNode(self):
        return FLRDoseParameterNode(super().getParameterNode())

    def chooseDefaults(self, parameterNode):
        """Choose what is unambiguous: the only dose volume, the only other volume, the only segmentation."""
        from hepadose.mrml.dose import is_dose_volume

        volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode", slicer.mrmlScene)
        doses = [node for node in volumes if is_dose_volume(node)]
        others = [node for node in volumes if not is_dose_volume(node) and not node.IsA("vtkMRMLLabelMapVolumeNode")]
        segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", slicer.mrmlScene)
        candidates = {"doseVolume": doses, "followUpVolume": others, "segmentation": segmentations}
        for field, found in candidates.items():
            if getattr(parameterNode, field) is None and len(found) == 1:
                setattr(parameterNode, field, found[0])

    def whatIsMissing(self, parameterNode):
        """Why the analysis cannot start, in words; empty where it can."""
        if parameterNode is None or parameterNode.followUpVolume is None:
            return _("Choose the follow-up CT.")
        if parameterNode.doseVolume is None:
            return _("Choose the dose volume that lies on the follow-up CT.")
        if parameterNode.segmentation is None:
            return _("Choose the segmentation with liver and reaction.")
        if parameterNode.quantity != "physical" and not parameterNode.fractions:
            return _("State the number of fractions: EQD2 and BED need it.")
        return ""

    def processParameterNode(self, parameterNode):
        """The result for the choices of a parameter node."""
        from hepadose.flr.settings import DoseQuantity

        error = parameterNode.registrationErrorMm
        return self.process(
            parameterNode.followUpVolume,
            parameterNode.doseVolume,
            parameterNode.segmentation,
            liverSegment=parameterNode.liverSegment,
            reactionSegment=parameterNode.reactionSegment,
            fractions=parameterNode.fractions or None,
            registrationErrorMm=error if error >= 0 else None,
            quantity=DoseQuantity(parameterNode.quantity),
            alpha_beta_gy=parameterNode.alphaBetaGy,
            band_mm=parameterNode.bandMm,
        )

    def process(
        self,
        followUpVolume,
        doseVolume,
        segmentation,
        *,
        liverSegment="Liver",
        reactionSegment="Focal liver reaction",
        fractions=None,
        registrationErrorMm=None,
        **settings,
    ):
        """The dose at which the liver reacted, from loaded nodes.

        Parameters
        ----------
        followUpVolume, doseVolume : vtkMRMLScalarVolumeNode
            Follow-up CT, and total physical dose in Gy that lies on it.
        segmentation : vtkMRMLSegmentationNode
            Holds liver and reaction.
        liverSegment, reactionSegment : str
            Names or ids of the segments.
        fractions : int, optional
            Number of equal fractions.
        registrationErrorMm : float, optional
            Mean registration error in the liver in mm; unknown if omitted.
        **settings
            Choices of :class:`hepadose.flr.settings.FlrSettings`; the levels reach to the largest dose by default.

        Returns
        -------
        hepadose.flr.result.FlrResult

        Raises
        ------
        hepadose.errors.HepaDoseError
            Whatever is missing or wrong, in words.
        """
        from hepadose.flr.analysis import analyze_flr, settings_for
        from hepadose.flr.result import RegistrationSummary
        from hepadose.mrml.flr_input import flr_images_from_nodes, segment_origin

        images, findings = flr_images_from_nodes(
            followUpVolume,
            doseVolume,
            segmentation,
            liver_segment=liverSegment,
            reaction_segment=reactionSegment,
        )
        error = float("nan") if registrationErrorMm is None else registrationErrorMm
        return analyze_flr(
            images,
            settings_for(images.dose_gy, images.liver, fractions, **settings),
            fractions=fractions,
            registration=RegistrationSummary(_("as placed in the scene"), error),
            reaction_origin=segment_origin(segmentation, reactionSegment),
            liver_origin=segment_origin(segmentation, liverSegment),
            findings=findings,
        )

    def addResultToScene(self, result):
        """Add tables, plot and text of a result to the scene; returns the nodes."""
        from hepadose.mrml.scene import add_result_nodes

        return add_result_nodes(slicer.mrmlScene, result)

    def headline(self, result):
        """The answer as one sentence."""
        from hepadose.report.text import headline

        return headline(result)


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
        result = FLRDoseLogic().process(*self.plantReaction(), fractions=5, registrationErrorMm=1.0)
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
