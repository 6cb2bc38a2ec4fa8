"""The reaction as the part of the liver whose density changed since the planning CT; no dose, no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose import __version__
from hepadose.errors import EmptyRegionError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.change import (
    CLEAR_SEPARATION,
    SMOOTHING_STEPS,
    ChangedRegion,
    LiverChange,
)
from hepadose.segmentation.change_settings import DEFAULT_SETTINGS, DifferenceSettings
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs, require_inputs

_SUBJECT = "Reaction"
_LARGE_SHARE = 0.6


@dataclass(frozen=True)
class DensityDifferenceSegmenter:
    """The liver region whose HU differ most from the registered planning CT, darker or brighter.

    Parameters
    ----------
    settings : DifferenceSettings
        Defaults suit 1–5 mm slices.
    """

    settings: DifferenceSettings = DEFAULT_SETTINGS
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
        for step, factor in enumerate(SMOOTHING_STEPS):
            tell("Looking for the reaction", step / len(SMOOTHING_STEPS))
            task = LiverChange.prepare(inputs, self.settings, factor * self.settings.smoothing_mm)
            best = task.most_conspicuous()
            if best is not None and best.separation >= CLEAR_SEPARATION:
                break
        self._require_found(best, task)
        tell("Completing the region", 0.95)
        mask = np.zeros(inputs.follow_up_ct.shape, dtype=bool)
        mask[task.box] = best.region
        return self._describe(inputs.follow_up_ct.with_array(mask), best, task)

    def _require_found(self, best: ChangedRegion | None, task: LiverChange) -> None:
        if best is None:
            raise EmptyRegionError(
                f"No reaction found: no part of the liver differs by {self.settings.least_contrast_hu:g} HU or more "
                f"from the rest, whose own variation is {task.noise_hu:.1f} HU; draw the reaction by hand."
            )
        if not best.counts(self.settings):
            raise EmptyRegionError(
                f"No reaction found: the largest separation is {best.contrast_hu:.1f} HU against a variation of the "
                f"liver of {best.noise_hu:.1f} HU; draw the reaction by hand."
            )

    def _describe(self, mask: Image, best: ChangedRegion, task: LiverChange) -> Segmentation:
        levels = best.levels
        side = "below" if levels.contrast_hu < 0 else "above"
        detail = (
            f"{side} {levels.threshold_hu:+.1f} HU of difference, contrast {levels.contrast_hu:+.1f} HU, "
            f"smoothed by {task.smoothing_mm:g} mm"
        )
        origin = SegmentationOrigin(self.name, self.version, detail=detail)
        return Segmentation(mask, origin, tuple(_findings(mask, best, task)))


def _findings(mask: Image, best: ChangedRegion, task: LiverChange) -> list[Finding]:
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
        if best.separation >= CLEAR_SEPARATION
        else warning(_SUBJECT, f"{text}: faint, check it.")
    ]
    if volume_ml > _LARGE_SHARE * liver_ml:
        findings.append(
            warning(_SUBJECT, f"It fills {100 * volume_ml / liver_ml:.0f} % of the liver; check it by eye.")
        )
    return findings
