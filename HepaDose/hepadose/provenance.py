"""Where a segmentation came from: no segmentation is shown, saved or reported without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SegmentationOrigin:
    """Who or what drew a mask.

    Parameters
    ----------
    source : str
        The segmenter or file kind: "RTSTRUCT", "Density difference", "Manual", a model's name.
    version : str
        Version of the segmenter or model; empty for drawings by hand.
    edited : bool
        Whether a person changed the mask afterwards.
    detail : str
        What else a reader needs: the structure's name, the threshold found, the weights' hash.
    """

    source: str
    version: str = ""
    edited: bool = False
    detail: str = ""

    def __str__(self) -> str:
        words = " ".join(part for part in (self.source, self.version) if part)
        detail = f" ({self.detail})" if self.detail else ""
        return f"{words}{detail}, {'edited by hand' if self.edited else 'not edited'}"
