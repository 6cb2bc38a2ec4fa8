"""Surface metrics against the values that MONAI, MedPy and DeepMind's surface-distance give for the same masks.

The table was computed with monai 1.6.1, surface-distance 0.1 and MedPy 0.5.2; printed to six decimals.
"""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from hepadose.evaluation.overlap import dice, volume_ratio
from hepadose.evaluation.surface import surface_distances

from support import SHARED, needs_shared

TOLERANCE = 1e-6
ONE_MM = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Case:
    a: np.ndarray
    b: np.ndarray
    spacing_kji_mm: tuple[float, float, float]
    dice: float
    mean_mm: float
    mean_of_means_mm: float
    directed_mm: tuple[float, float]
    hd_mm: float
    hd95_mm: tuple[float, float, float]
    """Larger of both directions, pooled, mean of both directions."""


def box(shape: tuple[int, int, int], *ranges: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(*limits) for limits in ranges)] = True
    return mask


def ball(radius: float) -> np.ndarray:
    axis = np.arange(48) - 23.5
    return (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2) <= radius**2


GRID, TALL = (48, 48, 48), (64, 48, 48)
CUBE = box(GRID, (10, 30), (10, 30), (10, 30))
SHIFTED = box(GRID, (10, 30), (10, 30), (12, 32))
WITH_SPECK = CUBE | box(GRID, (40, 41), (40, 41), (40, 41))
WITH_HOLE = CUBE & ~box(GRID, (15, 25), (15, 25), (15, 25))
AT_BORDER = box(GRID, (0, 20), (10, 30), (10, 30))
TALLER_AT_BORDER = box(GRID, (0, 22), (10, 30), (10, 30))
TALL_CUBE = box(TALL, (10, 30), (10, 30), (10, 30))
WITH_PLATE = TALL_CUBE | box(TALL, (45, 46), (10, 22), (10, 24))

CASES = {
    "cube shifted by 2 mm": Case(
        CUBE, SHIFTED, ONE_MM, 0.9, 0.671587, 0.671587, (0.671587, 0.671587), 2.0, (2.0, 2.0, 2.0)
    ),
    "cube shifted, flat voxels": Case(
        CUBE, SHIFTED, (2.5, 0.8, 0.8), 0.9, 0.549077, 0.549077, (0.549077, 0.549077), 1.6, (1.6, 1.6, 1.6)
    ),
    "concentric balls": Case(
        ball(10), ball(12), ONE_MM, 0.738978, 1.880996, 1.874053, (1.837104, 1.911001), 2.449490, (2.236068,) * 3
    ),
    "one voxel far away": Case(
        WITH_SPECK, CUBE, ONE_MM, 0.999938, 0.004393, 0.004392, (0.008784, 0.0), 19.052559, (0.0, 0.0, 0.0)
    ),
    "hollow cube": Case(WITH_HOLE, CUBE, ONE_MM, 0.933333, 0.486224, 0.433526, (0.867052, 0.0), 4.0, (4.0, 4.0, 2.0)),
    "cut by the image border": Case(
        AT_BORDER, TALLER_AT_BORDER, ONE_MM, 0.952381, 0.324421, 0.322557, (0.267528, 0.377586), 2.0, (2.0, 2.0, 2.0)
    ),
    "plate above a cube": Case(
        TALL_CUBE, WITH_PLATE, ONE_MM, 0.989609, 0.596803, 0.575342, (0.0, 1.150685), 16.0, (16.0, 0.0, 8.0)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_distances_agree_with_published_libraries(case):
    found = surface_distances(case.a, case.b, case.spacing_kji_mm)
    assert found.mean_mm == pytest.approx(case.mean_mm, abs=TOLERANCE)
    assert found.mean_of_means_mm == pytest.approx(case.mean_of_means_mm, abs=TOLERANCE)
    assert (found.a_to_b_mm, found.b_to_a_mm) == pytest.approx(case.directed_mm, abs=TOLERANCE)
    assert found.hd_mm == pytest.approx(case.hd_mm, abs=TOLERANCE)
    assert (found.hd95_mm, found.hd95_pooled_mm, found.hd95_mean_mm) == pytest.approx(case.hd95_mm, abs=TOLERANCE)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_dice_agrees_with_published_libraries(case):
    assert dice(case.a, case.b) == pytest.approx(case.dice, abs=TOLERANCE)


def test_volume_ratio_of_the_tabled_masks():
    assert volume_ratio(ball(10), ball(12)) == pytest.approx(0.586016, abs=TOLERANCE)
    assert volume_ratio(WITH_HOLE, CUBE) == pytest.approx(0.875)


VECTOR_CASES = {
    "cube20_shift2": "cube shifted by 2 mm",
    "cube20_shift2_aniso": "cube shifted, flat voxels",
    "hd95_conventions": "plate above a cube",
}


@needs_shared
def test_distances_agree_with_the_stored_vectors():
    vectors = json.loads((SHARED / "science" / "vectors.json").read_text())["surface"]
    assert {vector["name"] for vector in vectors} == set(VECTOR_CASES)
    for vector in vectors:
        case = CASES[VECTOR_CASES[vector["name"]]]
        found = surface_distances(case.a, case.b, tuple(vector["input"]["spacing"]))
        measured = {
            "DSC": dice(case.a, case.b),
            "ASSD_pooled": found.mean_mm,
            "ASSD_meanofmeans": found.mean_of_means_mm,
            "HD": found.hd_mm,
            "HD95": found.hd95_mm,
            "HD95_max": found.hd95_mm,
            "HD95_pooled": found.hd95_pooled_mm,
            "HD95_mean": found.hd95_mean_mm,
        }
        for name, expected in vector["expected"].items():
            assert measured[name] == pytest.approx(expected, abs=TOLERANCE), (vector["name"], name)
