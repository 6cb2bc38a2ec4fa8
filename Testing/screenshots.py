"""Pictures of every step of the panels, for README and tutorial, made by clicking through the sample patient.

    make screenshots

The pictures land in ``Resources/Screenshots``; look at each before it is committed.
"""

from __future__ import annotations

import sys

import numpy as np

import host
from gui_hand import Hand, view_point
from screenshots_sirt import SirtTour
from tour import PATIENCE_S, PICTURES, Tour, make_small


class FlrTour(Tour):
    """One walk through the panel of FLRDose."""

    MODULE = "FLRDose"

    def walk(self) -> None:
        """The whole work."""
        self.load()
        self.align()
        self.find_reaction()
        self.edit()
        self.match()
        self.report()

    def load(self) -> None:
        """Step 1."""
        self.hand.click("sampleButton")
        self.finish()
        # Making the patient is followed by loading it.
        self.application.wait_until(lambda: self.panel.parameters.followUpVolume is not None, PATIENCE_S)
        self.finish()
        self.take("flr-1-inputs")

    def align(self) -> None:
        """Step 2."""
        self.hand.click("registerButton")
        bar = self.panel.ui.registerProgress
        self.application.wait_until(lambda: bar.value > 30 or not self.panel.why_busy(), PATIENCE_S)
        self.take("flr-2-aligning")
        self.finish()
        self.hand.choose("overlayMode", "Checkerboard")
        self.show("alignmentButton")
        self.take("flr-2-alignment")
        self.hand.choose("overlayMode", "Blend")
        self.panel.ui.alignmentButton.collapsed = True

    def find_reaction(self) -> None:
        """Step 3, by the segmenter."""
        self.hand.click("segmentButton")
        self.finish()
        self.show("reactionButton")
        self.take("flr-3-reaction")

    def edit(self) -> None:
        """Step 3, by hand: strokes of the eraser at the edge of the reaction."""
        panel, center = self.panel, np.zeros(3)
        panel.parameters.segmentation.GetSegmentCenterRAS(panel.parameters.reactionSegment, center)
        panel.ui.segmentEditor.setActiveEffectByName("Erase")
        view, x, y = view_point("Red", center)
        self.hand.stroke(view, [(x + 22, y - 24 + 4 * step) for step in range(12)])
        self.take("flr-3-edited")
        panel.ui.segmentEditor.undo()
        panel.ui.segmentEditor.setActiveEffectByName("")

    def match(self) -> None:
        """Step 4."""
        self.hand.click("applyMatchButton")
        self.application.wait_until(lambda: self.panel.match.result is not None, PATIENCE_S)
        self.show("matchButton")
        self.take("flr-4-match")

    def report(self) -> None:
        """Step 5; nothing is written, the picture must not show a folder of this computer."""
        self.hand.check("timingBox", True)
        self.show("reportButton")
        self.take("flr-5-report")


def main() -> int:
    """Walk and take all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    application = host.start()
    print(f"Pictures in {PICTURES.relative_to(PICTURES.parents[1])}:", flush=True)
    for tour in (FlrTour, SirtTour):
        tour(application).walk()
        application.reset()
    picture_of_the_computer(application)
    return 1 if application.errors else 0


def picture_of_the_computer(application) -> None:
    """The page of the hidden module."""
    panel = application.select_module("HepaDose")
    Hand(application, panel.ui).click("checkButton")
    application.wait_until(lambda: panel.ui.findingsTable.rowCount > 0, PATIENCE_S)
    application.process_events(1)
    application.screenshot(PICTURES / "hepadose-computer.png")
    make_small(PICTURES / "hepadose-computer.png")
    print("  hepadose-computer.png", flush=True)


if __name__ == "__main__":
    sys.exit(main())
