"""The images of an analysis from the nodes a user has loaded, with what was found in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import MissingInputError, UnitsError
from hepadose.findings import Finding, ok, warning
from hepadose.flr.result import FlrImages
from hepadose.images import Image, resample
from hepadose.mrml.automatic import segment_origin_now
from hepadose.mrml.dose import DOSE_UNIT_NAME, NO_DOSE, WITHOUT_DOSE, is_dose_volume, volume_node_to_dose
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.segmentation import segment_to_mask
from hepadose.provenance import SegmentationOrigin
from hepadose.report.text import number

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode

PLAUSIBLE_MAXIMUM_GY = 150.0


def flr_images_from_nodes(
    follow_up_volume: vtkMRMLScalarVolumeNode | None,
    dose_volume: vtkMRMLScalarVolumeNode | None,
    segmentation: vtkMRMLSegmentationNode | None,
    *,
    liver_segment: str,
    reaction_segment: str,
) -> tuple[FlrImages, tuple[Finding, ...]]:
    """Everything on the grid of the follow-up CT; the dose is sampled linearly, once.

    Parameters
    ----------
    follow_up_volume : vtkMRMLScalarVolumeNode
        Follow-up CT in HU.
    dose_volume : vtkMRMLScalarVolumeNode
        Total physical dose in Gy, already moved onto the follow-up CT and hardened.
    segmentation : vtkMRMLSegmentationNode
        Holds liver and reaction.
    liver_segment, reaction_segment : str
        Their ids or names.

    Returns
    -------
    images : FlrImages
        NaN where the dose grid does not reach.
    findings : tuple of Finding
        What was found about the dose.

    Raises
    ------
    MissingInputError
        If a node or a segment is missing.
    GeometryMismatchError
        If a node lies under a transform.
    UnitsError
        If the dose is not in Gy.
    """
    follow_up = volume_node_to_image(follow_up_volume, "follow-up CT")
    if dose_volume is None:
        raise MissingInputError("The dose is missing; choose a loaded dose volume.")
    dose = volume_node_to_dose(dose_volume)
    findings = dose_findings(dose_volume, dose)
    on_grid = dose if dose.same_grid_as(follow_up) else resample(dose, follow_up, outside=float("nan"))
    images = FlrImages(
        follow_up_ct=follow_up,
        dose_gy=on_grid,
        liver=segment_to_mask(segmentation, liver_segment, follow_up),
        reaction=segment_to_mask(segmentation, reaction_segment, follow_up),
    )
    return images, findings


def dose_findings(node: vtkMRMLScalarVolumeNode, dose: Image) -> tuple[Finding, ...]:
    """What the dose volume is, in words.

    Raises
    ------
    UnitsError
        If it is marked as something else than Gy, or holds no dose at all.
    """
    unit = node.GetAttribute(DOSE_UNIT_NAME)
    if unit is not None and unit.upper() != "GY":
        raise UnitsError(f"The dose volume is in {unit}, expected GY; export the dose as absolute physical dose.")
    maximum = float(np.nanmax(dose.array))
    if not maximum > 0:
        raise UnitsError(f"The largest dose is {maximum:g} Gy; choose the dose volume.")
    found = [_plausibility(maximum)]
    if not is_dose_volume(node):
        found.append(warning("Dose", "The volume is not marked as dose by its import; its values are taken as Gy."))
    outside = int(node.GetAttribute(WITHOUT_DOSE) or 0)
    if outside:
        # Whether the liver is covered is a gate of its own; here it matters only that 0 Gy is not taken for a dose.
        say, stored = (ok, "has no dose") if node.GetAttribute(NO_DOSE) else (warning, "is stored as 0 Gy")
        share = number(100.0 * outside / dose.array.size, 0, "%")
        found.append(say("Dose", f"{share} of the image lies outside the original dose grid and {stored}."))
    return tuple(found)


def _plausibility(maximum_gy: float) -> Finding:
    text = f"maximum {maximum_gy:.1f} Gy, sampled linearly on the follow-up CT"
    if maximum_gy > PLAUSIBLE_MAXIMUM_GY:
        return warning("Dose", f"{text}; that is implausibly high: check the unit and the dose grid scaling.")
    if maximum_gy < 1.0:
        return warning("Dose", f"{text}; that is implausibly low: check the unit and the dose grid scaling.")
    return ok("Dose", text)


def segment_origin(segmentation: vtkMRMLSegmentationNode, segment: str) -> SegmentationOrigin:
    """Where a segment came from, as far as the scene knows.

    Edited by hand is what differs from the automatic mask noted with it, and every segment of which none was noted.
    """
    return segment_origin_now(segmentation, segment)
