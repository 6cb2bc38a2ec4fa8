"""The commands ``hepadose sirt``, ``sirt-order`` and ``readers``: options, the jobs they make, what they print."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.batch.sirt import SirtOutcome
    from hepadose.batch.sirt_job import SirtJob

EXIT_OK = 0


def add_sirt_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands; imports nothing heavy.

    Parameters
    ----------
    commands : argparse subparsers
        Those of ``hepadose``.
    """
    _add_sirt(commands)
    _add_order(commands)
    _add_readers(commands)


def _add_sirt(commands: argparse._SubParsersAction) -> None:
    sirt = commands.add_parser("sirt", help="volumes, activities and doses of a Y-90 radioembolization")
    sirt.set_defaults(run=_run_sirt)
    sirt.add_argument(
        "segments",
        type=Path,
        metavar="OUTLINES",
        help="segments of 3D Slicer (.seg.nrrd), RT structure set, DICOM segmentation, or a folder with one of these",
    )
    sirt.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    sirt.add_argument("--overwrite", action="store_true", help="replace an earlier result")
    sirt.add_argument("--dicom-out", action="store_true", help="write the regions as RTSTRUCT, SEG and report (SR) too")
    _add_regions(sirt)
    _add_prescription(sirt)
    _add_activity(sirt)


def _add_order(commands: argparse._SubParsersAction) -> None:
    order = commands.add_parser("sirt-order", help="vials that hold a needed activity at the hour of the injection")
    order.set_defaults(run=_run_order)
    order.add_argument("--activity", type=float, required=True, metavar="GBQ", help="in the vial at injection")
    order.add_argument("--product", default="glass", help="glass, resin, or one of --products")
    order.add_argument("--products", type=Path, metavar="FILE", help="products of your hospital (JSON)")
    zoned = "with its time zone, for instance 2026-03-02T12:00+01:00"
    order.add_argument("--calibration", type=datetime.fromisoformat, required=True, metavar="TIME", help=zoned)
    order.add_argument("--injection", type=datetime.fromisoformat, required=True, metavar="TIME", help=zoned)
    order.add_argument(
        "--tolerance", type=float, default=0.05, metavar="FRACTION", help="largest deviation, 0.05 is 5 %%"
    )


def _run_order(options: argparse.Namespace) -> int:
    from hepadose.sirt.ordering import order_vial
    from hepadose.sirt.products import product_named

    product = product_named(options.product, options.products)
    found = order_vial(product, options.activity, options.calibration, options.injection, options.tolerance)
    print(f"{product.name}, {found.hours:.1f} h from calibration to injection, half-life {product.half_life_h:g} h")
    print(f"{options.activity:.2f} GBq at injection are {found.exact_gbq:.2f} GBq at calibration")
    for choice in found.choices:
        print(f"  vial of {choice.vial_gbq:g} GBq: {choice.activity_gbq:.2f} GBq at injection, {choice.deviation:+.1%}")
    if not found.choices:
        print(f"  no vial lies within {options.tolerance:.0%}; choose another calibration or hour of injection")
    return EXIT_OK


def _add_readers(commands: argparse._SubParsersAction) -> None:
    readers = commands.add_parser("readers", help="compare contours of many cases by programs and readers")
    readers.set_defaults(run=_run_readers)
    readers.add_argument("study", type=Path, help="folder with study.csv, which lists the contours")
    readers.add_argument("--output", "-o", type=Path, required=True, help="folder of the result")
    readers.add_argument("--overwrite", action="store_true", help="replace an earlier result")


def _run_readers(options: argparse.Namespace) -> int:
    from hepadose.batch.readers import run_readers

    tables = run_readers(options.study, options.output, overwrite=options.overwrite)
    for pair in tables.pairs:
        dice, ratio = pair.summaries["dice"].text(3), pair.summaries["volume_ratio"].text(3)
        print(f"{pair.first} – {pair.second}: {len(pair.rows)} cases, DSC {dice}, ratio of volumes {ratio}")
    for note in tables.notes:
        print(f"  {note}")
    print(f"Written to {options.output}")
    return EXIT_OK


def _add_regions(sirt: argparse.ArgumentParser) -> None:
    group = sirt.add_argument_group("which segment is what")
    group.add_argument("--liver", default="liver", metavar="NAME")
    group.add_argument("--territory", metavar="NAME", help="what is treated; the whole liver if omitted")
    group.add_argument("--tumor", action="append", metavar="NAME", help='again for each; else names like "Tumor 1"')
    group.add_argument("--lungs", metavar="NAME")
    group.add_argument("--ct", type=Path, metavar="FOLDER", help="DICOM CT of the outlines; theirs if omitted")
    group.add_argument("--fill-missing", action="store_true", help="interpolate missing slices of the CT")
    group.add_argument("--trust-frames", action="store_true", help="CT, outlines and activity share their coordinates")


