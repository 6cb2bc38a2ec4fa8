"""Planes on paper: every orientation of the grid gives the same picture of the patient."""

import itertools

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.report.planes import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    crop_box,
    largest_section,
    patient_axes,
    patient_spacing_mm,
    plane_position,
    section,
    tilt_degrees,
    to_patient_axes,
)


def every_direction():
    """All 48 ways in which image axes can lie along patient axes."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            yield np.eye(3)[list(order)].T * signs


def image_of_patient(patient, direction, spacing_patient=(3.0, 2.0, 1.0)):
    """The same patient (axes S, P, L) stored with other image axes."""
    lps_of_ijk = [int(np.argmax(np.abs(direction[:, axis]))) for axis in range(3)]
    # Patient array axis 0 is z (LPS 2), 1 is y, 2 is x.
    order_kji = [2 - lps_of_ijk[axis] for axis in (2, 1, 0)]
    flips = [direction[lps_of_ijk[axis], axis] < 0 for axis in (2, 1, 0)]
    array = patient.transpose(order_kji)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    spacing = tuple(spacing_patient[order_kji[2 - axis]] for axis in range(3))
    return Image(array, spacing, direction=direction)


@pytest.mark.parametrize("direction", list(every_direction()))
def test_every_stored_orientation_gives_the_same_patient(direction):
    patient = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    image = image_of_patient(patient, direction)
    np.testing.assert_array_equal(to_patient_axes(image.array, image), patient)
    assert patient_spacing_mm(image) == (3.0, 2.0, 1.0)
    assert tilt_degrees(image) == 0.0


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_the_position_of_a_plane_is_said_as_slicer_says_it(flip):
    # Planes at 3 mm: S from -6, A from +10 (posterior is the image's second axis), R from +20.
    direction = np.diag([1.0, 1.0, flip])
    origin = (-20.0, -10.0, -6.0 if flip > 0 else 6.0)
    image = Image(np.zeros((5, 6, 7)), (3.0, 3.0, 3.0), origin, direction)
    assert plane_position(image, 0, 0) == "6.0 mm I"
    assert plane_position(image, 0, 4) == "6.0 mm S"
    assert plane_position(image, 1, 1) == "7.0 mm A"
    assert plane_position(image, 2, 0) == "20.0 mm R"


def test_superior_is_up_and_left_is_right_on_paper():
    patient = np.zeros((2, 2, 2))
    patient[1, 0, 1] = 1.0  # superior, anterior, left
    assert section(patient, AXIAL, 1)[0, 1] == 1.0
    assert section(patient, CORONAL, 0)[0, 1] == 1.0
    assert section(patient, SAGITTAL, 1)[0, 0] == 1.0


def test_a_tilted_grid_keeps_its_slices_and_says_how_much_it_is_tilted():
    angle = np.radians(30)
    direction = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    image = Image(np.zeros((2, 3, 4)), direction=direction)
    assert patient_axes(image) == ((0, 1, 2), (False, False, False))
    assert tilt_degrees(image) == pytest.approx(30)


def test_the_largest_section_and_the_crop_of_an_empty_mask_are_defined():
    mask = np.zeros((5, 4, 4), bool)
    assert largest_section(mask, 0) == 2
    assert crop_box(mask, (1.0, 1.0, 1.0)) == (slice(0, 5), slice(0, 4), slice(0, 4))
    mask[3, 1:3, 1] = True
    assert largest_section(mask, 0) == 3
