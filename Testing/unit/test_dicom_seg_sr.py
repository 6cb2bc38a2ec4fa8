"""Segmentations and measurement reports: written, read back by highdicom, checked by an independent verifier."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from hepadose.dicom.concepts import ABSORBED_DOSE, CUBIC_CENTIMETER, GRAY, MEAN, VOLUME
from hepadose.dicom.write import write_ct_series
from hepadose.dicom.write_seg import SegmentMask, algorithm_type, sorted_sources, write_seg
from hepadose.dicom.write_sr import SegmentMeasurement, write_measurements
from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

from dicom_example import a_ct, a_study, box_mask

hd = pytest.importorskip("highdicom")
NETWORK = SegmentationOrigin("liver", "0.3.0", detail="sha256 1234")


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder, a_ct(slices=8, size=20), a_study())
    return sorted(folder.rglob("*.dcm"))


@pytest.fixture(scope="module")
def masks(ct):
    _, grid = sorted_sources(ct)
    liver = box_mask(grid, slice(1, 7), slice(3, 16), slice(2, 14))
    tumor = box_mask(grid, slice(3, 5), slice(6, 9), slice(5, 9))
    return {
        "Liver": SegmentMask(liver, "liver", NETWORK),
        "Tumor 1": SegmentMask(tumor, "tumor", NETWORK.as_edited(), (200, 30, 30), "1.2.3.4.5"),
    }


@pytest.fixture(scope="module")
def written(ct, masks, tmp_path_factory):
    path = tmp_path_factory.mktemp("seg") / "seg.dcm"
    return path, write_seg(path, masks, ct)


def problems(path):
    """What the verifier calls an error."""
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy is not installed")
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (found.stdout + found.stderr).splitlines() if line.startswith("Error")]


class TestSegmentation:
    def test_masks_come_back_as_they_were(self, written, masks):
        segmentation = hd.seg.segread(written[0])
        found = segmentation.get_volume(combine_segments=False)
        for number, segment in enumerate(masks.values()):
            # Slices without any segment are left out at both ends.
            expected = segment.mask.array[1:7]
            assert np.array_equal(_in_order(found)[..., number].astype(bool), expected)

    def test_names_codes_and_origin_are_told(self, written):
        liver, tumor = hd.seg.segread(written[0]).SegmentSequence
        assert (liver.SegmentLabel, tumor.SegmentLabel) == ("Liver", "Tumor 1")
        assert liver.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
        assert tumor.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
        assert (liver.SegmentAlgorithmType, tumor.SegmentAlgorithmType) == ("AUTOMATIC", "SEMIAUTOMATIC")
        assert liver.SegmentAlgorithmName == "liver"
        assert tumor.TrackingUID == "1.2.3.4.5"

    def test_it_lies_in_the_cts_study_and_frame(self, written, ct):
        sources, _ = sorted_sources(ct)
        _, dataset = written
        assert dataset.StudyInstanceUID == sources[0].StudyInstanceUID
        assert dataset.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
        assert dataset.SeriesInstanceUID != sources[0].SeriesInstanceUID

    def test_an_independent_verifier_finds_no_error(self, written):
        assert problems(written[0]) == []

    def test_only_empty_segments_are_refused(self, ct, masks, tmp_path):
        empty = masks["Liver"].mask.with_array(np.zeros(masks["Liver"].mask.shape, bool))
        with pytest.raises(EmptyRegionError):
            write_seg(tmp_path / "seg.dcm", {"Liver": SegmentMask(empty, "liver", NETWORK)}, ct)
        assert list(tmp_path.iterdir()) == []

    def test_another_grid_is_refused(self, ct, masks, tmp_path):
        moved = Image(masks["Liver"].mask.array, masks["Liver"].mask.spacing_mm)
        with pytest.raises(GeometryMismatchError):
            write_seg(tmp_path / "seg.dcm", {"Liver": SegmentMask(moved, "liver", NETWORK)}, ct)

    def test_a_drawing_by_hand_is_told_from_an_edited_one(self):
        assert algorithm_type(SegmentationOrigin("Manual", edited=True)) == "MANUAL"
        assert algorithm_type(NETWORK.as_edited()) == "SEMIAUTOMATIC"


@pytest.fixture(scope="module")
def report(ct, written, tmp_path_factory):
    path = tmp_path_factory.mktemp("sr") / "sr.dcm"
    values = {
        "Liver": [SegmentMeasurement(VOLUME, 1500.25, CUBIC_CENTIMETER)],
        "Tumor 1": [
            SegmentMeasurement(VOLUME, 12.5, CUBIC_CENTIMETER),
            SegmentMeasurement(ABSORBED_DOSE, 140.0, GRAY, MEAN),
        ],
    }
    sources, _ = sorted_sources(ct)
    write_measurements(path, written[1], {"Liver": "liver", "Tumor 1": "tumor"}, values, sources)
    return path


class TestMeasurements:
    def test_numbers_units_and_segments_come_back(self, report, written):
        groups = hd.sr.srread(report).content.get_volumetric_roi_measurement_groups()
        liver, tumor = groups
        assert liver.get_measurements()[0].value == 1500.25
        assert [measurement.value for measurement in tumor.get_measurements()] == [12.5, 140.0]
        assert tumor.get_measurements()[1].unit.value == "Gy"
        assert tumor.tracking_uid == "1.2.3.4.5"
        assert str(written[1].SOPInstanceUID) in "".join(str(item) for item in tumor)

    def test_an_independent_verifier_finds_no_error(self, report):
        assert problems(report) == []

    def test_unknown_segments_and_undefined_numbers_are_refused(self, ct, written, tmp_path):
        sources, _ = sorted_sources(ct)
        for values, words in (
            ({"Spleen": [SegmentMeasurement(VOLUME, 1.0, CUBIC_CENTIMETER)]}, "no segment Spleen"),
            ({"Liver": [SegmentMeasurement(VOLUME, float("nan"), CUBIC_CENTIMETER)]}, "no number"),
        ):
            with pytest.raises(SettingsError, match=words):
                write_measurements(tmp_path / "sr.dcm", written[1], {"Liver": "liver"}, values, sources)


def _in_order(volume):
    """Slices along the CT's own order: upward."""
    array = volume.array
    return array if volume.affine[2, 0] > 0 else array[::-1]
