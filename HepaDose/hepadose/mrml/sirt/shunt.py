"""Lung shunt and mass of the lungs from what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from hepadose.images import resample
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.segmentation import segment_names, segment_to_mask
from hepadose.mrml.sirt.reader import RegionReader
from hepadose.sirt.shunt import PlanarCounts, lung_mass_kg, planar_shunt, volume_shunt


def why_no_lungs(choices: Any) -> str:
    """Why the lungs cannot be measured, in words; empty where they can."""
    if choices is None or choices.ctVolume is None or choices.segmentation is None:
        return "Choose CT and segmentation first."
    if choices.lungsSegment not in segment_names(choices.segmentation):
        return "Choose the segment of the lungs first."
    return ""


def why_no_counts(choices: Any) -> str:
    """Why the image of activity gives no lung shunt, in words; empty where it does."""
    return "Choose the image of activity first." if choices.activityVolume is None else ""


def take_planar_shunt(choices: Any, lungs: tuple[float, float], liver: tuple[float, float]) -> str:
    """Set the lung shunt from anterior and posterior counts; returns how, in words.

    Raises
    ------
    HepaDoseError
        If the counts are impossible.
    """
    shunt = planar_shunt(PlanarCounts(*lungs), PlanarCounts(*liver))
    choices.lungShuntPercent = round(100.0 * shunt, 1)
    return f"Lung shunt {100 * shunt:.1f} %, from geometric means of planar counts without background."


def take_image_shunt(choices: Any) -> str:
    """Set the lung shunt from the counts of lungs and liver in the image of activity; returns how, in words.

    Raises
    ------
    HepaDoseError
        If a region is empty or the image has no counts.
    """
    outlined = RegionReader().outlined(choices, with_lungs=True)
    image = resample(volume_node_to_image(choices.activityVolume, "image of activity"), outlined.liver)
    lungs, liver = (
        float(image.array[np.asarray(region.array, bool)].sum(dtype=float))
        for region in (outlined.lungs, outlined.liver)
    )
    shunt = volume_shunt(max(lungs, 0.0), liver)
    choices.lungShuntPercent = round(100.0 * shunt, 1)
    return f"Lung shunt {100 * shunt:.1f} %, from the counts of lungs and liver in the image of activity."


def take_lung_mass(choices: Any) -> str:
    """Set the mass of the lungs from their CT numbers; returns how, in words.

    Raises
    ------
    HepaDoseError
        If the lungs are empty or their mass is implausible.
    """
    ct = volume_node_to_image(choices.ctVolume, "CT")
    mass_kg = lung_mass_kg(ct, segment_to_mask(choices.segmentation, choices.lungsSegment, ct))
    choices.lungMassKg = round(mass_kg, 2)
    return f"Lungs {mass_kg:.2f} kg, from their CT numbers."
