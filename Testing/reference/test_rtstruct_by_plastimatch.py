"""Structures that HepaDose writes, read by another program: names, holes, islands, slices and volumes are the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from hepadose.dicom.export_rtstruct import export_rtstruct, reference_of
from hepadose.dicom.write import StructureMask, write_ct_series
from hepadose.images import Image

from dicom_example import a_study
from plastimatch_reader import read_masks

pytest.importorskip("plastimatch")
SHAPE, SPACING_MM, ORIGIN = (24, 90, 100), (1.5, 1.2, 2.5), (-70.5, -50.25, -30.0)


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder, Image(np.zeros(SHAPE, np.float32), SPACING_MM, ORIGIN), a_study())
    return sorted(folder.rglob("*.dcm"))


@pytest.fixture(scope="module")
def grid(ct):
    return reference_of(ct).grid


def read_back(masks, ct, grid, folder, crossing="even-odd"):
    """Written by HepaDose, filled by plastimatch."""
    export_rtstruct(folder / "RS.dcm", {name: StructureMask(mask) for name, mask in masks.items()}, ct)
    return read_masks(folder / "RS.dcm", grid, folder / crossing, crossing == "even-odd")


def blobs(grid, seed, level=0.55):
    """Ragged shapes with holes, islands and channels of one pixel."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, grid.shape), (1, 3, 3))
    mask = noise / noise.std() > level
    mask[:2] = mask[-2:] = False
    return grid.with_array(mask)


def shell_with_island(grid):
    mask = np.zeros(grid.shape, bool)
    mask[4:20, 10:80, 15:85] = True
    mask[6:18, 25:65, 30:70] = False
    mask[8:16, 40:50, 45:55] = True
    mask[10:12, 84:88, 90:97] = True
    return grid.with_array(mask)


class TestRoundTrip:
    # Other programs fill what overlaps either way; keyholes mean the same to both.
    @pytest.mark.parametrize("crossing", ["even-odd", "union"])
    def test_a_hole_with_an_island_in_it_comes_back_voxel_by_voxel(self, ct, grid, tmp_path, crossing):
        drawn = shell_with_island(grid)
        found = read_back({"Liver": drawn}, ct, grid, tmp_path, crossing)
        assert np.array_equal(found["Liver"].array, drawn.array)

    @pytest.mark.parametrize("seed", range(4))
    def test_ragged_shapes_keep_their_volume_in_every_slice(self, ct, grid, tmp_path, seed):
        drawn = blobs(grid, seed)
        found = read_back({"Reaction": drawn}, ct, grid, tmp_path)["Reaction"]
        assert np.array_equal(found.array.any(axis=(1, 2)), drawn.array.any(axis=(1, 2)))
        per_slice = [np.count_nonzero(image.array, axis=(1, 2)) for image in (found, drawn)]
        assert per_slice[0] == pytest.approx(per_slice[1], rel=0.005, abs=1)
        assert found.volume_ml() == pytest.approx(drawn.volume_ml(), rel=0.005)

    def test_names_in_any_language_come_back_in_their_order(self, ct, grid, tmp_path):
        names = ["Leber", "Hígado (sano)", "Läsion 2", "GTV_1 50%", "肝臓"]
        found = read_back({name: blobs(grid, 9) for name in names}, ct, grid, tmp_path)
        assert list(found) == names

    def test_a_hundred_structures_keep_names_and_volumes(self, ct, grid, tmp_path):
        drawn = {f"Structure {number}": blobs(grid, number, 0.2 + 0.02 * number) for number in range(100)}
        found = read_back(drawn, ct, grid, tmp_path)
        assert list(found) == list(drawn)
        volumes = {name: mask.volume_ml() for name, mask in found.items()}
        assert volumes == pytest.approx({name: mask.volume_ml() for name, mask in drawn.items()}, rel=0.005)
