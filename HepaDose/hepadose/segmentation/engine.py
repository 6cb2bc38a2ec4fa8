"""Runs a checked model on a CT: locate, slide, blend, clean up, and carry the result back onto the CT's grid.

Every number that decides is in the model's folder; this file holds the order of the steps. On the processor the same
input gives the same result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hepadose.errors import EmptyRegionError, MissingInputError
from hepadose.findings import Finding, warning
from hepadose.images import Image, resample
from hepadose.segmentation.bundle import Bundle
from hepadose.segmentation.density import weighed_by_density
from hepadose.segmentation.localize import Box, body_box, box_around, grown_to
from hepadose.segmentation.postprocess import SUBJECT, largest_component, postprocess
from hepadose.segmentation.preprocess import AIR_HU, channel_image, model_grid, network_input, require_ct, to_grid
from hepadose.segmentation.protocol import Progress, SegmentationInputs
from hepadose.segmentation.redrawn import edge_at_the_change
from hepadose.segmentation.restore import carry_back, settled
from hepadose.segmentation.runner import TileRunner
from hepadose.segmentation.runtimes import Ladder, RuntimeChoice, ladder_for
from hepadose.segmentation.tiles import softmax

_PREPARED, _LOCATED, _SEGMENTED, _REDRAWN = 0.15, 0.40, 0.88, 0.92
"""Shares of the whole time after which each stage ends on a processor of two cores."""
_QUICK_OVERLAP = 0.1
_WHOLE_ORGAN_MM = 100.0
"""A CT less high than this shows only a part of a liver."""
_THIN_MM = 30.0


@dataclass(frozen=True, eq=False)
class EngineInputs:
    """Images of one patient.

    Parameters
    ----------
    ct : Image
        In HU; its grid is that of the result.
    planning_ct : Image, optional
        In HU, registered onto ``ct``, on any grid.
    liver : Image, optional
        Boolean, on any grid; needed by models that look inside the liver.
    """

    ct: Image
    planning_ct: Image | None = None
    liver: Image | None = None


@dataclass(frozen=True, eq=False)
class EngineResult:
    """What a model found.

    Parameters
    ----------
    mask : Image
        Boolean, on the CT's grid.
    probability : Image or None
        0 to 1, 32-bit floats, on the CT's grid; 0 where the network did not look. None where a backend gives none.
    findings : tuple of Finding
        What was noticed.
    runtime : str
        Library, version and device that ran the network.
    seconds : dict of float
        Wall time of each stage.
    tiles : int
        How many times the network ran.
    """

    mask: Image
    probability: Image | None
    findings: tuple[Finding, ...]
    runtime: str
    seconds: dict[str, float] = field(default_factory=dict)
    tiles: int = 0


def run_model(
    bundle: Bundle,
    inputs: EngineInputs,
    choice: RuntimeChoice | None = None,
    progress: Progress | None = None,
    *,
    ladder: Callable[[], Ladder] | None = None,
) -> EngineResult:
    """Find what a model is made for.

    Parameters
    ----------
    bundle : Bundle
    inputs : EngineInputs
    choice : RuntimeChoice, optional
        What runs the network, and where.
    progress : callable, optional
        Told the stage and the fraction done before every tile; may raise to stop.
    ladder : callable, optional
        Gives the ways to run a network that is not a model of HepaDose.

    Returns
    -------
    EngineResult
        Its mask is never empty.

    Raises
    ------
    UnitsError
        If the CT's values are not HU.
    EmptyRegionError
        If the CT is empty or shows nothing of what the model looks for.
    MissingInputError
        If the model needs an image that was not given.
    MissingDependencyError
        If nothing that could run a network is installed.
    NotEnoughMemoryError
        If the memory does not suffice even for small tiles.
    """
    choice, progress = choice or RuntimeChoice(), progress or (lambda stage, fraction: None)
    return _Run(bundle, inputs, ladder or (lambda: ladder_for(bundle, choice)), progress).result()


class _Run:
    """One patient through one model."""

    def __init__(self, bundle: Bundle, inputs: EngineInputs, ladder: Callable[[], Ladder], progress: Progress) -> None:
        self._bundle, self._inputs, self._tell = bundle, inputs, progress
        self._model, self._settings = bundle.description, bundle.inference
        self._ladder, self._seconds, self._findings = ladder, {}, []
        self._started = time.perf_counter()

    def result(self) -> EngineResult:
        self._check()
        self._prepare()
        box = self._locate()
        probability = self._segment(box)
        mask = self._cleaned(probability)
        self._tell("Carrying the result back onto the CT", _SEGMENTED)
        # What lies outside the box was not looked at and has no probability.
        settled_probability = settled(probability, mask, self._settings.threshold)
        found, restored = carry_back(
            self._grid.with_array(settled_probability), self._inputs.ct, self._settings.threshold
        )
        if not found.array.any():
            raise self._nothing()
        if self._settings.edge == "change":
            found = self._redrawn(found)
            restored = restored.with_array(settled(restored.array, found.array, self._settings.threshold))
        self._findings += [*_cut_off(found, self._model.task), *self._thin()]
        self._stage_done("restore")
        self._tell("The result is on the CT", 1.0)
        runner = self._runner
        findings = (*runner.findings, *self._findings)
        return EngineResult(found, restored, findings, runner.description, self._seconds, runner.tiles_run)

    def _check(self) -> None:
        self._tell("Checking the CT", 0.0)
        require_ct(self._inputs.ct)
        for name in self._model.needs:
            if getattr(self._inputs, name) is None:
                raise MissingInputError(
                    f"The model {self._model.name} needs the {name.replace('_ct', ' CT')}; give it."
                )
        if self._settings.region == "liver" and self._inputs.liver is None:
            raise MissingInputError(f"The model {self._model.name} looks inside the liver; give the liver.")

    def _prepare(self) -> None:
        """Bring the images onto the model's grid and get the network ready."""
        self._tell("Resampling the CT", 0.02)
        ct = self._inputs.ct
        self._grid = model_grid(ct, self._model.spacing_mm)
        self._ct_hu = to_grid(ct, self._grid).array
        planning, liver = self._inputs.planning_ct, self._inputs.liver
        self._planning_hu = None if planning is None else to_grid(planning, self._grid).array
        self._liver = None if liver is None else resample(liver, self._grid).array
        self._stage_done("prepare")
        self._tell("Loading the network", 0.1)
        self._runner = TileRunner(self._model, self._ladder(), input_voxels=ct.array.size)
        self._stage_done("load")

    def _locate(self) -> Box:
        """The part of the grid in which the network looks closely."""
        self._tell("Looking for the body", _PREPARED)
        spacing = self._grid.spacing_kji_mm
        if self._settings.region == "liver":
            box = box_around(self._liver, self._settings.margin_mm, spacing)
            if box is None:
                raise EmptyRegionError("The liver contains no voxel of the CT; check which image it was drawn on.")
            return self._grown(box)
        body = self._grown(body_box(self._ct_hu, spacing))
        if self._runner.tile_count(body, self._settings.overlap) <= self._runner.tile_count(body, _QUICK_OVERLAP):
            return body
        quick = self._run(body, _QUICK_OVERLAP, "Looking for the organ", _PREPARED, _LOCATED)
        self._stage_done("locate")
        part = largest_component(quick > self._settings.threshold)
        if np.count_nonzero(part) * self._grid.voxel_volume_ml < self._least_ml:
            # A quick look may miss what lies at the edges of its tiles.
            return body
        inside = box_around(part, self._settings.margin_mm, spacing)
        return self._grown(tuple(_shifted(axis, start.start) for axis, start in zip(inside, body, strict=True)))

    def _grown(self, box: Box) -> Box:
        return grown_to(box, self._model.patch_size, self._grid.shape)

    def _segment(self, box: Box) -> np.ndarray:
        """Probability on the model's grid."""
        inside = self._run(box, self._settings.overlap, "Running the network", _LOCATED, _SEGMENTED)
        probability = np.zeros(self._grid.shape, np.float32)
        probability[box] = inside
        self._stage_done("network")
        density = self._settings.density
        if density is None:
            return probability
        return weighed_by_density(probability, self._ct_hu, self._grid.spacing_kji_mm, density)

    def _images(self) -> dict[str, np.ndarray]:
        """What the model's channels show, in HU on the model's grid; what was not given is absent."""
        cts = {"ct": self._ct_hu} | ({} if self._planning_hu is None else {"planning_ct": self._planning_hu})
        wanted = {"ct", *(channel.image for channel in self._model.channels)}
        shown = {name: channel_image(name, cts, self._liver) for name in wanted}
        return {name: hu for name, hu in shown.items() if hu is not None}

    def _run(self, box: Box, overlap: float, stage: str, start: float, stop: float) -> np.ndarray:
        images = {name: hu[box] for name, hu in self._images().items()}
        volume = network_input(images, self._model.channels)

        def tell(number: int, count: int) -> None:
            self._tell(stage, start + (stop - start) * number / count)

        logits = self._runner.slide(volume, overlap, tell)
        return softmax(logits, self._model.target_labels)

    def _cleaned(self, probability: np.ndarray) -> np.ndarray:
        self._tell("Cleaning up the mask", _SEGMENTED)
        # The air around a CT that ends inside the body is no part of anybody.
        mask = (probability > self._settings.threshold) & (self._ct_hu > AIR_HU)
        spacing = self._grid.spacing_kji_mm
        mask, findings = postprocess(mask, self._settings.postprocessing, spacing, probability, self._liver)
        volume_ml = np.count_nonzero(mask) * self._grid.voxel_volume_ml
        if volume_ml < self._least_ml or not mask.any():
            raise self._nothing(volume_ml)
        self._findings += findings
        self._stage_done("clean up")
        return mask

    def _redrawn(self, found: Image) -> Image:
        """The same region on the CT's own grid, its edge where both CTs show it."""
        self._tell("Drawing the edge", _REDRAWN)
        ct, liver, planning_ct = self._inputs.ct, self._inputs.liver, self._inputs.planning_ct
        inputs = SegmentationInputs(ct, resample(liver, ct), resample(planning_ct, ct, outside=AIR_HU))
        redrawn, findings = edge_at_the_change(found, inputs)
        self._findings += findings
        self._stage_done("edge")
        return redrawn

    @property
    def _least_ml(self) -> float:
        """What must be found; of a CT of a few slices as much less as it shows of an organ."""
        height_mm = self._grid.shape[0] * self._grid.spacing_mm[2]
        return self._settings.least_volume_ml * min(height_mm / _WHOLE_ORGAN_MM, 1.0)

    def _thin(self) -> list[Finding]:
        """A network judges a few slices badly, for it sees too little of what lies around."""
        height_mm = self._grid.shape[0] * self._grid.spacing_mm[2]
        if height_mm >= _THIN_MM:
            return []
        return [warning(SUBJECT, f"The CT is only {height_mm:.0f} mm high: the contour is less reliable than usual.")]

    def _nothing(self, volume_ml: float = 0.0) -> EmptyRegionError:
        looked_for, least = self._model.task, self._least_ml
        return EmptyRegionError(
            f"No {looked_for} in view: the model {self._model.name} found {volume_ml:.0f} ml of it, less than the "
            f"{least:.3g} ml that count; check that the CT shows it, or draw it by hand."
        )

    def _stage_done(self, name: str) -> None:
        now = time.perf_counter()
        self._seconds[name] = now - self._started
        self._started = now


def _shifted(axis: slice, start: int) -> slice:
    return slice(axis.start + start, axis.stop + start)


def _cut_off(mask: Image, task: str) -> list[Finding]:
    """A liver that ends with the image is not whole, which must be told with every volume."""
    planes = (("first", mask.array[0]), ("last", mask.array[-1]))
    ends = " and the ".join(name for name, plane in planes if plane.any())
    if task != "liver" or not ends:
        return []
    return [warning(SUBJECT, f"The liver reaches the {ends} slice of the CT: it may be cut off, its volume too small.")]
