"""The reaction as the part of the liver whose density changed since the planning CT; no dose, no network.

Follow-up minus planning CT, freed from the change that the whole liver shows (contrast phase), smoothed in mm without
moving curved edges, cut at half the contrast between both sides of the region's own edge. Half contrast is where a
blurred edge lies, and the dose at the edge is what the analysis asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose import __version__
from hepadose.checks import require_range
from hepadose.errors import EmptyRegionError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image, bounding_box
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.contrast import (
    HalfContrast,
    half_contrast,
    mode_and_width,
    smooth_keeping_edges,
)
from hepadose.segmentation.parenchyma import LIVER_HU, common_slope, trusted_voxels
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs, require_inputs

_SUBJECT = "Reaction"
_ROUNDS = 6
_LEAST_VOLUME_ML = 1.0
_LARGE_SHARE = 0.6
_SMOOTHING_STEPS = (1.0, 1.6)
_CLEAR_SEPARATION = 4.0
_CHANNEL_MM, _VESSEL_HALO_MM = 6.0, 3.0
"""Channels up to twice the first are closed where a vessel is no farther than the second: so far it shows through."""
_BRIDGE_MM, _BUMP_MM = 2.5, 6.0
"""Bridges up to twice the first are cut; what lies within the second of the rest stays, so that an uneven edge does."""


@dataclass(frozen=True)
class DifferenceSettings:
    """Settings of the density-difference segmenter.

    Parameters
    ----------
    smoothing_mm : float
        Standard deviation of the smoothing (0.5–8 mm); widened where noise hides the reaction.
    capsule_margin_mm : float
        Voxels closer to the capsule are not trusted; the region is continued up to the capsule (0–15 mm).
    least_contrast_hu : float
        A smaller change is no reaction (1–50 HU).
    least_separation : float
        A change smaller than this many standard deviations of the liver's own variation is no reaction (1–20).

    Raises
    ------
    SettingsError
        Naming the setting, what was got and what is allowed.
    """

    smoothing_mm: float = 2.5
    capsule_margin_mm: float = 4.0
    least_contrast_hu: float = 6.0
    least_separation: float = 2.0

    def __post_init__(self) -> None:
        require_range("smoothing", self.smoothing_mm, 0.5, 8.0, "mm")
        require_range("capsule margin", self.capsule_margin_mm, 0.0, 15.0, "mm")
        require_range("least contrast", self.least_contrast_hu, 1.0, 50.0, "HU")
        require_range("least separation", self.least_separation, 1.0, 20.0, "standard deviations")


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A region that is darker (sign -1) or brighter (+1) than the liver."""

    region: np.ndarray
    levels: HalfContrast
    noise_hu: float

    @property
    def separation(self) -> float:
        """Contrast in multiples of the noise."""
        return abs(self.levels.contrast_hu) / max(self.noise_hu, 1e-6)

    @property
    def evidence(self) -> float:
        """Large and clear regions win over small or faint ones."""
        return self.separation * float(np.cbrt(np.count_nonzero(self.region)))


