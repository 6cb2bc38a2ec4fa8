"""One CT, unattended: image in, mask out. Every door without a screen calls :func:`run_segment`.

It never asks, never prints and never leaves a half-written result: the output folder appears when everything in it is
complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hepadose
from hepadose.batch.output import MARKER, complete_folder
from hepadose.batch.volume import read_ct, read_image, read_mask
from hepadose.errors import MissingInputError, OutputError
from hepadose.findings import Finding
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.backends import ModelSegmenter, open_segmenter
from hepadose.segmentation.models import available_models
from hepadose.segmentation.preprocess import AIR_HU
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.segmentation.runtimes import RuntimeChoice
from hepadose.timing import TimingLog, TimingRecord

Progress = Callable[[str, float], None]
"""Called with the stage in words and the fraction done (0–1); may raise CancelledError."""

TIMING_FILE = "timing.jsonl"
_READ_SHARE, _LIVER_SHARE, _DONE_SHARE = 0.1, 0.4, 0.95


@dataclass(frozen=True)
class SegmentJob:
    """The choices of one run.

    Parameters
    ----------
    model : str
        Name of a model on this computer, path of a model's folder, or a further backend by its key.
    series : int, optional
        Which CT series of a DICOM folder with several.
    probability : bool
        Write the probability map too.
    liver_file : Path, optional
        Mask of the liver, for models that look inside it; without it the liver model runs first.
    planning_file : Path, optional
        Registered planning CT, for models that take one.
    choice : RuntimeChoice
        What runs the network, and where.
    """

    model: str
    series: int | None = None
    probability: bool = False
    liver_file: Path | None = None
    planning_file: Path | None = None
    choice: RuntimeChoice = field(default_factory=RuntimeChoice)


@dataclass(frozen=True, eq=False)
class SegmentOutcome:
    """What a run produced."""

    mask: Image
    origin: SegmentationOrigin
    findings: tuple[Finding, ...]
    timing: tuple[TimingRecord, ...]
    files: tuple[str, ...]
    """Names in the output folder."""

    @property
    def volume_ml(self) -> float:
        """Of the mask."""
        return self.mask.volume_ml()


def run_segment(
    source: Path, output: Path, job: SegmentJob, *, overwrite: bool = False, progress: Progress | None = None
) -> SegmentOutcome:
    """Segment one CT and write the result.

    Parameters
    ----------
    source : Path
        DICOM folder, or NIfTI, NRRD or MetaImage file in HU.
    output : Path
        Folder of the result; it appears complete or not at all.
    job : SegmentJob
    overwrite : bool
        Replace an earlier result.
    progress : callable, optional
        Told the stage and the fraction done.

    Returns
    -------
    SegmentOutcome

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the CT, the model or the output folder, in words.
    """
    tell = progress or (lambda stage, fraction: None)
    # An unknown model is told before anything is read.
    segmenter = open_segmenter(job.model, job.choice)
    with complete_folder(output, overwrite=overwrite) as working:
        log = TimingLog(working / TIMING_FILE)
        tell("Reading the CT", 0.0)
        with log.step("Read CT"):
            volume = read_ct(source, job.series)
        inputs, findings = _inputs(volume.image, job, segmenter, log, _part(tell, _READ_SHARE, _LIVER_SHARE))
        start = _READ_SHARE if inputs.liver is None else _LIVER_SHARE
        with log.step("Segment", model=segmenter.name, version=segmenter.version):
            result, origin = segmenter.run(inputs, _part(tell, start, _DONE_SHARE))
        tell("Writing the result", _DONE_SHARE)
        findings = (*volume.findings, *findings, *result.findings)
        with log.step("Write result"):
            masks = _write_images(working, segmenter.task, result, job.probability)
        summary = _summary(segmenter, result, origin, findings, masks)
        summary["timing"] = {record.step: round(record.wall_s, 3) for record in log.records}
        _write_json(working / MARKER, summary)
        files = tuple(sorted(path.name for path in working.iterdir()))
    tell("Done", 1.0)
    return SegmentOutcome(result.mask, origin, findings, log.records, files)


def _part(progress: Progress, start: float, stop: float) -> Progress:
    return lambda stage, fraction: progress(stage, start + (stop - start) * fraction)


def _inputs(
    ct: Image, job: SegmentJob, segmenter: ModelSegmenter, log: TimingLog, progress: Progress
) -> tuple[SegmentationInputs, tuple[Finding, ...]]:
    """Everything the model looks at, on the CT's grid."""
    liver, findings = None, ()
    if job.liver_file is not None:
        liver = resample(read_mask(job.liver_file), ct)
    elif "liver" in segmenter.needs:
        with log.step("Segment liver"):
            liver, findings = _liver_by_model(ct, job, segmenter, progress)
    planning = None
    if job.planning_file is not None:
        planning = resample(read_image(job.planning_file), ct, outside=AIR_HU)
    return SegmentationInputs(ct, liver, planning), findings


def _liver_by_model(
    ct: Image, job: SegmentJob, segmenter: ModelSegmenter, progress: Progress
) -> tuple[Image, tuple[Finding, ...]]:
    models = [folder for folder, description, _ in available_models() if description.task == "liver"]
    if not models:
        raise MissingInputError(f"The {segmenter.name} needs the liver, and no liver model is here; give --liver FILE.")
    result, _ = open_segmenter(str(models[0]), job.choice).run(SegmentationInputs(ct), progress)
    return result.mask, result.findings


def _write_images(folder: Path, task: str, result: Any, with_probability: bool) -> dict[str, str]:
    """Mask and probability as files; their names by what they hold."""
    files = {"mask": f"{task}.nrrd"}
    _write_image(folder / files["mask"], result.mask)
    if with_probability and result.probability is not None:
        files["probability"] = f"{task}_probability.nrrd"
        _write_image(folder / files["probability"], result.probability)
    return files


def _write_image(path: Path, image: Image) -> None:
    import SimpleITK as sitk

    try:
        sitk.WriteImage(image.to_sitk(), str(path), useCompression=True, compressionLevel=1)
    except RuntimeError as problem:
        raise OutputError(f"The image {path.name} cannot be written; is the disk full?") from problem


def _summary(
    segmenter: ModelSegmenter,
    result: Any,
    origin: SegmentationOrigin,
    findings: tuple[Finding, ...],
    files: dict[str, str],
) -> dict[str, Any]:
    return {
        "hepadose_version": hepadose.__version__,
        "notice": hepadose.RESEARCH_USE,
        "task": segmenter.task,
        "origin": str(origin),
        "volume_ml": round(result.mask.volume_ml(), 3),
        "grid": result.mask.describe_grid(),
        "files": files,
        "runtime": result.runtime,
        "tiles": result.tiles,
        "seconds": {name: round(value, 3) for name, value in result.seconds.items()},
        "findings": [{"level": f.level.value, "subject": f.subject, "text": f.text} for f in findings],
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
