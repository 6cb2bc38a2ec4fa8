"""Whether a dose that another program loaded is the file's: the same voxels in the same places, however counted."""

from dataclasses import replace

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, UnitsError
from hepadose.images import Image
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.slicerrt_check import require_same_dose

from flr_example import tilted_direction


@pytest.fixture
def oblique_dose():
    values = np.random.default_rng(5).uniform(0, 50, (4, 5, 6)).astype(np.float32)
    return Image(values, (2.0, 3.0, 4.0), (10.0, -20.0, 30.0), tilted_direction(20.0))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("flipped", [(), (0,), (1, 2), (0, 1, 2)])
def test_the_order_in_which_a_program_counts_the_voxels_does_not_matter(scene, oblique_dose, order, flipped):
    node = image_to_volume_node(scene, recounted(oblique_dose, order, flipped), "Dose")
    require_same_dose(node, "Gy", oblique_dose)
    other = oblique_dose.array.copy()
    other[1, 2, 3] += 1.0
    with pytest.raises(UnitsError, match="other voxels have another dose"):
        require_same_dose(node, "Gy", oblique_dose.with_array(other))


def recounted(image, order, flipped):
    """The same voxels in the same places with axes (i, j, k) in another order and some of them backwards."""
    steps, size = image.direction[:, order] * np.array(image.spacing_mm)[list(order)], np.array(image.shape[::-1])
    array = np.transpose(image.array, [2 - axis for axis in order[::-1]])
    origin = np.array(image.origin_lps)
    for axis in flipped:
        origin = origin + steps[:, axis] * (size[order[axis]] - 1)
        steps[:, axis] *= -1
        array = np.flip(array, 2 - axis)
    spacing = np.linalg.norm(steps, axis=0)
    return Image(array, tuple(spacing), tuple(origin), steps / spacing)


def test_a_dose_on_turned_axes_is_refused(scene, oblique_dose):
    slightly = replace(oblique_dose, direction=tilted_direction(21.0))
    with pytest.raises(GeometryMismatchError, match=r"voxels lie up to 0\.\d mm"):
        require_same_dose(image_to_volume_node(scene, slightly, "Dose"), "GY", oblique_dose)
    much = replace(oblique_dose, direction=tilted_direction(50.0))
    with pytest.raises(GeometryMismatchError, match="axes point elsewhere"):
        require_same_dose(image_to_volume_node(scene, much, "Dose"), "GY", oblique_dose)


def test_a_dose_of_another_size_or_spacing_is_refused_with_both_grids(scene, oblique_dose):
    smaller = oblique_dose.cropped((slice(0, 4), slice(0, 5), slice(0, 5)))
    with pytest.raises(GeometryMismatchError, match=r"5 × 5 × 4 voxels .* in the files 6 × 5 × 4 voxels"):
        require_same_dose(image_to_volume_node(scene, smaller, "Dose"), "GY", oblique_dose)
    wider = replace(oblique_dose, spacing_mm=(2.1, 3.0, 4.0))
    with pytest.raises(GeometryMismatchError, match=r"2\.1 × 3 × 4 mm, in the files .* 2 × 3 × 4 mm"):
        require_same_dose(image_to_volume_node(scene, wider, "Dose"), "GY", oblique_dose)
