"""What every segmenter offers, whether a threshold, a structure set or a network stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hepadose.errors import EmptyRegionError, GeometryMismatchError, MissingInputError
from hepadose.findings import Finding, ok
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

Progress = Callable[[str, float], None]
"""Called with the step in words and the fraction done (0 to 1); may raise CancelledError."""


@dataclass(frozen=True, eq=False)
class SegmentationInputs:
    """What a segmenter may look at; it never sees the dose.

    Parameters
    ----------
    follow_up_ct : Image
        In HU; the grid of the result.
    liver : Image or None
        Boolean, on the grid of ``follow_up_ct``.
    planning_ct : Image or None
        In HU, resampled through the registration onto the grid of ``follow_up_ct``.

    Raises
    ------
    GeometryMismatchError
        If the images are on different grids.
    """

    follow_up_ct: Image
    liver: Image | None = None
    planning_ct: Image | None = None

    def __post_init__(self) -> None:
        for name, image in (("liver", self.liver), ("planning CT", self.planning_ct)):
            if image is not None and not self.follow_up_ct.same_grid_as(image):
                raise GeometryMismatchError(
                    f"The {name} is on a grid of {image.describe_grid()}, the follow-up CT on one of "
                    f"{self.follow_up_ct.describe_grid()}; resample the {name} through the registration first."
                )


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A mask, where it came from and what was noticed on the way."""

    mask: Image
    """Boolean, on the grid of the follow-up CT; never empty."""
    origin: SegmentationOrigin
    findings: tuple[Finding, ...] = ()


@runtime_checkable
class Segmenter(Protocol):
    """Anything that draws one region of the follow-up CT."""

    name: str
    version: str

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Draw the region.

        Parameters
        ----------
        inputs : SegmentationInputs
        progress : callable, optional
            Told the stage and the fraction done; may raise to stop.

        Returns
        -------
        Segmentation

        Raises
        ------
        MissingInputError
            If an input that this segmenter needs was not given.
        EmptyRegionError
            If there is nothing to draw.
        CancelledError
            If ``progress`` raised it.
        """


@dataclass(frozen=True, eq=False)
class StructureSegmenter:
    """A structure that somebody has drawn already, behind the same protocol.

    Parameters
    ----------
    structure : Image
        Boolean mask of the structure on the grid of the follow-up CT.
    structure_name : str
        Its name in the structure set, as the user knows it.
    """

    structure: Image
    structure_name: str
    name: str = "RTSTRUCT"
    version: str = ""

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Return the structure, checked to lie on the follow-up CT and to contain something.

        Parameters
        ----------
        inputs : SegmentationInputs
            Its follow-up CT counts.
        progress : callable, optional
            Not called.

        Returns
        -------
        Segmentation

        Raises
        ------
        GeometryMismatchError
            If the structure lies on another grid.
        EmptyRegionError
            If it has no voxel.
        """
        if not inputs.follow_up_ct.same_grid_as(self.structure):
            raise GeometryMismatchError(
                f'The structure "{self.structure_name}" is on a grid of {self.structure.describe_grid()}, the '
                f"follow-up CT on one of {inputs.follow_up_ct.describe_grid()}; rasterize it on the follow-up CT."
            )
        if not self.structure.array.any():
            raise EmptyRegionError(
                f'The structure "{self.structure_name}" contains no voxel of the follow-up CT; choose another one.'
            )
        origin = SegmentationOrigin(self.name, self.version, detail=f'structure "{self.structure_name}"')
        text = f'Structure "{self.structure_name}", {self.structure.volume_ml():.0f} ml.'
        return Segmentation(self.structure, origin, (ok("Structure", text),))


def require_inputs(segmenter: Segmenter, inputs: SegmentationInputs, *names: str) -> None:
    """Refuse inputs of which a part is missing.

    Parameters
    ----------
    segmenter : Segmenter
        Named in the message.
    inputs : SegmentationInputs
        What was given.
    *names : str
        Attributes of ``inputs`` that must not be None.

    Raises
    ------
    MissingInputError
        Naming what is missing.
    """
    missing = [name.replace("_", " ").replace(" ct", " CT") for name in names if getattr(inputs, name) is None]
    if missing:
        raise MissingInputError(f"The segmenter {segmenter.name} needs the {' and the '.join(missing)}; give it.")