def _add_prescription(sirt: argparse.ArgumentParser) -> None:
    from hepadose.sirt.guidance import DISEASES, TREATMENTS

    group = sirt.add_argument_group("patient, product and goals")
    group.add_argument("--product", default="glass", help="glass, resin, or one of --products")
    group.add_argument("--products", type=Path, metavar="FILE", help="products of your hospital (JSON)")
    group.add_argument("--treatment", choices=TREATMENTS, default="unilobar")
    group.add_argument("--disease", choices=tuple(DISEASES), help="shows the published values for it alone")
    group.add_argument("--height", type=float, metavar="M", help="in meters")
    group.add_argument("--weight", type=float, metavar="KG")
    group.add_argument("--lung-shunt", type=float, default=0.0, metavar="FRACTION", help="0.05 is 5 %%")
    group.add_argument("--residual", type=float, default=0.0, metavar="FRACTION", help="stays in vial and tubing")
    group.add_argument("--lung-mass", type=float, default=1.0, metavar="KG")
    group.add_argument("--territory-dose", type=float, metavar="GY", help="mean dose to the territory")
    group.add_argument("--tumor-dose", type=float, metavar="GY", help="mean dose that every tumor shall get")
    group.add_argument("--normal-limit", type=float, metavar="GY", help="of normal liver in the territory")
    group.add_argument("--lung-limit", type=float, default=30.0, metavar="GY")
    group.add_argument("--uptake", action="append", default=[], metavar="NAME=RATIO", help="T/N ratio of a tumor")
    group.add_argument("--density", type=float, metavar="G_PER_ML")
    group.add_argument("--constant", help="glass_IFU, partition_49.67 or physical; the product's if omitted")


def _add_activity(sirt: argparse.ArgumentParser) -> None:
    from hepadose.sirt.analysis import DoseMethod

    group = sirt.add_argument_group("image of activity")
    group.add_argument("--activity", type=Path, metavar="IMAGE", help="PET or SPECT: image file or DICOM folder")
    group.add_argument("--activity-series", type=int, metavar="N", help="which PET or NM series of a folder")
    group.add_argument("--counts", action="store_true", help="its numbers are counts, not Bq/ml")
    group.add_argument("--unit", type=float, default=1.0, metavar="BQ_PER_ML", help="what 1 in the image is")
    group.add_argument("--hours", type=float, help="decay-corrected to so long after the injection (DICOM says it)")
    group.add_argument(
        "--f18-protocol", type=float, metavar="MINUTES", help="scanned as F-18, so long per bed: undo it"
    )
    group.add_argument("--injected", type=float, metavar="GBQ", help="activity in the vial at injection")
    group.add_argument("--method", choices=[method.value for method in DoseMethod], default=DoseMethod.LOCAL.value)


def sirt_job(options: argparse.Namespace) -> SirtJob:
    """The job that the parsed options describe.

    Raises
    ------
    SettingsError, UnitsError
        If a value is impossible.
    """
    from hepadose.batch.sirt_job import RegionNames, SirtJob
    from hepadose.errors import SettingsError
    from hepadose.sirt.analysis import DoseMethod, ImageKind
    from hepadose.sirt.inputs import Patient
    from hepadose.sirt.mird import Delivery
    from hepadose.sirt.prescription import DoseGoals

    if (options.height is None) != (options.weight is None):
        raise SettingsError("Body surface needs height and weight; give both or neither.")
    return SirtJob(
        product=options.product,
        products_file=options.products,
        treatment=options.treatment,
        names=RegionNames(options.liver, options.territory, options.lungs, options.tumor and tuple(options.tumor)),
        patient=None if options.height is None else Patient(options.height, options.weight),
        delivery=Delivery(options.lung_shunt, options.residual, options.lung_mass),
        goals=DoseGoals(options.territory_dose, options.tumor_dose, options.normal_limit, options.lung_limit),
        uptake=dict(_ratio(text) for text in options.uptake),
        density_g_per_ml=options.density,
        constant=options.constant,
        activity_file=options.activity,
        activity_kind=ImageKind.COUNTS if options.counts else ImageKind.CONCENTRATION,
        unit_bq_per_ml=options.unit,
        hours_after_injection=options.hours,
        injected_gbq=options.injected,
        method=DoseMethod(options.method),
        activity_series=options.activity_series,
        f18_scan_minutes=options.f18_protocol,
        ct_folder=options.ct,
        fill_missing=options.fill_missing,
        trust_frames=options.trust_frames,
        dicom_out=options.dicom_out,
        disease=options.disease,
    )


def _ratio(text: str) -> tuple[str, float]:
    from hepadose.errors import SettingsError

    name, sign, ratio = text.rpartition("=")
    try:
        return name, float(ratio) if sign else float("")
    except ValueError as problem:
        raise SettingsError(f'A T/N ratio is given as NAME=RATIO, got "{text}".') from problem


def _run_sirt(options: argparse.Namespace) -> int:
    from hepadose.batch.sirt import run_sirt
    from hepadose.worker.console import progress_lines

    outcome = run_sirt(
        options.segments, options.output, sirt_job(options), overwrite=options.overwrite, progress=progress_lines()
    )
    print(_summary(outcome))
    for finding in (*outcome.result.findings, *outcome.notes):
        print(f"  {finding}")
    print(f"Written to {options.output}: {', '.join(outcome.files)}")
    return EXIT_OK


def _summary(outcome: SirtOutcome) -> str:
    """Volumes, one line per activity and per dose."""
    result = outcome.result
    lines = [", ".join(f"{name} {volume:.0f} ml" for name, volume in result.volumes_ml.items())]
    for row in result.prescription.rows:
        doses = f"territory {row.territory_gy:.0f} Gy, lungs {row.lungs_gy:.1f} Gy"
        lines.append(f"{row.activity_gbq:6.2f} GBq  {row.model}: {row.goal} ({doses})")
    if result.prescription.tightest:
        limit = result.prescription.tightest
        lines.append(f"{limit.activity_gbq:6.2f} GBq  at most: {limit.name}")
    for row in result.doses:
        ratio = f", T/N {row.uptake_ratio:.1f}" if row.uptake_ratio is not None else ""
        lines.append(f"{row.mean_gy:6.1f} Gy   {row.name} ({row.volume_ml:.1f} ml, mean from the image{ratio})")
    return "\n".join(lines)
