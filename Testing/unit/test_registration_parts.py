"""The parts of the B-spline stage: exact adjoints and derivatives, and a search that no table position fools."""

import numpy as np
import pytest
from scipy import ndimage

from hepadose.images import Image
from hepadose.registration.freeform import Lattice
from hepadose.registration.initial import start_from_images
from hepadose.registration.similarity import LocalRegression
from hepadose.registration.working import signed_distance

GRID = Image(np.zeros((21, 26, 31), np.float32), (4.0, 4.0, 4.0), (-60.0, 30.0, 500.0))
LATTICE = Lattice(GRID, 25.0)


def random_coefficients(seed: int, lattice: Lattice = LATTICE) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=lattice.shape)


def test_equal_coefficients_move_everything_alike_and_bend_nothing():
    coefficients = np.ones(LATTICE.shape)
    assert LATTICE.displacements(coefficients) == pytest.approx(np.ones((3, *GRID.shape)))
    assert np.abs(LATTICE.bending_gradient(coefficients)).max() < 1e-9


def test_the_adjoint_belongs_to_the_displacements():
    coefficients, forces = random_coefficients(1), np.random.default_rng(2).normal(size=(3, *GRID.shape))
    assert np.vdot(LATTICE.displacements(coefficients), forces) == pytest.approx(
        np.vdot(coefficients, LATTICE.adjoint(forces))
    )


def test_the_bending_energy_is_that_of_a_parabola():
    # u_x = z²/2 has ∂²u/∂z² = 1 everywhere, so the energy is the volume of the box.
    nodes_mm = (np.arange(LATTICE.shape[1]) - 1) * LATTICE.cells_kji_mm[0]
    coefficients = np.zeros(LATTICE.shape)
    coefficients[0] = (nodes_mm**2 / 2)[:, None, None]
    volume_mm3 = np.prod([(n - 1) * 4.0 for n in GRID.shape])
    assert np.vdot(coefficients, LATTICE.bending_gradient(coefficients)) == pytest.approx(volume_mm3)


def test_draws_have_the_bending_matrix_as_their_covariance():
    small = Lattice(Image(np.zeros((5, 5, 5)), (10.0, 10.0, 10.0)), 40.0)
    probe = random_coefficients(5, small)
    random = np.random.default_rng(0)
    products = [np.vdot(probe, small.bending_draw(random)) for _ in range(2000)]
    assert np.var(products) == pytest.approx(np.vdot(probe, small.bending_gradient(probe)), rel=0.12)


def test_a_finer_lattice_repeats_the_displacements():
    coefficients = random_coefficients(3)
    finer = Lattice(GRID, LATTICE.cells_kji_mm[0] / 2)
    exact = Lattice(GRID, 20.0)
    same = exact.refined(random_coefficients(4, exact), exact)
    assert same == pytest.approx(random_coefficients(4, exact), abs=1e-6)
    moved = finer.displacements(LATTICE.refined(coefficients, finer))
    assert np.abs(moved - LATTICE.displacements(coefficients)).mean() < 0.05


def test_the_transform_moves_points_as_the_lattice_does():
    coefficients = random_coefficients(6)
    field, transform = LATTICE.displacements(coefficients), LATTICE.to_transform(coefficients)
    for k, j, i in [(0, 0, 0), (20, 25, 30), (7, 13, 21)]:
        point = GRID.ijk_to_points([i, j, k])
        assert np.array(transform.TransformPoint(point.tolist())) - point == pytest.approx(field[:, k, j, i], abs=1e-9)


def test_the_transform_fades_to_nothing():
    transform = LATTICE.to_transform(np.full(LATTICE.shape, 5.0), fade_mm=60.0)
    assert transform.TransformPoint((400.0, 80.0, 540.0)) == (400.0, 80.0, 540.0)


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    moving = ndimage.gaussian_filter(random.normal(size=(18, 20, 22)), 1.5) * 200
    region = np.zeros(moving.shape, bool)
    region[3:15, 3:17, 3:19] = True
    return moving, region, random.normal(scale=4.0, size=moving.shape)


def test_the_force_is_the_derivative_of_the_energy(images):
    moving, region, noise = images
    similarity = LocalRegression(0.6 * moving + noise, region, 5, noise_hu=4.0, global_slope=0.8)
    step = np.random.default_rng(1).normal(size=moving.shape)
    change = similarity.fit(moving + 0.05 * step).energy - similarity.fit(moving - 0.05 * step).energy
    assert change / 0.1 == pytest.approx(np.vdot(similarity.fit(moving).force, step), rel=0.02)


def test_contrast_phase_and_a_darker_region_cost_nothing(images):
    moving, region, noise = images
    plain = LocalRegression(moving + noise, region, 5, noise_hu=4.0).fit(moving).energy
    other_phase = LocalRegression(40.0 + moving + noise, region, 5, noise_hu=4.0).fit(moving).energy
    assert other_phase == pytest.approx(plain, rel=1e-3)


def test_a_shifted_image_costs_more(images):
    moving, region, noise = images
    similarity = LocalRegression(-0.5 * moving + noise, region, 5, noise_hu=4.0, global_slope=0.0)
    assert similarity.fit(np.roll(moving, 2, axis=2)).energy > 1.5 * similarity.fit(moving).energy


@pytest.mark.parametrize("cut", [slice(0, 40), slice(8, 34)])
def test_another_table_position_and_a_shorter_scan_are_found(cut):
    random = np.random.default_rng(7)
    scene = ndimage.gaussian_filter(random.normal(size=(40, 44, 48)), 3.0) * 600
    planning = Image(scene.astype(np.float32), (6.0, 6.0, 6.0))
    liver = np.zeros(scene.shape, bool)
    liver[14:27, 14:28, 12:28] = True
    follow_up = Image(scene[cut].astype(np.float32) + 20, (6.0, 6.0, 6.0), (700.0, -300.0, 1000.0 + 6.0 * cut.start))
    start = start_from_images(follow_up, planning, planning.with_array(liver))
    assert np.array(start.GetTranslation()) == pytest.approx([-700.0, 300.0, -1000.0], abs=6.0)


def test_the_surface_of_a_signed_distance_lies_between_the_voxels():
    mask = np.zeros((9, 9, 9), bool)
    mask[3:6] = True
    distance = signed_distance(Image(mask, (1.0, 1.0, 2.0)), reach_mm=6.0)
    middle = distance.array[:, distance.shape[1] // 2, distance.shape[2] // 2]
    first = int(np.argmax(middle < 0))
    assert (middle[first - 1], middle[first], middle[first + 1]) == pytest.approx((1.0, -1.0, -3.0))


def test_a_scan_that_ends_in_the_liver_makes_no_capsule_there():
    mask = np.zeros((9, 9, 9), bool)
    mask[5:] = True
    distance = signed_distance(Image(mask, (1.0, 1.0, 1.0)), reach_mm=5.0)
    assert distance.array[-1].max() < -5.0
