"""What a reader study says beside its pairs: editing times, scores, corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hepadose.errors import SettingsError
from hepadose.evaluation.agreement import paired_wilcoxon, proportion_interval, weighted_kappa
from hepadose.evaluation.corrections import Correction
from hepadose.evaluation.quality_score import SCORES, ScoreSummary, summarize_scores
from hepadose.evaluation.reader_study import Reading, ReadingKind
from hepadose.evaluation.summary import Summary, summarize_values

SCORE_TOLERANCE = 0.5


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
        Over all cases in which they were measured; NaN where they were in none.
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
            _measured_ml(correction.added_ml for _, correction in hits),
            _measured_ml(correction.removed_ml for _, correction in hits),
        )
        for region, hits in found.items()
    ]


def _measured_ml(volumes: Iterable[float]) -> float:
    """The sum of what was measured; NaN where nothing was."""
    known = [volume for volume in volumes if np.isfinite(volume)]
    return float(sum(known)) if known else float("nan")
