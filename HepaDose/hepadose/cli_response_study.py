"""The command ``hepadose response-study``: its options and what it prints."""

from __future__ import annotations

import argparse
from pathlib import Path

EXIT_OK = 0


def add_response_study_command(commands: argparse._SubParsersAction) -> None:
    """Add the command; imports nothing heavy.

    Parameters
    ----------
    commands : argparse subparsers
        Those of ``hepadose``.
    """
    from hepadose.evaluation.paired_tests import RankMethod, Zeros

    study = commands.add_parser("response-study", help="statistics of response over a table of cases")
    study.set_defaults(run=_run_response_study)
    study.add_argument("table", type=Path, metavar="TABLE.csv", help="one line per case (Docs/ResponseStudy.md)")
    study.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    study.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    study.add_argument(
        "--wilcoxon",
        choices=[each.value for each in RankMethod],
        default=RankMethod.EXACT.value,
        help="method of its p",
    )
    study.add_argument(
        "--zeros",
        choices=[each.value for each in Zeros],
        default=Zeros.DROPPED.value,
        help="pairs without a difference: dropped, or ranked first",
    )


def _run_response_study(options: argparse.Namespace) -> int:
    from hepadose.batch.response_study import run_response_study
    from hepadose.evaluation.paired_tests import RankMethod, Zeros
    from hepadose.report.response_study_text import cohort_line

    study = run_response_study(
        options.table,
        options.output,
        method=RankMethod(options.wilcoxon),
        zero_handling=Zeros(options.zeros),
        overwrite=options.overwrite,
    )
    for cohort in study.cohorts:
        print(cohort_line(cohort))
    for note in study.notes:
        print(f"  {note}")
    print(f"Written to {options.output}")
    return EXIT_OK
