"""Images brought onto the whole follow-up CT: exact around the liver, near elsewhere, through any transform."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.images import Image, resample
from hepadose.registration import propagate_mask
from hepadose.worker.aligned import AlignedGrid

from flr_example import tilted_direction

GRID = Image(np.zeros((40, 90, 100), np.float32), (1.5, 1.5, 2.5), (-75.0, -68.0, -50.0), tilted_direction(8.0))


def a_deformation(amplitude_mm: float = 3.0) -> sitk.Transform:
    """Rigid plus a B-spline with control points 30 mm apart, as the registration gives."""
    reference = Image(np.zeros((8, 8, 8), np.uint8), (30.0, 30.0, 30.0), (-105.0, -105.0, -105.0)).to_sitk()
    spline = sitk.BSplineTransformInitializer(reference, [7, 7, 7])
    values = np.random.default_rng(3).normal(0, amplitude_mm, len(spline.GetParameters()))
    spline.SetParameters(values.tolist())
    return sitk.CompositeTransform([sitk.Euler3DTransform((0, 0, 0), 0.05, 0.0, 0.1, (4.0, -3.0, 2.0)), spline])


def positions() -> Image:
    """An image whose value is the distance in mm along an oblique direction: differences are places in mm."""
    grid = Image(np.zeros((60, 70, 80)), (3.0, 3.0, 3.0), (-120.0, -105.0, -90.0))
    indices_ijk = np.moveaxis(np.indices(grid.shape)[::-1], 0, -1)
    return grid.with_array((grid.ijk_to_points(indices_ijk) @ [0.6, 0.48, 0.64]).astype(np.float32))


def a_liver() -> Image:
    """A ball of 25 mm in the planning CT."""
    grid = positions()
    indices_ijk = np.moveaxis(np.indices(grid.shape)[::-1], 0, -1)
    return grid.with_array(np.linalg.norm(grid.ijk_to_points(indices_ijk) - [10.0, 5.0, 0.0], axis=-1) < 25.0)


def test_around_the_liver_every_voxel_is_that_of_the_transform_itself():
    transform, aligned = a_deformation(), AlignedGrid(GRID, a_deformation())
    aligned.look_around(aligned.liver(a_liver()))
    found = aligned.resampled(positions(), -1000.0).array
    expected = resample(positions(), GRID, transform, outside=-1000.0).array
    inside = np.zeros(GRID.shape, bool)
    inside[aligned.box] = True
    assert 0.2 < inside.mean() < 0.9
    assert np.array_equal(found[inside], expected[inside])
    assert not np.array_equal(found[~inside], expected[~inside])


def test_elsewhere_places_differ_by_hundredths_of_a_millimeter():
    aligned = AlignedGrid(GRID, a_deformation())
    aligned.look_around(aligned.liver(a_liver()))
    found = aligned.resampled(positions(), np.nan).array
    expected = resample(positions(), GRID, a_deformation(), outside=np.nan).array
    both = np.isfinite(found) & np.isfinite(expected)
    assert both.mean() > 0.9
    assert np.abs(found - expected)[both].max() < 0.15
    assert np.isfinite(found[both]).all()


@pytest.mark.parametrize("transform", [a_deformation(), sitk.Euler3DTransform((0, 0, 0), 0.1, 0.0, 0.0, (5, 0, 0))])
def test_the_liver_is_that_of_a_direct_call(transform):
    found = AlignedGrid(GRID, transform).liver(a_liver())
    assert np.array_equal(found.array, propagate_mask(a_liver(), GRID, transform).array)
    assert found.volume_ml() == pytest.approx(65.4, rel=0.15)


def test_through_a_linear_transform_everything_is_exact():
    shift = sitk.Euler3DTransform((0, 0, 0), 0.1, 0.0, 0.0, (5, 0, 0))
    found = AlignedGrid(GRID, shift).resampled(positions(), -1.0)
    assert np.array_equal(found.array, resample(positions(), GRID, shift, outside=-1.0).array)


def test_a_liver_that_the_follow_up_ct_does_not_show_is_empty():
    far = sitk.CompositeTransform([sitk.TranslationTransform(3, (900.0, 0.0, 0.0)), a_deformation()])
    aligned = AlignedGrid(GRID, far)
    liver = aligned.liver(a_liver())
    assert not liver.array.any()
    aligned.look_around(liver)
    assert aligned.resampled(positions(), -7.0).array.max() == -7.0
