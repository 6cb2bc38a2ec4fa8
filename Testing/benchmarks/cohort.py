"""How near the found dose comes to the planted one, over digital patients of both techniques.

Each patient is written as DICOM and read back. Three analyses: with the true mask and the true transform; with the
true mask and the estimated registration; with the reaction found by the first segmenter. Where a model is given, a
fourth with the reaction that it finds. Finished patients are kept, so that an interrupted run goes on where it stopped.

    python Testing/benchmarks/cohort.py [--patients 24] [--folder FOLDER] [--workers 2] [--model MODEL]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from hepadose.batch.flr import run_flr
from hepadose.batch.job import FlrJob
from hepadose.errors import HepaDoseError
from hepadose.evaluation.overlap import dice
from hepadose.flr.result import FlrImages
from hepadose.flr.settings import DoseQuantity
from hepadose.images import Image, resample
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import ContrastPhase, DigitalPatientSettings, Technique
from hepadose.phantom.truth import read_truth

SLICES_MM = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
NOISE_HU = (8.0, 12.0, 16.0, 20.0)
PLANTED_GY = {Technique.SBRT5: (25.0, 28.0, 32.0, 36.0, 40.0), Technique.CONVENTIONAL25: (30.0, 33.0, 36.0, 40.0, 44.0)}
PHASES = (ContrastPhase.PORTAL_VENOUS, ContrastPhase.PORTAL_VENOUS, ContrastPhase.DELAYED)
WAYS = ("truth", "registered", "segmented")
NETWORK = "network"


def patient_settings(number: int) -> DigitalPatientSettings:
    """The settings of one patient of the cohort: every dimension of difficulty runs at its own period."""
    technique = tuple(Technique)[number % 2]
    physical_gy = PLANTED_GY[technique][(number // 2) % 5]
    return DigitalPatientSettings(
        technique=technique,
        planted_gy=physical_gy,
        follow_up_slice_mm=SLICES_MM[number % len(SLICES_MM)],
        noise_hu=NOISE_HU[number % len(NOISE_HU)],
        follow_up_phase=PHASES[number % len(PHASES)],
        position_shift_mm=(5.0, 12.0, 20.0)[number % 3],
        position_turn_deg=(1.0, 3.0, 5.0)[(number // 3) % 3],
        breathing_mm=(5.0, 10.0, 15.0)[(number // 2) % 3],
        shrinkage_percent=(4.0, 7.0, 10.0)[number % 3],
        seed=100 + number,
    )


def analyze(
    folder: Path, number: int, way: str, transform: Path | None, error_mm: float, **choices: str
) -> tuple[dict, Path]:
    """One analysis through the product's own door; the row and the result folder."""
    truth, masks = read_truth(folder), folder / "truth"
    if way in ("truth", "registered"):
        choices = {"reaction_file": masks / "reaction.nrrd"}
    # Every fourth patient is matched in EQD2 and compared as physical dose.
    quantity = DoseQuantity.EQD2 if number % 4 == 3 else DoseQuantity.PHYSICAL
    job = FlrJob(quantity=quantity, transform_file=transform, transform_error_mm=error_mm, **choices)
    output = folder / f"result-{way}"
    start = time.perf_counter()
    outcome = run_flr(folder / "dicom", output, job, overwrite=True)
    result = outcome.result
    planted = truth.planted_physical_gy
    label = f"physical dose in {truth.fractions} fractions"
    found = result.best_equivalents[label]
    low, high = (physical_of(value, result) for value in result.best.interval_gy)
    row = {
        "found_gy": found,
        "planted_gy": planted,
        "error_gy": found - planted,
        "interval_gy": [low, high],
        "inside": low <= planted <= high,
        "boundary_iou": result.best.boundary_iou,
        "gradient_gy_per_mm": result.best.gradient_gy_per_mm,
        "estimated_error_mm": result.registration.estimated_error_mm,
        "reaction_ml": result.reaction_ml,
        "dice": reaction_dice(folder, outcome.images),
        "seconds": time.perf_counter() - start,
    }
    return row, output


def physical_of(level_gy: float, result) -> float:
    """A level of the result's quantity as physical dose in Gy."""
    from hepadose.flr.analysis import level_in_quantities

    settings = result.settings
    levels = level_in_quantities(level_gy, settings.quantity, result.dose.fractions, settings.alpha_beta_gy)
    return next(iter(levels.values()))


def reaction_dice(folder: Path, images: FlrImages) -> float:
    """Agreement of the found reaction with the true one."""
    truth = Image.from_sitk(sitk.ReadImage(str(folder / "truth/reaction.nrrd")))
    return dice(images.reaction.array, resample(truth.with_array(truth.array > 0), images.reaction).array)


