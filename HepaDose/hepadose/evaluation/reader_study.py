"""Readings of many cases by readers and programs, and pairs of them compared case by case.

A reading is one contour of one case: found automatically, drawn by hand, or found and then adjusted. Which pair is the
first and which the second is kept everywhere, for a ratio of volumes has a direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hepadose.errors import MissingInputError
from hepadose.evaluation.agreement import (
    BlandAltman,
    IntraclassCorrelation,
    bland_altman,
    intraclass_correlation,
    paired_wilcoxon,
)
from hepadose.evaluation.corrections import Correction
from hepadose.evaluation.overlap import dice, volume_ratio
from hepadose.evaluation.summary import Summary, summarize_values
from hepadose.evaluation.surface import surface_distances
from hepadose.images import Image, require_same_grid

VOLUME_TOLERANCE = (0.9, 1.1)


class ReadingKind(StrEnum):
    """How a contour came about."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    ADJUSTED = "adjusted"


@dataclass(frozen=True, eq=False)
class Reading:
    """One contour of one case.

    Parameters
    ----------
    case : str
        A number or letter, never a patient's name.
    kind : ReadingKind
    reader : str
        Empty for a program.
    mask : Image
        Boolean; readings of one case share a grid.
    wall_min, active_min : float, optional
        Time it took in minutes, by the clock and without pauses.
    score : float, optional
        Quality of the contour that the reader started from, or of this one where it is automatic.
    corrections : tuple of Correction
        Confirmed by the reader.
    """

    case: str
    kind: ReadingKind
    reader: str
    mask: Image
    wall_min: float | None = None
    active_min: float | None = None
    score: float | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def label(self) -> str:
        """Kind and reader, for instance "manual 1"."""
        return f"{self.kind} {self.reader}".strip()


@dataclass(frozen=True)
class PairRow:
    """One case of a comparison.

    Parameters
    ----------
    case : str
    dice, volume_ratio : float
        Ratio of the first to the second.
    assd_mm, hausdorff_mm, hd95_mm : float
        NaN where a contour is empty.
    first_ml, second_ml : float
    """

    case: str
    dice: float
    volume_ratio: float
    assd_mm: float
    hausdorff_mm: float
    hd95_mm: float
    first_ml: float
    second_ml: float


@dataclass(frozen=True)
class PairTable:
    """A comparison of two readings over all cases that have both.

    Parameters
    ----------
    first, second : str
        Labels of the readings.
    rows : tuple of PairRow
    summaries : dict of str to Summary
        By the name of a figure in :class:`PairRow`.
    volumes : BlandAltman or None
        Of the volumes in ml; None with fewer than 3 cases.
    volumes_percent : BlandAltman or None
    correlation : IntraclassCorrelation or None
        Of the volumes.
    volume_p : float or None
        Of Wilcoxon's signed-rank test of the volumes.
    outside_tolerance : tuple of (int, int)
        Cases with a ratio of volumes outside 0.9–1.1, and all with a ratio.
    """

    first: str
    second: str
    rows: tuple[PairRow, ...]
    summaries: dict[str, Summary]
    volumes: BlandAltman | None
    volumes_percent: BlandAltman | None
    correlation: IntraclassCorrelation | None
    volume_p: float | None
    outside_tolerance: tuple[int, int]


FIGURES = ("dice", "volume_ratio", "assd_mm", "hausdorff_mm", "hd95_mm")


def compare_readings(readings: Iterable[Reading], first: str, second: str) -> PairTable:
    """Compare two kinds of readings case by case.

    Parameters
    ----------
    readings : iterable of Reading
    first, second : str
        Labels, for instance "automatic" and "adjusted 1".

    Returns
    -------
    PairTable

    Raises
    ------
    MissingInputError
        If no case has both.
    GeometryMismatchError
        If two readings of a case lie on different grids.
    """
    found = {(reading.case, reading.label): reading for reading in readings}
    cases = sorted({case for case, _ in found if (case, first) in found and (case, second) in found})
    if not cases:
        labels = sorted({label for _, label in found})
        raise MissingInputError(f'No case has both "{first}" and "{second}"; readings are {", ".join(labels)}.')
    rows = tuple(_row(found[case, first], found[case, second]) for case in cases)
    volumes = np.array([[row.first_ml, row.second_ml] for row in rows])
    known = [row.volume_ratio for row in rows if np.isfinite(row.volume_ratio)]
    low, high = VOLUME_TOLERANCE
    enough = len(rows) >= 3
    return PairTable(
        first,
        second,
        rows,
        {name: summarize_values([getattr(row, name) for row in rows]) for name in FIGURES},
        bland_altman(*volumes.T) if enough else None,
        bland_altman(*volumes.T, percent=True) if enough else None,
        intraclass_correlation(volumes) if enough else None,
        paired_wilcoxon(*volumes.T) if enough else None,
        (sum(not low <= ratio <= high for ratio in known), len(known)),
    )


def _row(first: Reading, second: Reading) -> PairRow:
    require_same_grid(**{first.label: first.mask, second.label: second.mask})
    one, two = (np.asarray(each.mask.array, bool) for each in (first, second))
    distances = surface_distances(one, two, first.mask.spacing_kji_mm)
    return PairRow(
        first.case,
        dice(one, two),
        volume_ratio(one, two),
        distances.mean_mm,
        distances.hd_mm,
        distances.hd95_mm,
        first.mask.volume_ml(),
        second.mask.volume_ml(),
    )
