"""The command ``hepadose response-study``: its options and what it prints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.evaluation.response_study import CohortStatistics

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

    study = run_response_study(
        options.table,
        options.output,
        method=RankMethod(options.wilcoxon),
        zero_handling=Zeros(options.zeros),
        overwrite=options.overwrite,
    )
    for cohort in study.cohorts:
        print(_summary(cohort))
    for note in study.notes:
        print(f"  {note}")
    print(f"Written to {options.output}")
    return EXIT_OK


def _summary(cohort: CohortStatistics) -> str:
    """Cases, mean DSC, error of the diameter and categories in one line."""
    parts = [f"{cohort.name}: {cohort.cases} case{'' if cohort.cases == 1 else 's'}"]
    for name, words in (("dice_post_general", "general"), ("dice_post_personal", "personal")):
        if name in cohort.means:
            parts.append(f"DSC {words} {cohort.means[name].summary.mean:.2f}")
    if "diameter_mm" in cohort.errors:
        error = cohort.errors["diameter_mm"]
        parts.append(f"diameter {error.mean_signed:+.1f} mm (absolute {error.mean_absolute:.1f} mm)")
    if cohort.categories is not None:
        concordance = cohort.categories.concordance
        parts.append(f"same category {concordance.hits} of {concordance.count}")
    return ", ".join(parts)
