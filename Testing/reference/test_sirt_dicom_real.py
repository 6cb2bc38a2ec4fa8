"""Real files through the DICOM doors: a segmentation that 3D Slicer wrote, and a compressed CT out and in again."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.cli import main
from hepadose.dicom.outlined import CtChoice, outlines_of_segmentation
from hepadose.dicom.seg import read_segmentation
from hepadose.images import Image

from dicom_example import tamper
from support import SHARED, needs_shared

THREE_SLICES = SHARED / "data" / "liver_ct_3slice"
COMPRESSED = SHARED / "data" / "totalsegmentator_ct"
LIVER_LABEL = 5


def mask_of(path, label=1):
    image = Image.from_sitk(sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS"))
    return image.with_array(image.array == label)


@needs_shared
class TestForeignSegmentation:
    def test_its_liver_is_that_of_the_nrrd_beside_it(self):
        (liver,) = read_segmentation(THREE_SLICES / "liver.dcm").segments
        expected = mask_of(THREE_SLICES / "liver_seg.nrrd")
        assert liver.mask.same_grid_as(expected)
        assert np.array_equal(liver.mask.array, expected.array)
        assert (liver.name, liver.generation, liver.algorithm) == ("Liver", "SEMIAUTOMATIC", "SlicerEditor")

    def test_it_lies_on_its_ct(self):
        outlines = outlines_of_segmentation(THREE_SLICES / "liver.dcm", CtChoice(THREE_SLICES))
        mask, findings = outlines.draw(0)
        assert mask.same_grid_as(outlines.ct) and findings == ()
        inside = outlines.ct.array[mask.array]
        assert 0 < np.median(inside) < 200


@needs_shared
class TestOutAndIn:
    """A CT whose anonymization gave all slices one identifier: once as it is, once with identifiers of their own."""

    @pytest.fixture(scope="class", name="written", params=[True, False], ids=["as it is", "repaired"])
    @classmethod
    def _written(cls, request, tmp_path_factory):
        folder = tmp_path_factory.mktemp("real")
        ct = shutil.copytree(COMPRESSED / "example_ct_dicom", folder / "ct")
        if not request.param:
            for number, path in enumerate(sorted(ct.iterdir())):
                tamper(path, SOPInstanceUID=f"1.2.3.{number}")
        write_segments(folder / "case.seg.nrrd", mask_of(COMPRESSED / "example_seg_dicom.nii.gz", LIVER_LABEL))
        arguments = ["-o", str(folder / "out"), "--ct", str(ct), "--dicom-out"]
        assert main(["sirt", str(folder / "case.seg.nrrd"), *arguments]) == 0
        return folder, not request.param

    def test_the_same_volumes_come_back(self, written, tmp_path):
        folder, repaired = written
        first = volumes(folder / "out")
        assert first["liver"] > 500
        names = {path.name for path in (folder / "out" / "dicom").iterdir()}
        # Segments refer to slices by their identifiers; contours lie in space.
        assert names == ({"RS.dcm", "SEG.dcm", "SR.dcm"} if repaired else {"RS.dcm"})
        for name in names - {"SR.dcm"}:
            output = tmp_path / name
            arguments = ["-o", str(output), "--ct", str(folder / "ct")]
            assert main(["sirt", str(folder / "out" / "dicom" / name), *arguments]) == 0
            assert volumes(output) == pytest.approx(first, rel=0.005)


def volumes(output):
    return json.loads((output / "result.json").read_text())["volumes_ml"]


def write_segments(path, liver):
    """The liver, and a block in its middle as a tumor, as 3D Slicer saves them."""
    tumor = np.zeros(liver.shape, bool)
    k, j, i = (int(np.median(axis)) for axis in np.nonzero(liver.array))
    tumor[k - 3 : k + 3, j - 12 : j + 12, i - 12 : i + 12] = True
    layers = [liver.with_array(value.astype(np.uint8)).to_sitk() for value in (liver.array, tumor & liver.array)]
    image = sitk.Compose(*layers)
    for number, name in enumerate(("Liver", "Tumor 1")):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_Layer", str(number))
        image.SetMetaData(f"Segment{number}_LabelValue", "1")
    sitk.WriteImage(image, str(path))
