"""The commands ``hepadose patient`` and ``hepadose sirt-patient``: digital patients with a known answer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.phantom.settings import DigitalPatientSettings
    from hepadose.sirt_patient.settings import SirtPatientSettings

EXIT_OK = 0
TREATED_PARTS = ("right lobe", "left lobe", "right posterior sector", "whole liver")


def add_patient_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands; imports nothing heavy."""
    _add_patient(commands)
    _add_sirt_patient(commands)


def _add_patient(commands: argparse._SubParsersAction) -> None:
    from hepadose.phantom.settings import Technique

    patient = commands.add_parser("patient", help="write a digital patient as DICOM, with the truth beside it")
    patient.set_defaults(run=_run_patient)
    patient.add_argument("folder", type=Path)
    patient.add_argument("--technique", choices=[t.value for t in Technique], default=next(iter(Technique)).value)
    patient.add_argument("--planted-gy", type=float, metavar="GY", help="dose at which this liver reacts")
    patient.add_argument("--matrix", type=int, default=256)
    patient.add_argument("--seed", type=int, default=1)


def _add_sirt_patient(commands: argparse._SubParsersAction) -> None:
    patient = commands.add_parser(
        "sirt-patient", help="write a digital patient of radioembolization: CT, segments, PET, SPECT, truth"
    )
    patient.set_defaults(run=_run_sirt_patient)
    patient.add_argument("folder", type=Path)
    patient.add_argument("--product", choices=["glass", "resin"], default="glass")
    patient.add_argument("--part", choices=TREATED_PARTS, default=TREATED_PARTS[0], help="what the microspheres reach")
    patient.add_argument("--tumors", type=float, nargs="+", metavar="MM", help="diameters of 1 to 4 tumors in mm")
    patient.add_argument("--uptake", type=float, nargs="+", metavar="T/N", help="T/N ratio of each tumor")
    patient.add_argument("--injected", type=float, metavar="GBQ", default=3.0)
    patient.add_argument("--lung-shunt", type=float, metavar="FRACTION", default=0.05)
    patient.add_argument("--residual", type=float, metavar="FRACTION", default=0.02)
    patient.add_argument("--hours", type=float, metavar="H", default=0.0, help="from the injection to the PET")
    patient.add_argument("--calibration", type=float, default=1.0, help="what the PET tells over the true activity")
    patient.add_argument("--clinical", action="store_true", help="images as blurred and noisy as clinical ones")
    patient.add_argument("--dicom", action="store_true", help="the CT as a DICOM series too")
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


def _sirt_patient_settings(options: argparse.Namespace) -> SirtPatientSettings:
    from dataclasses import replace

    from hepadose.sirt_patient.settings import CLINICAL_PET, CLINICAL_SPECT, ActivityScan, SirtPatientSettings

    pet, spect = (CLINICAL_PET, CLINICAL_SPECT) if options.clinical else (ActivityScan(), ActivityScan())
    return SirtPatientSettings(
        product=options.product,
        injected_gbq=options.injected,
        lung_shunt=options.lung_shunt,
        residual=options.residual,
        part=options.part,
        tumor_diameters_mm=tuple(options.tumors) if options.tumors else None,
        uptake_ratios=tuple(options.uptake) if options.uptake else None,
        hours_after_injection=options.hours,
        pet=replace(pet, calibration=options.calibration),
        spect=spect,
        seed=options.seed,
    )


def _run_sirt_patient(options: argparse.Namespace) -> int:
    from hepadose.sirt_patient.patient import make_sirt_patient
    from hepadose.worker.console import progress_lines

    settings = _sirt_patient_settings(options)
    truth = make_sirt_patient(options.folder, settings, progress_lines(), dicom=options.dicom)
    print(f"Digital patient written to {options.folder}. What the regions hold at injection:")
    for name, region in truth.regions.items():
        ratio = "" if region.uptake_ratio is None else f"  T/N {region.uptake_ratio:g}"
        print(f"{name:30s} {region.volume_ml:7.1f} ml {region.activity_gbq:7.3f} GBq {region.mean_gy:7.1f} Gy{ratio}")
    return EXIT_OK
