"""Where a segmentation came from: no segmentation is shown, saved or reported without it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from hepadose.errors import UnreadableFileError

GENERATIONS = {
    "MANUAL": "drawn by hand",
    "SEMIAUTOMATIC": "drawn with the help of a program",
    "AUTOMATIC": "drawn by a program",
}
"""Values of ROI Generation Algorithm (3006,0036) and Segment Algorithm Type (0062,0008), in words."""


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
    generation : str
        How a DICOM file says it was drawn: a key of :data:`GENERATIONS`; empty where nothing says so.
    """

    source: str
    version: str = ""
    edited: bool = False
    detail: str = ""
    generation: str = ""

    def __str__(self) -> str:
        words = " ".join(part for part in (self.source, self.version) if part)
        detail = f" ({self.detail})" if self.detail else ""
        drawn = f", {GENERATIONS[self.generation]}" if self.generation in GENERATIONS else ""
        return f"{words}{detail}{drawn}, {'edited by hand' if self.edited else 'not edited'}"

    def as_edited(self) -> SegmentationOrigin:
        """The same origin, with a person's changes."""
        return replace(self, edited=True)

    def to_text(self) -> str:
        """One line of plain ASCII that :meth:`from_text` reads back; holds no "|", which Slicer's files reserve.

        Examples
        --------
        >>> SegmentationOrigin.from_text(SegmentationOrigin("A|B", "1").to_text())
        SegmentationOrigin(source='A|B', version='1', edited=False, detail='', generation='')
        """
        return json.dumps(asdict(self)).replace("|", "\\u007c")

    @classmethod
    def from_text(cls, text: str) -> SegmentationOrigin:
        """What :meth:`to_text` wrote.

        Raises
        ------
        UnreadableFileError
            If the text is something else.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as problem:
            raise UnreadableFileError("The origin stored with a segment cannot be read; state it anew.") from problem
