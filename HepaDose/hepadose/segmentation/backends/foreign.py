"""What programs of others that draw a region have in common behind our protocol."""

from __future__ import annotations

import importlib.metadata
from abc import ABC, abstractmethod

from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.engine import EngineResult
from hepadose.segmentation.network_segmenter import RESEARCH_MODEL
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs


class ForeignSegmenter(ABC):
    """A segmenter that hands the CT over to a program of its own, whose result says everything that was noticed."""

    name: str
    version: str
    task: str
    needs: tuple[str, ...] = ()

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Draw the region, see :meth:`hepadose.segmentation.backends.ModelSegmenter.segment`."""
        result, origin = self.run(inputs, progress)
        return Segmentation(result.mask, origin, result.findings)

    @abstractmethod
    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region; the program reports no progress of its own and can be stopped before and after only.

        See :meth:`hepadose.segmentation.backends.ModelSegmenter.run`.
        """


def words_of(mask: Image) -> str:
    """Volume of a network's mask, and that a person must look at it.

    Parameters
    ----------
    mask : Image
        Boolean.

    Returns
    -------
    str
    """
    return f"{mask.volume_ml():.0f} ml. {RESEARCH_MODEL}"


def installed_version(package: str) -> str:
    """Version of a Python package; empty where it is not installed.

    Parameters
    ----------
    package : str
        As pip knows it.

    Returns
    -------
    str
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
