"""A model of this computer behind the protocol that every segmenter shares."""

from __future__ import annotations

from pathlib import Path

from hepadose.findings import Finding, ok
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.bundle import Bundle, read_bundle
from hepadose.segmentation.bundle_metadata import InferenceSettings, ModelDescription, read_description, read_inference
from hepadose.segmentation.engine import EngineInputs, EngineResult, run_model
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs
from hepadose.segmentation.runtimes import RuntimeChoice

RESEARCH_MODEL = "Found by a network: check every slice before using it."


class NetworkSegmenter:
    """A model that draws liver, reaction or tumor.

    Parameters
    ----------
    folder : Path
        The model; checked whole and anew each time it is used, never when it is only listed.
    choice : RuntimeChoice, optional
        What runs the network, and where.
    """

    def __init__(self, folder: Path, choice: RuntimeChoice | None = None) -> None:
        self.folder, self.choice = Path(folder), choice or RuntimeChoice()
        self.description = read_description(self.folder)
        self.task = self.description.task
        self.needs = needs_of(self.description, read_inference(self.folder))
        self.name, self.version = display_name(self.description), self.description.version

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Draw the region, see :meth:`hepadose.segmentation.backends.ModelSegmenter.segment`.

        Raises
        ------
        HepaDoseError
            See :func:`~hepadose.segmentation.bundle.read_bundle` and :func:`~hepadose.segmentation.engine.run_model`.
        """
        result, origin = self.run(inputs, progress)
        return Segmentation(result.mask, origin, findings_of(result, origin))

    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region, with everything that is known about it: probability, times, what ran the network.

        See :meth:`hepadose.segmentation.backends.ModelSegmenter.run`.
        """
        if progress is not None:
            progress("Checking the model", 0.0)
        bundle = read_bundle(self.folder)
        images = EngineInputs(inputs.follow_up_ct, inputs.planning_ct, inputs.liver)
        result = run_model(bundle, images, self.choice, progress)
        return result, self._origin(bundle)

    def _origin(self, bundle: Bundle) -> SegmentationOrigin:
        detail = f"weights {bundle.weights_sha256[:8]}"
        if bundle.inference.edge == "change":
            detail += ", edge at the change since the planning CT"
        return SegmentationOrigin(self.name, self.version, detail=detail)


def display_name(description: ModelDescription) -> str:
    """What the model is called among segmenters: "liver model liver-deepmedic".

    Parameters
    ----------
    description : ModelDescription

    Returns
    -------
    str
    """
    return f"{description.task} model {description.name}"


def needs_of(description: ModelDescription, inference: InferenceSettings) -> tuple[str, ...]:
    """Inputs of :class:`SegmentationInputs` that a model needs beside the CT.

    Parameters
    ----------
    description : ModelDescription
    inference : InferenceSettings

    Returns
    -------
    tuple of str
        Names of attributes, in alphabetical order.
    """
    wanted = {*(("liver",) if inference.region == "liver" else ()), *description.needs}
    return tuple(sorted(wanted))


def findings_of(result: EngineResult, origin: SegmentationOrigin) -> tuple[Finding, ...]:
    """What was found, what had to be changed, and that a person must look at it.

    Parameters
    ----------
    result : EngineResult
    origin : SegmentationOrigin

    Returns
    -------
    tuple of Finding
    """
    text = f"{result.mask.volume_ml():.0f} ml, {result.runtime}."
    return (*result.findings, ok(origin.source.capitalize(), f"{text} {RESEARCH_MODEL}"))
