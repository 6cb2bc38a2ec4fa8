"""The isodose in the views lies where linear interpolation puts it, and becomes a segment with the curve's volume."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy

from hepadose.errors import EmptyRegionError, MissingInputError, UnitsError
from hepadose.flr.settings import DoseQuantity, FlrSettings
from hepadose.images import Image
from hepadose.mrml.dose import dose_to_volume_node
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import image_to_volume_node
from hepadose.mrml.isodose import BEST_COLOR, IsodoseSurface, isodose_to_segment
from hepadose.mrml.save import save_scene
from hepadose.mrml.segmentation import (
    SegmentMask,
    find_segment,
    masks_to_segmentation_node,
    segment_names,
    segment_to_mask,
    set_segment_mask,
)

from flr_example import tilted_direction

RED = (1.0, 0.0, 0.0)
SHAPE = (12, 20, 60)


@dataclass
class Source:
    """Dose and liver as the live match gives them."""

    dose_gy: Image
    liver: Image
    settings: FlrSettings = field(default_factory=FlrSettings)
    fractions: int | None = 5
    known_best_gy: float | None = None


@pytest.fixture
def dose():
    """60 Gy falling by 1 Gy per voxel along i, on an oblique anisotropic grid."""
    falling = np.broadcast_to(60.0 - np.arange(60, dtype=np.float32), SHAPE)
    return Image(falling.copy(), (0.9, 1.1, 2.5), (-30.0, 12.0, 5.0), tilted_direction(17.0))


@pytest.fixture
def source(dose):
    liver = np.zeros(SHAPE, bool)
    liver[3:9, 4:16, :] = True
    return Source(dose, dose.with_array(liver))


def surface_ijk(surface, grid):
    """The surface's points as continuous voxel indices (i, j, k)."""
    points_ras = vtk_to_numpy(surface.node.GetMesh().GetPoints().GetData()).astype(float)
    return grid.lps_to_ijk(points_ras * [-1.0, -1.0, 1.0])


@pytest.mark.parametrize(
    ("quantity", "level_gy", "expected_i"),
    [
        (DoseQuantity.PHYSICAL, 30.5, 29.5),
        (DoseQuantity.PHYSICAL, 41.25, 18.75),
        (DoseQuantity.EQD2, 54.0, 30.0),  # 30 Gy in 5 fractions at α/β 3 Gy
        (DoseQuantity.BED, 90.0, 30.0),
    ],
)
def test_the_surface_lies_where_linear_interpolation_puts_the_level(scene, source, quantity, level_gy, expected_i):
    source.settings = FlrSettings(quantity=quantity)
    surface = IsodoseSurface(scene, source)
    surface.set_level(level_gy)
    points = surface_ijk(surface, source.dose_gy)
    np.testing.assert_allclose(points[:, 0], expected_i, atol=1e-4)
    assert (points[:, 1].min(), points[:, 1].max()) == pytest.approx((0, 19), abs=1e-4)
    assert (points[:, 2].min(), points[:, 2].max()) == pytest.approx((0, 11), abs=1e-4)


def test_clipped_to_the_liver_the_surface_ends_half_a_voxel_beyond_its_voxels(scene, source):
    surface = IsodoseSurface(scene, source)
    surface.set_level(30.5)
    surface.set_clip(True)
    points = surface_ijk(surface, source.dose_gy)
    np.testing.assert_allclose(points[:, 0], 29.5, atol=1e-4)
    assert (points[:, 1].min(), points[:, 1].max()) == pytest.approx((3.5, 15.5), abs=1e-4)
    assert (points[:, 2].min(), points[:, 2].max()) == pytest.approx((2.5, 8.5), abs=1e-4)
    surface.set_clip(False)
    assert surface_ijk(surface, source.dose_gy)[:, 1].max() == pytest.approx(19, abs=1e-4)


def test_a_level_that_no_voxel_reaches_gives_an_empty_surface_clipped_or_not(scene, source):
    surface = IsodoseSurface(scene, source)
    surface.set_level(75.0)
    assert surface.node.GetMesh().GetNumberOfPoints() == 0
    surface.set_clip(True)
    assert surface.node.GetMesh().GetNumberOfPoints() == 0


def test_biological_levels_without_fractions_are_refused(scene, source):
    source.settings, source.fractions = FlrSettings(quantity=DoseQuantity.EQD2), None
    with pytest.raises(UnitsError, match="number of fractions"):
        IsodoseSurface(scene, source).set_level(54.0)


def test_voxels_without_a_dose_never_bend_the_surface(scene, source):
    array = source.dose_gy.array.copy()
    array[:, :, 50:] = np.nan
    source.dose_gy = source.dose_gy.with_array(array)
    surface = IsodoseSurface(scene, source)
    surface.set_level(30.5)
    points = surface_ijk(surface, source.dose_gy)
    np.testing.assert_allclose(points[:, 0], 29.5, atol=1e-4)
    assert np.isfinite(points).all()


def test_the_best_level_has_a_color_of_its_own(scene, source):
    surface = IsodoseSurface(scene, source)
    surface.set_level(30.3)
    assert surface.node.GetDisplayNode().GetColor() != pytest.approx(BEST_COLOR)
    source.known_best_gy = 30.27
    surface.set_level(30.3)
    assert surface.node.GetDisplayNode().GetColor() == pytest.approx(BEST_COLOR)
    surface.set_level(30.5)
    assert surface.node.GetDisplayNode().GetColor() != pytest.approx(BEST_COLOR)


