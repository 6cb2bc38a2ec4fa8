"""Which lesion of one time is which of another: the same, split, merged, vanished or new.

Both times must lie on one grid, after registration; :mod:`hepadose.recist.brought` takes a time there. Nothing is
measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hepadose.errors import EmptyRegionError, GeometryMismatchError
from hepadose.images import Image, bounding_box, require_same_grid


class Fate(StrEnum):
    """What became of lesions between two times."""

    SAME = "same"
    SPLIT = "split"
    MERGED = "merged"
    REARRANGED = "rearranged"
    """Several became several others, which cannot be told apart."""
    VANISHED = "vanished"
    NEW = "new"


@dataclass(frozen=True, eq=False)
class LesionMap:
    """All lesions of one time on one grid.

    Parameters
    ----------
    labels : Image
        Whole numbers: 0 outside, n in the n-th lesion.
    names : tuple of str
        The n-th is that of label n.
    """

    labels: Image
    names: tuple[str, ...]

    def mask(self, name: str) -> Image:
        """One lesion on the smallest grid that holds it with its own slices.

        Raises
        ------
        EmptyRegionError
            If the lesion has no voxel.
        """
        found = self.labels.array == self.names.index(name) + 1
        box = bounding_box(found)
        if box is None:
            raise EmptyRegionError(f'The lesion "{name}" has no voxel on this grid.')
        return self.labels.with_array(found).cropped(box)

    @classmethod
    def from_mask(cls, mask: Image, prefix: str = "Lesion") -> LesionMap:
        """Connected regions of a mask (26 neighbors) as lesions, the largest first.

        Parameters
        ----------
        mask : Image
        prefix : str
            Of their names: "Lesion 1", "Lesion 2".
        """
        from scipy import ndimage

        drawn, labels = mask.array.astype(bool), np.zeros(mask.shape, np.int32)
        box = bounding_box(drawn)
        if box is None:
            return cls(mask.with_array(labels), ())
        regions, count = ndimage.label(drawn[box], np.ones((3, 3, 3), bool))
        sizes = np.bincount(regions.ravel(), minlength=count + 1)[1:]
        number = np.zeros(count + 1, np.int32)
        # Equal sizes stay in the order of their first voxels.
        number[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, count + 1)
        labels[box] = number[regions]
        return cls(mask.with_array(labels), tuple(f"{prefix} {n}" for n in range(1, count + 1)))

    @classmethod
    def from_segments(cls, segments: Mapping[str, Image]) -> LesionMap:
        """Segments as lesions, one each, whatever parts they have.

        Parameters
        ----------
        segments : mapping of str to Image
            Masks by name on one grid; empty ones are left out.

        Raises
        ------
        EmptyRegionError
            If there is no segment at all.
        GeometryMismatchError
            If the grids differ or lesions overlap.
        """
        if not segments:
            raise EmptyRegionError("There is no segment of a lesion.")
        require_same_grid(**segments)
        drawn = {name: image.array.astype(bool) for name, image in segments.items() if image.array.any()}
        grid = next(iter(segments.values()))
        labels = np.zeros(grid.shape, np.int32)
        for number, (name, mask) in enumerate(drawn.items(), start=1):
            if labels[mask].any():
                raise GeometryMismatchError(f'"{name}" overlaps another lesion; a voxel belongs to one lesion only.')
            labels[mask] = number
        return cls(grid.with_array(labels), tuple(drawn))


@dataclass(frozen=True)
class PairingSettings:
    """When two lesions are the same.

    Parameters
    ----------
    least_share : float
        Overlap as a share of the smaller one; grazing a neighbor is not enough.
    search_mm : float
        Lesions without any overlap are the same up to this gap: what registration may be off by.
    """

    least_share: float = 0.1
    search_mm: float = 5.0


@dataclass(frozen=True)
class Link:
    """Lesions that belong together.

    Parameters
    ----------
    before, after : tuple of str
        Names at both times; empty for a new or a vanished lesion.
    fate : Fate
    gap_mm : float
        0 for lesions that overlap; a pair with a gap should be looked at.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    fate: Fate
    gap_mm: float = 0.0


