"""Digital patients of radioembolization whose liver the shipped network outlines, and what that does to activities."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose.evaluation.overlap import dice
from hepadose.evaluation.surface import surface_distances
from hepadose.images import Image
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.prescription import DoseGoals, PrescriptionInput
from hepadose.sirt.products import products
from hepadose.sirt.ratios import activity_ratios
from hepadose.sirt.regions import OutlinedRegions, TreatmentRegions, treatment_regions
from hepadose.sirt_patient.anatomy import TreatedAnatomy, build_treated_anatomy
from hepadose.sirt_patient.patient import planted_ratios
from hepadose.sirt_patient.settings import SirtPatientSettings, TreatedPart

FIRST_SEED = 100
PARTS = (TreatedPart.RIGHT, TreatedPart.LEFT, TreatedPart.POSTERIOR)
PATIENT = Patient(1.75, 75.0)
GOALS = DoseGoals(territory_gy=120.0, normal_limit_gy=40.0)
WHOLE, PART = "whole liver", "treated part"
BSA, MIRD, PARTITION = "BSA", "MIRD", "partition"
MODELS = {
    ("bsa", "body surface and involvement"): BSA,
    ("mird", "120 Gy to the territory"): MIRD,
    ("partition", "40 Gy to normal liver"): PARTITION,
}
"""A goal for the tumors gives the same ratio as one for normal liver."""


@dataclass(frozen=True)
class Row:
    """One patient: the network's liver against the true one.

    ``ratios`` holds the activities' ratios, network over truth, by treatment and model.
    """

    number: int
    part: str
    liver_ml: float
    tumor_ml: float
    dice: float
    assd_mm: float
    hd95_mm: float
    volume_ratio: float
    ratios: dict[str, dict[str, float]]
    seconds: float


def cohort_settings(number: int) -> SirtPatientSettings:
    """The settings of one patient: livers of every form, three treated parts."""
    return SirtPatientSettings(
        product="resin", part=PARTS[number % len(PARTS)], liver_kind=None, spacing_mm=2.5, seed=FIRST_SEED + number
    )


def measure(number: int, segmenter) -> Row:
    """Outline one patient's liver with a network and compare."""
    settings = cohort_settings(number)
    anatomy = build_treated_anatomy(settings)
    start = time.perf_counter()
    found = segmenter.segment(SegmentationInputs(anatomy.ct)).mask
    seconds = time.perf_counter() - start
    gaps = surface_distances(found.array, anatomy.liver.array, anatomy.ct.spacing_kji_mm)
    true_ml = anatomy.liver.volume_ml()
    return Row(
        number,
        settings.part.value,
        true_ml,
        sum(tumor.volume_ml() for tumor in anatomy.tumors.values()),
        dice(found.array, anatomy.liver.array),
        gaps.mean_mm,
        gaps.hd95_mm,
        found.volume_ml() / true_ml,
        {treatment: activity_ratios_of(anatomy, found, settings, treatment) for treatment in (WHOLE, PART)},
        seconds,
    )


def activity_ratios_of(
    anatomy: TreatedAnatomy, found: Image, settings: SirtPatientSettings, treatment: str
) -> dict[str, float]:
    """Activities from the found liver over those from the true one, by model; tumors and T/N are the true ones."""
    true = _regions(anatomy, anatomy.liver, treatment)
    later = _regions(anatomy, found, treatment)
    ratios = planted_ratios(settings, len(anatomy.tumors))
    uptake = tuple((name, ml, r) for (name, ml), r in zip(true.treated_tumors_ml().items(), ratios, strict=True))
    given = PrescriptionInput(products()["resin"], true.volumes, PATIENT, goals=GOALS, uptake=uptake)
    return {MODELS[row.model, row.goal]: row.ratio for row in _known(given, later.volumes, true.volumes)}


def _known(given: PrescriptionInput, first: Volumes, second: Volumes):
    return (row for row in activity_ratios(given, first, second) if (row.model, row.goal) in MODELS)


def _regions(anatomy: TreatedAnatomy, liver: Image, treatment: str) -> TreatmentRegions:
    """The regions of a treatment on an outline of the liver; a tumor that the outline leaves out belongs to it."""
    territory = None
    if treatment == PART:
        with_tumors = np.any([liver.array, *(tumor.array for tumor in anatomy.tumors.values())], axis=0)
        territory = carried_over(anatomy.territory, anatomy.liver, liver.with_array(with_tumors))
    return treatment_regions(OutlinedRegions(liver, tuple(anatomy.tumors.items()), territory))


def carried_over(territory: Image, liver: Image, found: Image) -> Image:
    """The territory on another outline of the liver: each voxel follows the nearest one of the true liver."""
    nearest = ndimage.distance_transform_edt(
        ~liver.array, sampling=liver.spacing_kji_mm, return_distances=False, return_indices=True
    )
    return found.with_array((found.array > 0) & territory.array[tuple(nearest)])


def spread(values) -> str:
    """Mean and standard deviation, and the range."""
    values = np.asarray(list(values), float)
    sd = values.std(ddof=1) if values.size > 1 else float("nan")
    return f"{values.mean():.3f} ± {sd:.3f} ({values.min():.3f}–{values.max():.3f})"
