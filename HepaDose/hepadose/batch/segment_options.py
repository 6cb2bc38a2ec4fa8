"""The options of ``hepadose segment``: what they are called, and the job that they make."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.batch.segment import SegmentJob

_DEVICES, _RUNTIMES = ("automatic", "cpu", "gpu"), ("automatic", "onnxruntime", "torch")


def add_segment_options(parser: argparse.ArgumentParser) -> None:
    """Add all options to the command's parser; imports nothing heavy."""
    parser.add_argument("ct", type=Path, metavar="CASE_OR_CT", help="DICOM folder, or NIfTI, NRRD or MetaImage file")
    parser.add_argument("--model", "-m", default="liver", help="name of a model, or folder of one; default: liver")
    parser.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    parser.add_argument("--probability", action="store_true", help="write the probability map too")
    parser.add_argument("--series", type=int, metavar="N", help="which CT of a folder with several")
    parser.add_argument("--liver", type=Path, metavar="IMAGE", help="mask of the liver, for models that look inside it")
    parser.add_argument("--planning-ct", type=Path, metavar="IMAGE", help="registered planning CT, for models with one")
    parser.add_argument("--device", choices=_DEVICES, default=_DEVICES[0])
    parser.add_argument("--runtime", choices=_RUNTIMES, default=_RUNTIMES[0], help="what runs the network")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="on the processor; all cores by default")


def segment_job(options: argparse.Namespace) -> SegmentJob:
    """The job that the parsed options describe.

    Raises
    ------
    SettingsError
        If the number of threads is impossible.
    """
    from hepadose.batch.segment import SegmentJob
    from hepadose.checks import require_range
    from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice, RuntimeName

    require_range("number of threads", options.threads, 0, 1024)
    return SegmentJob(
        model=options.model,
        series=options.series,
        probability=options.probability,
        liver_file=options.liver,
        planning_file=options.planning_ct,
        choice=RuntimeChoice(RuntimeName(options.runtime), DeviceName(options.device), options.threads),
    )
