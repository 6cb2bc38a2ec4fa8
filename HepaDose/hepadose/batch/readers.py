"""A reader study from a folder: contours of many cases by programs and readers in, tables and figures out.

The folder holds ``study.csv`` with one line per contour: ``case``, ``kind`` (automatic, manual or adjusted), ``reader``
(empty for a program), ``file`` (an image file in the folder), and where known ``wall_min`` and ``active_min`` (minutes,
or h:mm:ss), ``score``, ``regions`` (what was corrected, as the reader confirmed it), ``organs`` (a .seg.nrrd of
neighbors on the contours' grid), and ``height_m``, ``weight_kg`` and ``tumor_ml``, from which the ratios of activities
follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hepadose.batch.csv_table import number_in, read_lines
from hepadose.batch.output import complete_folder
from hepadose.batch.reader_corrections import confirmed_regions, corrections_of, read_organs
from hepadose.batch.volume import read_mask
from hepadose.errors import SettingsError
from hepadose.evaluation.quality_score import require_score
from hepadose.evaluation.reader_study import PairTable, Reading, ReadingKind, compare_readings
from hepadose.report.readers_write import StudyTables, write_study
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.prescription import DoseGoals, PrescriptionInput
from hepadose.sirt.products import products
from hepadose.sirt.ratios import activity_ratios

STUDY_FILE = "study.csv"
NEEDED = ("case", "kind", "reader", "file")
KNOWN = (*NEEDED, "wall_min", "active_min", "score", "regions", "organs", "height_m", "weight_kg", "tumor_ml")
GOALS = DoseGoals(territory_gy=120.0, normal_limit_gy=40.0)
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")
UPTAKE_RATIO = 4.0
"""T/N for the ratio by the partition model, where a study has no images of uptake."""


@dataclass(frozen=True)
class CaseFacts:
    """What is known of a case beside its contours."""

    patient: Patient | None
    tumor_ml: float | None


def run_readers(study: Path, output: Path, *, overwrite: bool = False) -> StudyTables:
    """Compare all readings of a study and write tables, figures and a page.

    Parameters
    ----------
    study : Path
        Folder with ``study.csv``.
    output : Path
        Folder of the result; it appears complete or not at all.
    overwrite : bool
        Replace an earlier result.

    Returns
    -------
    StudyTables

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the folder, in words.
    """
    with complete_folder(output, overwrite=overwrite) as working:
        readings, facts = read_study(study)
        tables = study_tables(readings, facts)
        notes = write_study(working, tables)
    return replace(tables, notes=notes)


def read_study(study: Path) -> tuple[tuple[Reading, ...], dict[str, CaseFacts]]:
    """All readings of a folder, with the corrections that follow from automatic and adjusted contours.

    Parameters
    ----------
    study : Path

    Returns
    -------
    tuple of Reading
    dict of str to CaseFacts
        By case.

    Raises
    ------
    MissingInputError
        If the list or a file is missing.
    UnreadableFileError
        If the list has other columns, or a value is no number.
    SettingsError
        If a file lies outside of the folder, a score is not on the scale, or a region not on the list.
    """
    lines = _lines(Path(study))
    readings = tuple(_reading(Path(study), line) for line in lines)
    automatic = {reading.case: reading for reading in readings if reading.kind is ReadingKind.AUTOMATIC}
    facts = {line["case"]: _facts(line) for line in reversed(lines) if line.get("height_m")}
    corrected = (
        _with_corrections(Path(study), line, reading, automatic.get(reading.case))
        for line, reading in zip(lines, readings, strict=True)
    )
    return tuple(corrected), facts


def _lines(study: Path) -> list[dict[str, str]]:
    missing = f'The folder "{study.name}" has no {STUDY_FILE}, which lists the contours.'
    return read_lines(study / STUDY_FILE, NEEDED, KNOWN[len(NEEDED) :], missing)


def _inside(study: Path, line: dict[str, str], name: str) -> Path:
    """A file of the study, which must lie in its folder."""
    path = (study / line[name]).resolve()
    if study.resolve() not in path.parents:
        raise SettingsError(f"Case {line['case']}: the file must lie in the study's folder.")
    return path


def _reading(study: Path, line: dict[str, str]) -> Reading:
    path = _inside(study, line, "file")
    if line["kind"] not in list(ReadingKind):
        raise SettingsError(f'Case {line["case"]}: kind is {", ".join(ReadingKind)}, got "{line["kind"]}".')
    score = number_in(line, "score")
    if score is not None:
        require_score(score)
    return Reading(
        line["case"],
        ReadingKind(line["kind"]),
        line["reader"],
        read_mask(path),
        _minutes(line, "wall_min"),
        _minutes(line, "active_min"),
        score,
    )


def _minutes(line: dict[str, str], name: str) -> float | None:
    """A time in minutes, or as a clock shows it: h:mm:ss."""
    text = line.get(name, "")
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return number_in(line, name)
    hours, minutes, seconds = (int(part) for part in clock.groups())
    return 60.0 * hours + minutes + seconds / 60.0


def _facts(line: dict[str, str]) -> CaseFacts:
    height_m, weight_kg = number_in(line, "height_m"), number_in(line, "weight_kg")
    known = height_m is not None and weight_kg is not None
    return CaseFacts(Patient(height_m, weight_kg) if known else None, number_in(line, "tumor_ml"))


def _with_corrections(study: Path, line: dict[str, str], reading: Reading, automatic: Reading | None) -> Reading:
    if reading.kind is not ReadingKind.ADJUSTED:
        return reading
    confirmed = confirmed_regions(reading.case, line.get("regions", ""))
    organs = read_organs(reading.case, _inside(study, line, "organs")) if line.get("organs") else {}
    return replace(reading, corrections=corrections_of(reading, automatic, confirmed, organs))


def study_tables(readings: tuple[Reading, ...], facts: dict[str, CaseFacts]) -> StudyTables:
    """Every table of the study: pairs, ratios of activities, times, scores and corrections.

    Parameters
    ----------
    readings : tuple of Reading
    facts : dict of str to CaseFacts

    Returns
    -------
    StudyTables
    """
    pairs = tuple(compare_readings(readings, *labels) for labels in pairings(readings))
    ratios = {(pair.first, pair.second): _ratios(pair, facts) for pair in pairs}
    return StudyTables(readings, pairs, {key: rows for key, rows in ratios.items() if rows})


def pairings(readings: Iterable[Reading]) -> list[tuple[str, str]]:
    """Which readings are compared: program with every reader, manual with adjusted of a reader, reader with reader."""
    labels = {(reading.kind, reading.reader): reading.label for reading in readings}
    by_case: dict[str, set[str]] = {}
    for reading in readings:
        by_case.setdefault(reading.case, set()).add(reading.label)
    order = sorted(labels, key=lambda key: (list(ReadingKind).index(key[0]), key[1]))
    wanted = []
    for place, one in enumerate(order):
        for two in order[place + 1 :]:
            same_reader = one[1] == two[1] and one[0] is not two[0]
            same_kind = one[0] is two[0]
            if one[0] is ReadingKind.AUTOMATIC or same_reader or same_kind:
                wanted.append((labels[one], labels[two]))
    return [pair for pair in wanted if any(set(pair) <= found for found in by_case.values())]


def _ratios(pair: PairTable, facts: dict[str, CaseFacts]) -> dict[str, list[float]]:
    """Ratios of activities by model, over the cases whose patient and tumor volume are known."""
    found: dict[str, list[float]] = {}
    for row in pair.rows:
        fact = facts.get(row.case)
        if fact is None or fact.patient is None or fact.tumor_ml is None:
            continue
        uptake = (("tumors", fact.tumor_ml, UPTAKE_RATIO),) if fact.tumor_ml else ()
        volumes = [Volumes(ml, ml, fact.tumor_ml) for ml in (row.first_ml, row.second_ml)]
        given = PrescriptionInput(products()["resin"], volumes[0], fact.patient, goals=GOALS, uptake=uptake)
        for ratio in activity_ratios(given, *volumes):
            if ratio.model != "empirical":
                found.setdefault(ratio.model, []).append(ratio.ratio)
    return found