@dataclass(frozen=True)
class DensityDifferenceSegmenter:
    """The liver region whose HU differ most from the registered planning CT, darker or brighter.

    Parameters
    ----------
    settings : DifferenceSettings
        Defaults suit 1–5 mm slices.
    """

    settings: DifferenceSettings = DifferenceSettings()
    name: str = "Density difference"
    version: str = __version__

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Find the reaction.

        Parameters
        ----------
        inputs : SegmentationInputs
            All three images are needed.
        progress : callable, optional
            Told the step and the fraction done; may raise to stop.

        Returns
        -------
        Segmentation
            The mask lies inside the liver; threshold and contrast are in the origin's detail.

        Raises
        ------
        MissingInputError
            If liver or planning CT is missing.
        EmptyRegionError
            If the liver is empty or nothing in it stands out.
        """
        tell = progress or (lambda step, fraction: None)
        require_inputs(self, inputs, "liver", "planning_ct")
        best = task = None
        for step, factor in enumerate(_SMOOTHING_STEPS):
            tell("Looking for the reaction", step / len(_SMOOTHING_STEPS))
            task = _Task.prepare(inputs, self.settings, factor * self.settings.smoothing_mm)
            found = [candidate for sign in (-1, 1) if (candidate := task.search(sign)) is not None]
            best = max(found, key=lambda candidate: candidate.evidence, default=None)
            if best is not None and best.separation >= _CLEAR_SEPARATION:
                break
        self._require_found(best, task)
        tell("Completing the region", 0.95)
        mask = np.zeros(inputs.follow_up_ct.shape, dtype=bool)
        mask[task.box] = best.region
        return self._describe(inputs.follow_up_ct.with_array(mask), best, task)

    def _require_found(self, best: _Candidate | None, task: _Task) -> None:
        if best is None:
            raise EmptyRegionError(
                f"No reaction found: no part of the liver differs by {self.settings.least_contrast_hu:g} HU or more "
                f"from the rest, whose own variation is {task.noise_hu:.1f} HU; draw the reaction by hand."
            )
        contrast_hu = abs(best.levels.contrast_hu)
        if best.separation < self.settings.least_separation or contrast_hu < self.settings.least_contrast_hu:
            raise EmptyRegionError(
                f"No reaction found: the largest separation is {contrast_hu:.1f} HU against a variation of the liver "
                f"of {best.noise_hu:.1f} HU; draw the reaction by hand."
            )

    def _describe(self, mask: Image, best: _Candidate, task: _Task) -> Segmentation:
        levels = best.levels
        side = "below" if levels.contrast_hu < 0 else "above"
        detail = (
            f"{side} {levels.threshold_hu:+.1f} HU of difference, contrast {levels.contrast_hu:+.1f} HU, "
            f"smoothed by {task.smoothing_mm:g} mm"
        )
        origin = SegmentationOrigin(self.name, self.version, detail=detail)
        return Segmentation(mask, origin, tuple(_findings(mask, best, task)))


class _Task:
    """The difference image of one patient around the liver."""

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
    def prepare(cls, inputs: SegmentationInputs, settings: DifferenceSettings, smoothing_mm: float) -> _Task:
        """Crop to the liver, leave out rim and vessels, subtract and smooth."""
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
        mode, _ = mode_and_width(change[trusted & known], -1)
        return cls(
            box, liver & known, trusted & known, np.where(known, change - mode, 0.0), spacing, settings, smoothing_mm
        )

    def search(self, sign: int) -> _Candidate | None:
        """The most conspicuous darker (-1) or brighter (+1) region, its edge at half its contrast."""
        mode, width = mode_and_width(self.change[self.trusted], sign)
        threshold = mode + sign * max(2.5 * width, self.settings.least_contrast_hu / 2.0)
        levels = region = None
        for _ in range(_ROUNDS):
            region = self._largest((sign * (self.change - threshold) > 0) & self.liver)
            if np.count_nonzero(region) * np.prod(self.spacing_kji_mm) / 1000.0 < _LEAST_VOLUME_ML:
                return None
            levels = half_contrast(self.change, region, self.trusted, self.spacing_kji_mm)
            if levels is None or sign * levels.contrast_hu <= 0:
                return None
            if abs(levels.threshold_hu - threshold) < 0.05:
                break
            threshold = levels.threshold_hu
        return _Candidate(self._completed(region), levels, width)

    def _completed(self, region: np.ndarray) -> np.ndarray:
        """Holes filled (the tumor itself), and the channels that vessels cut into the region; within the liver."""
        reach = ndimage.distance_transform_edt(self.trusted, sampling=self.spacing_kji_mm)
        beside_vessels = (reach <= _VESSEL_HALO_MM) & self.liver
        filled = region | (_closed(region, _CHANNEL_MM, self.spacing_kji_mm) & beside_vessels)
        filled = ndimage.binary_fill_holes(filled)
        for k in range(filled.shape[0]):
            filled[k] = ndimage.binary_fill_holes(filled[k])
        return filled & self.liver

    def _largest(self, candidates: np.ndarray) -> np.ndarray:
        """The largest part, freed from what hangs on it by a thin bridge."""
        opened = ndimage.binary_opening(candidates, _ball(_BRIDGE_MM, self.spacing_kji_mm))
        labels, count = ndimage.label(opened)
        if not count:
            return np.zeros_like(candidates)
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        core = labels == int(sizes.argmax())
        return candidates & ndimage.binary_dilation(core, _ball(_BUMP_MM, self.spacing_kji_mm))


def _closed(region: np.ndarray, radius_mm: float, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    """The region with gaps and notches narrower than twice the radius closed."""
    grown = ndimage.distance_transform_edt(~region, sampling=spacing_kji_mm) <= radius_mm
    return region | (ndimage.distance_transform_edt(grown, sampling=spacing_kji_mm) > radius_mm)


def _ball(radius_mm: float, spacing_kji_mm: tuple[float, float, float]) -> np.ndarray:
    reach = [max(int(radius_mm / s), 0) for s in spacing_kji_mm]
    axes = [np.arange(-r, r + 1) * s for r, s in zip(reach, spacing_kji_mm, strict=True)]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    return k**2 + j**2 + i**2 <= radius_mm**2 + 1e-6


def _findings(mask: Image, best: _Candidate, task: _Task) -> list[Finding]:
    contrast = best.levels.contrast_hu
    volume_ml = mask.volume_ml()
    liver_ml = np.count_nonzero(task.liver) * mask.voxel_volume_ml
    at_capsule = float(np.mean(~task.trusted[best.region]))
    text = (
        f"{volume_ml:.0f} ml, {abs(contrast):.0f} HU {'darker' if contrast < 0 else 'brighter'} than the liver beside "
        f"it, contrast to noise {best.separation:.1f}, {100 * at_capsule:.0f} % of it in vessels or at the capsule"
    )
    findings = [
        ok(_SUBJECT, f"{text}.")
        if best.separation >= _CLEAR_SEPARATION
        else warning(_SUBJECT, f"{text}: faint, check it.")
    ]
    if volume_ml > _LARGE_SHARE * liver_ml:
        findings.append(
            warning(_SUBJECT, f"It fills {100 * volume_ml / liver_ml:.0f} % of the liver; check it by eye.")
        )
    return findings
