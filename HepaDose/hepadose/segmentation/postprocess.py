"""What is done to a mask after the network, as a list of operations with sizes in millimeters and milliliters.

References
----------
Erosion, largest component, restore: the method of a three-pathway network for selective internal radiotherapy
planning. "Dilated back to its original size" cannot be exact; both readings are offered, see :class:`Restore`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from hepadose.findings import Finding, warning
from hepadose.images import bounding_box
from hepadose.segmentation.morphology import (
    ROUNDING_MM,
    Element,
    dilate,
    erode,
    fill_holes,
    largest_component,
    remove_small,
)

if TYPE_CHECKING:
    from hepadose.segmentation.bundle_text import Entries

SUBJECT = "Segmentation"


class OperationKind(StrEnum):
    """What an operation does."""

    FILL_HOLES = "fill_holes"
    REMOVE_SMALL = "remove_small"
    LARGEST_COMPONENT = "largest_component"
    ERODE_LARGEST_RESTORE = "erode_largest_restore"
    INSIDE_LIVER = "inside_liver"


class Restore(StrEnum):
    """How what an erosion took away comes back."""

    OPENING = "opening"
    """Dilation with the same element: corners, edges and thin fins are lost."""
    NEAREST_SEED = "nearest-seed"
    """Voxels of the mask that lie nearest to the kept part, within √3 radii."""


@dataclass(frozen=True)
class Operation:
    """One step.

    Parameters
    ----------
    kind : OperationKind
    size : float
        ``FILL_HOLES``: largest hole in ml; ``REMOVE_SMALL``: smallest part in ml; ``ERODE_LARGEST_RESTORE``: radius in
        mm; ``INSIDE_LIVER``: margin in mm.
    restore : Restore
    element : Element
    """

    kind: OperationKind
    size: float = 0.0
    restore: Restore = Restore.NEAREST_SEED
    element: Element = Element.BALL


_SIZES = {
    OperationKind.FILL_HOLES: ("largest_ml", 0.0, 1e5, 1e5),
    OperationKind.REMOVE_SMALL: ("smallest_ml", 0.0, 1e4, None),
    OperationKind.ERODE_LARGEST_RESTORE: ("radius_mm", 0.1, 30.0, 2.8),
    OperationKind.INSIDE_LIVER: ("margin_mm", 0.0, 50.0, 0.0),
}
"""Name, bounds and default of an operation's size in a model's inference.json."""


def operations_of(parts: list[Entries]) -> tuple[Operation, ...]:
    """Operations from a model's inference.json.

    Parameters
    ----------
    parts : list of Entries
        In the order in which they are applied.

    Returns
    -------
    tuple of Operation

    Raises
    ------
    ModelIntegrityError
        If one is unknown or a size is out of range.
    """
    found = []
    for part in parts:
        kind = OperationKind(part.choice("operation", tuple(OperationKind)))
        size = part.number(*_SIZES[kind]) if kind in _SIZES else 0.0
        restore = Restore(part.choice("restore", tuple(Restore), Restore.NEAREST_SEED))
        element = Element(part.choice("element", tuple(Element), Element.BALL))
        found.append(Operation(kind, size, restore, element))
    return tuple(found)


def postprocess(
    mask: np.ndarray,
    operations: tuple[Operation, ...],
    spacing_kji_mm: tuple[float, float, float],
    probability: np.ndarray | None = None,
    liver: np.ndarray | None = None,
) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """Apply operations in their order.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    operations : tuple of Operation
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    probability : numpy.ndarray, same shape, optional
        Decides between components of equal size.
    liver : numpy.ndarray of bool, same shape, optional
        Needed by ``INSIDE_LIVER``, which does nothing without it.

    Returns
    -------
    tuple
        The mask, and what was noticed. An empty mask stays empty.
    """
    findings: list[Finding] = []
    for operation in operations:
        box = bounding_box(mask, (1, 1, 1))
        if box is None:
            break
        part = None if probability is None else probability[box]
        within = None if liver is None else liver
        mask = mask.copy()
        if operation.kind is OperationKind.INSIDE_LIVER:
            mask = _inside(mask, within, operation.size, spacing_kji_mm)
            continue
        mask[box], found = _apply(mask[box], operation, spacing_kji_mm, part)
        findings += found
    return mask, tuple(findings)


def _apply(
    mask: np.ndarray, operation: Operation, spacing: tuple[float, float, float], probability: np.ndarray | None
) -> tuple[np.ndarray, list[Finding]]:
    voxel_ml = float(np.prod(spacing)) / 1000.0
    if operation.kind is OperationKind.FILL_HOLES:
        return fill_holes(mask, operation.size / voxel_ml), []
    if operation.kind is OperationKind.REMOVE_SMALL:
        return remove_small(mask, operation.size / voxel_ml), []
    if operation.kind is OperationKind.LARGEST_COMPONENT:
        return largest_component(mask, probability), []
    return erode_largest_restore(
        mask, operation.size, spacing, restore=operation.restore, element=operation.element, probability=probability
    )


def erode_largest_restore(
    mask: np.ndarray,
    radius_mm: float,
    spacing_kji_mm: tuple[float, float, float],
    *,
    restore: Restore = Restore.NEAREST_SEED,
    element: Element = Element.BALL,
    probability: np.ndarray | None = None,
) -> tuple[np.ndarray, list[Finding]]:
    """Cut bridges by eroding, keep the largest part, and give it back what the erosion took.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (k, j, i)
    radius_mm : float
        Of the structuring element.
    spacing_kji_mm : tuple of 3 float
        Voxel spacing in mm.
    restore : Restore
    element : Element
    probability : numpy.ndarray, same shape, optional
        Decides between parts of equal size.

    Returns
    -------
    tuple
        The mask, never larger than before, and what was noticed. Where the erosion leaves nothing, the largest
        component of the mask itself.
    """
    core = erode(mask, radius_mm, spacing_kji_mm, element)
    if not core.any():
        if not mask.any():
            return mask.copy(), []
        text = f"What was found is thinner than {2 * radius_mm:g} mm everywhere; its largest part was kept uneroded."
        return largest_component(mask, probability), [warning(SUBJECT, text)]
    kept = largest_component(core, probability)
    if restore is Restore.OPENING:
        return dilate(kept, radius_mm, spacing_kji_mm, element) & mask, []
    distance_mm, nearest = ndimage.distance_transform_edt(~core, sampling=spacing_kji_mm, return_indices=True)
    # Unbounded, the kept part would flood back through the bridge that was just cut.
    near = distance_mm <= np.sqrt(3.0) * radius_mm + ROUNDING_MM
    return mask & near & kept[tuple(nearest)], []


def _inside(
    mask: np.ndarray, liver: np.ndarray | None, margin_mm: float, spacing: tuple[float, float, float]
) -> np.ndarray:
    if liver is None:
        return mask
    return mask & (dilate(liver, margin_mm, spacing, Element.BALL) if margin_mm else liver)
