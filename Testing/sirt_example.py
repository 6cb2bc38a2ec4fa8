"""A small radioembolization case for tests: liver, territory, tumor and lungs of known volumes, as DICOM files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hepadose.dicom.write import StructureMask, write_ct_series, write_rtstruct
from hepadose.images import Image, resample

from dicom_example import a_study
from emission_example import write_pet

SHAPE, SPACING_MM, ORIGIN = (40, 50, 60), (4.0, 4.0, 5.0), (-120.0, -100.0, -60.0)
VOXEL_ML = 0.08
LIVER_ML = 20 * 40 * 23 * VOXEL_ML
TERRITORY_ML = 20 * 40 * 12 * VOXEL_ML
TUMOR_ML = 6 * 12 * 8 * VOXEL_ML
LUNGS_ML = 14 * 40 * 50 * VOXEL_ML
UPTAKE_RATIO = 4.0


def treatment_masks() -> dict[str, Image]:
    """Liver of 1472 ml, territory of 768 ml, tumor of 46 ml in it, and lungs above."""
    liver, right, tumor, lungs = (np.zeros(SHAPE, bool) for _ in range(4))
    liver[2:22, 5:45, 6:29] = True
    right[2:22, 5:45, 6:18] = True
    tumor[8:14, 15:27, 8:16] = True
    lungs[24:38, 5:45, 5:55] = True
    grid = Image(liver, SPACING_MM, ORIGIN)
    named = {"Liver": liver, "Territory": right, "Tumor 1": tumor, "Lungs": lungs}
    return {name: grid.with_array(mask) for name, mask in named.items()}


def treatment_ct() -> Image:
    """Soft tissue with a liver, a darker tumor and lungs, in HU."""
    drawn = treatment_masks()
    hu = np.full(SHAPE, -20.0, np.float32)
    for name, value in {"Liver": 110.0, "Tumor 1": 60.0, "Lungs": -820.0}.items():
        hu[drawn[name].array] = value
    return drawn["Liver"].with_array(hu)


def treatment_activity() -> Image:
    """Bq/ml: the territory takes up, its tumor four times as much, on a grid of its own."""
    drawn = treatment_masks()
    becquerel = np.where(drawn["Tumor 1"].array, 2e5 * UPTAKE_RATIO, 2e5) * drawn["Territory"].array
    scanner = Image(np.zeros((46, 60, 70)), SPACING_MM, (-136.0, -116.0, -75.0))
    return resample(drawn["Liver"].with_array(becquerel), scanner)


def write_treatment(folder: Path, *, activity: bool = True) -> Path:
    """Write CT, structure set and PET into one folder."""
    study, drawn = a_study(), treatment_masks()
    ct = write_ct_series(folder, treatment_ct(), study)
    structures = {name: StructureMask(mask, generation_algorithm="MANUAL") for name, mask in drawn.items()}
    write_rtstruct(folder / "RS.dcm", structures, ct)
    if activity:
        write_pet(folder, treatment_activity(), study)
    return folder
