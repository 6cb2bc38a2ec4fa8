"""Every kind of network behind one protocol: HepaDose's own models, and those of other projects where installed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.engine import EngineResult
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs
from hepadose.segmentation.runtimes import RuntimeChoice


class ModelSegmenter(Protocol):
    """A segmenter with a network behind it."""

    name: str
    version: str
    task: str
    """"liver", "reaction" or "tumor"."""
    needs: tuple[str, ...]
    """Inputs beside the CT without which it cannot run."""

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Draw the region, as every :class:`hepadose.segmentation.protocol.Segmenter` does."""

    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region, with everything that is known about it.

        Parameters
        ----------
        inputs, progress
            As for :meth:`segment`.

        Returns
        -------
        tuple of EngineResult and SegmentationOrigin

        Raises
        ------
        EmptyRegionError
            If nothing is found.
        UnitsError
            If the CT's values are not HU.
        HepaDoseError
            If something that the network needs is missing.
        """


def open_segmenter(model: str, choice: RuntimeChoice | None = None) -> ModelSegmenter:
    """The segmenter of a model.

    Parameters
    ----------
    model : str
        "totalsegmentator-liver" or "totalsegmentator-liver-lesions"; or the folder of an nnU-Net v2 model or of a MONAI
        bundle; or name or folder of a model of HepaDose.
    choice : RuntimeChoice, optional
        What runs the network, and where.

    Returns
    -------
    ModelSegmenter

    Raises
    ------
    SettingsError
        If there is no such model.
    MissingDependencyError
        If the package that runs it is not installed.
    """
    from hepadose.segmentation.backends.monai_bundle import MonaiBundleSegmenter, is_monai_bundle
    from hepadose.segmentation.backends.nnunet import NnUnetSegmenter, is_nnunet_folder
    from hepadose.segmentation.backends.totalsegmentator import TASKS, TotalSegmentatorSegmenter
    from hepadose.segmentation.models import find_model
    from hepadose.segmentation.network_segmenter import NetworkSegmenter

    if model in TASKS:
        return TotalSegmentatorSegmenter(model, choice)
    folder = Path(model)
    if is_nnunet_folder(folder):
        return NnUnetSegmenter(folder, choice)
    if is_monai_bundle(folder):
        return MonaiBundleSegmenter(folder, choice)
    return NetworkSegmenter(find_model(model), choice)


__all__ = ["ModelSegmenter", "open_segmenter"]
