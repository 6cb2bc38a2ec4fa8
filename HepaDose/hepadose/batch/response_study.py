"""A study of response from a table of cases: one line per case in, statistics of every cohort out.

Columns are ``case``, ``cohort`` (several separated by semicolons) and the other fields of
:class:`hepadose.evaluation.response_study.ResponseCase`; only ``case`` must be there, and cells may be empty. Where a
category is not given it follows from the diameters of the one tumor.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hepadose.batch.csv_table import number_in, read_lines
from hepadose.batch.output import complete_folder
from hepadose.errors import SettingsError, UnitsError
from hepadose.evaluation.paired_tests import RankMethod, Zeros
from hepadose.evaluation.response_study import CATEGORIES, NUMBERS, ResponseCase, by_cohort, cohort_statistics
from hepadose.findings import Finding, warning
from hepadose.report.response_study_write import ResponseStudy, write_response_study

NEEDED = ("case",)
OPTIONAL = ("cohort", *NUMBERS, "category_manual", "category_predicted")
LEAST_TARGET_MM = 10.0
"""Smaller tumors are no targets by RECIST 1.1 on CT."""


def run_response_study(
    table: Path,
    output: Path,
    *,
    method: RankMethod = RankMethod.EXACT,
    zero_handling: Zeros = Zeros.DROPPED,
    overwrite: bool = False,
) -> ResponseStudy:
    """Compute the statistics of a table and write them as CSV, JSON and a page with figures.

    Parameters
    ----------
    table : Path
        CSV in UTF-8.
    output : Path
        Folder of the result; it appears complete or not at all.
    method, zero_handling
        Of the signed-rank tests.
    overwrite : bool
        Replace an earlier result.

    Returns
    -------
    ResponseStudy

    Raises
    ------
    HepaDoseError
        Whatever is wrong with the table, in words.
    """
    with complete_folder(output, overwrite=overwrite) as working:
        cases, notes = read_response_cases(Path(table))
        cohorts = tuple(
            cohort_statistics(name, members, method, zero_handling) for name, members in by_cohort(cases).items()
        )
        study = ResponseStudy(cases, cohorts, notes)
        return replace(study, notes=(*notes, *write_response_study(working, study)))


def read_response_cases(table: Path) -> tuple[tuple[ResponseCase, ...], tuple[Finding, ...]]:
    """The cases of a table, with categories where they were given or follow from the diameters.

    Parameters
    ----------
    table : Path

    Returns
    -------
    tuple of ResponseCase
    tuple of Finding
        Given categories that the diameters contradict, and tumors that are too small for a target.

    Raises
    ------
    MissingInputError
        If there is no table, or it has no line.
    UnreadableFileError
        If it has other columns, or a value is no number.
    SettingsError
        If a case stands there twice or has no name, or a category is none.
    UnitsError
        If a DSC does not lie between 0 and 1, or a size is negative.
    """
    lines = read_lines(table, NEEDED, OPTIONAL, f'There is no table "{table.name}"; give a CSV file of cases.')
    names = [line["case"] for line in lines]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or "" in names:
        raise SettingsError(f"Each line needs a case of its own; without a name or twice: {', '.join(doubled) or '–'}.")
    cases = [_case(line) for line in lines]
    notes = [note for case in cases for note in _notes(case)]
    return tuple(_with_categories(case) for case in cases), tuple(notes)


def _case(line: dict[str, str]) -> ResponseCase:
    values = {name: number_in(line, name) for name in NUMBERS}
    known = {name: value for name, value in values.items() if value is not None}
    for name, value in known.items():
        if name.startswith("dice") and not 0.0 <= value <= 1.0:
            raise UnitsError(f"Case {line['case']}: {name} lies between 0 and 1, got {value:g}.")
        if value < 0.0 or (value == 0.0 and "_pre_manual_" in name):
            raise UnitsError(f"Case {line['case']}: {name} must be positive, got {value:g}.")
    categories = {name: line.get(name, "").upper() for name in ("category_manual", "category_predicted")}
    for name, category in categories.items():
        if category and category not in CATEGORIES:
            raise SettingsError(f'Case {line["case"]}: {name} is {", ".join(CATEGORIES)} or empty, got "{category}".')
    cohorts = tuple(dict.fromkeys(part.strip() for part in line.get("cohort", "").split(";") if part.strip()))
    return ResponseCase(line["case"], cohorts, **known, **categories)


def _with_categories(case: ResponseCase) -> ResponseCase:
    return replace(
        case,
        category_manual=case.category_manual or _category_by_diameters(case, "manual"),
        category_predicted=case.category_predicted or _category_by_diameters(case, "predicted"),
    )


def _notes(case: ResponseCase) -> list[Finding]:
    notes = [note for who in ("manual", "predicted") for note in _contradiction(case, who)]
    if case.diameter_pre_manual_mm < LEAST_TARGET_MM:
        size = f"{case.diameter_pre_manual_mm:g} mm before treatment"
        notes.append(warning(f"Case {case.case}", f"A tumor of {size} is no target by RECIST 1.1 (at least 10 mm)."))
    return notes


def _contradiction(case: ResponseCase, who: str) -> list[Finding]:
    given, found = getattr(case, f"category_{who}"), _category_by_diameters(case, who)
    if not given or not found or given == found:
        return []
    text = (
        f"The {who} category is given as {given}, while the diameters of this tumor alone give {found}; {given} counts."
    )
    return [warning(f"Case {case.case}", text)]


def _category_by_diameters(case: ResponseCase, who: str) -> str:
    before, after = case.diameter_pre_manual_mm, getattr(case, f"diameter_post_{who}_mm")
    return single_tumor_category(before, after) if before > 0.0 and after >= 0.0 else ""


def single_tumor_category(before_mm: float, after_mm: float) -> str:
    """Category of one tumor at its first measurement after treatment, so that the baseline is the nadir.

    Parameters
    ----------
    before_mm, after_mm : float
        Longest diameters; taken as the decimals they are written as, for 0.7 times a binary number is not 70 %.

    Returns
    -------
    str
        "CR", "PR", "SD" or "PD".

    References
    ----------
    Eisenhauer EA et al., Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026 (RECIST 1.1), section 4.3.1.

    Examples
    --------
    >>> [single_tumor_category(*pair) for pair in ((10.1, 7.07), (100, 70.1), (20, 24.9), (20, 25), (50, 0))]
    ['PR', 'SD', 'SD', 'PD', 'CR']
    """
    before, after = Fraction(repr(float(before_mm))), Fraction(repr(float(after_mm)))
    if after == 0:
        return "CR"
    if after * 10 >= before * 12 and after - before >= 5:
        return "PD"
    return "PR" if after * 10 <= before * 7 else "SD"
