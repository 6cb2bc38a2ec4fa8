"""What the logic of every module needs of the running application."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose.timing import TimingLog

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode


def new_timing_log(module: str) -> TimingLog:
    """A timing log for one session of a module's panel, in Slicer's folder for temporary files."""
    import slicer

    return TimingLog(Path(slicer.app.temporaryPath) / f"{module}-timing-{os.getpid()}.jsonl")


def sample_folder() -> Path:
    """Where the digital patients of the sample data are kept between sessions."""
    import slicer

    return Path(slicer.app.cachePath) / "HepaDose"


def show_segment(segmentation: vtkMRMLSegmentationNode, segment_id: str) -> None:
    """Move all slice views to the middle of a segment."""
    import slicer

    center = [0.0, 0.0, 0.0]
    segmentation.GetSegmentCenterRAS(segment_id, center)
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *center)
