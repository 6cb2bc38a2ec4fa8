"""What the scanner adds: slices, noise and the table, on a cylinder of water."""

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.phantom.scanner import Scan, scan_grid, take_ct


def water_cylinder(step_at_z_mm: float | None = None) -> Image:
    """A cylinder of 100 mm radius about the z axis, filled with 0 HU, and with 100 HU above a height."""
    steps = np.arange(-130.0, 131.0, 2.0)
    z, y, x = np.meshgrid(np.arange(-60.0, 61.0, 2.0), steps, steps, indexing="ij")
    hu = np.where(np.hypot(x, y) < 100.0, 0.0, -1000.0)
    if step_at_z_mm is not None:
        hu[(z > step_at_z_mm) & (hu == 0.0)] = 100.0
    return Image(hu.astype(np.float32), (2.0,) * 3, (-130.0, -130.0, -60.0))


def scanned(slice_mm: float, noise_hu: float, image: Image | None = None, seed: int = 1) -> np.ndarray:
    grid = scan_grid((0.0, 0.0, 0.0), 320.0, 90.0, 160, slice_mm)
    return take_ct(image or water_cylinder(), Scan(grid, noise_hu), stream(seed, "noise")).array


def center(array: np.ndarray) -> np.ndarray:
    return array[5:-5, 60:100, 60:100]


@pytest.mark.parametrize(
    ("slice_mm", "expected_hu"), [(3.0, 15.0), (1.0, 15.0 * np.sqrt(3.0)), (6.0, 15.0 / np.sqrt(2.0))]
)
def test_noise_is_as_ordered_in_3_mm_and_falls_with_the_root_of_the_thickness(slice_mm, expected_hu):
    noise = center(scanned(slice_mm, 15.0))
    assert noise.std() == pytest.approx(expected_hu, rel=0.1)
    assert abs(noise.mean()) < 1.0


def test_noise_is_grainy_in_the_plane_and_independent_between_slices():
    noise = center(scanned(3.0, 15.0)).astype(float)
    blocks = noise.reshape(len(noise), 5, 8, 5, 8).mean(axis=(2, 4))
    above = np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]
    # The ramp of filtered backprojection leaves little noise at low frequencies: less than white noise would have.
    assert blocks.std() < 0.8 * noise.std() / 8.0
    assert abs(above) < 0.05


def test_noise_follows_the_seed():
    assert np.array_equal(scanned(3.0, 15.0), scanned(3.0, 15.0))
    assert not np.array_equal(scanned(3.0, 15.0), scanned(3.0, 15.0, seed=2))


def test_without_noise_water_is_exactly_0_hu_and_the_table_lies_below():
    hu = scanned(3.0, 0.0)
    assert np.all(center(hu) == 0.0)
    below, above = hu[10, 134:, 80], hu[10, :26, 80]
    assert below.max() > -600.0
    assert above.max() == -1000.0


def test_thick_slices_average_over_their_thickness():
    edge = water_cylinder(step_at_z_mm=0.0)
    thin, thick = (scanned(slice_mm, 0.0, edge)[:, 80, 80] for slice_mm in (1.0, 6.0))
    assert np.count_nonzero((thin > 2) & (thin < 98)) * 1.0 < 4.0
    assert np.count_nonzero((thick > 2) & (thick < 98)) >= 1
    assert np.all(np.diff(thick) >= 0)


def test_the_grid_is_centered_and_covers_the_length():
    grid = scan_grid((10.0, -20.0, 5.0), 400.0, 200.0, 128, 4.0)
    corners = grid.ijk_to_points(np.array([[0, 0, 0], np.array(grid.shape[::-1]) - 1]))
    assert corners.mean(axis=0) == pytest.approx([10.0, -20.0, 5.0], abs=0.01)
    assert corners[1, 2] - corners[0, 2] == pytest.approx(200.0)
