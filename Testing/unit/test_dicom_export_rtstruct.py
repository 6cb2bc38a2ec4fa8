"""Structures exported into the study of their CT come back with the same names, holes, islands, slices and volumes."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.dicom.concepts import LIVER
from hepadose.dicom.export_rtstruct import compare_with_file, export_rtstruct, reference_of
from hepadose.dicom.write import StructureMask, write_ct_series
from hepadose.errors import GeometryMismatchError, OutputError
from hepadose.images import Image

from dicom_example import a_ct, a_study


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder, a_ct(slices=12, size=40), a_study())
    return sorted(folder.rglob("*.dcm"))


@pytest.fixture(scope="module")
def grid(ct):
    return reference_of(ct).grid


def shell_with_island(grid):
    """A block with a hole, in the hole an island, and beside it a second block."""
    mask = np.zeros(grid.shape, bool)
    mask[2:10, 4:30, 4:24] = True
    mask[3:9, 10:24, 8:20] = False
    mask[4:8, 14:20, 12:16] = True
    mask[5:7, 32:37, 28:36] = True
    return grid.with_array(mask)


class TestRoundTrip:
    def test_holes_and_islands_come_back_voxel_by_voxel(self, ct, grid, tmp_path):
        mask = shell_with_island(grid)
        (found,) = export_rtstruct(tmp_path / "rs.dcm", {"Liver": StructureMask(mask)}, ct)
        assert found.written_ml == pytest.approx(found.drawn_ml) == pytest.approx(mask.volume_ml())
        assert found.slices == 8

    def test_it_lies_in_the_study_of_the_ct_and_refers_to_every_slice(self, ct, grid, tmp_path):
        path = tmp_path / "rs.dcm"
        export_rtstruct(path, {"Liver": StructureMask(shell_with_island(grid), concept=LIVER)}, ct)
        written, source = dcmread(path), dcmread(ct[0])
        assert written.StudyInstanceUID == source.StudyInstanceUID
        frame = written.ReferencedFrameOfReferenceSequence[0]
        assert frame.FrameOfReferenceUID == source.FrameOfReferenceUID
        series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
        assert len(series.ContourImageSequence) == len(ct)
        code = written.RTROIObservationsSequence[0].RTROIIdentificationCodeSequence[0]
        assert (code.CodeValue, code.CodingSchemeDesignator) == ("10200004", "SCT")
        assert written.ApprovalStatus == "UNAPPROVED"

    def test_two_exports_are_two_objects(self, ct, grid, tmp_path):
        masks = {"Liver": StructureMask(shell_with_island(grid))}
        paths = [tmp_path / name for name in ("one.dcm", "two.dcm")]
        for path in paths:
            export_rtstruct(path, masks, ct)
        assert len({str(dcmread(path).SOPInstanceUID) for path in paths}) == 2

    def test_a_hundred_structures_keep_their_names_and_volumes(self, ct, grid, tmp_path):
        random = np.random.default_rng(1)
        masks = {}
        for number in range(100):
            mask = np.zeros(grid.shape, bool)
            low = random.integers(0, (8, 25, 25))
            high = low + random.integers(2, (5, 15, 15))
            mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
            masks[f"Structure {number}"] = StructureMask(grid.with_array(mask))
        found = export_rtstruct(tmp_path / "rs.dcm", masks, ct)
        assert [each.name for each in found] == list(masks)
        assert all(each.written_ml == pytest.approx(each.drawn_ml, rel=0.005) for each in found)


class TestRefusals:
    def test_another_grid(self, ct, grid, tmp_path):
        moved = Image(shell_with_island(grid).array, grid.spacing_mm)
        with pytest.raises(GeometryMismatchError):
            export_rtstruct(tmp_path / "rs.dcm", {"Liver": StructureMask(moved)}, ct)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_does_not_hold_what_was_drawn(self, ct, grid, tmp_path):
        mask = shell_with_island(grid)
        path = tmp_path / "rs.dcm"
        export_rtstruct(path, {"Liver": StructureMask(mask)}, ct)
        larger = mask.with_array(mask.array | np.roll(mask.array, 3, axis=2))
        with pytest.raises(OutputError, match="reads back as"):
            compare_with_file(path, {"Liver": StructureMask(larger)})
        with pytest.raises(OutputError, match="not in the written file"):
            compare_with_file(path, {"Spleen": StructureMask(mask)})
