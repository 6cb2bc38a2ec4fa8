"""3D Slicer itself opens the segments of the digital patient of radioembolization."""

from dataclasses import replace

import numpy as np
import pytest

from hepadose.images import Image
from hepadose.mrml.segmentation import segment_names, segment_to_mask
from hepadose.sirt_patient.seg_nrrd import NamedRegion, write_seg_nrrd

from flr_example import tilted_direction


@pytest.fixture
def regions():
    """A liver with a territory and a tumor in it, and lungs, on an oblique grid."""
    masks = {name: np.zeros((12, 10, 14), bool) for name in ("Liver", "Lungs", "Territory", "Tumor 1")}
    masks["Liver"][1:7, 1:9, 1:13] = True
    masks["Lungs"][7:12, 1:9, 1:13] = True
    masks["Territory"][1:7, 1:9, 1:6] = True
    masks["Tumor 1"][2:4, 2:5, 2:5] = True
    grid = Image(masks["Liver"], (0.9, 1.1, 2.5), (-30.0, 12.0, 5.0), tilted_direction(17.0))
    layers = {"Liver": 0, "Lungs": 0, "Territory": 1, "Tumor 1": 2}
    colors = {"Liver": (0.87, 0.51, 0.4), "Lungs": (0.5, 0.5, 0.8), "Territory": (0.3, 0.7, 0.8), "Tumor 1": (1, 1, 0)}
    return [NamedRegion(name, grid.with_array(mask), colors[name], layers[name]) for name, mask in masks.items()]


def opened(scene, path):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


def test_names_colors_layers_and_every_voxel_come_back(scene, regions, tmp_path):
    write_seg_nrrd(tmp_path / "case.seg.nrrd", regions)
    node = opened(scene, tmp_path / "case.seg.nrrd")
    assert sorted(segment_names(node).values()) == sorted(region.name for region in regions)
    assert node.GetSegmentation().GetNumberOfLayers("Binary labelmap") == 3
    for segment_id, name in segment_names(node).items():
        region = next(region for region in regions if region.name == name)
        color = node.GetSegmentation().GetSegment(segment_id).GetColor()
        assert color == pytest.approx(region.color, abs=1e-5)
        mask = segment_to_mask(node, segment_id, region.mask)
        assert np.array_equal(mask.array, region.mask.array), name


def test_segments_without_overlap_are_one_layer(scene, regions, tmp_path):
    flat = [replace(region, layer=0) for region in regions[:2]]
    write_seg_nrrd(tmp_path / "case.seg.nrrd", flat)
    node = opened(scene, tmp_path / "case.seg.nrrd")
    assert node.GetSegmentation().GetNumberOfLayers("Binary labelmap") == 1
    assert len(segment_names(node)) == 2
