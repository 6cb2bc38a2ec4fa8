"""The result from nodes that lie on each other already, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hepadose.flr.analysis import analyze_flr, settings_for
from hepadose.flr.result import FlrResult, RegistrationSummary
from hepadose.mrml.flr_input import flr_images_from_nodes, segment_origin

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode


def result_of_nodes(
    follow_up_volume: vtkMRMLScalarVolumeNode,
    dose_volume: vtkMRMLScalarVolumeNode,
    segmentation: vtkMRMLSegmentationNode,
    *,
    liver_segment: str = "Liver",
    reaction_segment: str = "Focal liver reaction",
    fractions: int | None = None,
    registration_error_mm: float | None = None,
    **settings: Any,
) -> FlrResult:
    """The dose at which the liver reacted.

    Parameters
    ----------
    follow_up_volume, dose_volume : vtkMRMLScalarVolumeNode
        Follow-up CT, and total physical dose in Gy that lies on it.
    segmentation : vtkMRMLSegmentationNode
        Holds liver and reaction.
    liver_segment, reaction_segment : str
        Names or ids of the segments.
    fractions : int, optional
        Number of equal fractions.
    registration_error_mm : float, optional
        Mean registration error in the liver in mm; unknown if omitted.
    **settings
        Choices of :class:`hepadose.flr.settings.FlrSettings`; the levels reach to the largest dose by default.

    Returns
    -------
    FlrResult

    Raises
    ------
    HepaDoseError
        Whatever is missing or wrong, in words.
    """
    images, findings = flr_images_from_nodes(
        follow_up_volume,
        dose_volume,
        segmentation,
        liver_segment=liver_segment,
        reaction_segment=reaction_segment,
    )
    error_mm = float("nan") if registration_error_mm is None else registration_error_mm
    return analyze_flr(
        images,
        settings_for(images.dose_gy, images.liver, fractions, **settings),
        fractions=fractions,
        registration=RegistrationSummary("as placed in the scene", error_mm),
        reaction_origin=segment_origin(segmentation, reaction_segment),
        liver_origin=segment_origin(segmentation, liver_segment),
        findings=findings,
    )
