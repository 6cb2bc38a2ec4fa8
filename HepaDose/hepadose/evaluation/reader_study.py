"""Readings of many cases by readers and programs: pairs of them compared case by case, times, scores, corrections.

A reading is one contour of one case: found automatically, drawn by hand, or found and then adjusted. Which pair is the
first and which the second is kept everywhere, for a ratio of volumes has a direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from hepadose.errors import MissingInputError, SettingsError
from hepadose.evaluation.agreement import (
    BlandAltman,
    IntraclassCorrelation,
    Summary,
    bland_altman,
    intraclass_correlation,
    paired_wilcoxon,
    proportion_interval,
    summarize_values,
    weighted_kappa,
)
from hepadose.evaluation.corrections import Correction
from hepadose.evaluation.overlap import dice, volume_ratio
from hepadose.evaluation.quality_score import SCORES, ScoreSummary, summarize_scores
from hepadose.evaluation.surface import surface_distances
from hepadose.images import Image, require_same_grid

VOLUME_TOLERANCE = (0.9, 1.1)
SCORE_TOLERANCE = 0.5


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


@dataclass(frozen=True)
class TimeTable:
    """Editing times of one reader; readers with different software are never pooled.

    Parameters
    ----------
    reader : str
    manual, adjusted : Summary
        Active minutes where they were measured, by the clock elsewhere.
    saved : Summary
        Manual minus adjusted, of the cases that have both.
    p : float or None
        Of Wilcoxon's signed-rank test over these; None with fewer than 3.
    """

    reader: str
    manual: Summary
    adjusted: Summary
    saved: Summary
    p: float | None


def editing_times(readings: Iterable[Reading]) -> tuple[TimeTable, ...]:
    """Times of every reader.

    Parameters
    ----------
    readings : iterable of Reading

    Returns
    -------
    tuple of TimeTable
        Sorted by reader; readers without any time are left out.
    """
    minutes: dict[str, dict[ReadingKind, dict[str, float]]] = {}
    for reading in readings:
        value = reading.wall_min if reading.active_min is None else reading.active_min
        if value is not None and reading.reader:
            kinds = minutes.setdefault(reading.reader, {kind: {} for kind in ReadingKind})
            kinds[reading.kind][reading.case] = value
    return tuple(_times(reader, kinds) for reader, kinds in sorted(minutes.items()))


def _times(reader: str, kinds: dict[ReadingKind, dict[str, float]]) -> TimeTable:
    manual, adjusted = kinds[ReadingKind.MANUAL], kinds[ReadingKind.ADJUSTED]
    both = sorted(set(manual) & set(adjusted))
    pairs = [[manual[case], adjusted[case]] for case in both]
    p = paired_wilcoxon(*np.array(pairs).T) if len(pairs) >= 3 else None
    saved = summarize_values([one - two for one, two in pairs])
    return TimeTable(reader, *(summarize_values(list(kind.values())) for kind in (manual, adjusted)), saved, p)


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one reader, and between two readers how often they differ by half a point at most.

    Parameters
    ----------
    by_reader : dict of str to ScoreSummary
    agreement : dict of (str, str) to ScoreAgreement
    """

    by_reader: dict[str, ScoreSummary]
    agreement: dict[tuple[str, str], ScoreAgreement] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreAgreement:
    """Two readers' scores of the same contours.

    Parameters
    ----------
    near, count : int
        Cases that differ by half a point at most, and all.
    interval : tuple of 2 float
        Wilson's 95 % interval of their share.
    kappa : float
        With quadratic weights.
    """

    near: int
    count: int
    interval: tuple[float, float]
    kappa: float


def score_table(readings: Iterable[Reading]) -> ScoreTable:
    """Scores by reader and agreement of every two readers.

    Parameters
    ----------
    readings : iterable of Reading

    Returns
    -------
    ScoreTable
    """
    scores: dict[str, dict[str, float]] = {}
    for reading in readings:
        if reading.score is not None:
            scores.setdefault(reading.reader, {})[reading.case] = reading.score
    readers = sorted(scores)
    pairs = [(one, two) for place, one in enumerate(readers) for two in readers[place + 1 :]]
    agreement = {pair: _agreement(*(scores[reader] for reader in pair)) for pair in pairs}
    return ScoreTable(
        {reader: summarize_scores(scores[reader].values()) for reader in readers},
        {pair: found for pair, found in agreement.items() if found is not None},
    )


def _agreement(one: dict[str, float], two: dict[str, float]) -> ScoreAgreement | None:
    both = sorted(set(one) & set(two))
    if not both:
        return None
    first, second = ([scores[case] for case in both] for scores in (one, two))
    near = int(np.count_nonzero(np.abs(np.subtract(first, second)) <= SCORE_TOLERANCE))
    kappa = weighted_kappa(first, second, SCORES)
    return ScoreAgreement(near, len(both), proportion_interval(near, len(both)), kappa)


@dataclass(frozen=True)
class CorrectionRow:
    """How often, and how much, readers corrected one region.

    Parameters
    ----------
    region, reader : str
    cases, of_cases : int
        Cases with at least one correction there, and all that this reader adjusted.
    added_ml, removed_ml : float
        Over all cases.
    """

    region: str
    reader: str
    cases: int
    of_cases: int
    added_ml: float
    removed_ml: float

    @property
    def frequency(self) -> float:
        """Share of the cases, 0–1."""
        return self.cases / self.of_cases


def correction_table(readings: Sequence[Reading]) -> tuple[CorrectionRow, ...]:
    """Corrections by region and reader, the most frequent first.

    Parameters
    ----------
    readings : sequence of Reading

    Returns
    -------
    tuple of CorrectionRow

    Raises
    ------
    SettingsError
        If a case was adjusted twice by one reader.
    """
    adjusted: dict[str, dict[str, Reading]] = {}
    for reading in readings:
        if reading.kind is ReadingKind.ADJUSTED:
            own = adjusted.setdefault(reading.reader, {})
            if reading.case in own:
                raise SettingsError(f"Case {reading.case} was adjusted twice by reader {reading.reader}.")
            own[reading.case] = reading
    rows = [row for reader, cases in sorted(adjusted.items()) for row in _corrections_of(reader, cases)]
    return tuple(sorted(rows, key=lambda row: (row.reader, -row.cases, row.region)))


def _corrections_of(reader: str, cases: dict[str, Reading]) -> list[CorrectionRow]:
    found: dict[str, list[tuple[str, Correction]]] = {}
    for case, reading in cases.items():
        for correction in reading.corrections:
            found.setdefault(correction.proposed, []).append((case, correction))
    return [
        CorrectionRow(
            region,
            reader,
            len({case for case, _ in hits}),
            len(cases),
            sum(correction.added_ml for _, correction in hits),
            sum(correction.removed_ml for _, correction in hits),
        )
        for region, hits in found.items()
    ]
