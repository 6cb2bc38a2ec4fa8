"""The command ``hepadose patient``: a digital patient with a known answer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.phantom.settings import DigitalPatientSettings

EXIT_OK = 0


def add_patient_command(commands: argparse._SubParsersAction) -> None:
    """Add the command; imports nothing heavy."""
    from hepadose.phantom.settings import Technique

    patient = commands.add_parser("patient", help="write a digital patient as DICOM, with the truth beside it")
    patient.set_defaults(run=_run_patient)
    patient.add_argument("folder", type=Path)
    patient.add_argument("--technique", choices=[t.value for t in Technique], default=next(iter(Technique)).value)
    patient.add_argument("--planted-gy", type=float, metavar="GY", help="dose at which this liver reacts")
    patient.add_argument("--matrix", type=int, default=256)
    patient.add_argument("--seed", type=int, default=1)


def _patient_settings(options: argparse.Namespace) -> DigitalPatientSettings:
    from hepadose.phantom.settings import DigitalPatientSettings, Technique

    planted = {} if options.planted_gy is None else {"planted_gy": options.planted_gy}
    return DigitalPatientSettings(
        technique=Technique(options.technique), matrix=options.matrix, seed=options.seed, **planted
    )


def _run_patient(options: argparse.Namespace) -> int:
    from hepadose.phantom.patient import make_digital_patient
    from hepadose.worker.console import progress_lines

    make_digital_patient(options.folder, _patient_settings(options), progress=progress_lines())
    print(f"Digital patient written to {options.folder}: dicom/ (all files mixed) and truth/.")
    return EXIT_OK
