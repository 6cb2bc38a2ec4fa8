"""Alignment: the follow-up CT is brought to the planning CT; dose and planning CT come onto its grid."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from hepadose.errors import GeometryMismatchError
from hepadose.findings import Finding, ok, warning
from hepadose.mrml.dose import volume_node_to_dose
from hepadose.mrml.flr_input import dose_findings
from hepadose.mrml.flrdose.choices import UNKNOWN_ERROR_MM
from hepadose.mrml.flrdose.liver import alignment_liver_findings, follow_up_liver, guiding_livers
from hepadose.mrml.flrdose.match import registration_of
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.legend import hide_dose_legend, show_dose_legend
from hepadose.mrml.loaded import registration_nodes
from hepadose.mrml.overlay import checkerboard, set_blend
from hepadose.mrml.segmentation import segment_to_mask
from hepadose.mrml.stated import registration_findings, registration_summary
from hepadose.registration import RegistrationMethod

if TYPE_CHECKING:
    from slicer import vtkMRMLScene

    from hepadose.mrml.livers import GuidingLivers
    from hepadose.worker import RegistrationOutcome

CHECKERBOARD = "Checkerboard"
BLEND = "Blend"
SMALLEST_TILE_MM, TILE_MM_PER_PERCENT = 10.0, 0.9


def why_not_align(choices: Any) -> str:
    """Why the alignment cannot start, in words; empty where it can."""
    if choices is None or choices.followUpVolume is None:
        return "Choose the follow-up CT first."
    if choices.planningVolume is None:
        return "Choose the planning CT first."
    if choices.followUpVolume is choices.planningVolume:
        return "Follow-up CT and planning CT are the same volume; choose two."
    if choices.doseVolume is None:
        return "Choose the dose first."
    if choices.planningStructures is None or not choices.planningLiver:
        return "Choose the liver contour of the planning CT first."
    return ""


def registration_inputs(choices: Any, method: RegistrationMethod) -> Generator[None, None, dict[str, Any]]:
    """What :func:`hepadose.worker.start_register` takes, copied from the chosen nodes in short steps.

    Raises
    ------
    HepaDoseError
        If a node is empty, lies under a transform, or the dose is not in Gy.
    """
    follow_up = volume_node_to_image(choices.followUpVolume, "follow-up CT")
    yield
    planning = volume_node_to_image(choices.planningVolume, "planning CT")
    yield
    planning_liver = segment_to_mask(choices.planningStructures, choices.planningLiver, planning)
    yield
    drawn = follow_up_liver(choices)
    later_liver = None if drawn is None else segment_to_mask(*drawn, follow_up)
    yield
    dose_gy = volume_node_to_dose(choices.doseVolume)
    # Refuses other units; the aligned dose will be marked as Gy.
    dose_findings(choices.doseVolume, dose_gy)
    return {
        "follow_up": follow_up,
        "planning": planning,
        "planning_liver": planning_liver,
        "follow_up_liver": later_liver,
        "method": method,
        "dose_gy": dose_gy,
    }


def take_registration(
    scene: vtkMRMLScene, choices: Any, outcome: RegistrationOutcome, livers: GuidingLivers | None = None
) -> Iterator[None]:
    """Add the aligned images and the liver to the scene in small steps and choose them.

    Parameters
    ----------
    scene : vtkMRMLScene
        Gets the nodes.
    choices : parameter node
        What was aligned.
    outcome : RegistrationOutcome
        Of the alignment.
    livers : GuidingLivers, optional
        What :func:`~hepadose.mrml.flrdose.liver.guiding_livers` said when the alignment started; asked now if omitted.
    """
    nodes = yield from registration_nodes(
        scene,
        outcome,
        follow_up_volume=choices.followUpVolume,
        dose_volume=choices.doseVolume,
        segmentation=choices.segmentation,
        livers=livers or guiding_livers(choices),
    )
    choices.alignment, choices.segmentation = nodes.transform, nodes.segmentation
    choices.alignedDose, choices.alignedPlanning = nodes.dose, nodes.planning
    choices.liverSegment = nodes.liver_segment_id
    error_mm = outcome.summary.estimated_error_mm
    choices.registrationErrorMm = UNKNOWN_ERROR_MM if error_mm != error_mm else round(error_mm, 1)


def alignment_findings(choices: Any) -> list[Finding]:
    """The quality of the alignment in words; what to do where there is none."""
    if choices is None or choices.alignment is None:
        return []
    summary = registration_summary(choices.alignment)
    found = [
        *alignment_liver_findings(choices),
        *registration_findings(choices.alignment, registration_of(choices).estimated_error_mm),
    ]
    if summary is None:
        return [warning("Alignment", "The transform was not made here; its quality is unknown."), *found]
    return [ok("Alignment", f"Method: {summary.method}."), *found]


def show_overlay(scene: vtkMRMLScene, choices: Any) -> None:
    """Lay planning CT and follow-up CT over each other in the slice views, or dose over the follow-up CT.

    Raises
    ------
    GeometryMismatchError
        If the aligned planning CT is not on the follow-up CT's grid.
    """
    share = choices.overlayPercent / 100.0
    if choices.alignedPlanning is None:
        raise GeometryMismatchError("There is no aligned planning CT; press Align first.")
    if choices.overlayMode == BLEND:
        set_blend(scene, choices.followUpVolume, choices.alignedPlanning, share)
    elif choices.overlayMode == CHECKERBOARD:
        tile_mm = SMALLEST_TILE_MM + TILE_MM_PER_PERCENT * choices.overlayPercent
        board = checkerboard(scene, choices.followUpVolume, choices.alignedPlanning, tile_mm, "Checkerboard")
        set_blend(scene, board, None, 0.0)
    else:
        set_blend(scene, choices.followUpVolume, choices.alignedDose, share)
    _show_dose_colors(choices, choices.overlayMode not in (BLEND, CHECKERBOARD))


def _show_dose_colors(choices: Any, shown: bool) -> None:
    """The legend of the dose's colors, which the reaction's own color must not change."""
    if shown:
        parts = f"{choices.fractions} fractions" if choices.fractions else "fractions unknown"
        show_dose_legend(choices.alignedDose, f"Gy physical, {parts}")
    elif choices.alignedDose is not None:
        hide_dose_legend(choices.alignedDose)
    display = None if choices.segmentation is None else choices.segmentation.GetDisplayNode()
    if display is not None and choices.reactionSegment:
        display.SetSegmentVisibility2DFill(choices.reactionSegment, not shown)
