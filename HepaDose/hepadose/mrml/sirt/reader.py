"""The regions of a treatment from segments; after an edit only what changed is read again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from hepadose.errors import EmptyRegionError, MissingInputError
from hepadose.images import Image
from hepadose.mrml.automatic import segment_origin_now
from hepadose.mrml.images import require_hardened, swap_lps_ras, volume_node_to_image
from hepadose.mrml.labelmaps import StoredVoxels, stored_voxels
from hepadose.mrml.segmentation import labelmap_mask, reference_grid, segment_names, segment_to_mask
from hepadose.sirt.regions import OutlinedRegions

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentationNode

    from hepadose.provenance import SegmentationOrigin

Key = tuple[int, int, bytes]
MARGIN_VOXELS = 1


class RegionReader:
    """Reads liver, territory, tumors and lungs on one grid, which is cut to what is outlined."""

    def __init__(self) -> None:
        self._masks: dict[str, tuple[Key, Image]] = {}

    def outlined(self, choices: Any, *, with_lungs: bool = False) -> OutlinedRegions:
        """The regions as they are now.

        Parameters
        ----------
        choices : parameter node
        with_lungs : bool
            Lungs are large and only doses need them.

        Raises
        ------
        MissingInputError
            If there is no segmentation or no liver.
        EmptyRegionError
            If the liver or the territory is empty.
        """
        node = choices.segmentation
        tumors = tumor_names(choices)
        others = {"territory": choices.territorySegment, "lungs": choices.lungsSegment if with_lungs else ""}
        wanted = [require_liver(choices), *(one for one in others.values() if one), *tumors]
        require_hardened(node, "segmentation")
        grid = self._grid(choices, wanted)
        masks = {one: grid.with_array(self._on_grid(node, one, grid)) for one in wanted}
        return OutlinedRegions(
            masks[choices.liverSegment],
            tuple((name, masks[one]) for one, name in tumors.items()),
            masks.get(others["territory"]),
            masks.get(others["lungs"]),
        )

    def _grid(self, choices: Any, wanted: list[str]) -> Image:
        """The part of the segmentation's grid that holds all that is wanted."""
        masks = [self._mask(choices.segmentation, one) for one in wanted]
        grid = common_grid(choices, masks)
        if grid is None:
            raise EmptyRegionError("The liver is empty; outline it first.")
        return grid

    def _mask(self, node: vtkMRMLSegmentationNode, segment_id: str) -> Image:
        """A segment cut to its voxels, read again only where its labelmap changed."""
        stored = stored_voxels(node, segment_id)
        if stored is None:
            return labelmap_mask(node, segment_id)
        key = stored.modified, stored.label, stored.ijk_to_ras.tobytes()
        if segment_id not in self._masks or self._masks[segment_id][0] != key:
            self._masks[segment_id] = key, stored.mask()
        return self._masks[segment_id][1]

    def _on_grid(self, node: vtkMRMLSegmentationNode, segment_id: str, grid: Image) -> np.ndarray:
        voxels = placed_on(self._mask(node, segment_id), grid)
        return segment_to_mask(node, segment_id, grid).array if voxels is None else voxels


def common_grid(choices: Any, masks: Iterable[Image]) -> Image | None:
    """The part of the segmentation's grid that holds all masks, with a voxel around; None where all are empty."""
    masks = [mask for mask in masks if mask.array.any()]
    if not masks:
        return None
    whole = reference_grid(choices.segmentation)
    if whole is None:
        whole = volume_node_to_image(choices.ctVolume, "CT")
    corners = np.concatenate([_corners_ijk(mask, whole) for mask in masks])
    low = np.floor(corners.min(axis=0)).astype(int) - MARGIN_VOXELS
    high = np.ceil(corners.max(axis=0)).astype(int) + 1 + MARGIN_VOXELS
    sizes = np.array(whole.shape[::-1])
    low, high = np.clip(low, 0, sizes - 1), np.clip(high, 1, sizes)
    box = tuple(slice(int(start), int(stop)) for start, stop in zip(low[::-1], high[::-1], strict=True))
    return whole.cropped(box)


def placed_on(mask: Image, grid: Image) -> np.ndarray | None:
    """A mask on a grid whose voxels are the mask's own; None where they are not."""
    return StoredVoxels(mask.array, True, swap_lps_ras(mask.ijk_to_lps), 0).on_grid(grid)


def _corners_ijk(mask: Image, grid: Image) -> np.ndarray:
    """Where a mask's corners lie in a grid, in voxels."""
    last = np.array(mask.shape[::-1]) - 1.0
    corners = np.array(list(product((0.0, 1.0), repeat=3))) * last
    return grid.lps_to_ijk(mask.ijk_to_points(corners))


def require_liver(choices: Any) -> str:
    """Id of the liver's segment.

    Raises
    ------
    MissingInputError
        If no liver is chosen.
    """
    if choices is None or choices.segmentation is None:
        raise MissingInputError("Choose or make a segmentation first.")
    if choices.liverSegment not in segment_names(choices.segmentation):
        raise MissingInputError("Choose the liver segment first.")
    return choices.liverSegment


def tumor_names(choices: Any) -> dict[str, str]:
    """Names of the chosen tumors by segment id, in the segmentation's order, each name once."""
    names = {} if choices.segmentation is None else segment_names(choices.segmentation)
    found: dict[str, str] = {}
    for identifier, name in names.items():
        if identifier in choices.tumorSegments:
            again = sum(other.partition(" (")[0] == name for other in found.values())
            found[identifier] = f"{name} ({again + 1})" if again else name
    return found


def region_origins(choices: Any) -> dict[str, SegmentationOrigin]:
    """Where each outline came from, by "liver", "territory", "lungs" or the tumor's name."""
    parts = {"liver": choices.liverSegment, "territory": choices.territorySegment, "lungs": choices.lungsSegment}
    parts |= {name: identifier for identifier, name in tumor_names(choices).items()}
    held = segment_names(choices.segmentation)
    return {
        name: segment_origin_now(choices.segmentation, identifier)
        for name, identifier in parts.items()
        if identifier in held
    }


def why_no_answer(choices: Any) -> str:
    """Why nothing can be computed yet, in words; empty where it can."""
    try:
        require_liver(choices)
    except MissingInputError as problem:
        return str(problem)
    return ""
