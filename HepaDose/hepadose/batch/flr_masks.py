"""Where the livers and the reaction of an unattended run come from: structures, files or models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hepadose.batch.job import FlrJob
from hepadose.dicom.case import FlrCase
from hepadose.dicom.preflight import coverage_finding
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.roles import find_structure
from hepadose.dicom.rtstruct import RtStruct
from hepadose.errors import MissingInputError, SettingsError, UnreadableFileError
from hepadose.findings import Finding, warning
from hepadose.flr.result import FlrImages
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.backends import ModelSegmenter, open_segmenter
from hepadose.segmentation.difference import DensityDifferenceSegmenter
from hepadose.segmentation.protocol import Progress, SegmentationInputs, Segmenter


@dataclass(frozen=True, eq=False)
class SourcedMask:
    """A mask, where it came from, and what was noticed."""

    mask: Image
    origin: SegmentationOrigin
    findings: tuple[Finding, ...] = ()


def open_model(model: str, task: str) -> ModelSegmenter:
    """A model that must draw one thing.

    Raises
    ------
    SettingsError
        If there is no such model, or it draws something else.
    """
    segmenter = open_segmenter(model)
    if segmenter.task != task:
        raise SettingsError(f"The {segmenter.name} draws the {segmenter.task}, not the {task}; choose another model.")
    return segmenter


def planning_liver(case: FlrCase, job: FlrJob, progress: Progress) -> SourcedMask:
    """The liver on the planning CT: its structure, or found by the job's model where there is none.

    Raises
    ------
    MissingInputError
        If there is neither.
    """
    try:
        return _drawn(case.structures, case.planning.image, job.choices.liver, "planning CT")
    except MissingInputError:
        if job.liver_model is None:
            raise
    found = _by_model(case.planning.image, job.liver_model, "planning CT", progress)
    return replace(found, findings=(*found.findings, coverage_finding(found.mask, case.dose)))


def follow_up_liver(case: FlrCase, job: FlrJob, progress: Progress) -> SourcedMask | None:
    """The liver on the follow-up CT: its structure, or found by the job's model; None where there is neither."""
    if case.follow_up_structures is not None:
        try:
            return _drawn(case.follow_up_structures, case.follow_up.image, job.choices.liver, "follow-up CT")
        except MissingInputError:
            pass
    if job.liver_model is None:
        return None
    return _by_model(case.follow_up.image, job.liver_model, "follow-up CT", progress)


def _drawn(structures: RtStruct, grid: Image, name: str, where: str) -> SourcedMask:
    structure = find_structure(structures, name)
    origin = SegmentationOrigin("RTSTRUCT", detail=f'"{structure.name}" of the {where}')
    return SourcedMask(rasterize(structure, grid).mask, origin)


def _by_model(ct: Image, model: str, where: str, progress: Progress) -> SourcedMask:
    found = open_model(model, "liver").segment(SegmentationInputs(ct), progress)
    text = f"The {where} has no contour of the liver; it was found by the {found.origin}. Look at it."
    return SourcedMask(found.mask, found.origin, (*found.findings, warning("Liver", text)))


def find_reaction(case: FlrCase, job: FlrJob, images: FlrImages, segmenter: Segmenter | None) -> SourcedMask:
    """The reaction on the grid of the images.

    Parameters
    ----------
    case : FlrCase
    job : FlrJob
        Its file, structure or model come first.
    images : FlrImages
        Their reaction is ignored.
    segmenter : Segmenter, optional
        Where the job names nothing; the density difference by default.
    """
    if job.reaction_file is not None:
        return _from_file(job.reaction_file, images.follow_up_ct)
    if job.reaction_name is not None:
        structure = find_structure(case.follow_up_structures, job.reaction_name)
        drawn = rasterize(structure, images.follow_up_ct)
        origin = SegmentationOrigin("RTSTRUCT", detail=f'"{structure.name}"', edited=True)
        return SourcedMask(drawn.mask, origin, drawn.findings)
    if job.reaction_model is not None:
        segmenter = open_model(job.reaction_model, "reaction")
    found = (segmenter or DensityDifferenceSegmenter()).segment(
        SegmentationInputs(follow_up_ct=images.follow_up_ct, liver=images.liver, planning_ct=images.planning_ct)
    )
    return SourcedMask(found.mask, found.origin, found.findings)


def _from_file(path: Path, grid: Image) -> SourcedMask:
    import SimpleITK as sitk

    try:
        drawn = Image.from_sitk(sitk.ReadImage(str(path)))
    except RuntimeError as problem:
        raise UnreadableFileError(f"The reaction file {path.name} is no readable 3-D image.") from problem
    mask = drawn.with_array(drawn.array > 0)
    placed, findings = resample(mask, grid), ()
    lost = 1.0 - placed.volume_ml() / max(mask.volume_ml(), 1e-9)
    if mask.array.any() and abs(lost) > 0.01:
        findings = (
            warning("Reaction file", f"{mask.volume_ml():.1f} ml in the file, {placed.volume_ml():.1f} ml on the CT."),
        )
    return SourcedMask(placed, SegmentationOrigin("Image file", edited=True), findings)
