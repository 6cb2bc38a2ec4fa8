"""What was found about a case and its registration, as attributes of nodes: a saved scene has it again.

Never a patient's name, id or date.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hepadose.findings import Finding, Level
from hepadose.flr.result import RegistrationSummary
from hepadose.provenance import SegmentationOrigin
from hepadose.registration.quality import judge_error, judge_stated_error

if TYPE_CHECKING:
    from slicer import vtkMRMLNode, vtkMRMLScalarVolumeNode, vtkMRMLTransformNode

FINDINGS = "HepaDose.Findings"
INTERVAL_DAYS = "HepaDose.IntervalDays"
SUMMARY = {
    "method": "HepaDose.RegistrationMethod",
    "estimated_error_mm": "HepaDose.RegistrationErrorMm",
    "liver_dice": "HepaDose.RegistrationLiverDice",
    "liver_mean_distance_mm": "HepaDose.RegistrationLiverDistanceMm",
    "folded_fraction": "HepaDose.RegistrationFoldedFraction",
    "planning_liver_origin": "HepaDose.RegistrationPlanningLiver",
}
"""Attribute of each part of :class:`hepadose.flr.result.RegistrationSummary`; absent where it is None."""


def registration_summary(node: vtkMRMLTransformNode | None) -> RegistrationSummary | None:
    """The quality of a registration as its transform node states it; None for a transform made elsewhere."""
    if node is None or node.GetAttribute(SUMMARY["method"]) is None:
        return None
    stated = {field: node.GetAttribute(attribute) for field, attribute in SUMMARY.items()}
    known = {field: _read(field, text) for field, text in stated.items() if text is not None}
    return RegistrationSummary(**known)


def _read(field: str, text: str) -> str | float | SegmentationOrigin:
    """One part of a summary from its attribute."""
    if field == "method":
        return text
    return SegmentationOrigin.from_text(text) if field == "planning_liver_origin" else float(text)


def state_summary(node: vtkMRMLTransformNode, summary: RegistrationSummary) -> None:
    """Write what is known about a registration on its transform node."""
    for field, attribute in SUMMARY.items():
        # An attribute set to None is removed: a figure of an earlier registration never stays.
        node.SetAttribute(attribute, _written(field, getattr(summary, field)))


def _written(field: str, value: str | float | SegmentationOrigin | None) -> str | None:
    """One part of a summary as an attribute; None where it is not known."""
    if value is None or field == "method":
        return value
    return value.to_text() if field == "planning_liver_origin" else repr(float(value))


def registration_findings(
    node: vtkMRMLTransformNode | None, stated_error_mm: float | None = None
) -> tuple[Finding, ...]:
    """The quality gates of a registration as its transform node keeps them.

    Parameters
    ----------
    node : vtkMRMLTransformNode or None
        The transform; None where there is none.
    stated_error_mm : float, optional
        The mean error in the liver in mm that is used, NaN for unknown. Where it is not the estimated one, the gate
        of the estimated error gives way to one that names both.
    """
    found = _stated_findings(node)
    summary = registration_summary(node)
    estimated_mm = float("nan") if summary is None else summary.estimated_error_mm
    if stated_error_mm is None or same_error(stated_error_mm, estimated_mm):
        return found
    replaced = judge_error(estimated_mm)
    return (judge_stated_error(stated_error_mm, estimated_mm), *(one for one in found if one != replaced))


def same_error(first_mm: float, second_mm: float) -> bool:
    """Whether two mean errors are the same in the panel's tenths of a millimeter; unknown (NaN) is like unknown."""
    return round(first_mm, 1) == round(second_mm, 1) or (first_mm != first_mm and second_mm != second_mm)


def case_findings(follow_up_volume: vtkMRMLScalarVolumeNode | None) -> tuple[Finding, ...]:
    """The pre-flight list of a case as its follow-up CT keeps it; empty for a volume that was loaded elsewhere."""
    return _stated_findings(follow_up_volume)


def interval_days_of(follow_up_volume: vtkMRMLScalarVolumeNode | None) -> int | None:
    """Days from planning CT to follow-up CT as the import found them; None where unknown."""
    text = None if follow_up_volume is None else follow_up_volume.GetAttribute(INTERVAL_DAYS)
    return int(text) if text else None


def state_interval_days(follow_up_volume: vtkMRMLScalarVolumeNode, days: int | None) -> None:
    """Write the days from planning CT to follow-up CT on the follow-up CT; None where unknown."""
    # An attribute set to None is removed.
    follow_up_volume.SetAttribute(INTERVAL_DAYS, None if days is None else str(days))


def state_findings(node: vtkMRMLNode, findings: Sequence[Finding]) -> None:
    """Write findings on a node, in place of earlier ones."""
    node.SetAttribute(FINDINGS, json.dumps([[one.level.value, one.subject, one.text] for one in findings]))


def _stated_findings(node: vtkMRMLNode | None) -> tuple[Finding, ...]:
    text = None if node is None else node.GetAttribute(FINDINGS)
    return tuple(Finding(Level(level), subject, words) for level, subject, words in json.loads(text or "[]"))
