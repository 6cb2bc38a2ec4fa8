"""How the liver's density differs between two CTs, and the regions in which it does.

Follow-up minus planning CT, freed from the change that the whole liver shows (contrast phase), smoothed in mm without
moving curved edges, cut at half the contrast between both sides of the region's own edge. Half contrast is where a
blurred edge lies, and the dose at the edge is what the analysis asks for.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from hepadose.errors import EmptyRegionError
from hepadose.images import bounding_box
from hepadose.segmentation.change_settings import DifferenceSettings
from hepadose.segmentation.contrast import (
    HalfContrast,
    half_contrast,
    mode_and_width,
    smooth_keeping_edges,
)
from hepadose.segmentation.morphology import Element, close_gaps, dilate, erode
from hepadose.segmentation.parenchyma import LIVER_HU, common_slope, trusted_voxels
from hepadose.segmentation.protocol import SegmentationInputs

CLEAR_SEPARATION = 4.0
"""Contrast in multiples of the noise from which a region is no longer called faint."""
SMOOTHING_STEPS = (1.0, 1.6)
"""The smoothing is widened by these where noise makes a region faint."""
_ROUNDS = 6
_LEAST_VOLUME_ML = 1.0
_CHANNEL_MM, _VESSEL_HALO_MM = 6.0, 3.0
"""Channels up to twice the first are closed where a vessel is no farther than the second: so far it shows through."""
_BRIDGE_MM, _BUMP_MM = 2.5, 6.0
"""Bridges up to twice the first are cut; what lies within the second of the rest stays, so that an uneven edge does."""
_REACH_MM, _SEEN_MM = 12.0, 25.0
"""How far an edge that is given may move, and how far around it the liver is looked at."""
_LEAST_VOXELS = 10
_OF_PART, _OF_REGION = 0.3, 0.5
"""A part belongs to a given region if it shares so much of itself or of the region with it."""


@dataclass(frozen=True, eq=False)
class ChangedRegion:
    """A region that is darker or brighter than the liver around it.

    Parameters
    ----------
    region : numpy.ndarray of bool, shape (k, j, i)
        In the box of its :class:`LiverChange`.
    levels : HalfContrast
        On both sides of its edge.
    noise_hu : float
        Standard deviation of the liver's own variation.
    """

    region: np.ndarray
    levels: HalfContrast
    noise_hu: float

    @property
    def separation(self) -> float:
        """Contrast in multiples of the noise.

        Returns
        -------
        float
        """
        return abs(self.levels.contrast_hu) / max(self.noise_hu, 1e-6)

    @property
    def evidence(self) -> float:
        """Large and clear regions win over small or faint ones.

        Returns
        -------
        float
        """
        return self.separation * float(np.cbrt(np.count_nonzero(self.region)))

    def counts(self, settings: DifferenceSettings) -> bool:
        """Whether it stands out from the liver's own variation."""
        return self.separation >= settings.least_separation and self.contrast_hu >= settings.least_contrast_hu

    @property
    def contrast_hu(self) -> float:
        """Difference between both sides of the edge, without its sign.

        Returns
        -------
        float
        """
        return abs(self.levels.contrast_hu)


