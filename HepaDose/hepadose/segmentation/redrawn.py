"""Draws the edge of a reaction that a network has found where the liver's density changes.

A network knows what a reaction looks like and rarely takes something else for one, but it draws edges on a coarse grid
and by habit. The difference of both CTs shows the edge itself, at half its contrast, but not which of several changes
is the reaction. So the network points and the difference draws.
"""

from __future__ import annotations

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image
from hepadose.segmentation.change import CLEAR_SEPARATION, SMOOTHING_STEPS, ChangedRegion, LiverChange
from hepadose.segmentation.change_settings import DEFAULT_SETTINGS
from hepadose.segmentation.difference import DensityDifferenceSegmenter
from hepadose.segmentation.protocol import SegmentationInputs

Box = tuple[slice, slice, slice]

_SUBJECT = "Reaction"


def edge_at_the_change(found: Image, inputs: SegmentationInputs) -> tuple[Image, tuple[Finding, ...]]:
    """The reaction with its edge at half the contrast of the change since the planning CT.

    Parameters
    ----------
    found : Image
        Boolean, on the grid of the follow-up CT: what a network took for the reaction.
    inputs : SegmentationInputs
        All three images are needed.

    Returns
    -------
    Image
        Boolean, on the same grid. No farther than 12 mm from the edge that was given, unless nothing has changed where
        the network points and something has elsewhere: then that.
    tuple of Finding
        Which of both was done; a warning where the edge is the network's own, or not where it pointed.
    """
    try:
        best, box = _pointed_to(found, inputs)
        if best is None:
            return _without_the_network(inputs)
    except EmptyRegionError:
        text = "Nowhere does the liver differ clearly from the planning CT: the edge is the network's own; check it."
        return found, (warning(_SUBJECT, text),)
    mask = np.zeros(found.shape, dtype=bool)
    mask[box] = best.region
    return found.with_array(mask), (_drawn(best),)


def _pointed_to(found: Image, inputs: SegmentationInputs) -> tuple[ChangedRegion | None, Box]:
    """What has changed where the network points, smoothed more where it is faint; and the box it lies in."""
    best = change = None
    for factor in SMOOTHING_STEPS:
        change = LiverChange.prepare(inputs, DEFAULT_SETTINGS, factor * DEFAULT_SETTINGS.smoothing_mm)
        best = change.around(found.array[change.box] & change.liver) or best
        if best is not None and best.separation >= CLEAR_SEPARATION:
            break
    return best, change.box


def _drawn(region: ChangedRegion) -> Finding:
    text = (
        f"The network pointed to it; its edge is drawn at half the contrast of the change since the planning CT "
        f"({region.levels.contrast_hu:+.0f} HU, contrast to noise {region.separation:.1f})"
    )
    if region.separation >= CLEAR_SEPARATION:
        return ok(_SUBJECT, f"{text}.")
    return warning(_SUBJECT, f"{text}: faint, check it.")


def _without_the_network(inputs: SegmentationInputs) -> tuple[Image, tuple[Finding, ...]]:
    difference = DensityDifferenceSegmenter().segment(inputs)
    text = (
        "Where the network points nothing has changed since the planning CT; this is what has changed most. Check it."
    )
    return difference.mask, (warning(_SUBJECT, text), *difference.findings)