def pair_lesions(before: LesionMap, after: LesionMap, settings: PairingSettings | None = None) -> tuple[Link, ...]:
    """Which lesions belong together.

    Parameters
    ----------
    before, after : LesionMap
        On one grid.
    settings : PairingSettings, optional

    Returns
    -------
    tuple of Link
        In the order of the lesions before, then what is new; every lesion is in exactly one.

    Raises
    ------
    GeometryMismatchError
        If the grids differ.
    """
    settings = settings or PairingSettings()
    require_same_grid(before=before.labels, after=after.labels)
    linked = _overlapping(before, after, settings.least_share)
    gaps = _near(before, after, linked, settings.search_mm)
    for one, other in gaps:
        linked[one, other] = True
    links = [_link(before, after, group, gaps) for group in _groups(linked)]
    return tuple(sorted(links, key=lambda link: (not link.before, *_places(before, link.before))))


def _places(lesions: LesionMap, names: tuple[str, ...]) -> list[int]:
    return [lesions.names.index(name) for name in names]


def _overlapping(before: LesionMap, after: LesionMap, least_share: float) -> np.ndarray:
    first, second = before.labels.array, after.labels.array
    rows, columns = len(before.names), len(after.names)
    both = (first > 0) & (second > 0)
    pairs = (first[both].astype(np.int64) - 1) * columns + second[both] - 1
    common = np.bincount(pairs, minlength=rows * columns).reshape(rows, columns)
    sizes = [np.bincount(each[each > 0], minlength=n + 1)[1:] for each, n in ((first, rows), (second, columns))]
    return (common > 0) & (common >= least_share * np.minimum(sizes[0][:, None], sizes[1][None, :]))


def _near(before: LesionMap, after: LesionMap, linked: np.ndarray, search_mm: float) -> dict[tuple[int, int], float]:
    """Pairs of lesions that overlap nothing, the nearest first; every lesion in one at most."""
    from scipy.spatial import cKDTree

    alone = [np.flatnonzero(~linked.any(axis=axis)).tolist() for axis in (1, 0)]
    # A lesion that lies beyond the common grid has no voxel there.
    points = [
        {n: found for n in each if len(found := _voxel_points(lesions, n))}
        for lesions, each in zip((before, after), alone, strict=True)
    ]
    trees = [{n: cKDTree(found) for n, found in each.items()} for each in points]
    gaps = sorted(
        (float(tree.query(other.data)[0].min()), one, two)
        for one, tree in trees[0].items()
        for two, other in trees[1].items()
    )
    found: dict[tuple[int, int], float] = {}
    for gap_mm, one, two in gaps:
        if gap_mm <= search_mm and not any(one == pair[0] or two == pair[1] for pair in found):
            found[one, two] = gap_mm
    return found


def _voxel_points(lesions: LesionMap, number: int) -> np.ndarray:
    return lesions.labels.ijk_to_points(np.argwhere(lesions.labels.array == number + 1)[:, ::-1])


def _groups(linked: np.ndarray) -> list[tuple[list[int], list[int]]]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = linked.shape
    one, two = np.nonzero(linked)
    size = rows + columns
    graph = coo_array((np.ones(one.size, bool), (one, rows + two)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    return [
        (np.flatnonzero(labels[:rows] == group).tolist(), np.flatnonzero(labels[rows:] == group).tolist())
        for group in np.unique(labels)
    ]


def _link(
    before: LesionMap, after: LesionMap, group: tuple[list[int], list[int]], gaps: dict[tuple[int, int], float]
) -> Link:
    old, present = group
    gap_mm = gaps.get((old[0], present[0]), 0.0) if len(old) == len(present) == 1 else 0.0
    names = tuple(before.names[n] for n in old), tuple(after.names[n] for n in present)
    return Link(*names, _fate(len(old), len(present)), gap_mm)


def _fate(before: int, after: int) -> Fate:
    if not after:
        return Fate.VANISHED
    if not before:
        return Fate.NEW
    if before == 1:
        return Fate.SAME if after == 1 else Fate.SPLIT
    return Fate.MERGED if after == 1 else Fate.REARRANGED
