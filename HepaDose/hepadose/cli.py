"""The command line: ``hepadose flr``, ``check``, ``segment``, ``demo``, and what the other modules of its name add.

Exit codes: 0 the result is there, 1 the case cannot be analyzed (the reason is printed), 2 the call is wrong,
130 interrupted. Nothing ever prompts. ``Slicer --python-script`` runs the same :func:`main`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hepadose
from hepadose.cli_patient import add_patient_commands
from hepadose.cli_response import add_response_commands
from hepadose.cli_response_study import add_response_study_command
from hepadose.cli_sirt import add_sirt_commands
from hepadose.cli_train import add_training_commands
from hepadose.errors import HepaDoseError

if TYPE_CHECKING:
    from hepadose.batch.flr import FlrOutcome
    from hepadose.batch.job import FlrJob
    from hepadose.dicom.choices import CaseChoices

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; argparse exits with 2 by itself.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of this process if omitted.

    Returns
    -------
    int
        0 the result is there, 1 it cannot be made, 130 interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    _stop_cleanly_when_terminated()
    try:
        return options.run(options)
    except HepaDoseError as problem:
        print(f"hepadose: {problem}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("hepadose: interrupted; nothing was written.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _stop_cleanly_when_terminated() -> None:
    """Let a polite kill clean up as Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hepadose", description="Liver radiotherapy response and dosimetry.", epilog=hepadose.RESEARCH_USE
    )
    parser.add_argument("--version", action="version", version=f"hepadose {hepadose.__version__}")
    commands = parser.add_subparsers(title="commands", required=True)
    _add_flr(commands)
    _add_check(commands)
    _add_segment(commands)
    add_sirt_commands(commands)
    add_response_study_command(commands)
    add_response_commands(commands)
    add_patient_commands(commands)
    _add_demo(commands)
    add_training_commands(commands)
    return parser


def _add_flr(commands: argparse._SubParsersAction) -> None:
    flr = commands.add_parser("flr", help="which isodose does the focal liver reaction follow?")
    flr.set_defaults(run=_run_flr)
    flr.add_argument("case", type=Path, help="DICOM folder: planning CT, follow-up CT, dose, structures, plan")
    flr.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    flr.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    flr.add_argument("--no-scene", action="store_true", help="write no scene for 3D Slicer")
    _add_case_choices(flr)
    _add_match_choices(flr)


def _add_case_choices(flr: argparse.ArgumentParser) -> None:
    from hepadose.registration.settings import RegistrationMethod

    group = flr.add_argument_group("which files and masks (numbers and names as `hepadose check` lists them)")
    group.add_argument("--planning-series", type=int, metavar="N")
    group.add_argument("--follow-up-series", type=int, metavar="N")
    group.add_argument("--structure-set", type=int, metavar="N")
    group.add_argument("--dose", type=int, metavar="N")
    group.add_argument("--fractions", type=int, metavar="N", help="where the plan does not tell")
    group.add_argument("--liver", default="liver", metavar="NAME", help="name of the liver structure")
    reaction = group.add_mutually_exclusive_group()
    reaction.add_argument("--reaction-structure", metavar="NAME", help="structure on the follow-up CT")
    reaction.add_argument("--reaction-file", type=Path, metavar="IMAGE", help="mask in the space of the follow-up CT")
    reaction.add_argument("--reaction-model", metavar="MODEL", help="network that finds it, by name or folder")
    group.add_argument("--liver-model", metavar="MODEL", help="network for a CT without a contour of the liver")
    group.add_argument("--fill-missing-slices", action="store_true", help="interpolate missing CT slices")
    group.add_argument("--trust-frames", action="store_true", help="dose and planning CT share their coordinates")
    group.add_argument("--registration", choices=[method.value for method in RegistrationMethod], default="bspline")
    group.add_argument("--transform", type=Path, help="follow-up to planning transform to use instead")
    group.add_argument("--transform-error", type=float, default=float("nan"), metavar="MM", help="its error")


def _add_match_choices(flr: argparse.ArgumentParser) -> None:
    from hepadose.flr.settings import BandMode, DoseQuantity, FlrSettings, PlanarDefinition

    default = FlrSettings()
    group = flr.add_argument_group("how reaction and isodoses are matched")
    group.add_argument("--quantity", choices=[q.value for q in DoseQuantity], default=default.quantity.value)
    group.add_argument("--alpha-beta", type=float, default=default.alpha_beta_gy, metavar="GY")
    group.add_argument("--levels", type=float, nargs=3, metavar=("FIRST", "LAST", "STEP"), help="in Gy")
    group.add_argument("--band", type=float, default=default.band_mm, metavar="MM", help="half width of the band")
    group.add_argument("--band-mode", choices=[m.value for m in BandMode], default=default.band_mode.value)
    group.add_argument("--in-plane", action="store_true", help="measure the band within slices only")
    definitions = [definition.value for definition in PlanarDefinition]
    group.add_argument("--also", choices=definitions, action="append", default=[], help="published 2-D definition")


