"""Pictures of every step of LiverSIRT's panel, made by clicking through the sample patient."""

from __future__ import annotations

import numpy as np

from gui_hand import view_point
from tour import PATIENCE_S, Tour

SETTLE_S = 60


class SirtTour(Tour):
    """One walk through the panel of LiverSIRT."""

    MODULE = "LiverSIRT"

    def walk(self) -> None:
        """The whole work."""
        import slicer

        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self.load()
        self.segment()
        self.edit()
        self.prescribe()
        self.dose()
        self.report()

    def load(self) -> None:
        """Step 1, with the outlines that come along."""
        self.hand.click("sampleButton")
        self.finish()
        self.panel.ui.inputsButton.collapsed = False
        self.show("inputsButton")
        self.settle()
        self.take("sirt-1-inputs")
        self.panel.ui.inputsButton.collapsed = True

    def segment(self) -> None:
        """Step 2, by the network beside the drawn outlines."""
        self.hand.click("liverButton")
        bar = self.panel.ui.segmentProgress
        self.application.wait_until(lambda: bar.value > 30 or not self.panel.why_busy(), PATIENCE_S)
        self.finish()
        self.settle()
        self.show("regionsButton")
        self.take("sirt-2-liver")

    def edit(self) -> None:
        """Step 2, by hand: strokes of the eraser at the edge of the liver, and what they were about."""
        panel, center = self.panel, np.zeros(3)
        panel.parameters.segmentation.GetSegmentCenterRAS(panel.parameters.liverSegment, center)
        panel.ui.segmentEditor.setCurrentSegmentID(panel.parameters.liverSegment)
        panel.ui.segmentEditor.setActiveEffectByName("Erase")
        self.application.process_events(0.3)
        view, x, y = view_point("Red", center)
        for row in (-50, -43, -36):
            self.hand.stroke(view, [(x - 40 + 5 * step, y + row) for step in range(12)])
        self.settle()
        panel.ui.segmentEditor.setActiveEffectByName("")
        panel.ui.reviewBox.collapsed = False
        self.hand.choose(
            "qualityScore", "4: minor corrections with limited effect on the volume, much faster than by hand"
        )
        self.hand.click("correctionsButton")
        self.show("restoreButton")
        self.bottom_of("confirmButton")
        self.take("sirt-2-corrections")
        panel.ui.segmentEditor.undo()
        panel.ui.regionsButton.collapsed = True

    def prescribe(self) -> None:
        """Step 3."""
        self.hand.choose("product", "Resin microspheres")
        self.hand.choose("disease", "hepatocellular carcinoma")
        typed = {"heightM": "1.75", "weightKg": "75", "lungShuntPercent": "5", "territoryGoalGy": "120"}
        for name, text in {**typed, "tumorGoalGy": "120", "normalLimitGy": "40"}.items():
            self.hand.type_text(getattr(self.panel.ui, name), text)
        self.panel.ui.guidanceBox.collapsed = False
        self.settle()
        self.show("activityButton")
        self.bottom_of("guidanceTable")
        self.take("sirt-3-activity")
        self.panel.ui.activityButton.collapsed = True

    def dose(self) -> None:
        """Step 4."""
        self.hand.click("doseShowButton")
        self.settle()
        self.show("doseButton")
        self.take("sirt-4-dose")
        self.panel.ui.doseButton.collapsed = True

    def report(self) -> None:
        """Step 5; nothing is written, the picture must not show a folder of this computer."""
        self.hand.check("timingBox", True)
        self.show("reportButton")
        self.take("sirt-5-report")

    def settle(self) -> None:
        """Wait until the answer holds every change."""
        activity = self.panel.activity
        self.application.process_events(0.7)
        self.application.wait_until(lambda: activity.answer is not None and not activity.is_waiting, SETTLE_S)
