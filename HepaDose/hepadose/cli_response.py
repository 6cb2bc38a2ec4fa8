"""The command ``hepadose response``: its options, the job that they make, what it prints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.batch.response_job import ResponseJob
    from hepadose.recist.records import Assessment

EXIT_OK = 0
CRITERIA = ("recist-1.1", "mrecist", "who", "easl", "volume")


def add_response_commands(commands: argparse._SubParsersAction) -> None:
    """Add the command; imports nothing heavy.

    Parameters
    ----------
    commands : argparse subparsers
        Those of ``hepadose``.
    """
    response = commands.add_parser("response", help="response category from outlines of lesions before and after")
    response.set_defaults(run=_run_response)
    response.add_argument(
        "times",
        type=Path,
        nargs="+",
        metavar="OUTLINES",
        help="segments of 3D Slicer (.seg.nrrd): baseline first, then each follow-up",
    )
    response.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    response.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    _add_lesions(response)
    _add_rules(response)


def _add_lesions(response: argparse.ArgumentParser) -> None:
    group = response.add_argument_group("lesions")
    group.add_argument("--lesion", action="append", metavar="NAME", help='again for each; else names like "Tumor 1"')
    group.add_argument("--join-parts", action="store_true", help="a segment is one lesion, whatever parts it has")
    group.add_argument(
        "--transform",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="baseline to follow-up, one for each",
    )
    group.add_argument("--search", type=float, default=5.0, metavar="MM", help="gap that registration may leave")
    group.add_argument("--irradiated", action="append", default=[], metavar="NAME", help="treated before the baseline")
    group.add_argument("--target", action="append", default=[], metavar="NAME", help="shall be a target")
    group.add_argument("--no-target", action="append", default=[], metavar="NAME", help="shall be a non-target")


def _add_rules(response: argparse.ArgumentParser) -> None:
    group = response.add_argument_group("criteria and statements of the reader")
    group.add_argument("--criterion", action="append", choices=CRITERIA, help="again for each; the first leads")
    group.add_argument("--convention", choices=("contour", "edge", "center"), default="contour")
    group.add_argument("--link", action="store_true", help="measure across separate parts within a slice")
    group.add_argument("--internal", action="store_true", help="long axes never leave the lesion")
    group.add_argument("--months", type=float, action="append", default=[], help="since treatment, per follow-up")
    group.add_argument("--non-target-response", choices=("CR", "non-CR/non-PD", "PD", "NE"), help="at the last time")
    group.add_argument("--new-lesions", choices=("no", "equivocal", "yes"), help="at the last time")
    group.add_argument("--one-reader", action="store_true", help="one reader outlined all times")


def response_job(options: argparse.Namespace) -> ResponseJob:
    """The job that the parsed options describe.

    Raises
    ------
    SettingsError
        If a value is impossible.
    """
    from hepadose.batch.response_job import ResponseJob
    from hepadose.checks import require_range
    from hepadose.errors import SettingsError
    from hepadose.recist.diameters import DiameterSettings
    from hepadose.recist.lesions import Role
    from hepadose.recist.outline import Convention
    from hepadose.recist.overall import NewLesions
    from hepadose.recist.pairing import PairingSettings
    from hepadose.recist.target_response import Category

    require_range("gap between lesions", options.search, 0.0, 50.0, "mm")
    if both := sorted(set(options.target) & set(options.no_target)):
        raise SettingsError(f"{', '.join(both)} cannot be target and non-target.")
    diameters = DiameterSettings(Convention(options.convention), True, options.link, options.internal)
    roles = dict.fromkeys(options.target, Role.TARGET) | dict.fromkeys(options.no_target, Role.NON_TARGET)
    return ResponseJob(
        lesions=options.lesion and tuple(options.lesion),
        join_parts=options.join_parts,
        transforms=tuple(options.transform),
        criteria=tuple(dict.fromkeys(options.criterion or ResponseJob.criteria)),
        diameters=diameters,
        pairing=PairingSettings(search_mm=options.search),
        months=tuple(options.months),
        irradiated=tuple(options.irradiated),
        roles=roles,
        non_target=options.non_target_response and Category(options.non_target_response),
        new=options.new_lesions and NewLesions(options.new_lesions),
        one_reader=options.one_reader,
    )


def _run_response(options: argparse.Namespace) -> int:
    from hepadose.batch.response import run_response
    from hepadose.worker.console import progress_lines

    job = response_job(options)
    outcome = run_response(options.times, options.output, job, overwrite=options.overwrite, progress=progress_lines())
    print(_summary(outcome.assessment))
    for finding in (*outcome.notes, *outcome.assessment.findings):
        print(f"  {finding}")
    print(f"Written to {options.output}: {', '.join(outcome.files)}")
    return EXIT_OK


def _summary(assessment: Assessment) -> str:
    """One line per follow-up and criterion, with the reason."""
    lines = []
    for time, responses in zip(assessment.times[1:], assessment.responses, strict=True):
        for each in responses:
            reason = each.target.reason if each.target else "there is no target lesion"
            lines.append(
                f"{time}, {each.criterion.name}: {each.overall.value} ({reason}; new lesions: {each.new.value})"
            )
            lines += [f"  {remark}" for remark in each.remarks]
    return "\n".join(lines)