def test_line_and_surface_are_shown_and_hidden_together(scene, source):
    surface = IsodoseSurface(scene, source)
    surface.set_level(30.0)
    display = surface.node.GetDisplayNode()
    assert display.GetVisibility2D() and display.GetVisibility() and display.GetLineWidth() == 2
    assert 0.0 < display.GetOpacity() < 1.0
    surface.set_visible(False)
    assert not display.GetVisibility()


def test_a_loaded_scene_keeps_its_isodose_and_takes_the_next_level(scene, source, tmp_path):
    surface = IsodoseSurface(scene, source)
    surface.set_level(30.5)
    save_scene(scene, tmp_path / "case.mrb")
    loaded = new_headless_scene()
    loaded.open(tmp_path / "case.mrb")
    again = IsodoseSurface(loaded.scene, source)
    assert again.level_gy == 30.5
    np.testing.assert_allclose(surface_ijk(again, source.dose_gy)[:, 0], 29.5, atol=1e-3)
    again.set_level(41.5)
    np.testing.assert_allclose(surface_ijk(again, source.dose_gy)[:, 0], 18.5, atol=1e-4)
    assert loaded.scene.GetNodesByName("Isodose").GetNumberOfItems() == 1


@pytest.fixture
def nodes(scene, source):
    volume = image_to_volume_node(scene, source.dose_gy, "CT")
    masks = [SegmentMask("Liver", source.liver, RED)]
    segmentation = masks_to_segmentation_node(scene, masks, volume, "Segmentation")
    return segmentation, dose_to_volume_node(scene, source.dose_gy, "Dose")


def test_the_segment_holds_every_voxel_at_or_above_the_level_and_says_its_volume(nodes, source):
    segmentation, dose_node = nodes
    identifier, volume_ml = isodose_to_segment(segmentation, dose_node, 30.0, DoseQuantity.PHYSICAL, 5, 3.0)
    mask = segment_to_mask(segmentation, identifier, source.dose_gy)
    np.testing.assert_array_equal(mask.array, source.dose_gy.array >= 30.0)
    assert volume_ml == pytest.approx(12 * 20 * 31 * 0.9 * 1.1 * 2.5 / 1000)
    assert segment_names(segmentation)[identifier] == "Isodose 30.0 Gy physical, 5 fractions (18 ml)"


def test_the_segment_is_cut_to_the_liver_and_named_so(nodes, source):
    segmentation, dose_node = nodes
    identifier, volume_ml = isodose_to_segment(
        segmentation, dose_node, 54.0, DoseQuantity.EQD2, 5, 3.0, clip_to_segment_id="Liver"
    )
    assert volume_ml == pytest.approx(6 * 12 * 31 * 0.9 * 1.1 * 2.5 / 1000)
    assert segment_names(segmentation)[identifier] == "Isodose 54.0 Gy EQD2 (α/β 3 Gy), 5 fractions, in liver (6 ml)"
    liver = segment_to_mask(segmentation, "Liver", source.liver)
    np.testing.assert_array_equal(liver.array, source.liver.array)


def test_a_dose_on_a_coarser_grid_is_sampled_linearly_onto_the_segmentation(scene, nodes, source):
    segmentation, _dose_node = nodes
    coarse = Image(
        source.dose_gy.array[:, :, ::2], (1.8, 1.1, 2.5), source.dose_gy.origin_lps, source.dose_gy.direction
    )
    dose_node = dose_to_volume_node(scene, coarse, "Coarse dose")
    identifier, _volume_ml = isodose_to_segment(segmentation, dose_node, 31.0, DoseQuantity.PHYSICAL, 5, 3.0)
    mask = segment_to_mask(segmentation, identifier, source.dose_gy)
    np.testing.assert_array_equal(mask.array, source.dose_gy.array >= 31.0)


def test_a_level_without_a_voxel_gives_no_empty_segment_but_words(nodes):
    segmentation, dose_node = nodes
    with pytest.raises(EmptyRegionError, match=r"No voxel, in liver reaches 75\.0 Gy physical"):
        isodose_to_segment(segmentation, dose_node, 75.0, DoseQuantity.PHYSICAL, 5, 3.0, clip_to_segment_id="Liver")
    with pytest.raises(MissingInputError, match='no segment "Spleen"'):
        isodose_to_segment(segmentation, dose_node, 5.0, DoseQuantity.PHYSICAL, 5, 3.0, clip_to_segment_id="Spleen")
    assert len(segment_names(segmentation)) == 1


def test_a_segment_is_replaced_in_a_shared_labelmap_without_touching_its_neighbor(scene, source):
    volume = image_to_volume_node(scene, source.dose_gy, "CT")
    left, right = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    left[:, :, :20], right[:, :, 30:] = True, True
    masks = [SegmentMask(name, source.liver.with_array(m), RED) for name, m in (("L", left), ("R", right))]
    node = masks_to_segmentation_node(scene, masks, volume, "Shared")
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
    wanted = np.zeros(SHAPE, bool)
    wanted[2:5, 3:6, 10:35] = True  # overlaps the neighbor
    set_segment_mask(node, find_segment(node, "L"), source.liver.with_array(wanted))
    np.testing.assert_array_equal(segment_to_mask(node, "L", source.liver).array, wanted)
    np.testing.assert_array_equal(segment_to_mask(node, "R", source.liver).array, right)
    set_segment_mask(node, "L", source.liver.with_array(np.zeros(SHAPE, bool)))
    assert not segment_to_mask(node, "L", source.liver).array.any()