class LiverChange:
    """The difference image of one patient around the liver.

    Parameters
    ----------
    box : tuple of 3 slice
        Of the follow-up CT, around the liver; everything else has its shape.
    liver, trusted : numpy.ndarray of bool, shape (k, j, i)
        The liver, and its parenchyma that both CTs show.
    change : numpy.ndarray, same shape
        In HU, the usual change of the whole liver as zero.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    settings : DifferenceSettings
    smoothing_mm : float
        As used, which may be more than the settings say.
    """

    def __init__(
        self,
        box: tuple[slice, slice, slice],
        liver: np.ndarray,
        trusted: np.ndarray,
        change: np.ndarray,
        spacing_kji_mm: tuple[float, float, float],
        settings: DifferenceSettings,
        smoothing_mm: float,
    ) -> None:
        self.box, self.liver, self.trusted, self.change = box, liver, trusted, change
        self.spacing_kji_mm, self.settings, self.smoothing_mm = spacing_kji_mm, settings, smoothing_mm
        self.noise_hu = min(mode_and_width(change[trusted], sign)[1] for sign in (-1, 1))

    @classmethod
    def prepare(cls, inputs: SegmentationInputs, settings: DifferenceSettings, smoothing_mm: float) -> LiverChange:
        """Crop to the liver, leave out rim and vessels, subtract and smooth; refuse what cannot be compared."""
        spacing = inputs.follow_up_ct.spacing_kji_mm
        box = bounding_box(inputs.liver.array, tuple(int(np.ceil(6.0 / s)) for s in spacing))
        if box is None:
            raise EmptyRegionError("The liver contains no voxel of the follow-up CT; check contour and registration.")
        liver = inputs.liver.array[box]
        follow_up, planning = (
            image.array[box].astype(np.float32) for image in (inputs.follow_up_ct, inputs.planning_ct)
        )
        trusted = trusted_voxels(follow_up, planning, liver, spacing, settings.capsule_margin_mm)
        slope = common_slope(follow_up, planning, trusted, spacing)
        difference = np.clip(follow_up, *LIVER_HU) - slope * np.clip(planning, *LIVER_HU)
        change = smooth_keeping_edges(difference, trusted, smoothing_mm, spacing)
        known = np.isfinite(change)
        if not np.any(trusted & known):
            raise EmptyRegionError("The planning CT shows nothing of the liver to compare; check the registration.")
        mode, _ = mode_and_width(change[trusted & known], -1)
        return cls(
            box, liver & known, trusted & known, np.where(known, change - mode, 0.0), spacing, settings, smoothing_mm
        )

    def most_conspicuous(self) -> ChangedRegion | None:
        """The darker or brighter region that is largest and clearest, its edge at half its contrast.

        Returns
        -------
        ChangedRegion or None
        """
        found = (self._search(sign) for sign in (-1, 1))
        return max(filter(None, found), key=lambda region: region.evidence, default=None)

    def around(self, pointed_to: np.ndarray) -> ChangedRegion | None:
        """The region that somebody or something has pointed to, its edge at half its contrast.

        Only a band about the given edge is decided anew: what lies deeper inside stays, what lies farther is left out.

        Parameters
        ----------
        pointed_to : numpy.ndarray of bool, shape (k, j, i)
            In the box.

        Returns
        -------
        ChangedRegion or None
            None if nothing there differs from the liver around it.
        """
        box = bounding_box(pointed_to, tuple(int(np.ceil(_SEEN_MM / step)) for step in self.spacing_kji_mm))
        if box is None:
            return None
        found = self._cropped(box)._redrawn(pointed_to[box])
        if found is None:
            return None
        region = np.zeros_like(pointed_to)
        region[box] = found.region
        return replace(found, region=region)

    def _cropped(self, box: tuple[slice, slice, slice]) -> LiverChange:
        part = copy.copy(self)
        part.liver, part.trusted, part.change = self.liver[box], self.trusted[box], self.change[box]
        return part

    def _redrawn(self, pointed_to: np.ndarray) -> ChangedRegion | None:
        """The region at half its contrast, in a band about the edge that is given."""
        levels = self._levels(pointed_to)
        if levels is None or not ChangedRegion(pointed_to, levels, self.noise_hu).counts(self.settings):
            return None
        sign = 1 if levels.contrast_hu > 0 else -1
        near = dilate(pointed_to, _REACH_MM, self.spacing_kji_mm, Element.BALL)
        core = erode(pointed_to, _REACH_MM, self.spacing_kji_mm, Element.BALL)
        found = self._settled(sign, levels.threshold_hu, lambda candidates: self._shared(candidates & near, pointed_to))
        if found is None:
            return None
        region, levels = found
        return ChangedRegion(self._completed(region | (core & self.liver)) & near, levels, self.noise_hu)

    def _levels(self, region: np.ndarray) -> HalfContrast | None:
        """Of both sides of the edge; a region too small for that is compared with the whole liver."""
        levels = half_contrast(self.change, region, self.trusted, self.spacing_kji_mm)
        inside = self.change[region & self.trusted]
        if levels is not None or inside.size < _LEAST_VOXELS:
            return levels
        return HalfContrast(float(np.median(inside)), 0.0)

    def _search(self, sign: int) -> ChangedRegion | None:
        """The most conspicuous darker (-1) or brighter (+1) region."""
        mode, width = mode_and_width(self.change[self.trusted], sign)
        threshold_hu = mode + sign * max(2.5 * width, self.settings.least_contrast_hu / 2.0)
        found = self._settled(sign, threshold_hu, self._largest)
        return None if found is None else ChangedRegion(self._completed(found[0]), found[1], width)

    def _settled(
        self, sign: int, threshold_hu: float, chosen: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, HalfContrast] | None:
        """The region whose threshold is half of its own contrast, among the voxels beyond it."""
        region = levels = None
        for _ in range(_ROUNDS):
            region = chosen((sign * (self.change - threshold_hu) > 0) & self.liver)
            if np.count_nonzero(region) * np.prod(self.spacing_kji_mm) / 1000.0 < _LEAST_VOLUME_ML:
                return None
            levels = half_contrast(self.change, region, self.trusted, self.spacing_kji_mm)
            if levels is None or sign * levels.contrast_hu <= 0:
                return None
            if abs(levels.threshold_hu - threshold_hu) < 0.05:
                break
            threshold_hu = levels.threshold_hu
        return region, levels

    def _completed(self, region: np.ndarray) -> np.ndarray:
        """Holes filled (the tumor itself), and the channels that vessels cut into the region; within the liver."""
        reach = ndimage.distance_transform_edt(self.trusted, sampling=self.spacing_kji_mm)
        beside_vessels = (reach <= _VESSEL_HALO_MM) & self.liver
        filled = region | (close_gaps(region, _CHANNEL_MM, self.spacing_kji_mm) & beside_vessels)
        filled = ndimage.binary_fill_holes(filled)
        for k in range(filled.shape[0]):
            filled[k] = ndimage.binary_fill_holes(filled[k])
        return filled & self.liver

    def _largest(self, candidates: np.ndarray) -> np.ndarray:
        """The largest part."""
        return self._parts(candidates, lambda sizes, labels: sizes == sizes.max())

    def _shared(self, candidates: np.ndarray, region: np.ndarray) -> np.ndarray:
        """The parts that lie in the region for the most part, or hold most of it."""
        size = np.count_nonzero(region)

        def kept(sizes: np.ndarray, labels: np.ndarray) -> np.ndarray:
            """Whether each part shares enough with the region."""
            return np.bincount(labels[region], minlength=sizes.size) >= np.minimum(_OF_PART * sizes, _OF_REGION * size)

        return self._parts(candidates, kept)

    def _parts(self, candidates: np.ndarray, kept: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Connected parts chosen by their sizes, freed from what hangs on them by a thin bridge."""
        thinner = erode(candidates, _BRIDGE_MM, self.spacing_kji_mm, Element.BALL)
        opened = dilate(thinner, _BRIDGE_MM, self.spacing_kji_mm, Element.BALL)
        labels, count = ndimage.label(opened)
        if not count:
            return np.zeros_like(candidates)
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        chosen = kept(sizes, labels) & (sizes > 0)
        return candidates & dilate(chosen[labels], _BUMP_MM, self.spacing_kji_mm, Element.BALL)
