"""Frames of a multi-frame image on one regular grid: functional groups, slots along the normal, missing planes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom.ct_geometry import SAME_POSITION_MM, UNEVEN_PART, slice_ladder
from hepadose.errors import GeometryMismatchError, MissingTagError
from hepadose.images import Image

HALF_STEP = 0.5


@dataclass(frozen=True, eq=False)
class Frame:
    """Where one frame lies.

    Parameters
    ----------
    origin_lps : numpy.ndarray, shape (3,)
        Center of the first pixel in mm.
    axes : numpy.ndarray, shape (3, 3)
        Columns are the row, column and normal direction.
    spacing_ji_mm : tuple of 2 float
        Between rows and between columns.
    thickness_mm : float
        Distance of neighboring planes as stated; NaN where it is not.
    shape : tuple of 2 int
        Rows and columns.
    """

    origin_lps: np.ndarray
    axes: np.ndarray
    spacing_ji_mm: tuple[float, float]
    thickness_mm: float
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class FrameGrid:
    """The grid of the frames.

    Parameters
    ----------
    image : Image
        Empty, as a grid.
    slots : numpy.ndarray of int
        The k of every frame.
    """

    image: Image
    slots: np.ndarray


def functional_group(dataset: Dataset, item: Dataset, keyword: str, subject: str) -> Dataset:
    """A functional group of one frame, its own or the one that all share.

    Raises
    ------
    MissingTagError
        If there is neither.

    References
    ----------
    DICOM PS3.3 C.7.6.16 (Multi-frame Functional Groups module).
    """
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    for place in (item, shared[0]):
        group = place.get(keyword)
        if group:
            return group[0]
    raise MissingTagError(f"{subject} has frames without {keyword}; export it again from the source.")


def frame_grid(frames: Sequence[Frame], subject: str = "segmentation") -> FrameGrid:
    """The regular grid on which all frames stand; planes without a frame are left empty.

    Parameters
    ----------
    frames : sequence of Frame
        In any order; several may lie on one plane.
    subject : str
        The object as messages call it.

    Returns
    -------
    FrameGrid
        k ascends along the normal of the first frame.

    Raises
    ------
    GeometryMismatchError
        If the frames differ in orientation, size or spacing, are shifted, or their distances fit no even spacing.
    """
    if not frames:
        raise MissingTagError(f"The {subject} holds no frame; export it again from the source.")
    first = frames[0]
    alike = all(
        np.allclose(one.axes, first.axes, atol=2e-3)
        and one.shape == first.shape
        and np.allclose(one.spacing_ji_mm, first.spacing_ji_mm, rtol=1e-3)
        for one in frames
    )
    offsets_mm = np.array([one.origin_lps - first.origin_lps for one in frames]) @ first.axes
    if not alike or np.abs(offsets_mm[:, :2]).max() > 0.1 * min(first.spacing_ji_mm):
        raise GeometryMismatchError(
            f"The planes of the {subject} differ in orientation, size or place within their plane; "
            "export it again on one regular grid."
        )
    along_mm = offsets_mm[:, 2]
    spacing_mm = _spacing(along_mm, first.thickness_mm, subject)
    slots = np.rint((along_mm - along_mm.min()) / spacing_mm).astype(int)
    if np.abs(along_mm - along_mm.min() - slots * spacing_mm).max() > 2 * UNEVEN_PART * spacing_mm:
        raise GeometryMismatchError(f"The planes of the {subject} are unevenly spaced; export it on one regular grid.")
    row_mm, column_mm = first.spacing_ji_mm
    origin_lps = frames[int(along_mm.argmin())].origin_lps
    empty = np.broadcast_to(np.False_, (int(slots.max()) + 1, *first.shape))
    return FrameGrid(Image(empty, (column_mm, row_mm, spacing_mm), tuple(origin_lps), first.axes), slots)


def _spacing(along_mm: np.ndarray, stated_mm: float, subject: str) -> float:
    """Distance of the planes: as stated where the positions agree, for whole planes may have been left out."""
    planes = np.unique(np.round(along_mm, 3))
    gaps_mm = np.diff(planes)
    gaps_mm = gaps_mm[gaps_mm > SAME_POSITION_MM]
    if stated_mm > 0.0:
        steps = gaps_mm / stated_mm
        if not steps.size or (np.abs(steps - np.rint(steps)).max() < UNEVEN_PART and steps.min() > HALF_STEP):
            # Rounded positions over many planes fix the spacing better than one stated number.
            return float(gaps_mm.sum() / np.rint(steps).sum()) if steps.size else float(stated_mm)
    if not gaps_mm.size:
        raise MissingTagError(f"The {subject} has one plane and does not say how thick it is; export it again.")
    return float(slice_ladder(np.concatenate([planes[:1], planes[0] + np.cumsum(gaps_mm)])).spacing_mm)
