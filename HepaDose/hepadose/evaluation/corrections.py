"""Where a person corrected an automatic contour: connected regions that were added or removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.images import Image, require_same_grid

REGIONS = (
    "inferior vena cava",
    "portal vein",
    "hepatic vein",
    "left tip",
    "lesion with large density difference",
    "heart",
    "stomach",
    "duodenum",
    "colon",
    "other adjacent organ",
    "missing part",
    "extra part",
)
"""What a correction may be about; the list of the KU Leuven study, so that frequencies compare."""
LEAST_ML = 1.0


@dataclass(frozen=True)
class Correction:
    """One connected correction.

    Parameters
    ----------
    added_ml, removed_ml : float
        One of them is 0; both are NaN where a reader named the region but nothing was measured there.
    center_lps : tuple of 3 float
        Centroid in mm; NaN as well then.
    proposed : str
        One of :data:`REGIONS`; a person confirms it.
    """

    added_ml: float
    removed_ml: float
    center_lps: tuple[float, float, float]
    proposed: str


def find_corrections(
    automatic: Image, adjusted: Image, organs: dict[str, Image] | None = None, least_ml: float = LEAST_ML
) -> tuple[Correction, ...]:
    """Corrections of at least a volume, the largest first, each with the region it is probably about.

    Parameters
    ----------
    automatic, adjusted : Image
        Boolean, on one grid.
    organs : dict of str to Image, optional
        Outlines of neighbors by a name of :data:`REGIONS`, on the same grid; the one with most voxels in the
        correction, or else the nearest within 10 mm, is proposed.
    least_ml : float

    Returns
    -------
    tuple of Correction
        Empty where nothing was corrected.

    Raises
    ------
    GeometryMismatchError
    """
    from scipy import ndimage

    organs = organs or {}
    require_same_grid(automatic=automatic, adjusted=adjusted, **organs)
    before, after = np.asarray(automatic.array, bool), np.asarray(adjusted.array, bool)
    found = []
    for changed, added in ((after & ~before, True), (before & ~after, False)):
        parts, _ = ndimage.label(changed, np.ones((3, 3, 3)))
        for number, box in enumerate(ndimage.find_objects(parts), start=1):
            mask = parts[box] == number
            volume_ml = np.count_nonzero(mask) * automatic.voxel_volume_ml
            if volume_ml < least_ml:
                continue
            start = np.array([part.start for part in box])
            center = automatic.ijk_to_points((np.argwhere(mask).mean(axis=0) + start)[::-1])
            proposed = _proposed(parts, number, box, organs, automatic) or ("missing part" if added else "extra part")
            volumes = (volume_ml, 0.0) if added else (0.0, volume_ml)
            found.append(Correction(*volumes, tuple(float(value) for value in np.ravel(center)), proposed))
    return tuple(sorted(found, key=lambda each: -(each.added_ml + each.removed_ml)))


def _proposed(parts: np.ndarray, number: int, box, organs: dict[str, Image], grid: Image) -> str:
    """The organ that a correction is about; empty if none is near."""
    from scipy import ndimage

    margin = [int(np.ceil(10.0 / spacing)) for spacing in grid.spacing_kji_mm]
    wide = tuple(slice(max(part.start - reach, 0), part.stop + reach) for part, reach in zip(box, margin, strict=True))
    here = parts[wide] == number
    shared = {name: np.count_nonzero(organ.array[wide] & here) for name, organ in organs.items()}
    if shared and max(shared.values()):
        return max(shared, key=shared.get)
    away_mm = ndimage.distance_transform_edt(~here, sampling=grid.spacing_kji_mm)
    nearest = {name: away_mm[organ.array[wide]].min() for name, organ in organs.items() if organ.array[wide].any()}
    near = {name: distance for name, distance in nearest.items() if distance <= 10.0}
    return min(near, key=near.get) if near else ""
