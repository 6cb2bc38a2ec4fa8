"""Published rules as vectors: planes of a dose grid, areas of keyhole and nested contours."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.dicom.dose_planes import plane_positions
from hepadose.dicom.outlines import signed_area
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import Contour, GeometricType, Structure
from hepadose.images import Image

from support import oracles

PIXEL_MM = 0.5


def axes_of(cosines):
    row, column = np.array(cosines[:3], float), np.array(cosines[3:], float)
    return np.column_stack([row, column, np.cross(row, column)])


def square(side_mm):
    half = side_mm / 2
    return 25.0 + np.array([[-half, -half], [half, -half], [half, half], [-half, half]])


def raster_area_mm2(*polygons, kind=GeometricType.CLOSED_PLANAR):
    """Area by filling on 0.5 mm pixels whose centers lie off the outlines."""
    contours = tuple(Contour(np.column_stack([np.asarray(p, float), np.zeros(len(p))]), kind) for p in polygons)
    grid = Image(np.zeros((2, 110, 110), bool), (PIXEL_MM, PIXEL_MM, 3.0), (-2.25, -2.25, 0.0))
    mask = rasterize(Structure(1, "S", "ORGAN", (0, 0, 0), contours), grid).mask.array
    return np.count_nonzero(mask[0]) * PIXEL_MM**2


@pytest.mark.parametrize("case", oracles("rtdose_planes"))
def test_dose_planes_lie_where_the_standard_says(case):
    given = case["input"]
    positions = plane_positions(np.array(given["gfov"]), np.array([0, 0, given["ipp_z"]]), axes_of(given["iop"]))
    assert positions[:, 2].tolist() == case["expected"]


@pytest.mark.parametrize("case", oracles("contour"))
def test_a_keyhole_contour_has_its_area_by_shoelace_and_by_filling(case):
    assert abs(signed_area(np.array(case["input"], float))) == pytest.approx(case["expected"])
    assert raster_area_mm2(case["input"]) == pytest.approx(case["expected"])


@pytest.mark.parametrize("kind", [GeometricType.CLOSED_PLANAR, GeometricType.CLOSEDPLANAR_XOR])
def test_nested_squares_of_40_20_and_10_mm_enclose_1300_mm2(kind):
    """Even-odd: 1600 - 400 + 100; a union would give 1600 (domain specification 6.B)."""
    assert raster_area_mm2(square(40), square(20), square(10), kind=kind) == pytest.approx(1300)