def _job_of(options: argparse.Namespace) -> FlrJob:
    from hepadose.batch.job import FlrJob
    from hepadose.flr.settings import BandMode, DoseQuantity, PlanarDefinition
    from hepadose.registration.settings import RegistrationMethod

    levels = {}
    if options.levels:
        levels = dict(zip(("first_level_gy", "last_level_gy", "level_step_gy"), options.levels, strict=True))
    return FlrJob(
        choices=_case_choices_of(options),
        quantity=DoseQuantity(options.quantity),
        alpha_beta_gy=options.alpha_beta,
        band_mode=BandMode(options.band_mode),
        band_mm=options.band,
        in_plane=options.in_plane,
        planar_definitions=tuple(PlanarDefinition(name) for name in options.also),
        registration=RegistrationMethod(options.registration),
        transform_file=options.transform,
        transform_error_mm=options.transform_error,
        reaction_name=options.reaction_structure,
        reaction_file=options.reaction_file,
        reaction_model=options.reaction_model,
        liver_model=options.liver_model,
        **levels,
    )


def _case_choices_of(options: argparse.Namespace) -> CaseChoices:
    from hepadose.dicom.choices import CaseChoices

    return CaseChoices(
        planning_series=options.planning_series,
        follow_up_series=options.follow_up_series,
        structure_set=options.structure_set,
        dose=options.dose,
        fractions=options.fractions,
        liver=options.liver,
        fill_missing=options.fill_missing_slices,
        trust_frames=options.trust_frames,
    )


def _run_flr(options: argparse.Namespace) -> int:
    from hepadose.batch.flr import run_flr

    writers = () if options.no_scene else _scene_writers()
    outcome = run_flr(
        options.case,
        options.output,
        _job_of(options),
        writers=writers,
        overwrite=options.overwrite,
        progress=_progress_printer(),
    )
    _print_outcome(outcome, options.output)
    return EXIT_OK


def _scene_writers() -> tuple:
    """The scene writer where MRML is at hand; elsewhere one line says what is left out and how to get it."""
    from hepadose.errors import MissingDependencyError
    from hepadose.mrml.scene import write_scene_file

    try:
        return (write_scene_file(),)
    except MissingDependencyError as problem:
        print(f"hepadose: no scene for 3D Slicer is written: {problem}", file=sys.stderr)
        return ()


def _progress_printer() -> Callable[[str, float], None]:
    from hepadose.worker.console import progress_lines

    return progress_lines()


def _print_outcome(outcome: FlrOutcome, output: Path) -> None:
    from hepadose.report.text import headline
    from hepadose.timing import format_summary, summarize

    print(headline(outcome.result))
    for finding in (*outcome.result.findings, *outcome.notes):
        print(f"  {finding}")
    print(format_summary(summarize(outcome.timing)))
    print(f"Written to {output}: {', '.join(outcome.files)}")


def _add_check(commands: argparse._SubParsersAction) -> None:
    check = commands.add_parser("check", help="what is in a DICOM folder, and what is wrong with it?")
    check.set_defaults(run=_run_check)
    check.add_argument("case", type=Path, help="DICOM folder")


def _run_check(options: argparse.Namespace) -> int:
    from hepadose.dicom.case import preflight_flr_case
    from hepadose.findings import Level, worst_level

    checked = preflight_flr_case(options.case)
    for finding in checked.findings:
        print(finding)
    good = checked.case is not None and worst_level(checked.findings) is not Level.ERROR
    print("Ready to be analyzed." if good else "Cannot be analyzed as it is.")
    return EXIT_OK if good else EXIT_FAILED


def _add_segment(commands: argparse._SubParsersAction) -> None:
    from hepadose.batch.segment_options import add_segment_options

    segment = commands.add_parser("segment", help="liver, tumor or reaction on a CT, by a network")
    segment.set_defaults(run=_run_segment)
    add_segment_options(segment)


def _run_segment(options: argparse.Namespace) -> int:
    from hepadose.batch.segment import run_segment
    from hepadose.batch.segment_options import segment_job

    job, progress = segment_job(options), _progress_printer()
    outcome = run_segment(options.ct, options.output, job, overwrite=options.overwrite, progress=progress)
    print(f"{outcome.volume_ml:.0f} ml, {outcome.origin}")
    for finding in outcome.findings:
        print(f"  {finding}")
    print(f"Written to {options.output}: {', '.join(outcome.files)}")
    return EXIT_OK


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help="a digital patient from DICOM to report: found against planted dose")
    demo.set_defaults(run=_run_demo)
    demo.add_argument("--output", "-o", type=Path, default=Path("demo-output"))


def _run_demo(options: argparse.Namespace) -> int:
    from hepadose.batch.demo import run_demo

    start = time.perf_counter()
    demo = run_demo(options.output, writers=_scene_writers(), progress=_progress_printer())
    _print_outcome(demo.outcome, options.output / "result")
    print(demo.comparison())
    print(
        f"Time for patient and analysis: {time.perf_counter() - start:.0f} s. Open {options.output}/result/report.html"
    )
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