def registration_error_mm(folder: Path, transform: Path) -> float:
    """Mean distance in the true liver between estimated and true position."""
    from hepadose.registration import read_transform

    truth, estimated = read_truth(folder), read_transform(transform)
    ijk = np.argwhere(truth.liver.array)[:: max(int(truth.liver.array.sum()) // 2000, 1), ::-1]
    gaps_mm = []
    for point in map(tuple, truth.liver.ijk_to_points(ijk)):
        gap = np.subtract(estimated.TransformPoint(point), truth.transform.TransformPoint(point))
        gaps_mm.append(np.linalg.norm(gap))
    return float(np.mean(gaps_mm))


def run_patient(number: int, folder: Path, model: str | None) -> dict:
    """All analyses of one patient."""
    patient = folder / f"patient{number:02d}"
    settings = patient_settings(number)
    start = time.perf_counter()
    shutil.rmtree(patient, ignore_errors=True)  # of a run that was interrupted
    make_digital_patient(patient, settings)
    row = {"number": number, "technique": settings.technique.value, "slice_mm": settings.follow_up_slice_mm}
    row |= {"noise_hu": settings.noise_hu, "patient_seconds": time.perf_counter() - start}
    row["truth"], _ = analyze(patient, number, "truth", patient / "truth/follow_up_to_planning.nrrd", 0.0)
    row["registered"], output = analyze(patient, number, "registered", None, float("nan"))
    transform = output / "follow_up_to_planning.h5"
    row["true_error_mm"] = registration_error_mm(patient, transform)
    error_mm = row["registered"]["estimated_error_mm"]
    ways = {"segmented": {}} | ({NETWORK: {"reaction_model": model}} if model else {})
    for way, choices in ways.items():
        try:
            row[way], _ = analyze(patient, number, way, transform, error_mm, **choices)
        except HepaDoseError as problem:
            row[way] = {"failed": str(problem)}
    shutil.rmtree(patient)
    return row


def finished(folder: Path) -> dict[int, dict]:
    """Rows of earlier runs."""
    return {int(path.stem): json.loads(path.read_text()) for path in folder.glob("[0-9]*.json")}


def run_all(numbers: list[int], folder: Path, workers: int, model: str | None) -> dict[int, dict]:
    """All patients, in parallel processes of one thread each."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = finished(folder)
    with ProcessPoolExecutor(workers) as pool:
        jobs = {pool.submit(run_patient, number, folder, model): number for number in numbers if number not in rows}
        for job in as_completed(jobs):
            number = jobs[job]
            rows[number] = job.result()
            (folder / f"{number:02d}.json").write_text(json.dumps(rows[number], indent=1))
            print(line(rows[number]), flush=True)
    return rows


def line(row: dict) -> str:
    """One patient as a line of the table."""
    cells = [f"{row['number']:3d} {row['technique']:14s} {row['slice_mm']:3.1f} mm {row['noise_hu']:3.0f} HU"]
    cells.append(f"planted {row['truth']['planted_gy']:5.1f} Gy  TRE {row['true_error_mm']:4.2f} mm")
    cells.append(f"(est. {row['registered']['estimated_error_mm']:4.2f})")
    for way in (*WAYS, NETWORK):
        found = row.get(way)
        if found is None:
            continue
        if "failed" in found:
            cells.append(f"{way}: failed")
            continue
        low, high = found["interval_gy"]
        cells.append(f"{way} {found['error_gy']:+6.2f} [{low:4.1f}–{high:4.1f}]{' ' if found['inside'] else '!'}")
    return "  ".join(cells)


def summarize(rows: list[dict]) -> str:
    """Median and largest absolute error and coverage of the interval, per way."""
    lines = [f"{len(rows)} patients"]
    for way in (*WAYS, NETWORK):
        tried = [row[way] for row in rows if way in row]
        found = [one for one in tried if "failed" not in one]
        if not found:
            lines += [f"{way:11s} failed for all"] if tried else []
            continue
        errors, overlaps = np.abs([one["error_gy"] for one in found]), [one["dice"] for one in found]
        inside = np.mean([one["inside"] for one in found])
        lines.append(
            f"{way:11s} |error| median {np.median(errors):.2f} Gy, largest {errors.max():.2f} Gy; "
            f"interval contains the planted dose in {inside:.0%}; {len(tried) - len(found)} failed; reaction's Dice "
            f"median {np.median(overlaps):.3f}, lowest {min(overlaps):.3f}"
        )
    errors = np.array([(row["true_error_mm"], row["registered"]["estimated_error_mm"]) for row in rows])
    true, estimated = errors[:, 0], errors[:, 1]
    lines.append(
        f"registration: true error median {np.median(true):.2f} mm, largest {true.max():.2f} mm; "
        f"estimated / true median {np.median(estimated / true):.2f}"
    )
    return "\n".join(lines)


def main() -> int:
    """Run the cohort and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=24)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hepadose-cohort")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", help="network that finds the reaction, by name or folder")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = run_all(list(range(options.patients)), options.folder, options.workers, options.model)
    table = [rows[number] for number in sorted(rows) if number < options.patients]
    print("\n".join(line(row) for row in table))
    print(summarize(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
