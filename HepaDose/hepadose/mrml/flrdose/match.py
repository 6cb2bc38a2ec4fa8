"""Isodose match: from the choices to a live match, and what is said beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.findings import Finding, error
from hepadose.flr.analysis import settings_for
from hepadose.flr.result import FlrResult, RegistrationSummary
from hepadose.flr.settings import BandMode, DoseQuantity, FlrSettings, PlanarDefinition
from hepadose.mrml.automatic import segment_origin_now, tag_of
from hepadose.mrml.flr_input import flr_images_from_nodes
from hepadose.mrml.flrdose.choices import BAND_SIDES, NOT_STATED, QUANTITIES, UNKNOWN_ERROR_MM
from hepadose.mrml.flrdose.inputs import fraction_findings
from hepadose.mrml.flrdose.liver import alignment_liver_findings, found_liver_findings
from hepadose.mrml.flrdose.reaction import has_segment
from hepadose.mrml.isodose import ISODOSE_ORIGIN, SAME_LEVEL_GY
from hepadose.mrml.live_match import LiveMatch
from hepadose.mrml.segmentation import ORIGIN_TAG
from hepadose.mrml.stated import (
    case_findings,
    interval_days_of,
    registration_findings,
    registration_summary,
    same_error,
)
from hepadose.provenance import SegmentationOrigin
from hepadose.report.published import ComparisonRow, PatientStatement

if TYPE_CHECKING:
    from slicer import vtkMRMLScene

DAYS_PER_MONTH = 365.25 / 12


def why_not_match(choices: Any) -> str:
    """Why the match cannot start, in words; empty where it can."""
    if choices is None or choices.followUpVolume is None:
        return "Choose the follow-up CT first."
    if choices.alignedDose is None:
        return "Align the follow-up CT with the planning CT first, so that the dose lies on it."
    if choices.segmentation is None or not has_segment(choices, choices.liverSegment):
        return "Choose the liver segment first."
    if not has_segment(choices, choices.reactionSegment):
        return "Find, draw or choose the reaction first."
    if choices.liverSegment == choices.reactionSegment:
        return "Liver and reaction are the same segment; choose two."
    if QUANTITIES[choices.quantity] != DoseQuantity.PHYSICAL.value and not choices.fractions:
        return "State the number of fractions under Inputs: EQD2 and BED need it."
    return ""


def match_choices(choices: Any) -> dict[str, Any]:
    """The settings that the user chose, as fields of :class:`hepadose.flr.settings.FlrSettings`."""
    return {
        "quantity": DoseQuantity(QUANTITIES[choices.quantity]),
        "alpha_beta_gy": choices.alphaBetaGy,
        "band_mm": choices.bandMm,
        "band_mode": BandMode(BAND_SIDES[choices.bandMode]),
        "in_plane": choices.inPlane,
        "planar_definitions": tuple(PlanarDefinition) if choices.planarDefinitions else (),
    }


def new_match(scene: vtkMRMLScene, choices: Any) -> LiveMatch:
    """A live match of the chosen nodes.

    Raises
    ------
    HepaDoseError
        Whatever is missing or does not fit together, in words.
    """
    return LiveMatch(
        scene,
        choices.followUpVolume,
        choices.alignedDose,
        choices.segmentation,
        choices.liverSegment,
        choices.reactionSegment,
        _settings(choices),
        fractions=choices.fractions or None,
        registration=registration_of(choices),
        liver_origin=segment_origin_now(choices.segmentation, choices.liverSegment),
        findings=_findings(choices),
        planning_volume=choices.alignedPlanning,
    )


def _findings(choices: Any) -> tuple[Finding, ...]:
    """What is known about the chosen nodes before they are compared."""
    return (
        *case_findings(choices.followUpVolume),
        *fraction_findings(choices),
        *_circular(choices),
        *found_liver_findings(choices),
        *alignment_liver_findings(choices),
        *registration_findings(choices.alignment, registration_of(choices).estimated_error_mm),
    )


def _circular(choices: Any) -> list[Finding]:
    """A red line where the reaction is itself a region of dose, so that it follows an isodose by construction."""
    if choices.segmentation is None or not has_segment(choices, choices.reactionSegment):
        return []
    segment = choices.segmentation.GetSegmentation().GetSegment(choices.reactionSegment)
    if tag_of(segment, ORIGIN_TAG) != ISODOSE_ORIGIN:
        return []
    return [error("Reaction", "This segment was made from an isodose; its agreement says nothing about the liver.")]


def _settings(choices: Any) -> FlrSettings:
    images, _findings = flr_images_from_nodes(
        choices.followUpVolume,
        choices.alignedDose,
        choices.segmentation,
        liver_segment=choices.liverSegment,
        reaction_segment=choices.reactionSegment,
    )
    return settings_for(images.dose_gy, images.liver, choices.fractions or None, **match_choices(choices))


def registration_of(choices: Any) -> RegistrationSummary:
    """How the dose came onto the follow-up CT; the error is the one in the panel, which a user may have corrected."""
    stated = registration_summary(choices.alignment) if choices.alignment is not None else None
    error_mm = choices.registrationErrorMm if choices.registrationErrorMm > UNKNOWN_ERROR_MM / 2 else float("nan")
    if stated is None:
        return RegistrationSummary("as placed in the scene", error_mm)
    if same_error(stated.estimated_error_mm, error_mm):
        return stated
    return dataclasses.replace(stated, method=f"{stated.method}, error stated by the user", estimated_error_mm=error_mm)


def is_outdated(live: LiveMatch, choices: Any) -> bool:
    """Whether a match must be prepared anew: its nodes changed, or other choices were made since."""
    wanted = match_choices(choices)
    same = all(getattr(live.settings, name) == value for name, value in wanted.items())
    same = same and live.fractions == (choices.fractions or None) and live.nodes == _chosen_nodes(choices)
    same = same and not live.stale and _same_registration(live.registration, registration_of(choices))
    return not same or live.findings != _findings(choices)


def _chosen_nodes(choices: Any) -> tuple[object, ...]:
    """In the order of :attr:`hepadose.mrml.live_match.LiveMatch.nodes`."""
    volumes = (choices.followUpVolume, choices.alignedDose, choices.alignedPlanning)
    return (*volumes, choices.segmentation, choices.liverSegment, choices.reactionSegment)


def _same_registration(first: RegistrationSummary, second: RegistrationSummary) -> bool:
    # NaN differs from itself, so that dataclasses with an unknown error never compare equal.
    return repr(first) == repr(second)


def best_level_gy(live: LiveMatch, result: FlrResult | None) -> float:
    """The headline level where it is known, else the level of the largest Boundary IoU."""
    if result is not None:
        return result.best.refined_gy
    return float(live.curve.levels_gy[int(np.nanargmax(live.curve.boundary_iou))])


def is_best_level(live: LiveMatch, result: FlrResult | None, level_gy: float) -> bool:
    """Whether a level is the best one, as it is shown."""
    return live.curve is not None and abs(level_gy - best_level_gy(live, result)) < SAME_LEVEL_GY


def reaction_origin(choices: Any) -> SegmentationOrigin:
    """Where the reaction came from, and whether it was edited by hand."""
    return segment_origin_now(choices.segmentation, choices.reactionSegment)


def patient_statement(choices: Any) -> PatientStatement:
    """What was stated about the patient, for the comparison with published values; None where it was not."""

    def stated(text: str) -> str | None:
        return None if text == NOT_STATED else text

    return PatientStatement(
        modality=stated(choices.modality),
        phase=stated(choices.phase),
        months_since_treatment=choices.monthsSinceTreatment or None,
        child_pugh=stated(choices.childPugh),
    )


def interval_text(choices: Any) -> str:
    """How long after the planning CT the follow-up CT was taken; empty where unknown."""
    days = interval_days_of(choices.followUpVolume)
    if days is None:
        return ""
    return f"The follow-up CT was taken {days / DAYS_PER_MONTH:.1f} months after the planning CT."


def published_table(rows: Sequence[ComparisonRow]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Titles and texts of the comparison with published thresholds."""
    texts = [
        (row.study.source, row.value_text, "; ".join(row.differences) or "none", row.study.technique) for row in rows
    ]
    return ["Study", "This patient against the study", "Differences", "Technique"], texts
