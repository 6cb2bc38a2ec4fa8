"""Which lesions were found, by their size, and what was found where none is.

A lesion is a connected region of the reference mask, with voxels that share a face, an edge or a corner: two tumors
that touch count as one. It is detected where at least a tenth of its volume was found; touching it is not enough, for a
contour that grazes a tumor shows it to nobody. A false positive is a connected region of the found mask that shares no
voxel with any lesion. How well a lesion was outlined is told by Dice and distances, not here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hepadose.errors import GeometryMismatchError

DETECTED_SHARE = 0.1
"""Share of a lesion's volume that must be found."""
SIZE_CLASSES_MM = ((0.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, 50.0), (50.0, math.inf))
"""Classes of the diameter; the lower limit belongs to the class."""


@dataclass(frozen=True)
class Lesion:
    """One connected region of the reference mask.

    Parameters
    ----------
    volume_ml : float
    found_share : float
        Share of its volume that was found, 0 to 1.
    """

    volume_ml: float
    found_share: float

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of the same volume.

        Returns
        -------
        float

        Examples
        --------
        >>> round(Lesion(4.18879, 1.0).diameter_mm, 3)
        20.0
        """
        return float((6000.0 * self.volume_ml / math.pi) ** (1 / 3))

    @property
    def is_detected(self) -> bool:
        """Whether enough of it was found, see :data:`DETECTED_SHARE`.

        Returns
        -------
        bool
        """
        return self.found_share >= DETECTED_SHARE


@dataclass(frozen=True)
class Detection:
    """What was found of a case's lesions.

    Parameters
    ----------
    lesions : tuple of Lesion
        All of the reference mask; empty where it is.
    false_positives : int
        Number of found regions that share no voxel with a lesion.
    false_positive_ml : float
        Their volume.
    """

    lesions: tuple[Lesion, ...]
    false_positives: int
    false_positive_ml: float


@dataclass(frozen=True)
class SizeClass:
    """Lesions of one size.

    Parameters
    ----------
    from_mm, to_mm : float
        Limits of the diameter; the last class has no upper one (infinity).
    lesions, detected : int
    """

    from_mm: float
    to_mm: float
    lesions: int
    detected: int

    @property
    def sensitivity(self) -> float:
        """Share that was detected; NaN where there is none.

        Returns
        -------
        float
        """
        return self.detected / self.lesions if self.lesions else math.nan

    @property
    def words(self) -> str:
        """The class as it stands in a table.

        Returns
        -------
        str
        """
        if not self.from_mm:
            return f"< {self.to_mm:g} mm"
        return f"{self.from_mm:g}–{self.to_mm:g} mm" if math.isfinite(self.to_mm) else f"≥ {self.from_mm:g} mm"


def detect_lesions(found: np.ndarray, true: np.ndarray, voxel_volume_ml: float) -> Detection:
    """Compare a found mask with the lesions of a reference.

    Parameters
    ----------
    found, true : numpy.ndarray of bool, shape (k, j, i)
        Masks on one grid.
    voxel_volume_ml : float

    Returns
    -------
    Detection
        Without lesions where the reference is empty; everything found is a false positive then.

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.

    References
    ----------
    Bilic et al., Med Image Anal 84 (2023) 102680, doi:10.1016/j.media.2022.102680: lesions as connected regions and a
    least overlap for detection, there of both regions together.

    Examples
    --------
    >>> true = np.array([[[1, 1, 0, 0, 1, 0, 0]]], bool)
    >>> found = np.array([[[0, 1, 0, 0, 0, 0, 1]]], bool)
    >>> result = detect_lesions(found, true, 0.5)
    >>> [lesion.found_share for lesion in result.lesions], result.false_positives, result.false_positive_ml
    ([0.5, 0.0], 1, 0.5)
    """
    found, true = np.asarray(found, dtype=bool), np.asarray(true, dtype=bool)
    if found.shape != true.shape:
        raise GeometryMismatchError(f"Two masks of one grid are compared, got shapes {found.shape} and {true.shape}.")
    sizes, hits = _regions(true, found)
    lesions = tuple(
        Lesion(float(size * voxel_volume_ml), float(hit / size)) for size, hit in zip(sizes, hits, strict=True)
    )
    sizes, hits = _regions(found, true)
    wrong = sizes[hits == 0]
    return Detection(lesions, len(wrong), float(wrong.sum() * voxel_volume_ml))


def by_size(lesions: Iterable[Lesion]) -> tuple[SizeClass, ...]:
    """How many lesions of each class were detected.

    Parameters
    ----------
    lesions : iterable of Lesion
        Of one case or of many.

    Returns
    -------
    tuple of SizeClass
        One per class of :data:`SIZE_CLASSES_MM`, also where it is empty.

    Examples
    --------
    >>> [(each.words, each.lesions, each.detected) for each in by_size([Lesion(0.2, 1.0), Lesion(0.4, 0.05)])]
    [('< 10 mm', 2, 1), ('10–20 mm', 0, 0), ('20–30 mm', 0, 0), ('30–50 mm', 0, 0), ('≥ 50 mm', 0, 0)]
    """
    lesions = tuple(lesions)
    classes = []
    for low, high in SIZE_CLASSES_MM:
        inside = [each for each in lesions if low <= each.diameter_mm < high]
        classes.append(SizeClass(low, high, len(inside), sum(each.is_detected for each in inside)))
    return tuple(classes)


def _regions(mask: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voxels of each connected region of a mask, and how many of them the other mask has."""
    from scipy import ndimage

    numbers, count = ndimage.label(mask, np.ones((3, 3, 3), bool))
    sizes = np.bincount(numbers[mask], minlength=count + 1)[1:]
    return sizes, np.bincount(numbers[mask & other], minlength=count + 1)[1:]
